"""Which recalls are open for a car, answered exactly and without the network.

Decides the rows in which a node keeps the vehicles of a campaign, which of them answers for an identifier, and the
answer. Does not decide how old the rows may be (stale data says "unknown", and that is the caller's rule), what a
person sees, or what the hub signs: the canonical bytes are `carnet_protocol.segments`, and the rows are made from them.

Rules
1. One row per (prefix, campaign): a roaring bitmap of the serials. A car is looked up by its ten prefix characters.
2. Identifiers that do not split stand in a table of their own and are compared as text. A VIN with a wrong check digit
   is therefore found only if it was listed with that very digit: its right-digit neighbour does not answer for it.
3. Rows hold a list as it is; what its lists come to for one car is decided by `recall_check`.
4. No approximation: a false "open" stops a car, and a false "clear" sends one back on the road.

The bytes of a row are `bitmaps`. tests/bench/bench_recall.py holds size and look-up to their targets.

    >>> from carnet_protocol.segments import decode_segment, encode_segment
    >>> rows = campaign_rows(decode_segment(encode_segment(["1M8GDM9AXKP042788"])))
    >>> is_listed(rows, "1m8gdm9axkp042788")
    True
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from carnet_node.core.recalls.bitmaps import contains, pack
from carnet_protocol.segments import Segment, split_vin
from carnet_protocol.vin import normalise_vin


@dataclass(frozen=True, slots=True)
class CampaignRows:
    """The vehicles of one campaign as a node stores them.

    Attributes:
        bitmaps: serialised bitmap by prefix; none is empty.
        exceptions: identifiers in normal form that have no prefix and serial.
    """

    bitmaps: Mapping[str, bytes]
    exceptions: frozenset[str]


@dataclass(frozen=True, slots=True)
class BitmapKey:
    """Look in the bitmaps of this prefix, in every campaign, for this serial."""

    prefix: str
    serial: int


@dataclass(frozen=True, slots=True)
class ExceptionKey:
    """Look among the exceptions for exactly this text."""

    identifier: str


def find_key(text: str) -> BitmapKey | ExceptionKey:
    """Where the answer for an identifier stands; exactly one place, whatever the campaign.

    Args:
        text: a VIN or frame number as typed, scanned or stored.
    """
    identifier = normalise_vin(text)
    parts = split_vin(identifier)
    return ExceptionKey(identifier) if parts is None else BitmapKey(*parts)


def campaign_rows(segment: Segment) -> CampaignRows:
    """The rows that hold a decoded member list."""
    bitmaps = {group.prefix: pack(group.serials) for group in segment.members}
    return CampaignRows(MappingProxyType(bitmaps), frozenset(segment.exceptions))


def is_listed(rows: CampaignRows, text: str) -> bool:
    """Whether the rows of one campaign hold an identifier; a store asks `find_key` and `bitmaps.contains`.

    Args:
        rows: rows of one campaign.
        text: a VIN or frame number as typed, scanned or stored.

    Raises:
        Malformed: BAD_SEGMENT, when the stored bitmap cannot be read.
    """
    match find_key(text):
        case BitmapKey(prefix, serial):
            return prefix in rows.bitmaps and contains(rows.bitmaps[prefix], serial)
        case ExceptionKey(identifier):
            return identifier in rows.exceptions
