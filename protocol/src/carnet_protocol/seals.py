"""Salted commitments: personal values are bound by a signature without standing in signed bytes.

Decides how a commitment is computed, what an *opening* looks like, and how one value group is erased from it. Per op
and erasure group the signed op carries ``SHA-256(domain, salt, op index, group, value bytes)``. The salts of a set
derive from one 32-byte seed, which is random and stands only in the opening. The opening travels beside the set:

- full: ``[seed, [value bytes, ...]]``, one entry per seal in (op, group) order;
- after the first erasure: ``[null, [[salt, value bytes] or null, ...]]``: the seed is gone, the surviving salts remain.

Both verify the same commitments. An erased group leaves a commitment over 256 unknown bits: nothing about the value can
be guessed from it. A missing entry is accepted only by a caller that knows an erasure record for it.

Source: the construction of SD-JWT (RFC 9901) and draft SD-CWT; HMAC as in RFC 2104.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from carnet_protocol import cbor, limits
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.ids import HASH_BYTES
from carnet_protocol.ops import Op, check_labels, check_wire_types
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value

SEED_BYTES: Final = 32
_SHA256_BLOCK_BYTES: Final = 64
_INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))
_SALT_DOMAIN: Final = b"carnet/salt/v1\x00"
_SEAL_DOMAIN: Final = b"carnet/seal/v1\x00"

EMPTY_OPENING: Final = b""
"""The opening of a set without personal values."""


class SealPlace(NamedTuple):
    """Where a seal stands: op index in the set, erasure group."""

    op_index: int
    group: int


@dataclass(frozen=True, slots=True)
class Opening:
    """A parsed opening.

    Attributes:
        seed: 32 bytes, or None once something was erased.
        salts, values: by place; a place that is missing from `values` was erased or never came.
    """

    seed: bytes | None
    salts: Mapping[SealPlace, bytes]
    values: Mapping[SealPlace, bytes]

    def encode(self, places: tuple[SealPlace, ...]) -> bytes:
        """The bytes that travel beside a set whose seals stand at `places`."""
        if not places:
            return EMPTY_OPENING
        if self.seed is not None:
            return cbor.encode([self.seed, [self.values[place] for place in places]])
        entries = [[self.salts[place], self.values[place]] if place in self.values else None for place in places]
        return cbor.encode([None, entries])


def seal_places(ops: tuple[Op, ...]) -> tuple[SealPlace, ...]:
    """Every seal of a set in the order of its opening."""
    return tuple(SealPlace(index, group) for index, op in enumerate(ops) for group in sorted(op.seals))


@dataclass(frozen=True, slots=True)
class Salts:
    """The salts of one set: HMAC-SHA-256 of each place under the set's seed, its key schedule computed once.

    Attributes:
        inner, outer: the padded keys of RFC 2104.
    """

    inner: bytes
    outer: bytes

    def at(self, place: SealPlace) -> bytes:
        """The 32-byte salt of one seal."""
        message = _SALT_DOMAIN + place.op_index.to_bytes(2, "big") + bytes((place.group,))
        return hashlib.sha256(self.outer + hashlib.sha256(self.inner + message).digest()).digest()


def salts_of(seed: bytes) -> Salts:
    """The salts that derive from a seed.

    Args:
        seed: 32 bytes.
    """
    key = seed.ljust(_SHA256_BLOCK_BYTES, b"\x00")
    return Salts(key.translate(_INNER_PAD), key.translate(_OUTER_PAD))


def commit(salt: bytes, place: SealPlace, value_bytes: bytes) -> bytes:
    """The 32-byte commitment of one seal."""
    at = place.op_index.to_bytes(2, "big") + bytes((place.group,))
    return hashlib.sha256(_SEAL_DOMAIN + salt + at + value_bytes).digest()


def encode_values(values: Mapping[int, Value]) -> bytes:
    """Deterministic value bytes of one seal: a CBOR map from label to value, labels ascending."""
    return cbor.encode(dict(sorted(values.items())))


def decode_values(data: bytes) -> dict[int, Value]:
    """The values of one seal.

    Raises:
        Malformed: not a map from labels to wire values.
    """
    values: dict[int, Value] = cbor.decode(data, bytes_max=limits.SET_BYTES_MAX)
    if type(values) is not dict or len(values) > limits.FIELDS_PER_OP_MAX:
        raise Malformed(Reason.MALFORMED, "sealed values are a map")
    check_labels(values)
    check_wire_types(values.values())
    return values


def parse_opening(data: bytes, ops: tuple[Op, ...]) -> Opening:
    """The opening of a set, its commitments checked.

    Args:
        data: opening bytes; empty when the set has no seals.
        ops: the ops of the verified set.

    Raises:
        Malformed: another shape, or not one entry per seal.
        NotAuthentic: a value that does not match its commitment.
    """
    places = seal_places(ops)
    if not places:
        if data:
            raise Malformed(Reason.MALFORMED, "an opening without a seal")
        return Opening(None, {}, {})
    if not data:
        return Opening(None, {}, {})
    seed, entries = _parse_shape(data, len(places))
    derived = None if seed is None else salts_of(seed)
    salts: dict[SealPlace, bytes] = {}
    values: dict[SealPlace, bytes] = {}
    for place, entry in zip(places, entries, strict=True):
        if entry is None:
            continue
        salt, value_bytes = entry if derived is None else (derived.at(place), entry)
        expected = ops[place.op_index].seals[place.group][:HASH_BYTES]
        if commit(salt, place, value_bytes) != expected:
            raise NotAuthentic(Reason.OPENING_MISMATCH, f"op {place.op_index}, group {place.group}")
        salts[place] = salt
        values[place] = value_bytes
    return Opening(seed, salts, values)


def erase_from_opening(opening: Opening, is_erased: Callable[[SealPlace], bool]) -> Opening:
    """The opening without the erased groups; the seed goes with the first erasure.

    Returns: the same object when nothing in it is erased.
    """
    if not any(is_erased(place) for place in opening.values):
        return opening
    kept = [place for place in opening.values if not is_erased(place)]
    return Opening(
        None, {place: opening.salts[place] for place in kept}, {place: opening.values[place] for place in kept}
    )


def _parse_shape(data: bytes, seal_count: int) -> tuple[bytes | None, list[Any]]:
    shape = cbor.decode(data, bytes_max=limits.SET_BYTES_MAX)
    if not _is_pair(shape) or type(shape[1]) is not list or len(shape[1]) != seal_count:
        raise Malformed(Reason.MALFORMED, "an opening is [seed, one entry per seal]")
    seed, entries = shape
    if seed is None:
        well_formed = all(entry is None or _is_salted(entry) for entry in entries)
    else:
        well_formed = type(seed) is bytes and len(seed) == SEED_BYTES and all(type(one) is bytes for one in entries)
    if not well_formed:
        raise Malformed(Reason.MALFORMED, "an opening entry is value bytes, or [salt, value bytes], or null")
    return seed, entries


def _is_salted(entry: Any) -> bool:
    return _is_pair(entry) and type(entry[0]) is type(entry[1]) is bytes and len(entry[0]) == HASH_BYTES


def _is_pair(value: object) -> bool:
    return type(value) is list and len(value) == 2  # noqa: PLR2004
