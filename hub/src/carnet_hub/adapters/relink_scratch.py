"""Where a re-link works: a folder of its own that nobody else may read, and a note of how far it has come.

Decides names, modes and when the folder goes: at the end, however the run ends, and at the next start of the hub after
one that could not tidy up. The folder holds what customers are compared by; no name in it tells of anybody. Only one
run has it: a lock of the system, gone with the process.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from carnet_hub.core.ports import Files
from carnet_hub.core.relink_limits import NOTE_BYTES_MAX
from carnet_hub.core.relink_ports import RelinkNote
from carnet_hub.core.stewardship.relink_failures import AlreadyRelinking
from carnet_storage.adapters.file_locks import locked

SCRATCH_FOLDER: Final = "relink"
LOCK_FILE: Final = "relink.lock"
NOTE_FILE: Final = "relink.json"
PRIVATE_FOLDER_MODE: Final = 0o700


@contextmanager
def scratch_folder(data_dir: Path) -> Iterator[Path]:
    """An empty folder for the length of the block; what another run left behind is removed first.

    Raises:
        AlreadyRelinking: another run has it.
        OSError: no room or no permission.
    """
    with locked(data_dir / LOCK_FILE) as is_ours:
        if not is_ours:
            raise AlreadyRelinking
        folder = data_dir / SCRATCH_FOLDER
        _remove(folder)
        folder.mkdir(mode=PRIVATE_FOLDER_MODE)
        try:
            yield folder
        finally:
            _remove(folder)


def sweep_scratch(data_dir: Path) -> bool:
    """Remove what a run that died left behind, unless one is running.

    Returns: whether there was something to remove.
    """
    if not (data_dir / SCRATCH_FOLDER).exists():
        return False
    with locked(data_dir / LOCK_FILE) as is_ours:
        if is_ours:
            _remove(data_dir / SCRATCH_FOLDER)
    return is_ours


class NoteFile:
    """`relink_ports.RelinkNotes` in a file beside the database; it holds ids and counts."""

    def __init__(self, data_dir: Path, files: Files) -> None:
        self._path = data_dir / NOTE_FILE
        self._files = files

    def read(self) -> RelinkNote | None:
        """See `relink_ports.RelinkNotes`."""
        try:
            found = json.loads(self._files.read(self._path, bytes_max=NOTE_BYTES_MAX) or b"")
            return RelinkNote(
                str(found["rules"]),
                int(found["position"]),
                bytes.fromhex(found["pairs_upto"]),
                bytes.fromhex(found["links_upto"]),
                int(found["proposed"]),
                int(found["doubted"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, note: RelinkNote) -> None:
        """See `relink_ports.RelinkNotes`."""
        told = {
            "rules": note.rules,
            "position": note.position,
            "pairs_upto": note.pairs_upto.hex(),
            "links_upto": note.links_upto.hex(),
            "proposed": note.proposed,
            "doubted": note.doubted,
        }
        self._files.replace(self._path, json.dumps(told, indent=1).encode())

    def clear(self) -> None:
        """See `relink_ports.RelinkNotes`."""
        self._path.unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    """A folder and all in it; none is as good."""
    if folder.exists():
        shutil.rmtree(folder)
