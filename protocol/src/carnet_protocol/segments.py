"""The member list of a recall campaign as bytes: one set of vehicles, one form, one hash.

Decides how a set of identifiers is written so that two hubs with the same list sign the same hash, and refuses every
other way to write it. Does not decide who is a member, which of them are still open, or how a node stores them (as
bitmaps: their format belongs to a library and may change, these bytes may not).

Rules
1. A *regular* member is 17 VIN characters with the right check digit and four digits at the end. It splits into a
   prefix (positions 1-8, 10, 11) and a serial (positions 12-13 as base 33, times 10,000, plus the last four), and the
   two give it back. Year code and maker play no part.
2. Everything else (wrong check digit, frame number, a small maker's letter at position 14) is an *exception*, kept as
   text, so that it is found exactly as listed and never through a regular neighbour.
3. Both are compared in the normal form of `vin.normalise_vin`: a list typed in lower case must still stop the car.
4. The bytes, with every number a minimal little-endian base-128 varint:

       "CSEG" 01
       number of prefixes; per prefix, ascending: 10 ASCII characters, number of serials (at least 1),
           the first serial, then each next one as distance to the one before minus 1
       number of exceptions; per exception, ascending by bytes: length in bytes, UTF-8

    >>> decode_segment(encode_segment(["1M8GDM9AXKP042788"])).members[0].prefix
    '1M8GDM9AKP'
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Final

from carnet_protocol.errors import BadValue, Malformed
from carnet_protocol.ids import VIN_CHARS
from carnet_protocol.limits import CODE_CHARS_MAX, SEGMENT_BYTES_MAX, SEGMENT_MEMBERS_MAX
from carnet_protocol.reasons import Reason
from carnet_protocol.vin import (
    CHECK_CHARACTERS,
    POSITION_WEIGHTS,
    VIN_ALPHABET,
    normalise_vin,
    vin_prefix,
    weigh,
    weigh_prefix,
)

SEGMENT_MAGIC: Final = b"CSEG\x01"
"""Four letters and the version of the form."""

PREFIX_CHARS: Final = 10
"""Positions 1-8, 10 and 11."""

SERIAL_MAX: Final = len(VIN_ALPHABET) ** 2 * 10_000 - 1
"""10,889,999: ZZ9999 at positions 12-17. It bounds the members of one prefix, and fits 24 bits."""

_VARINT_BYTES_MAX: Final = 4
_CONTINUES: Final = 0x80
_TAIL_NUMBERS: Final = 10_000
_EXCEPTION_BYTES_MAX: Final = 4 * CODE_CHARS_MAX


@dataclass(frozen=True, slots=True)
class PrefixMembers:
    """The regular members that share one prefix.

    Attributes:
        prefix: 10 VIN characters.
        serials: 0 to `SERIAL_MAX`, strictly ascending, at least one; a compact array of 32-bit integers.
    """

    prefix: str
    serials: Sequence[int]


@dataclass(frozen=True, slots=True)
class Segment:
    """One decoded member list. Iterating gives the identifiers back: regular VINs in order, then the exceptions.

    Attributes:
        members: one entry per prefix, ascending.
        exceptions: identifiers that do not split, ascending by their UTF-8 bytes.
    """

    members: tuple[PrefixMembers, ...]
    exceptions: tuple[str, ...]

    @property
    def count(self) -> int:
        """Distinct identifiers in the list, regular ones and exceptions."""
        return sum(len(group.serials) for group in self.members) + len(self.exceptions)

    def __iter__(self) -> Iterator[str]:
        for group in self.members:
            yield from _joined(group.prefix, group.serials)
        yield from self.exceptions


class MemberSet:
    """Identifiers on their way into a segment, four bytes for each regular one, so that a list of millions fits."""

    def __init__(self) -> None:
        self._serials_of: dict[str, array[int]] = {}
        self._exceptions: set[bytes] = set()

    def __bool__(self) -> bool:
        return bool(self._serials_of or self._exceptions)

    def add(self, listed: str, place: int = 1) -> None:
        """Take an identifier in, as listed; one that is there already may come again.

        Args:
            place: in its list, counted from 1, for the refusal.

        Raises:
            BadValue: BAD_VIN, when it is empty, too long or no Unicode text; nothing was taken in.
        """
        parts = split_vin(listed)
        if parts is None:
            identifier = normalise_vin(listed)
            parts = split_vin(identifier)
            if parts is None:
                self._exceptions.add(_exception_bytes(identifier, place))
                return
        prefix, serial = parts
        serials = self._serials_of.get(prefix)
        if serials is None:
            serials = self._serials_of[prefix] = array("I")
        serials.append(serial)

    def take(self, segment: Segment) -> None:
        """Take everybody in who is on another list."""
        for group in segment.members:
            self._serials_of.setdefault(group.prefix, array("I")).extend(group.serials)
        self._exceptions.update(one.encode("utf-8") for one in segment.exceptions)

    def encode(self) -> bytes:
        """The one byte form of what was taken in.

        Raises:
            BadValue: TOO_LARGE, the bytes exceed `SEGMENT_BYTES_MAX`.
        """
        segment = bytearray(SEGMENT_MAGIC)
        _append_varint(segment, len(self._serials_of))
        for prefix in sorted(self._serials_of):
            # A set of so many numbers takes three times the room of a sorted list.
            distinct = array("I", (serial for serial, _ in groupby(sorted(self._serials_of[prefix]))))
            _append_serials(segment, prefix, distinct)
        _append_varint(segment, len(self._exceptions))
        for exception in sorted(self._exceptions):
            _append_varint(segment, len(exception))
            segment += exception
        if len(segment) > SEGMENT_BYTES_MAX:
            raise BadValue(Reason.TOO_LARGE, "members", f"{len(segment)} bytes")
        return bytes(segment)


def split_vin(vin: str) -> tuple[str, int] | None:
    """Prefix and serial of a regular VIN, or None for anything that belongs among the exceptions.

    Args:
        vin: an identifier in normal form.

    Returns: (10 characters, 0 to `SERIAL_MAX`); `join_vin` of both gives the same VIN back.
    """
    if len(vin) != VIN_CHARS:
        return None
    pair, tail = _pair_table().get(vin[11:13]), _tail_table().get(vin[13:])
    if pair is None or tail is None:
        return None
    prefix = vin_prefix(vin)
    prefix_sum = weigh_prefix(prefix)
    if prefix_sum is None or CHECK_CHARACTERS[(prefix_sum + pair[1] + tail[1]) % 11] != vin[8]:
        return None
    return prefix, pair[0] + tail[0]


def join_vin(prefix: str, serial: int) -> str:
    """The VIN of a prefix and a serial, with its check digit computed.

    Args:
        prefix: 10 VIN characters.
        serial: 0 to `SERIAL_MAX`.

    Raises:
        BadValue: BAD_VIN, when either is outside its range.
    """
    if not 0 <= serial <= SERIAL_MAX:
        raise BadValue(Reason.BAD_VIN, "vin", "no such serial")
    return next(_joined(prefix, (serial,)))


def segment_hash(segment: bytes) -> bytes:
    """SHA-256 of the canonical bytes, 32 bytes: the name under which a campaign version refers to the list."""
    return sha256(segment).digest()


def encode_segment(vins: Iterable[str], *, members_max: int = SEGMENT_MEMBERS_MAX) -> bytes:
    """The one byte form of a set of identifiers; order, repetition and typing style of the input leave no trace.

    Args:
        vins: VINs and other identifiers, as listed; each at most 64 characters in normal form.
        members_max: identifiers read at most, repeated ones included; 0 to `SEGMENT_MEMBERS_MAX`.

    Raises:
        BadValue: BAD_VIN, when an identifier is empty, too long or no Unicode text (the detail gives its place in the
            list, counted from 1); TOO_LARGE, when there are too many or the bytes exceed `SEGMENT_BYTES_MAX`.
    """
    held = MemberSet()
    for place, listed in enumerate(vins, start=1):
        if place > members_max:
            raise BadValue(Reason.TOO_LARGE, "members", f"more than {members_max}")
        held.add(listed, place)
    return held.encode()


def decode_segment(data: bytes) -> Segment:
    """The set of identifiers in canonical bytes.

    Args:
        data: at most `SEGMENT_BYTES_MAX` bytes. Work is bounded by their length, whatever counts they claim.

    Raises:
        Malformed: BAD_SEGMENT, on bytes that `encode_segment` would not have made: another magic or version, cut short
            or followed by more, a longer varint than needed, anything unsorted or repeated, an impossible prefix or
            serial, an exception that is regular or not in normal form, or more than `SEGMENT_MEMBERS_MAX` members.
    """
    if len(data) > SEGMENT_BYTES_MAX:
        raise _bad("larger than allowed")
    if not data.startswith(SEGMENT_MAGIC):
        raise _bad("another format or version")
    try:
        members, position, room = _read_members(data, len(SEGMENT_MAGIC))
        exceptions, position = _read_exceptions(data, position, room)
    except IndexError:
        raise _bad("cut short") from None
    if position != len(data):
        raise _bad("bytes after the end")
    return Segment(members, exceptions)


def _read_members(data: bytes, position: int) -> tuple[tuple[PrefixMembers, ...], int, int]:
    """All prefixes, the position behind them, and how many members may still follow."""
    room = SEGMENT_MEMBERS_MAX
    prefixes, position = _read_varint(data, position)
    members: list[PrefixMembers] = []
    previous = b""
    for _ in range(prefixes):
        prefix = data[position : position + PREFIX_CHARS]
        position += PREFIX_CHARS
        count, position = _read_count(data, position, room)
        if prefix <= previous:
            raise _bad("prefixes not ascending")
        if count == 0:
            raise _bad("prefix without serials")
        room -= count
        previous = prefix
        text = prefix.decode("latin-1")
        if weigh_prefix(text) is None:
            raise _bad("impossible prefix")
        serials, position = _read_serials(data, position, count)
        members.append(PrefixMembers(text, serials))
    return tuple(members), position, room


def _read_serials(data: bytes, position: int, count: int) -> tuple["array[int]", int]:
    """The serials of one prefix. Raises IndexError when the bytes end first; a claimed count reserves nothing."""
    serials = array("I")
    serial = -1
    for _ in range(count):
        distance = data[position]
        if distance < _CONTINUES:
            position += 1
        else:
            distance, position = _read_varint(data, position)
        serial += distance + 1
        if serial > SERIAL_MAX:
            raise _bad("impossible serial")
        serials.append(serial)
    return serials, position


def _read_exceptions(data: bytes, position: int, room: int) -> tuple[tuple[str, ...], int]:
    count, position = _read_count(data, position, room)
    exceptions: list[str] = []
    previous = b""
    for _ in range(count):
        length, position = _read_varint(data, position)
        if length > _EXCEPTION_BYTES_MAX:
            raise _bad("exception too long")
        raw = data[position : position + length]
        if len(raw) != length:
            raise _bad("cut short")
        if raw <= previous:
            raise _bad("exceptions not ascending")
        exceptions.append(_read_exception(raw))
        position += length
        previous = raw
    return tuple(exceptions), position


def _read_exception(raw: bytes) -> str:
    try:
        identifier = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("exception is not UTF-8") from None
    if len(identifier) > CODE_CHARS_MAX:
        raise _bad("exception too long")
    if normalise_vin(identifier) != identifier:
        raise _bad("exception not in normal form")
    if split_vin(identifier) is not None:
        raise _bad("exception is a regular VIN")
    return identifier


def _read_count(data: bytes, position: int, room: int) -> tuple[int, int]:
    """A number of members that still fits the bound of the whole list, and the position behind it."""
    count, position = _read_varint(data, position)
    if count > room:
        raise _bad("too many members")
    return count, position


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A minimal varint and the position behind it. Raises IndexError when the bytes end first."""
    number = 0
    for place in range(_VARINT_BYTES_MAX):
        byte = data[position + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < _CONTINUES:
            if byte == 0 and place > 0:
                raise _bad("number not minimal")
            return number, position + place + 1
    raise _bad("number too long")


def _append_varint(segment: bytearray, number: int) -> None:
    while number >= _CONTINUES:
        segment.append(number & 0x7F | _CONTINUES)
        number >>= 7
    segment.append(number)


def _append_serials(segment: bytearray, prefix: str, serials: Sequence[int]) -> None:
    segment += prefix.encode("ascii")
    _append_varint(segment, len(serials))
    _append_varint(segment, serials[0])
    for earlier, later in pairwise(serials):
        distance = later - earlier - 1
        if distance < _CONTINUES:
            segment.append(distance)
        else:
            _append_varint(segment, distance)


def _exception_bytes(identifier: str, place: int) -> bytes:
    if not 1 <= len(identifier) <= CODE_CHARS_MAX:
        raise BadValue(Reason.BAD_VIN, "vin", f"identifier {place} has {len(identifier)} characters")
    try:
        return identifier.encode("utf-8")
    except UnicodeEncodeError:
        raise BadValue(Reason.BAD_VIN, "vin", f"identifier {place} is no Unicode text") from None


def _bad(detail: str) -> Malformed:
    return Malformed(Reason.BAD_SEGMENT, detail)


def _joined(prefix: str, serials: Iterable[int]) -> Iterator[str]:
    """The VINs of one prefix and of serials in range: what neighbours have in common is worked out once."""
    if (prefix_sum := weigh_prefix(prefix)) is None:
        raise BadValue(Reason.BAD_VIN, "vin", "no such prefix")
    front, back, (tails, remainders) = prefix[:8], prefix[8:], _tails()
    base, middle, checks = -_TAIL_NUMBERS, "", ""
    for serial in serials:
        lower = serial - base
        if not 0 <= lower < _TAIL_NUMBERS:
            upper, lower = divmod(serial, _TAIL_NUMBERS)
            pair = "".join(VIN_ALPHABET[one] for one in divmod(upper, len(VIN_ALPHABET)))
            base, middle = serial - lower, back + pair
            checks = (CHECK_CHARACTERS * 2)[(prefix_sum + _pair_table()[pair][1]) % 11 :]
        yield front + checks[remainders[lower]] + middle + tails[lower]


@cache
def _pair_table() -> dict[str, tuple[int, int]]:
    """Positions 12-13 to (part of the serial, part of the check sum). Never written after it is made."""
    pairs = [first + second for first in VIN_ALPHABET for second in VIN_ALPHABET]
    return {pair: (number * _TAIL_NUMBERS, weigh(pair, POSITION_WEIGHTS[11:13])) for number, pair in enumerate(pairs)}


@cache
def _tail_table() -> dict[str, tuple[int, int]]:
    """Positions 14-17 to (part of the serial, part of the check sum). Never written after it is made."""
    return {f"{number:04d}": (number, weigh(f"{number:04d}", POSITION_WEIGHTS[13:])) for number in range(_TAIL_NUMBERS)}


@cache
def _tails() -> tuple[tuple[str, ...], bytes]:
    """Positions 14-17 by number, and what each leaves of its sum modulo 11: a place in the turned check characters."""
    return tuple(_tail_table()), bytes(weight % 11 for _, weight in _tail_table().values())
