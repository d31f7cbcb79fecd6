"""What the desk does, from command to commit.

Decides which present facts a command meets inside the write transaction: a fresh number, whether a vehicle of this VIN
is known, whether the record belongs here. It never refreshes what the author read. A command in which nothing changed
writes no change set.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.vehicles import AddVehicle, NewVehicle, add_vehicle
from carnet_node.core.commands.visits import OpenVisit, open_visit
from carnet_node.core.limits import RO_NUMBER_MAX
from carnet_node.core.log.authoring import SealedSet, commit_within
from carnet_node.core.name_keys import load_readings
from carnet_node.core.node import Node
from carnet_node.core.numbering import business_day, node_tag, ro_number, ro_prefix, today_at_site
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.showing.record_view import RecordView, view_record
from carnet_node.core.showing.views import visit_snapshot
from carnet_protocol.ids import RecordId, new_record_id
from carnet_protocol.kinds import CUSTOMER, VEHICLE, VISIT

_COUNTER_BYTES: Final = 2
_RANDOM_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Saved:
    """What a command left behind.

    Attributes:
        records: ids of the records written, in the order of the drafts.
        sealed: None when nothing had changed.
    """

    records: tuple[RecordId, ...]
    sealed: SealedSet | None


@dataclass(frozen=True, slots=True)
class OpenedVisit:
    """A new repair order and its number."""

    visit: RecordId
    ro_no: str
    saved: Saved


@dataclass(frozen=True, slots=True)
class SavedVehicle:
    """The vehicle of a VIN, new or known before."""

    vehicle: RecordId
    saved: Saved


def new_ids(node: Node) -> NewId:
    """Fresh record ids of one moment, ascending: jobs and lines are shown in the order in which they were entered.

    Source: RFC 9562 section 6.2, method 1; the counter takes the place of 12 of the 74 random bits.
    """
    now_ms = node.clock.now_ms()
    places = count()

    def fresh() -> RecordId:
        """The next id, larger than those before it."""
        place = next(places).to_bytes(_COUNTER_BYTES, "big")
        return new_record_id(now_ms, place + node.entropy.random_bytes(_RANDOM_ID_BYTES))

    return fresh


def save(node: Node, command: Callable[[NewId], Drafts]) -> Saved:
    """Work a command out and commit its drafts.

    Args:
        command: a function of `commands` with everything but `new_id` filled in.

    Raises:
        Refused: see the command and `authoring.commit`; nothing was written.
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing was written.
    """
    drafts = command(new_ids(node))
    if any(draft.kind is CUSTOMER for draft in drafts):
        load_readings()  # not inside the transaction, where every other process would wait for it
    with node.store.write() as tx:
        return _commit(node, tx, drafts)


def save_visit(
    node: Node, command: OpenVisit, parts: Callable[[RecordId, RecordId], Drafts] | None = None
) -> OpenedVisit:
    """Open a repair order under the next number of this node; `command.ro_no` is given here.

    Args:
        parts: what is recorded with it in the same change set, for the ids of the order and its car: recalls done.

    Raises:
        CommandRefused: see `open_visit`, or the parts; nothing was recorded and no number was used.
    """
    with node.store.write() as tx:
        return open_within(node, tx, command, (), parts)


def save_visit_by_vin(
    node: Node,
    car: AddVehicle,
    order: Callable[[RecordId], OpenVisit],
    parts: Callable[[RecordId, RecordId], Drafts] | None = None,
) -> OpenedVisit:
    """As `save_visit`, for the car of a VIN; one that is not known here is recorded in the same change set.

    Args:
        order: for the car's record id.
        parts: see `save_visit`.

    Raises:
        CommandRefused: see `add_vehicle`, `open_visit`, or the parts; nothing was recorded.
    """
    vehicle = add_vehicle(replace(car, today=today_at_site(node)), new_ids(node))
    with node.store.write() as tx:
        news = vehicle_news(node, tx, car, vehicle)
        return open_within(node, tx, order(vehicle.record), news, parts)


def save_vehicle(
    node: Node, command: AddVehicle, parts: Callable[[RecordId, NewId], Drafts] | None = None
) -> SavedVehicle:
    """Add a vehicle, or what was entered about one that is known here already.

    What the author had not read (`command.known` is None) is never replaced: a value that differs from the one on file
    stands beside it as a concurrent version, for somebody to look at.

    Args:
        parts: what is recorded with it in the same change set, for its record id: a plate, an owner.

    Raises:
        CommandRefused: see `add_vehicle`, or the parts; nothing was recorded.
    """
    new_id = new_ids(node)
    vehicle = add_vehicle(replace(command, today=today_at_site(node)), new_id)
    more = () if parts is None else parts(vehicle.record, new_id)
    with node.store.write() as tx:
        return SavedVehicle(vehicle.record, _commit(node, tx, (*vehicle_news(node, tx, command, vehicle), *more)))


def open_within(
    node: Node,
    tx: WriteTransaction,
    command: OpenVisit,
    before: Drafts,
    parts: Callable[[RecordId, RecordId], Drafts] | None,
) -> OpenedVisit:
    """Open an order inside a transaction the caller has begun; what the form leaves out of name and plate is as today.

    Args:
        before: recorded with it in the same change set, ahead of it: a new customer, a new car.
        parts: recorded behind it, for the ids of the order and its car.
    """
    number = _next_ro_number(node, tx)
    values = {**visit_snapshot(tx, node.identity, command.vehicle, command.customer), **command.values}
    drafts = open_visit(replace(command, ro_no=number, values=values, today=today_at_site(node)), new_ids(node))
    visit = RecordId(drafts[0].record)
    more = () if parts is None else parts(visit, command.vehicle)
    return OpenedVisit(visit, number, _commit(node, tx, (*before, *drafts, *more)))


def vehicle_news(node: Node, tx: ReadTransaction, command: AddVehicle, vehicle: NewVehicle) -> Drafts:
    """What is not on file yet of what was entered about a vehicle."""
    view = view_record(tx, node.identity, tx.record(VEHICLE, vehicle.record))
    return vehicle.drafts if view is None or command.known is not None else _news(vehicle.drafts, view)


def _news(drafts: Drafts, view: RecordView) -> Drafts:
    """The same drafts without registers in which they say what is shown already."""
    kept = []
    for draft in drafts:
        news = {
            one.name
            for register in draft.kind.registers
            if any(
                draft.values.get(one.name, shown) != shown
                for one in register.fields
                for shown in [view.values.get(one.name)]
            )
            for one in register.fields
        }
        values = {name: value for name, value in draft.values.items() if name in news}
        if values:
            kept.append(replace(draft, values=values))
    return tuple(kept)


def _commit(node: Node, tx: WriteTransaction, drafts: Drafts) -> Saved:
    if not drafts:
        return Saved((), None)
    records = tuple(RecordId(draft.record) for draft in drafts)
    return Saved(records, commit_within(node, tx, drafts))


def _next_ro_number(node: Node, tx: WriteTransaction) -> str:
    """The next number that no visit here has: a restored database may have forgotten its counter.

    Every epoch after the first counts on its own, since what was numbered before may not be back yet.
    """
    identity, chain = node.identity, tx.chain()
    epoch = chain.epoch if chain is not None and chain.epoch_ordinal > 1 else b""
    day = business_day(node.clock.now_ms(), node.settings.utc_offset_minutes)
    prefix = ro_prefix(identity.site_code, day, node_tag(identity.node_id, epoch))
    number = ro_number(prefix, tx.next_number(prefix))
    for _ in range(RO_NUMBER_MAX):
        if not tx.find_equal(VISIT, "ro_no", number, 1):
            break
        number = ro_number(prefix, tx.next_number(prefix))
    return number
