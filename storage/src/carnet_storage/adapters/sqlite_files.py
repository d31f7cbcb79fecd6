"""SQLite files as a whole: a consistent copy, the integrity check, the write-ahead log.

Decides nothing. A copy is taken inside one read transaction, so writers go on and the copy is of one moment. Waits up
to `BUSY_S` for a lock, and less to empty a log. Nothing is retried.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from carnet_storage.adapters.library import BUSY, FULL, driver, primary_code
from carnet_storage.adapters.system import PRIVATE_MODE, free_memory, sync_folder
from carnet_storage.core.failures import DatabaseDamaged, DiskFull, NotNow
from carnet_storage.core.limits import (
    BUSY_S,
    DISK_MARGIN_BYTES,
    MEMORY_MARGIN_BYTES,
    PAGES_PER_STEP,
    PROBLEMS_MAX,
    SCRUB_WAIT_S,
)

Progress = Callable[[int, int], None]
"""Called with (done, total) in bytes or pages; the unit does not matter for a bar."""


def no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


def copy_database(database: Path, to: Path, progress: Progress = no_progress) -> None:
    """Copy a database while others use it, into a private file.

    Raises:
        DatabaseDamaged: it cannot be read.
        DiskFull: no room; the unfinished copy is gone.
    """
    require_room(to.parent, database.stat().st_size)
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
    try:
        with _translated(database.name, to.parent), closing(connect(database)) as source:
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            with closing(driver.connect(to)) as target:
                source.backup(
                    target,
                    pages=PAGES_PER_STEP,
                    progress=lambda _status, remaining, total: progress(total - remaining, total),
                )
    except BaseException:
        remove_database(to)
        raise


def check_integrity(database: Path, which: str) -> None:
    """SQLite's own full check.

    Args:
        which: what the message calls the database.

    Raises:
        DatabaseDamaged: with the first problems.
    """
    with _translated(which, database.parent), closing(connect(database)) as connection:
        rows = connection.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})").fetchall()
    if rows != [("ok",)]:
        raise DatabaseDamaged(which, "; ".join(str(row[0]) for row in rows)[:300])


def truncate_wal(database: Path, *, wait_s: float = BUSY_S) -> bool:
    """Copy the write-ahead log back and empty it; only while no Litestream runs on the database.

    Returns: whether it could be emptied; a reader in the middle of something prevents it.
    """
    with _translated(database.name, database.parent), closing(connect(database)) as connection:
        connection.execute(f"PRAGMA busy_timeout={round(wait_s * 1000)}")
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def rewrite(connection: Any, database: Path) -> None:
    """Write a database anew, for what was deleted from it still lies there.

    `secure_delete` overwrites a row where it is deleted. But when SQLite has moved it to another page before, the old
    copy may have stayed in the free middle of the page it left, and no later deletion finds it there; it was seen with
    SQLite 3.53.4 (tests/storage/test_rewriting.py). Takes as much memory as the database is large, writes it twice,
    and lets nobody else write meanwhile. The log is to be emptied afterwards.

    Args:
        connection: of `library.driver` to `database`, outside a transaction.

    Raises:
        DiskFull, NotNow: there is no room on the disk, or no memory, and nothing was begun.
        driver.OperationalError, MemoryError: busy, or no room after all; the database is what it was.
    """
    require_rewritable(database)
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("VACUUM")


def require_rewritable(database: Path) -> None:
    """Refuse to write a database anew where that would not fit.

    Raises:
        DiskFull: on the disk.
        NotNow: into the memory that is free now.
    """
    size = database.stat().st_size
    require_room(database.parent, size)
    free = free_memory()
    if free is not None and free < size + MEMORY_MARGIN_BYTES:
        raise NotNow(f"{size // 1024**2 + 1} MB of memory are needed and {free // 1024**2} MB are free")


def want_scrub(database: Path) -> None:
    """Ask whoever looks after the database to scrub: values were erased that still stand in its files.

    The wish outlives a power cut, because whoever finds none takes the log for empty.

    Raises:
        OSError: it could not be written; nothing was asked.
    """
    mark = _scrub_mark(database)
    os.close(os.open(mark, os.O_WRONLY | os.O_CREAT, PRIVATE_MODE))
    sync_folder(mark.parent)


def is_scrub_wanted(database: Path) -> bool:
    """Whether that was asked for and is not done yet."""
    return any(path.exists() for path in (_scrub_mark(database), _scrub_begun(database), _scrub_rewritten(database)))


def is_scrub_due(database: Path) -> bool:
    """Whether it was asked for, and there is room to do it now."""
    if not is_scrub_wanted(database):
        return False
    with suppress(DiskFull, NotNow):
        require_rewritable(database)
        return True
    return False


def scrub(database: Path) -> None:
    """Write the database anew and empty its log, if that was asked for.

    Whoever reads or writes now is not held up, and a full disk or memory is left alone: then it stays wanted. Nothing
    is written anew while somebody reads, for it could not take its place; and nothing twice for one wish. Only while no
    Litestream runs on the database. What is asked for meanwhile stays wanted too: a wish is set aside before the files
    are scrubbed, so that one that comes later is another.
    """
    begun, rewritten = _scrub_begun(database), _scrub_rewritten(database)
    with suppress(FileNotFoundError):
        _scrub_mark(database).replace(begun)
    with suppress(NotNow, DiskFull, MemoryError):
        if begun.exists() and truncate_wal(database, wait_s=SCRUB_WAIT_S):
            with opened(database, database.name) as connection:
                connection.execute(f"PRAGMA busy_timeout={round(SCRUB_WAIT_S * 1000)}")
                rewrite(connection, database)
            begun.replace(rewritten)
        if rewritten.exists() and truncate_wal(database, wait_s=SCRUB_WAIT_S):
            rewritten.unlink(missing_ok=True)


def _scrub_mark(database: Path) -> Path:
    return database.with_name(f"{database.name}-scrub")


def _scrub_begun(database: Path) -> Path:
    return database.with_name(f"{database.name}-scrubbing")


def _scrub_rewritten(database: Path) -> Path:
    return database.with_name(f"{database.name}-rewritten")


def wal_bytes(database: Path) -> int:
    """Bytes of the write-ahead log; 0 when there is none."""
    try:
        return database.with_name(f"{database.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def settle_database(database: Path) -> None:
    """Fold the write-ahead log of a database nobody else uses into the file, so that the file alone is all of it."""
    with _translated(database.name, database.parent), closing(connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()


def remove_database(database: Path) -> None:
    """Remove a scratch database and what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm", "-journal", "-scrub", "-scrubbing", "-rewritten"):
        database.with_name(f"{database.name}{end}").unlink(missing_ok=True)


def require_room(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin what would not fit.

    Raises:
        DiskFull: with what is needed and what there is.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + DISK_MARGIN_BYTES:
        raise DiskFull(str(folder), f"{needed_bytes // 1024**2 + 1} MB are needed and {free // 1024**2} MB are free")


def connect(database: Path) -> Any:
    """A connection in autocommit mode to a database that exists; it never checkpoints by itself."""
    connection = driver.connect(
        f"{database.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_S
    )
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


@contextmanager
def opened(database: Path, which: str) -> Iterator[Any]:
    """A connection for one block, whose errors are failures.

    Args:
        which: what a message calls the database.

    Raises:
        DatabaseDamaged: it cannot be read.
        NotNow: somebody else holds it for too long.
    """
    with _translated(which, database.parent), closing(connect(database)) as connection:
        yield connection


@contextmanager
def translated_disk(folder: Path) -> Iterator[None]:
    """A full disk as a failure; every other error of the system stays what it is.

    Raises:
        DiskFull: see there.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(str(folder), "the disk is full") from error
        raise


@contextmanager
def _translated(which: str, folder: Path) -> Iterator[None]:
    try:
        with translated_disk(folder):
            yield
    except driver.DatabaseError as error:
        if primary_code(error) == FULL:
            raise DiskFull(str(folder), "the disk is full") from error
        if primary_code(error) in BUSY:
            raise NotNow("somebody else is writing to the database") from error
        raise DatabaseDamaged(which, str(error)) from error
