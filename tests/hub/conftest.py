"""What several modules of hub tests start from."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore, open_store
from support.hub_cli import Printed, call
from support.hub_world import HubWorld, make_world


@pytest.fixture
def data(tmp_path: Path, capsys: Printed) -> Path:
    """The folder of a new hub; what `init` printed is forgotten."""
    folder = tmp_path / "hub"
    assert call(folder, "init", "--json") == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for encrypted copies, set in the environment."""
    folder = tmp_path / "copies"
    folder.mkdir()
    monkeypatch.setenv("CARNET_HUB_BACKUP_COPY_TO", str(folder))
    return folder


@pytest.fixture
def world(tmp_path: Path) -> HubWorld:
    """A hub without data."""
    return make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}"))


@pytest.fixture
def scratch(tmp_path: Path) -> SqlStore:
    """An empty store to fold a log into."""
    store = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    store.make_tables()
    return store
