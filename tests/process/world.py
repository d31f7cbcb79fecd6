"""A hub and two nodes of one site as real processes, with a misbehaving line between them.

Decides how the processes are set up, what is looked at from outside, and what must hold between their databases. The
look is taken with the `sqlite3` module and plain SQL: no code of the product stands between the file and the finding.

    node "a", node "b"  --HTTP-->  fault proxy  --HTTP-->  hub
"""

import asyncio
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import httpx
import psycopg

from process.ledger import Ledger
from process.writers import FrontDesk
from support.fault_proxy import FaultProxy
from support.postgres import PostgresProcess, children_of
from support.programs import START_S_MAX, ProgramFailed, Service, free_port, run_here
from support.vins import make_vins

SITE: Final = "A001"
NODES: Final = ("a", "b")
WORKERS: Final = 2
_DESKS: Final = 2
"""Front desks per node."""

_SYNC_S_MAX: Final = 30
NO_SETTINGS_OF_ANY: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})
ADMITTED: Final = 1
"""`log.kind` of a set that was folded."""


@dataclass
class OneWorker:
    """One of the hub's worker processes, which the hub itself replaces when it is gone."""

    hub: Service

    def kill(self) -> None:
        """End one worker; the others go on."""
        os.kill(self._workers()[0], signal.SIGKILL)

    def start(self) -> None:
        """Wait until it was replaced.

        Raises:
            ProgramFailed: it was not.
        """
        until = time.monotonic() + START_S_MAX
        while len(self._workers()) < WORKERS or not self.hub.is_answering():
            if time.monotonic() > until:
                raise ProgramFailed("the hub did not replace a worker that was killed")
            time.sleep(0.05)

    def _workers(self) -> list[int]:
        assert self.hub.process is not None
        return [pid for pid in children_of(self.hub.process.pid) if b"spawn_main" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    """How a process was started; empty when it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@dataclass
class World:
    """The processes of one world.

    Attributes:
        line: between nodes and hub; the address that the nodes know.
        ledgers: of what each node was asked for.
        desks: front desks by node.
        postgres: the hub's database server; None for a SQLite file.
        passphrases: what each enrolment printed.
    """

    folder: Path
    hub: Service
    nodes: dict[str, Service]
    line: FaultProxy
    ledgers: dict[str, Ledger] = field(default_factory=lambda: {name: Ledger() for name in NODES})
    desks: dict[str, list[FrontDesk]] = field(default_factory=dict)
    postgres: PostgresProcess | None = None
    passphrases: dict[str, str] = field(default_factory=dict)

    @property
    def services(self) -> dict[str, Service]:
        """The programs, by name."""
        return {"hub": self.hub, **self.nodes}

    @property
    def victims(self) -> dict[str, Service | PostgresProcess | OneWorker]:
        """Everything that can be killed and started again, by name."""
        if self.postgres is None:
            return {**self.services}
        return {**self.services, "postgres": self.postgres, "worker": OneWorker(self.hub)}

    @property
    def database(self) -> tuple[str, ...]:
        """What every command of the hub has to be told."""
        return () if self.postgres is None else ("--database", self.postgres.url)

    def entries_of_hub(self) -> list[tuple[int, int, str]]:
        """(position, kind, nonce) of every entry of the hub's log, as it lies in the database."""
        if self.postgres is None:
            with looking_into(self.hub.data / "hub.db") as database:
                return database.execute("SELECT position, kind, hex(nonce) FROM log ORDER BY position").fetchall()
        with psycopg.connect(self.postgres.url) as connection:
            asked = connection.execute("SELECT position, kind, upper(encode(nonce, 'hex')) FROM log ORDER BY position")
            return asked.fetchall()

    async def sync(self, name: str) -> bool:
        """One round at a served node; whether it was complete."""
        url = f"{self.nodes[name].url}/api/sync"
        async with httpx.AsyncClient(timeout=_SYNC_S_MAX, trust_env=False, headers=self.nodes[name].bearer) as client:
            try:
                answer = await client.post(url)
            except httpx.TransportError:
                return False
        return answer.is_success and bool(answer.json()["is_complete"])

    async def settle(self, rounds_max: int = 60) -> bool:
        """Sync both nodes over a clean line until each has had a complete round after the other; whether they have.

        A hub whose database has just come back turns rounds away for some seconds: half a minute is patience enough.
        """
        complete = 0
        for _ in range(rounds_max):
            results = [await self.sync(name) for name in NODES]
            complete = complete + 1 if all(results) else 0
            if complete >= 2:
                return True
            await asyncio.sleep(0.5)
        return False

    def end(self) -> None:
        """Kill whatever still runs."""
        for service in self.services.values():
            service.kill()


def make_world(
    folder: Path,
    line: FaultProxy,
    *,
    is_syncing: bool,
    seed: int,
    postgres: PostgresProcess | None = None,
    settings: Mapping[str, Mapping[str, str]] = NO_SETTINGS_OF_ANY,
) -> World:
    """Set up hub and nodes, enrolled and serving. Blocks: call it beside the loop that runs the line.

    Args:
        line: the proxy, listening and without faults; its target is set here.
        is_syncing: whether the nodes sync in the background as well.
        postgres: an empty database for the hub, which then has `WORKERS` processes.
        settings: environment variables of `serve`, by name of the service.
    """
    hub = Service("carnet-hub", folder / "hub", free_port())
    arguments = () if is_syncing else ("--offline",)
    nodes = {name: Service("carnet-node", folder / name, free_port(), arguments) for name in NODES}
    world = World(folder, hub, nodes, line, postgres=postgres)
    for name, service in world.services.items():
        service.settings = dict(settings.get(name, {}))
    if postgres is not None:
        hub.arguments = (*world.database, "--workers", str(WORKERS))
    line.target_port = hub.port
    run_here("carnet-hub", hub.data, "init", *world.database)
    run_here("carnet-hub", hub.data, "dealers", "add", SITE, "Probe", *world.database)
    codes = [run_here("carnet-hub", hub.data, "dealers", "invite", SITE, *world.database)["code"] for _ in nodes]
    try:
        hub.start()
        for number, (name, node) in enumerate(nodes.items()):
            run_here("carnet-node", node.data, "init")
            welcome = run_here("carnet-node", node.data, "enrol", "--hub", line.url, codes[number])
            world.passphrases[name] = welcome["recovery_passphrase"]
            _put_desks(world, number, seed)
            node.start()
    except BaseException:
        world.end()
        raise
    return world


def _put_desks(world: World, number: int, seed: int) -> None:
    """Front desks of one node, with a car that orders are opened for."""
    name = NODES[number]
    node = world.nodes[name]
    vin = make_vins(len(NODES), seed=seed)[number]
    car = run_here("carnet-node", node.data, "vehicles", "add", vin)["id"]
    world.desks[name] = [
        FrontDesk(f"{name}{desk}", node, car, world.ledgers[name], random.Random(f"{seed}/{name}/{desk}"))
        for desk in range(_DESKS)
    ]


@contextmanager
def looking_into(database: Path) -> Iterator[sqlite3.Connection]:
    """A database as it lies on the disk, read only, beside the program that uses it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
        yield connection


def faults_of_node(node: Service, ledger: Ledger) -> list[str]:
    """What the log of a node lacks: acknowledged sets, or links of its chain."""
    with looking_into(node.data / "node.db") as database:
        rows = database.execute("SELECT hex(nonce), hex(epoch), seq FROM own_set ORDER BY log_id").fetchall()
    nonces = {row[0].lower() for row in rows}
    faults = [f"lost: set {nonce} was acknowledged and is not in the log" for nonce in sorted(ledger.nonces - nonces)]
    places: dict[str, list[int]] = {}
    for _, epoch, seq in rows:
        places.setdefault(epoch, []).append(seq)
    return faults + [
        f"chain: epoch {epoch} has the numbers {seqs[:3]} ... {seqs[-1]}"
        for epoch, seqs in places.items()
        if seqs != list(range(1, len(seqs) + 1))
    ]


def faults_of_hub(world: World) -> list[str]:
    """What the hub has forgotten: every receipt that reached a node must still be an entry of its log.

    To be called before a node syncs again: sending once more would heal what a crash has lost.
    """
    told = {name: _verdicts(node) for name, node in world.nodes.items()}
    # Read after the nodes: a hub that is up goes on writing.
    entries = world.entries_of_hub()
    faults = [] if [row[0] for row in entries] == list(range(1, len(entries) + 1)) else ["log: positions have a hole"]
    admitted = [nonce for _, kind, nonce in entries if kind == ADMITTED]
    if len(set(admitted)) != len(admitted):
        faults.append("log: a set was admitted twice")
    known = {(position, nonce) for position, _, nonce in entries}
    return faults + [
        f"lost: the hub told {name} that {nonce} is its entry {position}, and has no such entry"
        for name, verdicts in told.items()
        for position, nonce in verdicts
        if (position, nonce) not in known
    ]


def unanswered_sets(node: Service) -> int:
    """How many sets of a node's log the hub has not judged yet, as far as the node knows."""
    with looking_into(node.data / "node.db") as database:
        (count,) = database.execute("SELECT count(*) FROM own_set WHERE verdict IS NULL").fetchone()
    return int(count)


def judged_sets(world: World) -> int:
    """How many sets of all nodes the hub has judged, as far as the nodes know."""
    return sum(len(_verdicts(node)) for node in world.nodes.values())


def _verdicts(node: Service) -> list[tuple[int, str]]:
    """Where the hub said the node's sets stand in its log."""
    with looking_into(node.data / "node.db") as database:
        return database.execute(
            "SELECT verdict_position, hex(nonce) FROM own_set WHERE verdict_position IS NOT NULL"
        ).fetchall()
