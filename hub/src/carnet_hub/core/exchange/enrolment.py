"""How a dealer's node comes in: a one-time code, a proof from both sides, one change set of the hub.

Decides whether a request may use a code, and what the hub answers. Does not decide the code's form nor the proofs
(`carnet_protocol.enrolment`), nor what a node may do afterwards.

Rules
1. A code is good for one node of its site (`codes`).
2. A request is signed with the very key it asks to register: nobody can enrol somebody else's key.
3. Trying again is harmless: the same node with the same keys gets a new answer to new bytes (its clock went on); any
   other use of a used code is refused.
4. A node that was revoked or suspended does not come back by a code, and a key that is another node's does not come at
   all.
5. Code, registration and answer are written in one transaction: after a crash all of it is there or none.
"""

from dataclasses import dataclass

import msgspec

from carnet_hub.core.codes import NOBODY, Invitation, answer_once, issue_code, keys_of, require_active
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import REQUEST_BYTES_MAX
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import InviteRow, RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Draft
from carnet_protocol.enrolment import check_request, invite_keys, prove_answer
from carnet_protocol.envelope import Purpose, key_id_of, read_envelope, verify_envelope
from carnet_protocol.errors import BadValue, NotAllowed, NotAuthentic
from carnet_protocol.messages import MESSAGE_VERSION, EnrolAnswer, EnrolRequest, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value


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
    return issue_code(hub, dealer_id, invite_keys)


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

    def judge(transaction: Transaction, invite: InviteRow) -> tuple[bytes, bytes]:
        """Refuse the claim, or let the node in."""
        _check_claim(hub, transaction, invite, request)
        return request.node_id, _let_in(hub, transaction, keys, request, invite=invite, message=message)

    return answer_once(hub, request.code_id, message, judge)


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


def _check_claim(hub: Hub, snapshot: Snapshot, invite: InviteRow, request: EnrolRequest) -> None:
    if invite.tries >= limits.INVITE_TRIES_MAX:
        raise NotAuthentic(Reason.CODE_USED, "too many wrong proofs")
    if invite.node_id not in (NOBODY, request.node_id):
        raise NotAuthentic(Reason.CODE_USED, "used by another node")
    if hub.clock.now_ms() >= invite.expires_ms:
        raise NotAuthentic(Reason.CODE_EXPIRED, "expired")
    _check_proof(hub, invite, request)
    require_active(snapshot, invite.dealer_id)
    _check_node(hub, snapshot, invite, request)


def _check_proof(hub: Hub, invite: InviteRow, request: EnrolRequest) -> None:
    """A wrong proof counts against an open code; a used one is beyond guessing."""
    try:
        check_request(keys_of(invite), hub.public_key, request)
    except NotAuthentic as wrong:
        if invite.node_id == NOBODY:
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
    """Register the node unless it is, and answer it."""
    if _node_record(hub, transaction, request.node_id) is None:
        write_in(hub, transaction, [_registration(hub, request, invite)])
    answer = _answer(hub, transaction, keys, request, invite)
    proof = prove_answer(keys_of(invite), message, answer)
    return sign_frame(msgspec.structs.replace(answer, proof=proof), Purpose.ENROL, hub.hub_id, hub.signer)


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
