"""What the core asks of storage about recall lists.

Decides the contracts only. A list is *wanted* when a published campaign has it; what is in use stays in use, as a
*former* segment, until all segments that take its place are here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from carnet_protocol.ids import RecordId


@dataclass(frozen=True, slots=True)
class WantedSegment:
    """A segment of a list of a published campaign.

    Attributes:
        kind: see `recall_lists.ListKind`.
        segment_hash: SHA-256 of its bytes.
        is_former: no longer wanted, and in use until what takes its place is here.
        is_stored: its rows are here.
    """

    campaign: RecordId
    kind: int
    segment_hash: bytes
    is_former: bool
    is_stored: bool


class ListReads(Protocol):
    """Recall lists in one snapshot."""

    def wanted(self) -> list[WantedSegment]:
        """Every segment that is wanted or in use."""

    def count_missing(self, kind: int) -> int:
        """Segments of a kind of list that are wanted and not here."""

    def member_count(self, campaign: RecordId) -> int:
        """Members in the wanted segments of a campaign that are here."""

    def rows_of(self, segment_hash: bytes) -> tuple[dict[str, bytes], list[str]]:
        """Bitmap by prefix, and the exceptions, of a segment that is here."""

    def bitmaps(self, prefix: str) -> list[tuple[RecordId, int, bytes]]:
        """(campaign, kind, bitmap) of every list in use that has this VIN prefix."""

    def exceptions(self, identifier: str) -> list[tuple[RecordId, int]]:
        """(campaign, kind) of every list in use with exactly this identifier outside the bitmaps."""

    def entries(self) -> list[bytes]:
        """What the manifest in use says of each list, by campaign and kind."""


class ListWrites(ListReads, Protocol):
    """The same, to be changed."""

    def want(self, campaign: RecordId, kind: int, hashes: Sequence[bytes]) -> None:
        """State which segments a list has now; what it had is in use until all of these are here."""

    def add(self, segment_hash: bytes, count: int, bitmaps: Mapping[str, bytes], exceptions: Iterable[str]) -> None:
        """Store a segment, and let go of whatever nobody wants any more; a known one changes nothing."""

    def put_entry(self, campaign: RecordId, kind: int, entry: bytes) -> None:
        """Store what a manifest says of a list."""

    def drop_entries(self) -> None:
        """Forget what manifests said."""
