"""A finished database gets its name only where none is."""

from pathlib import Path

import pytest

from carnet_storage.adapters.litestream_process import STATE_FOLDER, supervision
from carnet_storage.adapters.placing import place_database
from carnet_storage.adapters.small_files import STATUS_FILE
from carnet_storage.core.failures import AlreadyReplicated, DatabaseExists


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A finished database."""
    path = tmp_path / "scratch.db"
    path.write_bytes(b"restored")
    return path


@pytest.mark.parametrize("name", ["node.db", "node.db-wal"])
def test_a_database_that_appeared_meanwhile_is_not_touched(tmp_path: Path, scratch: Path, name: str):
    """A database, or a log that belongs to one, in the place at the last moment stays as it is."""
    (tmp_path / name).write_bytes(b"somebody's work")

    with pytest.raises(DatabaseExists):
        place_database(scratch, tmp_path / "node.db", tmp_path / "backup")

    assert (tmp_path / name).read_bytes() == b"somebody's work"


def test_an_empty_place_is_taken(tmp_path: Path, scratch: Path):
    """The database gets its name, and what was known of the lost one is forgotten."""
    folder = tmp_path / "backup"
    (folder / STATE_FOLDER).mkdir(parents=True)
    (folder / STATUS_FILE).write_bytes(b"{}")

    place_database(scratch, tmp_path / "node.db", folder)

    assert (tmp_path / "node.db").read_bytes() == b"restored"
    assert not (folder / STATE_FOLDER).exists()
    assert not (folder / STATUS_FILE).exists()


def test_a_supervised_place_is_not_taken(tmp_path: Path, scratch: Path):
    """While a `serve` still supervises the lost database, nothing is placed under its feet."""
    with supervision(tmp_path / "backup"), pytest.raises(AlreadyReplicated):
        place_database(scratch, tmp_path / "node.db", tmp_path / "backup")

    assert not (tmp_path / "node.db").exists()
