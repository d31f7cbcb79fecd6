"""A hub that was restored: what a node still knows, what it has to ask for again, and what it offers back.

Decides the position R up to which the hub's present history is the one this node has read, and what becomes of
everything above it. Positions above R mean nothing any more: the hub gives them again, to other entries.

    read above R                          what follows, all in one transaction
    ------------------------------------  ---------------------------------------------------------------------------
    verdicts on own sets                  forgotten; the sets are offered again, with the receipts the hub had given
    base rows                             stay visible as rows of a former history until they come anew
    the hub's own sets                    offered back: revocations, erasures and rulings count before anything else;
                                          kept until a page brings them back, and offered once in each history
    cursor                                back to R; to the beginning when rows have to come anew
    outcomes of own sets                  asked for from the beginning
    how far it was read                   stated by new sets until what was erased has come back (`read_before`)
    erasures not scrubbed yet             not confirmed from R on: their orders stand elsewhere now

Rules:
- R is the lowest position at which any history began since the last one that both sides know.
- When everything was read again, a row that has not come anew is taken off: what a site could see may have rested on
  sets that the hub has lost. Records of the own site stay; nobody else shows them, and whoever wrote them may be away.
- Of a set that was decided twice (parked and released, folded and excluded) only the last verdict is here. When that is
  forgotten, the first one may stand at or before R and has to come once more. Where a set was folded is kept beside its
  verdict: a row of the present history may hold what was excluded above R, and shows it once.
- An eviction leaves P of its row where it was and moves only the position of change: either being above R counts.
- Which own sets a row of a former history holds is noted when that history ends: their positions there mean nothing in
  a third one. Such a row stays through any number of restores, until it comes anew or everything was read without it.
"""

from collections.abc import Sequence
from dataclasses import replace

from carnet_node.core.limits import OFFERED_SETS_MAX
from carnet_node.core.log.erasing import carry_scrub_due
from carnet_node.core.log.projecting import Key, OwnWork, reproject
from carnet_node.core.log.read_before import note_read_before
from carnet_node.core.log.rejoin_state import load_rejoin, save_rejoin
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import FeedState, HubSetRow
from carnet_protocol.changeset import reread_set
from carnet_protocol.errors import Refused
from carnet_protocol.hello import HubEpoch, LostSet
from carnet_protocol.ids import HubId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.limits import BATCH_BYTES_MAX
from carnet_protocol.registry import Writer


def shared_end(known: Sequence[HubEpoch], stated: Sequence[HubEpoch], present: bytes) -> HubEpoch:
    """Where the history this node has read ends to be the hub's.

    Args:
        known: histories as the hub last stated them; empty when it never did.
        stated: as it states them now, oldest first.
        present: the hub epoch this node has read.

    Returns: the hub's present epoch with the position and cursor of the end; position 0 when nothing is shared.
    """
    ours = list(known) if known and known[-1].hub_epoch == present else [HubEpoch(present, 0, 0)]
    theirs = [one.hub_epoch for one in stated]
    shared = next((at for at in range(len(ours) - 1, -1, -1) if ours[at].hub_epoch in theirs), None)
    now = stated[-1].hub_epoch
    if shared is None:
        return HubEpoch(now, 0, 0)
    later = [*ours[shared + 1 :], *stated[theirs.index(ours[shared].hub_epoch) + 1 :]]
    end = min(later, key=lambda one: one.position)
    return HubEpoch(now, end.position, end.cursor)


def goes_on_from(stated: Sequence[HubEpoch], known: Sequence[HubEpoch], present: bytes) -> bool:
    """Whether stated histories go on from the one this node has read, to one it has never heard of.

    Args:
        stated: oldest first, by a message that may be old.
        known: as the hub last stated them on the line; empty when it never did.
        present: the hub epoch this node has read.
    """
    epochs = [one.hub_epoch for one in stated]
    return present in epochs[:-1] and epochs[-1] not in {one.hub_epoch for one in known}


def enter_history(node: Node, tx: WriteTransaction, feed: FeedState, stated: Sequence[HubEpoch]) -> None:
    """Go over to the hub's present history; see the table above."""
    state = load_rejoin(tx)
    end = shared_end(state.histories, stated, feed.hub_epoch)
    touched = tx.end_hub_history(end.position, ended=feed.hub_epoch)
    bases = (tx.base(kind, record) for kind, record in touched)
    is_anything_former = any(base is not None and base.former_position is not None for base in bases)
    cursor = 0 if is_anything_former else min(feed.cursor, end.cursor)
    note_read_before(tx, feed, end.position)
    carry_scrub_due(tx, end.cursor)
    tx.put_feed(
        replace(
            feed,
            hub_epoch=end.hub_epoch,
            cursor=cursor,
            position=min(feed.position, end.position),
            outcomes_after=0,
        )
    )
    save_rejoin(tx, replace(state, histories=tuple(stated), has_former_rows=is_anything_former))
    reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, touched)


def leave_former_behind(tx: WriteTransaction, dealer_id: bytes) -> list[Key]:
    """Take off the rows of a former history that did not come anew, now that everything was read again.

    Returns: the records concerned; the caller folds them again.
    """
    state = load_rejoin(tx)
    if not state.has_former_rows:
        return []
    gone = [key for key in tx.former_keys() if not _is_of_own_site(tx, key, dealer_id)]
    tx.drop_bases(gone)
    save_rejoin(tx, replace(state, has_former_rows=False))
    return gone


def _is_of_own_site(tx: ReadTransaction, key: Key, dealer_id: bytes) -> bool:
    """Whether a record is one that only this site writes."""
    base, kind = tx.base(*key), REGISTRY.by_number.get(key[0])
    return base is not None and base.owner == dealer_id and kind is not None and kind.writer is Writer.OWNER_SITE


def note_histories(tx: WriteTransaction, stated: Sequence[HubEpoch]) -> None:
    """Remember the hub's histories, so that the next restore finds the one both sides know."""
    state = load_rejoin(tx)
    if state.histories != tuple(stated):
        save_rejoin(tx, replace(state, histories=tuple(stated)))


def is_of_this_history(tx: ReadTransaction, feed: FeedState, hub_epoch: bytes, position: int) -> bool:
    """Whether a position that the hub once gave still means the same."""
    if hub_epoch == feed.hub_epoch:
        return True
    histories = load_rejoin(tx).histories
    begun = next((at for at, one in enumerate(histories) if one.hub_epoch == hub_epoch), None)
    return begun is not None and all(position <= one.position for one in histories[begun + 1 :])


def hub_sets_to_offer(tx: ReadTransaction, hub_epoch: bytes) -> list[HubSetRow]:
    """The hub's own sets that are offered next to one of its histories, as many as one offer carries."""
    offered: list[HubSetRow] = []
    room = BATCH_BYTES_MAX
    for row in tx.hub_sets_to_offer(hub_epoch, OFFERED_SETS_MAX):
        room -= len(row.message) + len(row.opening)
        if offered and room < 0:
            break
        offered.append(row)
    return offered


def came_back(tx: ReadTransaction, hub: HubId, arrived: Sequence[HubSetRow]) -> list[HubSetRow]:
    """The hub's sets of a former history that stand in its present one as well: nobody has to offer them any more."""
    former = tx.former_hub_sets()
    if not former:
        return []
    nonces = {_nonce_of(row, hub) for row in arrived} - {None}
    return [row for row in former if _nonce_of(row, hub) in nonces]


def _nonce_of(row: HubSetRow, hub: HubId) -> bytes | None:
    """What a hub set is known by in every history; None for one that this version cannot read."""
    try:
        return reread_set(row.message, hub).nonce
    except Refused:
        return None


def as_lost(row: HubSetRow) -> LostSet:
    """A hub set as an offer carries it."""
    return LostSet(row.message, row.opening, b"")
