"""What an error of the SQLite driver means to the core: its code says so, never its words."""

from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select

from carnet_hub.adapters.products import dialect_of
from carnet_hub.adapters.sql_text import compiled
from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.adapters.tables import SETTINGS
from carnet_hub.core.ports import StoreBusy, StoreError
from carnet_hub.core.store_failures import StoreFull
from carnet_storage.adapters.sqlite_files import is_scrub_wanted, want_scrub
from support.residue import empty_log, leave_residue, stands_in


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    """A store whose writers wait for nobody."""
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}", busy_ms=0)
    store.make_tables()
    return store


def failure_of(store: SqlStore, *statements: str) -> Exception:
    """What the core is told when one of some statements fails in the driver."""
    connection = store.engine.raw_connection()
    try:
        for statement in statements:
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


def test_a_full_disk_is_told_as_such(store: SqlStore):
    """A database that may not grow any further is no broken one: room is all it needs."""
    told = failure_of(store, "PRAGMA max_page_count = 1", "CREATE TABLE filler AS SELECT zeroblob(1000000) AS room")

    assert isinstance(told, StoreFull)
    assert told.next.startswith("Make room")


def test_what_else_a_disk_refuses_is_a_failure_of_the_database(store: SqlStore):
    """A file that is no database any more is told as a failure, with what is safe and what to do."""
    store.close()
    file = Path(str(store.engine.url.database))
    for beside in file.parent.glob(f"{file.name}-*"):
        beside.unlink()
    file.write_bytes(b"no database" * 1000)

    with pytest.raises(StoreError) as caught, store.read():
        pass

    assert (caught.value.safe, "carnet-hub restore" in caught.value.next) == ("Nothing was changed.", True)


def test_a_wish_to_scrub_outlives_the_transaction_that_erased(store: SqlStore, tmp_path: Path):
    """No writer waits until the file is written anew; a file beside the database remembers that it has to be."""
    with store.write() as transaction:
        transaction.scrub_after()

    wanted = is_scrub_wanted(tmp_path / "hub.db")
    store.scrub()

    assert (wanted, is_scrub_wanted(tmp_path / "hub.db")) == (True, False)


def test_a_transaction_that_fails_erases_nothing(store: SqlStore, tmp_path: Path):
    """A block that raises leaves no wish to scrub."""
    with suppress(ZeroDivisionError), store.write() as transaction:
        transaction.scrub_after()
        raise ZeroDivisionError

    assert not is_scrub_wanted(tmp_path / "hub.db")


def test_a_scrubbed_hub_holds_no_copy_of_what_was_deleted(tmp_path: Path):
    """Also the copies that SQLite has left in the pages of a hub's file are gone after a scrub."""
    file = tmp_path / "hub.db"
    store = open_store(f"sqlite:///{file}")
    with closing(store.engine.raw_connection()) as connection:
        leave_residue(connection.driver_connection)
        empty_log(connection.driver_connection)
    want_scrub(file)
    before = stands_in(file)

    store.scrub()

    assert (before, stands_in(file)) == (True, False)


def test_beside_litestream_its_supervisor_is_asked_to_scrub(tmp_path: Path):
    """A hub that may not checkpoint leaves a wish for whoever supervises Litestream."""
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}", is_replicated=True)
    store.make_tables()
    with store.write() as transaction:
        transaction.scrub_after()

    store.scrub()

    assert is_scrub_wanted(tmp_path / "hub.db")


def test_a_row_limit_is_planned_once():
    """No limit of a statement for SQLite is a parameter by itself, which would be planned at every execution."""
    dialect = dialect_of("sqlite")()

    statement = compiled(select(SETTINGS.c.name).limit(bindparam("limit")), dialect)

    assert statement.text.split("LIMIT ")[1] == "0 + ? OFFSET ?"
    assert statement.names[0] == "limit"
