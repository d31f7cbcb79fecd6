"""The backups of a hub that are newer than the one somebody chose, or may be.

Decides which are looked at when a hub is restored: the newest replica, and of every epoch the newest copy, as far as
they are newer than what was chosen. They are read for the hub's own orders only (`core.offers.take_from_backup`), so
one that cannot be opened stops nothing: it is named, and the one before it is opened, which knows nearly as much.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from carnet_hub.core.limits import NEWER_COPIES_TRIED_MAX, NEWER_EPOCHS_MAX
from carnet_storage.adapters.copying import open_copy
from carnet_storage.adapters.fetching import KeyFor, copies_of, replica_of
from carnet_storage.core.copies import CopyName, newest_first
from carnet_storage.core.failures import NothingToRestore, StorageFailure
from carnet_storage.core.plan import Plan
from carnet_storage.core.ports import Copies
from carnet_storage.core.targets import Place

Fetch = Callable[[Path], None]
"""Brings one backup into a scratch file."""


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
        """One after the other as a scratch file, gone before the next one comes.

        Whoever cannot use one adds to `unread` why: then the one before it is opened, as after a failure here.
        """
        for attempts in (self._replicas(), *self._copies_by_epoch()):
            for fetch in attempts:
                failures = len(self.unread)
                with self._scratch() as scratch:
                    try:
                        fetch(scratch)
                    except NothingToRestore:
                        break
                    except StorageFailure as failure:
                        self.unread.append(failure.what)
                        continue
                    yield scratch
                if len(self.unread) == failures:
                    break

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        scratch = self.folder / "newer.db"
        try:
            yield scratch
        finally:
            for path in self.folder.glob(f"{scratch.name}*"):
                path.unlink()

    def _replicas(self) -> list[Fetch]:
        """The newest epoch that has a replica, else the one before it."""
        return [partial(self._replica, epochs_back=back) for back in range(2 if self.replica_too else 0)]

    def _replica(self, scratch: Path, *, epochs_back: int) -> None:
        replica = replica_of(self.plan, self.folder)
        newest = replica.newest_epoch(self.source)
        if newest.ordinal <= epochs_back:
            raise NothingToRestore(replica.shown)
        replica.restore(Place(self.source, newest.ordinal - epochs_back), scratch)

    def _copies_by_epoch(self) -> list[list[Fetch]]:
        """The copies that are newer than the chosen one, newest first; of each epoch one is enough."""
        try:
            copies, _ = copies_of(self.plan)
            names = newest_first(copies.list(self.source))
        except NothingToRestore:
            return []
        except StorageFailure as failure:
            self.unread.append(failure.what)
            return []
        chosen = next((at for at, name in enumerate(names) if name.text == self.chosen_copy), len(names))
        epochs: dict[int, list[Fetch]] = {}
        for name in names[:chosen]:
            attempts = epochs.setdefault(name.place.ordinal, [])
            if len(attempts) < NEWER_COPIES_TRIED_MAX:
                attempts.append(partial(self._copy, copies=copies, name=name))
        return [epochs[ordinal] for ordinal in sorted(epochs, reverse=True)][:NEWER_EPOCHS_MAX]

    def _copy(self, scratch: Path, *, copies: Copies, name: CopyName) -> None:
        open_copy(copies, name, partial(self.key_for, name.text), scratch)
