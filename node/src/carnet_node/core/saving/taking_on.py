"""Taking another dealer's car on, and giving it back: saved in this site's log, whether there is a line or not.

Decides which customer may be named: one of this site; and which adoptions are given back: all of the car. The hub
judges the rest when the set arrives.
"""

from carnet_node.core.commands.adopting import TakeOn, give_car_back, take_car_on
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.saving.desk import Saved, save
from carnet_node.core.saving.editing import nothing_here
from carnet_node.core.showing.record_view import view_all
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADOPTION, CUSTOMER


def take_on(node: Node, vehicle: RecordId, reason: str, customer: RecordId | None = None) -> Saved:
    """Follow a car of others for a time.

    Args:
        reason: of `ADOPTION_REASONS`.
        customer: at the desk; None for nobody.

    Raises:
        CommandRefused: no reason of the list, or a customer whom this site does not know; nothing was saved.
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing was written.
    """
    if customer is not None and one_record(node, CUSTOMER, customer) is None:
        raise nothing_here(CUSTOMER.name)
    return save(node, lambda new_id: take_car_on(TakeOn(vehicle, reason, customer, node.clock.now_ms()), new_id))


def give_back(node: Node, vehicle: RecordId) -> Saved:
    """Follow a car of others no more, before its time is over; what was recorded here stays.

    Raises:
        CommandRefused: this site has not taken the car on, or has given it back; nothing was saved.
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing was written.
    """
    with node.store.read() as tx:
        found = view_all(tx, node.identity, tx.find_equal(ADOPTION, "vehicle_id", vehicle, CHILDREN_MAX))
    standing = [one.read() for one in found if one.is_own and not one.values.get("retracted")]
    if not standing:
        what = "This site has not taken this car on, or has given it back."
        raise refuse("vehicle_id", ProblemCode.NOT_FOUND, what, "Look at the list of the cars that were taken on.")
    return save(node, lambda _: give_car_back(standing))
