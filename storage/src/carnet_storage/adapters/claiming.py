"""Whose replica it is: before the first byte goes to a place, nobody else may have one there.

Decides that a place is ours when we have claimed it before, on this disk, or when nothing lies there. Two machines that
were restored from one backup would otherwise write into one replica, and nobody could restore it any more. The claim
lies beside the status and goes with a lost database: a restored one begins a replica of its own.
"""

from pathlib import Path
from typing import Final

from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.system import replace_file
from carnet_storage.core.failures import NothingToRestore, PlaceTaken
from carnet_storage.core.limits import CLAIM_BYTES_MAX
from carnet_storage.core.targets import Place

CLAIM_FILE: Final = "replica.claim"


def claim_place(folder: Path, replica: Replica, place: Place) -> None:
    """Make sure that a replica is ours before it is written.

    Args:
        folder: of the backups, on this machine.

    Raises:
        PlaceTaken: another copy of this machine has begun one there; nothing was sent.
        StorageFailure: the target cannot be asked now; nothing was sent.
    """
    claim = f"{replica.shown}/{place.replica_path}".encode()
    if _claimed(folder) == claim:
        return
    try:
        replica.history(place)
    except NothingToRestore:
        pass
    else:
        raise PlaceTaken(replica.shown, place.replica_path)
    replace_file(folder / CLAIM_FILE, claim)


def _claimed(folder: Path) -> bytes:
    try:
        with (folder / CLAIM_FILE).open("rb") as source:
            return source.read(CLAIM_BYTES_MAX)
    except FileNotFoundError:
        return b""
