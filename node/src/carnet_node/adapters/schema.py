"""The shape of the node's database: brought up to date once, at start.

Decides whether migrations must run and runs them in one BEGIN IMMEDIATE transaction, so that two processes that start
together do not both migrate and a power cut leaves the old shape or the new one. A database that is newer than the
program is refused: an older program would drop columns it does not know from every row it writes.
"""

from pathlib import Path
from typing import Any, Final

from carnet_node.adapters.store import driver, open_connection, translated_errors
from carnet_node.core.store_failures import StoreBroken

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


def head_revision() -> str:
    """The newest revision this program knows; files are named after theirs, so Alembic need not be asked."""
    return max(step.name.split("_")[0] for step in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(path: Path) -> str | None:
    """The revision a database stands at; None for an empty one.

    Raises:
        StoreBusy, StoreBroken: it cannot be opened.
    """
    connection = open_connection(path)
    try:
        with translated_errors():
            named = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
            if connection.execute(named).fetchone() is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return row[0] if row else None
    finally:
        connection.close()


def upgrade(path: Path) -> bool:
    """Bring a database to the newest revision, creating it if need be.

    Raises:
        StoreBroken: the database is newer than this program, or a step failed; it is as it was.
        StoreBusy: another process kept the lock.

    Returns: whether anything had to be done.
    """
    standing, head = revision_of(path), head_revision()
    if standing == head:
        return False
    if standing is not None and standing > head:
        raise StoreBroken(f"the database stands at revision {standing}, this program knows {head}: update the program")
    _migrate(path, head)
    return True


def _migrate(path: Path, revision: str) -> None:
    """Run Alembic up to a revision on a connection that begins with the write lock."""
    # Alembic takes a third of a second to import, and almost every start finds nothing to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine, event  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    engine = create_engine("sqlite://", module=driver, creator=lambda: open_connection(path), poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            with translated_errors():
                command.upgrade(config, revision)
    except DBAPIError as error:
        with translated_errors():
            raise error.orig or error from error
    finally:
        engine.dispose()
