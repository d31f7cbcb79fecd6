"""Commands on appointments: a call is noted, a slot given or moved, the car comes or does not, it is booked again.

Decides what an appointment needs and which steps it may take from the state its author read. A call needs nothing but a
number or a plate. Whether a slot can be booked is `booking`; which slots are taken on its day comes with the command,
read in the transaction that writes. Booking again makes another appointment that names the one before, whose end stays
as it was, or one that names the open order its car comes back to, which stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.booking import MINUTE_MS, DayHours, Slot, slot_problems
from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_edit, draft_new, missing
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any, refuse_together
from carnet_node.core.shop_limits import NO_SHOW_GRACE_MINUTES
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import is_legal_step

SLOT_FIELDS: Final = ("starts_at", "planned_minutes", "bay_code", "advisor_code")
EXPECTED: Final = frozenset({"requested", "booked"})
"""States in which somebody is still waited for."""

_KNOWN_BY: Final = ("caller_phone", "plate_no", "customer_id", "vehicle_id")
_CARRIED: Final = ("caller_name", "caller_phone", "plate_no", "wish", "vehicle_id", "customer_id")
_OWN_STEPS: Final = (
    "requested_at",
    "status",
    "cancel_reason",
    "follows_id",
    "rebooked_because",
    "visit_id",
    "arrived_at",
)
"""Fields that only the commands of this module write."""

_PARTS: Final = "parts"
BOOKABLE: Final = frozenset({"draft", "open", "completed"})
"""States of an order to which its car may come back."""

_CARRIED_OF_ORDER: Final = {
    "caller_name": "sender_name",
    "caller_phone": "sender_phone",
    "plate_no": "plate_at_visit",
    "vehicle_id": "vehicle_id",
    "customer_id": "customer_id",
}
"""What an appointment takes over from an order, by what the order calls it."""


@dataclass(frozen=True, slots=True)
class DayBook:
    """What a slot is judged by.

    Attributes:
        taken: slots of its day that take something up, without its own former one.
        hours: of its day.
        now_ms: ms since 1970.
        today: at the site, by which days are judged; None where no day is known.
    """

    taken: Sequence[Slot]
    hours: DayHours | None
    now_ms: int
    today: Today | None = None


@dataclass(frozen=True, slots=True)
class Rebook:
    """An appointment that has ended is booked again.

    Attributes:
        because: of the registry.
        values: of the new one; who called and what for is taken over where they say nothing.
        visit: the open order that the car comes back to; None for that of the former one.
    """

    read: Read
    because: str
    values: Values
    visit: RecordId | None = None


@dataclass(frozen=True, slots=True)
class BookOrder:
    """The car of an order that has not ended is booked to come back to it.

    Attributes:
        read: of the order.
        because: of the registry.
        values: of the appointment; who comes with which car is taken over where they say nothing.
    """

    read: Read
    because: str
    values: Values


def slot_of(values: Values) -> Slot | None:
    """When, how long, where and with whom; None for an appointment without a slot."""
    starts_ms, minutes = values.get("starts_at"), values.get("planned_minutes")
    if not isinstance(starts_ms, int) or not isinstance(minutes, int):
        return None
    return Slot(starts_ms, minutes, str(values.get("bay_code") or ""), str(values.get("advisor_code") or ""))


def note_appointment(values: Values, book: DayBook, new_id: NewId) -> Drafts:
    """Note a call: asked for, or booked at once where a slot is stated.

    Args:
        book: of the day of the slot; without a slot only its moment counts.

    Raises:
        CommandRefused: neither a number nor a plate, a field that is a step's, a value that is none, or a slot that
            cannot be booked; with every problem.
    """
    cleaned, problems = clean_values(APPOINTMENT, values, today=book.today)
    problems += [*_own_step_problems(cleaned), *_needed(cleaned), *_slot_problems(cleaned, book)]
    refuse_if_any(problems)
    status = "requested" if slot_of(cleaned) is None else "booked"
    made = {"channel": "phone", **_stated(cleaned), "requested_at": book.now_ms, "status": status}
    return (draft_new(APPOINTMENT, new_id(), made),)


def plan_appointment(read: Read, changes: Values, book: DayBook) -> Drafts:
    """Give an appointment its slot, move it, or correct what was noted; nothing when nothing changes.

    Raises:
        CommandRefused: it has ended, or see `note_appointment`.
    """
    _require_open(read)
    cleaned, problems = clean_values(APPOINTMENT, changes, today=book.today)
    after = {**read.values, **cleaned}
    problems += [*_own_step_problems(cleaned), *_needed(after)]
    is_booked = read.values.get("status") == "booked"
    if is_booked and slot_of(after) is None:
        problems.append(missing("starts_at", "A booked appointment has a time; cancel it to give it up."))
    elif any(after.get(name) != read.values.get(name) for name in SLOT_FIELDS):
        problems += _slot_problems(after, book)
    refuse_if_any(problems)
    status = {} if is_booked or slot_of(after) is None else {"status": "booked"}
    return _edited(read, {**cleaned, **status})


def arrive_appointment(read: Read, at_ms: int, visit: RecordId | None) -> Drafts:
    """The car has come.

    Args:
        visit: the order it was taken in with, or came back to; None where none is open yet.

    Raises:
        CommandRefused: it was cancelled, or has come before.
    """
    order = {} if visit is None else {"visit_id": visit}
    return _step(read, "arrived", {"arrived_at": at_ms, **order})


def cancel_appointment(read: Read, reason: str) -> Drafts:
    """Nobody is expected any more.

    Args:
        reason: of the registry.

    Raises:
        CommandRefused: no reason, or the appointment has ended.
    """
    cleaned, problems = clean_values(APPOINTMENT, {"cancel_reason": reason or None})
    if not cleaned["cancel_reason"]:
        problems.append(missing("cancel_reason", "A cancelled appointment needs a reason."))
    refuse_if_any(problems)
    return _step(read, "cancelled", cleaned)


def missed_from_ms(values: Values) -> int | None:
    """From when on it can be noted that nobody came, ms since 1970; None for an appointment that is not booked."""
    slot = slot_of(values)
    if slot is None or values.get("status") != "booked":
        return None
    return slot.starts_ms + NO_SHOW_GRACE_MINUTES * MINUTE_MS


def miss_appointment(read: Read, now_ms: int) -> Drafts:
    """Nobody came.

    Raises:
        CommandRefused: its car is waited for still (`missed_from_ms`), or it was not booked or has ended.
    """
    from_ms = missed_from_ms(read.values)
    if from_ms is not None and now_ms < from_ms:
        what = f"This car is waited for until {NO_SHOW_GRACE_MINUTES} minutes past the time of its appointment."
        raise refuse("starts_at", ProblemCode.BAD_ORDER, what, "Wait for it, or cancel the appointment.")
    return _step(read, "no_show", {})


def rebook_appointment(command: Rebook, book: DayBook, new_id: NewId) -> Drafts:
    """Another appointment that follows one that has ended: somebody did not come, or a car waits for parts.

    Raises:
        CommandRefused: the former one is still expected, no reason, parts are waited for on no order, or see
            `note_appointment`.
    """
    former = command.read.values
    if former.get("status") in EXPECTED:
        what = "This appointment is still expected."
        raise refuse("status", ProblemCode.ILLEGAL_STEP, what, "Move it to another time.", Reason.ILLEGAL_TRANSITION)
    visit = command.visit or former.get("visit_id")
    cleaned, problems = _because(command.because)
    if command.because == _PARTS and visit is None:
        problems.append(missing("visit_id", "A car that waits for parts comes back to its order."))
    refuse_if_any(problems)
    carried = {name: former.get(name) for name in _CARRIED}
    (draft,) = note_appointment({**_stated(carried), **command.values}, book, new_id)
    again = {**draft.values, **cleaned, "follows_id": command.read.record, "visit_id": visit}
    return (draft_new(APPOINTMENT, RecordId(draft.record), again),)


def book_order(command: BookOrder, book: DayBook, new_id: NewId) -> Drafts:
    """An appointment that brings a car back to its order, however it came the first time; it follows no other one.

    Args:
        book: of the day of the slot; without a slot only its moment counts.

    Raises:
        CommandRefused: the order has ended, no reason, another car than the order's, or see `note_appointment`.
    """
    order = command.read.values
    status = _status(command.read)
    if status not in BOOKABLE:
        what = f"The order is {status}; no car comes back to it."
        raise refuse("status", ProblemCode.LOCKED, what, "Note a new appointment for the car.")
    cleaned, problems = _because(command.because)
    if command.values.get("vehicle_id", order.get("vehicle_id")) != order.get("vehicle_id"):
        what = "The car that comes back is the one of the order."
        problems.append(Problem("vehicle_id", ProblemCode.LOCKED, what, "Leave it out."))
    carried = _stated({name: order.get(of_order) for name, of_order in _CARRIED_OF_ORDER.items()})
    said = {"channel": "in_person", **carried, **command.values}
    (draft,) = refuse_together(problems, lambda: note_appointment(said, book, new_id))
    back = {**draft.values, **cleaned, "visit_id": command.read.record}
    return (draft_new(APPOINTMENT, RecordId(draft.record), back),)


def _because(reason: str) -> tuple[dict[str, Value], list[Problem]]:
    """Why something is booked again, and what is wrong with it."""
    cleaned, problems = clean_values(APPOINTMENT, {"rebooked_because": reason or None})
    if not cleaned["rebooked_because"]:
        problems.append(missing("rebooked_because", "Say why it is booked again."))
    return cleaned, problems


def _slot_problems(values: Values, book: DayBook) -> list[Problem]:
    """What is wrong with a slot that is stated in part, or cannot be booked."""
    stated = [name for name in SLOT_FIELDS if values.get(name) is not None]
    slot = slot_of(values)
    if slot is not None:
        return slot_problems(slot, book.taken, book.hours, now_ms=book.now_ms)
    if "starts_at" in stated:
        return [missing("planned_minutes", "An appointment with a time needs its minutes.")]
    if "bay_code" in stated:
        return [missing("starts_at", "A bay is booked for a time.")]
    return []


def _needed(values: Values) -> list[Problem]:
    if any(values.get(name) for name in _KNOWN_BY):
        return []
    return [missing("caller_phone", "An appointment needs a number or a plate.")]


def _own_step_problems(values: Values) -> list[Problem]:
    what = "This follows from other steps."
    return [Problem(name, ProblemCode.LOCKED, what, "Leave it out.") for name in _OWN_STEPS if name in values]


def _require_open(read: Read) -> None:
    status = _status(read)
    if status not in EXPECTED:
        raise refuse("status", ProblemCode.LOCKED, f"The appointment is {status}.", "Book it again.")


def _step(read: Read, state: str, values: Values) -> Drafts:
    """One legal step, judged from the state the author read, as the hub will judge it."""
    status = _status(read)
    if status == state or not is_legal_step(APPOINTMENT.register_of("status"), [status], state):
        what = f"An appointment that is {status} cannot become {state}."
        raise refuse("status", ProblemCode.ILLEGAL_STEP, what, "Look at it again.", Reason.ILLEGAL_TRANSITION)
    return _edited(read, {**values, "status": state})


def _status(read: Read) -> str | None:
    status = read.values.get("status")
    return status if isinstance(status, str) else None


def _edited(read: Read, changes: Values) -> Drafts:
    draft = draft_edit(APPOINTMENT, read, changes)
    return () if draft is None else (draft,)


def _stated(values: Values) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
