"""What an error of the SQLite driver means to the core: its code says so, never its words."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.ports import StoreBusy, StoreError


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    """A store whose writers wait for nobody."""
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}", busy_ms=0)
    store.make_tables()
    return store


def failure_of(store: SqlStore, statement: str) -> Exception:
    """What the core is told when a statement fails in the driver."""
    connection = store.engine.raw_connection()
    try:
        connection.cursor().execute(statement)
    except store.engine.dialect.dbapi.DatabaseError as error:  # type: ignore[union-attr]
        return store.dialect.translate(error)
    finally:
        connection.close()
    raise AssertionError("the statement did not fail")


def test_a_lock_held_elsewhere_is_busy(store: SqlStore):
    """A second writer is told that the database is busy."""
    with store.write():
        assert isinstance(failure_of(store, "BEGIN IMMEDIATE"), StoreBusy)


@pytest.mark.parametrize("statement", ["SELECT 1 FROM locked", "SELECT 1 FROM busy"])
def test_a_failure_that_only_sounds_busy_is_none(store: SqlStore, statement: str):
    """A missing table called `locked` is a failure of the database, and waiting for it helps nobody."""
    told = failure_of(store, statement)

    assert type(told) is StoreError
