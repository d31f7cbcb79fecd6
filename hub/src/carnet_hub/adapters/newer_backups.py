"""The backups of a hub that are newer than the one somebody chose, or may be.

Decides which are looked at when a hub is restored: the newest replica and the newest copy, whichever was not chosen
itself. They are read for the hub's own orders only (`core.offers.take_from_backup`), so one that cannot be opened stops
nothing: it is named, because an order that stands only there is not known then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from carnet_storage.adapters.copying import find_copy, open_copy
from carnet_storage.adapters.fetching import KeyFor, copies_of, replica_of
from carnet_storage.core.failures import NothingToRestore, StorageFailure
from carnet_storage.core.plan import Plan


@dataclass
class NewerBackups:
    """What lies beside a chosen backup.

    Attributes:
        source: id of the hub as hexadecimal text.
        replica_too: the replica is looked at: it was not chosen itself, or an older state of it.
        chosen_copy: name of the copy that was chosen; None for the replica.
        unread: what could not be opened, each with the reason; filled while the backups are opened.
    """

    plan: Plan
    folder: Path
    source: str
    replica_too: bool
    chosen_copy: str | None
    key_for: KeyFor
    unread: list[str] = field(default_factory=list)

    def each(self) -> Iterator[Path]:
        """One after the other as a scratch file, gone before the next one comes."""
        for fetch in (self._replica, self._copy):
            with self._scratch() as scratch:
                try:
                    found = fetch(scratch)
                except NothingToRestore:
                    continue
                except StorageFailure as failure:
                    self.unread.append(failure.what)
                    continue
                if found:
                    yield scratch

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        scratch = self.folder / "newer.db"
        try:
            yield scratch
        finally:
            for path in self.folder.glob(f"{scratch.name}*"):
                path.unlink()

    def _replica(self, scratch: Path) -> bool:
        if not self.replica_too:
            return False
        replica = replica_of(self.plan, self.folder)
        replica.restore(replica.newest_epoch(self.source), scratch)
        return True

    def _copy(self, scratch: Path) -> bool:
        copies, target = copies_of(self.plan)
        name = find_copy(copies, target, self.source, at_ms=None, name=None)
        if name.text == self.chosen_copy:
            return False
        open_copy(copies, name, partial(self.key_for, name.text), scratch)
        return True
