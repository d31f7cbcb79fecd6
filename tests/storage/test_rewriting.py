"""What was deleted leaves the pages of a database, also where SQLite's `secure_delete` has left a copy."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from carnet_storage.adapters.library import driver
from carnet_storage.adapters.sqlite_files import connect, is_scrub_due, is_scrub_wanted, rewrite, scrub, want_scrub
from support.residue import empty_log, leave_residue, stands_in


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a copy of a deleted value in the free middle of a page."""
    path = tmp_path / "some.db"
    with closing(driver.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        leave_residue(connection)
        empty_log(connection)
    assert stands_in(path)
    return path


def test_a_rewritten_database_holds_no_copy_of_what_was_deleted(database: Path):
    """What `secure_delete` and an empty log leave behind is gone when the database was written anew."""
    with closing(connect(database)) as connection:
        rewrite(connection, database)
        empty_log(connection)

    assert not stands_in(database)


def test_the_supervisor_of_litestream_rewrites_when_it_was_asked(database: Path):
    """A wish to scrub is fulfilled in the pages as in the log."""
    want_scrub(database)

    scrub(database)

    assert (stands_in(database), is_scrub_wanted(database)) == (False, False)


def test_nothing_is_written_anew_while_somebody_reads(database: Path):
    """A rewritten file could not take the old one's place, so the log does not grow at every look."""
    want_scrub(database)
    log = database.with_name(f"{database.name}-wal")
    with closing(connect(database)) as reader, closing(connect(database)) as writer:
        writer.execute("CREATE TABLE other (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM person").fetchall()
        before = log.stat().st_size

        scrub(database)
        scrub(database)

        assert (log.stat().st_size, is_scrub_wanted(database)) == (before, True)


def test_a_database_that_does_not_fit_is_not_due(database: Path):
    """Where disk or memory have no room the wish stays, and nobody stops a replication for it."""
    want_scrub(database)
    os.truncate(database, 1 << 42)  # sparse: it takes no room, and would when it is written anew

    due = is_scrub_due(database)
    scrub(database)

    assert (due, is_scrub_wanted(database)) == (False, True)


def test_a_database_that_is_being_written_is_rewritten_later(database: Path):
    """A writer is not held up: the wish stays, and the next look fulfils it."""
    want_scrub(database)
    with closing(connect(database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        scrub(database)
        while_written = is_scrub_wanted(database)
        writer.execute("ROLLBACK")

    scrub(database)

    assert (while_written, stands_in(database), is_scrub_wanted(database)) == (True, False, False)
