"""One transaction in which sets of sites are decided, from an open workspace to everything written down.

Decides what follows whenever sets were folded, whoever decided them (arrival, release, an operator): late values of
erased persons are ordered away, then new customers are matched, then all is written. Does not decide about the sets.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from carnet_hub.core.hub import Hub
from carnet_hub.core.log.latecomers import order_latecomers
from carnet_hub.core.sets.workspace import Workspace, open_workspace
from carnet_hub.core.stewardship.matching import match_fresh


@contextmanager
def taking_in(hub: Hub, *, is_followed: bool = True) -> Iterator[Workspace]:
    """A workspace to decide sets in; with its end everything that follows is written, in the same transaction.

    Args:
        is_followed: False leaves alone who is who and how far recalls have come, for a set on which either fails.

    Raises:
        StoreBusy, StoreError, HistoryEnded: see `ports` and `present`; nothing was written, as after any exception.
    """
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        yield workspace
        order_latecomers(hub, workspace)
        if is_followed:
            match_fresh(hub, workspace)
        workspace.is_counted = is_followed
        workspace.flush(transaction)
