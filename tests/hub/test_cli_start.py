"""What a command loads: a help page opens no database, and a status asks no target."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from carnet_hub.entrypoints.cli.main import execute
code = execute(sys.argv[2:])
print("loaded:", [name for name in sys.argv[1].split(",") if name in sys.modules])
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("forbidden", "arguments"),
    [
        pytest.param("sqlalchemy,obstore", ["log", "show", "--help"], id="help of a command"),
        pytest.param("sqlalchemy,obstore", ["--data", ".", "backup", "status", "--json"], id="status of backups"),
        pytest.param("carnet_hub.entrypoints.cli.output,pydantic", ["--help"], id="help of the program"),
    ],
)
def test_a_command_loads_what_it_needs(tmp_path: Path, forbidden: str, arguments: list[str]):
    """What takes long to load is loaded by the commands that use it."""
    outcome = subprocess.run(
        [sys.executable, "-c", PROGRAM, forbidden, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert outcome.stdout.splitlines()[-1] == "loaded: []"
