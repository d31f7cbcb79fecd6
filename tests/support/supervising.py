"""Litestream beside a test's database, supervised for so many looks."""

import anyio

from carnet_storage.adapters.litestream_process import ChildSettings
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.replicator import Replicator
from carnet_storage.core.plan import Secrets
from carnet_storage.core.ports import Child, Control, Source
from carnet_storage.core.status import ReplicationStatus
from carnet_storage.core.targets import FolderTarget
from support.node_builder import TestClock


def settings_of(source: Source, target: FolderTarget) -> ChildSettings:
    """What a child of this database is started with."""
    return ChildSettings(source.database, source.database.parent / "backup", target, Secrets(), 1_000)


def replica_of(source: Source, target: FolderTarget) -> Replica:
    """The way back."""
    return Replica(target, Secrets(), source.database.parent / "backup")


async def inline(work):
    """`run_blocking` without a thread."""
    return work()


def supervise(
    source: Source,
    target: FolderTarget,
    child: Child,
    control: Control,
    turns: int,
    *,
    is_reachable: bool = True,
) -> list[ReplicationStatus]:
    """So many turns of a supervisor; what it told after each."""
    told: list[ReplicationStatus] = []

    async def note(status: ReplicationStatus) -> None:
        told.append(status)

    async def run() -> None:
        replicator = Replicator(
            source,
            target,
            child,
            control,
            clock=TestClock(),
            run_blocking=inline,
            told=note,
            is_elsewhere=True,
            is_reachable=lambda: is_reachable,
        )
        for _ in range(turns):
            await replicator.turn()

    anyio.run(run)
    return told
