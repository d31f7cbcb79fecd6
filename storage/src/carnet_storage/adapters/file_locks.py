"""Locks of the operating system on files: one process at a time, and none that outlives its holder.

Decides how a file is locked on each system, and how long somebody waits for it. Who waits, and what it means that
somebody else has it, is the caller's. Two openings of one file shut each other out in one process as well as in two.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE, PRIVATE_MODE

_LOOK_S: Final = 0.1
"""How often a locked file is tried again: nobody notices a tenth of a second."""


@contextmanager
def locked(path: Path, *, wait_s: float = 0) -> Iterator[bool]:
    """The lock of a file for the length of the block, if it is to be had.

    Args:
        path, wait_s: see `lock_file`.

    Raises:
        OSError: as `lock_file`.

    Returns: whether it is ours.
    """
    descriptor = lock_file(path, wait_s=wait_s)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def lock_file(path: Path, *, wait_s: float = 0) -> int | None:
    """The descriptor that holds the lock of a file until it is closed; None when somebody else has it.

    Args:
        path: made when there is none, its folder too; the file stays behind, empty.
        wait_s: how long to wait for whoever has it.

    Raises:
        OSError: no permission, or no such disk.
    """
    path.parent.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    if _wait(descriptor, wait_s):
        return descriptor
    os.close(descriptor)
    return None


def _wait(descriptor: int, wait_s: float) -> bool:
    until = time.monotonic() + wait_s
    while not _lock(descriptor):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_S)
    return True


def _lock(descriptor: int) -> bool:
    """Lock a file without waiting; the system unlocks it when it is closed, however that happens."""
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415  (the module exists on Windows only)

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl  # noqa: PLC0415  (the module does not exist on Windows)

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
