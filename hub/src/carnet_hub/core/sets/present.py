"""Whether a process still speaks for the hub's present history.

Decides nothing about histories (`histories` does): it notices that another process went on from a restored database,
and stops this one before it writes or states a position in a history that has ended. Asked once in every transaction
that appends to the log, judges a hello or reads a page.
"""

from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, StoreError

HUB_EPOCH: Final = "hub_epoch"
"""Setting: the hub's present epoch."""


class HistoryEnded(StoreError):
    """The database is in another history of the hub than this process."""

    def __init__(self) -> None:
        super().__init__(
            "The hub's database was restored, and this process still serves the history before.",
            "Stop this process and start `carnet-hub serve` again; nodes come back by themselves.",
        )


def require_present(hub: Hub, snapshot: Snapshot) -> None:
    """Go on only in the history this process was started in.

    Raises:
        HistoryEnded: `carnet-hub restored` was run beside it; nothing was changed.
    """
    if not is_present(hub, snapshot):
        raise HistoryEnded


def is_present(hub: Hub, snapshot: Snapshot) -> bool:
    """Whether the database is in the history this process was started in."""
    return snapshot.setting(HUB_EPOCH) in (None, hub.hub_epoch)
