"""What this site still changed on cars whose time is over: proposals that wait at the hub for a person.

Decides which held-back work that is. Nothing of it is lost, and nothing of it counts before somebody at the hub says so
or the car is taken on again.
"""

from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.log.held_back import list_held_back
from carnet_node.core.node import Node
from carnet_node.core.showing.sync_centre import HeldDocument, held_document
from carnet_protocol.reasons import Reason


def late_work(node: Node) -> tuple[HeldDocument, ...]:
    """Parked saves on cars that are followed no more, newest first; of the last `LIST_ROWS_MAX` that were held back."""
    held = list_held_back(node, limit=LIST_ROWS_MAX)
    late = [one for one in held if one.is_parked and one.reason is Reason.NO_LONGER_FOLLOWED]
    with node.store.read() as tx:
        return tuple(held_document(node, tx, one) for one in late)
