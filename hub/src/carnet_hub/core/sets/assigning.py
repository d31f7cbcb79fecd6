"""Which dealer site may see the history of a vehicle, and on what ground.

Decides, once the records of a set are folded, whether its author becomes assigned to the vehicles it wrote about, how
long, and how many shared histories open to one site on one day. Does not decide which records travel (`routing`) nor
what a page shows of them (`feed`).

    ground     the site has                                        it receives
    ---------  --------------------------------------------------  ------------------------------------------------
    visit      a visit of its own on the vehicle that is not void  everything anchored to the vehicle
    ownership  a customer of its own who is tied to the vehicle    the same
    own        neither                                             the vehicle, with the values it wrote itself
    put off    one of both, but the day's share is used up         the same; its next write is judged again

Rules:
- A vehicle's id derives from its VIN, so a write alone must open nothing: else one op per VIN reads the whole country.
- The ground lies in the same set or an earlier one; it is named in the assignment, for whoever asks later.
- Only histories that other sites had begun count against the day. Whoever imports its own cars meets no bound; of cars
  that others know, those beyond the bound open with the first write of another day, which is the next visit.
- All of it is a function of the log, so a fold from the log arrives at the same assignments.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from carnet_hub.core.limits import ASSIGNMENT_RENEWAL_MS, ASSIGNMENT_TTL_MS, SHARED_HISTORIES_PER_DAY_MAX
from carnet_hub.core.rows import AssignmentRow
from carnet_hub.core.sets.record_book import RecordState
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, VEHICLE, VISIT
from carnet_protocol.state import is_deleted

DAY_MS: Final = 24 * 3600 * 1000

_STATUS: Final = VISIT.labels["status"]
_CUSTOMER: Final = OWNERSHIP.labels["customer_id"]
_TO_ON: Final = OWNERSHIP.labels["to_on"]


class Ground(StrEnum):
    """Why a dealer site receives something of a vehicle."""

    VISIT = "visit"
    OWNERSHIP = "ownership"
    OWN = "own"
    PUT_OFF = "put off"


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
    return row.reason not in (Ground.OWN, Ground.PUT_OFF)


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
        live = held if held is not None and held.expires_ms > workspace.received_ms else None
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


def _renewed(workspace: Workspace, live: AssignmentRow, states: list[RecordState]) -> AssignmentRow | None:
    """An assignment that opens a history, for longer; None when that adds too little or the ground is gone."""
    expires_ms = workspace.received_ms + ASSIGNMENT_TTL_MS
    if live.expires_ms + ASSIGNMENT_RENEWAL_MS > expires_ms:
        return None
    found = _ground(workspace, live.dealer_id, states) or _earlier_ground(workspace, live.dealer_id, live.vehicle_id)
    return live._replace(expires_ms=expires_ms) if found is not None else None


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
    reason, op = found
    is_shared = _is_shared(workspace, dealer, vehicle)
    if is_shared and not _take_share(workspace, dealer, is_new=not was_put_off):
        if not is_due and was_put_off:
            return None
        reason = Ground.PUT_OFF
    return AssignmentRow(*place, expires_ms, reason, op, is_shared)


def _ground(workspace: Workspace, dealer: bytes, states: Iterable[RecordState]) -> tuple[Ground, bytes] | None:
    """A ground for a site among the records of one vehicle."""
    for state in states:
        if state.rules.number == VISIT.number:
            if state.owner == dealer and state.shown(_STATUS) != "void":
                return Ground.VISIT, state.entries[0].op
        elif state.rules.number == OWNERSHIP.number and _is_tied(workspace, dealer, state):
            return Ground.OWNERSHIP, state.entries[0].op
    return None


def _is_tied(workspace: Workspace, dealer: bytes, state: RecordState) -> bool:
    """Whether an ownership names a customer of a site, today."""
    customer = state.shown(_CUSTOMER)
    if not isinstance(customer, bytes) or workspace.book.owner((CUSTOMER.number, customer)) != dealer:
        return False
    to_on = state.shown(_TO_ON)
    today = datetime.fromtimestamp(workspace.received_ms / 1000, UTC).date().isoformat()
    return not is_deleted(state.entries) and (not isinstance(to_on, str) or to_on >= today)


def _earlier_ground(workspace: Workspace, dealer: bytes, vehicle: bytes) -> tuple[Ground, bytes] | None:
    """A ground for a site among the visits and ties of a vehicle from sets before."""
    keys = [key for key in workspace.book.anchored(vehicle) if key[0] in (VISIT.number, OWNERSHIP.number)]
    workspace.book.load(keys)
    return _ground(workspace, dealer, [state for key in keys if (state := workspace.book.state(key)) is not None])


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
