"""Everything known here about one car, on one page: before any form is opened.

Decides what is said first (open recalls, deferred work, a car that came back, an owner who is not to be contacted) and
how the histories of all sites make one timeline. What another site wrote is as old as the last page of the hub's feed,
and says so. Prices, phones and notes of other sites are not here at all: the hub never sent them. A history holds what
was done: not what the customer declined, and, once an order is over, not what nobody answered for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from carnet_node.core.desk_limits import REPEAT_REPAIR_DAYS, TIMELINE_ROWS_MAX, VISITS_OPENED_MAX
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_date, site_day
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Identity
from carnet_node.core.showing.golden import is_silent_anywhere
from carnet_node.core.showing.holders import present_customers
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.views import CustomerCard, VehicleView, campaigns_of, vehicle_view_within
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CONTACT_PREFERENCE, JOB, LABOUR_LINE, PART_LINE, RECALL_COMPLETION, VISIT
from carnet_protocol.registry import Value
from carnet_protocol.visits import DECLINED, OVER, is_correction, is_wanted

_DAY_MS = 24 * 3600 * 1000
_IN_WORK = ("draft", "open")


class EventKind(StrEnum):
    """What stands in a timeline."""

    VISIT = "visit"
    READING = "reading"
    PLATE = "plate"
    OWNERSHIP = "ownership"
    RECALL_DONE = "recall done"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the timeline.

    Attributes:
        moment: ms since 1970, or an ISO date, whichever is known; None for neither.
        view: the record itself.
        jobs: of a visit whose jobs were read; without those that were not to be done.
        lines: of another site's visit whose jobs were read: its labour and parts, since it opens on no page of its own.
        other: the customer of an ownership, the order of a completion or that a visit corrects, where known here.
        campaign: of a completion, where known here.
    """

    kind: EventKind
    moment: int | str | None
    view: RecordView
    jobs: tuple[RecordView, ...] = ()
    lines: tuple[RecordView, ...] = ()
    other: RecordView | None = None
    campaign: RecordView | None = None

    @property
    def work(self) -> tuple[tuple[str, Mapping[str, Value]], ...]:
        """Kind and values of the jobs and lines, as a look-up shows them."""
        return tuple((one.kind.name, one.values) for one in (*self.jobs, *self.lines))


@dataclass(frozen=True, slots=True)
class DeferredItem:
    """Work the customer declined, to be offered again."""

    visit: RecordView
    job: RecordView


@dataclass(frozen=True, slots=True)
class VehicleFile:
    """A car and everything around it.

    Attributes:
        timeline: newest first.
        is_more: there is more than the timeline holds.
        deferred: declined and not done since, newest first.
        repeat_of: a visit finished so few days ago that the car may be back for the same fault; corrections are none.
        in_work: the orders of this site under which the car stands in the shop now, newest first.
        do_not_contact: present owners and drivers who are not to be contacted.
        as_of_ms: how old the data of others is; None before the first complete page.
    """

    car: VehicleView
    timeline: tuple[Event, ...]
    is_more: bool
    deferred: tuple[DeferredItem, ...]
    repeat_of: RecordView | None
    in_work: tuple[RecordView, ...]
    do_not_contact: tuple[RecordView, ...]
    as_of_ms: int | None


def compared_views(card: CustomerCard | None, file: VehicleFile | None) -> tuple[RecordView, ...]:
    """The records of a page whose two values can be compared there: customer and phones, car and plates."""
    of_customer = () if card is None else (card.customer, *card.phones)
    return of_customer if file is None else (*of_customer, file.car.vehicle, *file.car.plates)


def vehicle_file(node: Node, vehicle: RecordId) -> VehicleFile | None:
    """The file of a car, in one snapshot; None when this site knows none with this id."""
    with node.store.read() as tx:
        return vehicle_file_within(node, tx, vehicle)


def vehicle_file_within(node: Node, tx: ReadTransaction, vehicle: RecordId) -> VehicleFile | None:
    """As `vehicle_file`, inside a snapshot the caller has begun."""
    car = vehicle_view_within(node, tx, vehicle)
    if car is None:
        return None
    opened = car.visits[:VISITS_OPENED_MAX]
    jobs = {one.id: _jobs(node, tx, one.id) for one in opened}
    lines = {one.id: _lines(node, tx, one.id) for one in opened if not one.is_own}
    done = view_all(tx, node.identity, tx.find_equal(RECALL_COMPLETION, "vehicle_id", vehicle, CHILDREN_MAX))
    offset = node.settings.utc_offset_minutes
    events = sorted(
        _events(car, jobs, lines, done, campaigns_of(tx, node.identity, done)),
        key=lambda one: _place(one, offset),
        reverse=True,
    )
    feed = tx.feed()
    return VehicleFile(
        car,
        tuple(events[:TIMELINE_ROWS_MAX]),
        len(events) > TIMELINE_ROWS_MAX,
        deferred_items(car.visits, jobs),
        repeated_visit(car.visits, node.clock.now_ms()),
        orders_in_work(car.visits),
        tuple(one for one in present_customers(car.owners, site_day(node)) if is_silent(node, tx, one.id)),
        None if feed is None else feed.as_of_ms,
    )


def deferred_items(
    visits: Sequence[RecordView], jobs: dict[RecordId, tuple[RecordView, ...]]
) -> tuple[DeferredItem, ...]:
    """Declined jobs, unless the same work was done or offered on a later visit, or somebody has dropped them.

    Args:
        visits: newest first.
        jobs: of those visits that were opened.
    """
    found: list[DeferredItem] = []
    settled: set[object] = set()
    for visit in visits:
        if visit.values.get("status") == "void":
            continue
        for job in jobs.get(visit.id, ()):
            named = _work_of(job)
            if settled.isdisjoint((named, job.id)) and _is_deferred(job):
                found.append(DeferredItem(visit, job))
            settled |= {named, job.values.get("offered_from_id")}
    return tuple(found)


def orders_in_work(visits: Iterable[RecordView]) -> tuple[RecordView, ...]:
    """The orders of this site whose work is not done, in the order given: the car should not be taken in twice.

    One that corrects another is none: its car left with that.
    """
    return tuple(
        one for one in visits if one.is_own and one.values.get("status") in _IN_WORK and not is_correction(one.values)
    )


def orders_in_work_of(node: Node, tx: ReadTransaction, vehicle: RecordId) -> tuple[RecordView, ...]:
    """As `orders_in_work`, of a car, newest first."""
    return orders_in_work(orders_of_car(tx, node.identity, vehicle))


def orders_of_car(tx: ReadTransaction, identity: Identity, vehicle: RecordId) -> list[RecordView]:
    """The orders of all sites on a car, newest first."""
    found = view_all(tx, identity, tx.find_equal(VISIT, "vehicle_id", vehicle, CHILDREN_MAX))
    return sorted(found, key=lambda one: (_instant(one, "opened_at") or 0, one.id), reverse=True)


def repeated_visit(visits: Iterable[RecordView], now_ms: int) -> RecordView | None:
    """The last finished visit, at whatever site, if it ended within `REPEAT_REPAIR_DAYS`; None when it did not.

    Args:
        visits: newest first; those that correct another one are passed over, since no car came for them.
    """
    for visit in visits:
        finished_at = visit.values.get("completed_at") or visit.values.get("opened_at")
        is_done = visit.values.get("status") in OVER and not is_correction(visit.values)
        if not is_done or not isinstance(finished_at, int):
            continue
        is_recent = 0 <= now_ms - finished_at <= REPEAT_REPAIR_DAYS * _DAY_MS
        return visit if is_recent else None
    return None


def _jobs(node: Node, tx: ReadTransaction, visit: RecordId) -> tuple[RecordView, ...]:
    found = view_all(tx, node.identity, tx.find_equal(JOB, "visit_id", visit, CHILDREN_MAX))
    return tuple(sorted(found, key=lambda one: (str(one.values.get("job_no", "")).zfill(4), one.id)))


def _lines(node: Node, tx: ReadTransaction, visit: RecordId) -> tuple[RecordView, ...]:
    """Labour and parts of a visit."""
    kinds = (LABOUR_LINE, PART_LINE)
    return tuple(
        line
        for kind in kinds
        for line in view_all(tx, node.identity, tx.find_equal(kind, "visit_id", visit, CHILDREN_MAX))
    )


def _is_deferred(job: RecordView) -> bool:
    return job.values.get("approval") == DECLINED and not job.values.get("is_dropped")


def _work_of(job: RecordView) -> object:
    """What makes two jobs the same work: the operation, else its words; a job without either is like no other."""
    return job.values.get("op_code") or job.values.get("op_name") or job.values.get("complaint") or job.id


def _events(
    car: VehicleView,
    jobs: dict[RecordId, tuple[RecordView, ...]],
    lines: dict[RecordId, tuple[RecordView, ...]],
    done: Iterable[RecordView],
    campaigns: Mapping[RecordId, RecordView],
) -> Iterable[Event]:
    orders = {one.id: one for one in car.visits}
    for visit in car.visits:
        unwanted = _unwanted(visit, jobs.get(visit.id, ()))
        yield Event(
            EventKind.VISIT,
            _instant(visit, "opened_at"),
            visit,
            _without(unwanted, jobs.get(visit.id, ())),
            _without(unwanted, lines.get(visit.id, ())),
            other=orders.get(_reference(visit, "corrects_id")),
        )
    for reading in car.readings:
        if reading.values.get("visit_id") is None:
            yield Event(EventKind.READING, _instant(reading, "read_at"), reading)
    for plate in _each_once(car.plates):
        yield Event(EventKind.PLATE, _date(plate, "from_on"), plate)
    for owned in car.owners:
        yield Event(EventKind.OWNERSHIP, _date(owned.link, "from_on"), owned.link, other=owned.other)
    for completion in done:
        if not completion.values.get("retracted"):
            order = orders.get(_reference(completion, "visit_id"))
            campaign = campaigns.get(_reference(completion, "campaign_id"))
            moment = _instant(completion, "completed_at")
            yield Event(EventKind.RECALL_DONE, moment, completion, other=order, campaign=campaign)


def _unwanted(visit: RecordView, jobs: Iterable[RecordView]) -> set[object]:
    """Jobs of a visit that were not to be done."""
    return {job.id for job in jobs if not is_wanted(visit.values, job.values)}


def _without(unwanted: set[object], work: Iterable[RecordView]) -> tuple[RecordView, ...]:
    """Jobs or lines that are none of these and stand on none of them."""
    return tuple(one for one in work if unwanted.isdisjoint((one.id, one.values.get("job_id"))))


def _each_once(plates: Iterable[RecordView]) -> Iterable[RecordView]:
    """Plates without those that say the same: two sites write down what they both see."""
    fields = ("plate_no", "plate_color", "from_on", "to_on")
    said = {tuple(one.values.get(name) for name in fields): one for one in reversed(tuple(plates))}
    return reversed(said.values())


def _instant(view: RecordView, field: str) -> int | None:
    value = view.values.get(field)
    return value if isinstance(value, int) else None


def _reference(view: RecordView, field: str) -> RecordId:
    value = view.values.get(field)
    return RecordId(value) if isinstance(value, bytes) else RecordId(b"")


def _date(view: RecordView, field: str) -> str | None:
    value = view.values.get(field)
    return value if isinstance(value, str) else None


def _place(event: Event, utc_offset_minutes: int) -> tuple[str, int, RecordId]:
    """By the site's calendar day, then by moment; what has no date stands at the very beginning."""
    moment = event.moment
    if isinstance(moment, int):
        return local_date(moment, utc_offset_minutes).isoformat(), moment, event.view.id
    return moment or "", 0, event.view.id


def is_silent(node: Node, tx: ReadTransaction, customer: RecordId) -> bool:
    """Whether a customer of this site is not to be contacted, by what they have told this site or any other."""
    found = tx.find_equal(CONTACT_PREFERENCE, "customer_id", customer, CHILDREN_MAX)
    is_said_here = any(one.values.get("do_not_contact") for one in view_all(tx, node.identity, found))
    return is_said_here or is_silent_anywhere(tx, customer)
