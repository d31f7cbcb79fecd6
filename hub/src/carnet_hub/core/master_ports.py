"""What is asked of the world about who is who: look-ups of the store, and the model that weighs a pair.

Decides the look-ups of matching and clusters, a part of `ports.Snapshot`; each takes many keys at once and answers with
what exists. Decides how a weight is handed over; `adapters.weighing` reads the model.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from carnet_hub.core.master_rows import (
    AliasRow,
    DecisionRow,
    MatchKeyRow,
    MemberRow,
    ModelRow,
    PartyPlace,
    PartyRow,
    ProposalPlace,
    ProposalRow,
)
from carnet_hub.core.rows import RecordRow
from carnet_master.features import Features


@dataclass(frozen=True, slots=True)
class Ground:
    """What one comparison adds to a weight, in bits."""

    comparison: str
    level: str
    bits: float


class Weighed(NamedTuple):
    """How much speaks for two records being one party.

    Attributes:
        weight: in bits.
        probability: 0 to 1.
        levels: the level of each comparison, a byte each.
        model_id: of the model that weighed.
    """

    weight: float
    probability: float
    levels: bytes
    model_id: bytes


class Weigher(Protocol):
    """The model in use."""

    def weigh(self, one: Features, other: Features) -> Weighed | None:
        """Compare two records of one kind of party; None when there is no model for that kind.

        Args:
            one, other: without generic values.
        """

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:
        """Why they weigh what they weigh: the prior, then every comparison; their bits add up to the weight.

        Args:
            one, other: as `weigh` had them.

        Returns: nothing when there is no model for that kind of party, or for two kinds.
        """

    def files(self) -> Mapping[str, bytes]:
        """The files of the models in use, by kind of party; a batch engine weighs with the same."""


class NoWeigher:
    """No model: what needs a probability is never linked and never asked about; equal document numbers still count."""

    def weigh(self, one: Features, other: Features) -> Weighed | None:  # noqa: ARG002
        """Nothing is known."""
        return None

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:  # noqa: ARG002
        """Nothing is known."""
        return ()

    def files(self) -> Mapping[str, bytes]:
        """There are none."""
        return {}


NO_WEIGHER: Final = NoWeigher()


class Models(Protocol):
    """Reads and compiles activated models, each once."""

    def weigher(
        self, shipped: Weigher, active: Mapping[str, bytes], read: Callable[[bytes], ModelRow | None]
    ) -> Weigher:
        """A weigher that uses activated models, and the shipped ones for every other kind of party.

        Args:
            active: model ids by kind of party.
            read: the file and signature of a model; asked for those that are not compiled yet, and not kept.

        Returns: for a model that cannot be used one that weighs nobody of its kind; an alarm has been given once.
        """


class NoModels:
    """Nothing reads models: those that a person has activated weigh nobody."""

    def weigher(
        self,
        shipped: Weigher,  # noqa: ARG002
        active: Mapping[str, bytes],  # noqa: ARG002
        read: Callable[[bytes], ModelRow | None],  # noqa: ARG002
    ) -> Weigher:
        """See `Models`."""
        return NO_WEIGHER


NO_MODELS: Final = NoModels()


class MasterReads(Protocol):
    """Reads of the customer master."""

    def party_records(self, customers: Collection[bytes]) -> list[RecordRow]:
        """What says something about one of these customers: phones, addresses, preferences, consents, ownerships."""

    def parties(self, customers: Collection[bytes]) -> dict[bytes, PartyRow]:
        """Customers as matching sees them."""

    def found_by(self, key: bytes, limit: int) -> list[bytes]:
        """The first customers with a key, by id."""

    def found_by_any(self, keys: Collection[bytes], limit: int) -> list[MatchKeyRow]:
        """Who has one of these keys, in no order. Only an answer of fewer rows than the limit is whole."""

    def met_by(self, keys: Collection[bytes], limit: int) -> list[tuple[PartyRow, bytes | None]]:
        """Everybody who has one of these keys, each once, beside the golden id of the cluster they are in.

        In no order. Only an answer of fewer rows than the limit is whole.
        """

    def party_places(self, after: PartyPlace) -> Iterator[PartyPlace]:
        """Where every customer behind a place stands, in the order of the log."""

    def decisions(self, customers: Collection[bytes]) -> list[DecisionRow]:
        """Every decision about one of these customers, from that customer's side."""

    def members(self, customers: Collection[bytes]) -> dict[bytes, MemberRow]:
        """Which clusters some customers are in."""

    def members_of(self, goldens: Collection[bytes]) -> list[MemberRow]:
        """The customers of some clusters."""

    def aliases(self, formers: Collection[bytes]) -> dict[bytes, AliasRow]:
        """The customers that lend some golden ids."""

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
