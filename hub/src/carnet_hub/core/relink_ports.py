"""What re-linking asks of the world: an engine that weighs many customers at once, and a note of how far it has come.

Decides the contracts; `adapters.relink_duckdb` and `adapters.relink_spark` are engines, `adapters.relink_scratch` keeps
the note. `tests/relink` holds every engine to one suite.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from carnet_hub.core.master_rows import DecisionRow, PartyRow
from carnet_master.clusters import Pair
from carnet_master.features import Features
from carnet_master.keys import Block

SURE_BLOCKS: Final = (Block.IDENTITY, Block.ORGANISATION)
"""Pairs that share one of these keys are looked at, however little the model makes of them."""


@dataclass(frozen=True, slots=True)
class PairBlock:
    """Pairs of some customers with those behind them.

    Attributes:
        upto: the last of these customers; everybody before it is done as well.
        pairs: the smaller id first, in order.
        done, total: customers so far, and all of them.
    """

    upto: bytes
    pairs: Sequence[Pair]
    done: int
    total: int


class RelinkReads(Protocol):
    """Reads of the customer master from one end to the other, a part of `ports.Snapshot`."""

    def party_count(self) -> int:
        """How many customers there are, those that are gone too."""

    def parties_after(self, customer: bytes, limit: int) -> list[PartyRow]:
        """The next customers behind one, by id."""

    def full_keys(self, most: int) -> frozenset[bytes]:
        """Keys under which more than so many customers are found."""

    def auto_links_after(self, customer: bytes, limit: int) -> list[DecisionRow]:
        """The matcher's links behind a customer, each once, from the smaller id's side; also those taken back."""


class BatchEngine(Protocol):
    """Finds and weighs pairs among many customers.

    Attributes:
        model_ids: of the models it weighs with, by kind of party.
    """

    @property
    def model_ids(self) -> Mapping[str, bytes]:
        """See above."""

    def add(self, customer: bytes, keys: bytes, features: Features) -> None:
        """Take a customer; ascending by id, each once, before the first pair is asked for.

        Args:
            keys: of 16 bytes each, joined; without over-full ones.
            features: without generic values.
        """

    def pairs(self) -> Iterator[PairBlock]:
        """Pairs of one kind of party that share a key, block by block, ascending.

        Only those that are more likely than not (`STEWARD_PROBABILITY_MIN`), or that share a key of `SURE_BLOCKS`.
        """


@dataclass(frozen=True, slots=True)
class RelinkNote:
    """How far a run has come.

    Attributes:
        rules: models, mode and version of the features; a run under other rules begins anew.
        position: of the log's end when the run began.
        pairs_upto: the customer up to which pairs are done; empty for none.
        links_upto: the customer up to which links of the matcher were looked at; empty for none.
        proposed, doubted: how many were written so far.
    """

    rules: str
    position: int
    pairs_upto: bytes = b""
    links_upto: bytes = b""
    proposed: int = 0
    doubted: int = 0


class RelinkNotes(Protocol):
    """Where the note lies: beside the database, since it is worth nothing on another machine."""

    def read(self) -> RelinkNote | None:
        """The note of a run that did not end; None for none, or one that nobody can read."""

    def write(self, note: RelinkNote) -> None:
        """Replace the note, durably.

        Raises:
            OSError: no room or no permission; what it held before is unchanged.
        """

    def clear(self) -> None:
        """The run has ended."""
