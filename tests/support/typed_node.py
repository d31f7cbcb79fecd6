"""The node's commands as somebody types them, on a folder, inside the test's process and without pytest's capturing.

desk = TypedNode(tmp_path / "data")
desk("customers", "add", "--name", "Test person")["id"]
"""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carnet_node.entrypoints.cli.main import execute


@dataclass
class TypedNode:
    """One data folder.

    Attributes:
        code: exit code of the last command.
    """

    data: Path
    code: int = field(default=0)

    def __call__(self, *arguments: object) -> Any:
        """What a command says with `--json`, whatever its exit code."""
        said, _ = self._run(*arguments, "--json")
        return json.loads(said)

    def complained(self, *arguments: object) -> list[str]:
        """The lines a command writes to stderr without `--json`."""
        return self._run(*arguments)[1].splitlines()

    def names(self) -> set[str]:
        """The names of all customers here."""
        rows = self("customers", "list", "--show-personal", "--limit", 500)
        return {row["values"]["full_name"] for row in rows}

    def _run(self, *arguments: object) -> tuple[str, str]:
        said, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            self.code = execute(["--data", str(self.data), *map(str, arguments)])
        return said.getvalue(), complained.getvalue()
