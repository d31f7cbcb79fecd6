"""What the doctor needs to know about files, disk and database; measured, not judged."""

import os
import shutil
from pathlib import Path
from typing import Final

from carnet_node.adapters.keyring import (
    WRAPPED_FOR_HUB_FILE,
    WRAPPED_FOR_RECOVERY_FILE,
    open_keyring,
)
from carnet_node.adapters.store import open_connection, translated_errors
from carnet_node.adapters.system import DiskFiles
from carnet_node.core.failures import KeysUnreadable
from carnet_node.core.store_failures import StoreBroken, StoreBusy
from carnet_node.core.upkeep.doctor import SystemFacts
from carnet_storage.adapters.library import SQLITE_VERSION

_FULL: Final = 2
_NOTHING: Final = "it cannot be opened"


def measure_system(keys_dir: Path, database: Path, files: DiskFiles) -> SystemFacts:
    """Facts about keys, database and disk; nothing is changed, and a fault is a fact and not an exception."""
    key_problem: str | None = None
    try:
        open_keyring(keys_dir, files)
    except KeysUnreadable as failure:
        key_problem = f"{failure.file_name}: {failure.detail}"
    integrity, is_full = _examine_database(database)
    folder = database.parent if database.parent.exists() else Path(os.curdir)
    missing = tuple(
        name for name in (WRAPPED_FOR_HUB_FILE, WRAPPED_FOR_RECOVERY_FILE) if not (keys_dir / name).exists()
    )
    return SystemFacts(key_problem, integrity, SQLITE_VERSION, is_full, shutil.disk_usage(folder).free, missing)


def _examine_database(database: Path) -> tuple[str, bool | None]:
    """The database's own integrity check in its words, and whether `synchronous=FULL` holds, if anybody can know."""
    if not database.exists():
        return "there is no file", None
    try:
        connection = open_connection(database)
        try:
            with translated_errors():
                rows = connection.execute("PRAGMA integrity_check(10)").fetchall()
                (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        finally:
            connection.close()
    except (StoreBroken, StoreBusy) as failure:
        return str(failure) or _NOTHING, None
    return "; ".join(str(row[0]) for row in rows), synchronous == _FULL
