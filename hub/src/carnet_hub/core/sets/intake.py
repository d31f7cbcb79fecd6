"""What can be judged about a pushed set before taking the lock: bytes, signature, shape, values.

Decides which sets are turned away with nothing changed, because not even their author is certain or because sending
them again can help: damaged, forged, made for another purpose or hub, from a key nobody enrolled, from a suspended
node, of a registry version this hub does not read. Everything else arrives as an `Arrival` with its ops decoded and
opened, so that the lock is held for as short as possible. A fault the author signed is kept in the arrival; admission
logs it as refused, so that the node's chain goes on.

Rule: verify, then parse.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import SCHEMA_AHEAD_MAX, SCHEMA_BEHIND_MAX
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import Node
from carnet_protocol import limits
from carnet_protocol.changeset import ChangeSet, read_set, set_bytes
from carnet_protocol.envelope import Envelope, Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import Malformed, NotAllowed, NotAuthentic, Refused
from carnet_protocol.kinds import SCHEMA_VERSION
from carnet_protocol.messages import Receipt, Verdict, open_frame
from carnet_protocol.opened import IsErased, OpenedSet, nothing_erased, open_set
from carnet_protocol.ops import Op
from carnet_protocol.reasons import Reason
from carnet_protocol.seals import parse_opening

RETIRED: Final = "retired"
"""Status of a key that its own node has replaced."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified set on its way to admission.

    Attributes:
        node: who signed it, as known before the lock.
        ops: empty when they could not be read.
        opened: with values, for a hub that has erased nothing; None when `fault` says why not.
        fault: what is wrong with it.
        ranked_ms: the set time of a receipt this hub gave before it was restored; None for none.
        confirmed_in: the hub epoch of that receipt when it says that the set was accepted.
    """

    change_set: ChangeSet
    opening: bytes
    node: Node
    ops: tuple[Op, ...]
    opened: OpenedSet | None
    fault: Refused | None
    sealed_records: frozenset[bytes] = field(default_factory=frozenset)
    ranked_ms: int | None = None
    confirmed_in: bytes | None = None


def hub_as_node(hub: Hub) -> Node:
    """The hub as the author of its own sets."""
    return Node(hub.node_id, hub.hub_id, hub.signer.key_id, hub.public_key, b"", "active", "")


def find_signers(hub: Hub, snapshot: Snapshot, envelopes: Iterable[Envelope]) -> dict[bytes, Node]:
    """The nodes behind the key ids that some envelopes name; the hub itself among them."""
    nodes = snapshot.nodes_by_key({envelope.key_id for envelope in envelopes})
    own = hub_as_node(hub)
    return {**nodes, own.key_id: own}


def read_pushed(message: bytes, opening: bytes) -> Envelope:
    """The frame of a pushed set, bounds first.

    Raises:
        Malformed: too large, or no envelope.
    """
    size = set_bytes(message, opening)
    if size > limits.SET_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, f"a set of {size} bytes")
    return read_envelope(message, bytes_max=limits.SET_BYTES_MAX)


def verify_arrival(hub: Hub, signers: Mapping[bytes, Node], envelope: Envelope, opening: bytes) -> Arrival:
    """Verify one set, then parse it and open its values.

    Raises:
        NotAuthentic: unknown key, bad signature, another purpose or hub, or signed with another node's key.
        NotAllowed: the node or its site is suspended, or the set was written by a registry this hub does not read.
        Malformed: a verified payload that is no change set, so that its place in the chain cannot be known.
    """
    node = signers.get(envelope.key_id)
    if node is None:
        raise NotAuthentic(Reason.UNKNOWN_KEY, envelope.key_id.hex())
    payload = verify_envelope(envelope, node.signing_key, Purpose.CHANGESET, hub.hub_id)
    change_set = read_set(envelope, payload, hub.hub_id)
    header = change_set.header
    if header.node_id != node.node_id or header.dealer_id != node.dealer_id:
        raise NotAuthentic(Reason.UNKNOWN_NODE, "the header names another node than the key's")
    if node.key_status != RETIRED:  # what a replaced key has signed may be known already: admission looks
        check_welcome(node)
    if header.schema > SCHEMA_VERSION + SCHEMA_AHEAD_MAX:
        raise NotAllowed(Reason.SCHEMA_TOO_NEW, f"{header.schema}, this hub knows {SCHEMA_VERSION}")
    if header.schema < SCHEMA_VERSION - SCHEMA_BEHIND_MAX:
        raise NotAllowed(Reason.SCHEMA_TOO_OLD, f"{header.schema}, this hub knows {SCHEMA_VERSION}")
    return arrive(hub, change_set, opening, node, nothing_erased)


def rank_by_receipt(hub: Hub, arrival: Arrival, receipt: bytes) -> Arrival:
    """The arrival with what a receipt says that this hub gave for this set; unchanged without one.

    A node that goes on in another epoch seals a set again: it has the nonce it had, and another hash. Then the set time
    is believed, since it lies in the past and its author can only lose by it; that it was accepted is not, because
    nothing shows that the ops are those that were accepted.
    """
    if not receipt:
        return arrival
    try:
        stated = open_frame(receipt, Receipt, hub.public_key, Purpose.RECEIPT, hub.hub_id)
    except Refused:
        return arrival
    header = arrival.change_set.header
    if (stated.nonce, stated.node_id) != (arrival.change_set.nonce, header.node_id):
        return arrival
    is_same = stated.set_hash == arrival.change_set.set_hash
    is_accepted = is_same and stated.verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_CONFLICTS)
    return replace(arrival, ranked_ms=stated.time_ms, confirmed_in=stated.hub_epoch if is_accepted else None)


def check_welcome(node: Node) -> None:
    """Refuse a node whose key was revoked or replaced, or that is suspended.

    Raises:
        NotAllowed: SUSPENDED_NODE.
    """
    if not node.is_welcome:
        raise NotAllowed(Reason.SUSPENDED_NODE, f"key {node.key_status}, site {node.dealer_status or 'unknown'}")


def arrive(hub: Hub, change_set: ChangeSet, opening: bytes, node: Node, is_erased: IsErased) -> Arrival:
    """Decode and open a verified set; what is wrong with it ends up in `fault`."""
    try:
        ops = change_set.ops
    except Refused as fault:
        return Arrival(change_set, opening, node, (), None, fault)
    sealed = frozenset(op.record for op in ops if op.seals)
    try:
        opened = open_set(change_set, opening, hub.registry, is_erased)
    except Refused as fault:
        return Arrival(change_set, opening, node, ops, None, fault, sealed)
    return Arrival(change_set, opening, node, ops, opened, None, sealed)


def is_damaged_opening(arrival: Arrival) -> bool:
    """Whether what is wrong lies in the unsigned opening alone.

    The author did not sign that fault: a line or a stick may have damaged the bytes, and sending the original again
    helps.
    """
    if isinstance(arrival.fault, NotAuthentic):
        return True
    if not isinstance(arrival.fault, Malformed) or not arrival.ops:
        return False
    try:
        parse_opening(arrival.opening, arrival.ops)
    except Refused:
        return True
    return False
