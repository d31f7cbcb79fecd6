"""Appointments as the desk works with them: what a day holds, and from command to commit.

Decides which present facts a command meets inside the write transaction: the hours of the day, and the slots that are
taken, so that two desks of this machine never book one bay twice. Two machines without a line may; the day shows both.
Does not decide what can be booked (`booking`) nor what an appointment needs (`commands.appointments`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from carnet_node.core.commands.appointments import DayBook, arrive_appointment, slot_of
from carnet_node.core.commands.booking import HoursRecord, Slot, day_of_slot, day_span, free_slots, hours_on
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.commands.staging import IN_SHOP, resume_visit
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.log.authoring import commit_within
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.saving.desk import Saved, new_ids
from carnet_node.core.shop_limits import APPOINTMENTS_PER_DAY_MAX, REQUESTED_ROWS_MAX, SLOT_MINUTES_DEFAULT
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import BOOKING_HOURS, VISIT

TAKES_UP: Final = frozenset({"booked", "arrived"})
"""States of an appointment in which it takes up its bay, its advisor and minutes of its day."""

BookOf = Callable[[Values, RecordId | None], DayBook]
"""What the slot in some values is judged by; the second is the appointment whose own slot does not count."""


@dataclass(frozen=True, slots=True)
class DayBoard:
    """What a day holds.

    Attributes:
        booked: appointments whose slot begins on that day, in the order of their slots; cancelled ones too.
        requested: those that wait for a slot, the oldest first; they belong to no day.
    """

    booked: tuple[RecordView, ...]
    requested: tuple[RecordView, ...]


def day_board(node: Node, day: date) -> DayBoard:
    """The appointments of one day of the site."""
    with node.store.read() as tx:
        waiting = tx.appointments_requested(node.identity.dealer_id, REQUESTED_ROWS_MAX)
        return DayBoard(booked_within(node, tx, day), view_all(tx, node.identity, waiting))


def free_slots_of(node: Node, day: date, wanted: Slot, without: RecordId | None = None) -> tuple[Slot, ...]:
    """The slots of a day that can be booked for so long, at that bay and with that advisor.

    Args:
        without: the appointment that is moved, whose own slot does not count.
    """
    offset, now_ms = node.settings.utc_offset_minutes, node.clock.now_ms()
    with node.store.read() as tx:
        taken, records = _taken(node, tx, day, without), list(hours_within(node, tx))
    return tuple(free_slots(day, taken, records, wanted, now_ms=now_ms, utc_offset_minutes=offset))


def save_appointment(node: Node, command: Callable[[BookOf, NewId], Drafts]) -> Saved:
    """Work a command out inside the transaction that commits it, so that what it read of the day stands.

    Raises:
        Refused: see the command and `authoring.commit_within`; nothing was written.
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing was written.
    """
    with node.store.write() as tx:

        def book_of(values: Values, without: RecordId | None) -> DayBook:
            """The day of the slot in these values."""
            return _book(node, tx, values, without)

        drafts = command(book_of, new_ids(node))
        records = tuple(RecordId(draft.record) for draft in drafts)
        return Saved(records, commit_within(node, tx, drafts) if drafts else None)


def arrive_drafts(node: Node, read: Read, at_ms: int, visit: RecordId | None) -> Drafts:
    """The car has come; where it comes back to its order, a hold for parts, say, ends (`resume_visit`).

    Args:
        at_ms: ms since 1970.
        visit: as of `arrive_appointment`.

    Raises:
        CommandRefused: see `arrive_appointment`.
    """
    arrived = arrive_appointment(read, at_ms, visit)
    order = visit or read.values.get("visit_id")
    view = one_record(node, VISIT, RecordId(order)) if isinstance(order, bytes) else None
    return arrived if view is None or not view.is_own else arrived + resume_visit(view.read(), at_ms)


def _book(node: Node, tx: ReadTransaction, values: Values, without: RecordId | None) -> DayBook:
    slot, now_ms, offset = slot_of(values), node.clock.now_ms(), node.settings.utc_offset_minutes
    if slot is None:
        return DayBook((), None, now_ms, today_at_site(node))
    day = day_of_slot(slot, offset)
    hours = hours_on(day, hours_within(node, tx), offset)
    return DayBook(_taken(node, tx, day, without), hours, now_ms, today_at_site(node))


def _taken(node: Node, tx: ReadTransaction, day: date, without: RecordId | None) -> tuple[Slot, ...]:
    booked = booked_within(node, tx, day)
    left = left_within(node, tx, booked)
    standing = [one for one in booked if one.id != without and one.values.get("status") in TAKES_UP]
    slots = ((one.id, slot_of(one.values)) for one in standing)
    return tuple(replace(slot, appointment=one, has_left=one in left) for one, slot in slots if slot is not None)


def left_within(node: Node, tx: ReadTransaction, booked: Iterable[RecordView]) -> frozenset[RecordId]:
    """The appointments whose car came and has left, inside a snapshot the caller has begun.

    The order that the car was taken in with is void or handed over; a car that came without one has not left.
    """
    came = ((one.id, one.values.get("visit_id")) for one in booked if one.values.get("status") == "arrived")
    orders = ((one, RecordId(visit)) for one, visit in came if isinstance(visit, bytes))
    views = ((one, view_record(tx, node.identity, tx.record(VISIT, visit))) for one, visit in orders)
    return frozenset(one for one, view in views if view is not None and view.values.get("status") not in IN_SHOP)


def booked_within(node: Node, tx: ReadTransaction, day: date) -> tuple[RecordView, ...]:
    """Appointments whose slot begins on a day, in the order of their slots, inside a snapshot the caller has begun."""
    since_ms, before_ms = day_span(day, node.settings.utc_offset_minutes)
    owner = node.identity.dealer_id
    return view_all(tx, node.identity, tx.appointments_of(owner, since_ms, before_ms, APPOINTMENTS_PER_DAY_MAX))


def hours_within(node: Node, tx: ReadTransaction) -> Iterator[HoursRecord]:
    """What every record of hours says, inside a snapshot the caller has begun."""
    for view in view_all(tx, node.identity, tx.list_records(BOOKING_HOURS, None, LIST_ROWS_MAX)):
        said = {name: value for name, value in view.values.items() if isinstance(value, int)}
        special_on = view.values.get("special_on")
        yield HoursRecord(
            view.id,
            said.get("weekday"),
            special_on if isinstance(special_on, str) else None,
            said.get("opens_minute", 0),
            said.get("closes_minute", 0),
            said.get("slot_minutes", SLOT_MINUTES_DEFAULT),
            said.get("cars_per_slot_max"),
            said.get("minutes_per_day_max"),
        )
