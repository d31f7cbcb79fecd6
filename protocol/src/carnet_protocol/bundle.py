"""Bundle files: batches, receipts and pages on a USB stick instead of a line.

Decides the inside of a bundle: a signed manifest that names sender, receiver and the size and SHA-256 of every part,
then the parts. Same bytes and same checks as on the line, so a bundle may be imported twice, late, or out of order. The
outside, an HPKE encryption to the receiver's X25519 key, needs randomness and lives in the adapters.

    magic "CARNET-BUNDLE-1" LF | 4-byte length | signed manifest | part | part | ...
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Bytes32, Count, Instant
from carnet_protocol.envelope import Purpose, Signer, read_envelope, seal_envelope, verify_envelope
from carnet_protocol.errors import Malformed, NotAuthentic, Refused
from carnet_protocol.ids import HubId
from carnet_protocol.messages import Frame, Version
from carnet_protocol.ops import Id16
from carnet_protocol.reasons import Reason

MAGIC: Final = b"CARNET-BUNDLE-1\n"
HPKE_INFO: Final = b"carnet/bundle/v1"
_LENGTH_BYTES: Final = 4


class PartKind(StrEnum):
    """What a part holds; each is what would have travelled on the line."""

    HELLO = "hello"
    BATCH = "batch"
    OFFER = "offer"
    ANSWERS = "answers"
    PAGE = "page"
    SEGMENT = "segment"
    ENROL = "enrol"
    LISTS = "recall-lists"
    HELD = "held-lists"


class Part(Frame, frozen=True):
    """One part as the manifest announces it."""

    kind: Annotated[str, msgspec.Meta(max_length=limits.PART_KIND_CHARS_MAX)]
    size: Annotated[int, msgspec.Meta(ge=0, le=limits.BUNDLE_BYTES_MAX)]
    sha256: Bytes32


class Manifest(Frame, frozen=True):
    """The signed head of a bundle.

    Attributes:
        serial: counts the sender's bundles; for people.
    """

    version: Version
    sender: Id16
    receiver: Id16
    serial: Count
    created_ms: Instant
    parts: Annotated[list[Part], msgspec.Meta(max_length=limits.BUNDLE_PARTS_MAX)]


def pack_bundle(
    parts: list[tuple[PartKind, bytes]],
    *,
    sender: bytes,
    receiver: bytes,
    serial: int,
    created_ms: int,
    hub: HubId,
    signer: Signer,
) -> bytes:
    """The plain bytes of a bundle, ready to be encrypted to its receiver.

    Raises:
        Malformed: more parts or bytes than a bundle may hold.
    """
    if len(parts) > limits.BUNDLE_PARTS_MAX or sum(len(body) for _, body in parts) > limits.BUNDLE_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, "split the bundle")
    listed = [Part(kind.value, len(body), hashlib.sha256(body).digest()) for kind, body in parts]
    manifest = Manifest(1, sender, receiver, serial, created_ms, listed)
    head = seal_envelope(cbor.encode_frame(manifest), Purpose.BUNDLE, hub, signer)
    return b"".join([MAGIC, len(head).to_bytes(_LENGTH_BYTES, "big"), head, *(body for _, body in parts)])


def bundle_key_id(data: bytes) -> bytes:
    """The key id that claims to have signed a bundle, to look its key up before verifying.

    Raises:
        Malformed: no bundle.
    """
    head, _ = _head(data)
    try:
        return read_envelope(head).key_id
    except Malformed as refusal:
        raise Malformed(Reason.BAD_BUNDLE, refusal.reason.value) from refusal


def unpack_bundle(
    data: bytes, public_key: bytes, hub: HubId, receiver: bytes
) -> tuple[Manifest, list[tuple[str, bytes]]]:
    """Verify a decrypted bundle and take it apart.

    Args:
        data: plain bytes.
        public_key: of the sender, looked up by `bundle_key_id`.
        receiver: who is asking; a bundle for somebody else is refused.

    Raises:
        Malformed, NotAuthentic: truncated, altered, for another hub or receiver, a part that differs from its
            announcement.

    Returns: the manifest and (kind, body) of every part.
    """
    head, rest = _head(data)
    try:
        payload = verify_envelope(read_envelope(head), public_key, Purpose.BUNDLE, hub)
        manifest = cbor.decode_frame(payload, Manifest)
    except Refused as refusal:
        raise NotAuthentic(Reason.BAD_BUNDLE, refusal.reason.value) from refusal
    if manifest.receiver != receiver:
        raise NotAuthentic(Reason.BAD_BUNDLE, "made for another receiver")
    if sum(part.size for part in manifest.parts) != len(rest):
        raise Malformed(Reason.BAD_BUNDLE, "truncated, or bytes follow the last part")
    bodies: list[tuple[str, bytes]] = []
    at = 0
    for part in manifest.parts:
        body = rest[at : at + part.size]
        at += part.size
        if hashlib.sha256(body).digest() != part.sha256:
            raise NotAuthentic(Reason.BAD_BUNDLE, "a part differs from its announcement")
        bodies.append((part.kind, body))
    return manifest, bodies


def _head(data: bytes) -> tuple[bytes, bytes]:
    start = len(MAGIC) + _LENGTH_BYTES
    is_too_long = len(data) > limits.BUNDLE_BYTES_MAX + limits.MANIFEST_BYTES_MAX
    if is_too_long or data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise Malformed(Reason.BAD_BUNDLE, "no bundle")
    length = int.from_bytes(data[len(MAGIC) : start], "big")
    if length > limits.MANIFEST_BYTES_MAX or len(data) < start + length:
        raise Malformed(Reason.BAD_BUNDLE, "truncated")
    return data[start : start + length], data[start + length :]
