"""Files that travel inside an encrypted copy of a database: what the database names and does not hold.

Decides how they are put in and taken out again: in a table of the copy, each with its SHA-256, never in the living
database. What is there already is not overwritten. Whose files they are is the business of whoever makes the copy.

    folders of the installation -> table in the scratch copy -> sealed with it ... opened -> folders, table dropped
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from carnet_storage.adapters.sqlite_files import opened, translated_disk
from carnet_storage.adapters.system import replace_file
from carnet_storage.core.failures import DatabaseDamaged
from carnet_storage.core.limits import ATTACHED_FILE_BYTES_MAX

_TABLE: Final = "carnet_attached"
_MAKE: Final = "CREATE TABLE carnet_attached (folder TEXT, name TEXT, sha256 BLOB, content BLOB)"
_PUT: Final = "INSERT INTO carnet_attached VALUES (?, ?, ?, ?)"
_ALL: Final = "SELECT folder, name, sha256, content FROM carnet_attached ORDER BY folder, name"


def attach_folders(database: Path, folders: Mapping[str, Path]) -> int:
    """Put the plain files of some folders into a scratch copy; how many.

    Args:
        database: a copy that nobody else uses.
        folders: by the name under which their files come back; one that is not there is empty.

    Raises:
        DiskFull: no room.
        OSError: a file cannot be read.
    """
    count = 0
    with translated_disk(database.parent), opened(database, "The copy") as connection:
        connection.execute(_MAKE)
        connection.execute("BEGIN")
        for folder, path in sorted(folders.items()):
            for file in sorted(path.iterdir()) if path.is_dir() else ():
                if file.is_file() and not file.name.startswith(".") and file.stat().st_size <= ATTACHED_FILE_BYTES_MAX:
                    content = file.read_bytes()
                    row = (folder, file.name, hashlib.sha256(content).digest(), content)
                    connection.execute(_PUT, row)
                    count += 1
        connection.execute("COMMIT")
    return count


def detach_folders(database: Path, folders: Mapping[str, Path]) -> int:
    """Take the files out of an opened copy again, into the folders they came from; how many were missing there.

    Args:
        database: the opened copy; without the files afterwards. One that never had any is left as it is.

    Raises:
        DatabaseDamaged: a file is not what was put in, or has a name no file here has; nothing more was written.
        DiskFull: no room.
    """
    put_back = 0
    with translated_disk(database.parent), opened(database, "The copy") as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone():
            return 0
        for folder, name, digest, content in connection.execute(_ALL).fetchall():
            if hashlib.sha256(content).digest() != digest or Path(name).name != name or name.startswith("."):
                raise DatabaseDamaged("The restored copy", "a file that travelled with it is not what it was")
            if folder in folders and not (folders[folder] / name).exists():
                folders[folder].mkdir(parents=True, exist_ok=True)
                replace_file(folders[folder] / name, content)
                put_back += 1
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("DROP TABLE carnet_attached")  # no VACUUM: it leaves old bytes in pages, which nobody erases
    return put_back
