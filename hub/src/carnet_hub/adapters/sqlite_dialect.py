"""SQLite as a hub's database: one file, one writer at a time, any number of readers beside it.

Decides what a connection is set to before its first use (WAL, full durability, overwritten pages), how keys travel to a
look-up, and which errors mean that the file is busy.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    Engine,
    LargeBinary,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import Executable

from carnet_hub.adapters.dialects import replacing
from carnet_hub.core.limits import BUSY_MS, CONNECTIONS_KEPT, CONNECTIONS_MORE
from carnet_hub.core.ports import StoreBusy, StoreError
from carnet_hub.core.store_failures import StoreFull
from carnet_storage.adapters.library import BUSY, FULL, driver, primary_code
from carnet_storage.adapters.sqlite_files import scrub, want_scrub
from carnet_storage.adapters.sqlite_text import sqlite_text
from carnet_storage.adapters.write_ahead import want_wal
from carnet_storage.core.failures import StorageFailure

_SQLITE_DAMAGED: Final = frozenset({11, 26})
"""SQLITE_CORRUPT and SQLITE_NOTADB. Source: SQLite result codes."""

_RESTORE: Final = "Move the file aside with its -wal and -shm, keep it, and run `carnet-hub restore`."


class SqliteDialect:
    """SQLite in a file; one writer at a time, any number of readers beside it."""

    def __init__(self, busy_ms: int = BUSY_MS, *, is_replicated: bool = False) -> None:
        self._busy_ms = busy_ms
        self._is_replicated = is_replicated
        self._driver = driver
        self.sql: SqlDialect = sqlite_text()

    def connect(self, url: URL) -> Engine:
        """See `Dialect`."""
        if not url.database or url.database == ":memory:":
            raise StoreError("A hub needs a database file.", "Name one in the database URL.")
        arguments = {"timeout": self._busy_ms / 1000, "isolation_level": None, "check_same_thread": False}
        engine = create_engine(
            url, module=self._driver, connect_args=arguments, pool_size=CONNECTIONS_KEPT, max_overflow=CONNECTIONS_MORE
        )
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, connection: Any, _: object) -> None:
        journal = want_wal(connection, self._busy_ms)
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
            if self._is_replicated:
                cursor.execute("PRAGMA wal_autocheckpoint=0")
            (level,) = cursor.execute("PRAGMA synchronous").fetchone()
        finally:
            cursor.close()
        if journal != "wal" or level != 2:  # noqa: PLR2004  (2 is FULL in SQLite's own numbering)
            raise StoreError("The database cannot be opened in WAL mode with full durability.")

    def begin_write(self, cursor: Any) -> None:
        """See `Dialect`."""
        cursor.execute("BEGIN IMMEDIATE")

    def begin_read(self, cursor: Any) -> None:
        """See `Dialect`. The first read fixes the moment, so it happens here."""
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM setting LIMIT 1").fetchone()

    def want_scrub(self, cursor: Any) -> None:
        """See `Dialect`. A file beside the database, which outlives a power cut."""
        try:
            want_scrub(_file_of(cursor))
        except OSError as error:
            raise StoreError("That what is erased leaves the database's files cannot be noted.") from error

    def scrub(self, cursor: Any) -> None:
        """See `Dialect`. Empties the log; beside Litestream a checkpoint from here would not get through."""
        if not self._is_replicated:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def rewrite(self, cursor: Any) -> None:
        """See `Dialect`. Beside Litestream its supervisor does it at its next look."""
        if self._is_replicated:
            return
        try:
            scrub(_file_of(cursor))
        except (StorageFailure, OSError) as error:
            raise StoreError(f"The database's files cannot be scrubbed: {error}") from error

    def upsert(self, table: Table) -> Executable:
        """See `Dialect`."""
        return replacing(sqlite.insert(table), table)

    def is_one_of(self, column: Column[Any]) -> ColumnElement[bool]:
        """See `Dialect`.

        Binding a parameter costs SQLite more than looking a key up. So byte strings travel as one, cut into keys by the
        statement itself, and numbers as JSON: a third of the time of `IN (?, ?, ...)` for a thousand keys.
        """
        if not isinstance(column.type, LargeBinary):
            return column.in_(select(func.json_each(bindparam("keys")).table_valued("value").c.value))
        first = select(literal_column("0").label("place")).cte("wanted", recursive=True)
        wanted = first.union_all(select(first.c.place + literal_column("1")).where(first.c.place < bindparam("last")))
        width: BindParameter[int] = bindparam("width")
        return column == func.substr(bindparam("keys"), wanted.c.place * width + literal_column("1"), width)

    def key_parameters(self, keys: Collection[Any]) -> Iterator[dict[str, object]]:
        """See `Dialect`. Keys of one length at a time."""
        wanted = set(keys)
        if not wanted:
            return
        if isinstance(next(iter(wanted)), int):
            yield {"keys": json.dumps(sorted(wanted))}
            return
        for width in sorted(set(map(len, wanted))):
            some = sorted(key for key in wanted if len(key) == width)
            yield {"keys": b"".join(some), "last": len(some) - 1, "width": width}

    def walker(self, connection: Any) -> Any:
        """See `Dialect`."""
        return connection.cursor()

    def translate(self, error: Exception) -> Exception:
        """See `Dialect`."""
        if not isinstance(error, self._driver.DatabaseError):
            return error
        code = primary_code(error)
        if code in BUSY:
            return StoreBusy()
        if code == FULL:
            return StoreFull()
        is_ours = isinstance(
            error, self._driver.IntegrityError | self._driver.DataError | self._driver.ProgrammingError
        )
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if is_ours:
            return error
        if code in _SQLITE_DAMAGED:
            return StoreError(f"The database is damaged: {name}.", _RESTORE)
        return StoreError(f"SQLite failed: {name}.")


def _file_of(cursor: Any) -> Path:
    ((_, _, path),) = (row for row in cursor.execute("PRAGMA database_list").fetchall() if row[1] == "main")
    return Path(path)
