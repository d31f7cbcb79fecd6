"""The operating system behind the hub's ports; clock, randomness and threads are the storage's own.

A hub's clock should be kept by NTP; ranks are clamped against the log either way.
"""

from pathlib import Path
from threading import Lock
from typing import Final

from carnet_hub.core.ports import Turn
from carnet_storage.adapters.system import (
    PRIVATE_MODE,
    SystemClock,
    SystemEntropy,
    mode_of,
    read_file,
    replace_file,
    run_blocking,
)

__all__ = ["PRIVATE_MODE", "PUBLIC_MODE", "DiskFiles", "SystemClock", "SystemEntropy", "make_turn", "run_blocking"]

PUBLIC_MODE: Final = 0o644
"""Readable by everybody; chosen for exports and recall segments, which hold nothing secret."""


def make_turn() -> Turn:
    """`ports.Turn`: a new one, which nobody has entered."""
    return Lock()


class DiskFiles:
    """`ports.Files`: files that are read and replaced as a whole."""

    def read(self, path: Path, *, bytes_max: int) -> bytes | None:
        """A file's content, or None when there is none.

        Raises:
            OSError: not readable, or longer than `bytes_max` (then it is not read to its end).
        """
        return read_file(path, bytes_max=bytes_max)

    def replace(self, path: Path, content: bytes, *, mode: int = PRIVATE_MODE) -> None:
        """Make `content` what the file holds, durably.

        Raises:
            OSError: no room or no permission; what the file held before is unchanged.
        """
        replace_file(path, content, mode=mode)

    def names(self, folder: Path) -> list[str]:
        """Names of the plain files in a folder, sorted; none when there is no such folder. Hidden ones are left out."""
        if not folder.is_dir():
            return []
        return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))

    def is_private(self, path: Path) -> bool:
        """Whether nobody but the owner may read or write a file; Windows keeps no such bits and passes."""
        return mode_of(path) & 0o077 == 0
