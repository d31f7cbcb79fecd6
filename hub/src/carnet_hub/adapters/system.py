"""The machine the hub runs on: its clock, its randomness, its files and its threads.

Decides nothing. A file is replaced as a whole: written beside the old one, flushed to the disk and renamed, and the
folder is flushed too. After a power cut there is the old content or the new one, never half of either.
"""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")

PRIVATE_MODE: Final = 0o600
"""Readable and writable by the hub's own account only; chosen for keys."""

PUBLIC_MODE: Final = 0o644
"""Readable by everybody; chosen for exports and recall segments, which hold nothing secret."""

_FOLDER_MODE: Final = 0o700


class SystemClock:
    """Wall clock of the machine. A hub's clock should be kept by NTP; ranks are clamped against the log either way."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Let others run for this long."""
        await anyio.sleep(seconds)


class SystemEntropy:
    """Random bytes of the operating system."""

    def random_bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        return os.urandom(count)


class DiskFiles:
    """Files that are read and replaced as a whole."""

    def read(self, path: Path, *, bytes_max: int) -> bytes | None:
        """A file's content, or None when there is none.

        Raises:
            OSError: not readable, or longer than `bytes_max` (then it is not read to its end).
        """
        try:
            with path.open("rb") as file:
                content = file.read(bytes_max + 1)
        except FileNotFoundError:
            return None
        if len(content) > bytes_max:
            raise OSError(f"{path.name}: more than {bytes_max} bytes")
        return content

    def replace(self, path: Path, content: bytes, *, mode: int = PRIVATE_MODE) -> None:
        """Make `content` what the file holds, durably.

        Raises:
            OSError: no room or no permission; what the file held before is unchanged.
        """
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        fresh = path.parent / f".{path.name}.{os.getpid()}.tmp"
        fresh.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        flush_folder(path.parent)

    def names(self, folder: Path) -> list[str]:
        """Names of the plain files in a folder, sorted; none when there is no such folder. Hidden ones are left out."""
        if not folder.is_dir():
            return []
        return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))

    def is_private(self, path: Path) -> bool:
        """Whether nobody but the owner may read or write a file; Windows keeps no such bits and passes."""
        return os.name == "nt" or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def flush_folder(folder: Path) -> None:
    """Wait until a folder's entries are on the disk; nothing to do on Windows."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def run_blocking(work: Callable[[], T]) -> T:
    """Do blocking work in a thread while the event loop goes on."""
    return await anyio.to_thread.run_sync(work)
