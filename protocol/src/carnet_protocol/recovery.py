"""Getting a node's data key back: how a one-time code lets the hub open the copy that was wrapped for it.

Decides the keys derived from a recovery code's secret and the two proofs, and what a wrapped data key is bound to. The
code itself has the form of an enrolment code (`enrolment`), and its secret is never sent either; the derivation
differs, so neither code can be used as the other. Does not wrap or open anything (the applications' keyrings).

    node -> hub   RecoverRequest   the copy of the data key that was wrapped for the hub, signed by the new node
    hub -> node   RecoverAnswer    the same data key, wrapped for the exchange key of the asking node

Source: HKDF as in RFC 5869, HMAC as in RFC 2104; wrapping is HPKE as in RFC 9180.
"""

import hashlib
import hmac
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carnet_protocol import cbor
from carnet_protocol.enrolment import InviteKeys
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.messages import RecoverAnswer, RecoverRequest
from carnet_protocol.reasons import Reason

KEPT_INFO: Final = b"carnet/data-key/v1"
"""HPKE info of the copy that a node keeps for the hub."""

RETURNED_INFO: Final = b"carnet/data-key-return/v1"
"""HPKE info of the copy that the hub makes for a node."""


def recovery_keys(secret: bytes) -> InviteKeys:
    """The keys behind a recovery code's secret; the hub stores these and forgets the secret."""
    material = HKDF(hashes.SHA256(), 72, salt=None, info=b"carnet/recovery/v1").derive(secret)
    return InviteKeys(material[:8], material[8:40], material[40:])


def prove_recovery(keys: InviteKeys, hub_signing_key: bytes, request: RecoverRequest) -> bytes:
    """The node's proof that it knows the code, bound to everything it states."""
    return hmac.digest(keys.node_key, b"node\x00" + hub_signing_key + _without_proof(request), "sha256")


def check_recovery(keys: InviteKeys, hub_signing_key: bytes, request: RecoverRequest) -> None:
    """Check a node's proof at the hub.

    Raises:
        NotAuthentic: the node does not know the code.
    """
    if not hmac.compare_digest(prove_recovery(keys, hub_signing_key, request), request.proof):
        raise NotAuthentic(Reason.BAD_PROOF, "node")


def prove_return(keys: InviteKeys, request_message: bytes, answer: RecoverAnswer) -> bytes:
    """The hub's proof, bound to the very request it answers."""
    asked = hashlib.sha256(request_message).digest()
    return hmac.digest(keys.hub_key, b"hub\x00" + asked + _without_proof(answer), "sha256")


def check_return(keys: InviteKeys, request_message: bytes, answer: RecoverAnswer) -> None:
    """Check the hub's proof at the node.

    Raises:
        NotAuthentic: whoever answered does not know the code, or answers another request.
    """
    if not hmac.compare_digest(prove_return(keys, request_message, answer), answer.proof):
        raise NotAuthentic(Reason.BAD_PROOF, "hub")


def _without_proof(frame: RecoverRequest | RecoverAnswer) -> bytes:
    return cbor.encode_frame(msgspec.structs.replace(frame, proof=bytes(32)))
