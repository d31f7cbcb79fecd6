"""Rejoining: how a restored, rolled-back, forked or copied database finds its way back into its own history.

Decides when a new epoch is opened, what it continues, and what becomes of own sets that the hub holds and this database
does not, or the other way round. Reads no line and no clock; `session` brings the hub's answers, `sync` sends.

    found                                        what follows, each line in one transaction
    -------------------------------------------  ------------------------------------------------------------------
    the mark of what left is ahead of the log    nothing is written (`is_rejoining`)
    the hub holds more than the log              lost sets are taken back; when all are here: a new epoch, writing opens
    no line, and work has to go on               a new epoch at once, unreconciled; lost sets come at the next contact
    another set stands where ours does           a new epoch; every set without a verdict is emitted again in it
    another copy has taken over                  writing stops; what waits is still sent, emitted again if it must be
    this copy is the one that is meant           a new epoch above all others; the other copy is told at its next hello

Rules:
- An (epoch, seq) pair is never given to a second set knowingly: whoever cannot be sure opens a new epoch.
- A set emitted again keeps nonce and ops: it is the same set, and the hub folds it once.
- An epoch to which sets are moved names the hub's head as its parent, never one of those sets: it leaves its place, so
  the hub would ask for ever for a parent that nobody sends any more.
- A machine that is lost has another story: `moving`.
- That what waits has to be sealed again is remembered until it is: the answer that changes the keys may be one of
  several, and an epoch opens behind the last.
- What was read back counts as read even if its set stands elsewhere in the log, so that it is not sent for ever.

After `carnet-node restore` has put a verified database in place it calls `mark_restored(node)`, nothing else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from carnet_node.core.failures import NotEnrolled
from carnet_node.core.log.authoring import has_secret_seal, next_link
from carnet_node.core.log.erasing import apply_erasures
from carnet_node.core.log.newer_keys import take_change
from carnet_node.core.log.projecting import Key, OwnWork, reproject
from carnet_node.core.log.rejoin_state import (
    OwnEpoch,
    RejoinState,
    head_of,
    is_behind_mark,
    load_rejoin,
    save_rejoin,
    unconfirmed_sets,
    with_epoch,
)
from carnet_node.core.log.signing import signer_again
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import ChainState, FeedState, HighWaterMark, Identity, LoggedSet, SetVerdict
from carnet_protocol.changeset import ChangeSet, EpochOrigin, EpochReason, reread_set, seal_set
from carnet_protocol.envelope import Purpose, Signer, envelope_hash, read_envelope
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.hello import EpochHead, LostSet
from carnet_protocol.ids import EPOCH_BYTES, NO_HASH, HubId, RecordId
from carnet_protocol.limits import BATCH_SETS_MAX
from carnet_protocol.messages import Receipt, Verdict, open_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.seals import parse_opening, seal_places


def mark_restored(node: Node, *, highest_ordinal: int = 0) -> None:
    """State that a backup was put in place of this node's database: nothing is written until it has rejoined.

    Sessions of the restored moment are over: somebody may have left since.

    Args:
        highest_ordinal: of any epoch of this node that a backup is known of; the next one gets a higher.

    Raises:
        NotEnrolled: the database has no identity; nothing was changed.
        StoreBusy, StoreBroken: nothing was changed.
    """
    with node.store.write() as tx:
        chain = _chain(tx)
        tx.put_chain(replace(chain, is_rejoining=True))
        tx.local.drop_sessions()
        state = load_rejoin(tx)
        highest = max(state.highest_ordinal, highest_ordinal)
        save_rejoin(tx, replace(state, restored_ms=node.clock.now_ms(), highest_ordinal=highest))


def hold_if_behind(node: Node) -> bool:
    """At start: stop writing when more has left this machine than its database knows.

    Returns: whether this node has to rejoin before it writes.
    """
    mark = node.high_water.read()
    with node.store.read() as tx:
        chain = _chain(tx)
        must_hold = is_behind_mark(tx, mark) and not chain.is_rejoining
    if must_hold:
        mark_restored(node)
    return must_hold or chain.is_rejoining


def go_on_offline(node: Node) -> bool:
    """Open a new epoch without asking the hub, so that the desk can work; what was lost comes at the next contact.

    Raises:
        NotEnrolled, StoreBusy, StoreBroken, HighWaterUnreadable: nothing was changed.

    Returns: whether that was needed: False when the node was not waiting to rejoin.
    """
    mark = node.high_water.read()
    with node.store.write() as tx:
        chain = _chain(tx)
        if not chain.is_rejoining:
            return False
        save_rejoin(tx, replace(load_rejoin(tx), is_unreconciled=True))
        open_epoch(node, tx, EpochReason.RESTORED, mark, _parent(chain, mark))
    return True


def take_over(node: Node) -> None:
    """Decide that this copy is the one that goes on: an epoch above all others, and writing opens.

    The other copy is told that it was superseded as soon as this one has sent something.

    Raises:
        NotEnrolled, StoreBusy, StoreBroken, HighWaterUnreadable: nothing was changed.
    """
    mark = node.high_water.read()
    with node.store.write() as tx:
        save_rejoin(tx, replace(load_rejoin(tx), is_unreconciled=True))
        parent = _hub_head(load_rejoin(tx)) or _parent(_chain(tx), mark)
        open_epoch(node, tx, EpochReason.RESTORED, mark, parent)


def emit_unconfirmed_again(node: Node) -> int:
    """After a fork: open an epoch behind what the hub holds, and emit every set without a verdict again in it.

    Raises:
        NotEnrolled, StoreBusy, StoreBroken, HighWaterUnreadable: nothing was changed.

    Returns: how many sets were emitted again.
    """
    mark = node.high_water.read()
    with node.store.write() as tx:
        chain, state = _chain(tx), load_rejoin(tx)
        save_rejoin(tx, replace(state, is_unreconciled=not chain.is_writing_stopped))
        return emit_again(node, tx, EpochReason.HUB_ASKED if chain.is_writing_stopped else EpochReason.FORKED, mark)


def emit_again(node: Node, tx: WriteTransaction, reason: EpochReason, mark: HighWaterMark | None) -> int:
    """Open an epoch behind what the hub holds, and move every set without a verdict to it, under the keys that count.

    Raises:
        KeysUnreadable: one of these keys is not in its folder; the caller must let the transaction end.

    Returns: how many there were.
    """
    parent = _hub_head(load_rejoin(tx)) or (bytes(EPOCH_BYTES), 0, NO_HASH)
    opened = open_epoch(node, tx, reason, mark, parent)
    save_rejoin(tx, replace(load_rejoin(tx), is_seal_due=False))
    return move_sets(tx, node.identity, opened, lambda one: signer_again(node, tx, one))


def move_sets(
    tx: WriteTransaction, identity: Identity, opened: ChainState, signer_of: Callable[[LoggedSet], Signer]
) -> int:
    """Move every set without a verdict to a new epoch, in order.

    Args:
        opened: the epoch, without a set yet.
        signer_of: the key that seals a set again.

    Returns: how many there were.
    """
    while pending := [one for one in unconfirmed_sets(tx, BATCH_SETS_MAX) if one.epoch != opened.epoch]:
        opened = move_on(tx, identity, opened, pending, signer_of)
    return opened.seq


def move_on(
    tx: WriteTransaction,
    identity: Identity,
    chain: ChainState,
    sets: Iterable[LoggedSet],
    signer_of: Callable[[LoggedSet], Signer],
) -> ChainState:
    """Seal some sets without a verdict again at the end of a chain; its new end."""
    feed = _feed(tx)
    for one in sets:
        moved = _sealed_anew(identity, chain, feed, one, signer_of(one))
        tx.move_set(one.log_id, moved)
        chain = replace(chain, seq=moved.seq, set_hash=moved.set_hash)
    return chain


def open_epoch(
    node: Node,
    tx: WriteTransaction,
    reason: EpochReason,
    mark: HighWaterMark | None,
    parent: tuple[bytes, int, bytes],
) -> ChainState:
    """Begin a new epoch; the present one is closed and what waits in it is still sent.

    Args:
        mark: what has left this machine; the new epoch answers to it.
        parent: epoch, seq and hash that the first set names.
    """
    chain, state = _chain(tx), load_rejoin(tx)
    is_handover = reason is EpochReason.HUB_ASKED
    highest = max(chain.epoch_ordinal, state.highest_ordinal, mark.ordinal if mark is not None else 0)
    opened = ChainState(
        node.entropy.random_bytes(EPOCH_BYTES),
        chain.epoch_ordinal if is_handover else node.high_water.reserve_ordinal(highest + 1),
        0,
        NO_HASH,
        EpochOrigin(*parent, int(reason)),
        is_writing_stopped=is_handover,
    )
    state = with_epoch(state, OwnEpoch(chain.epoch, chain.epoch_ordinal))
    highest = max(highest, opened.epoch_ordinal)
    save_rejoin(tx, replace(state, answered_mark=mark, highest_ordinal=highest, opened_ms=node.clock.now_ms()))
    tx.put_chain(opened)
    return opened


def take_lost(node: Node, tx: WriteTransaction, lost: Sequence[LostSet]) -> int:
    """Take back own sets that the hub returned, with what it decided about them.

    A value the hub returns a set without was erased since the backup was made: it goes here too, at once, because the
    order itself comes with a later page.

    Raises:
        NotAuthentic: a set of another node, a receipt for another set, or a set that does not continue what is known of
            its epoch; the caller must let the transaction end.
        Malformed: bytes that are no set or no receipt.

    Returns: how many were news.
    """
    news = 0
    touched: set[Key] = set()
    orders: list[tuple[RecordId, int]] = []
    hub = HubId(node.identity.hub_id)
    for one in lost:
        change_set = reread_set(one.message, hub)
        _check_own(node.identity, change_set)
        verdict = _verdict(node.identity, change_set, one.receipt)
        if _is_known(tx, change_set):
            continue
        news += 1
        touched |= _store_lost(tx, change_set, one, verdict)
        take_change(node, tx, change_set, verdict)
        orders += _erased_since(change_set, one.opening)
    touched |= apply_erasures(tx, hub, orders)
    reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, sorted(touched))
    return news


def note_hub_heads(tx: WriteTransaction, held: Sequence[EpochHead]) -> None:
    """Remember what the hub holds of this node: the parent of an epoch after a fork, and the ordinals in use."""
    if not held:
        return
    newest = held[0]
    state = load_rejoin(tx)
    highest = max(state.highest_ordinal, *(one.ordinal for one in held))
    head = OwnEpoch(newest.epoch, newest.ordinal, newest.head_seq, newest.head_hash)
    if (state.hub_newest, state.highest_ordinal) != (head, highest):
        save_rejoin(tx, replace(state, hub_newest=head, highest_ordinal=highest))


def lacks_nothing(tx: ReadTransaction, held: Sequence[EpochHead]) -> bool:
    """Whether every own set that the hub holds is here."""
    state = load_rejoin(tx)
    return all(head_of(tx, state, one.epoch).seq >= one.head_seq for one in held)


def finish_rejoin(node: Node, tx: WriteTransaction, mark: HighWaterMark | None) -> None:
    """Everything the hub holds is back: go on in a new epoch, and open for writing."""
    note_reconciled(tx)
    open_epoch(node, tx, EpochReason.RESTORED, mark, _parent(_chain(tx), mark))


def note_seal_due(tx: WriteTransaction) -> None:
    """What waits is sealed under keys that count no more: `emit_again` has to follow."""
    save_rejoin(tx, replace(load_rejoin(tx), is_seal_due=True))


def note_reconciled(tx: WriteTransaction) -> None:
    """What was lost before an epoch was opened without a line is back."""
    state = load_rejoin(tx)
    if state.is_unreconciled or state.restored_ms is not None:
        save_rejoin(tx, replace(state, is_unreconciled=False, restored_ms=None))


def _parent(chain: ChainState, mark: HighWaterMark | None) -> tuple[bytes, int, bytes]:
    """What an epoch opened now continues: what left this machine, or the log; an epoch without a set is passed over."""
    if mark is not None and mark.epoch == chain.epoch and mark.seq > chain.seq:
        return mark.epoch, mark.seq, mark.set_hash
    if chain.seq == 0:
        return chain.origin.parent_epoch, chain.origin.parent_seq, chain.origin.parent_hash
    return chain.epoch, chain.seq, chain.set_hash


def _hub_head(state: RejoinState) -> tuple[bytes, int, bytes] | None:
    """The newest epoch the hub holds of this node, and its head."""
    held = state.hub_newest
    return None if held is None else (held.epoch, held.seq, held.set_hash)


def _sealed_anew(identity: Identity, chain: ChainState, feed: FeedState, one: LoggedSet, signer: Signer) -> LoggedSet:
    """The same set at the next place of a chain; what its author had seen stays as it was."""
    header = reread_set(one.message, HubId(identity.hub_id)).header
    link = next_link(identity, chain, feed, header.wall_ms)
    link = replace(link, hub_epoch=header.hub_epoch, hub_position=header.hub_position)
    message = seal_set(header.ops, header.nonce, link, signer)
    set_hash = envelope_hash(read_envelope(message), Purpose.CHANGESET, HubId(link.hub_id))
    return replace(one, epoch=chain.epoch, seq=link.seq, set_hash=set_hash, message=message, is_sent=False)


def _is_known(tx: WriteTransaction, change_set: ChangeSet) -> bool:
    """Whether a set that came back is here already; where it stands elsewhere in the log, its place counts as read.

    Raises:
        NotAuthentic: another set stands at its place, or its place does not continue what is known of its epoch.
    """
    header = change_set.header
    state = load_rejoin(tx)
    here = tx.set_at(header.epoch, header.seq)
    if here is not None:
        if here.set_hash != change_set.set_hash:
            raise NotAuthentic(Reason.FORK, "another set stands at the place of one that came back")
        return True
    head = head_of(tx, state, header.epoch)
    if header.seq <= head.seq:
        return True
    if header.seq != head.seq + 1 or (head.seq and header.prev != head.set_hash):
        raise NotAuthentic(Reason.GAP, "a set that came back does not continue its epoch")
    save_rejoin(tx, with_epoch(state, OwnEpoch(header.epoch, header.epoch_ordinal, header.seq, change_set.set_hash)))
    return False


def _store_lost(tx: WriteTransaction, change_set: ChangeSet, lost: LostSet, verdict: SetVerdict) -> set[Key]:
    """Append a set that came back to the log, unless it stands there at another place; then keep the verdict alone."""
    keys = [(op.kind, RecordId(op.record)) for op in change_set.ops]
    known = tx.set_by_nonce(change_set.nonce)
    if known is not None:
        log_id = known.log_id
        is_news = known.verdict is None or known.verdict.position < verdict.position
    else:
        header = change_set.header
        logged = LoggedSet(
            0,
            header.nonce,
            header.epoch,
            header.seq,
            change_set.set_hash,
            lost.message,
            lost.opening,
            has_secret_seal(change_set.ops),
            verdict.time_ms,
            is_sent=True,
        )
        log_id, is_news = tx.append_set(logged, keys), True
    if is_news:
        tx.put_verdict(log_id, verdict)
        tx.put_receipt(log_id, lost.receipt)
    return set(keys)


def _erased_since(change_set: ChangeSet, opening: bytes) -> list[tuple[RecordId, int]]:
    """What the hub had erased of a set when it returned it, as orders."""
    values = parse_opening(opening, change_set.ops).values
    gone = [place for place in seal_places(change_set.ops) if place not in values]
    return [(RecordId(change_set.ops[place.op_index].record), 1 << (place.group - 1)) for place in gone]


def _verdict(identity: Identity, change_set: ChangeSet, message: bytes) -> SetVerdict:
    receipt = open_frame(message, Receipt, identity.hub_signing_key, Purpose.RECEIPT, identity.hub_id)
    if receipt.nonce != change_set.nonce:
        raise NotAuthentic(Reason.BAD_SIGNATURE, "a receipt for another set")
    voids = {void.index: void.reason for void in receipt.voids}
    code = Verdict(receipt.verdict)
    return SetVerdict(code, receipt.reason, receipt.position, receipt.time_ms, voids, receipt.conflicts)


def _check_own(identity: Identity, change_set: ChangeSet) -> None:
    header = change_set.header
    if header.node_id != identity.node_id or header.dealer_id != identity.dealer_id:
        raise NotAuthentic(Reason.UNKNOWN_NODE, "a set of another node")


def _chain(tx: ReadTransaction) -> ChainState:
    chain = tx.chain()
    if chain is None:
        raise NotEnrolled("no chain")
    return chain


def _feed(tx: ReadTransaction) -> FeedState:
    feed = tx.feed()
    if feed is None:
        raise NotEnrolled("no cursor")
    return feed
