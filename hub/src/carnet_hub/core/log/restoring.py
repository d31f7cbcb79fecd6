"""A hub's database that came out of a backup: whether it may be trusted, and what a hub does with it before it serves.

Decides what is checked beyond the database's own integrity: the whole log, and that folding it again gives the
tables. Then a new hub epoch begins, so that every node notices, asks again for what lies behind the restored
position, and offers what the hub has lost. Also decides how far an off-site backup reaches, which nodes are told: up
to there they may forget.
"""

from collections.abc import Sequence
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.lineage import Branch
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections, rebuild_if_outdated
from carnet_hub.core.ports import HubStore, Snapshot
from carnet_hub.core.sets.histories import begin_history

BACKUP_EPOCH: Final = "backup_epoch"
"""Setting: which replica this database writes to; one more after each restore (8 bytes, 1 when absent)."""

BACKUP_POSITION: Final = "backup_position"
"""Setting: an off-site backup covers the log up to here (8 bytes); `hello` tells nodes."""

RESTORED_POSITION: Final = "restored_position"
"""Setting: end of the log when this database was last restored (8 bytes)."""

_NUMBER_BYTES: Final = 8


def examine_restored(hub: Hub, scratch: HubStore) -> tuple[int, str | None]:
    """Check the log and the tables of a restored database; tables of an older program are folded anew before.

    Args:
        hub: on the restored database.
        scratch: an empty store to fold into.

    Returns: how many log entries there are, and the first thing that is wrong; None when nothing is.
    """
    log = verify_log(hub)
    if log.fault_count:
        first = log.faults[0]
        return log.entries, f"{log.fault_count} faults in the log, the first at {first.position}: {first.problem}"
    rebuild_if_outdated(hub)
    folded = check_projections(hub, scratch)
    if folded.difference_count:
        first_row = folded.differences[0]
        return log.entries, f"{folded.difference_count} rows differ from the log, the first in {first_row.table}"
    return log.entries, None


def open_epoch_after_restore(hub: Hub, *, newest_replica: int, outside: Sequence[Branch]) -> Hub:
    """Begin a new hub epoch in a restored database that is not in its place yet.

    Args:
        newest_replica: the highest epoch that a replica of this hub has; no two may write to one place.
        outside: histories of the hub that are known beside the database.

    Returns: the hub in its new epoch, which begins behind the last entry that was restored.
    """
    with hub.store.write() as transaction:
        position = transaction.head().position
        ordinal = max(backup_epoch(transaction), newest_replica) + 1
        present = begin_history(hub, transaction, outside)
        transaction.set_setting(BACKUP_EPOCH, ordinal.to_bytes(_NUMBER_BYTES, "big"))
        transaction.set_setting(RESTORED_POSITION, position.to_bytes(_NUMBER_BYTES, "big"))
        transaction.set_setting(BACKUP_POSITION, (0).to_bytes(_NUMBER_BYTES, "big"))
    return present


def backup_epoch(snapshot: Snapshot) -> int:
    """Which replica this database writes to; 1 before the first restore."""
    return int.from_bytes(snapshot.setting(BACKUP_EPOCH) or b"\x01", "big")


def note_backup(hub: Hub, position: int) -> None:
    """An off-site backup covers the log up to a position; an older statement changes nothing."""
    with hub.store.write() as transaction:
        known = int.from_bytes(transaction.setting(BACKUP_POSITION) or b"", "big")
        if position > known:
            transaction.set_setting(BACKUP_POSITION, position.to_bytes(_NUMBER_BYTES, "big"))
