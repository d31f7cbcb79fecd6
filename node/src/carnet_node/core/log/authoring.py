"""One local transaction: drafts become ops, a sealed change set, a log row and folded tables, all or nothing.

Decides the order of these steps and who may write what from this node. The link to the set before is read inside the
write transaction, so a service and a command line can run side by side. `based_on` is taken as the caller read it and
never refreshed. Does not decide what the drafts are (`commands`) nor how they fold (`overlay`, the protocol's `fold`).

    drafts, who did it (`acting`) -> build_ops (seed from entropy) -> seal_set (link read here) -> log, projections
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carnet_node.core.failures import KeysUnreadable, NotEnrolled
from carnet_node.core.limits import INSTANT_MS_MAX
from carnet_node.core.log.acting import action_draft, check_acting
from carnet_node.core.log.projecting import OwnWork, own_settled, reproject
from carnet_node.core.log.read_before import as_read
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import (
    OWN_KEY_ID,
    ChainState,
    FeedState,
    Identity,
    LoggedSet,
    Mark,
    Projection,
    StoredRecord,
)
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.store_failures import Rejoining, WritingStopped
from carnet_protocol import limits
from carnet_protocol.changeset import Draft, EpochOrigin, Link, build_ops, seal_set, set_bytes
from carnet_protocol.envelope import Purpose, Signer, envelope_hash, read_envelope
from carnet_protocol.errors import Malformed, NotAllowed
from carnet_protocol.fold import fold_write
from carnet_protocol.ids import NO_HASH, NONCE_BYTES, HubId, Nonce, OpId, RecordId, op_id
from carnet_protocol.ops import Action, Op, encode_ops
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup, Kind, Writer
from carnet_protocol.resolvers import show
from carnet_protocol.seals import SEED_BYTES
from carnet_protocol.state import EMPTY, Entries
from carnet_protocol.writes import Write


@dataclass(frozen=True, slots=True)
class SealedSet:
    """What a commit made.

    Attributes:
        ops: op ids in the order of the drafts the caller gave.
        size_bytes: envelope and opening.
    """

    nonce: Nonce
    epoch: bytes
    seq: int
    set_hash: bytes
    ops: tuple[OpId, ...]
    size_bytes: int


def begin_chain(tx: WriteTransaction, identity: Identity, *, epoch: bytes, hub_epoch: bytes) -> None:
    """Make an enrolled node able to write: identity, an empty first epoch, a cursor at the beginning.

    Args:
        epoch: 8 random bytes.
        hub_epoch: 8 bytes the hub stated at enrolment.
    """
    tx.put_identity(identity)
    tx.put_chain(ChainState(epoch, 1, 0, NO_HASH, EpochOrigin(bytes(8), 0, NO_HASH, 0)))
    tx.put_feed(FeedState(hub_epoch))


def commit(node: Node, drafts: Sequence[Draft]) -> SealedSet:
    """Seal drafts, log them and fold them, in a transaction of their own.

    Args:
        drafts: 1 to 500; `based_on` as read by the author.

    Raises:
        Refused: a draft the registry, the size bounds or the writer rules do not allow; nothing was written.
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing was written.
    """
    with node.store.write() as tx:
        return commit_within(node, tx, drafts)


def commit_within(
    node: Node, tx: WriteTransaction, drafts: Sequence[Draft], *, nonce: Nonce | None = None
) -> SealedSet:
    """As `commit`, inside a transaction the caller has begun; the caller must let an exception end it.

    Args:
        nonce: of `draw_nonce`, where a draft builds on an earlier one of the same set; None to draw it here.
    """
    chain, feed = _writable(tx)
    check_acting(node, tx, drafts)
    asked = len(drafts)
    stored = {(draft.kind.number, draft.record): _standing(tx, draft) for draft in drafts}
    for draft in drafts:
        check_writer(draft, stored[draft.kind.number, draft.record], node.identity)
        _check_erased(tx, draft)
    seed = node.entropy.random_bytes(SEED_BYTES)
    nonce = nonce or draw_nonce(node)
    if node.acting is not None:
        drafts = (*drafts, action_draft(node.acting, nonce, drafts, node.clock.now_ms()))
        stored[drafts[-1].kind.number, drafts[-1].record] = None
    ops, opening = build_ops(tuple(drafts), seed)
    wall_ms = min(max(node.clock.now_ms(), -INSTANT_MS_MAX), INSTANT_MS_MAX)
    link = as_read(tx, next_link(node.identity, chain, feed, wall_ms))
    message = seal_set(encode_ops(ops), nonce, link, signer_of(node, tx))
    if set_bytes(message, opening) > limits.SET_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, f"a set of {set_bytes(message, opening)} bytes")
    set_hash = envelope_hash(read_envelope(message), Purpose.CHANGESET, HubId(link.hub_id))
    time_ms = wall_ms + feed.clock_offset_ms
    logged = LoggedSet(0, nonce, chain.epoch, link.seq, set_hash, message, opening, has_secret_seal(ops), time_ms)
    tx.append_set(logged, [(op.kind, RecordId(op.record)) for op in ops])
    op_ids = tuple(op_id(nonce, index) for index in range(len(drafts)))
    writes = [_write_of(draft, one, time_ms, node.identity) for draft, one in zip(drafts, op_ids, strict=True)]
    _fold_all(node, tx, drafts, writes, stored)
    return SealedSet(nonce, chain.epoch, link.seq, set_hash, op_ids[:asked], set_bytes(message, opening))


def draw_nonce(node: Node) -> Nonce:
    """The identity of the next set, for drafts that name each other; never used for two sets."""
    return Nonce(node.entropy.random_bytes(NONCE_BYTES))


def signer_of(node: Node, tx: ReadTransaction) -> Signer:
    """The key that signs the next set: the one the database names, which another process may just have changed.

    Raises:
        KeysUnreadable: it is not in the folder of keys.
    """
    key_id = tx.setting(OWN_KEY_ID)
    if key_id is None or key_id == node.signer.key_id:
        return node.signer
    found = node.find_signer(key_id)
    if found is None:
        raise KeysUnreadable("signing.key", "this database goes on with another key, which is not here any more")
    return found


def check_writer(draft: Draft, stored: StoredRecord | None, identity: Identity) -> None:
    """Refuse what the hub would refuse anyway, while the author still stands at the desk.

    Raises:
        NotAllowed: a kind only the hub writes, or a record of another site.
    """
    if draft.kind.writer is Writer.HUB:
        raise NotAllowed(Reason.HUB_ONLY, draft.kind.name)
    is_foreign = stored is not None and stored.owner != identity.dealer_id
    if draft.kind.writer is Writer.OWNER_SITE and is_foreign:
        raise NotAllowed(Reason.FOREIGN_RECORD, draft.kind.name)


def _check_erased(tx: ReadTransaction, draft: Draft) -> None:
    """Refuse a personal value where an erasure would drop it unread, here, at the hub and everywhere.

    Raises:
        CommandRefused: with the field.
    """
    groups = {name: group for name in draft.values if (group := draft.kind.register_of(name).group) is not None}
    erased = tx.erased_groups(RecordId(draft.record)) if groups else 0
    for name, group in groups.items():
        if erased >> (group - 1) & 1:
            what = "This was erased from the record for good."
            raise refuse(name, ProblemCode.LOCKED, what, "Make a new record if it has to be kept again.")


def next_link(identity: Identity, chain: ChainState, feed: FeedState, wall_ms: int) -> Link:
    """Where the next set of a chain goes."""
    is_first = chain.seq == 0
    return Link(
        hub_id=identity.hub_id,
        dealer_id=identity.dealer_id,
        node_id=identity.node_id,
        epoch=chain.epoch,
        epoch_ordinal=chain.epoch_ordinal,
        seq=chain.seq + 1,
        prev=chain.origin.parent_hash if is_first else chain.set_hash,
        origin=chain.origin if is_first else None,
        hub_epoch=feed.hub_epoch,
        hub_position=feed.position,
        wall_ms=wall_ms,
    )


def has_secret_seal(ops: Sequence[Op]) -> bool:
    """Whether the opening of a set holds a secret value and is encrypted at rest."""
    return any(int(ErasureGroup.SECRET) in op.seals for op in ops)


def _writable(tx: ReadTransaction) -> tuple[ChainState, FeedState]:
    chain, feed = tx.chain(), tx.feed()
    if chain is None or feed is None:
        raise NotEnrolled("no chain")
    if chain.is_writing_stopped:
        raise WritingStopped("another copy of this node has taken over")
    if chain.is_rejoining:
        raise Rejoining("this database was restored")
    return chain, feed


def _standing(tx: ReadTransaction, draft: Draft) -> StoredRecord | None:
    """What stands here of a draft's record: its projection, or who owns a record of which only the base row is left."""
    record = RecordId(draft.record)
    stored = tx.record(draft.kind, record)
    base = None if stored is not None else tx.base(draft.kind.number, record)
    if base is None:
        return stored
    return StoredRecord(draft.kind, record, base.owner, EMPTY, Mark.NOTHING_OWN, False, base.is_evicted)


def _write_of(draft: Draft, one: OpId, time_ms: int, identity: Identity) -> Write:
    labels = draft.kind.labels
    is_delete = draft.action is Action.DELETE
    fields = None if is_delete else {labels[name]: value for name, value in draft.values.items()}
    return Write(one, time_ms, identity.dealer_id, fields, {}, draft.based_on)


def _fold_all(
    node: Node,
    tx: WriteTransaction,
    drafts: Sequence[Draft],
    writes: Sequence[Write],
    stored: dict[tuple[int, bytes], StoredRecord | None],
) -> None:
    """Fold each new op; by the short cut where it is exact, from log and base row otherwise."""
    work = OwnWork(tx, node.identity.hub_id)
    seen: set[tuple[int, bytes]] = set()
    for draft, write in zip(drafts, writes, strict=True):
        key = (draft.kind.number, draft.record)
        before = stored[key]
        if key in seen or not _is_on_live_heads(write, before):
            reproject(tx, work, node.identity, [(draft.kind.number, RecordId(draft.record))])
        else:
            _fold_on_top(tx, work, draft.kind, write, before or _nothing_yet(draft, node.identity))
        seen.add(key)


def _is_on_live_heads(write: Write, before: StoredRecord | None) -> bool:
    """Whether folding the op onto the present state equals folding the record anew.

    It does when everything read is still there (no void or unknown op to look through) and the mark hides nothing.
    """
    entries: Entries = EMPTY if before is None else before.entries
    live = {entry.op for entry in entries}
    return live.issuperset(write.based_on) and (before is None or before.mark is not Mark.REFUSED)


def _nothing_yet(draft: Draft, identity: Identity) -> StoredRecord:
    """What a new record is folded onto."""
    record = RecordId(draft.record)
    return StoredRecord(draft.kind, record, identity.dealer_id, EMPTY, Mark.NOTHING_OWN, False, False)


class _EarlierWork:
    """The standing own writes of a record, read from the log when the fold first asks for one."""

    def __init__(self, work: OwnWork, kind: int, record: RecordId) -> None:
        self._work, self._kind, self._record = work, kind, record
        self._found: dict[OpId, Write] | None = None

    def __call__(self, op: OpId) -> Write | None:
        if self._found is None:
            self._found = self._work.standing_on(self._kind, self._record)
        return self._found.get(op)


def _fold_on_top(tx: WriteTransaction, work: OwnWork, kind: Kind, write: Write, before: StoredRecord) -> None:
    record = before.record
    folded = fold_write(
        before.entries, write, _EarlierWork(work, kind.number, record) if len(write.based_on) > 1 else None
    )
    mark = Mark.PARKED if before.mark is Mark.PARKED else Mark.WAITING
    tx.put_projection(Projection(kind, record, before.owner, folded.entries, show(kind, folded.entries), mark))
    if folded.settled:
        known = [one for one in tx.settled_values(kind.number, record) if one.is_own]
        found = own_settled(kind, record, folded.settled)
        tx.replace_settled(kind.number, record, [*known, *found], is_own=True)
