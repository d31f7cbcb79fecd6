"""Set time: the one number by which concurrent writes are ranked, fixed when a set is admitted.

Decides how much of an author's clock is believed. A clock may be ten years off and the dealer still works; it decides
nothing but which of several *concurrent* values is shown, and even that only between two moments the hub knows itself:

    commit time of the hub position the author had read  <=  set time  <=  time of receipt

Inside these bounds the author's clock counts, corrected by the offset the node's last hello showed. Stored at
admission, never computed again.
"""

from collections.abc import Sequence

from carnet_hub.core.rows import LogHead
from carnet_protocol.changeset import Header
from carnet_protocol.hello import HubEpoch


def set_time(header: Header, *, offset_ms: int, seen_ms: int, received_ms: int) -> int:
    """The set time of a set.

    Args:
        header: of the set; `wall_ms` is the author's clock.
        offset_ms: hub clock minus node clock as of the last hello, 0 when unknown.
        seen_ms: commit time of the hub position the author had read, 0 when unknown; at most `received_ms`.
        received_ms: the hub's clock.

    Returns: ms since 1970.
    """
    return min(max(header.wall_ms + offset_ms, seen_ms), received_ms)


def seen_position(header: Header, histories: Sequence[HubEpoch], head: LogHead) -> int:
    """The hub position an author had read; 0 when it names another history or a position that does not exist.

    Args:
        histories: of the hub, oldest first; what an author read in an earlier one counts as far as it is shared.
    """
    ends = [*(one.position for one in histories[1:]), head.position]
    shared = next((min(ends[at:]) for at, one in enumerate(histories) if one.hub_epoch == header.hub_epoch), 0)
    return header.hub_position if header.hub_position <= shared else 0
