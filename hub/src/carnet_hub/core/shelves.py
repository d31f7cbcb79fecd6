"""Where recall work lies outside the database: member lists and plans that are not published yet.

Decides the contracts; `adapters.recall_files` fulfils them.
"""

from typing import Protocol


class SegmentShelf(Protocol):
    """Recall member lists, named by their own hash; nothing on it ever changes."""

    def put(self, segment: bytes) -> bytes:
        """Keep a segment durably; returns its 32-byte hash. Putting it twice changes nothing."""

    def get(self, name: bytes) -> bytes | None:
        """The segment with this hash; None when it is not here.

        Raises:
            HubFailure: what lies under the name has another hash.
        """


class PlanShelf(Protocol):
    """Campaigns that were imported and are not published yet: the operator's desk, seen by no node."""

    def put(self, campaign_no: str, plan: bytes) -> None:
        """Keep a plan, replacing an earlier one of the same number."""

    def get(self, campaign_no: str) -> bytes | None:
        """The plan with this number."""

    def campaign_nos(self) -> list[str]:
        """Numbers of all plans, sorted."""

    def keep(self, document: bytes) -> bytes:
        """Keep a plan's document durably, for ever; returns its SHA-256. Keeping it twice changes nothing."""

    def kept(self, name: bytes) -> bytes | None:
        """The document with this hash; None when it is not here.

        Raises:
            HubFailure: what lies under the name has another hash.
        """
