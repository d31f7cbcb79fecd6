"""Who gets to see a record: anchors, assignments and places in feeds.

Decides, once a set is folded, where each touched record is anchored and into whose feed it goes; and, with every log
entry, from whose feed what expired is taken. Does not decide which site is assigned to a vehicle (`assigning`) nor what
of a record a reader may see (`feed` masks when a page is read).

    audience        goes to
    --------------  ---------------------------------------------------------------------------
    owner site      the owner
    assigned sites  the owner, and every site assigned to the vehicle the record is anchored to
    all sites       the broadcast feed

Rules:
- A vehicle is anchored to itself; a visit, a plate or a reading to the vehicle it names; a job or a line to the
  vehicle of its visit, so that it moves when the visit moves.
- With the assignment of a site to a vehicle, everything anchored there enters its feed. An assignment that opens no
  history carries the vehicle itself only.
- A site that writes another record it may not see (it lost access, or guessed an id) is sent it once, marked evicted.
- A site that is no longer concerned gets the record once more, marked evicted.
- A set of the hub's own goes, whole, to those who may read all of it: everybody (`entries.is_broadcast`), or the one
  site that owns every record in it. There it stands in the site's feed as kind 0.
"""

from collections.abc import Iterable, Set
from typing import Final, NamedTuple

from carnet_hub.core.at_rest import keep_settled
from carnet_hub.core.limits import EXPIRIES_PER_ENTRY_MAX
from carnet_hub.core.rows import EVERYBODY, AssignmentRow, FeedRow, LogRow, SettledRow
from carnet_hub.core.sets.assigning import (
    Ground,
    after_expiry,
    assign_author,
    end_taken_back,
    is_standing,
    opens_history,
)
from carnet_hub.core.sets.folding import Change, Folding, count_contests
from carnet_hub.core.sets.record_book import Key, RecordState, place_of
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.registry import Audience

HUB_SET: Final = 0
"""The kind under which a set of the hub's own stands in a site's feed, by its nonce; no record has it."""


class Move(NamedTuple):
    """A record and the vehicle it was anchored to before."""

    state: RecordState
    left: bytes | None


def append_entry(workspace: Workspace, row: LogRow) -> LogRow:
    """Add the next entry to the log; what has expired by then is taken from its sites.

    At most `EXPIRIES_PER_ENTRY_MAX` assignments end with one entry: a function of the log, so `rebuild` does the same.
    """
    workspace.append(row)
    for expired in workspace.book.expired(workspace.received_ms, EXPIRIES_PER_ENTRY_MAX):
        workspace.book.end_assignment(expired)
        remembered = after_expiry(expired, workspace.received_ms, row.position)
        if remembered is not None:
            workspace.book.assign(remembered)
        if expired.reason != Ground.LAPSED:
            _leave(workspace, expired, row.position)
    return row


def apply_folding(workspace: Workspace, folding: Folding, *, author: bytes, position: int) -> None:
    """Make a folding the state of its records and route them.

    Args:
        workspace: changed in memory.
        author: dealer site or hub.
        position: of the log entry that folds the set.
    """
    moves = [_apply(workspace, change, author, position) for change in folding.changes.values()]
    workspace.remember(folding.writes)
    moves += _move_heirs(workspace, moves, folding.changes.keys(), position)
    if author != workspace.hub.hub_id:
        assigned = assign_author(workspace, author, _by_vehicle(moves), position)
        for expired in assigned.closed:
            _leave(workspace, expired, position)
        for vehicle in assigned.opened:
            _enter(workspace, author, vehicle, folding.changes.keys(), position)
    for ended in end_taken_back(workspace, [move.state for move in moves], position):
        _leave(workspace, ended, position)
    for move in moves:
        route(workspace, move, position)
    _turn_away(workspace, author, folding.changes.values(), position)


def hand_to_owner(workspace: Workspace, nonce: bytes, folding: Folding, position: int) -> None:
    """Give a set of the hub's own to the site that owns every record in it, to keep for a hub that was restored.

    Args:
        nonce: of the set; not one for everybody.
        position: of the log entry that folded it.
    """
    owners = {workspace.book.owner(key) for key in folding.changes}
    owner = owners.pop() if len(owners) == 1 else None
    if owner is not None and owner != workspace.hub.hub_id:
        place = place_of(position, (HUB_SET, nonce))
        workspace.book.feed(FeedRow(owner, HUB_SET, nonce, place, False))


def route(workspace: Workspace, move: Move, position: int) -> None:
    """Give a record its new place in every feed it belongs to, and evict it from those it left."""
    state = move.state
    place = place_of(position, state.key)
    audience = audience_of(workspace, state)
    for dealer in audience:
        workspace.book.feed(FeedRow(dealer, state.rules.number, state.id, place, False))
    if move.left is not None and move.left != state.anchor:
        workspace.history.note_left(move.left, state.key)
        sites = {dealer for dealer, row in workspace.book.assignments(move.left).items() if opens_history(row)}
        for dealer in sorted(sites - set(audience)):
            workspace.book.feed(FeedRow(dealer, state.rules.number, state.id, place, True))


def touch(workspace: Workspace, state: RecordState, position: int) -> None:
    """A record changed without a write of its own (an erasure, an exclusion): it is sent again."""
    state.changed = position
    state.contests = count_contests(state.rules.kind, state.entries)
    workspace.book.put(state)
    route(workspace, Move(state, state.anchor), position)


def audience_of(workspace: Workspace, state: RecordState) -> list[bytes]:
    """The feeds a record belongs to."""
    rules = state.rules
    if rules.audience is Audience.ALL:
        return [EVERYBODY]
    hub_id, now_ms = workspace.hub.hub_id, workspace.received_ms
    dealers = [state.owner] if state.owner != hub_id else []
    if rules.audience is Audience.ASSIGNED and state.anchor is not None:
        for dealer, row in workspace.book.assignments(state.anchor).items():
            if dealer != state.owner and is_standing(row, now_ms) and (rules.is_anchor or opens_history(row)):
                dealers.append(dealer)
        dealers.sort()
    return dealers


def _apply(workspace: Workspace, change: Change, author: bytes, position: int) -> Move:
    state = change.before
    if state is None:
        owner = workspace.history.founders.get(change.key, author)
        state = RecordState(change.key, change.rules, owner, change.entries, position, None, None, 0)
    state.entries = change.entries
    state.changed = position
    state.contests = count_contests(change.rules.kind, change.entries)
    left = state.anchor
    _anchor(workspace, state, change)
    workspace.book.put(state)
    for one in change.settled:
        kept = keep_settled(workspace.hub.box, change.rules, change.key[1], one.overruled)
        row = SettledRow(*change.key, one.register, one.overruled.op, one.by, position, kept)
        workspace.book.settle(row)
    return Move(state, left)


def _anchor(workspace: Workspace, state: RecordState, change: Change) -> None:
    """Work out anchor and parent where a write may have changed them."""
    rules = state.rules
    if rules.is_anchor:
        workspace.book.move(state, anchor=state.id, parent=None)
    if rules.anchor_label is not None:
        anchor = _named_now(state, change, rules.anchor_label, state.anchor)
        workspace.book.move(state, anchor=anchor, parent=_named_now(state, change, rules.person_label, state.parent))
        return
    label = rules.parent_label
    if label is None or not _may_name(change, label):
        return
    parent = _named(state, label) or state.parent
    anchor = state.anchor
    if rules.inherits_anchor and parent is not None and rules.parent_number is not None:
        lender = workspace.book.state((rules.parent_number, parent))
        anchor = lender.anchor if lender is not None else None
    workspace.book.move(state, anchor=anchor, parent=parent)


def _may_name(change: Change, label: int) -> bool:
    """Whether a write may have changed what a record shows under a label."""
    return change.before is None or not change.registers or label >> 3 in change.registers


def _named_now(state: RecordState, change: Change, label: int | None, before: bytes | None) -> bytes | None:
    """The reference under a label after a write; what it was before when the record shows none."""
    if label is None or not _may_name(change, label):
        return before
    return _named(state, label) or before


def _named(state: RecordState, label: int) -> bytes | None:
    """The reference that a record shows under a label; None for none."""
    value = state.shown(label)
    return value if isinstance(value, bytes) else None


def _turn_away(workspace: Workspace, author: bytes, changes: Iterable[Change], position: int) -> None:
    """Tell a site that wrote a record of others which it may not see: its op counts, the record stays closed to it."""
    for change in changes:
        if change.before is None or change.before.owner == author or change.rules.audience is not Audience.ASSIGNED:
            continue
        if author != workspace.hub.hub_id and author not in audience_of(workspace, change.before):
            workspace.book.feed(FeedRow(author, *change.key, place_of(position, change.key), True))


def _move_heirs(workspace: Workspace, moves: list[Move], present: Set[Key], position: int) -> list[Move]:
    """Records that inherit the anchor of one that moved follow it; those of the set itself are there already."""
    moved: list[Move] = []
    for move in moves:
        if not move.state.rules.lends_anchor or move.left == move.state.anchor:
            continue
        for heir in workspace.book.children(move.state.id):
            if not heir.rules.inherits_anchor or heir.anchor == move.state.anchor:
                continue
            left = heir.anchor
            workspace.book.move(heir, anchor=move.state.anchor, parent=heir.parent)
            workspace.book.put(heir)
            if heir.key not in present:
                heir.changed = position
                moved.append(Move(heir, left))
    return moved


def _by_vehicle(moves: list[Move]) -> dict[bytes, list[RecordState]]:
    """The records of a set by the vehicle they are anchored to now."""
    found: dict[bytes, list[RecordState]] = {}
    for move in moves:
        if move.state.anchor is not None:
            found.setdefault(move.state.anchor, []).append(move.state)
    return found


def _leave(workspace: Workspace, ended: AssignmentRow, position: int) -> None:
    """What a site received by an assignment, and does not own, leaves its feed."""
    keys = [
        key for key in workspace.book.anchored(ended.vehicle_id) if opens_history(ended) or key[1] == ended.vehicle_id
    ]
    workspace.book.load(keys)
    for key in keys:
        state = workspace.book.state(key)
        if state is not None and ended.dealer_id not in audience_of(workspace, state):
            place = place_of(position, key)
            workspace.book.feed(FeedRow(ended.dealer_id, *key, place, True))


def _enter(workspace: Workspace, dealer: bytes, vehicle: bytes, present: Set[Key], position: int) -> None:
    """Everything anchored to a vehicle enters one dealer's feed; what the set itself wrote is routed anyway."""
    for kind, record in workspace.book.anchored(vehicle):
        if (kind, record) in present:
            continue
        workspace.book.feed(FeedRow(dealer, kind, record, place_of(position, (kind, record)), False))
