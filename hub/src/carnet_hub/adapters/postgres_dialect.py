"""PostgreSQL as a hub's database, through psycopg 3; several workers share it.

Decides what a connection is set to before its first use, which advisory lock stands for the one writer, and which
errors mean that it is busy. Loaded only where PostgreSQL is used.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

import psycopg
from sqlalchemy import ARRAY, Column, Engine, Table, any_, bindparam, create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import Executable

from carnet_hub.adapters.dialects import replacing
from carnet_hub.core.limits import BUSY_MS
from carnet_hub.core.ports import StoreBusy, StoreError
from carnet_hub.core.store_failures import StoreFull

_BUSY: Final = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)

LOCK_KEY: Final = 0x0CA7_4E70
"""Name of the advisory lock: any constant will do, as long as nothing else in the database uses it."""


class PostgresDialect:
    """PostgreSQL through psycopg 3; several workers share one database."""

    def __init__(self, busy_ms: int = BUSY_MS, *, is_replicated: bool = False) -> None:
        del is_replicated  # PostgreSQL has its own replication
        self._busy_ms = busy_ms
        self._walkers = 0
        self.sql: SqlDialect = postgresql.psycopg.dialect(paramstyle="format")

    def connect(self, url: URL) -> Engine:
        """See `Dialect`."""
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
        )
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, connection: Any, _: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO on")
            cursor.execute(f"SET lock_timeout TO {int(self._busy_ms)}")
            cursor.execute("SHOW fsync")
            (fsync,) = cursor.fetchone()
        if fsync != "on":
            raise StoreError("PostgreSQL runs with fsync off: an acknowledged change could be lost.")

    def begin_write(self, cursor: Any) -> None:
        """See `Dialect`. READ COMMITTED: each statement after the lock sees what was committed before it."""
        cursor.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_KEY,))

    def begin_read(self, cursor: Any) -> None:
        """See `Dialect`. The first read fixes the moment, so it happens here."""
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT 1")

    def want_scrub(self, cursor: Any) -> None:
        """See `Dialect`. Nothing outlives the vacuum that follows the commit."""

    def scrub(self, cursor: Any) -> None:
        """See `Dialect`. The server's own WAL and its archive are the administrator's, as every backup is."""
        cursor.execute("VACUUM log, record, settled")

    def rewrite(self, cursor: Any) -> None:
        """See `Dialect`. VACUUM FULL is the administrator's too."""

    def upsert(self, table: Table) -> Executable:
        """See `Dialect`."""
        return replacing(postgresql.insert(table), table)

    def is_one_of(self, column: Column[Any]) -> ColumnElement[bool]:
        """See `Dialect`."""
        return column == any_(bindparam("keys", type_=ARRAY(column.type)))

    def key_parameters(self, keys: Collection[Any]) -> Iterator[dict[str, object]]:
        """See `Dialect`. One array."""
        yield {"keys": list(keys)}

    def walker(self, connection: Any) -> Any:
        """See `Dialect`. A cursor on the server; its name must be its own among those open at the same time."""
        self._walkers += 1
        return connection.cursor(name=f"walk_{self._walkers}")

    def translate(self, error: Exception) -> Exception:
        """See `Dialect`."""
        name = type(error).__name__
        if isinstance(error, _BUSY):
            return StoreBusy()
        if isinstance(error, psycopg.errors.DiskFull):
            return StoreFull()
        is_theirs = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError)
        return StoreError(f"PostgreSQL failed: {name}.") if is_theirs else error
