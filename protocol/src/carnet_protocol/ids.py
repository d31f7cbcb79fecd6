"""Names of things: fixed-size byte strings, and the few that are derived.

Decides how long each identifier is, how op ids are built, and which ids are a function of public content. Ids with
personal content behind them are never derived: a derived id of a phone number would stand in signed bytes for ever and
can be guessed. Does not decide who may use an id.

Frozen at version 1: `NAMESPACE` and the four derivations. Two sites that meet the same car with the cable out must
make the same record.
"""

import hashlib
import unicodedata
from typing import Final, NewType
from uuid import UUID

from carnet_protocol.errors import BadValue, Malformed
from carnet_protocol.reasons import Reason

RecordId = NewType("RecordId", bytes)
OpId = NewType("OpId", bytes)
HubId = NewType("HubId", bytes)
DealerId = NewType("DealerId", bytes)
NodeId = NewType("NodeId", bytes)
EpochId = NewType("EpochId", bytes)
Nonce = NewType("Nonce", bytes)

RECORD_ID_BYTES: Final = 16
RECORD_RANDOM_BYTES: Final = 10
OP_ID_BYTES: Final = 16
NONCE_BYTES: Final = 14
EPOCH_BYTES: Final = 8
HASH_BYTES: Final = 32
VIN_CHARS: Final = 17
"""Characters of a VIN. Source: ISO 3779; GB 16735-2019."""

NO_HASH: Final = bytes(HASH_BYTES)
"""`prev` of the very first set of a node's first epoch."""

NAMESPACE: Final = UUID("6f0c3f0e-5d0b-5e0a-9d6e-c0ffee0ca12e").bytes
"""Namespace of every derived id; chosen once, frozen at version 1."""


def op_id(nonce: Nonce, index: int) -> OpId:
    """The id of the op at `index` (0 to 65,535) of the set with this nonce."""
    return OpId(nonce + index.to_bytes(2, "big"))


def nonce_of(op: OpId) -> Nonce:
    """The nonce of the set that an op belongs to."""
    return Nonce(op[:NONCE_BYTES])


def index_of(op: OpId) -> int:
    """The position of an op inside its set."""
    return int.from_bytes(op[NONCE_BYTES:], "big")


def vehicle_id(vin: str) -> RecordId:
    """The record id of the vehicle with this VIN.

    Args:
        vin: 17 characters; NFKC and upper case are applied here, nothing else. Whether the check digit or the WMI is
            valid plays no part.

    Raises:
        BadValue: not 17 characters after normalisation, or half a surrogate pair among them.

    Source: RFC 9562 section 5.5 (UUIDv5); vectors in tests/vectors/ids.json.
    """
    folded = unicodedata.normalize("NFKC", vin).upper()
    if len(folded) != VIN_CHARS:
        raise BadValue(Reason.BAD_VIN, "vin", f"{len(folded)} characters, not {VIN_CHARS}")
    return RecordId(_uuid5(b"vehicle\x00" + _utf8(folded)))


def ownership_id(vehicle: RecordId, customer: RecordId, role: str) -> RecordId:
    """The record id of one customer's role for one vehicle."""
    return RecordId(_uuid5(b"ownership\x00" + vehicle + customer + _utf8(role)))


def completion_id(campaign: RecordId, vin: str, visit: RecordId) -> RecordId:
    """The record id of "this campaign was done on this VIN during this visit"."""
    return RecordId(_uuid5(b"completion\x00" + campaign + visit + _utf8(vin)))


def settlement_id(visit: RecordId) -> RecordId:
    """The record id of "this order was settled": two desks that settle one order without a line write one record."""
    return RecordId(_uuid5(b"settlement\x00" + visit))


def settlement_share_id(settlement: RecordId, place: int) -> RecordId:
    """The record id of one share of a settlement.

    Args:
        place: of the share in its settlement, 0 to 65,535.
    """
    return RecordId(_uuid5(b"settlement-share\x00" + settlement + place.to_bytes(2, "big")))


def handover_reading_id(visit: RecordId) -> RecordId:
    """The record id of "so far had the car gone at hand-over": an order that is closed twice tells it once."""
    return RecordId(_uuid5(b"handover-reading\x00" + visit))


def staff_action_id(nonce: Nonce) -> RecordId:
    """The record id of "who made the set with this nonce"."""
    return RecordId(_uuid5(b"staff-action\x00" + nonce))


def golden_id(customer: RecordId) -> RecordId:
    """The golden id that a customer lends to its cluster for as long as it is the cluster's oldest source record."""
    return RecordId(_uuid5(b"golden\x00" + customer))


def golden_op_id(golden: RecordId, position: int) -> OpId:
    """The op id under which a golden record stands in a page: nobody wrote it, so it names the state it is of.

    Args:
        position: hub position of the cluster's last change.
    """
    return OpId(_uuid5(b"golden-state\x00" + golden + position.to_bytes(8, "big")))


def new_record_id(now_ms: int, random10: bytes) -> RecordId:
    """A UUIDv7 from given time and given randomness.

    Args:
        now_ms: wall clock in ms since 1970, 0 to 2**48 - 1 (values outside are clamped: a wrong clock must not stop a
            dealer from working).
        random10: `RECORD_RANDOM_BYTES` random bytes, of which 74 bits are used.

    Source: RFC 9562 section 5.7.
    """
    stamp = min(max(now_ms, 0), 2**48 - 1).to_bytes(6, "big")
    tail = bytearray(random10)
    tail[0] = 0x70 | (tail[0] & 0x0F)
    tail[2] = 0x80 | (tail[2] & 0x3F)
    return RecordId(stamp + bytes(tail))


def record_text(record: bytes) -> str:
    """A record id as people see it: hyphenated UUID text."""
    if len(record) != RECORD_ID_BYTES:
        raise ValueError(f"{len(record)} bytes are no record id")
    text = record.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_record_text(text: str) -> RecordId:
    """The record id behind UUID text.

    Raises:
        BadValue: not a UUID.
    """
    try:
        return RecordId(UUID(text.strip()).bytes)
    except ValueError as error:
        raise BadValue(Reason.BAD_FIELD, "id", "not a record id") from error


def split_op_ids(joined: bytes) -> tuple[OpId, ...]:
    """The op ids in a `based_on` byte string.

    Raises:
        Malformed: the length is no multiple of 16.
    """
    if len(joined) % OP_ID_BYTES:
        raise Malformed(Reason.MALFORMED, "based_on is not a whole number of op ids")
    return tuple(OpId(joined[at : at + OP_ID_BYTES]) for at in range(0, len(joined), OP_ID_BYTES))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadValue(Reason.BAD_FIELD, "text", "holds half a character") from error


def _uuid5(name: bytes) -> bytes:
    digest = bytearray(hashlib.sha1(NAMESPACE + name, usedforsecurity=False).digest()[:16])
    digest[6] = 0x50 | (digest[6] & 0x0F)
    digest[8] = 0x80 | (digest[8] & 0x3F)
    return bytes(digest)
