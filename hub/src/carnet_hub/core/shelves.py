"""Where recall work lies outside the database: member lists, the lists that nodes hold, plans not published yet.

Decides the contracts; `adapters.recall_files` fulfils them.
"""

from collections.abc import Mapping, Set
from contextlib import AbstractContextManager
from typing import Final, Protocol

from carnet_hub.core.failures import HubFailure
from carnet_protocol.segments import segment_hash


class SegmentShelf(Protocol):
    """Recall member lists, named by their own hash; nothing on it ever changes."""

    def put(self, segment: bytes) -> bytes:
        """Keep a segment durably; returns its 32-byte hash. Putting it twice changes nothing."""

    def get(self, name: bytes) -> bytes | None:
        """The segment with this hash; None when it is not here.

        Raises:
            HubFailure: what lies under the name has another hash.
        """


class NoSegments:
    """A shelf with nothing on it: no campaign with members can be counted."""

    def put(self, segment: bytes) -> bytes:
        """See `SegmentShelf`: nothing is kept."""
        return segment_hash(segment)

    def get(self, name: bytes) -> bytes | None:  # noqa: ARG002
        """See `SegmentShelf`."""
        return None


NO_SEGMENTS: Final = NoSegments()


def intact_list(shelf: SegmentShelf, name: bytes) -> bytes | None:
    """A member list; None when it is missing or damaged."""
    try:
        return shelf.get(name)
    except HubFailure:
        return None


class ListShelf(Protocol):
    """What nodes fetch besides member lists, by hash, and the manifest of all; it can be made anew at any time."""

    def put(self, content: bytes) -> bytes:
        """Keep a list or a step durably; returns its 32-byte hash. Putting it twice changes nothing."""

    def get(self, name: bytes) -> bytes | None:
        """The content with this hash; None when it is not here, or damaged: nothing rests on it."""

    def keep_only(self, names: Set[bytes]) -> None:
        """Remove the files of all other names."""

    def manifest(self) -> bytes | None:
        """The frame of the manifest that was made last, not signed; None when there is none."""

    def put_manifest(self, frame: bytes) -> None:
        """Replace it, durably."""

    def late(self) -> dict[bytes, int]:
        """Campaigns whose lists could not be made last time, and for when (ms) those on the shelf stand."""

    def put_late(self, late: Mapping[bytes, int]) -> None:
        """Replace that, durably."""

    def making(self, wait_s: float) -> AbstractContextManager[bool]:
        """Be the only one who makes lists, among all processes, for the length of the block.

        Args:
            wait_s: how long to wait for whoever is.

        Returns: whether it succeeded.
        """


class PlanShelf(Protocol):
    """Campaigns that were imported and are not published yet: the operator's desk, seen by no node."""

    def put(self, campaign_no: str, plan: bytes) -> None:
        """Keep a plan, replacing an earlier one of the same number."""

    def get(self, campaign_no: str) -> bytes | None:
        """The plan with this number."""

    def drop(self, campaign_no: str) -> None:
        """Keep the plan with this number no longer; nothing where there is none. Kept documents stay."""

    def campaign_nos(self) -> list[str]:
        """Numbers of all plans, sorted."""

    def keep(self, document: bytes) -> bytes:
        """Keep a plan's document durably, for ever; returns its SHA-256. Keeping it twice changes nothing."""

    def kept(self, name: bytes) -> bytes | None:
        """The document with this hash; None when it is not here.

        Raises:
            HubFailure: what lies under the name has another hash.
        """
