"""How a dealer's node comes in: a one-time code, a proof from both sides, one change set of the hub.

Decides who gets a code, whether a request may use it, and what the hub answers. Does not decide the code's form nor the
proofs (`carnet_protocol.enrolment`), nor what a node may do afterwards.

Rules
1. A code belongs to one dealer site, lives 72 hours, is good for one node and bears five wrong proofs. The hub keeps
   what derives from its secret, never the secret.
2. A request is signed with the very key it asks to register: nobody can enrol somebody else's key.
3. Trying again is harmless. The same bytes get the same answer; the same node with the same keys gets a new answer
   to new bytes (its clock went on); any other use of a used code is refused.
4. A node that was revoked or suspended does not come back by a code, and a key that is another node's does not come at
   all.
5. Code, registration and answer are written in one transaction: after a crash all of it is there or none.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from carnet_hub.core.authoring import write_in
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import REQUEST_BYTES_MAX
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import InviteRow, RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Draft
from carnet_protocol.enrolment import SECRET_BYTES, InviteKeys, check_request, format_code, invite_keys, prove_answer
from carnet_protocol.envelope import Purpose, key_id_of, read_envelope, verify_envelope
from carnet_protocol.errors import BadValue, NotAllowed, NotAuthentic
from carnet_protocol.ids import DealerId
from carnet_protocol.messages import MESSAGE_VERSION, EnrolAnswer, EnrolRequest, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value

_ACTIVE: Final = ("", "active")
_NO_NODE: Final = b""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the operator hands to a dealer; the code exists nowhere else.

    Attributes:
        code: 45 characters in groups of five.
        expires_ms: ms since 1970 UTC.
    """

    code: str
    dealer_id: DealerId
    expires_ms: int


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The hub's public keys that an answer states besides the signing key; 32 bytes each."""

    exchange: bytes
    export: bytes


def invite_dealer(hub: Hub, dealer_id: bytes) -> Invitation:
    """Make a one-time code for one more node of a dealer site.

    Raises:
        NotAllowed: no such dealer, or suspended; nothing was stored.
    """
    secret = hub.entropy.random_bytes(SECRET_BYTES)
    expires_ms = keep_invite(hub, dealer_id, invite_keys(secret))
    return Invitation(format_code(hub.public_key, secret), DealerId(dealer_id), expires_ms)


def keep_invite(hub: Hub, dealer_id: bytes, keys: InviteKeys) -> int:
    """Remember a code of a site by what derives from its secret; expired codes are forgotten, used or not.

    Raises:
        NotAllowed: no such dealer, or suspended; nothing was stored.

    Returns: when it expires, ms since 1970 UTC.
    """
    now_ms = hub.clock.now_ms()
    expires_ms = now_ms + limits.INVITE_TTL_MS
    with hub.store.write() as transaction:
        require_active(transaction, dealer_id)
        stale = [(one.code_id,) for one in transaction.scan(InviteRow) if one.expires_ms < now_ms]
        transaction.remove(InviteRow, stale)
        row = InviteRow(keys.code_id, dealer_id, keys.node_key, keys.hub_key, now_ms, expires_ms, 0, _NO_NODE, b"", b"")
        transaction.put([row])
    return expires_ms


def answer_enrol(hub: Hub, keys: PublicKeys, message: bytes) -> bytes:
    """Let a node in that knows a code, and answer it.

    Args:
        keys: stated in the answer.
        message: the signed `EnrolRequest`, at most `REQUEST_BYTES_MAX`.

    Raises:
        Malformed, NotAuthentic: no request, or not signed with the key it names.
        NotAuthentic: BAD_CODE, CODE_USED, CODE_EXPIRED, or BAD_PROOF; a wrong proof is counted, nothing else changes.
        NotAllowed: the dealer or this node is suspended.
        BadValue: node id or key belong to another node.

    Returns: the signed `EnrolAnswer`; the same bytes for the same request.
    """
    request = open_request(hub, message)
    with hub.store.read() as snapshot:  # a code nobody gave out must not cost the lock
        _find_invite(snapshot, request)
    with hub.store.write() as transaction:
        invite = _find_invite(transaction, request)
        if invite.answer and invite.asked_hash == hashlib.sha256(message).digest():
            return invite.answer
        try:
            _check_claim(hub, transaction, invite, request)
        except NotAuthentic as wrong:
            if wrong.reason is not Reason.BAD_PROOF:
                raise
            transaction.put([invite._replace(tries=invite.tries + 1)])
            refusal = wrong
        else:
            return _let_in(hub, transaction, keys, request, invite=invite, message=message)
    raise refusal


def open_request(hub: Hub, message: bytes) -> EnrolRequest:
    """Read a request and check that it is signed with the key it names.

    The frame is parsed before it is verified, because the key stands in it; nothing is done with it before.

    Raises:
        Malformed, NotAuthentic: see `answer_enrol`.
    """
    envelope = read_envelope(message, bytes_max=REQUEST_BYTES_MAX)
    request = cbor.decode_frame(envelope.payload, EnrolRequest, bytes_max=REQUEST_BYTES_MAX)
    verify_envelope(envelope, request.signing_key, Purpose.ENROL, hub.hub_id)
    return request


def _find_invite(snapshot: Snapshot, request: EnrolRequest) -> InviteRow:
    invite = snapshot.invite(request.code_id)
    if invite is None:
        raise NotAuthentic(Reason.BAD_CODE, "no such invitation")
    return invite


def _check_claim(hub: Hub, snapshot: Snapshot, invite: InviteRow, request: EnrolRequest) -> None:
    if invite.tries >= limits.INVITE_TRIES_MAX:
        raise NotAuthentic(Reason.CODE_USED, "too many wrong proofs")
    if invite.node_id not in (_NO_NODE, request.node_id):
        raise NotAuthentic(Reason.CODE_USED, "used by another node")
    if hub.clock.now_ms() >= invite.expires_ms:
        raise NotAuthentic(Reason.CODE_EXPIRED, "expired")
    _check_proof(hub, invite, request)
    require_active(snapshot, invite.dealer_id)
    _check_node(hub, snapshot, invite, request)


def _check_proof(hub: Hub, invite: InviteRow, request: EnrolRequest) -> None:
    """A wrong proof counts against an open code; a used one is beyond guessing."""
    try:
        check_request(InviteKeys(invite.code_id, invite.node_key, invite.hub_key), hub.public_key, request)
    except NotAuthentic as wrong:
        if invite.node_id == _NO_NODE:
            raise
        raise NotAuthentic(Reason.CODE_USED, "used, and a wrong proof") from wrong


def _check_node(hub: Hub, snapshot: Snapshot, invite: InviteRow, request: EnrolRequest) -> None:
    """A known node must be the same one and welcome; an unknown one must bring a key of its own."""
    holder = snapshot.nodes_by_key([key_id_of(request.signing_key)]).get(key_id_of(request.signing_key))
    if holder is not None and holder.node_id != request.node_id:
        raise BadValue(Reason.BAD_FIELD, "signing_key", "another node's")
    known = _node_record(hub, snapshot, request.node_id)
    if known is None:
        return
    values = shown_values(hub.registry, known)
    if values.get("status") != "active":
        raise NotAllowed(Reason.SUSPENDED_NODE, "this node")
    stated = (invite.dealer_id, request.signing_key, request.exchange_key)
    if (values.get("dealer_id"), values.get("signing_key"), values.get("exchange_key")) != stated:
        raise BadValue(Reason.BAD_FIELD, "node_id", "another node's")


def _let_in(
    hub: Hub, transaction: Transaction, keys: PublicKeys, request: EnrolRequest, *, invite: InviteRow, message: bytes
) -> bytes:
    """Register the node unless it is, and keep the answer, so that the same request gets the same bytes."""
    if _node_record(hub, transaction, request.node_id) is None:
        write_in(hub, transaction, [_registration(hub, request, invite)])
    answer = _answer(hub, transaction, keys, request, invite)
    proof = prove_answer(InviteKeys(invite.code_id, invite.node_key, invite.hub_key), message, answer)
    signed = sign_frame(msgspec.structs.replace(answer, proof=proof), Purpose.ENROL, hub.hub_id, hub.signer)
    asked_hash = hashlib.sha256(message).digest()
    transaction.put([invite._replace(node_id=request.node_id, asked_hash=asked_hash, answer=signed)])
    return signed


def _registration(hub: Hub, request: EnrolRequest, invite: InviteRow) -> Draft:
    values: dict[str, Value] = {
        "dealer_id": invite.dealer_id,
        "signing_key": request.signing_key,
        "exchange_key": request.exchange_key,
        "status": "active",
        "enrolled_at": hub.clock.now_ms(),
        "node_name": request.node_name,
    }
    return Draft(hub.registry["node"], request.node_id, values)


def _answer(hub: Hub, snapshot: Snapshot, keys: PublicKeys, request: EnrolRequest, invite: InviteRow) -> EnrolAnswer:
    kind = hub.registry["dealer_site"]
    site = snapshot.records(kind.number, [invite.dealer_id]).get(invite.dealer_id)
    values = shown_values(hub.registry, site) if site is not None else {}
    return EnrolAnswer(
        MESSAGE_VERSION,
        hub.hub_id,
        hub.hub_epoch,
        invite.dealer_id,
        request.node_id,
        str(values.get("site_code") or ""),
        str(values.get("site_name") or ""),
        hub.public_key,
        keys.exchange,
        keys.export,
        snapshot.head().position,
        hub.clock.now_ms(),
        bytes(32),
    )


def _node_record(hub: Hub, snapshot: Snapshot, node_id: bytes) -> RecordRow | None:
    return snapshot.records(hub.registry["node"].number, [node_id]).get(node_id)


def require_active(snapshot: Snapshot | Transaction, dealer_id: bytes) -> None:
    """Go on only with a dealer site that exists and is not suspended.

    Raises:
        NotAllowed: it is not.
    """
    dealer = snapshot.dealers([dealer_id]).get(dealer_id)
    if dealer is None:
        raise NotAllowed(Reason.NOT_FOUND, "no such dealer site")
    if dealer.status not in _ACTIVE:
        raise NotAllowed(Reason.SUSPENDED_NODE, "dealer site")
