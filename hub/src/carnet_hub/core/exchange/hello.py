"""Hello: where a node stands, and what the hub holds of its chain.

Decides which of four situations a node is in, what it gets back, and what the hub remembers of it. Who is asking was
proved before (`sessions`), which also adds the token. A hello never changes a chain.

    situation     when                                                       the node then
    ------------  ---------------------------------------------------------  -------------------------------------------
    go            its head is ours, ahead of ours, or of an epoch we do not  pushes on behind `held_seq`
                  know yet
    rolled back   we hold more of its epoch than it does                     takes its lost sets, opens a new epoch
    fork          it holds another set at a seq we know                      opens a new epoch, re-emits the rest
    superseded    a newer epoch of the same node is open, or a new machine   stops writing: another copy has taken over
                  of its site goes on with its database (`succession`)

Rules:
- Newer means a higher ordinal, then opened later here. So an old stick with sets of an epoch that was left behind
  makes nobody superseded. An epoch that a superseded copy opened to hand its work over is never newer.
- Whatever the situation, but for a superseded copy, a node gets back what we hold beyond the heads it states, of every
  epoch: a restored node has lost whole epochs, and one that forked lacks what the other body was.
- A stick was packed before it came: it says nothing of the node's clock, and takes no newer hello's place (`hellos`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.exchange.succession import is_succeeded, note_succession
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOST_SETS_BYTES_MAX, LOST_SETS_MAX
from carnet_hub.core.log.restoring import BACKUP_POSITION
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import ChainRow, EpochRow, HelloRow, NodeStatusRow
from carnet_hub.core.sets.hellos import is_by_stick, is_newer, kept_hellos
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.sets.receipts import receipt_of
from carnet_protocol.chain import NO_HEAD, ChainHead
from carnet_protocol.changeset import EpochReason
from carnet_protocol.hello import EpochHead, HelloAnswer, HelloRequest, LostSet, Situation
from carnet_protocol.limits import EPOCHS_MAX, NAME_CHARS_MAX
from carnet_protocol.messages import (
    MESSAGE_VERSION,
)
from carnet_protocol.reasons import Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """What the hub holds of the epoch a node is in."""

    situation: Situation
    held: ChainHead


def answer_hello(hub: Hub, request: HelloRequest, message: bytes) -> HelloAnswer:
    """Tell a node where it stands and remember what it said.

    Args:
        request: authenticated; its node is enrolled and welcome.
        message: the same as the node signed it; kept as its receipt for what it has read.

    Raises:
        StoreBusy, StoreError: see `ports`; nothing was remembered.

    Returns: the answer with an empty token, for the session to complete.
    """
    now_ms = hub.clock.now_ms()
    with hub.store.write() as transaction:
        require_present(hub, transaction)
        note_succession(hub, transaction, request)
        standing = judge_standing(transaction, request)
        if _is_news(hub, transaction, request):
            transaction.put([_status(request, standing, now_ms, _clock_offset(transaction, request, now_ms))])
            transaction.put([HelloRow(request.node_id, now_ms, message)])
        held = _newest_first(transaction.epochs([request.node_id]))
        is_superseded = standing.situation is Situation.SUPERSEDED
        lost = [] if is_superseded else _lost_sets(hub, transaction, request, held)
        position = transaction.head().position
        backup = int.from_bytes(transaction.setting(BACKUP_POSITION) or b"", "big")
    return HelloAnswer(
        MESSAGE_VERSION,
        request.challenge,
        request.node_id,
        int(standing.situation),
        hub.hub_epoch,
        position,
        standing.held.seq,
        standing.held.set_hash,
        lost,
        [EpochHead(row.epoch, row.ordinal, row.head_seq, row.head_hash) for row in held],
        now_ms - request.wall_ms,
        backup,
        list(hub.known_histories),
        b"",
        0,
        now_ms,
    )


def judge_standing(snapshot: Snapshot, request: HelloRequest) -> Standing:
    """Which situation a node's head is in, against what the hub holds."""
    epochs = {row.epoch: row for row in snapshot.epochs([request.node_id])}
    own = epochs.get(request.epoch)
    held = ChainHead(own.head_seq, own.head_hash) if own is not None else NO_HEAD
    if _is_superseded(request, own, epochs) or is_succeeded(snapshot, request):
        return Standing(Situation.SUPERSEDED, held)
    if request.head_seq > held.seq or held.seq == 0:
        return Standing(Situation.GO, held)
    if request.head_seq:
        place = (request.node_id, request.epoch, request.head_seq)
        known = snapshot.chain_places([place]).get(place)
        if known is None or known.set_hash != request.head_hash:
            return Standing(Situation.FORK, held)
    return Standing(Situation.GO if request.head_seq == held.seq else Situation.ROLLED_BACK, held)


def note_failure(hub: Hub, node_id: bytes, reason: Reason) -> None:
    """Remember that an attempt of a known node was turned away, so that `nodes why` can say so.

    Args:
        node_id: of an enrolled node.
        reason: what it was told.
    """
    now_ms = hub.clock.now_ms()
    with hub.store.write() as transaction:
        known = transaction.statuses([node_id]).get(node_id)
        row = known or NodeStatusRow(node_id, 0, 0, int(Situation.GO), bytes(8), 0, 0, 0, 0, 0, "", 0, "", 0)
        transaction.put([row._replace(failures=row.failures + 1, last_failure=reason.value, last_failure_ms=now_ms)])


def _is_superseded(request: HelloRequest, own: EpochRow | None, epochs: dict[bytes, EpochRow]) -> bool:
    """Whether a newer epoch is open than the one a node says it writes.

    An epoch we do not know yet will be opened after all that we know: only its ordinal can be too low.
    """
    leading = [row for row in epochs.values() if row.reason != EpochReason.HUB_ASKED]
    if own is None:
        return any(row.ordinal > request.epoch_ordinal for row in leading)
    return any((row.ordinal, row.opened_at) > (own.ordinal, own.opened_at) for row in leading)


def _is_news(hub: Hub, transaction: Transaction, request: HelloRequest) -> bool:
    kept = transaction.hellos([request.node_id]) if is_by_stick(request) else ()
    return is_newer(hub, request, kept_hellos(hub, kept).get(request.node_id))


def _clock_offset(snapshot: Snapshot, request: HelloRequest, now_ms: int) -> int:
    """The hub's clock minus the node's, as the line has shown it: the way of a stick is no error of a clock."""
    if not is_by_stick(request):
        return now_ms - request.wall_ms
    known = snapshot.statuses([request.node_id]).get(request.node_id)
    return known.clock_offset_ms if known is not None else 0


def _status(request: HelloRequest, standing: Standing, now_ms: int, offset_ms: int) -> NodeStatusRow:
    return NodeStatusRow(
        request.node_id,
        now_ms,
        offset_ms,
        int(standing.situation),
        request.epoch,
        request.head_seq,
        request.cursor,
        request.unsent_sets,
        request.oldest_unsent_ms,
        request.schema,
        "".join(char for char in request.software[:NAME_CHARS_MAX] if char.isprintable()),
        0,
        "",
        0,
    )


def _newest_first(epochs: Sequence[EpochRow]) -> list[EpochRow]:
    """The epochs of a node that fit into an answer."""
    return sorted(epochs, key=lambda row: (row.ordinal, row.opened_at), reverse=True)[:EPOCHS_MAX]


def _lost_sets(hub: Hub, snapshot: Snapshot, request: HelloRequest, held: Sequence[EpochRow]) -> list[LostSet]:
    """The node's own sets beyond the heads it states, oldest epoch first, as many as one answer carries."""
    places = _lost_places(snapshot, request, held)
    rows = snapshot.log_rows([place.position for place in places])
    admissions = snapshot.admissions([place.nonce for place in places])
    decided = snapshot.log_rows([one.decided_at for one in admissions.values()])
    stored = snapshot.log_rows([admissions[place.nonce].stored_at for place in places if place.is_repeat])
    lost: list[LostSet] = []
    room = LOST_SETS_BYTES_MAX
    for place in places:
        admission = admissions[place.nonce]
        beside = stored[admission.stored_at] if place.is_repeat else rows[place.position]
        opening = plain_opening(hub.box, beside.opening, place.nonce)
        one = LostSet(rows[place.position].message or b"", opening, receipt_of(hub, decided[admission.decided_at]))
        room -= len(one.message) + len(one.opening) + len(one.receipt)
        if lost and room < 0:
            break
        lost.append(one)
    return lost


def _lost_places(snapshot: Snapshot, request: HelloRequest, held: Sequence[EpochRow]) -> list[ChainRow]:
    """Places of the node's chain beyond what it states; none of an epoch in which it states another set than ours."""
    stated = {one.epoch: (one.head_seq, one.head_hash) for one in request.closed}
    stated[request.epoch] = (request.head_seq, request.head_hash)
    places: list[ChainRow] = []
    for row in reversed(held):
        seq, set_hash = stated.get(row.epoch, (0, b""))
        if seq >= row.head_seq or len(places) >= LOST_SETS_MAX:
            continue
        place = (request.node_id, row.epoch, seq)
        known = snapshot.chain_places([place]).get(place) if seq else None
        if not seq or (known is not None and known.set_hash == set_hash):
            places += snapshot.chain_after(request.node_id, row.epoch, seq, LOST_SETS_MAX - len(places))
    return places
