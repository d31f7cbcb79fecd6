"""What is asked of the store about the sums of campaigns, and how sums of letters look; the contract is `ports`'."""

from collections.abc import Collection, Iterator
from typing import NamedTuple, Protocol

from carnet_hub.core.count_rows import CountRow, LeftCarRow, ListedRow, PairRow, PairSourceRow, SumRow


class OutreachCounts(NamedTuple):
    """What is known of telling the owners of a campaign's vehicles."""

    notified_once: int
    notified_again: int
    letters_returned: int


class CountReads(Protocol):
    """Reads of what `following_counts` keeps."""

    def pair_sources(self, kind: int, records: Collection[bytes]) -> dict[bytes, PairSourceRow]:
        """Which pairs some records speak of."""

    def pair_sources_on(self, records: Collection[bytes]) -> list[PairSourceRow]:
        """What hangs on one of these records."""

    def pair_sources_of(self, pairs: Collection[bytes]) -> list[PairSourceRow]:
        """What speaks of one of these pairs."""

    def pair_sources_in(self, campaign: bytes) -> Iterator[PairSourceRow]:
        """What speaks of any pair of a campaign, by pair."""

    def left_cars(self, vehicles: Collection[bytes]) -> dict[bytes, LeftCarRow]:
        """Those of some cars that left or are unsold."""

    def listed_at(self, places: Collection[bytes]) -> list[ListedRow]:
        """What any campaign lists at some places."""

    def listed_of(self, campaigns: Collection[bytes]) -> list[ListedRow]:
        """Everything that some campaigns list."""

    def pairs(self, pairs: Collection[bytes]) -> dict[bytes, PairRow]:
        """What became of some pairs, as far as anything is known."""

    def pairs_in(self, campaign: bytes) -> Iterator[PairRow]:
        """Every pair of a campaign of which something is known, by VIN."""

    def sums(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """Some sums; one that is not there is 0."""

    def sums_in(self, campaign: bytes) -> list[SumRow]:
        """Every sum of a campaign, by key."""

    def counts(self, campaigns: Collection[bytes]) -> dict[bytes, CountRow]:
        """Campaigns as their pairs were judged."""
