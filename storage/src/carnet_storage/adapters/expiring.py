"""Replicas of ended epochs go when their history is over.

Decides the order. Litestream removes what is too old from the replica it writes, and looks at no other: the replica of
an epoch that a restore or a rejoin has ended would stay for ever, and with it values that were erased since. Called
after a drill, so that the present replica is known to be good. Nothing is removed over SFTP, which only Litestream
speaks here: the operator's guide says so.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress

from carnet_storage.adapters.replica import Replica, folders_at
from carnet_storage.core.copies import is_replica_outdated
from carnet_storage.core.failures import CopyDamaged, NothingToRestore
from carnet_storage.core.limits import EPOCHS_TRIED_MAX
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget, Place, S3Target, SftpTarget, Target


def expire_replicas(target: Target, secrets: Secrets, replica: Replica, present: Place, *, now_ms: int) -> list[Place]:
    """Remove the replicas of a source's earlier epochs whose last change is older than the history that is kept.

    The oldest `EPOCHS_TRIED_MAX` of them are looked at; the rest waits for the next call.

    Args:
        replica: at the same target.
        present: the epoch that is written now; its replica and later ones are left alone.

    Raises:
        StorageFailure: the target cannot be asked; what was removed before is gone.
        OSError: a folder cannot be removed; the same.

    Returns: what was removed.
    """
    removed = []
    for place in list(_earlier(target, secrets, present))[:EPOCHS_TRIED_MAX]:
        with suppress(NothingToRestore, CopyDamaged):  # nothing that could be judged: somebody has to look
            if is_replica_outdated(replica.history(place).to_ms, now_ms):
                _remove(target, secrets, place)
                removed.append(place)
    return removed


def _earlier(target: Target, secrets: Secrets, present: Place) -> Iterator[Place]:
    names = (name.removeprefix("epoch-") for name in folders_at(target, secrets, present.source))
    for ordinal in sorted(int(name) for name in names if name.isdigit()):
        if ordinal < present.ordinal:
            yield Place(present.source, ordinal)


def _remove(target: Target, secrets: Secrets, place: Place) -> None:
    match target:
        case FolderTarget():
            shutil.rmtree(target.path / place.replica_path)
        case S3Target():
            from carnet_storage.adapters.store_copies import remove_folder  # noqa: PLC0415  (for stores only)

            remove_folder(target, secrets, place.replica_path)
        case SftpTarget():
            return
