"""The signed envelope: COSE_Sign1 in one strict profile.

Decides the exact bytes that are signed, how a purpose and a hub are bound to them, and what is verified before anything
is parsed. Does not decide which key belongs to whom (the caller looks it up by `key_id`), nor what a payload means.

Profile (RFC 9052): tag 18; protected header exactly ``{1: -19, 4: key id}`` (Ed25519, RFC 9864); unprotected header
empty; payload attached as a byte string; 64-byte signature. ``external_aad`` is ``"carnet/" purpose "/v1" 00 hub id``,
so a signature made for one purpose or one hub verifies for no other.

Verify, then parse: `read_envelope` looks at the outer frame only; `verify_envelope` hands out the payload.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet_protocol import cbor, limits
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.ids import HubId
from carnet_protocol.reasons import Reason

KEY_ID_BYTES: Final = 16
_SIGNATURE_BYTES: Final = 64
_FRAME_PARTS: Final = 4
_TAG_SIGN1: Final = b"\xd2"
_PROTECTED_HEAD: Final = bytes.fromhex("a201320450")
"""``{1: -19, 4: h'`` up to the 16 bytes of the key id."""


class Purpose(StrEnum):
    """What a signature was made for; part of the signed bytes."""

    CHANGESET = "changeset"
    HELLO = "hello"
    RECEIPT = "receipt"
    FEED = "feed"
    BUNDLE = "bundle"
    ENROL = "enrol"
    CHECKPOINT = "checkpoint"
    LOOK_UP = "look-up"


class Signer(Protocol):
    """A private Ed25519 key somewhere else."""

    @property
    def key_id(self) -> bytes:
        """16 bytes, see `key_id_of`."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message (deterministic, RFC 8032)."""
        ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outer frame of a message, not yet verified.

    Attributes:
        message: the bytes as received; these are kept.
        key_id: which key claims to have signed.
        payload: what was signed; do not parse before `verify_envelope`.
    """

    message: bytes
    key_id: bytes
    payload: bytes
    signature: bytes


def key_id_of(public_key: bytes) -> bytes:
    """The first 16 bytes of the COSE key thumbprint of a raw 32-byte Ed25519 key.

    Source: RFC 9679 (COSE Key Thumbprint, SHA-256); the key is ``{1: 1, -1: 6, -2: x}``.
    """
    return hashlib.sha256(b"\xa3\x01\x01\x20\x06\x21\x58\x20" + public_key).digest()[:KEY_ID_BYTES]


def external_aad(purpose: Purpose, hub: HubId) -> bytes:
    """The bytes that bind a signature to a purpose and a hub."""
    return f"carnet/{purpose.value}/v1".encode() + b"\x00" + hub


def signed_bytes(payload: bytes, key_id: bytes, purpose: Purpose, hub: HubId) -> bytes:
    """The Sig_structure of RFC 9052 section 4.4."""
    return cbor.encode(["Signature1", _PROTECTED_HEAD + key_id, external_aad(purpose, hub), payload])


def seal_envelope(payload: bytes, purpose: Purpose, hub: HubId, signer: Signer) -> bytes:
    """Sign a payload for one purpose and one hub; returns the message bytes."""
    signature = signer.sign(signed_bytes(payload, signer.key_id, purpose, hub))
    return _TAG_SIGN1 + cbor.encode([_PROTECTED_HEAD + signer.key_id, {}, payload, signature])


def read_envelope(message: bytes, *, bytes_max: int = limits.MESSAGE_BYTES_MAX) -> Envelope:
    """The outer frame of a message.

    Raises:
        Malformed: too long, not tag 18, another protected header, anything in the unprotected one, bytes after the end.
    """
    if message[:1] != _TAG_SIGN1:
        raise Malformed(Reason.MALFORMED, "no COSE_Sign1 tag")
    frame = cbor.decode(message[1:], bytes_max=bytes_max)
    if type(frame) is not list or len(frame) != _FRAME_PARTS or frame[1] != {} or type(frame[1]) is not dict:
        raise Malformed(Reason.MALFORMED, "not [protected, {}, payload, signature]")
    protected, _, payload, signature = frame
    if not (type(protected) is type(payload) is type(signature) is bytes):
        raise Malformed(Reason.MALFORMED, "protected header, payload and signature are byte strings")
    if protected[:-KEY_ID_BYTES] != _PROTECTED_HEAD:
        raise Malformed(Reason.MALFORMED, "the protected header is not {1: -19, 4: key id}")
    if len(signature) != _SIGNATURE_BYTES:
        raise Malformed(Reason.MALFORMED, "a signature has 64 bytes")
    return Envelope(message, protected[-KEY_ID_BYTES:], payload, signature)


def verify_envelope(envelope: Envelope, public_key: bytes, purpose: Purpose, hub: HubId) -> bytes:
    """Check the signature and hand out the payload.

    Args:
        envelope: from `read_envelope`.
        public_key: raw 32 bytes of the key the caller found for `envelope.key_id`.
        purpose, hub: what this message must have been made for.

    Raises:
        NotAuthentic: altered, other purpose, other hub, or other key.

    Returns: the payload, now safe to parse.
    """
    if key_id_of(public_key) != envelope.key_id:
        raise NotAuthentic(Reason.BAD_SIGNATURE, "the key id is not this key's")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            envelope.signature, signed_bytes(envelope.payload, envelope.key_id, purpose, hub)
        )
    except (InvalidSignature, ValueError) as error:
        raise NotAuthentic(Reason.BAD_SIGNATURE, f"not a valid {purpose.value} signature") from error
    return envelope.payload


def envelope_hash(envelope: Envelope, purpose: Purpose, hub: HubId) -> bytes:
    """The identity of a signed message: SHA-256 over what was signed, not over the signature or its framing."""
    return hashlib.sha256(signed_bytes(envelope.payload, envelope.key_id, purpose, hub)).digest()


def open_message(message: bytes, public_key: bytes, purpose: Purpose, hub: HubId) -> bytes:
    """Read and verify in one step, for a peer whose key is already known.

    Raises:
        Malformed, NotAuthentic: as `read_envelope` and `verify_envelope`.
    """
    return verify_envelope(read_envelope(message), public_key, purpose, hub)
