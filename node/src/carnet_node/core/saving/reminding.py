"""Whom a site reminds on one day: read by the days themselves, so that it costs what is due and not what is on file.

Decides which records are looked at. Who may be called, and in which order, is `due_list`; on which days a birthday
falls is `birthdays`.

    month and day of the days ahead, solar and lunar -> customers born so
    days of next service -> the newest order of a car that says one -> its customer
    days of insurance and inspection -> the car's customer, unless their time with it has ended
        -> each customer once: birthday, cars, consents, reminders -> lines
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from carnet_node.core.commands.birthdays import birthday_of, month_days_of
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.due_list import CarDates, Due, Person, Reminded, due_of, hold_of
from carnet_node.core.commands.reminding import NoteReminder, note_reminder
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day, today_at_site
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.saving.desk import Saved, save
from carnet_node.core.saving.editing import nothing_here
from carnet_node.core.shop_limits import BIRTHDAY_DAYS_AHEAD, DUE_ROWS_MAX, INSPECTION_DAYS_AHEAD, OVERDUE_DAYS
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_node.core.showing.vehicle_file import is_silent
from carnet_protocol.consents import last_word
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAR_DATES, CONSENT, CUSTOMER, OWNERSHIP, PHONE, PLATE, REMINDER, VEHICLE, VISIT
from carnet_protocol.visits import is_correction

_OFFERS: Final = "marketing"
_SERVICE: Final = "service"


@dataclass(frozen=True, slots=True)
class DueLine:
    """One line of the day.

    Attributes:
        phone: to call first; None where the line is locked, or no number is usable.
        vehicle: None for a birthday.
        plate: that the car carries; empty where none is known.
    """

    due: Due
    customer: RecordView
    phone: RecordView | None
    vehicle: RecordView | None
    plate: str


def due_today(node: Node, day: date | None = None) -> tuple[DueLine, ...]:
    """Whom to remind, by day.

    Args:
        day: of the site; today when it is None.
    """
    today = day or site_day(node)
    with node.store.read() as tx:
        cars = _cars_by_customer(node, tx, today)
        born = [
            one.record for text in _month_days(today) for one in tx.find_tail(CUSTOMER, "birth_on", text, DUE_ROWS_MAX)
        ]
        customers = dict.fromkeys([*born, *cars])
        lines = [line for one in customers for line in _lines(node, tx, one, cars.get(one, ()), today)]
    return tuple(sorted(lines, key=lambda one: (one.due.due_on, one.due.occasion, one.due.customer)))


def remind(node: Node, customer: RecordId, values: Values) -> Saved:
    """Note that a customer was reminded, now.

    Raises:
        CommandRefused: no such customer here, or see `commands.reminding.note_reminder`.
    """
    with node.store.read() as tx:
        view = view_record(tx, node.identity, tx.record(CUSTOMER, customer))
        if view is None:
            raise nothing_here(CUSTOMER.name)
        hold = hold_of(_person(node, tx, view), str(values.get("occasion")))
    command = NoteReminder(customer, values, hold, node.clock.now_ms())
    return save(node, partial(note_reminder, command, today=today_at_site(node)))


def _month_days(today: date) -> list[str]:
    days = (today + timedelta(ahead) for ahead in range(BIRTHDAY_DAYS_AHEAD + 1))
    return sorted({text for day in days for text in month_days_of(day)})


def _cars_by_customer(node: Node, tx: ReadTransaction, today: date) -> dict[RecordId, tuple[CarDates, ...]]:
    """The cars of which some day is near, by the customer who is reminded of it."""
    since, until = today - timedelta(OVERDUE_DAYS), today + timedelta(INSPECTION_DAYS_AHEAD)
    found: dict[RecordId, list[CarDates]] = {}
    for customer, car in (*_services(node, tx, since, until), *_papers(node, tx, since, until, today)):
        found.setdefault(customer, []).append(car)
    return {customer: tuple(cars) for customer, cars in found.items()}


def _services(node: Node, tx: ReadTransaction, since: date, until: date) -> Iterator[tuple[RecordId, CarDates]]:
    for record in tx.shop.dated(VISIT, "next_service_on", since, until, DUE_ROWS_MAX):
        view = view_record(tx, node.identity, tx.record(VISIT, record))
        if view is None or not view.is_own:
            continue
        customer, vehicle = view.values.get("customer_id"), view.values.get("vehicle_id")
        if isinstance(customer, bytes) and isinstance(vehicle, bytes) and _is_newest(node, tx, view, vehicle):
            due_on = str(view.values["next_service_on"])
            yield RecordId(customer), CarDates(RecordId(vehicle), next_service=due_on)


def _is_newest(node: Node, tx: ReadTransaction, visit: RecordView, vehicle: bytes) -> bool:
    """No later order of this site's speaks for the car: whoever has come since needs no reminder.

    Nobody came for a correction: it speaks where it says itself when the next service is due.
    """
    orders = view_all(tx, node.identity, tx.find_equal(VISIT, "vehicle_id", vehicle, CHILDREN_MAX))
    counted = [one for one in orders if one.is_own and one.values.get("status") != "void" and _speaks(one)]
    return max(counted, key=_opened, default=visit).id == visit.id


def _speaks(visit: RecordView) -> bool:
    return not is_correction(visit.values) or visit.values.get("next_service_on") is not None


def _opened(visit: RecordView) -> tuple[int, RecordId]:
    opened_ms = visit.values.get("opened_at")
    return opened_ms if isinstance(opened_ms, int) else 0, visit.id


def _papers(
    node: Node, tx: ReadTransaction, since: date, until: date, today: date
) -> Iterator[tuple[RecordId, CarDates]]:
    fields = ("insurance_until_on", "inspection_until_on")
    records = [one for name in fields for one in tx.shop.dated(CAR_DATES, name, since, until, DUE_ROWS_MAX)]
    for record in dict.fromkeys(records):
        view = view_record(tx, node.identity, tx.record(CAR_DATES, record))
        if view is None:
            continue
        customer, vehicle = view.values.get("customer_id"), view.values.get("vehicle_id")
        if isinstance(customer, bytes) and isinstance(vehicle, bytes) and _holds(node, tx, customer, vehicle, today):
            insurance, inspection = (_text(view, name) for name in fields)
            yield RecordId(customer), CarDates(RecordId(vehicle), insurance=insurance, inspection=inspection)


def _holds(node: Node, tx: ReadTransaction, customer: bytes, vehicle: bytes, today: date) -> bool:
    """Whether a customer's time with a car goes on, as far as anybody has said."""
    ties = view_all(tx, node.identity, tx.find_equal(OWNERSHIP, "vehicle_id", vehicle, CHILDREN_MAX))
    own = [one for one in ties if one.values.get("customer_id") == customer]
    return not own or any(str(one.values.get("to_on") or "9999") >= today.isoformat() for one in own)


def _lines(
    node: Node, tx: ReadTransaction, customer: RecordId, cars: tuple[CarDates, ...], today: date
) -> Iterator[DueLine]:
    view = view_record(tx, node.identity, tx.record(CUSTOMER, customer))
    if view is None or not view.is_own:
        return
    reminded = [
        Reminded(_code(one, "occasion"), _code(one, "due_on"), _vehicle(one), _code(one, "result"))
        for one in view_all(tx, node.identity, tx.find_equal(REMINDER, "customer_id", customer, CHILDREN_MAX))
    ]
    for due in due_of(_person(node, tx, view), cars, reminded, today):
        car = None if due.vehicle is None else view_record(tx, node.identity, tx.record(VEHICLE, due.vehicle))
        phone = None if due.hold is not None else _phone(node, tx, customer)
        yield DueLine(due, view, phone, car, "" if car is None else _plate(node, tx, car.id))


def _plate(node: Node, tx: ReadTransaction, vehicle: RecordId) -> str:
    plates = view_all(tx, node.identity, tx.find_equal(PLATE, "vehicle_id", vehicle, CHILDREN_MAX))
    worn = (one for one in plates if not one.values.get("to_on"))
    last = max(worn, key=lambda one: (str(one.values.get("from_on") or ""), one.id), default=None)
    return "" if last is None else str(last.values.get("plate_no") or "")


def _person(node: Node, tx: ReadTransaction, customer: RecordView) -> Person:
    stored = tx.find_equal(CONSENT, "customer_id", customer.id, CHILDREN_MAX)
    said = [one.values for one in view_all(tx, node.identity, stored)]
    return Person(
        customer.id,
        birthday_of(customer.values),
        is_silent(node, tx, customer.id),
        last_word(said, _OFFERS),
        last_word(said, _SERVICE),
    )


def _phone(node: Node, tx: ReadTransaction, customer: RecordId) -> RecordView | None:
    phones = view_all(tx, node.identity, tx.find_equal(PHONE, "customer_id", customer, CHILDREN_MAX))
    usable = [one for one in phones if one.values.get("number") and not one.values.get("is_bad")]
    return min(usable, key=lambda one: (not one.values.get("is_preferred"), one.id), default=None)


def _vehicle(reminder: RecordView) -> RecordId | None:
    vehicle = reminder.values.get("vehicle_id")
    return RecordId(vehicle) if isinstance(vehicle, bytes) else None


def _code(view: RecordView, name: str) -> str:
    return str(view.values.get(name) or "")


def _text(view: RecordView, name: str) -> str | None:
    value = view.values.get(name)
    return value if isinstance(value, str) else None
