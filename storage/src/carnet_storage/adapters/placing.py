"""Giving a finished database its name, only where none is: whoever restores looks first and looks again at the end."""

import os
import shutil
from pathlib import Path

from carnet_storage.adapters.litestream_process import STATE_FOLDER, supervision
from carnet_storage.adapters.marking import CLAIM_FILE
from carnet_storage.adapters.small_files import STATUS_FILE
from carnet_storage.adapters.system import sync_folder
from carnet_storage.core.failures import DatabaseExists


def require_empty_place(database: Path) -> None:
    """Refuse to touch a database that is there.

    Raises:
        DatabaseExists: see there.
    """
    for end in ("", "-wal"):
        beside = database.with_name(f"{database.name}{end}")
        if beside.exists() and beside.stat().st_size:
            raise DatabaseExists(str(database))


def place_database(scratch: Path, database: Path, folder: Path) -> None:
    """Give a finished database its name, unless somebody else has taken it meanwhile.

    What Litestream and the status file knew of the lost database goes first: it is true of no other.

    Args:
        scratch: on the same disk.
        folder: of the backups.

    Raises:
        DatabaseExists: somebody has; it was not touched.
        AlreadyReplicated: a `serve` still supervises the lost one.
    """
    with supervision(folder):
        require_empty_place(database)
        shutil.rmtree(folder / STATE_FOLDER, ignore_errors=True)
        (folder / STATUS_FILE).unlink(missing_ok=True)
        (folder / CLAIM_FILE).unlink(missing_ok=True)
        _place(scratch, database)


def _place(scratch: Path, database: Path) -> None:
    if database.exists():
        database.unlink()  # an empty file that another program was about to fill holds nothing
    try:
        os.link(scratch, database)
    except FileExistsError as error:
        raise DatabaseExists(str(database)) from error
    except OSError:  # a file system without links
        scratch.rename(database)
    sync_folder(database.parent)
