"""What several modules of hub tests start from."""

from pathlib import Path

import pytest

from support.hub_cli import Printed, call


@pytest.fixture
def data(tmp_path: Path, capsys: Printed) -> Path:
    """The folder of a new hub; what `init` printed is forgotten."""
    folder = tmp_path / "hub"
    assert call(folder, "init", "--json") == 0
    capsys.readouterr()
    return folder
