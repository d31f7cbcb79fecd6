"""Excluding sets after a key was compromised: as if they had never had an effect.

Decides how folded sets are taken out of the state. The log keeps them, whole, with one EXCLUDE entry each; their ops
are void and transparent from the very beginning. That changes what was folded after them, so all projections are
folded again in the same transaction: rare, slow, and right. Which sets are suspect is the operator's decision.
"""

from collections.abc import Iterator, Sequence, Set

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.linking import follow_master, set_right
from carnet_hub.core.log.entries import Detail, pack_detail
from carnet_hub.core.rows import AssignmentRow, FeedRow, LogKind, LogRow, SetState
from carnet_hub.core.sets.assigning import Ground
from carnet_hub.core.sets.record_book import RecordState, place_of
from carnet_hub.core.sets.routing import Move, audience_of, route, touch
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.changeset import reread_set
from carnet_protocol.errors import NotAllowed
from carnet_protocol.messages import Verdict
from carnet_protocol.ops import Op
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Audience
from carnet_protocol.state import EMPTY


def log_exclusions(workspace: Workspace, nonces: Sequence[bytes], note: str) -> list[LogRow]:
    """Append one EXCLUDE entry per set.

    Args:
        nonces: of folded sets.
        note: why; kept in the log.

    Raises:
        NotAllowed: NOT_FOUND, one of them was never folded; or it is the hub's own.
    """
    return [_log_exclusion(workspace, nonce, note) for nonce in dict.fromkeys(nonces)]


def apply_exclusion(workspace: Workspace, row: LogRow) -> None:
    """Send every record that an excluded set had touched once more; its ops were left out from the start."""
    admission = workspace.ledger.admission(row.nonce)
    if admission is None:
        raise AssertionError("an exclusion without its set")
    decided = admission._replace(decided_at=row.position, state=int(SetState.EXCLUDED), void_count=admission.op_count)
    workspace.ledger.put_admission(decided)
    stored = workspace.entry(admission.stored_at)
    ops = reread_set(stored.message or b"", workspace.hub.hub_id).ops
    keys = dict.fromkeys((op.kind, op.record) for op in ops)
    for kind, record in keys:
        state = workspace.book.state((kind, record))
        if state is None:
            rules = workspace.hub.rules[kind]
            state = RecordState((kind, record), rules, row.dealer_id, EMPTY, row.position, None, None, 0)
            workspace.book.move(state, anchor=record if rules.is_anchor else None, parent=None)
        touch(workspace, state, row.position)
    _set_right(workspace, ops, row)
    follow_master(workspace, keys, row.position)
    set_right(workspace, _persons(workspace, ops), row.position)
    if row.position == workspace.history.last_exclusion:
        _share_again(workspace, row.position)


def _share_again(workspace: Workspace, position: int) -> None:
    """Send what the shares of days decide otherwise now that no excluded set counts: other cars, of other sets.

    A set that is gone leaves room on its day, and takes away what made a car known. So histories open in this fold that
    were put off, at places that nodes have read past, and others are put off that were open. Both are told here, once
    for all exclusions of the log, to the sites that wrote excluded sets or about their cars.
    """
    book, history = workspace.book, workspace.history
    vehicles = {one for named in history.led_to.values() for one in named}
    book.load_assignments(vehicles)
    sites = {site for some in history.misled.values() for site in some}.union(*map(book.assignments, vehicles))
    for row in [row for site in sorted(sites) for row in book.assignments_of(site)]:
        if row.reason == Ground.PUT_OFF or (row.is_shared and row.since >= history.first_excluded):
            _tell_again(workspace, row, position)


def _tell_again(workspace: Workspace, row: AssignmentRow, position: int) -> None:
    """Tell a site of everything that hangs on a car whether it is for it or not."""
    keys = workspace.book.anchored(row.vehicle_id)
    workspace.book.load(keys)
    for state in filter(None, map(workspace.book.state, keys)):
        if state.rules.audience is Audience.ASSIGNED:
            is_evicted = row.dealer_id not in audience_of(workspace, state)
            place = place_of(position, state.key)
            workspace.book.feed(FeedRow(row.dealer_id, state.rules.number, state.id, place, is_evicted))


def _set_right(workspace: Workspace, ops: Sequence[Op], row: LogRow) -> None:
    """Send what hangs on the cars of an excluded set once more, and take it from sites that had it by the set alone.

    In this fold the set never assigned a car to its author nor anchored anything anywhere, and neither did any other
    excluded set. So places in feeds lie elsewhere than where nodes have read past them, and nothing else would tell
    their nodes. A site that never received a record is told in vain. What has left such a car since is taken from the
    author as well: in this fold it never saw the record there, so nobody told it of the move.
    """
    book, misled, left = workspace.book, workspace.history.misled, workspace.history.left
    keys = dict.fromkeys((op.kind, op.record) for op in ops)
    touched = [state for key in keys if (state := book.state(key)) is not None]
    touched += [heir for state in touched if state.rules.lends_anchor for heir in book.children(state.id)]
    tied = [held.anchor for _, record in keys for held in book.children(record)]
    anchors = {anchor for anchor in (*tied, *(state.anchor for state in touched)) if anchor is not None}
    vehicles = sorted({*_vehicles_behind(workspace, ops, row.position), *anchors})
    sites = {row.dealer_id}.union(*({*book.assignments(one), *misled.get(one, ())} for one in vehicles))
    for state in touched:
        _evict_from(workspace, state, sites, row.position)
    for key in sorted({key for vehicle in vehicles for key in book.anchored(vehicle)}):
        anchored = book.state(key)
        if anchored is not None:
            route(workspace, Move(anchored, anchored.anchor), row.position)
            _evict_from(workspace, anchored, {row.dealer_id}, row.position)
    for key in sorted({key for vehicle in vehicles for key in left.get(vehicle, ())}):
        gone = book.state(key)
        if gone is not None:
            _evict_from(workspace, gone, {row.dealer_id}, row.position)


def _evict_from(workspace: Workspace, state: RecordState, sites: Set[bytes], position: int) -> None:
    """Tell those of some sites that may not see a record."""
    if state.rules.audience is not Audience.ASSIGNED:
        return
    for site in sorted(sites - set(audience_of(workspace, state))):
        place = place_of(position, state.key)
        workspace.book.feed(FeedRow(site, state.rules.number, state.id, place, True))


def _persons(workspace: Workspace, ops: Sequence[Op]) -> set[bytes]:
    """The customers that some excluded ops were about."""
    found: set[bytes] = set()
    for op in ops:
        rules = workspace.hub.rules[op.kind]
        label = rules.person_label if rules.anchor_label is not None else rules.parent_label
        named = op.fields.get(label) if rules.is_of_party and label is not None else op.record
        if rules.tells_of_party and isinstance(named, bytes):
            found.add(named)
    return found


def vehicles_named(hub: Hub, message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(record, vehicle) of every op of a set that is about a vehicle, or names one."""
    for op in reread_set(message, hub.hub_id).ops:
        rules = hub.rules[op.kind]
        named = op.fields.get(rules.anchor_label) if rules.anchor_label is not None else None
        if rules.is_anchor:
            yield op.record, op.record
        if isinstance(named, bytes):
            yield op.record, named


def vehicles_tied(hub: Hub, message: bytes, persons: Set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(person, vehicle) of every op that ties a vehicle to one of some customers: without them it has no effect."""
    for op in reread_set(message, hub.hub_id).ops:
        rules = hub.rules[op.kind]
        person = op.fields.get(rules.person_label) if rules.person_label is not None else None
        named = op.fields.get(rules.anchor_label) if rules.anchor_label is not None else None
        if isinstance(person, bytes) and isinstance(named, bytes) and person in persons:
            yield person, named


def _vehicles_behind(workspace: Workspace, ops: Sequence[Op], position: int) -> Iterator[bytes]:
    """The vehicles that some excluded ops led to: they named them, belong to what was about them, or own them."""
    led_to, tied = workspace.history.led_to, workspace.history.tied
    for op in ops:
        rules = workspace.hub.rules[op.kind]
        yield from led_to.get(op.record, ())
        yield from (vehicle for vehicle, first in tied.get(op.record, {}).items() if first < position)
        parent = op.fields.get(rules.parent_label) if rules.parent_label is not None else None
        if isinstance(parent, bytes) and rules.parent_number is not None:
            yield from led_to.get(parent, ())
            lender = workspace.book.state((rules.parent_number, parent))
            if lender is not None and lender.anchor is not None:
                yield lender.anchor


def _log_exclusion(workspace: Workspace, nonce: bytes, note: str) -> LogRow:
    admission = workspace.ledger.admission(nonce)
    if admission is None or admission.state != SetState.FOLDED or admission.node_id == workspace.hub.node_id:
        raise NotAllowed(Reason.NOT_FOUND, "no folded set of a site has this nonce")
    decided = workspace.entry(admission.decided_at)
    return workspace.append(
        decided._replace(
            position=workspace.position + 1,
            kind=int(LogKind.EXCLUDE),
            hub_epoch=workspace.hub.hub_epoch,
            received_ms=workspace.received_ms,
            verdict=int(Verdict.REFUSED),
            reason=Reason.EXCLUDED.value,
            voids=b"",
            conflicts=0,
            message=None,
            opening=b"",
            detail=pack_detail(Detail(note, b"")),
        )
    )
