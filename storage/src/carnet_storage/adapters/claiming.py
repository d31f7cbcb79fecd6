"""Whose replica it is: before the first byte goes to a place, nobody else may have one there.

Decides that a place is ours when we have claimed it before, on this disk, or when nothing lies there. Two machines that
were restored from one backup would otherwise write into one replica, and nobody could restore it any more. The claim
lies beside the status and goes with a lost database: a restored one begins a replica of its own.

    claim                      at the target    then
    -------------------------  ---------------  ------------------------
    none                       nothing          mark and claim
    none                       a replica        `PlaceTaken`
    ours                       our mark         go on
    ours                       no mark          `TargetSwapped`
    ours, of before the marks  the replica      mark, and claim anew
    ours, of before the marks  nothing          `TargetSwapped`
"""

from pathlib import Path

from carnet_storage.adapters.marking import (
    CLAIM_FILE,
    claim_before_marks,
    claim_of,
    leave_mark,
    read_claim,
    require_same_target,
)
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.system import replace_file
from carnet_storage.core.failures import NothingToRestore, PlaceTaken, TargetSwapped
from carnet_storage.core.targets import Place, Target


def claim_place(folder: Path, target: Target, replica: Replica, place: Place) -> None:
    """Make sure that a replica is ours before it is written.

    Args:
        folder: of the backups, on this machine.
        replica: at the same target.

    Raises:
        PlaceTaken: another copy of this machine has begun one there; nothing was sent.
        TargetGone, TargetSwapped: the folder, or our replica in it, is missing; nothing was made.
        StorageFailure: the target cannot be asked now; nothing was sent.
    """
    require_same_target(folder, target)
    claimed = read_claim(folder)
    if claimed == claim_of(target, place):
        return
    is_ours, is_there = claimed == claim_before_marks(target, place), _holds(replica, place)
    if is_there and not is_ours:
        raise PlaceTaken(target.shown, place.replica_path)
    if is_ours and not is_there:
        raise TargetSwapped(target.shown)
    leave_mark(target, place)
    replace_file(folder / CLAIM_FILE, claim_of(target, place).encode())


def _holds(replica: Replica, place: Place) -> bool:
    try:
        replica.history(place)
    except NothingToRestore:
        return False
    return True
