"""Hello: where a node stands, and what the hub holds of its chain.

Decides which of four situations a node is in, what it gets back, and what the hub remembers of it. Who is asking was
proved before (`sessions`), which also adds the token. A hello never changes a chain.

    situation     when                                                       the node then
    ------------  ---------------------------------------------------------  -------------------------------------------
    go            its head is ours, ahead of ours, or of an epoch we do not  pushes on behind `held_seq`
                  know yet
    rolled back   we hold more of its epoch than it does                     takes its lost sets, opens a new epoch
    fork          it holds another set at a seq we know                      opens a new epoch, re-emits the rest
    superseded    a newer epoch of the same node is open                     stops writing: another copy has taken over
"""

from dataclasses import dataclass

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOST_SETS_BYTES_MAX, LOST_SETS_MAX
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import EpochRow, HelloRow, LogRow, NodeStatusRow
from carnet_protocol.chain import NO_HEAD, ChainHead
from carnet_protocol.changeset import set_bytes
from carnet_protocol.limits import NAME_CHARS_MAX
from carnet_protocol.messages import MESSAGE_VERSION, HelloAnswer, HelloRequest, Situation
from carnet_protocol.reasons import Reason

_BACKUP_SETTING = "backup_position"


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
        standing = judge_standing(transaction, request)
        transaction.put([_status(request, standing, now_ms)])
        transaction.put([HelloRow(request.node_id, now_ms, message)])
        lost = _lost_sets(hub, transaction, request) if standing.situation is Situation.ROLLED_BACK else []
        position = transaction.head().position
        backup = int.from_bytes(transaction.setting(_BACKUP_SETTING) or b"", "big")
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
        now_ms - request.wall_ms,
        backup,
        b"",
        0,
        now_ms,
    )


def judge_standing(snapshot: Snapshot, request: HelloRequest) -> Standing:
    """Which situation a node's head is in, against what the hub holds."""
    epochs = {row.epoch: row for row in snapshot.epochs([request.node_id])}
    own = epochs.get(request.epoch)
    held = ChainHead(own.head_seq, own.head_hash) if own is not None else NO_HEAD
    if own is not None and _is_superseded(own, epochs):
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


def _is_superseded(own: EpochRow, epochs: dict[bytes, EpochRow]) -> bool:
    return any(row.opened_at > own.opened_at for row in epochs.values())


def _status(request: HelloRequest, standing: Standing, now_ms: int) -> NodeStatusRow:
    return NodeStatusRow(
        request.node_id,
        now_ms,
        now_ms - request.wall_ms,
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


def _lost_sets(hub: Hub, snapshot: Snapshot, request: HelloRequest) -> list[tuple[bytes, bytes]]:
    """The node's own sets behind its head, oldest first, as many as one answer carries."""
    places = snapshot.chain_after(request.node_id, request.epoch, request.head_seq, LOST_SETS_MAX)
    rows = snapshot.log_rows([place.position for place in places])
    lost: list[tuple[bytes, bytes]] = []
    room = LOST_SETS_BYTES_MAX
    for place in places:
        row = rows[place.position]
        one = (row.message or b"", _opening_of(hub, snapshot, row, is_repeat=place.is_repeat))
        room -= set_bytes(*one)
        if lost and room < 0:
            break
        lost.append(one)
    return lost


def _opening_of(hub: Hub, snapshot: Snapshot, row: LogRow, *, is_repeat: bool) -> bytes:
    """The personal values beside a set; a re-emitted set's lie with its first arrival."""
    if is_repeat:
        admission = snapshot.admissions([row.nonce])[row.nonce]
        row = snapshot.log_rows([admission.stored_at])[admission.stored_at]
    return plain_opening(hub.box, row.opening, row.nonce)
