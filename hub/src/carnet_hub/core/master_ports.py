"""What is asked of the store about who is who.

Decides the look-ups of matching and clusters, a part of `ports.Snapshot`; each takes many keys at once and answers with
what exists.
"""

from collections.abc import Collection
from typing import Protocol

from carnet_hub.core.master_rows import AliasRow, DecisionRow, MemberRow, PartyRow, ProposalPlace, ProposalRow
from carnet_hub.core.rows import RecordRow


class MasterReads(Protocol):
    """Reads of the customer master."""

    def party_records(self, customers: Collection[bytes]) -> list[RecordRow]:
        """What says something about one of these customers: phones, addresses, preferences, consents, ownerships."""

    def parties(self, customers: Collection[bytes]) -> dict[bytes, PartyRow]:
        """Customers as matching sees them."""

    def found_by(self, key: bytes, limit: int) -> list[bytes]:
        """The first customers with a key, by id."""

    def decisions(self, customers: Collection[bytes]) -> list[DecisionRow]:
        """Every decision about one of these customers, from that customer's side."""

    def members(self, customers: Collection[bytes]) -> dict[bytes, MemberRow]:
        """Which clusters some customers are in."""

    def members_of(self, goldens: Collection[bytes]) -> list[MemberRow]:
        """The customers of some clusters."""

    def aliases(self, formers: Collection[bytes]) -> list[AliasRow]:
        """Where some golden ids have led, oldest first."""

    def proposals(self, customers: Collection[bytes]) -> list[ProposalRow]:
        """Proposals whose smaller id is one of these."""

    def proposals_after(self, after: ProposalPlace, limit: int) -> list[ProposalRow]:
        """The next proposals of the queue, oldest first."""

    def proposal_counts(self) -> dict[str, int]:
        """How many proposals wait, by cause."""

    def cluster_sizes(self) -> dict[int, int]:
        """How many clusters there are, by number of customers."""

    def decision_counts(self) -> dict[tuple[str, str, str], int]:
        """How many decisions there are, by (effect, authority, cause)."""
