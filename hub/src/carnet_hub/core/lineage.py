"""The hub's histories as a tree, and what two of them share.

Decides up to which position one history means the same as another. A database remembers the line it went through
itself; restored from a backup of before an earlier restore, it has forgotten the history that this one had begun. So
every history is kept outside the database too (`adapters.high_water`), with the one it went on from, and the tree is
put together again when the next one begins (`histories`).

    H1 ──── 5 ───── 8 ── 12      H2 went on from H1 at 5, H3 from a later backup of H1 at 8.
            └ H2 ── 15           Stated, oldest first: H1, H2 at 5, H3 at 5 (what it shares with all before it).
                    └ H3 ──      H1 shares 8 with H3, H2 shares 5.

Rules:
- Two histories share what the lowest position on the way from one to the other says.
- One of which nobody knows where it came from shares nothing with the others: 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from carnet_hub.core.cursors import end_of
from carnet_hub.core.limits import POSITION_MAX
from carnet_protocol.hello import HubEpoch
from carnet_protocol.limits import EPOCHS_MAX

NO_PARENT: Final = b""
"""What the first history went on from."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One history of the hub, as it began.

    Attributes:
        hub_epoch: 8 bytes.
        parent: hub epoch of the one it went on from; empty for the first.
        position: R, the end of the log it went on from; 0 for the first.
    """

    hub_epoch: bytes
    parent: bytes
    position: int


def branches_of(line: Sequence[HubEpoch]) -> tuple[Branch, ...]:
    """The histories that one database went through.

    Args:
        line: oldest first.
    """
    parents = (NO_PARENT, *(one.hub_epoch for one in line))
    return tuple(Branch(one.hub_epoch, parent, one.position) for one, parent in zip(line, parents, strict=False))


def join_branches(known: Iterable[Branch], outside: Iterable[Branch], line: Sequence[HubEpoch]) -> tuple[Branch, ...]:
    """What two places remember, each history once and behind its parent.

    Args:
        known: as a database has them, oldest first.
        outside: as another place has them, which may know of later ones.
        line: the histories of the database; they are never left out.

    Returns: at most `EPOCHS_MAX`; of those beside the line the newest.
    """
    found = {one.hub_epoch: one for one in (*outside, *known)}
    on_line = {one.hub_epoch for one in line}
    beside = [epoch for epoch in found if epoch not in on_line]
    dropped = set(beside[: max(0, len(found) - EPOCHS_MAX)])
    return tuple(one for epoch, one in found.items() if epoch not in dropped)


def shared_between(branches: Iterable[Branch], one: bytes, other: bytes) -> int:
    """The last position that means the same in two histories; 0 when nobody knows where they parted."""
    tree = {branch.hub_epoch: branch for branch in branches}
    ours, theirs = _way_up(tree, one), _way_up(tree, other)
    return max((min(bound, theirs[epoch]) for epoch, bound in ours.items() if epoch in theirs), default=0)


def stated_histories(branches: Sequence[Branch]) -> tuple[HubEpoch, ...]:
    """Histories as a hello states them: of each the last position that it shares with the ones before it.

    Args:
        branches: oldest first, the present one last.
    """
    if not branches:
        return ()
    first = HubEpoch(branches[0].hub_epoch, 0, 0)
    bounds = [
        (later.hub_epoch, shared_between(branches, earlier.hub_epoch, later.hub_epoch))
        for earlier, later in pairwise(branches)
    ]
    return (first, *(HubEpoch(epoch, position, end_of(position)) for epoch, position in bounds))


def _way_up(tree: Mapping[bytes, Branch], hub_epoch: bytes) -> dict[bytes, int]:
    """A history and those it went on from, each with what is shared with it; none for an unknown one."""
    found: dict[bytes, int] = {}
    bound = POSITION_MAX
    while hub_epoch in tree and hub_epoch not in found:
        found[hub_epoch] = bound
        bound = min(bound, tree[hub_epoch].position)
        hub_epoch = tree[hub_epoch].parent
    return found
