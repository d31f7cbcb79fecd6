"""Whether a folder that backups go to is there, and is on the disk that it was on.

Decides that nobody makes it on the way: a disk that is not mounted is a missing folder, and one that is made in its
place lies on the disk that the backup is meant to survive. `preparing` makes it, for a person who asks for that.
Litestream does make missing folders, within seconds, and calls itself well. So a mark is left beside a replica that
is begun, and the claim, on this machine, says that it was: where the claim is and the mark is not, the disk is another
one, or none.
"""

from pathlib import Path
from typing import Final

from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE, replace_file
from carnet_storage.core.failures import TargetFailed, TargetGone, TargetSwapped
from carnet_storage.core.limits import CLAIM_BYTES_MAX
from carnet_storage.core.targets import FolderTarget, Place, Target

CLAIM_FILE: Final = "replica.claim"
MARK_FILE: Final = ".carnet-replica"
MARK_TEXT: Final = b"Carnet replicates into this folder. By this file it knows the disk again.\n"

_MARKED: Final = "\nmarked"


def require_folder(folder: Path) -> None:
    """Go on only where the folder is.

    Raises:
        TargetGone: it is not there, or does not answer; nothing was made.
    """
    if not folder.is_dir():
        raise TargetGone(str(folder))


def require_target(target: Target) -> None:
    """The same for a target; a store or server says by itself that it is away.

    Raises:
        TargetGone: see `require_folder`.
    """
    if isinstance(target, FolderTarget):
        require_folder(target.path)


def require_same_target(folder: Path, target: Target) -> None:
    """Go on only where a folder is there, with the mark of the replica that this machine has begun in it.

    Args:
        folder: of the backups, on this machine.

    Raises:
        TargetGone: the folder is not there.
        TargetSwapped: it is there without the mark.
    """
    require_target(target)
    mark = mark_of(folder, target)
    if mark is not None and not mark.is_file():
        raise TargetSwapped(target.shown)


def mark_of(folder: Path, target: Target) -> Path | None:
    """Where the mark of this machine's replica has to lie; None when it has begun none in this folder."""
    claimed, begin = read_claim(folder), f"{target.shown}/"
    if not isinstance(target, FolderTarget) or not claimed.startswith(begin) or not claimed.endswith(_MARKED):
        return None
    source, _, _ = claimed.removeprefix(begin).partition("/")
    return target.path / source / MARK_FILE


def claim_of(target: Target, place: Place) -> str:
    """What a claim says about a place; of a folder, that the mark was left there."""
    claim = claim_before_marks(target, place)
    return claim + _MARKED if isinstance(target, FolderTarget) else claim


def claim_before_marks(target: Target, place: Place) -> str:
    """What claims of folders said before there were marks."""
    return f"{target.shown}/{place.replica_path}"


def read_claim(folder: Path) -> str:
    """What this machine has claimed; empty for nothing."""
    try:
        with (folder / CLAIM_FILE).open("rb") as source:
            return source.read(CLAIM_BYTES_MAX).decode(errors="replace")
    except FileNotFoundError:
        return ""


def leave_mark(target: Target, place: Place) -> None:
    """Mark the folder of a source, in a target that is there; a store or server gets none.

    Raises:
        TargetFailed: not writable.
    """
    if not isinstance(target, FolderTarget):
        return
    beside = target.path / place.source
    try:
        beside.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
        replace_file(beside / MARK_FILE, MARK_TEXT)
    except OSError as error:
        raise TargetFailed(target.shown, error.strerror or type(error).__name__) from error
