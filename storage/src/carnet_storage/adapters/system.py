"""The operating system behind the ports: clock, randomness, threads, and files that are replaced as a whole.

Decides nothing. A file is written beside the old one, fsynced and renamed, and the folder is fsynced too: after a power
cut there is the old content or the new one, never half of either. Node and hub use the same functions.
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
"""Readable and writable by the owner alone."""

PRIVATE_FOLDER_MODE: Final = 0o700


class SystemClock:
    """The machine's own clock; it may be wrong, and nothing depends on it being right."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking anybody else."""
        await anyio.sleep(seconds)


class SystemEntropy:
    """The kernel's random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """`count` bytes that nobody can predict."""
        return os.urandom(count)


def free_memory() -> int | None:
    """Bytes a process can get without pushing others out; None where the system does not say (it is no Linux)."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    except OSError:
        return None
    return None if found is None else int(found.split()[1]) * 1024


async def run_blocking(work: Callable[[], T]) -> T:
    """Run blocking work in a thread, so that the event loop goes on."""
    return await anyio.to_thread.run_sync(work)


def read_file(path: Path, *, bytes_max: int) -> bytes | None:
    """The content of a file; None when there is none.

    Args:
        bytes_max: a longer file is not read to its end.

    Raises:
        OSError: unreadable, a folder, or longer than `bytes_max`.
    """
    try:
        with path.open("rb") as source:
            content = source.read(bytes_max + 1)
    except FileNotFoundError:
        return None
    if len(content) > bytes_max:
        raise OSError(f"{path.name} is longer than {bytes_max} bytes")
    return content


def replace_file(path: Path, content: bytes, *, mode: int = PRIVATE_MODE) -> None:
    """Put content in place of a file, durably: a reader sees the old one or the new one.

    Args:
        mode: of the file from its first moment on; its folder is made private when there is none.

    Raises:
        OSError: disk full or not writable; the old file is unchanged.
    """
    path.parent.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write_durably(beside, content, mode)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mode_of(path: Path) -> int:
    """The permission bits of a file; on Windows always those of a private one, since its lists are not modes."""
    return PRIVATE_MODE if os.name == "nt" else stat.S_IMODE(path.stat().st_mode)


def _write_durably(path: Path, content: bytes, mode: int) -> None:
    """Create `path` anew and wait for the disk; what an earlier process left there under its own mode goes first."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
