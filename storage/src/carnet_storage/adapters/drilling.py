"""Drills: the newest backup is restored into a scratch file and held against the living database.

Decides the order: what was confirmed is read first, then the restore, then the living log up to where the restored one
ends, so that work that goes on meanwhile is no difference. A drill changes nothing but its scratch file.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from carnet_storage.adapters.copying import Sealer, find_copy, open_copy, scratch_folder
from carnet_storage.adapters.replica import Replica
from carnet_storage.core.drill import DrillReport, disagreement
from carnet_storage.core.failures import NotNow, StorageFailure, WrongKey
from carnet_storage.core.ports import Clock, Copies, Source
from carnet_storage.core.sealing import Header
from carnet_storage.core.status import ReplicationStatus

LITESTREAM: Final = "litestream"
COPY: Final = "copy"


def drill_replica(
    source: Source, replica: Replica, known: ReplicationStatus | None, *, folder: Path, clock: Clock
) -> DrillReport:
    """Restore the replica of the present epoch and compare it.

    Args:
        known: what was confirmed, if somebody supervises.
    """
    started_ms = clock.now_ms()
    confirmed = 0 if known is None else known.confirmed_head

    def restore(to: Path) -> None:
        """The newest state of this epoch's replica; another epoch has none to compare with."""
        place = source.place()
        if known is not None and known.epoch != place.ordinal:
            raise NotNow("another epoch has begun and is not replicated yet")
        replica.restore(place, to)

    return _drill(source, LITESTREAM, restore, folder=folder, clock=clock, started_ms=started_ms, at_least=confirmed)


def drill_copy(
    source: Source, copies: Copies, sealer: Sealer, target: str, *, folder: Path, clock: Clock
) -> DrillReport:
    """Open the newest copy and compare it."""
    started_ms = clock.now_ms()

    def restore(to: Path) -> None:
        """The newest copy, opened with the key it was sealed with."""
        name = find_copy(copies, target, source.place().source, at_ms=None, name=None)
        open_copy(copies, name, lambda header: _own_key(sealer, name.text, header), to)

    return _drill(source, COPY, restore, folder=folder, clock=clock, started_ms=started_ms, at_least=0)


def _drill(
    source: Source,
    kind: str,
    restore: Callable[[Path], None],
    *,
    folder: Path,
    clock: Clock,
    started_ms: int,
    at_least: int,
) -> DrillReport:
    head = entries = 0
    try:
        with scratch_folder(folder) as scratch:
            restored = scratch / "restored.db"
            restore(restored)
            facts = source.facts(restored, None)
            head, entries = facts.head, facts.entries
            problem = disagreement(facts, source.facts(source.database, facts.head), at_least=at_least)
            problem = problem or source.examine(restored)
    except StorageFailure as failure:
        problem = failure.what
    except OSError as error:
        problem = f"the system said: {error.strerror or type(error).__name__}"
    now_ms = clock.now_ms()
    return DrillReport(kind, now_ms, head, entries, problem, now_ms - started_ms)


def _own_key(sealer: Sealer, name: str, header: Header) -> bytes | str:
    """The key of this installation, if the copy was made with one of its sort."""
    is_passphrase = isinstance(sealer.key, str)
    if is_passphrase != (header.key == "passphrase"):
        raise WrongKey(name, f"it was made with a {header.key.replace('-', ' ')}")
    return sealer.key
