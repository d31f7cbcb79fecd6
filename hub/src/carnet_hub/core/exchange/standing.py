"""A single node's standing: suspended and let in again, each by a change set of the hub.

Decides which steps of a node's standing make sense. Does not decide what a suspension stops (admission and greeting ask
for it at every request), nor the standing of a whole site (`dealers`), nor what a revocation takes away (`revoking`). A
revoked key does not come back: it is in other hands, and the machine enrols anew.
"""

from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.shown import shown_values
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import NodeId, record_text
from carnet_protocol.kinds import NODE
from carnet_protocol.state import head_op_ids, unpack_entries

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"


def suspend_node(hub: Hub, node_id: NodeId) -> None:
    """Stop taking anything from one node; what it records is kept there, and its site goes on.

    Raises:
        Unusable: no such node, suspended already, or revoked; nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    _change_status(hub, node_id, SUSPENDED)


def resume_node(hub: Hub, node_id: NodeId) -> None:
    """Take a suspended node's work again.

    Raises:
        Unusable: no such node, active already, or revoked; nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    _change_status(hub, node_id, ACTIVE)


def _change_status(hub: Hub, node_id: NodeId, status: str) -> None:
    name = record_text(node_id)
    with hub.store.write() as transaction:
        row = transaction.records(NODE.number, [node_id]).get(node_id)
        if row is None:
            raise Unusable(f"There is no node {name}.", "Look it up with `nodes list`.")
        present = str(shown_values(hub.registry, row).get("status"))
        if present == status:
            raise Unusable(f"The node {name} is {status} already.", "Nothing is left to do.")
        if present not in (ACTIVE, SUSPENDED):
            raise Unusable(f"The node {name} is {present}.", "Enrol the machine anew with a new code.")
        heads = head_op_ids(unpack_entries(row.entries), [NODE.register_of("status").number])
        write_in(hub, transaction, [Draft(NODE, row.id, {"status": status}, heads)])
