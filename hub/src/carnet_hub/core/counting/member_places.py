"""Where the members of a campaign stand in a table, so that one car finds the campaigns that list it.

Decides how member lists are cut into rows and read again. A regular VIN (`carnet_protocol.segments`) stands at its
prefix and the upper bits of its serial, with the lower 16 bits inside; any other identifier has a place of its own.
Does not decide who is a member (`campaign_plans`).

    2,000,000 members of 500 prefixes: a few thousand rows of at most 128 KiB, two bytes for each member
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from carnet_hub.core.count_rows import ListedRow
from carnet_hub.core.counting.pair_states import Standing
from carnet_protocol.segments import PrefixMembers, decode_segment, split_vin

_LOW_BYTES: Final = 2
_LOW_BITS: Final = 8 * _LOW_BYTES
_LOW_MASK: Final = (1 << _LOW_BITS) - 1
_HIGH_BYTES: Final = 2
_IRREGULAR: Final = b"\x00"
_ALONE: Final = 0
"""What stands inside the place of an irregular identifier."""


def member_place(vin: str) -> tuple[bytes, int]:
    """The place of a VIN in normal form, and what stands there for it."""
    parts = split_vin(vin)
    if parts is None:
        return _IRREGULAR + vin.encode(), _ALONE
    prefix, serial = parts
    return _place(prefix, serial >> _LOW_BITS), serial & _LOW_MASK


def listed_rows(campaign: bytes, members: Iterable[bytes], withdrawn: Iterable[bytes]) -> Iterator[ListedRow]:
    """The member lists of a campaign as rows, by place.

    Args:
        members, withdrawn: canonical segments.
    """
    held, gone = _gathered(members), _gathered(withdrawn)
    for place in sorted(held.keys() | gone.keys()):
        yield ListedRow(campaign, place, _packed(held.get(place, ())), _packed(gone.get(place, ())))


class Rolls:
    """Which campaigns list some VINs, from the rows at their places."""

    def __init__(self, rows: Iterable[ListedRow]) -> None:
        self._at: dict[bytes, dict[bytes, ListedRow]] = {}
        for row in rows:
            self._at.setdefault(row.place, {})[row.campaign] = row

    def standing(self, campaign: bytes, vin: str) -> Standing:
        """Whether a VIN belongs to a campaign."""
        place, low = member_place(vin)
        row = self._at.get(place, {}).get(campaign)
        if row is None:
            return Standing.STRANGER
        if _holds(row.withdrawn, low):
            return Standing.WITHDRAWN
        return Standing.MEMBER if _holds(row.members, low) else Standing.STRANGER

    def campaigns_of(self, vin: str) -> list[bytes]:
        """Every campaign that lists a VIN as a member."""
        place, low = member_place(vin)
        return [campaign for campaign, row in self._at.get(place, {}).items() if _holds(row.members, low)]


def member_count(rows: Iterable[ListedRow]) -> int:
    """How many VINs some rows list, withdrawn ones among them."""
    return sum(len(row.members) + len(row.withdrawn) for row in rows) // _LOW_BYTES


def _gathered(segments: Iterable[bytes]) -> dict[bytes, "array[int]"]:
    found: dict[bytes, array[int]] = {}
    for segment in map(decode_segment, segments):
        for group in segment.members:
            for place, lows in _cut(group):
                found.setdefault(place, array("H")).extend(lows)
        for identifier in segment.exceptions:
            found[_IRREGULAR + identifier.encode()] = array("H", [_ALONE])
    return found


def _cut(group: PrefixMembers) -> Iterator[tuple[bytes, "array[int]"]]:
    """The serials of one prefix by their upper bits; they ascend."""
    serials, start = group.serials, 0
    while start < len(serials):
        high = serials[start] >> _LOW_BITS
        end = bisect_left(serials, (high + 1) << _LOW_BITS, start)
        yield _place(group.prefix, high), array("H", [serial & _LOW_MASK for serial in serials[start:end]])
        start = end


def _place(prefix: str, high: int) -> bytes:
    return prefix.encode() + high.to_bytes(_HIGH_BYTES, "big")


def _packed(lows: Iterable[int]) -> bytes:
    """Distinct numbers ascending, two bytes each, the higher one first on every machine."""
    packed = array("H", sorted({*lows}))
    if sys.byteorder == "little":
        packed.byteswap()
    return packed.tobytes()


def _holds(packed: bytes, low: int) -> bool:
    wanted = low.to_bytes(_LOW_BYTES, "big")
    count = len(packed) // _LOW_BYTES
    place = bisect_left(range(count), wanted, key=lambda at: packed[_LOW_BYTES * at : _LOW_BYTES * (at + 1)])
    return place < count and packed[_LOW_BYTES * place : _LOW_BYTES * (place + 1)] == wanted
