"""A car is received: who brings it, which car it is, its condition, the work, all in one save.

Decides what a check-in needs beyond an open order, and what is recorded beside it: a customer or a car that is new
here, a plate the car did not carry, the customer's role for it, telephones and addresses confirmed at the counter,
recalls done. One transaction, one change set: a power cut leaves all of it or the form's draft. Every problem of the
whole form comes back at once, under the field's name in the form (`party.`, `car.`, or the order's own).

Rules:
- A car is named by its record, its VIN, or, with no papers at hand, by its plate alone.
- A car on file of which only the plate was known becomes the car of the VIN that is stated (`identifying`).
- A VIN with a wrong check digit is taken when somebody has compared it with the plate on the car.
- Who brings the car, a telephone, the advisor and a promised time in the future are needed; a draft needs none of them.
- An odometer that looks like a slip of the finger is asked about once more.
- Nobody gets a second file unasked: a new customer with the name and a telephone of one on file is the same, or not.
- No car gets a second file unasked: a car that is named by a plate which one on file wears, or by its frame number, is
  the same, or not. A VIN that is stated tells it apart from every car with another number already.
- No car that stands in the shop gets a second order unasked: whoever saves was shown the first, or is asked.
- What was confirmed is dated, not written again: the number on the screen is the number that was read out; so is a
  number or address of the customer that was typed once more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from carnet_node.core.commands.appointments import arrive_appointment
from carnet_node.core.commands.cleaning import clean_values, is_seen, plate_number
from carnet_node.core.commands.customers import AddCustomer, AddPart, add_customer, add_part, called
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_edit, draft_new, missing
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.recall_work import CompleteRecall, complete_recall
from carnet_node.core.commands.vehicles import (
    AddOwnership,
    AddVehicle,
    add_ownership,
    add_plate,
    add_vehicle,
    plate_problems,
)
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.recall_terms import terms_of
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode, refuse, refuse_if_any, refuse_together
from carnet_node.core.saving.desk import OpenedVisit, new_ids, open_within, vehicle_news
from carnet_node.core.saving.duplicates import TypedParty, cars_meant, note_not_same
from carnet_node.core.saving.identifying import accepted_policy, has_number, identify_car
from carnet_node.core.saving.new_customers import who_is_meant
from carnet_node.core.showing.reading_check import doubts_of
from carnet_node.core.showing.record_view import view_all, view_record
from carnet_node.core.showing.vehicle_file import orders_in_work_of
from carnet_protocol.ids import RecordId, ownership_id
from carnet_protocol.kinds import ADDRESS, CUSTOMER, ODOMETER_READING, OWNERSHIP, PHONE, PLATE, VEHICLE, VISIT
from carnet_protocol.registry import Kind, Value

Values = dict[str, Value]
ASKED_WHO: Final = "party.alike"
"""The field of a form in which somebody says whether a new customer is one on file."""

ASKED_WHICH: Final = "car.alike"
"""The field of a form in which somebody says whether a new car is one on file."""

_NEEDED: Final = {
    "sender_name": "A check-in says who brings the car.",
    "sender_phone": "A check-in needs a telephone for questions.",
    "advisor_code": "A check-in has an advisor.",
    "promised_at": "A check-in says when the car is to be ready.",
}


@dataclass(frozen=True, slots=True)
class ReceivedParty:
    """The customer of the order.

    Attributes:
        known: on file; else `new`, or neither when the customer is not known yet.
        role: for the car; None to link them in no way.
        confirmed: phones and addresses on file that hold, as asked at the counter.
        phones: further numbers of a customer on file.
        addresses: further addresses of a customer on file.
        not_same: customers that this one is not, as answered to a warning.
    """

    known: RecordId | None = None
    new: AddCustomer | None = None
    role: str | None = "owner"
    confirmed: tuple[RecordId, ...] = ()
    phones: Sequence[Values] = ()
    addresses: Sequence[Values] = ()
    not_same: tuple[RecordId, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivedCar:
    """The car of the order.

    Attributes:
        known: on file; else `vin`, else the plate alone.
        is_vin_compared: the VIN was compared with the plate on the car, so a wrong check digit is the maker's.
        values: of a new car: model, colour.
        plate: as typed; recorded when the car does not carry it yet.
        not_same: cars that this one is not, as answered to a warning.
        orders_seen: of the car, whose work is not done, as its author was shown them; None to ask about none.
    """

    known: RecordId | None = None
    vin: str | None = None
    is_vin_compared: bool = False
    values: Values = field(default_factory=dict)
    plate: str | None = None
    plate_color: str | None = None
    not_same: tuple[RecordId, ...] = ()
    orders_seen: tuple[RecordId, ...] | None = None


@dataclass(frozen=True, slots=True)
class RecallDone:
    """A recall carried out in this visit, with its evidence (technician, part, serial)."""

    campaign: RecordId
    method: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reception:
    """A check-in as the form holds it; `values` are the order's.

    Attributes:
        is_read_again: the odometer was read a second time, so a number that looks wrong is right.
        appointment: that the car comes for, as its author read it; None for a car that nobody expected.
        unread: what was typed and means nothing; those values are missing, and nothing is saved.
    """

    party: ReceivedParty
    car: ReceivedCar
    values: Values
    jobs: Sequence[NewJob] = ()
    recalls: Sequence[RecallDone] = ()
    is_draft: bool = False
    is_read_again: bool = False
    appointment: Read | None = None
    unread: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What a check-in left behind; `customer` is None when nobody was named."""

    opened: OpenedVisit
    vehicle: RecordId
    customer: RecordId | None


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the form, worked out: the record it is about, what to write, what it says on the order."""

    record: RecordId | None
    drafts: Drafts
    order_values: Values
    vin: str | None = None


def receive_car(node: Node, reception: Reception) -> Received:
    """Save a check-in.

    Raises:
        CommandRefused: with every problem of the form; nothing was recorded and no number was used.
        StoreBusy, StoreBroken, WritingStopped: likewise.
    """
    new_id, now_ms = new_ids(node), node.clock.now_ms()
    with node.store.write() as tx:
        problems = [*reception.unread]
        _tell(problems, _order_problems(reception, now_ms))
        car = _gathered(problems, "car.", lambda: _car(node, tx, reception.car, new_id))
        party = _gathered(problems, "party.", lambda: _party(node, tx, reception.party, now_ms, new_id))
        link = _gathered(problems, "party.", lambda: _link(node, tx, reception.party, car, party))
        _tell(problems, _odometer_doubts(node, tx, reception, car, now_ms) + _asked_who(node, tx, reception))
        _tell(problems, _asked_which(node, tx, reception.car) or _asked_again(node, tx, reception.car, car))
        vehicle = RecordId(bytes(16)) if car.record is None else car.record
        values = {**party.order_values, **car.order_values, **_stated(reception.values)}
        order = OpenVisit("", vehicle, now_ms, party.record, values, reception.jobs, reception.is_draft)
        moved = {draft.record for draft in car.drafts}
        before = (*party.drafts, *car.drafts, *(one for one in link.drafts if one.record not in moved))
        opened = _opened(problems, lambda: open_within(node, tx, order, before, _with_it(tx, reception, car, now_ms)))
        if party.record is not None and reception.party.not_same:
            note_not_same(node, tx, party.record, reception.party.not_same)
    return Received(opened, vehicle, party.record)


def _opened(problems: list[Problem], save: Callable[[], OpenedVisit]) -> OpenedVisit:
    """The last part is saved only when no part has a problem, and still says its own."""
    return refuse_together(problems, save)


def _tell(problems: list[Problem], more: Iterable[Problem]) -> None:
    """Note what else is wrong; a field that was answered already gets no second answer."""
    told = {one.field for one in problems}
    problems += [one for one in more if one.field not in told]


def _gathered(problems: list[Problem], where: str, work: Callable[[], _Part]) -> _Part:
    """A part of the form, or an empty one with its problems noted under the part's name."""
    try:
        return work()
    except CommandRefused as refused:
        _tell(problems, [replace(one, field=where + one.field) for one in refused.problems])
        return _Part(None, (), {})


def _order_problems(reception: Reception, now_ms: int) -> list[Problem]:
    if reception.is_draft:
        return []
    cleaned, _ = clean_values(VISIT, reception.values)
    problems = [missing(name, what) for name, what in _NEEDED.items() if not cleaned.get(name)]
    promised_at = cleaned.get("promised_at")
    if isinstance(promised_at, int) and promised_at < now_ms:
        what = "The promised time has passed."
        problems.append(Problem("promised_at", ProblemCode.BAD_VALUE, what, "Promise a time that is still to come."))
    return problems


def _odometer_doubts(node: Node, tx: ReadTransaction, reception: Reception, car: _Part, now_ms: int) -> list[Problem]:
    """What speaks against the odometer of a car that was here before."""
    if car.record is None:
        return []
    cars = dict.fromkeys((car.record, reception.car.known or car.record))
    found = (one for record in cars for one in tx.find_equal(ODOMETER_READING, "vehicle_id", record, CHILDREN_MAX))
    readings = view_all(tx, node.identity, tuple(found))
    doubts = doubts_of(readings, reception.values.get("odometer_in_km"), now_ms, field="odometer_in_km")
    return [] if reception.is_read_again else doubts


def _asked_who(node: Node, tx: ReadTransaction, reception: Reception) -> list[Problem]:
    """Whether who is new here is on file: asked once, before there are two files of one customer."""
    new = reception.party.new
    if new is None or reception.party.known is not None:
        return []
    phones = (reception.values.get("sender_phone"),)
    return who_is_meant(node, tx, new, dismissed=reception.party.not_same, field=ASKED_WHO, phones=phones)


def _asked_which(node: Node, tx: ReadTransaction, car: ReceivedCar) -> list[Problem]:
    """Whether a car that is new here is one on file: asked once, before its recalls stay in another file."""
    if car.known is not None:
        return []
    typed = TypedParty(plate=car.plate, vin=car.vin if is_seen(car.vin or "") else None)
    found = tuple(one.id for one in cars_meant(node, tx, typed, dismissed=car.not_same))
    if not found:
        return []
    what = "A car with this plate or number is on file already."
    then = "Say whether it is the same car, and save again."
    return [Problem(ASKED_WHICH, ProblemCode.ON_FILE, what, then, records=found)]


def _asked_again(node: Node, tx: ReadTransaction, car: ReceivedCar, part: _Part) -> list[Problem]:
    """Whether a second order is meant for a car that stands in the shop: one that a VIN found was shown to nobody."""
    record = part.record if car.known is None else car.known
    if record is None or car.orders_seen is None:
        return []
    standing = {one.id for one in orders_in_work_of(node, tx, record)}
    if not standing or (car.known is not None and standing <= set(car.orders_seen)):
        return []
    what = "This car has an order whose work is not done."
    then = "Open that order to go on with it, or say that a second one is meant, and save again."
    return [Problem(ASKED_WHICH, ProblemCode.ON_FILE, what, then, records=(record,))]


def _car(node: Node, tx: ReadTransaction, car: ReceivedCar, new_id: NewId) -> _Part:
    """The car on file, the car of a VIN, or a car of which only the plate is known."""
    plate = plate_number(car.plate or "")
    said: Values = {"plate_at_visit": plate} if plate else {}
    if car.known is not None:
        view = view_record(tx, node.identity, tx.record(VEHICLE, car.known))
        if view is None:
            raise refuse("id", ProblemCode.NOT_FOUND, "There is no such vehicle here.", "Search for it again.")
        vin = view.values.get("vin")
        if is_seen(car.vin or "") and not has_number(view):
            return _named(node, tx, car, new_id, car.known)
        plates = _new_plate(node, tx, car, car.known, new_id)
        return _Part(car.known, plates, said, vin if isinstance(vin, str) else None)
    if car.vin and is_seen(car.vin):
        policy = accepted_policy(node, is_compared=car.is_vin_compared)
        command = AddVehicle(car.vin, policy, car.values, today=today_at_site(node))
        made = refuse_together(plate_problems(car.plate), lambda: add_vehicle(command, new_id))
        news = vehicle_news(node, tx, command, made)
        plates = _new_plate(node, tx, car, made.record, new_id)
        return _Part(made.record, (*news, *plates), said, car.vin)
    if plate is None:
        refuse_if_any([missing("vin", "A check-in needs a VIN or a plate.")])
    values, problems = clean_values(VEHICLE, {"lifecycle": "active", **car.values}, today=today_at_site(node))
    refuse_if_any(problems + plate_problems(car.plate))
    record = new_id()
    vehicle = draft_new(VEHICLE, record, values)
    return _Part(record, (vehicle, *_new_plate(node, tx, car, record, new_id)), said)


def _named(node: Node, tx: ReadTransaction, car: ReceivedCar, new_id: NewId, known: RecordId) -> _Part:
    """The car on file of which only the plate was known, under the number that is stated now."""
    number, plate = car.vin or "", plate_number(car.plate or "")
    policy = accepted_policy(node, is_compared=car.is_vin_compared)
    made = identify_car(node, tx, known, new_id, vin=number, policy=policy)
    moved = [one.values for one in made.drafts if one.kind is PLATE and one.values and not one.values.get("to_on")]
    carried = plate or next((one.get("plate_no") for one in moved), None)
    is_moved = any(one.get("plate_no") == plate for one in moved)
    plates = () if is_moved else _new_plate(node, tx, car, made.record, new_id)
    said: Values = {"plate_at_visit": carried} if carried else {}
    return _Part(made.record, (*made.drafts, *plates), said, number)


def _new_plate(node: Node, tx: ReadTransaction, car: ReceivedCar, vehicle: RecordId, new_id: NewId) -> Drafts:
    """The plate, unless the car carries it already."""
    plate = plate_number(car.plate or "")
    if plate is None:
        return ()
    known = view_all(tx, node.identity, tx.find_equal(PLATE, "vehicle_id", vehicle, CHILDREN_MAX))
    if any(one.values.get("plate_no") == plate and not one.values.get("to_on") for one in known):
        return ()
    return add_plate(vehicle, {"plate_no": plate, "plate_color": car.plate_color}, new_id)


def _party(node: Node, tx: ReadTransaction, party: ReceivedParty, now_ms: int, new_id: NewId) -> _Part:
    if party.known is not None:
        view = view_record(tx, node.identity, tx.record(CUSTOMER, party.known))
        if view is None:
            raise refuse("id", ProblemCode.NOT_FOUND, "There is no such customer here.", "Search for it again.")
        typed = [*((PHONE, one) for one in party.phones), *((ADDRESS, one) for one in party.addresses)]
        repeated = [_on_file(node, tx, party.known, kind, values) for kind, values in typed]
        confirmed = (*party.confirmed, *(one for one in repeated if one is not None))
        drafts = _confirmed(node, tx, dict.fromkeys(confirmed), party.known, now_ms)
        for (kind, values), same in zip(typed, repeated, strict=True):
            if same is None:
                drafts += add_part(AddPart(kind, party.known, {**values, "verified_at": now_ms}), new_id)
        return _Part(party.known, drafts, {})
    if party.new is None:
        return _Part(None, (), {})
    drafts = add_customer(replace(party.new, today=today_at_site(node)), new_id)
    name = called(drafts[0].values)
    return _Part(RecordId(drafts[0].record), drafts, {"customer_name": name})


def _on_file(node: Node, tx: ReadTransaction, customer: RecordId, kind: Kind, typed: Values) -> RecordId | None:
    """The telephone or address of a customer that says what was typed once more."""
    field = "number" if kind is PHONE else "street"
    wanted = clean_values(kind, typed)[0].get(field)
    known = view_all(tx, node.identity, tx.find_equal(kind, "customer_id", customer, CHILDREN_MAX))
    return next((one.id for one in known if wanted is not None and one.values.get(field) == wanted), None)


def _confirmed(
    node: Node, tx: ReadTransaction, confirmed: Iterable[RecordId], customer: RecordId, now_ms: int
) -> Drafts:
    """The day on which phones and addresses of this customer were confirmed; others are left alone."""
    drafts: Drafts = ()
    for record in confirmed:
        for kind in (PHONE, ADDRESS):
            view = view_record(tx, node.identity, tx.record(kind, record))
            if view is not None and view.values.get("customer_id") == customer:
                draft = draft_edit(kind, view.read(), {"verified_at": now_ms})
                drafts += () if draft is None else (draft,)
    return drafts


def _link(node: Node, tx: ReadTransaction, form: ReceivedParty, car: _Part, party: _Part) -> _Part:
    """The customer's role for the car, unless it is on file and has not ended."""
    if form.role is None or car.record is None or party.record is None:
        return _Part(None, (), {})
    record = ownership_id(car.record, party.record, form.role)
    view = view_record(tx, node.identity, tx.record(OWNERSHIP, record))
    if view is not None and not view.values.get("to_on"):
        return _Part(record, (), {})
    known = None if view is None else view.read()
    return _Part(record, add_ownership(AddOwnership(car.record, party.record, form.role, {"to_on": None}, known)), {})


def _with_it(
    tx: ReadTransaction, reception: Reception, car: _Part, now_ms: int
) -> Callable[[RecordId, RecordId], Drafts]:
    def _drafts(visit: RecordId, vehicle: RecordId) -> Drafts:
        made: Drafts = ()
        for one in reception.recalls:
            vin, terms = car.vin or "", terms_of(tx, one.campaign)
            made += complete_recall(
                CompleteRecall(one.campaign, vin, vehicle, visit, "open", now_ms, one.method, one.values, terms)
            )
        booked = reception.appointment
        return made if booked is None else made + arrive_appointment(booked, now_ms, visit)

    return _drafts


def _stated(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None and value != ""}
