"""Feed pages: what a node gets when it asks what has changed.

Decides what stands in one page: the next records of the node's dealer and of the broadcast feed; the hub's own sets for
everybody and for this dealer; the outcomes of the node's own sets. All of it is read in one snapshot, whose position P
the page carries. Does not decide when a node asks, nor who it is (the session's business).

Rules:
- An own op of the node is inside a row if and only if its set was folded at a position <= P. So a page carries rows
  only when no outcome up to P is left out; otherwise outcomes come first, alone, and the cursor stays.
- A cursor is a *place*: a log position and, in its low 20 bits, a number within it. A set may touch more records than a
  page holds. Asking with 0 is the snapshot; the last page's cursor covers everything up to P.
- Which values of a row the reader gets is `masking`'s question.
- A row of a record that the reader has been assigned away from is marked evicted and carries nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from carnet_hub.core.at_rest import plain_entries, plain_opening, plain_settled
from carnet_hub.core.cursors import end_of, position_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.golden import entry_of, golden_for, read_clusters
from carnet_hub.core.limits import GOLDEN_ROW_BYTES, PAGE_HUB_SETS_MAX, SETTLED_PER_ROW_MAX
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import EVERYBODY, FeedRow, LogRow, Node, RecordRow, SettledRow
from carnet_hub.core.sets.intake import check_welcome
from carnet_hub.core.sets.masking import NOBODY, entries_for, owner_for, veiled_records
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.sets.receipts import outcome_of
from carnet_hub.core.sets.routing import HUB_SET
from carnet_protocol import limits
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import OutOfOrder
from carnet_protocol.kinds import GOLDEN
from carnet_protocol.messages import MESSAGE_VERSION, HubSet, Outcome, Page, PageRow, sign_frame
from carnet_protocol.messages import SettledRow as WireSettled
from carnet_protocol.reasons import Reason
from carnet_protocol.state import entries_to_wire

_ROW_OVERHEAD_BYTES = 96
"""What a row costs beside its values: ids, positions, framing."""


@dataclass(frozen=True, slots=True)
class _Item:
    """Something a page may carry, at its place."""

    place: int
    size: int
    row: PageRow | None
    hub_set: HubSet | None


def read_page(
    hub: Hub,
    node: Node,
    *,
    cursor: int,
    hub_epoch: bytes,
    outcomes_after: int,
    rows_max: int = limits.PAGE_ROWS_MAX,
) -> bytes:
    """The next signed page for a node.

    Args:
        node: who asks, authenticated by its session.
        cursor: from the last page, 0 for everything.
        hub_epoch: the hub's history that the cursor belongs to.
        outcomes_after: position up to which the node knows the outcomes of its own sets.
        rows_max: 1 to `PAGE_ROWS_MAX`.

    Raises:
        NotAllowed: the node or its site is suspended.
        OutOfOrder: the cursor belongs to another history of the hub.
        StoreError: see `ports` and `present`.
    """
    check_welcome(node)
    if cursor and hub_epoch != hub.hub_epoch:
        raise OutOfOrder(Reason.HUB_EPOCH_CHANGED, "the cursor belongs to another history")
    rows_max = max(1, min(rows_max, limits.PAGE_ROWS_MAX))
    with hub.store.read() as snapshot:
        require_present(hub, snapshot)
        position = snapshot.head().position
        outcomes, is_complete = _outcomes(snapshot, node, outcomes_after, position)
        if is_complete:
            items, cursor_to = _next_items(hub, snapshot, node, cursor=cursor, position=position, rows_max=rows_max)
        else:
            items, cursor_to = [], cursor
    page = Page(
        MESSAGE_VERSION,
        hub.hub_epoch,
        node.dealer_id,
        node.node_id,
        cursor,
        max(cursor, cursor_to),
        position,
        is_complete and cursor_to >= end_of(position),
        [item.row for item in items if item.row is not None],
        outcomes,
        [item.hub_set for item in items if item.hub_set is not None],
    )
    return sign_frame(page, Purpose.FEED, hub.hub_id, hub.signer)


def has_news(hub: Hub, node: Node, *, cursor: int, outcomes_after: int) -> bool:
    """Whether a page would carry anything: the cheap question behind a long poll."""
    with hub.store.read() as snapshot:
        position = snapshot.head().position
        if position <= position_of(cursor) and position <= outcomes_after:
            return False
        return bool(
            snapshot.feed((node.dealer_id, EVERYBODY), cursor, 1)
            or snapshot.outcomes(node.node_id, outcomes_after, position, 1)
        )


def _outcomes(snapshot: Snapshot, node: Node, after: int, position: int) -> tuple[list[Outcome], bool]:
    """What became of the node's own sets, and whether that is all."""
    found = snapshot.outcomes(node.node_id, after, position, limits.PAGE_OUTCOMES_MAX + 1)
    is_complete = len(found) <= limits.PAGE_OUTCOMES_MAX
    return [outcome_of(row) for row in found[: limits.PAGE_OUTCOMES_MAX]], is_complete


def _next_items(
    hub: Hub, snapshot: Snapshot, node: Node, *, cursor: int, position: int, rows_max: int
) -> tuple[list[_Item], int]:
    """The items of a page in the order of their places, and the cursor behind them."""
    feed, end = _whole_places(snapshot, node, cursor, rows_max)
    first = position_of(cursor) - (cursor < end_of(position_of(cursor)))
    sets = snapshot.hub_sets(first, position, PAGE_HUB_SETS_MAX + 1)
    horizon = end_of(position) if end is None else end
    if len(sets) > PAGE_HUB_SETS_MAX:
        horizon = min(horizon, end_of(sets[PAGE_HUB_SETS_MAX - 1].position))
    items = [*_rows(hub, snapshot, node, feed), *_hub_sets(hub, sets[:PAGE_HUB_SETS_MAX])]
    items += _addressed(hub, snapshot, [one for one in feed if one.kind == HUB_SET])
    taken: list[_Item] = []
    room = limits.BATCH_BYTES_MAX
    for item in sorted((item for item in items if item.place <= horizon), key=lambda item: item.place):
        room -= item.size
        if taken and room < 0 and item.place != taken[-1].place:
            return taken, taken[-1].place
        taken.append(item)
    return taken, horizon


def _whole_places(snapshot: Snapshot, node: Node, cursor: int, rows_max: int) -> tuple[list[FeedRow], int | None]:
    """The next rows of a node's feed, all that share a place together, and the last place when more are waiting."""
    limit = rows_max + 1
    feed = snapshot.feed((node.dealer_id, EVERYBODY), cursor, limit)
    while len(feed) == limit and feed[0].place == feed[-1].place:
        limit *= 2
        feed = snapshot.feed((node.dealer_id, EVERYBODY), cursor, limit)
    if len(feed) < limit:
        return feed, None
    whole = [row for row in feed if row.place != feed[-1].place]
    return whole, whole[-1].place


def _hub_sets(hub: Hub, sets: Iterable[LogRow]) -> list[_Item]:
    """The hub's sets for everybody, each at the last place of its position."""
    return [_set_item(hub, row, end_of(row.position)) for row in sets]


def _addressed(hub: Hub, snapshot: Snapshot, places: Iterable[FeedRow]) -> list[_Item]:
    """The hub's sets about records of the reader alone."""
    at = {one.id: one.place for one in places}
    stored = [row.stored_at for row in snapshot.admissions(at).values()]
    return [_set_item(hub, row, at[row.nonce]) for row in snapshot.log_rows(stored).values()]


def _set_item(hub: Hub, row: LogRow, place: int) -> _Item:
    opening = plain_opening(hub.box, row.opening, row.nonce)
    message = row.message or b""
    hub_set = HubSet(position_of(place), row.time_ms, message, opening)
    return _Item(place, len(message) + len(opening) + _ROW_OVERHEAD_BYTES, None, hub_set)


def _rows(hub: Hub, snapshot: Snapshot, node: Node, feed: list[FeedRow]) -> list[_Item]:
    by_kind: dict[int, list[bytes]] = {}
    for one in feed:
        if one.kind != GOLDEN.number:
            by_kind.setdefault(one.kind, []).append(one.id)
    records: dict[tuple[int, bytes], RecordRow] = {}
    settled: dict[tuple[int, bytes], list[SettledRow]] = {}
    for kind, ids in by_kind.items():
        records.update(((kind, record), row) for record, row in snapshot.records(kind, ids).items())
        for row in snapshot.settled(kind, ids):
            settled.setdefault((kind, row.id), []).append(row)
    veiled = veiled_records(hub, snapshot, node.dealer_id, records.values())
    items = []
    for one in feed:
        record = records.get((one.kind, one.id))
        if record is not None:
            is_veiled = one.id in veiled
            items.append(_item(hub, node, one, record, settled.get((one.kind, one.id), []), is_veiled=is_veiled))
    return items + _golden(hub, snapshot, node, [one for one in feed if one.kind == GOLDEN.number])


def _golden(hub: Hub, snapshot: Snapshot, node: Node, feed: list[FeedRow]) -> list[_Item]:
    """Golden records, made for their reader; one that is gone, or gone from this reader, evicted."""
    clusters = read_clusters(hub, snapshot, [one.id for one in feed if not one.is_evicted]) if feed else {}
    items = []
    for one in feed:
        changed, entries = position_of(one.place), []
        if one.id in clusters:
            read = golden_for(one.id, clusters[one.id], node.dealer_id)
            entries = entries_to_wire((entry_of(hub, read, node.dealer_id, position=changed),))
        row = PageRow(one.kind, one.id, hub.hub_id, changed, entries, [], not entries)
        items.append(_Item(one.place, GOLDEN_ROW_BYTES if entries else _ROW_OVERHEAD_BYTES, row, None))
    return items


def _item(
    hub: Hub, node: Node, place: FeedRow, record: RecordRow, settled: list[SettledRow], *, is_veiled: bool
) -> _Item:
    changed = position_of(place.place)
    if place.is_evicted:
        row = PageRow(record.kind, record.id, NOBODY, changed, [], [], True)
        return _Item(place.place, _ROW_OVERHEAD_BYTES, row, None)
    plain = plain_entries(hub.box, record.kind, record.id, record.entries)
    newest = settled[-SETTLED_PER_ROW_MAX:]
    row = PageRow(
        record.kind,
        record.id,
        owner_for(record, is_veiled=is_veiled),
        changed,
        entries_to_wire(entries_for(hub, node.dealer_id, record, plain, is_veiled=is_veiled)),
        [_wire_settled(hub, node, record, one, is_veiled=is_veiled) for one in newest],
        False,
    )
    size = len(record.entries) + sum(len(one.entry) for one in newest) + _ROW_OVERHEAD_BYTES
    return _Item(place.place, size, row, None)


def _wire_settled(hub: Hub, node: Node, record: RecordRow, row: SettledRow, *, is_veiled: bool) -> WireSettled:
    plain = (plain_settled(hub.box, row.kind, row.id, row.entry),)
    entries = entries_for(hub, node.dealer_id, record, plain, is_veiled=is_veiled)
    return WireSettled(row.register_no, list(_only(entries_to_wire(entries))), row.by)


def _only(wire: list[object]) -> Iterable[object]:
    one = wire[0]
    if not isinstance(one, list):
        raise AssertionError("an entry travels as an array")
    return one
