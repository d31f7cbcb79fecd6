"""The operating system behind the node's ports; clock, randomness and threads are the storage's own."""

from pathlib import Path

from carnet_storage.adapters.system import (
    PRIVATE_FOLDER_MODE,
    PRIVATE_MODE,
    SystemClock,
    SystemEntropy,
    mode_of,
    read_file,
    replace_file,
    run_blocking,
)

__all__ = ["PRIVATE_FOLDER_MODE", "PRIVATE_MODE", "DiskFiles", "SystemClock", "SystemEntropy", "run_blocking"]


class DiskFiles:
    """`ports.Files`: small files, read and replaced as a whole."""

    def read(self, path: Path, *, bytes_max: int) -> bytes | None:
        """The content of a file; None when there is none.

        Raises:
            OSError: unreadable, a folder, or longer than `bytes_max`.
        """
        return read_file(path, bytes_max=bytes_max)

    def replace(self, path: Path, content: bytes) -> None:
        """Put content in place of a file, private and durable: a reader sees the old one or the new one.

        Raises:
            OSError: disk full or not writable; the old file is unchanged.
        """
        replace_file(path, content)

    def mode(self, path: Path) -> int:
        """The permission bits of a file, see `mode_of`."""
        return mode_of(path)
