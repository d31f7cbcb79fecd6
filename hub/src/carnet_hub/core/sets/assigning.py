"""Which dealer site may see the history of a vehicle, and on what ground.

Decides, once the records of a set are folded, whether its author becomes assigned to the vehicles it wrote about, how
long, and how many shared histories open to one site on one day. Does not decide which records travel (`routing`) nor
what a page shows of them (`feed`).

    ground     the site has                                        it receives
    ---------  --------------------------------------------------  ------------------------------------------------
    visit      a visit of its own on the vehicle that is not void  everything anchored to the vehicle
    ownership  a customer of its own who is tied to the vehicle    the same
    adoption   looked the vehicle up and taken it on               the same, for a month
    lapsed     had taken it on, and the month is over              nothing; what it still writes on it is a proposal
    own        neither                                             the vehicle, with the values it wrote itself
    put off    one of these, but the day's share is used up         the same; its next write is judged again

Rules:
- A vehicle's id derives from its VIN, so a write alone must open nothing: else one op per VIN reads the whole country.
- The ground lies in the same set or an earlier one; it is named in the assignment, for whoever asks later.
- Only histories that other sites had begun count against the day. Whoever imports its own cars meets no bound; of cars
  that others know, those beyond the bound open with the first write of another day, which is the next visit.
- An adoption ends by itself, counted from the set that brings it, or when it is taken back: by its site, or by a ruling
  of the hub. A visit or a tie takes its place for as long as these
  last, so an assignment never ends while an order of the site that began meanwhile is open.
- That an adoption has ended is remembered as long as a visit would count: until then a set of the site that changes
  others' records of the vehicle, and brings no ground with it, is parked (`writes_on_lapsed`).
- All of it is a function of the log, so a fold from the log arrives at the same assignments.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from carnet_hub.core.limits import (
    ADOPTION_RENEWAL_MS,
    ASSIGNMENT_RENEWAL_MS,
    ASSIGNMENT_TTL_MS,
    SHARED_HISTORIES_PER_DAY_MAX,
)
from carnet_hub.core.rows import AssignmentRow
from carnet_hub.core.sets.record_book import RecordState
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.kinds import ADOPTION, CUSTOMER, OWNERSHIP, VEHICLE, VISIT
from carnet_protocol.limits import ADOPTION_MS
from carnet_protocol.opened import OpenedOp
from carnet_protocol.registry import Audience
from carnet_protocol.state import is_deleted

DAY_MS: Final = 24 * 3600 * 1000

_VEHICLES: Final = {kind.number: kind.labels["vehicle_id"] for kind in (VISIT, OWNERSHIP, ADOPTION)}
"""By kind that may be a ground, the label of the vehicle it names."""

_STATUS: Final = VISIT.labels["status"]
_RETRACTED: Final = ADOPTION.labels["retracted"]
_CUSTOMER: Final = OWNERSHIP.labels["customer_id"]
_TO_ON: Final = OWNERSHIP.labels["to_on"]


class Ground(StrEnum):
    """Why a dealer site receives something of a vehicle."""

    VISIT = "visit"
    OWNERSHIP = "ownership"
    ADOPTION = "adoption"
    LAPSED = "lapsed"
    OWN = "own"
    PUT_OFF = "put off"


class Found(NamedTuple):
    """A ground that a site has, the op it stands on, and until when it is good."""

    ground: Ground
    op: bytes
    until_ms: int


class Assigned(NamedTuple):
    """What became of a site's assignments with one set.

    Attributes:
        opened: the vehicles whose history opens to the site now.
        closed: assignments that had expired, before any log entry ended them, and gave way to ones that open less.
    """

    opened: list[bytes]
    closed: list[AssignmentRow]


def opens_history(row: AssignmentRow) -> bool:
    """Whether an assignment opens everything that is anchored to its vehicle."""
    return row.reason not in (Ground.OWN, Ground.PUT_OFF, Ground.LAPSED)


def is_standing(row: AssignmentRow, now_ms: int) -> bool:
    """Whether an assignment still brings anything."""
    return row.expires_ms > now_ms and row.reason != Ground.LAPSED


def after_expiry(row: AssignmentRow, now_ms: int, position: int) -> AssignmentRow | None:
    """What stands in the place of an assignment that has expired; None for nothing.

    Args:
        now_ms: of the entry that ends it.
        position: of that entry.
    """
    if row.reason != Ground.ADOPTION:
        return None
    return row._replace(since=position, expires_ms=now_ms + ASSIGNMENT_TTL_MS, reason=Ground.LAPSED)


def writes_on_lapsed(workspace: Workspace, ops: Iterable[OpenedOp], author: bytes) -> bool:
    """Whether a set changes others' records of a vehicle that its author had taken on and follows no more.

    A set that brings a visit, a tie or an adoption of the vehicle with it has a ground to be judged by, and is not one.

    Args:
        workspace: unchanged.
        author: dealer site.
    """
    written = list(ops)
    grounded = {(one.fields or {}).get(_VEHICLES[one.op.kind]) for one in written if one.op.kind in _VEHICLES}
    for one in written:
        rules = workspace.hub.rules[one.op.kind]
        state = workspace.book.state((one.op.kind, one.op.record)) if rules.audience is Audience.ASSIGNED else None
        if state is None or state.anchor is None or state.owner == author or state.anchor in grounded:
            continue
        held = workspace.book.assignments(state.anchor).get(author)
        if held is not None and _has_lapsed(held, workspace.received_ms):
            return True
    return False


def _has_lapsed(row: AssignmentRow, now_ms: int) -> bool:
    """Whether an adoption is over, also where no log entry has ended it yet."""
    return row.reason == Ground.LAPSED or (row.reason == Ground.ADOPTION and row.expires_ms <= now_ms)


def assign_author(
    workspace: Workspace, dealer: bytes, written: Mapping[bytes, list[RecordState]], position: int
) -> Assigned:
    """Assign a site to the vehicles it wrote about, as far as it has a ground.

    Args:
        workspace: changed in memory.
        written: records of the set by the vehicle they are anchored to.
        position: of the log entry that folds the set.
    """
    assigned = Assigned([], [])
    for vehicle, states in written.items():
        held = workspace.book.assignments(vehicle).get(dealer)
        live = held if held is not None and is_standing(held, workspace.received_ms) else None
        if live is not None and opens_history(live):
            row = _renewed(workspace, live, states)
        else:
            row = _granted(workspace, (vehicle, dealer, position), live, states)
            if row is not None and opens_history(row):
                assigned.opened.append(vehicle)
            elif live is None and held is not None and opens_history(held):
                assigned.closed.append(held)
        if row is not None:
            workspace.book.assign(row)
    return assigned


def end_taken_back(workspace: Workspace, written: Iterable[RecordState], position: int) -> list[AssignmentRow]:
    """End the assignments whose adoption a set has taken back, unless the site has another ground by now.

    Args:
        workspace: changed in memory.
        written: records of the set, as they are folded.
        position: of the log entry that folds it.

    Returns: the assignments that stood and have ended.
    """
    ended: list[AssignmentRow] = []
    for state in written:
        if state.rules.number != ADOPTION.number or state.anchor is None or state.shown(_RETRACTED) is None:
            continue
        held = workspace.book.assignments(state.anchor).get(state.owner)
        if held is None or held.reason != Ground.ADOPTION:
            continue
        found = _earlier_ground(workspace, state.owner, state.anchor)
        if found is not None:
            workspace.book.assign(held._replace(reason=found.ground, op=found.op, expires_ms=found.until_ms))
            continue
        workspace.book.end_assignment(held)
        remembered = after_expiry(held, workspace.received_ms, position)
        if remembered is not None:
            workspace.book.assign(remembered)
        ended.append(held)
    return ended


def _renewed(workspace: Workspace, live: AssignmentRow, states: list[RecordState]) -> AssignmentRow | None:
    """An assignment that opens a history, for longer; None when that adds too little or the ground is gone.

    A visit or a tie takes the place of an adoption at once.
    """
    is_adopted = live.reason == Ground.ADOPTION
    expires_ms = workspace.received_ms + ASSIGNMENT_TTL_MS
    if not is_adopted and live.expires_ms + ASSIGNMENT_RENEWAL_MS > expires_ms:
        return None
    found = _ground(workspace, live.dealer_id, states) or _earlier_ground(workspace, live.dealer_id, live.vehicle_id)
    if found is None or found.until_ms < live.expires_ms + (ADOPTION_RENEWAL_MS if is_adopted else 0):
        return None
    renewed = live._replace(expires_ms=found.until_ms)
    return renewed._replace(reason=found.ground, op=found.op) if is_adopted else renewed


def _granted(
    workspace: Workspace, place: tuple[bytes, bytes, int], live: AssignmentRow | None, states: list[RecordState]
) -> AssignmentRow | None:
    """An assignment of a site that has none that opens the history.

    Args:
        place: vehicle, site and position.
        live: what it has; it opens nothing.

    Returns: None when it keeps what it has.
    """
    vehicle, dealer, _ = place
    expires_ms = workspace.received_ms + ASSIGNMENT_TTL_MS
    is_due = live is None or live.expires_ms + ASSIGNMENT_RENEWAL_MS <= expires_ms
    was_put_off = live is not None and live.reason == Ground.PUT_OFF
    found = _ground(workspace, dealer, states)
    if found is None and (is_due or was_put_off):
        found = _earlier_ground(workspace, dealer, vehicle)
    if found is None:
        return AssignmentRow(*place, expires_ms, Ground.OWN, states[0].entries[0].op, False) if is_due else None
    is_shared = _is_shared(workspace, dealer, vehicle)
    if is_shared and not _take_share(workspace, dealer, is_new=not was_put_off):
        if not is_due and was_put_off:
            return None
        return AssignmentRow(*place, expires_ms, Ground.PUT_OFF, found.op, is_shared)
    return AssignmentRow(*place, found.until_ms, found.ground, found.op, is_shared)


def _ground(workspace: Workspace, dealer: bytes, states: Iterable[RecordState]) -> Found | None:
    """The best ground for a site among the records of one vehicle that a set wrote."""
    until_ms = workspace.received_ms + ASSIGNMENT_TTL_MS
    adopted: Found | None = None
    for state in states:
        number, op = state.rules.number, state.entries[0].op
        if number == VISIT.number:
            if state.owner == dealer and state.shown(_STATUS) != "void":
                return Found(Ground.VISIT, op, until_ms)
        elif number == OWNERSHIP.number and _is_tied(workspace, dealer, state):
            return Found(Ground.OWNERSHIP, op, until_ms)
        elif number == ADOPTION.number and _is_adopted(dealer, state):
            adopted = Found(Ground.ADOPTION, op, workspace.received_ms + ADOPTION_MS)
    return adopted


def _is_adopted(dealer: bytes, state: RecordState) -> bool:
    """Whether an adoption is the site's and was not taken back."""
    return state.owner == dealer and state.shown(_RETRACTED) is None


def _is_tied(workspace: Workspace, dealer: bytes, state: RecordState) -> bool:
    """Whether an ownership names a customer of a site, today."""
    customer = state.shown(_CUSTOMER)
    if not isinstance(customer, bytes) or workspace.book.owner((CUSTOMER.number, customer)) != dealer:
        return False
    to_on = state.shown(_TO_ON)
    today = datetime.fromtimestamp(workspace.received_ms / 1000, UTC).date().isoformat()
    return not is_deleted(state.entries) and (not isinstance(to_on, str) or to_on >= today)


def _earlier_ground(workspace: Workspace, dealer: bytes, vehicle: bytes) -> Found | None:
    """A ground for a site among the visits, ties and adoptions of a vehicle from sets before.

    An adoption counts from when it was made, so no later write makes it last longer.
    """
    keys = [key for key in workspace.book.anchored(vehicle) if key[0] in _VEHICLES]
    workspace.book.load(keys)
    states = [state for key in keys if (state := workspace.book.state(key)) is not None]
    found = _ground(workspace, dealer, [state for state in states if state.rules.number != ADOPTION.number])
    if found is not None:
        return found
    made = [one for one in states if one.rules.number == ADOPTION.number and _is_adopted(dealer, one)]
    last = max((one.entries[0] for one in made), key=lambda entry: (entry.time_ms, entry.op), default=None)
    if last is None or last.time_ms + ADOPTION_MS <= workspace.received_ms:
        return None
    return Found(Ground.ADOPTION, last.op, last.time_ms + ADOPTION_MS)


def _is_shared(workspace: Workspace, dealer: bytes, vehicle: bytes) -> bool:
    """Whether others have written about a vehicle."""
    owner = workspace.book.owner((VEHICLE.number, vehicle))
    if owner is not None and owner != dealer:
        return True
    return any(site != dealer for site in workspace.book.assignments(vehicle))


def _take_share(workspace: Workspace, dealer: bytes, *, is_new: bool) -> bool:
    """Count one more shared history; False when the day's share is used up."""
    counted = workspace.book.assignment_day(workspace.received_ms // DAY_MS, dealer)
    has_room = counted.granted < SHARED_HISTORIES_PER_DAY_MAX
    if has_room:
        workspace.book.count_day(counted._replace(granted=counted.granted + 1))
    elif is_new:
        workspace.book.count_day(counted._replace(put_off=counted.put_off + 1))
    return has_room
