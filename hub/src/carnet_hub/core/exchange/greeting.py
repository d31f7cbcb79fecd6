"""A node at the door: its hello checked and answered, and the node behind a token.

Decides who is let in: the key must be an enrolled node's, the hello signed with it on a fresh challenge of ours, and
node and dealer welcome, at the hello and again at every request. What the hello finds out about the node's chain is
`hello`'s.
"""

import msgspec

from carnet_hub.core.exchange.enrolment import PublicKeys
from carnet_hub.core.exchange.hello import answer_hello, note_failure
from carnet_hub.core.exchange.sessions import (
    Session,
    check_challenge,
    issue_challenge,
    issue_token,
    key_id_of_hello,
    open_hello,
    open_token,
)
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import SCHEMA_AHEAD_MAX, SCHEMA_BEHIND_MAX
from carnet_hub.core.rows import Node
from carnet_hub.core.sets.intake import RETIRED
from carnet_protocol import limits
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import NotAllowed, NotAuthentic, Refused
from carnet_protocol.hello import HelloRequest
from carnet_protocol.ids import EpochId
from carnet_protocol.kinds import SCHEMA_VERSION
from carnet_protocol.messages import (
    MESSAGE_VERSION,
    HubCard,
    sign_frame,
)
from carnet_protocol.reasons import Reason


def hub_card(hub: Hub, keys: PublicKeys, session_key: bytes) -> bytes:
    """Who the hub is, signed, with a challenge for the next hello."""
    now_ms = hub.clock.now_ms()
    card = HubCard(
        MESSAGE_VERSION,
        hub.hub_id,
        hub.hub_epoch,
        hub.public_key,
        keys.exchange,
        keys.export,
        max(1, SCHEMA_VERSION - SCHEMA_BEHIND_MAX),
        SCHEMA_VERSION + SCHEMA_AHEAD_MAX,
        now_ms,
        issue_challenge(session_key, now_ms),
    )
    return sign_frame(card, Purpose.ENROL, hub.hub_id, hub.signer)


def greet_node(hub: Hub, session_key: bytes, message: bytes) -> bytes:
    """Answer a hello on the line.

    Args:
        session_key: shared by all workers.
        message: the signed `HelloRequest`.

    Raises:
        Malformed, NotAuthentic: no hello, not signed by an enrolled node, or on a challenge that is not fresh.
        NotAllowed: the node or its dealer is suspended. Either is remembered, so that `nodes why` can tell.

    Returns: the signed `HelloAnswer` with a token.
    """
    node, request = open_greeting(hub, message)
    now_ms = hub.clock.now_ms()
    try:
        check_challenge(session_key, request.challenge, now_ms)
        require_welcome(node)
    except Refused as refusal:
        note_failure(hub, node.node_id, refusal.reason)
        raise
    answer = answer_hello(hub, request, message)
    session = Session(node.key_id, EpochId(request.epoch), now_ms + limits.TOKEN_TTL_MS)
    complete = msgspec.structs.replace(
        answer, token=issue_token(session_key, session), token_expires_ms=session.expires_ms
    )
    return sign_frame(complete, Purpose.HELLO, hub.hub_id, hub.signer)


def open_greeting(hub: Hub, message: bytes) -> tuple[Node, HelloRequest]:
    """The node that signed a hello, and what it says; challenge and standing are not looked at.

    Raises:
        Malformed, NotAuthentic: no hello, or not signed by an enrolled node.
    """
    node = find_node(hub, key_id_of_hello(message))
    return node, open_hello(message, node.signing_key, node.node_id, hub.hub_id)


def recognise(hub: Hub, session_key: bytes, token: bytes) -> Node:
    """The node behind a token, as it stands now.

    Raises:
        NotAuthentic: not one of our tokens, expired, or its key is gone.
        NotAllowed: the node or its dealer was suspended meanwhile.
    """
    session = open_token(session_key, token, hub.clock.now_ms())
    node = as_present(hub, find_node(hub, session.key_id))
    require_welcome(node)
    return node


def as_present(hub: Hub, node: Node) -> Node:
    """A node as it stands now, when the key it was found by has been replaced by its own hand."""
    if node.key_status != RETIRED:
        return node
    with hub.store.read() as snapshot:
        present = [key for key in snapshot.keys_of([node.node_id]) if key.status != RETIRED]
    if len(present) != 1:
        return node
    (key,) = present
    return node._replace(
        key_id=key.key_id, signing_key=key.signing_key, exchange_key=key.exchange_key, key_status=key.status
    )


def find_node(hub: Hub, key_id: bytes) -> Node:
    """The node that has or had a key.

    Raises:
        NotAuthentic: nobody has.
    """
    with hub.store.read() as snapshot:
        node = snapshot.nodes_by_key([key_id]).get(key_id)
    if node is None:
        raise NotAuthentic(Reason.UNKNOWN_KEY, "no enrolled node")
    return node


def require_welcome(node: Node) -> None:
    """Go on only with a node whose messages are taken.

    Raises:
        NotAllowed: it or its dealer is suspended, its key was revoked, or it has replaced that key itself.
    """
    if not node.is_welcome:
        raise NotAllowed(Reason.REPLACED_KEY if node.key_status == RETIRED else Reason.SUSPENDED_NODE, node.key_status)
