"""What the desk reads: a customer card, a vehicle, a visit.

Decides which records make up a view and in which order they stand. Every record in it carries the heads it was read
from and how far it is synced. A view is read in one snapshot; a record it refers to that has not arrived yet is simply
missing. Nothing here masks personal values: that is the screen's business.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from carnet_node.core.commands.customers import called
from carnet_node.core.commands.lines import Work, totals_of
from carnet_node.core.commands.settling import brought_fen
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.recall_check import RecallAnswer, check_recalls_within
from carnet_node.core.records import FeedState, Identity
from carnet_node.core.shop_limits import SHARES_MAX
from carnet_node.core.showing.golden import GoldenView, golden_within, own_customer
from carnet_node.core.showing.odometer import Odometer, judge_odometer, reading_of
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_protocol.ids import RecordId, settlement_id, settlement_share_id
from carnet_protocol.kinds import (
    ADDRESS,
    CAMPAIGN,
    CONSENT,
    CONTACT_PREFERENCE,
    CUSTOMER,
    JOB,
    LABOUR_LINE,
    ODOMETER_READING,
    OWNERSHIP,
    PART_LINE,
    PHONE,
    PLATE,
    PROMISE_CHANGE,
    RECALL_COMPLETION,
    SETTLEMENT,
    SETTLEMENT_SHARE,
    VEHICLE,
    VISIT,
)
from carnet_protocol.limits import INT_VALUE_MIN
from carnet_protocol.registry import Kind, Value


@dataclass(frozen=True, slots=True)
class OwnedVehicle:
    """A vehicle of a customer, or a customer of a vehicle: the link, and the other side where it is known here.

    The link is a tie as `carnet_protocol.owners` weighs it.
    """

    link: RecordView
    other: RecordView | None

    @property
    def record(self) -> bytes:
        """Id of the link."""
        return self.link.id

    @property
    def role(self) -> str:
        """Of the customer for the vehicle."""
        return str(self.link.values.get("role") or "")

    @property
    def from_on(self) -> str:
        """First day; empty where nothing is said."""
        return str(self.link.values.get("from_on") or "")

    @property
    def to_on(self) -> str:
        """Last day; empty where nothing is said."""
        return str(self.link.values.get("to_on") or "")

    @property
    def written_ms(self) -> int:
        """When the link was first written."""
        return self.link.written_ms


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """A customer and what belongs to it.

    Attributes:
        phones: the preferred one first; equal numbers appear once.
        repeated_phones: those whose number one of `phones` shows already; they go with the customer.
        consents: newest statement first, retracted ones last.
        golden: what the hub knows of the same customer across sites; None when it has linked nothing to it.
    """

    customer: RecordView
    phones: tuple[RecordView, ...]
    repeated_phones: tuple[RecordView, ...]
    addresses: tuple[RecordView, ...]
    preferences: tuple[RecordView, ...]
    consents: tuple[RecordView, ...]
    vehicles: tuple[OwnedVehicle, ...]
    golden: GoldenView | None = None


@dataclass(frozen=True, slots=True)
class VehicleView:
    """A vehicle and its history.

    Attributes:
        plates: newest first; the current one has no end.
        readings: what the odometer is judged from, newest first; retracted ones too.
        visits: newest first.
        recalls: the offline check; None when the vehicle has neither VIN nor frame number.
    """

    vehicle: RecordView
    plates: tuple[RecordView, ...]
    owners: tuple[OwnedVehicle, ...]
    odometer: Odometer
    readings: tuple[RecordView, ...]
    visits: tuple[RecordView, ...]
    recalls: RecallAnswer | None


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and its lines."""

    job: RecordView
    labour: tuple[RecordView, ...]
    parts: tuple[RecordView, ...]


@dataclass(frozen=True, slots=True)
class VisitView:
    """A repair order.

    Attributes:
        loose_labour, loose_parts: lines on no job that is shown.
        totals: sum of the lines per pay type, in fen.
        is_total_stale: the totals written with the order are not this sum (somebody else changed a line meanwhile).
        reading: the odometer at arrival, recorded with it.
        promises: how the promised time was moved, newest first.
        settlement: what it came to; None before it is settled, and for an order from before there were settlements.
        shares: who pays which part of it.
        credit: what the order that this one corrects had settled, in fen by pay type; empty for one that corrects none.
        campaigns: of its completions, by id, where they are known here.
    """

    visit: RecordView
    vehicle: RecordView | None
    customer: RecordView | None
    jobs: tuple[JobView, ...]
    loose_labour: tuple[RecordView, ...]
    loose_parts: tuple[RecordView, ...]
    completions: tuple[RecordView, ...]
    reading: RecordView | None
    totals: dict[str, int]
    is_total_stale: bool
    promises: tuple[RecordView, ...] = ()
    settlement: RecordView | None = None
    shares: tuple[RecordView, ...] = ()
    credit: dict[str, int] = field(default_factory=dict)
    campaigns: dict[RecordId, RecordView] = field(default_factory=dict)

    def work(self) -> Work:
        """The jobs and lines a command on this order starts from."""
        labour = [*self.loose_labour, *(line for job in self.jobs for line in job.labour)]
        parts = [*self.loose_parts, *(line for job in self.jobs for line in job.parts)]
        jobs = [job.job for job in self.jobs]
        return Work(*(tuple(one.read() for one in records) for records in (jobs, labour, parts)))


@dataclass(frozen=True, slots=True)
class RecordList:
    """A page of a list; ask for the next one with `after`, which is None at the end."""

    records: tuple[RecordView, ...]
    after: RecordId | None


def customer_card(node: Node, customer: RecordId) -> CustomerCard | None:
    """A customer; None when this site has none with this id."""
    with node.store.read() as tx:
        return customer_card_within(node, tx, customer)


def customer_card_within(node: Node, tx: ReadTransaction, customer: RecordId) -> CustomerCard | None:
    """As `customer_card`, inside a snapshot the caller has begun."""
    customer = own_customer(tx, customer)
    shown = view_record(tx, node.identity, tx.record(CUSTOMER, customer))
    if shown is None:
        return None
    return CustomerCard(
        shown,
        *_phones(_children(tx, node.identity, PHONE, "customer_id", customer)),
        _children(tx, node.identity, ADDRESS, "customer_id", customer),
        _children(tx, node.identity, CONTACT_PREFERENCE, "customer_id", customer),
        _consents(_children(tx, node.identity, CONSENT, "customer_id", customer)),
        _linked(tx, node.identity, "customer_id", customer, VEHICLE),
        golden_within(tx, node.identity, customer),
    )


def vehicle_view(node: Node, vehicle: RecordId) -> VehicleView | None:
    """A vehicle; None when this site knows none with this id."""
    with node.store.read() as tx:
        return vehicle_view_within(node, tx, vehicle)


def vehicle_view_within(node: Node, tx: ReadTransaction, vehicle: RecordId) -> VehicleView | None:
    """As `vehicle_view`, inside a snapshot the caller has begun."""
    shown = view_record(tx, node.identity, tx.record(VEHICLE, vehicle))
    if shown is None:
        return None
    number = shown.values.get("vin") or shown.values.get("chassis_no")
    readings = _children(tx, node.identity, ODOMETER_READING, "vehicle_id", vehicle)
    return VehicleView(
        shown,
        _newest_first(_children(tx, node.identity, PLATE, "vehicle_id", vehicle), "from_on"),
        _linked(tx, node.identity, "vehicle_id", vehicle, CUSTOMER),
        _judged(readings),
        _newest_first(readings, "read_at"),
        _newest_first(_children(tx, node.identity, VISIT, "vehicle_id", vehicle), "opened_at"),
        check_recalls_within(tx, node, number) if isinstance(number, str) else None,
    )


def visit_view(node: Node, visit: RecordId) -> VisitView | None:
    """A repair order; None when this site knows none with this id."""
    with node.store.read() as tx:
        return visit_view_within(tx, node.identity, visit)


def visit_view_within(tx: ReadTransaction, identity: Identity, visit: RecordId) -> VisitView | None:
    """As `visit_view`, inside a snapshot the caller has begun."""
    shown = view_record(tx, identity, tx.record(VISIT, visit))
    if shown is None:
        return None
    jobs = sorted(_children(tx, identity, JOB, "visit_id", visit), key=lambda one: (_number(one, "job_no"), one.id))
    labour = _children(tx, identity, LABOUR_LINE, "visit_id", visit)
    parts = _children(tx, identity, PART_LINE, "visit_id", visit)
    known = {job.id for job in jobs}
    totals = totals_of({job.id: job.values for job in jobs}, [line.values for line in (*labour, *parts)])
    written = {name: shown.values.get(name) for name in totals}
    readings = _children(tx, identity, ODOMETER_READING, "visit_id", visit)
    done = _children(tx, identity, RECALL_COMPLETION, "visit_id", visit)
    return VisitView(
        shown,
        _referred(tx, identity, VEHICLE, shown, "vehicle_id"),
        _referred(tx, identity, CUSTOMER, shown, "customer_id"),
        tuple(JobView(job, _of_job(labour, job.id), _of_job(parts, job.id)) for job in jobs),
        tuple(line for line in labour if line.values.get("job_id") not in known),
        tuple(line for line in parts if line.values.get("job_id") not in known),
        done,
        next((one for one in _standing(readings) if one.values.get("source") != "handover"), None),
        totals,
        (any(totals.values()) or any(written.values())) and written != totals,
        _newest_first(_children(tx, identity, PROMISE_CHANGE, "visit_id", visit), "changed_at"),
        _settlement(tx, identity, visit),
        _shares(tx, identity, visit),
        _credit(tx, identity, shown),
        campaigns_of(tx, identity, done),
    )


def campaigns_of(
    tx: ReadTransaction, identity: Identity, completions: Iterable[RecordView]
) -> dict[RecordId, RecordView]:
    """The campaigns that completions speak of, by id, where they are known here."""
    found = (_referred(tx, identity, CAMPAIGN, one, "campaign_id") for one in completions)
    return {one.id: one for one in found if one is not None}


def visit_snapshot(
    tx: ReadTransaction, identity: Identity, vehicle: RecordId, customer: RecordId | None
) -> dict[str, Value]:
    """What a new order keeps of customer and car as they are now: a name, and the plate the car carries.

    Old orders must not follow a car to its next owner, nor a plate to its next car.
    """
    party = None if customer is None else view_record(tx, identity, tx.record(CUSTOMER, customer))
    plates = _newest_first(_children(tx, identity, PLATE, "vehicle_id", vehicle), "from_on")
    carried = next((one.values.get("plate_no") for one in plates if not one.values.get("to_on")), None)
    kept = {"customer_name": None if party is None else called(party.values), "plate_at_visit": carried}
    return {name: value for name, value in kept.items() if value is not None}


def list_records(node: Node, kind: Kind, *, after: RecordId | None, limit: int) -> RecordList:
    """Records of a kind by ascending id (the order in which they were made).

    Args:
        limit: 1 to `LIST_ROWS_MAX`.
    """
    with node.store.read() as tx:
        stored = tx.list_records(kind, after, limit)
        last = stored[-1].record if len(stored) == limit else None
        return RecordList(view_all(tx, node.identity, stored), last)


def one_record(node: Node, kind: Kind, record: RecordId) -> RecordView | None:
    """One record of any kind."""
    with node.store.read() as tx:
        return view_record(tx, node.identity, tx.record(kind, record))


def feed_state(node: Node) -> FeedState | None:
    """How far the feed was read, for the age shown with recalls and in the status strip."""
    with node.store.read() as tx:
        return tx.feed()


def _judged(readings: Iterable[RecordView]) -> Odometer:
    found = (reading_of(one.id, one.values) for one in readings)
    return judge_odometer(one for one in found if one is not None)


def _children(
    tx: ReadTransaction, identity: Identity, kind: Kind, field: str, parent: RecordId
) -> tuple[RecordView, ...]:
    return view_all(tx, identity, tx.find_equal(kind, field, parent, CHILDREN_MAX))


def _linked(
    tx: ReadTransaction, identity: Identity, field: str, record: RecordId, other: Kind
) -> tuple[OwnedVehicle, ...]:
    links = _newest_first(_children(tx, identity, OWNERSHIP, field, record), "from_on")
    return tuple(OwnedVehicle(link, _referred(tx, identity, other, link, f"{other.name}_id")) for link in links)


def _referred(tx: ReadTransaction, identity: Identity, kind: Kind, view: RecordView, field: str) -> RecordView | None:
    reference = view.values.get(field)
    return view_record(tx, identity, tx.record(kind, RecordId(reference))) if isinstance(reference, bytes) else None


def _credit(tx: ReadTransaction, identity: Identity, visit: RecordView) -> dict[str, int]:
    """What the order that this one corrects had settled."""
    first = _referred(tx, identity, VISIT, visit, "corrects_id")
    if first is None:
        return {}
    settlement = _settlement(tx, identity, first.id)
    return brought_fen(first.values, None if settlement is None else settlement.values)


def _settlement(tx: ReadTransaction, identity: Identity, visit: RecordId) -> RecordView | None:
    return next(iter(_standing(_children(tx, identity, SETTLEMENT, "visit_id", visit))), None)


def settled_customer_fen(tx: ReadTransaction, identity: Identity, visit: RecordId) -> int | None:
    """What the customer's part of an order was settled for; None where no settlement is known."""
    settlement = _settlement(tx, identity, visit)
    return None if settlement is None else brought_fen({}, settlement.values)["customer"]


def _shares(tx: ReadTransaction, identity: Identity, visit: RecordId) -> tuple[RecordView, ...]:
    """As they were stated; one that follows from no place stands behind."""
    settlement = settlement_id(visit)
    places = {settlement_share_id(settlement, place): place for place in range(SHARES_MAX)}
    shares = _standing(_children(tx, identity, SETTLEMENT_SHARE, "visit_id", visit))
    return tuple(sorted(shares, key=lambda one: (places.get(one.id, SHARES_MAX), one.id)))


def _standing(facts: Iterable[RecordView]) -> tuple[RecordView, ...]:
    return tuple(one for one in facts if not one.values.get("retracted"))


def _of_job(lines: Iterable[RecordView], job: RecordId) -> tuple[RecordView, ...]:
    return tuple(line for line in lines if line.values.get("job_id") == job)


def _phones(phones: Iterable[RecordView]) -> tuple[tuple[RecordView, ...], tuple[RecordView, ...]]:
    """Preferred first; of equal numbers the first, and then the others apart."""
    ordered = sorted(phones, key=lambda one: (not one.values.get("is_preferred"), one.id))
    by_number: dict[object, RecordView] = {}
    for phone in ordered:
        by_number.setdefault(phone.values.get("number", phone.id), phone)
    shown = {phone.id for phone in by_number.values()}
    return tuple(by_number.values()), tuple(phone for phone in ordered if phone.id not in shown)


def _consents(consents: Iterable[RecordView]) -> tuple[RecordView, ...]:
    return tuple(
        sorted(consents, key=lambda one: (bool(one.values.get("retracted")), -_number(one, "stated_at"), one.id))
    )


def _newest_first(views: Iterable[RecordView], field: str) -> tuple[RecordView, ...]:
    """By a date or instant, newest first; without one last, then by id, which is by time of making."""
    return tuple(sorted(views, key=lambda one: (*_moment(one.values.get(field)), one.id), reverse=True))


def _moment(value: Value) -> tuple[str, int]:
    """A sort key for dates or for instants; what is neither comes before both."""
    return (value, 0) if isinstance(value, str) else ("", value if isinstance(value, int) else INT_VALUE_MIN)


def _number(view: RecordView, field: str) -> int:
    value = view.values.get(field)
    return value if isinstance(value, int) else 0
