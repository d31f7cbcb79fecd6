"""What guards whatever leaves this machine: the mark of what left, and the lock of whoever sends.

Decides the two contracts only; `adapters/high_water` keeps both in files beside the keys, never in the database, and
with them the numbers of epochs that were ever opened here.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from carnet_node.core.records import HighWaterMark


class HighWater(Protocol):
    """The file (epoch, seq, hash) outside the database; fsynced before a set leaves this machine."""

    def read(self) -> HighWaterMark | None:
        """The mark; None before anything left."""
        ...

    def write(self, mark: HighWaterMark) -> None:
        """Replace the mark durably, whatever it was; only `outbox.raise_mark` calls this, which never lowers it."""
        ...

    def reserve_ordinal(self, wanted: int) -> int:
        """A number for a new epoch that no other epoch of this machine ever had: `wanted`, or the next free one.

        It is on disk before this returns, so that not even a database restored twice gets it again.

        Raises:
            HighWaterUnreadable: what was reserved cannot be read or written; no epoch may be opened.
        """
        ...


class SenderLock(Protocol):
    """At most one process of this machine sends or exports."""

    def hold(self) -> AbstractContextManager[None]:
        """Hold the lock for the length of a block, or raise `AnotherSender` at once."""
        ...
