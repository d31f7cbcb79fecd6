"""A database file is turned to write-ahead logging while another process has it open."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from carnet_storage.adapters.library import driver
from carnet_storage.adapters.write_ahead import want_wal

PATIENCE_MS = 10_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A file that keeps a rollback journal yet."""
    path = tmp_path / "fresh.db"
    with closing(_opened(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    return path


@pytest.fixture
def reader(database: Path) -> Iterator[Any]:
    """Another opener in the middle of a read, which the switch cannot pass."""
    with closing(_opened(database)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM t").fetchall()
        yield connection


def _opened(path: Path) -> Any:
    return driver.connect(path, isolation_level=None, timeout=PATIENCE_MS / 1000, check_same_thread=False)


def test_the_switch_waits_for_another_opener(database: Path, reader: Any):
    """An opener that is in the way for a moment does not fail the one that comes second."""
    timer = Timer(0.1, lambda: reader.execute("COMMIT"))
    timer.start()

    with closing(_opened(database)) as connection:
        assert want_wal(connection, PATIENCE_MS) == "wal"
    timer.join()


def test_patience_ends(database: Path, reader: Any):
    """An opener that stays in the way is told of as a busy file, and the file keeps its journal."""
    with closing(_opened(database)) as connection, pytest.raises(driver.OperationalError, match="locked"):
        want_wal(connection, 20)

    assert reader.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_broken_file_is_told_of_at_once(tmp_path: Path):
    """Only a busy file is waited for."""
    path = tmp_path / "no.db"
    path.write_bytes(b"not a database" * 100)
    began = time.monotonic()

    with closing(_opened(path)) as connection, pytest.raises(driver.DatabaseError):
        want_wal(connection, PATIENCE_MS)

    assert time.monotonic() - began < PATIENCE_MS / 1000
