"""The store: transactions on SQLite or PostgreSQL, written to with plain rows.

Decides when a transaction begins, commits and rolls back, and in which form rows are handed to the driver. Isolation: a
write holds the one lock from before its first read to its commit; a read is one snapshot. Timeout: a writer that cannot
get the lock in `busy_ms` gives up with `StoreBusy`. Nothing is retried here.
"""

import gc
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from carnet_hub.adapters.dialects import Dialect
from carnet_hub.adapters.products import dialect_for, dialect_of
from carnet_hub.adapters.snapshot import SqlSnapshot
from carnet_hub.adapters.statements import Statements
from carnet_hub.adapters.tables import METADATA
from carnet_hub.core import rows
from carnet_hub.core.limits import BUSY_MS
from carnet_hub.core.ports import Snapshot, Transaction


class SqlTransaction(SqlSnapshot):
    """`ports.Transaction` on a cursor inside a transaction that holds the lock."""

    is_scrubbed = False

    def put(self, some: Sequence[rows.Row]) -> None:
        """See `ports.Transaction`. One `executemany` of a prepared upsert; drivers bind plain tuples fastest."""
        if some:
            self._cursor.executemany(self._all.puts[type(some[0])].text, map(tuple, some))

    def remove(self, row_type: type[rows.Row], keys: Collection[tuple[bytes | int, ...]]) -> None:
        """See `ports.Transaction`."""
        if keys:
            self._cursor.executemany(self._all.removals[row_type].text, list(keys))

    def clear(self, row_type: type[rows.Row]) -> None:
        """See `ports.Transaction`."""
        self._all.clears[row_type].run(self._cursor)

    def change_opening(self, position: int, opening: bytes) -> None:
        """See `ports.Transaction`."""
        self._all.change_opening.run(self._cursor, at=position, value=opening)

    def set_setting(self, name: str, value: bytes) -> None:
        """See `ports.Transaction`."""
        self._all.set_setting.run(self._cursor, name=name, value=value)
        self._often = None

    def scrub_after(self) -> None:
        """See `ports.Transaction`."""
        self.is_scrubbed = True


class SqlStore:
    """`ports.HubStore` on one database."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self.engine = engine
        self.dialect = dialect
        self._statements = _statements_for(dialect.sql.name)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """See `ports.HubStore`."""
        with _no_cycle_search(), self._cursor() as cursor:
            self.dialect.begin_read(cursor)
            try:
                yield SqlSnapshot(cursor, self._statements)
            finally:
                cursor.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See `ports.HubStore`."""
        with _no_cycle_search(), self._cursor() as cursor:
            self.dialect.begin_write(cursor)
            transaction = SqlTransaction(cursor, self._statements)
            try:
                yield transaction
                if transaction.is_scrubbed:
                    self.dialect.want_scrub(cursor)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
            if transaction.is_scrubbed:
                self.dialect.scrub(cursor)

    def scrub(self) -> None:
        """See `ports.HubStore`."""
        with self._cursor() as cursor:
            self.dialect.rewrite(cursor)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def make_tables(self) -> None:
        """Create what the tables declare, for tests and scratch stores; a real hub runs its migrations."""
        with self.engine.connect() as connection:
            with closing(connection.connection.cursor()) as cursor:
                self.dialect.begin_write(cursor)
            METADATA.create_all(connection)
            connection.commit()

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        try:
            connection = self.engine.raw_connection()
            try:
                cursor = connection.cursor()
                try:
                    yield cursor
                finally:
                    cursor.close()
            finally:
                connection.close()
        except Exception as error:
            translated = self.dialect.translate(error)
            if translated is error:
                raise
            raise translated from error


@cache
def _statements_for(product: str) -> Statements:
    """The statements of a database product, compiled once for all its stores."""
    return Statements(dialect_of(product)())


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    """Put off the search for cyclic garbage while a transaction is open.

    The facts of a group are ten thousand small objects without cycles that all live until the commit; looking through
    them again and again costs a sixth of the ingest. Whoever found the search running switches it on again, so that it
    is never off for longer than a transaction.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def open_store(url: str, *, busy_ms: int = BUSY_MS, is_replicated: bool = False) -> SqlStore:
    """A store on a database that has its tables.

    Args:
        url: `sqlite:///FILE` or `postgresql://...`.
        busy_ms: how long a writer waits for the lock, 0 for not at all.
        is_replicated: a replicating child process checkpoints a SQLite file, so this one must not.

    Raises:
        StoreError: another product, or a database that would not be durable.
    """
    dialect = dialect_for(url, busy_ms, is_replicated=is_replicated)
    return SqlStore(dialect.connect(make_url(url)), dialect)


@contextmanager
def scratch_store(*, beside: Path | None = None) -> Iterator[SqlStore]:
    """An empty store for a check, gone afterwards; it needs as much room on the disk as the tables.

    Args:
        beside: a file on whose disk it lies; None for the system's folder for temporary files.
    """
    with TemporaryDirectory(prefix="carnet-hub-", dir=None if beside is None else beside.parent) as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'scratch.db'}")
        store.make_tables()
        try:
            yield store
        finally:
            store.close()
