"""SQLite and PostgreSQL: only what truly differs between them.

Decides how to connect, how a transaction takes the one lock, how a snapshot begins, how many keys go into one look-up
and what an error of the driver means. Everything else is one code (`statements`, `store`).

                  SQLite                                      PostgreSQL
    write lock    BEGIN IMMEDIATE                             pg_advisory_xact_lock, first statement of the transaction
    snapshot      BEGIN, WAL                                  REPEATABLE READ, READ ONLY
    durability    synchronous=FULL, asserted at connect       synchronous_commit=on, asserted at connect
    waiting       busy_timeout, then StoreBusy                lock_timeout, then StoreBusy

The driver runs in autocommit mode on both: the store says BEGIN and COMMIT itself, so no library opens a transaction at
another moment than the one that matters.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, Protocol

import psycopg
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    Engine,
    LargeBinary,
    Table,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import Executable

from carnet_hub.core.ports import StoreBusy, StoreError
from carnet_storage.adapters.library import driver

_BUSY: Final = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)

_SQLITE_BUSY: Final = frozenset({5, 6})
"""SQLITE_BUSY and SQLITE_LOCKED. Source: SQLite result codes."""

_PRIMARY_CODE: Final = 0xFF
"""An extended result code carries its primary one in the low byte."""

LOCK_KEY: Final = 0x0CA7_4E70
"""Name of the advisory lock: any constant will do, as long as nothing else in the database uses it."""

CONNECTIONS: Final = 8
CONNECTIONS_MORE: Final = 56
"""Kept open, and opened beyond that while many requests are answered at once: more than a server has threads for."""

BUSY_MS: Final = 15_000
"""How long a writer waits for the lock before it says so."""


class Dialect(Protocol):
    """One database product."""

    @property
    def sql(self) -> SqlDialect:
        """Compiles statements; its parameters are positional."""
        ...

    def connect(self, url: URL) -> Engine:
        """An engine whose connections are checked and in autocommit mode.

        Raises:
            StoreError: at the first connection, when it would not be durable.
        """
        ...

    def begin_write(self, cursor: Any) -> None:
        """Begin a transaction that holds the lock."""
        ...

    def begin_read(self, cursor: Any) -> None:
        """Begin a snapshot."""
        ...

    def scrub(self, cursor: Any) -> None:
        """Overwrite what was deleted or replaced, outside any transaction."""
        ...

    def upsert(self, table: Table) -> Executable:
        """Insert all columns, replacing the row with the same key."""
        ...

    def is_one_of(self, column: Column[Any]) -> ColumnElement[bool]:
        """The condition that a column equals one of any number of keys."""
        ...

    def key_parameters(self, keys: Collection[Any]) -> Iterator[dict[str, object]]:
        """The parameters of `is_one_of`, once per execution."""
        ...

    def walker(self, connection: Any) -> Any:
        """A cursor that does not hold its whole result in memory."""
        ...

    def translate(self, error: Exception) -> Exception:
        """A driver's error in the words of the core: what the database did. What we did wrong stays what it is."""
        ...


def _upsert(insert: sqlite.Insert | postgresql.Insert, table: Table) -> Executable:
    """An insert of all columns that replaces the row with the same key; both products write it alike."""
    keys = list(table.primary_key.columns)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    if not rest:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(index_elements=keys, set_=rest)


class SqliteDialect:
    """SQLite in a file; one writer at a time, any number of readers beside it."""

    def __init__(self, busy_ms: int = BUSY_MS, *, is_replicated: bool = False) -> None:
        self._busy_ms = busy_ms
        self._is_replicated = is_replicated
        self._driver = driver
        self.sql: SqlDialect = sqlite.dialect(paramstyle="qmark")

    def connect(self, url: URL) -> Engine:
        """See `Dialect`."""
        if not url.database or url.database == ":memory:":
            raise StoreError("A hub needs a database file.", "Name one in the database URL.")
        arguments = {"timeout": self._busy_ms / 1000, "isolation_level": None, "check_same_thread": False}
        engine = create_engine(
            url, module=self._driver, connect_args=arguments, pool_size=CONNECTIONS, max_overflow=CONNECTIONS_MORE
        )
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, connection: Any, _: object) -> None:
        cursor = connection.cursor()
        try:
            (journal,) = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
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

    def scrub(self, cursor: Any) -> None:
        """See `Dialect`. Pages are overwritten when rows go (secure_delete); what is left are old pages in the WAL."""
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def upsert(self, table: Table) -> Executable:
        """See `Dialect`."""
        return _upsert(sqlite.insert(table), table)

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
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _SQLITE_BUSY:
            return StoreBusy()
        is_ours = isinstance(
            error, self._driver.IntegrityError | self._driver.DataError | self._driver.ProgrammingError
        )
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return error if is_ours else StoreError(f"SQLite failed: {name}.")


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

    def scrub(self, cursor: Any) -> None:
        """See `Dialect`. The server's own WAL and its archive are the administrator's, as every backup is."""
        cursor.execute("VACUUM log, record, settled")

    def upsert(self, table: Table) -> Executable:
        """See `Dialect`."""
        return _upsert(postgresql.insert(table), table)

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
        is_theirs = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError)
        return StoreError(f"PostgreSQL failed: {name}.") if is_theirs else error


DIALECTS: Final[Mapping[str, Callable[..., Dialect]]] = {"sqlite": SqliteDialect, "postgresql": PostgresDialect}


def dialect_for(url: str, busy_ms: int = BUSY_MS, *, is_replicated: bool = False) -> Dialect:
    """The dialect of a database URL.

    Args:
        url: `sqlite:///path` or `postgresql://...`.
        busy_ms: how long a writer waits for the lock.
        is_replicated: a replicating child process checkpoints a SQLite file, so this one must not.

    Raises:
        StoreError: another product.
    """
    name = make_url(url).get_backend_name()
    if name not in DIALECTS:
        raise StoreError(f"A hub does not run on {name}.", "Use sqlite:///FILE or postgresql://...")
    return DIALECTS[name](busy_ms, is_replicated=is_replicated)
