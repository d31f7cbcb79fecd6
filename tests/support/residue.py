"""A database in whose pages a deleted value has stayed, although `secure_delete` was on from the beginning."""

import random
from contextlib import closing
from pathlib import Path
from typing import Any, Final

VALUE: Final = b"Erased Person"
"""Stands in no row any more."""

_SEED: Final = 236
"""Of a short history that leaves the value behind with SQLite 3.53.4; most histories do not."""


def leave_residue(connection: Any) -> None:
    """Write rows that grow and move between pages, and then delete what they say.

    Args:
        connection: in autocommit mode, to a database without a table `person`.
    """
    dice = random.Random(_SEED)
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name BLOB)")
    for number in range(12):
        connection.execute("INSERT INTO person VALUES (?, ?)", (number, b"-" * dice.randint(100, 700) + VALUE))
    for _ in range(20):
        number = dice.randrange(12)
        longer = b"-" * dice.randint(100, 900) + VALUE
        connection.execute("UPDATE person SET name = ? WHERE id = ?", (longer, number))
    connection.execute("UPDATE person SET name = x''")


def stands_in(database: Path) -> bool:
    """Whether the value is in the file or its write-ahead log."""
    files = [database, database.with_name(f"{database.name}-wal")]
    return any(VALUE in path.read_bytes() for path in files if path.exists())


def empty_log(connection: Any) -> None:
    """Copy the write-ahead log back, so that only the file holds anything."""
    with closing(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")) as done:
        assert done.fetchone()[0] == 0
