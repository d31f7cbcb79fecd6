"""Joining a dealer site: from a typed code to an identity, on a line or by files.

Decides which hub is believed (the one whose signing key has the fingerprint in the code), what the node asks, and
whether the answer is the hub's answer to this very request. Does not make keys, send anything or write a file.

Rules:
- The code's secret is never sent; both sides prove that they know it, bound to the keys they have seen.
- A request is made once and kept until it is answered. Sending the same one again gets the same answer, so a lost
  answer costs nothing; a second request for the same code would be refused.
- Clear HTTP is for loopback only: the enrolment would survive a listener, personal values would not.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

from carnet_protocol import cbor
from carnet_protocol.enrolment import EnrolCode, check_answer, invite_keys, prove_request
from carnet_protocol.envelope import Purpose, Signer, key_id_of, read_envelope, verify_envelope
from carnet_protocol.errors import BadValue, NotAuthentic
from carnet_protocol.ids import HubId
from carnet_protocol.kinds import SCHEMA_VERSION
from carnet_protocol.limits import NAME_CHARS_MAX
from carnet_protocol.messages import EnrolAnswer, EnrolRequest, HubCard, open_frame, sign_frame
from carnet_protocol.reasons import Reason

_LOOPBACK_NAMES: Final = frozenset({"localhost"})


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The public half of a node's keys, raw 32 bytes each."""

    signing: bytes
    exchange: bytes


@dataclass(frozen=True, slots=True)
class PendingEnrolment:
    """A request that waits for its answer.

    Attributes:
        card_message: the hub's card as received, already believed.
        request_message: the signed request; the same bytes are sent however often.
    """

    card_message: bytes
    request_message: bytes


def check_hub_url(text: str) -> str:
    """The hub's address without a trailing slash.

    Args:
        text: as typed, ``https://host[:port]``.

    Raises:
        BadValue: another scheme, no host, a path or credentials in it, or clear HTTP to another machine.
    """
    try:
        url = urlsplit(text.strip())
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise BadValue(Reason.BAD_FIELD, "hub", "not an address") from error
    if url.scheme not in ("https", "http") or not host or url.path.strip("/") or url.query or url.username:
        raise BadValue(Reason.BAD_FIELD, "hub", "an address looks like https://hub.example.com")
    if url.scheme == "http" and not is_loopback(host):
        raise BadValue(Reason.BAD_FIELD, "hub", "clear HTTP is allowed on this machine only; use https")
    return f"{url.scheme}://{url.netloc}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this very machine."""
    if host.lower() in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def believe_card(card_message: bytes, code: EnrolCode) -> HubCard:
    """The hub's card, if it belongs to the hub the code was made by.

    The hub id that a signature is bound to stands inside the card, so its payload is read before the signature is
    checked; the fingerprint, which nobody but the hub's key fits, decides first.

    Raises:
        Malformed: no card.
        NotAuthentic: another hub answered (or somebody in between), or the card was altered; nothing was sent.
    """
    envelope = read_envelope(card_message)
    card = cbor.decode_frame(envelope.payload, HubCard)
    if key_id_of(card.signing_key) != code.fingerprint:
        raise NotAuthentic(Reason.BAD_CODE, "the hub's key is not the one this code was made with")
    verify_envelope(envelope, card.signing_key, Purpose.ENROL, HubId(card.hub_id))
    if not card.schema_min <= SCHEMA_VERSION <= card.schema_max:
        is_newer = card.schema_max < SCHEMA_VERSION
        raise NotAuthentic(Reason.SCHEMA_TOO_NEW if is_newer else Reason.SCHEMA_TOO_OLD, f"schema {SCHEMA_VERSION}")
    return card


def draft_request(
    card_message: bytes,
    code: EnrolCode,
    keys: NodeKeys,
    signer: Signer,
    *,
    node_id: bytes,
    node_name: str,
    wall_ms: int,
) -> PendingEnrolment:
    """The request that asks the hub of this code to admit a new node.

    Args:
        card_message: from the hub, or from a file it wrote.
        keys: public keys to register; `signer` holds the private half of the signing key.
        node_id: 16 bytes chosen by the node.
        node_name: what people call this machine, at most 200 characters.
        wall_ms: this machine's clock.

    Raises:
        Malformed, NotAuthentic: see `believe_card`.
        BadValue: a name that is empty or too long.
    """
    if not 0 < len(node_name.strip()) <= NAME_CHARS_MAX:
        raise BadValue(Reason.BAD_FIELD, "name", f"1 to {NAME_CHARS_MAX} characters")
    card = believe_card(card_message, code)
    proving = invite_keys(code.secret)
    unproven = EnrolRequest(
        1, proving.code_id, node_id, keys.signing, keys.exchange, node_name.strip(), wall_ms, bytes(32)
    )
    request = msgspec.structs.replace(unproven, proof=prove_request(proving, card.signing_key, unproven))
    return PendingEnrolment(card_message, sign_frame(request, Purpose.ENROL, HubId(card.hub_id), signer))


def is_request_for(pending: PendingEnrolment, code: EnrolCode) -> bool:
    """Whether a kept request was made for this code, so that it is sent again instead of a new one."""
    request = cbor.decode_frame(read_envelope(pending.request_message).payload, EnrolRequest)
    return request.code_id == invite_keys(code.secret).code_id


def accept_answer(answer_message: bytes, pending: PendingEnrolment, code: EnrolCode) -> EnrolAnswer:
    """The hub's welcome, if it answers this request and its author knows the code.

    Raises:
        Malformed: no answer.
        NotAuthentic: signed by another key, without proof, for another request, node or hub; nothing was written.
    """
    card = believe_card(pending.card_message, code)
    request = cbor.decode_frame(read_envelope(pending.request_message).payload, EnrolRequest)
    answer = open_frame(answer_message, EnrolAnswer, card.signing_key, Purpose.ENROL, HubId(card.hub_id))
    check_answer(invite_keys(code.secret), pending.request_message, answer)
    named = (answer.hub_id, answer.node_id, answer.hub_signing_key)
    if named != (card.hub_id, request.node_id, card.signing_key):
        raise NotAuthentic(Reason.BAD_PROOF, "the answer names another hub or node")
    return answer
