"""A single node's standing: suspended and let in again, or its key revoked, each by a change set of the hub.

Decides which steps of a node's standing make sense. Does not decide what a suspension stops (admission and greeting ask
for it at every request), nor the standing of a whole site (`dealers`), nor which sets of a stolen key were not its
owner's (`rebuild.exclude_sets`). A revoked key does not come back: it is in other hands, and the machine enrols anew.
"""

from typing import Final

from carnet_hub.core.authoring import write_in
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import TEXT_CHARS_MAX
from carnet_hub.core.shown import shown_values
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import NodeId, new_record_id, record_text
from carnet_protocol.kinds import NODE, REVOCATION
from carnet_protocol.registry import Value
from carnet_protocol.state import head_op_ids, unpack_entries

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
RETIRED: Final = "retired"
REVOKED: Final = "revoked"

_RANDOM_BYTES: Final = 10


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


def revoke_key(hub: Hub, node_id: NodeId, *, revocation_kind: str, reason: str) -> None:
    """Take nothing that a node's present key has signed any more, for good; all sites hear of it.

    Args:
        revocation_kind: `retired` for a machine that is gone, `compromised` for a key in other hands.
        reason: why; 1 to 500 characters, public and kept for ever: it names no person.

    Raises:
        Unusable: no such node, its key is revoked already, or no reason; nothing was changed.
        BadValue: another kind of revocation; nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    name = record_text(node_id)
    if not 0 < len(reason.strip()) <= TEXT_CHARS_MAX:
        raise Unusable("A revocation needs a reason.", f"Give one of 1 to {TEXT_CHARS_MAX} characters.")
    with hub.store.write() as transaction:
        key = next((key for key in transaction.keys_of([node_id]) if key.status != RETIRED), None)
        if key is None:
            raise Unusable(f"There is no node {name}.", "Look it up with `nodes list`.")
        if key.status == REVOKED:
            raise Unusable(f"The key of {name} is revoked already.", "Enrol the machine anew with a new code.")
        values: dict[str, Value] = {
            "node_id": node_id,
            "key_id": key.key_id,
            "revocation_kind": revocation_kind,
            "reason": reason.strip(),
        }
        record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(_RANDOM_BYTES))
        write_in(hub, transaction, [Draft(REVOCATION, record, values)])


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
