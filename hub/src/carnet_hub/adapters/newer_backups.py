"""The backups of a hub that are newer than the one somebody chose, or may be.

Decides which are looked at when a hub is restored: the newest replica and the newest copy, whichever was not chosen
itself. They are read for the hub's own orders only (`core.offers.take_from_backup`), so one that cannot be opened stops
nothing: it is named, because an order that stands only there is not known then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from carnet_storage.adapters.copying import copies_at, find_copy, open_copy
from carnet_storage.adapters.replica import Replica
from carnet_storage.core.failures import NothingToRestore, StorageFailure
from carnet_storage.core.plan import Plan
from carnet_storage.core.sealing import Header

KeyFor = Callable[[str, Header], bytes | str]
"""The key of a copy with a name and a header."""


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
        target = self.plan.replicate_to
        if target is None or not self.replica_too:
            return False
        replica = Replica(target, self.plan.secrets, self.folder)
        replica.restore(replica.newest_epoch(self.source), scratch)
        return True

    def _copy(self, scratch: Path) -> bool:
        target = self.plan.copy_to
        if target is None:
            return False
        copies = copies_at(target, self.plan.secrets)
        name = find_copy(copies, target.shown, self.source, at_ms=None, name=None)
        if name.text == self.chosen_copy:
            return False
        open_copy(copies, name, lambda header: self.key_for(name.text, header), scratch)
        return True
