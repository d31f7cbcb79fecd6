"""Document numbers made offline: unique without asking anybody.

Decides the form of a repair order's number: site code, document kind, date, the node's own tag, a counter. Two nodes of
one site count independently; the tag keeps them apart. It is a function of the node id, 5 characters of 32, so that two
nodes of one site share one with a chance of 1 in 33 million; the number is then still kept twice, never overwritten,
and the hub shows the exception.

    SHA01-RO-260921-7KQ3M-001
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from carnet_node.core.limits import RO_NUMBER_MAX
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_protocol.ids import NodeId

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TAG_CHARS: Final = 5
_FIRST_MS: Final = 0
_LAST_MS: Final = 4_102_444_800_000
"""2100-01-01: a clock beyond either end still yields a number."""


@dataclass(frozen=True, slots=True)
class Today:
    """What day it is at the site.

    Attributes:
        utc_offset_minutes: of the site, -720 to 840; by it the day of a moment is known.
    """

    day: date
    utc_offset_minutes: int = 0


def node_tag(node: NodeId, epoch: bytes = b"") -> str:
    """Five characters that tell the nodes of one site apart (Crockford's base 32: no I, L, O, U).

    Args:
        epoch: of a node that was restored or copied: its counter may have forgotten numbers, so another series begins.
    """
    number = int.from_bytes(hashlib.sha256(b"carnet/node-tag\x00" + node + epoch).digest()[:4], "big")
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(_TAG_CHARS))


def local_date(at_ms: int, utc_offset_minutes: int) -> date:
    """The site's calendar day of a moment.

    Args:
        at_ms: ms since 1970; clamped to 1970 to 2099, because a wrong clock must not stop the desk.
        utc_offset_minutes: of the site, -720 to 840.
    """
    clamped_ms = min(max(at_ms, _FIRST_MS), _LAST_MS)
    return (datetime.fromtimestamp(clamped_ms / 1000, UTC) + timedelta(minutes=utc_offset_minutes)).date()


def site_day(node: Node) -> date:
    """What day it is at the site now."""
    return local_date(node.clock.now_ms(), node.settings.utc_offset_minutes)


def today_at_site(node: Node) -> Today:
    """What day it is at the site now, as commands are told it."""
    return Today(site_day(node), node.settings.utc_offset_minutes)


def local_midnight(day: date, utc_offset_minutes: int) -> int:
    """When a calendar day of the site begins, ms since 1970."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(minutes=utc_offset_minutes)
    return int(midnight.timestamp()) * 1000


def business_day(now_ms: int, utc_offset_minutes: int) -> str:
    """The site's calendar day as YYMMDD, see `local_date`."""
    return local_date(now_ms, utc_offset_minutes).strftime("%y%m%d")


def ro_prefix(site_code: str, day: str, tag: str) -> str:
    """What all repair orders of one node and one day have in common; also the name of their series."""
    return f"{site_code}-RO-{day}-{tag}"


def ro_number(prefix: str, count: int) -> str:
    """The number of a repair order.

    Args:
        count: 1 to 9,999.

    Raises:
        CommandRefused: the day's numbers are used up.
    """
    if not 0 < count <= RO_NUMBER_MAX:
        raise refuse(
            "ro_no",
            ProblemCode.BAD_VALUE,
            f"This desk has numbered {RO_NUMBER_MAX} repair orders today.",
            "Use another desk until midnight.",
        )
    return f"{prefix}-{count:03d}"
