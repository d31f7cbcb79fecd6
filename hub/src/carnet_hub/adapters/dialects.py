"""SQLite and PostgreSQL: only what truly differs between them.

Decides what a product must answer (`Dialect`): how to connect, how a transaction takes the one lock, how a snapshot
begins, how many keys go into one look-up and what an error of the driver means. The answers stand in `sqlite_dialect`
and `postgres_dialect`; everything else is one code (`statements`, `store`).

                  SQLite                                      PostgreSQL
    write lock    BEGIN IMMEDIATE                             pg_advisory_xact_lock, first statement of the transaction
    snapshot      BEGIN, WAL                                  REPEATABLE READ, READ ONLY
    durability    synchronous=FULL, asserted at connect       synchronous_commit=on, asserted at connect
    waiting       busy_timeout, then StoreBusy                lock_timeout, then StoreBusy

The driver runs in autocommit mode on both: the store says BEGIN and COMMIT itself, so no library opens a transaction at
another moment than the one that matters.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Column, Engine, Table
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import Executable

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


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

    def want_scrub(self, cursor: Any) -> None:
        """Remember, before a commit, that what it deletes or replaces has to leave the files."""
        ...

    def scrub(self, cursor: Any) -> None:
        """Overwrite of what was deleted or replaced as much as can be done between two writes."""
        ...

    def rewrite(self, cursor: Any) -> None:
        """Overwrite the rest of what was wanted, which may hold up every writer for seconds."""
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


def replacing(insert: "sqlite.Insert | postgresql.Insert", table: Table) -> Executable:
    """An insert of all columns that replaces the row with the same key; both products write it alike."""
    keys = list(table.primary_key.columns)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    if not rest:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(index_elements=keys, set_=rest)
