"""Everything known here about one customer, on one page: card, cars with their files, and every visit they paid for.

Decides in which order cars stand (those they hold now first) and how much of each is opened: a fleet of two hundred
cars is a list. Nothing is masked here; that is the screen's business.
"""

from dataclasses import dataclass

from carnet_node.core.desk_limits import CARS_OPENED_MAX, TIMELINE_ROWS_MAX
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.vehicle_file import VehicleFile, is_silent, vehicle_file_within
from carnet_node.core.showing.views import CustomerCard, OwnedVehicle, customer_card_within
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VISIT


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A customer and everything around them.

    Attributes:
        cars: files of the cars they hold now, then of former ones; at most `CARS_OPENED_MAX`.
        other_cars: links to the rest.
        visits: on which they were the customer, newest first, whatever became of the car.
        last_visit_at: ms since 1970.
        is_silent: they are not to be contacted.
        conflicts: records of the card with values that stand beside each other.
        as_of_ms: how old the data of other sites is.
    """

    card: CustomerCard
    cars: tuple[VehicleFile, ...]
    other_cars: tuple[OwnedVehicle, ...]
    visits: tuple[RecordView, ...]
    last_visit_at: int | None
    is_silent: bool
    conflicts: tuple[RecordView, ...]
    as_of_ms: int | None


def customer_file(node: Node, customer: RecordId) -> CustomerFile | None:
    """The file of a customer, in one snapshot; None when this site has none with this id."""
    with node.store.read() as tx:
        card = customer_card_within(node, tx, customer)
        if card is None:
            return None
        customer = card.customer.id
        links = sorted(card.vehicles, key=lambda one: bool(one.link.values.get("to_on")))
        known = [one for one in links if one.other is not None]
        opened = {one.other.id: one for one in known if one.other is not None}
        first = list(opened)[:CARS_OPENED_MAX]
        files = [vehicle_file_within(node, tx, vehicle) for vehicle in first]
        visits = view_all(tx, node.identity, tx.find_equal(VISIT, "customer_id", customer, CHILDREN_MAX))
        feed = tx.feed()
        silent = is_silent(node, tx, customer)
    paid = sorted(visits, key=lambda one: (_opened_at(one), one.id), reverse=True)
    return CustomerFile(
        card,
        tuple(one for one in files if one is not None),
        tuple(one for one in opened.values() if one.other is not None and one.other.id not in first),
        tuple(paid[:TIMELINE_ROWS_MAX]),
        _opened_at(paid[0]) if paid else None,
        silent,
        tuple(one for one in _records_of(card) if one.contests or one.is_edit_after_delete),
        None if feed is None else feed.as_of_ms,
    )


def _records_of(card: CustomerCard) -> tuple[RecordView, ...]:
    links = tuple(one.link for one in card.vehicles)
    return (card.customer, *card.phones, *card.addresses, *card.preferences, *links)


def _opened_at(visit: RecordView) -> int:
    value = visit.values.get("opened_at")
    return value if isinstance(value, int) else 0
