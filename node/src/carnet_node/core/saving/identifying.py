"""A car of which only the plate was known gets its number.

Decides what becomes of the record it had. A car is the same everywhere because its id derives from its VIN, so a number
that is learned later leads to another record: the car of that VIN, new or known. What this site wrote about the former
one and may still change goes over to it, in the same change set; what is settled stays where it was signed.

    plates, holders          recorded for the car of the VIN, taken away from the former record
    orders not settled yet   are about the car of the VIN; the reading of their day follows
    readings of no order     taken back, recorded anew
    settled orders           stay; with any of them the former record stays too, without one it goes

A frame number of an older car names no record: it is written into the one that is there.
"""

from carnet_node.core.commands.drafting import CORRECTED, Drafts, NewId, draft_delete, draft_edit
from carnet_node.core.commands.vehicles import (
    AddOwnership,
    AddVehicle,
    NewVehicle,
    ReadOdometer,
    add_ownership,
    add_vehicle,
    carry_plate,
    check_vin,
    read_odometer,
    remove_plate,
    retract_reading,
)
from carnet_node.core.commands.visits import edit_visit
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.log.authoring import commit_within
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.saving.desk import new_ids, vehicle_news
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_node.core.showing.views import VehicleView, vehicle_view_within
from carnet_protocol.ids import VIN_CHARS, RecordId, ownership_id
from carnet_protocol.kinds import OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy

_NUMBERS = frozenset({"vin", "chassis_no"})
_EDITABLE = frozenset({"draft", "open", "completed"})


def has_number(view: RecordView) -> bool:
    """Whether a car is known by more than its plate."""
    return any(view.values.get(name) for name in _NUMBERS)


def accepted_policy(node: Node, *, is_compared: bool) -> VinPolicy:
    """Which numbers are accepted: those of the market, and any check digit of one that was compared with the car."""
    return VinPolicy.LENIENT if is_compared else node.settings.vin_policy


def state_number(node: Node, vehicle: RecordId, vin: str, *, is_compared: bool) -> RecordId:
    """Save the number of a car of which only the plate was known.

    Args:
        is_compared: somebody compared it with the car, so a wrong check digit is the maker's.

    Raises:
        CommandRefused: see `identify_car`; nothing was saved.

    Returns: the record that is the car from now on.
    """
    policy = accepted_policy(node, is_compared=is_compared)
    with node.store.write() as tx:
        made = identify_car(node, tx, vehicle, new_ids(node), vin=vin, policy=policy)
        if made.drafts:
            commit_within(node, tx, made.drafts)
        return made.record


def identify_car(
    node: Node, tx: ReadTransaction, vehicle: RecordId, new_id: NewId, *, vin: str, policy: VinPolicy
) -> NewVehicle:
    """The car of a number that was learned for a record without one, and everything that goes over to it.

    Args:
        vin: as typed or scanned.

    Raises:
        CommandRefused: no such car, one that has its number, or a number that is none; nothing was drafted.
    """
    view = vehicle_view_within(node, tx, vehicle)
    if view is None:
        raise refuse("id", ProblemCode.NOT_FOUND, "There is no such vehicle here.", "Search for it again.")
    if has_number(view.vehicle):
        raise refuse("vin", ProblemCode.LOCKED, "A car keeps its VIN.", "Add the other VIN as another vehicle.")
    number = check_vin(vin, policy)
    if len(number) != VIN_CHARS:
        draft = draft_edit(VEHICLE, view.vehicle.read(), {"chassis_no": number})
        return NewVehicle(vehicle, () if draft is None else (draft,))
    named = add_vehicle(AddVehicle(number, policy), new_id)
    is_new = view_record(tx, node.identity, tx.record(VEHICLE, named.record)) is None
    command = AddVehicle(number, policy, _own_values(view.vehicle) if is_new else {})
    news = vehicle_news(node, tx, command, add_vehicle(command, new_id))
    moved = (
        *_plates(node, tx, view, named.record, new_id),
        *_holders(node, tx, view, named.record),
        *_orders(view, named.record, new_id),
        *_readings(view, named.record, new_id),
    )
    stays = any(one.values.get("status") not in _EDITABLE or not one.is_own for one in view.visits)
    gone = () if stays else (draft_delete(VEHICLE, view.vehicle.read()),)
    return NewVehicle(named.record, (*news, *moved, *gone))


def _own_values(view: RecordView) -> dict[str, Value]:
    return {name: value for name, value in view.values.items() if value is not None and name not in _NUMBERS}


def _plates(node: Node, tx: ReadTransaction, view: VehicleView, to: RecordId, new_id: NewId) -> Drafts:
    """Plates it carries or carried, unless the other record has them."""
    known = view_all(tx, node.identity, tx.find_equal(PLATE, "vehicle_id", to, CHILDREN_MAX))
    carried = {(one.values.get("plate_no"), one.values.get("to_on")) for one in known}
    drafts: Drafts = ()
    for plate in view.plates:
        values = {name: plate.values.get(name) for name in ("plate_no", "plate_color", "from_on", "to_on")}
        if (values["plate_no"], values["to_on"]) not in carried:
            drafts += carry_plate(to, {name: one for name, one in values.items() if one is not None}, new_id)
        drafts += remove_plate(plate.read())
    return drafts


def _holders(node: Node, tx: ReadTransaction, view: VehicleView, to: RecordId) -> Drafts:
    """Customers of this site who hold it, in the roles they had."""
    drafts: Drafts = ()
    for owned in view.owners:
        link, customer = owned.link, owned.link.values.get("customer_id")
        if owned.other is None or not isinstance(customer, bytes):
            continue
        role = str(link.values.get("role"))
        known = tx.record(OWNERSHIP, ownership_id(to, RecordId(customer), role))
        if view_record(tx, node.identity, known) is None:
            period = {name: link.values[name] for name in ("from_on", "to_on") if link.values.get(name) is not None}
            drafts += add_ownership(AddOwnership(to, RecordId(customer), role, period))
        drafts += (draft_delete(OWNERSHIP, link.read()),)
    return drafts


def _orders(view: VehicleView, to: RecordId, new_id: NewId) -> Drafts:
    """Orders that may still change are about the other record."""
    by_order = {one.values.get("visit_id"): one for one in view.readings if not one.values.get("retracted")}
    drafts: Drafts = ()
    for order in view.visits:
        if order.is_own and order.values.get("status") in _EDITABLE:
            reading = by_order.get(order.id)
            drafts += edit_visit(order.read(), {"vehicle_id": to}, None if reading is None else reading.read(), new_id)
    return drafts


def _readings(view: VehicleView, to: RecordId, new_id: NewId) -> Drafts:
    """What was read without an order."""
    drafts: Drafts = ()
    for one in view.readings:
        odometer_km, read_at = one.values.get("odometer_km"), one.values.get("read_at")
        is_free = one.is_own and one.values.get("visit_id") is None and not one.values.get("retracted")
        if is_free and isinstance(odometer_km, int) and isinstance(read_at, int):
            command = ReadOdometer(to, odometer_km, read_at, str(one.values.get("source")))
            drafts += (*retract_reading(one.read(), CORRECTED), read_odometer(command, new_id))
    return drafts
