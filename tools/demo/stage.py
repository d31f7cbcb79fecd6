"""The demo as it goes on: a hub and its dealers as programs, and what is known of them so far.

Decides where everything lies and how the programs are called; what happens is `story`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.demo import world
from tools.demo.facts import Facts
from tools.demo.programs import Program, free_port


@dataclass
class Stage:
    """The demo as it goes on.

    Attributes:
        folder: everything it makes lies here.
        seen: ids that later steps come back to.
    """

    folder: Path
    facts: Facts = field(default_factory=Facts)
    port: int = field(default_factory=free_port)
    seen: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hub = Program("carnet-hub", self.folder / "hub")
        self.nodes = {one.code: Program("carnet-node", self.folder / one.code.lower()) for one in world.DEALERS}
        self.vin = world.shared_car().vin

    @property
    def address(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self.port}"

    def start_hub(self) -> None:
        """The line is there."""
        self.hub.serve("--port", str(self.port), health=f"{self.address}/healthz")

    def open_desks(self, count: int = 2) -> dict[str, str]:
        """Serve the pages of the first dealers; their addresses by site."""
        addresses: dict[str, str] = {}
        for code in list(self.nodes)[:count]:
            port = free_port()
            addresses[code] = f"http://127.0.0.1:{port}"
            self.nodes[code].serve("--port", str(port), health=f"{addresses[code]}/healthz")
        return addresses

    def stop(self) -> None:
        """End everything that was started."""
        for program in (*self.nodes.values(), self.hub):
            program.stop()

    def sync(self, *codes: str) -> None:
        """Sync some nodes, one after the other."""
        for code in codes:
            self.nodes[code].run("sync")
