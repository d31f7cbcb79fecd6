"""Enrolment: how a node and a hub that share nothing but a typed code come to trust each other.

Decides the code's form, the keys derived from its secret and the two proofs, with which a lost data key is asked for
too (`recovery`). Both sides are authenticated by the code, even under TLS interception: the node checks the hub's key
against the fingerprint, and both prove that they know the secret. The secret itself is never sent. The same messages
work as files when there is no network.

A code is 16 bytes of hub key fingerprint, 10 bytes of secret and 2 bytes of checksum, in Crockford's base 32 (no I, L,
O, U), in groups of five: 45 characters. Single use, 72 hours, five tries; the hub keeps what `invite_keys` derives, not
the secret.

Source: HKDF as in RFC 5869, HMAC as in RFC 2104, fingerprint as in RFC 9679.
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carnet_protocol import cbor
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import BadValue, NotAuthentic
from carnet_protocol.messages import EnrolAnswer, EnrolRequest, RecoverAnswer, RecoverRequest
from carnet_protocol.reasons import Reason

SECRET_BYTES: Final = 10
_FINGERPRINT_BYTES: Final = 16
_CHECK_BYTES: Final = 2
_CODE_BYTES: Final = _FINGERPRINT_BYTES + SECRET_BYTES + _CHECK_BYTES
_CODE_CHARS: Final = 45
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})

Request = EnrolRequest | RecoverRequest
"""What a node asks with a code."""

Answer = EnrolAnswer | RecoverAnswer
"""What the hub answers it."""


@dataclass(frozen=True, slots=True)
class EnrolCode:
    """A typed code, taken apart.

    Attributes:
        fingerprint: key id of the hub's signing key.
        secret: 10 random bytes.
    """

    fingerprint: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class InviteKeys:
    """What both sides derive from a secret; the hub stores these and forgets the secret.

    Attributes:
        code_id: names the invitation in a request.
        node_key, hub_key: HMAC keys of the two proofs.
    """

    code_id: bytes
    node_key: bytes
    hub_key: bytes


def format_code(hub_signing_key: bytes, secret: bytes) -> str:
    """The code as printed in the invitation letter."""
    body = key_id_of(hub_signing_key) + secret
    number = int.from_bytes(body + _checksum(body), "big")
    chars = "".join(_ALPHABET[number >> (5 * place) & 31] for place in reversed(range(_CODE_CHARS)))
    return "-".join(chars[at : at + 5] for at in range(0, _CODE_CHARS, 5))


def parse_code(text: str) -> EnrolCode:
    """The code behind what somebody typed; case, width, spaces, dashes and look-alikes (O, I, L) do not matter.

    Raises:
        BadValue: wrong length, a foreign character, or a checksum that does not fit (a typing mistake).
    """
    chars = unicodedata.normalize("NFKC", text).strip().upper().translate(_LOOKALIKES)
    if len(chars) != _CODE_CHARS or any(char not in _ALPHABET for char in chars):
        raise BadValue(Reason.BAD_CODE, "code", f"{len(chars)} characters, not {_CODE_CHARS}, or a foreign one")
    number = 0
    for char in chars:
        number = number * 32 + _ALPHABET.index(char)
    if number >> (8 * _CODE_BYTES):
        raise BadValue(Reason.BAD_CODE, "code", "checksum")
    raw = number.to_bytes(_CODE_BYTES, "big")
    body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if check != _checksum(body):
        raise BadValue(Reason.BAD_CODE, "code", "checksum")
    return EnrolCode(body[:_FINGERPRINT_BYTES], body[_FINGERPRINT_BYTES:])


def invite_keys(secret: bytes) -> InviteKeys:
    """The keys behind a code's secret."""
    return derive_keys(secret, b"carnet/enrol/v1")


def derive_keys(secret: bytes, info: bytes) -> InviteKeys:
    """The keys behind a code's secret for one purpose; no purpose can use those of another.

    Args:
        info: names the purpose, as HKDF binds it.
    """
    material = HKDF(hashes.SHA256(), 72, salt=None, info=info).derive(secret)
    return InviteKeys(material[:8], material[8:40], material[40:])


def prove_request(keys: InviteKeys, hub_signing_key: bytes, request: Request) -> bytes:
    """The node's proof: HMAC over everything it states, bound to the hub key it has seen."""
    return hmac.digest(keys.node_key, b"node\x00" + hub_signing_key + _without_proof(request), "sha256")


def check_request(keys: InviteKeys, hub_signing_key: bytes, request: Request) -> None:
    """Check a node's proof at the hub.

    Raises:
        NotAuthentic: the node does not know the code, or saw another hub key.
    """
    if not hmac.compare_digest(prove_request(keys, hub_signing_key, request), request.proof):
        raise NotAuthentic(Reason.BAD_PROOF, "node")


def prove_answer(keys: InviteKeys, request_message: bytes, answer: Answer) -> bytes:
    """The hub's proof: HMAC over its answer, bound to the very request it answers."""
    asked = hashlib.sha256(request_message).digest()
    return hmac.digest(keys.hub_key, b"hub\x00" + asked + _without_proof(answer), "sha256")


def check_answer(keys: InviteKeys, request_message: bytes, answer: Answer) -> None:
    """Check the hub's proof at the node.

    Raises:
        NotAuthentic: whoever answered does not know the code, or answers another request.
    """
    if not hmac.compare_digest(prove_answer(keys, request_message, answer), answer.proof):
        raise NotAuthentic(Reason.BAD_PROOF, "hub")


def _without_proof(frame: Request | Answer) -> bytes:
    """The frame's bytes with an all-zero proof."""
    return cbor.encode_frame(msgspec.structs.replace(frame, proof=bytes(32)))


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"carnet/code/v1\x00" + body).digest()[:_CHECK_BYTES]
