"""Cars in the shop of which only the plate is known: another dealer may have their file.

Decides which cars these are. Such a record is this site's alone; with its VIN it becomes the record that every site has
(`saving.identifying`), and its open order brings the history of the car.
"""

from dataclasses import dataclass
from typing import Final

from carnet_node.core.desk_limits import HOME_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE

_NUMBERS: Final = ("vin", "chassis_no")


@dataclass(frozen=True, slots=True)
class CarWithoutNumber:
    """A car that was taken in by its plate, and the order that it is here for."""

    vehicle: RecordView
    order: RecordView


def cars_without_number(node: Node) -> tuple[CarWithoutNumber, ...]:
    """Those of the orders in the shop, each car once; of the first `HOME_ROWS_MAX` orders."""
    with node.store.read() as tx:
        here = view_all(tx, node.identity, tx.orders_in_shop(node.identity.dealer_id, HOME_ROWS_MAX))
        found: dict[RecordId, CarWithoutNumber] = {}
        for order in here:
            named = order.values.get("vehicle_id")
            stored = tx.record(VEHICLE, RecordId(named)) if isinstance(named, bytes) else None
            vehicle = view_record(tx, node.identity, stored)
            if vehicle is not None and not any(vehicle.values.get(name) for name in _NUMBERS):
                found.setdefault(vehicle.id, CarWithoutNumber(vehicle, order))
    return tuple(found.values())
