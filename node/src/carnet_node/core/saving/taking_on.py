"""Taking another dealer's car on: saved in this site's log, whether there is a line or not.

Decides which customer may be named: one of this site. The hub judges the rest when the adoption arrives.
"""

from carnet_node.core.commands.adopting import TakeOn, take_car_on
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import Saved, save
from carnet_node.core.saving.editing import nothing_here
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER


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
