"""Where a command is going to write: looked at when the command line is read, before any work.

Decides that the folder must exist already. A share or stick that is not mounted is an empty path, and a file written
there would be believed to be on its way; and work whose result has no place must not begin, because some of it (a note
in the access log, a one-time code) is done for good. For what can be done once there is a file with room in it first
(`private_file`); nothing else is created here.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from carnet_storage.adapters.system import PRIVATE_MODE, sync_folder
from carnet_storage.core.failures import OutputUnusable


def file_to_write(path: Path | None) -> Path | None:
    """The path of a file that a command may write; an existing file will be replaced.

    Raises:
        OutputUnusable: its folder is not there or takes no file, or the path is a folder itself.
    """
    if path is not None:
        require_file_place(path)
    return path


def require_file_place(path: Path) -> None:
    """Refuse a path where no file can be written; see `file_to_write`."""
    _require_folder_of(path)
    if path.is_dir():
        raise OutputUnusable(str(path), "it is a folder, and a file is to be written")


def folder_to_make(path: Path | None) -> Path | None:
    """The path of a folder that a command may make; whether one is there already is for the command to judge.

    Raises:
        OutputUnusable: the folder it is to stand in is not there or takes no other.
    """
    if path is not None:
        _require_folder_of(path)
    return path


@contextmanager
def private_file(path: Path, *, room_bytes: int) -> Iterator[Callable[[bytes], None]]:
    """A new file for its owner alone: its room is taken first, and it appears whole or not at all.

    Args:
        path: replaced if it exists.
        room_bytes: a disk that has less refuses before anything inside is done.

    Yields: what takes the content, once.

    Raises:
        OSError: no room or no permission; nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), "wb") as file:
            file.write(bytes(room_bytes))
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)

            def take(content: bytes) -> None:
                """Put the content where room was made for it."""
                file.write(content)

            yield take
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def _require_folder_of(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise OutputUnusable(str(path), f"there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputUnusable(str(path), f"you may not write in {folder}")
