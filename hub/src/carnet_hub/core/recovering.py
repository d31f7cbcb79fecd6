"""Giving a lost machine's data key to a new one: a one-time code from the operator, and one answer.

Decides who gets a recovery code and which request may use it. Does not open or wrap a key (`ports.Escrow`), nor how the
proofs are made (`carnet_protocol.recovery`). The hub keeps no data key: it opens the copy that the lost machine had
wrapped for it, wraps it for the machine that asks, and forgets it.

Rules
1. A code belongs to one dealer site, lives 72 hours, is good for one node and bears five wrong proofs.
2. Only a node of that site that is enrolled and welcome is answered; its request is signed with its own key.
3. Trying again is harmless: the same bytes get the same answer. Any other use of a used code is refused.
"""

import hashlib

import msgspec

from carnet_hub.core.enrolment import Invitation, keep_invite, require_active
from carnet_hub.core.greeting import find_node, require_welcome
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import REQUEST_BYTES_MAX
from carnet_hub.core.ports import Escrow, Snapshot
from carnet_hub.core.rows import InviteRow, Node
from carnet_protocol import cbor, limits
from carnet_protocol.enrolment import SECRET_BYTES, InviteKeys, check_request, format_code, prove_answer
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import NotAllowed, NotAuthentic
from carnet_protocol.ids import DealerId
from carnet_protocol.messages import MESSAGE_VERSION, RecoverAnswer, RecoverRequest, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.recovery import recovery_keys

_NOBODY = b""


def issue_recovery_code(hub: Hub, dealer_id: bytes) -> Invitation:
    """Make a one-time code with which a node of a site gets the data key of a lost one.

    Raises:
        NotAllowed: no such dealer, or suspended; nothing was stored.
    """
    secret = hub.entropy.random_bytes(SECRET_BYTES)
    expires_ms = keep_invite(hub, dealer_id, recovery_keys(secret))
    return Invitation(format_code(hub.public_key, secret), DealerId(dealer_id), expires_ms)


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
    with hub.store.read() as snapshot:  # a code nobody gave out must not cost the lock
        _find_code(snapshot, request)
    with hub.store.write() as transaction:
        code = _find_code(transaction, request)
        if code.answer and code.asked_hash == hashlib.sha256(message).digest():
            return code.answer
        keys = InviteKeys(code.code_id, code.node_key, code.hub_key)
        _check_usable(hub, code, node)
        try:
            check_request(keys, hub.public_key, request)
        except NotAuthentic as wrong:
            transaction.put([code._replace(tries=code.tries + 1)])
            refusal = wrong
        else:
            require_active(transaction, code.dealer_id)
            unproved = RecoverAnswer(
                MESSAGE_VERSION, node.node_id, escrow.rewrap(request.wrapped, node.exchange_key), bytes(32)
            )
            answer = msgspec.structs.replace(unproved, proof=prove_answer(keys, message, unproved))
            signed = sign_frame(answer, Purpose.ENROL, hub.hub_id, hub.signer)
            asked_hash = hashlib.sha256(message).digest()
            transaction.put([code._replace(node_id=node.node_id, asked_hash=asked_hash, answer=signed)])
            return signed
    raise refusal


def _open_request(hub: Hub, message: bytes) -> tuple[Node, RecoverRequest]:
    envelope = read_envelope(message, bytes_max=REQUEST_BYTES_MAX)
    node = find_node(hub, envelope.key_id)
    payload = verify_envelope(envelope, node.signing_key, Purpose.ENROL, hub.hub_id)
    request = cbor.decode_frame(payload, RecoverRequest, bytes_max=REQUEST_BYTES_MAX)
    if request.node_id != node.node_id:
        raise NotAuthentic(Reason.UNKNOWN_NODE, "the request names another node than the key's")
    require_welcome(node)
    return node, request


def _find_code(snapshot: Snapshot, request: RecoverRequest) -> InviteRow:
    for code in snapshot.scan(InviteRow):
        if code.code_id == request.code_id:
            return code
    raise NotAuthentic(Reason.BAD_CODE, "no such recovery code")


def _check_usable(hub: Hub, code: InviteRow, node: Node) -> None:
    if code.tries >= limits.INVITE_TRIES_MAX or code.node_id != _NOBODY:
        raise NotAuthentic(Reason.CODE_USED, "used, or too many wrong proofs")
    if hub.clock.now_ms() >= code.expires_ms:
        raise NotAuthentic(Reason.CODE_EXPIRED, "expired")
    if code.dealer_id != node.dealer_id:
        raise NotAllowed(Reason.BAD_CODE, "made for another site")
