"""The shape of the hub's database: brought up to date once, at start.

Decides whether migrations must run and runs them under the hub's one lock in one transaction, so that several workers
that start together migrate once, and a power cut leaves the old shape or the new one. A database that is newer than
the program is refused: an older program would write rows without the columns it does not know.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, event, inspect, select
from sqlalchemy.exc import DBAPIError

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.ports import StoreError
from carnet_hub.migrations import HEAD

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"

_VERSION: Final = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def upgrade_schema(store: SqlStore) -> bool:
    """Bring a database to `HEAD`, making its tables if need be.

    Raises:
        StoreError: newer than this program, or a step failed; the database is as it was.
        StoreBusy: another process kept the lock.

    Returns: whether anything had to be done.
    """
    if schema_revision(store) == HEAD:
        return False
    try:
        with store.engine.connect() as connection:
            return _migrate(store, connection)
    except DBAPIError as error:
        raise store.dialect.translate(error.orig if isinstance(error.orig, Exception) else error) from error


def schema_revision(store: SqlStore) -> str | None:
    """The revision a database stands at; None for an empty one.

    Raises:
        StoreError: it cannot be opened.
    """
    try:
        with store.engine.connect() as connection:
            return _standing(connection)
    except DBAPIError as error:
        raise store.dialect.translate(error.orig if isinstance(error.orig, Exception) else error) from error


def _migrate(store: SqlStore, connection: Connection) -> bool:
    """Run what is missing on a connection that holds the lock from the beginning; False when another worker has."""
    # Alembic takes a third of a second to import, and almost every start finds nothing to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    def begin(_: Connection) -> None:
        """Take the hub's lock before anything is read."""
        cursor = connection.connection.cursor()
        store.dialect.begin_write(cursor)
        cursor.close()

    event.listen(connection, "begin", begin)
    with connection.begin():
        standing = _standing(connection)
        if standing == HEAD:
            return False
        if standing is not None and standing > HEAD:
            raise StoreError(f"The database stands at revision {standing}; this program knows {HEAD}.", "Update it.")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
    return True


def _standing(connection: Connection) -> str | None:
    """The revision Alembic noted in a database."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()
