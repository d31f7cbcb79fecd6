"""Giving a lost machine's data key to a new one: a one-time code from the operator, and one answer.

Decides which request may use a recovery code. Does not open or wrap a key (`ports.Escrow`), nor how the
proofs are made (`carnet_protocol.recovery`). The hub keeps no data key: it opens the copy that the lost machine had
wrapped for it, wraps it for the machine that asks, and forgets it.

Rules
1. A code is good for one node of its site, and used once (`codes`).
2. Only a node of that site that is enrolled and welcome is answered; its request is signed with its own key.
3. Any other use of a used code is refused than the same request again.
"""

import msgspec

from carnet_hub.core.codes import NOBODY, Invitation, answer_once, issue_code, keys_of, require_active
from carnet_hub.core.exchange.greeting import find_node, require_welcome
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import REQUEST_BYTES_MAX
from carnet_hub.core.ports import Escrow, Transaction
from carnet_hub.core.rows import InviteRow, Node
from carnet_protocol import cbor, limits
from carnet_protocol.enrolment import check_request, prove_answer
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import NotAllowed, NotAuthentic
from carnet_protocol.messages import MESSAGE_VERSION, RecoverAnswer, RecoverRequest, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.recovery import recovery_keys


def issue_recovery_code(hub: Hub, dealer_id: bytes) -> Invitation:
    """Make a one-time code with which a node of a site gets the data key of a lost one.

    Raises:
        NotAllowed: no such dealer, or suspended; nothing was stored.
    """
    return issue_code(hub, dealer_id, recovery_keys)


def answer_recovery(hub: Hub, escrow: Escrow, message: bytes) -> bytes:
    """Open a wrapped data key for a node that knows a code.

    Args:
        escrow: holds the key it was wrapped for.
        message: the signed `RecoverRequest`, at most `REQUEST_BYTES_MAX`.

    Raises:
        Malformed, NotAuthentic: no request, or not signed by an enrolled node.
        NotAuthentic: BAD_CODE, CODE_USED, CODE_EXPIRED, or BAD_PROOF; a wrong proof is counted, nothing else changes.
        NotAllowed: the node or its site is suspended, or the code is another site's.
        BadValue: the copy was wrapped for another hub, or is damaged; the code stays good.

    Returns: the signed `RecoverAnswer`; the same bytes for the same request.
    """
    node, request = _open_request(hub, message)

    def judge(transaction: Transaction, code: InviteRow) -> tuple[bytes, bytes]:
        """Refuse the request, or wrap the key again."""
        keys = keys_of(code)
        _check_usable(hub, code, node)
        check_request(keys, hub.public_key, request)
        require_active(transaction, code.dealer_id)
        wrapped = escrow.rewrap(request.wrapped, node.exchange_key)
        unproved = RecoverAnswer(MESSAGE_VERSION, node.node_id, wrapped, bytes(32))
        answer = msgspec.structs.replace(unproved, proof=prove_answer(keys, message, unproved))
        return node.node_id, sign_frame(answer, Purpose.ENROL, hub.hub_id, hub.signer)

    return answer_once(hub, request.code_id, message, judge)


def _open_request(hub: Hub, message: bytes) -> tuple[Node, RecoverRequest]:
    envelope = read_envelope(message, bytes_max=REQUEST_BYTES_MAX)
    node = find_node(hub, envelope.key_id)
    payload = verify_envelope(envelope, node.signing_key, Purpose.ENROL, hub.hub_id)
    request = cbor.decode_frame(payload, RecoverRequest, bytes_max=REQUEST_BYTES_MAX)
    if request.node_id != node.node_id:
        raise NotAuthentic(Reason.UNKNOWN_NODE, "the request names another node than the key's")
    require_welcome(node)
    return node, request


def _check_usable(hub: Hub, code: InviteRow, node: Node) -> None:
    if code.tries >= limits.INVITE_TRIES_MAX or code.node_id != NOBODY:
        raise NotAuthentic(Reason.CODE_USED, "used, or too many wrong proofs")
    if hub.clock.now_ms() >= code.expires_ms:
        raise NotAuthentic(Reason.CODE_EXPIRED, "expired")
    if code.dealer_id != node.dealer_id:
        raise NotAllowed(Reason.BAD_CODE, "made for another site")
