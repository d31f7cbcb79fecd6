"""The node's command line in a folder of its own, enrolled by files, run inside the test's process.

node = CliNode(tmp_path, capsys)
node.enrol()
node("customers", "add", "--name", "Test person")["id"]
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from carnet_node.adapters.keyring import open_keyring
from carnet_node.adapters.system import DiskFiles
from carnet_node.entrypoints.cli.main import execute
from support.fake_hub import FakeHub


@dataclass
class CliNode:
    """One data folder.

    Attributes:
        code: exit code of the last command.
        said, complained: what it wrote to stdout and stderr.
    """

    folder: Path
    capsys: pytest.CaptureFixture[str]
    code: int = 0
    said: str = ""
    complained: str = ""

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def run(self, *arguments: object) -> int:
        """Run one command as typed; its exit code."""
        self.capsys.readouterr()
        self.code = execute(["--data", str(self.data), *map(str, arguments)])
        self.said, self.complained = self.capsys.readouterr()
        return self.code

    def __call__(self, *arguments: object) -> Any:
        """What one command says with `--json`, whatever its exit code."""
        self.run(*arguments, "--json")
        return json.loads(self.said)


def enrol_folder(folder: Path, hub: FakeHub | None = None) -> None:
    """Make keys in `folder`/data and join a site, by files that stay in `folder`."""
    hub = hub or FakeHub()
    card, request, answer = (folder / name for name in ("hub.card", "node.request", "hub.answer"))
    data = ["--data", str(folder / "data")]
    card.write_bytes(hub.card())
    execute([*data, "init"])
    execute([*data, "enrol", hub.code, "--card-file", str(card), "--request-file", str(request)])
    signing_key = open_keyring(folder / "data" / "keys", DiskFiles()).signing_public
    answer.write_bytes(hub.answer_enrol(request.read_bytes(), signing_key))
    execute([*data, "enrol", hub.code, "--answer-file", str(answer), "--json"])
