"""Until when the cars of a site's customers are insured and inspected, as the form of a car shows them.

Decides who is listed: every customer of this site who holds the car now, each once. Days of former holders stay on
file and are not shown; nobody is reminded of them (`saving.reminding`).
"""

from dataclasses import dataclass

from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.showing.holders import present_customers
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.views import VehicleView, vehicle_view_within
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAR_DATES


@dataclass(frozen=True, slots=True)
class DatesOfCustomer:
    """One customer of a car, with what is on file for the two; None where nothing is."""

    customer: RecordView
    dates: RecordView | None


@dataclass(frozen=True, slots=True)
class DatesOfCar:
    """A car, and the days of it for each customer who holds it now."""

    car: VehicleView
    customers: tuple[DatesOfCustomer, ...]


def dates_of_car(node: Node, vehicle: RecordId) -> DatesOfCar | None:
    """The days of a car; None when this site knows none with this id."""
    with node.store.read() as tx:
        car = vehicle_view_within(node, tx, vehicle)
        if car is None:
            return None
        stored = tx.find_equal(CAR_DATES, "vehicle_id", car.vehicle.id, CHILDREN_MAX)
        known = {one.values.get("customer_id"): one for one in view_all(tx, node.identity, stored)}
    holders = {one.id: one for one in present_customers(car.owners, site_day(node)) if one.is_own}
    return DatesOfCar(car, tuple(DatesOfCustomer(one, known.get(one.id)) for one in holders.values()))
