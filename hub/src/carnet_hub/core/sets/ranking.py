"""Set time: the one number by which concurrent writes are ranked, fixed when a set is admitted.

Decides how much of an author's clock is believed. A clock may be ten years off and the dealer still works; it decides
nothing but which of several *concurrent* values is shown, and even that only between two moments the hub knows itself:

    commit time of the hub position the author had read  <=  set time  <=  time of receipt

Inside these bounds the author's clock counts, corrected by the offset the node's last hello showed. Stored at
admission, never computed again.
"""

from collections.abc import Sequence

from carnet_hub.core.lineage import Branch, shared_between
from carnet_hub.core.rows import LogHead
from carnet_protocol.changeset import Header


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


def seen_position(header: Header, branches: Sequence[Branch], head: LogHead) -> int:
    """The position of the present log up to which an author had certainly read.

    Args:
        branches: every history of the hub, the present one last; of what an author read in another one that counts
            which is shared.

    Returns: 0 when the header names a history nobody knows, or a position that does not exist.
    """
    present = branches[-1].hub_epoch
    if header.hub_epoch == present:
        return header.hub_position if header.hub_position <= head.position else 0
    return min(header.hub_position, shared_between(branches, header.hub_epoch, present))
