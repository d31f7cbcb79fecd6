"""Cursors of a feed: a position of the log, and a place among the entries that came into a feed there.

Decides how the two are one number, so that a page may end in the middle of a position. What stands at a place is
`routing`'s business, what a page holds `feed`'s.
"""

from carnet_hub.core.limits import PLACES_PER_POSITION_BITS


def position_of(cursor: int) -> int:
    """The log position that a cursor lies in."""
    return cursor >> PLACES_PER_POSITION_BITS


def end_of(position: int) -> int:
    """The cursor behind everything at a position."""
    return (position + 1 << PLACES_PER_POSITION_BITS) - 1
