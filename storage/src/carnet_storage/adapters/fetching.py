"""Getting a database out of a backup into a scratch file, as whoever restores wants it.

Decides which backup a choice means, and asks its target for it. Places nothing and proves nothing beyond SQLite's own
check: whether a database is right, only its program can say.

    chosen       fetched
    -----------  ------------------------------------------------------------------------
    a replica    the newest epoch begun by then, at that moment; else its newest state
    a copy       the one named, else the newest that is not younger, else the newest
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from carnet_storage.adapters.copying import copies_at, find_copy, open_copy
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.sqlite_files import Progress
from carnet_storage.core.failures import NothingToRestore
from carnet_storage.core.plan import Plan
from carnet_storage.core.ports import Copies
from carnet_storage.core.sealing import Header
from carnet_storage.core.targets import Place

Stage = Callable[[str], None]
"""Called with what is being done now, for people."""

KeyFor = Callable[[str, Header], bytes | str]
"""The key of a copy with a name and a header; raises what it likes when it has none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which backup somebody wants back.

    Attributes:
        is_copy: an encrypted copy instead of the replica.
        source: id of the installation as hexadecimal text; None when the target holds backups of one only.
        at_ms: the newest state that is not younger; None for the newest.
        copy_name: exactly this copy.
    """

    is_copy: bool
    source: str | None = None
    at_ms: int | None = None
    copy_name: str | None = None

    @property
    def kind(self) -> str:
        """For programs: `copy` or `litestream`."""
        return "copy" if self.is_copy else "litestream"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where a scratch database comes from.

    Attributes:
        origin: the target with the replica, or the name of the copy.
        place: whose it is, and of which epoch.
        moment_ms: the backup knows nothing that is younger, ms since 1970; None for the newest state of a replica.
    """

    origin: str
    place: Place
    moment_ms: int | None


def fetch_database(
    plan: Plan, choice: Choice, folder: Path, key_for: KeyFor, to: Path, *, stage: Stage, progress: Progress
) -> Fetched:
    """Fetch what was chosen.

    Args:
        folder: private, of the backups.
        to: must not exist; gone again when anything fails.

    Raises:
        StorageFailure: no target is set, nothing fits, or what there is cannot be read; `to` does not exist.
    """
    if choice.is_copy:
        copies, target = copies_of(plan)
        name = find_copy(copies, target, choice.source, at_ms=choice.at_ms, name=choice.copy_name)
        stage(f"opening {name.text}")
        open_copy(copies, name, partial(key_for, name.text), to, progress)
        return Fetched(name.text, name.place, name.made_at_ms)
    replica = replica_of(plan, folder)
    place = replica.newest_epoch(choice.source or replica.only_source(), at_ms=choice.at_ms)
    origin = f"{replica.shown}/{place.replica_path}"
    stage(f"restoring from {origin}")
    replica.restore(place, to, at_ms=choice.at_ms)
    return Fetched(origin, place, choice.at_ms)


def replica_of(plan: Plan, folder: Path) -> Replica:
    """The replicas at the target of a plan.

    Raises:
        NothingToRestore: no target is set.
    """
    if plan.replicate_to is None:
        raise NothingToRestore("Litestream", "no target is set for it")
    return Replica(plan.replicate_to, plan.secrets, folder)


def copies_of(plan: Plan) -> tuple[Copies, str]:
    """The encrypted copies of a plan, and their target for people.

    Raises:
        NothingToRestore: no target is set.
    """
    if plan.copy_to is None:
        raise NothingToRestore("encrypted copies", "no target is set for them")
    return copies_at(plan.copy_to, plan.secrets), plan.copy_to.shown
