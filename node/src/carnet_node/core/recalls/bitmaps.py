"""Sets of serials as a node stores them: roaring bitmaps in their portable form, compressed where that pays.

Decides the bytes of one row, and reads any that a roaring library of any version wrote. Does not decide what a serial
means (`carnet_protocol.segments`). No library is asked: a node of ten years ago and one of today answer the same, an
old Windows PC needs nothing compiled, and a row is looked into in place instead of being built up for one question.

Rules
1. Serials are cut by their upper 16 bits into containers; each holds its lower halves as an ascending array (up to
   4,096), as 65,536 bits, or as runs, whichever is smallest; of equals the one named first.
2. A row is compressed (zlib) when that saves an eighth. The first byte tells: 0x78, or one of the two cookies.
3. Whatever cannot be read whole is no answer: never "not a member".

Source: the RoaringFormatSpec of the Roaring bitmap project; tests/node/test_bitmaps.py compares with its own library.

    >>> contains(pack([3, 5, 70_000]), 70_000)
    True
"""

import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_node.core.limits import BITMAP_BYTES_MAX, BITMAP_CONTAINERS_MAX
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason

_COOKIE_PLAIN: Final = 12_346
_COOKIE_RUNS: Final = 12_347
_OFFSETS_FROM: Final = 4
"""Containers from which a form with runs states their places."""

_ARRAY_UP_TO: Final = 4_096
_BITS_BYTES: Final = 8_192
_CONTAINER_BITS: Final = 16
_LOW: Final = 0xFFFF
_COMPRESSED: Final = 0x78
_SAVES: Final = 8
"""Compression pays from an eighth on: reading it again costs 10 us."""


@dataclass(frozen=True, slots=True)
class _Container:
    """Where the serials of one upper half stand.

    Attributes:
        key: upper 16 bits.
        count: serials in it.
        place: of its first byte.
        is_runs: runs; else an array up to `_ARRAY_UP_TO`, bits above.
    """

    key: int
    count: int
    place: int
    is_runs: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row in memory; see `read_row`."""

    data: bytes
    containers: Mapping[int, _Container]

    def has(self, serial: int) -> bool:
        """Whether the row holds a serial; see `contains`."""
        found = self.containers.get(serial >> _CONTAINER_BITS)
        return found is not None and _has(self.data, found, serial & _LOW)


def pack(serials: Sequence[int]) -> bytes:
    """The bytes of a row.

    Args:
        serials: strictly ascending, 0 to `SERIAL_MAX`, at least one.
    """
    keys: list[int] = []
    bodies: list[tuple[int, bytes, bool]] = []
    at = 0
    while at < len(serials):
        key = serials[at] >> _CONTAINER_BITS
        end = bisect_left(serials, (key + 1) << _CONTAINER_BITS, at)
        low = array("H", [serial & _LOW for serial in serials[at:end]])
        keys.append(key)
        bodies.append((len(low), *_smallest(low)))
        at = end
    plain = _with_head(keys, bodies)
    pressed = zlib.compress(plain, 9)
    return pressed if len(pressed) <= len(plain) - len(plain) // _SAVES else plain


def contains(row: bytes, serial: int) -> bool:
    """Whether a row holds a serial.

    Args:
        serial: any number; no row holds one outside 0 to `SERIAL_MAX`.

    Raises:
        Malformed: BAD_SEGMENT, the bytes are no bitmap; the answer is then unknown, not "no".
    """
    return read_row(row).has(serial)


def read_row(row: bytes) -> "Row":
    """A row that is asked more than once, inflated and looked through.

    Raises:
        Malformed: as `contains`.
    """
    data = _plain(row)
    return Row(data, {one.key: one for one in _containers(data)})


def unpack(row: bytes) -> "array[int]":
    """All serials of a row, ascending.

    Raises:
        Malformed: BAD_SEGMENT, the bytes are no bitmap.
    """
    data = _plain(row)
    serials = array("I")
    for one in _containers(data):
        base = one.key << _CONTAINER_BITS
        serials.extend(base + low for low in _lows(data, one))
    return serials


def _plain(row: bytes) -> bytes:
    if row[:1] != bytes([_COMPRESSED]):
        return row
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(row, BITMAP_BYTES_MAX)
    except zlib.error as error:
        raise _bad() from error
    if not inflater.eof:
        raise _bad()
    return plain


def _containers(data: bytes) -> list[_Container]:
    """Every container of a bitmap, its bytes all there."""
    try:
        cookie, upper = struct.unpack_from("<HH", data)
        if cookie == _COOKIE_RUNS:
            size, place = upper + 1, 4
            marks = int.from_bytes(data[place : place + (size + 7) // 8], "little")
            place += (size + 7) // 8
        elif cookie == _COOKIE_PLAIN and upper == 0:
            (size,), place, marks = struct.unpack_from("<I", data, 4), 8, 0
        else:
            raise _bad()
        if not 0 < size <= BITMAP_CONTAINERS_MAX:
            raise _bad()
        heads = struct.unpack_from(f"<{2 * size}H", data, place)
        place += 4 * size
        if cookie == _COOKIE_PLAIN or size >= _OFFSETS_FROM:
            place += 4 * size
        found: list[_Container] = []
        for number in range(size):
            one = _Container(heads[2 * number], heads[2 * number + 1] + 1, place, bool(marks >> number & 1))
            place += _length(data, one)
            found.append(one)
    except struct.error as error:
        raise _bad() from error
    if place != len(data):
        raise _bad()
    return found


def _length(data: bytes, one: _Container) -> int:
    if one.is_runs:
        return 2 + 4 * int(struct.unpack_from("<H", data, one.place)[0])
    return 2 * one.count if one.count <= _ARRAY_UP_TO else _BITS_BYTES


def _has(data: bytes, one: _Container, low: int) -> bool:
    if one.is_runs:
        place = one.place + 2
        rank = _rank(data, place, _half(data, one.place), 4, low)
        return rank > 0 and low <= _half(data, place + 4 * rank - 4) + _half(data, place + 4 * rank - 2)
    if one.count <= _ARRAY_UP_TO:
        rank = _rank(data, one.place, one.count, 2, low)
        return rank > 0 and _half(data, one.place + 2 * rank - 2) == low
    return bool(data[one.place + (low >> 3)] >> (low & 7) & 1)


def _rank(data: bytes, place: int, count: int, width: int, low: int) -> int:
    """How many of some ascending numbers, `width` bytes apart, are not above `low`."""
    begin, end = 0, count
    while begin < end:
        middle = (begin + end) // 2
        if _half(data, place + width * middle) <= low:
            begin = middle + 1
        else:
            end = middle
    return begin


def _half(data: bytes, place: int) -> int:
    """A 16-bit number, little-endian."""
    return data[place] | data[place + 1] << 8


def _lows(data: bytes, one: _Container) -> Iterator[int]:
    """The lower halves in a container, ascending."""
    if one.is_runs:
        runs = _halves(data, one.place + 2, one)
        for start, more in zip(runs[::2], runs[1::2], strict=True):
            yield from range(start, start + more + 1)
    elif one.count <= _ARRAY_UP_TO:
        yield from _halves(data, one.place, one)
    else:
        bits = data[one.place : one.place + _BITS_BYTES]
        for place, octet in enumerate(bits):
            yield from (8 * place + bit for bit in range(8) if octet >> bit & 1)


def _halves(data: bytes, place: int, one: _Container) -> tuple[int, ...]:
    """The 16-bit numbers of an array or of runs."""
    count = 2 * _half(data, one.place) if one.is_runs else one.count
    return struct.unpack_from(f"<{count}H", data, place)


def _smallest(lows: "array[int]") -> tuple[bytes, bool]:
    """The smallest of the three forms, and whether it is the one with runs."""
    starts = [0] + [at for at in range(1, len(lows)) if lows[at] != lows[at - 1] + 1]
    plain = 2 * len(lows) if len(lows) <= _ARRAY_UP_TO else _BITS_BYTES
    if 2 + 4 * len(starts) < plain:
        ends = [*starts[1:], len(lows)]
        runs = [part for at, end in zip(starts, ends, strict=True) for part in (lows[at], end - at - 1)]
        return struct.pack(f"<{1 + len(runs)}H", len(starts), *runs), True
    if len(lows) <= _ARRAY_UP_TO:
        return struct.pack(f"<{len(lows)}H", *lows), False
    bits = bytearray(_BITS_BYTES)
    for low in lows:
        bits[low >> 3] |= 1 << (low & 7)
    return bytes(bits), False


def _with_head(keys: list[int], bodies: list[tuple[int, bytes, bool]]) -> bytes:
    """The portable form of some containers."""
    size = len(keys)
    heads = struct.pack(
        f"<{2 * size}H", *(part for key, body in zip(keys, bodies, strict=True) for part in (key, body[0] - 1))
    )
    marks = sum(1 << number for number, body in enumerate(bodies) if body[2])
    if marks:
        begin = struct.pack("<HH", _COOKIE_RUNS, size - 1) + marks.to_bytes((size + 7) // 8, "little")
    else:
        begin = struct.pack("<II", _COOKIE_PLAIN, size)
    offsets: list[int] = []
    if not marks or size >= _OFFSETS_FROM:
        place = len(begin) + len(heads) + 4 * size
        for _, body, _ in bodies:
            offsets.append(place)
            place += len(body)
    return begin + heads + struct.pack(f"<{len(offsets)}I", *offsets) + b"".join(body for _, body, _ in bodies)


def _bad() -> Malformed:
    return Malformed(Reason.BAD_SEGMENT, "stored bitmap cannot be read")
