"""Encrypted copies in a folder: written beside their name, fsynced, renamed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from carnet_storage.adapters.marking import require_folder
from carnet_storage.adapters.sqlite_files import require_room, translated_disk
from carnet_storage.adapters.system import PRIVATE_MODE, sync_folder
from carnet_storage.core.copies import SUFFIX, CopyName, newest_first, parse_copy_name
from carnet_storage.core.failures import NothingToRestore, TargetFailed
from carnet_storage.core.limits import COPY_NAMES_MAX, FRAME_BYTES


class FolderCopies:
    """`ports.Copies` in one folder; the folder must exist, since a share that is not mounted is an empty path.

    Args:
        folder: absolute.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: CopyName, content: Path) -> None:
        """See `ports.Copies`."""
        require_folder(self._folder)
        require_room(self._folder, content.stat().st_size)
        beside = self._folder / f".{name.text}.part"
        try:
            with translated_disk(self._folder):
                self._write(beside, content)
                beside.replace(self._folder / name.text)
                sync_folder(self._folder)
        except OSError as error:
            raise TargetFailed(str(self._folder), error.strerror or type(error).__name__) from error
        finally:
            beside.unlink(missing_ok=True)

    def list(self, source: str | None) -> list[CopyName]:
        """See `ports.Copies`."""
        require_folder(self._folder)
        try:
            names = [one.name for one in self._folder.iterdir() if one.suffix == SUFFIX]
        except OSError as error:
            raise TargetFailed(str(self._folder), error.strerror or type(error).__name__) from error
        found = filter(None, map(parse_copy_name, sorted(names, reverse=True)[:COPY_NAMES_MAX]))
        return newest_first(one for one in found if source is None or one.place.source == source)

    def fetch(self, name: CopyName) -> Iterator[bytes]:
        """See `ports.Copies`."""
        try:
            with (self._folder / name.text).open("rb") as source:
                while piece := source.read(FRAME_BYTES):
                    yield piece
        except FileNotFoundError as error:
            raise NothingToRestore(str(self._folder), f"there is no {name.text}") from error
        except OSError as error:
            raise TargetFailed(str(self._folder), error.strerror or type(error).__name__) from error

    def remove(self, name: CopyName) -> None:
        """See `ports.Copies`."""
        try:
            (self._folder / name.text).unlink(missing_ok=True)
        except OSError as error:
            raise TargetFailed(str(self._folder), error.strerror or type(error).__name__) from error

    def _write(self, path: Path, content: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as target, content.open("rb") as source:
            shutil.copyfileobj(source, target, FRAME_BYTES)
            target.flush()
            os.fsync(target.fileno())
