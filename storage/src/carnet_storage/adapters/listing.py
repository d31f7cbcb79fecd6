"""Everything that can be restored from the targets of a plan.

Decides that a target without an answer hides nothing that lies at the other one.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from carnet_storage.adapters.copying import copies_at
from carnet_storage.adapters.replica import Replica
from carnet_storage.core.failures import NothingToRestore, StorageFailure
from carnet_storage.core.plan import Plan
from carnet_storage.core.telling import Json, copy_rows, history_row


def backup_rows(plan: Plan, scratch: Path, source: str | None) -> tuple[list[Json], StorageFailure | None]:
    """What can be restored, newest first within each kind; and why that is not all of it.

    Args:
        source: of one installation; None for all copies, and for the replicas of the only one.

    Raises:
        StorageFailure: a target cannot be asked, and the other has nothing.
    """
    rows: list[Json] = []
    missing: StorageFailure | None = None
    for asked in (_replicas, _copies):
        try:
            rows += asked(plan, scratch, source)
        except StorageFailure as failure:
            missing = missing or failure
    if missing is not None and not rows:
        raise missing
    return rows, missing


def _replicas(plan: Plan, scratch: Path, source: str | None) -> Iterator[Json]:
    if plan.replicate_to is None:
        return
    replica = Replica(plan.replicate_to, plan.secrets, scratch)
    with suppress(NothingToRestore):
        for found in replica.histories(source or replica.only_source()):
            yield history_row(found.place, found.from_ms, found.to_ms)


def _copies(plan: Plan, _scratch: Path, source: str | None) -> Iterator[Json]:
    if plan.copy_to is not None:
        yield from copy_rows(copies_at(plan.copy_to, plan.secrets).list(source))
