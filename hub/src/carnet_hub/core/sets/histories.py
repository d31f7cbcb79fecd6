"""Histories of the hub: what a restored backup makes of the positions that everybody knows.

Decides when the hub's log is behind what the hub has said, and how it goes on after a restore: under a new hub epoch
that shares everything up to R, the end of the restored log, with the one that this log is of. Positions above R are
given again, to other entries; so whoever holds one compares histories first (`carnet_node.core.log.histories` does).

    histories   hub epoch   shares with the ones before it
    first       H1          nothing
    restored    H2          positions up to R

Rules:
- A database behind the mark kept outside it is not served: its next positions have been told to others already. So is
  one that has never heard of the history the mark is of: it is from before the restore that began it.
- A history that ended is never forgotten with a database: those beside the mark are joined with its own (`lineage`).
- One-time codes that nobody had used end: whether somebody has since then, only the lost log could tell.
- The hub's own chain goes on in a new epoch as well, so that no place of it is used twice.

After a restore has put a verified database in place, `open_new_hub_epoch(hub)` or `begin_history` is called once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from carnet_hub.core.codes import end_open_codes
from carnet_hub.core.cursors import end_of
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.hub import Hub
from carnet_hub.core.lineage import Branch, branches_of, join_branches, shared_between
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.sets.present import HUB_EPOCH, is_present
from carnet_protocol.hello import HubEpoch
from carnet_protocol.ids import EPOCH_BYTES
from carnet_protocol.limits import EPOCHS_MAX

_HISTORIES: Final = "hub_epochs"
_BRANCHES: Final = "hub_branches"
_decoder: Final = msgspec.msgpack.Decoder(list[HubEpoch])
_branch_decoder: Final = msgspec.msgpack.Decoder(list[Branch])


@dataclass(frozen=True, slots=True)
class HubMark:
    """An entry of the log that the hub has told somebody about, kept outside the database.

    Attributes:
        received_ms: of that entry; together with the position it tells one history from another.
        branches: every history the hub has had, the present one last; empty in a mark from before they were kept here.
    """

    hub_epoch: bytes
    position: int
    received_ms: int
    branches: tuple[Branch, ...] = ()


class DatabaseBehind(HubFailure):
    """The database is older than what this hub has told its nodes.

    Attributes:
        position: where the log ends.
        told: the position that was told to somebody; None when it was told in a history this database has never
            heard of, whose positions are others.
    """

    def __init__(self, position: int, told: int | None) -> None:
        since = "gone on since in a later history" if told is None else f"confirmed position {told}"
        super().__init__(
            f"The database ends at position {position}, but this hub has {since}: it was restored.",
            "Nothing was served or written. The nodes hold what is missing and will offer it again.",
            "To go on with this backup run `carnet-hub restored`; otherwise put the newer database back.",
        )
        self.position = position
        self.told = told


def open_new_hub_epoch(hub: Hub, outside: Sequence[Branch] = ()) -> Hub:
    """Go on after a restore: a new history that begins at the end of the restored log.

    Args:
        hub: on the restored database; nobody else serves it.
        outside: histories that are known beside the database.

    Raises:
        StoreBusy, StoreError: see `ports`; nothing was changed.

    Returns: the same hub under its new epoch; every other `Hub` on this database is out of date.
    """
    with hub.store.write() as transaction:
        return begin_history(hub, transaction, outside)


def begin_history(hub: Hub, transaction: Transaction, outside: Sequence[Branch]) -> Hub:
    """The same inside a transaction of the caller's.

    Returns: the hub from the commit on.
    """
    base = transaction.head().position
    known = load_histories(transaction) or (HubEpoch(hub.hub_epoch, 0, 0),)
    fresh = HubEpoch(hub.entropy.random_bytes(EPOCH_BYTES), base, end_of(base))
    line = (*known, fresh)[-EPOCHS_MAX:]
    begun = Branch(fresh.hub_epoch, known[-1].hub_epoch, base)
    branches = join_branches((*(load_branches(transaction) or branches_of(known)), begun), outside, line)
    transaction.set_setting(_HISTORIES, msgspec.msgpack.encode(line))
    transaction.set_setting(_BRANCHES, msgspec.msgpack.encode(branches))
    transaction.set_setting(HUB_EPOCH, fresh.hub_epoch)
    end_open_codes(transaction)
    return replace(hub, hub_epoch=fresh.hub_epoch, histories=line, branches=branches)


def learn_branches(hub: Hub, outside: Sequence[Branch]) -> Hub:
    """Remember histories that another place knows, such as a newer backup.

    Args:
        hub: just restored; nobody serves it yet.

    Raises:
        StoreBusy, StoreError: see `ports`; nothing was changed.
    """
    branches = join_branches(known_branches(hub), outside, hub.histories)
    with hub.store.write() as transaction:
        transaction.set_setting(_BRANCHES, msgspec.msgpack.encode(branches))
    return replace(hub, branches=branches)


def load_histories(snapshot: Snapshot) -> tuple[HubEpoch, ...]:
    """The histories a database went through, oldest first; none for a hub that was never restored."""
    stored = snapshot.setting(_HISTORIES)
    return () if stored is None else tuple(_decoder.decode(stored))


def load_branches(snapshot: Snapshot) -> tuple[Branch, ...]:
    """All histories a database knows of, oldest first; none when they are those it went through."""
    stored = snapshot.setting(_BRANCHES)
    return () if stored is None else tuple(_branch_decoder.decode(stored))


def known_branches(hub: Hub) -> tuple[Branch, ...]:
    """All histories a hub knows of, oldest first; at least the present one."""
    return hub.branches or branches_of(hub.known_histories)


def stated_branches(snapshot: Snapshot) -> tuple[Branch, ...]:
    """The same, as a database that nobody serves says it."""
    present = HubEpoch(snapshot.setting(HUB_EPOCH) or b"", 0, 0)
    return load_branches(snapshot) or branches_of(load_histories(snapshot) or (present,))


def shared_up_to(hub: Hub, hub_epoch: bytes) -> int | None:
    """The last position that means the same in one of the hub's histories and in the present one.

    Returns: None when nothing has ended since (every position of the present history); 0 for a history nobody knows.
    """
    if hub_epoch == hub.hub_epoch:
        return None
    return shared_between(known_branches(hub), hub_epoch, hub.hub_epoch)


def history_at(hub: Hub, position: int) -> bytes:
    """The hub epoch in which the log came to a position: what stood there before a restore stands there still.

    Args:
        position: of the present log.
    """
    line = hub.histories or hub.known_histories
    return next((one.hub_epoch for one in reversed(line) if one.position < position), line[0].hub_epoch)


def mark_of(hub: Hub) -> HubMark | None:
    """The end of the log as a mark; None for an empty log, and for a history that has ended."""
    with hub.store.read() as snapshot:
        if not is_present(hub, snapshot):
            return None
        head = snapshot.head()
    return HubMark(hub.hub_epoch, head.position, head.received_ms, known_branches(hub)) if head.position else None


def check_mark(snapshot: Snapshot, hub_epoch: bytes, mark: HubMark | None) -> None:
    """Go on only with a database that holds what this hub has told others.

    Args:
        hub_epoch: as the database has it; a mark of one before it was answered by a new epoch.
        mark: None when nothing was ever told.

    Raises:
        DatabaseBehind: the entry under the mark is missing, or another one; or the mark is of a history that the
            database has never heard of.
    """
    if mark is None:
        return
    if mark.hub_epoch != hub_epoch:
        if mark.hub_epoch not in {one.hub_epoch for one in stated_branches(snapshot)}:
            raise DatabaseBehind(snapshot.head().position, None)
        return
    known = snapshot.commit_times([mark.position]).get(mark.position)
    if known != mark.received_ms:
        raise DatabaseBehind(snapshot.head().position, mark.position)
