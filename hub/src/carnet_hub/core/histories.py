"""Histories of the hub: what a restored backup makes of the positions that everybody knows.

Decides when the hub's log is behind what the hub has said, and how it goes on after a restore: under a new hub epoch
that shares everything up to R, the end of the restored log, with the histories before it. Positions above R are given
again, to other entries; so whoever holds one compares histories first (`carnet_node.core.histories` does).

    histories   hub epoch   shares with the ones before it
    first       H1          nothing
    restored    H2          positions up to R

Rules:
- A database behind the mark kept outside it is not served: its next positions have been told to others already.
- The hub's own chain goes on in a new epoch as well, so that no place of it is used twice.

After a restore has put a verified database in place, `open_new_hub_epoch(hub)` or `begin_history` is called once.
"""

from dataclasses import dataclass, replace
from typing import Final

import msgspec

from carnet_hub.core.failures import HubFailure
from carnet_hub.core.feed import end_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.present import HUB_EPOCH, is_present
from carnet_protocol.hello import HubEpoch
from carnet_protocol.ids import EPOCH_BYTES
from carnet_protocol.limits import EPOCHS_MAX

_HISTORIES: Final = "hub_epochs"
_decoder: Final = msgspec.msgpack.Decoder(list[HubEpoch])


@dataclass(frozen=True, slots=True)
class HubMark:
    """An entry of the log that the hub has told somebody about, kept outside the database.

    Attributes:
        received_ms: of that entry; together with the position it tells one history from another.
    """

    hub_epoch: bytes
    position: int
    received_ms: int


class DatabaseBehind(HubFailure):
    """The database is older than what this hub has told its nodes.

    Attributes:
        position: where the log ends.
        told: the position that was told to somebody.
    """

    def __init__(self, position: int, told: int) -> None:
        super().__init__(
            f"The database ends at position {position}, but this hub has confirmed position {told}: it was restored.",
            "Nothing was served or written. The nodes hold what is missing and will offer it again.",
            "To go on with this backup run `carnet-hub restored`; otherwise put the newer database back.",
        )
        self.position = position
        self.told = told


def open_new_hub_epoch(hub: Hub) -> Hub:
    """Go on after a restore: a new history that begins at the end of the restored log.

    Args:
        hub: on the restored database; nobody else serves it.

    Raises:
        StoreBusy, StoreError: see `ports`; nothing was changed.

    Returns: the same hub under its new epoch; every other `Hub` on this database is out of date.
    """
    with hub.store.write() as transaction:
        histories = begin_history(hub, transaction)
    return replace(hub, hub_epoch=histories[-1].hub_epoch, histories=histories)


def begin_history(hub: Hub, transaction: Transaction) -> tuple[HubEpoch, ...]:
    """The same inside a transaction of the caller's.

    Returns: the histories from now on.
    """
    base = transaction.head().position
    known = load_histories(transaction) or (HubEpoch(hub.hub_epoch, 0, 0),)
    fresh = HubEpoch(hub.entropy.random_bytes(EPOCH_BYTES), base, end_of(base))
    histories = (*known, fresh)[-EPOCHS_MAX:]
    transaction.set_setting(_HISTORIES, msgspec.msgpack.encode(histories))
    transaction.set_setting(HUB_EPOCH, fresh.hub_epoch)
    return histories


def load_histories(snapshot: Snapshot) -> tuple[HubEpoch, ...]:
    """The histories of a hub, oldest first; none for one that was never restored."""
    stored = snapshot.setting(_HISTORIES)
    return () if stored is None else tuple(_decoder.decode(stored))


def shared_up_to(hub: Hub, hub_epoch: bytes) -> int | None:
    """The last position that means the same in one of the hub's histories and in the present one.

    Returns: None when nothing has ended since (every position of the present history); 0 for a history nobody knows.
    """
    known = hub.known_histories
    begun = next((at for at, one in enumerate(known) if one.hub_epoch == hub_epoch), None)
    if begun is None:
        return 0
    return min((one.position for one in known[begun + 1 :]), default=None)


def mark_of(hub: Hub) -> HubMark | None:
    """The end of the log as a mark; None for an empty log, and for a history that has ended."""
    with hub.store.read() as snapshot:
        if not is_present(hub, snapshot):
            return None
        head = snapshot.head()
    return HubMark(hub.hub_epoch, head.position, head.received_ms) if head.position else None


def check_mark(snapshot: Snapshot, hub_epoch: bytes, mark: HubMark | None) -> None:
    """Go on only with a database that holds what this hub has told others.

    Args:
        hub_epoch: as the database has it; a mark of another one was answered by a new epoch.
        mark: None when nothing was ever told.

    Raises:
        DatabaseBehind: the entry under the mark is missing, or another one.
    """
    if mark is None or mark.hub_epoch != hub_epoch:
        return
    known = snapshot.commit_times([mark.position]).get(mark.position)
    if known != mark.received_ms:
        raise DatabaseBehind(snapshot.head().position, mark.position)
