"""An engine without any library: pairs by key in memory, every one of them; and a note that lies nowhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from carnet_hub.core.relink_ports import PairBlock, RelinkNote
from carnet_master.clusters import Pair
from carnet_master.features import Features
from carnet_master.keys import KEY_BYTES

TEST_MODEL = bytes(32)
"""The id that test weighers give."""


class Killed(Exception):
    """The process ended here."""


@dataclass
class PlainEngine:
    """`relink_ports.BatchEngine` in a few lines; every pair that shares a key is looked at.

    Attributes:
        block: customers in a block.
        dies_after: blocks until the process is killed; None for never.
        taken: every customer it was given, in order.
    """

    model_ids: Mapping[str, bytes] = field(default_factory=lambda: {"person": TEST_MODEL, "company": TEST_MODEL})
    block: int = 1_000
    dies_after: int | None = None
    taken: dict[bytes, Features] = field(default_factory=dict)
    _under: dict[tuple[bytes, str], list[bytes]] = field(default_factory=dict)

    def add(self, customer: bytes, keys: bytes, features: Features) -> None:
        """See `relink_ports.BatchEngine`."""
        assert not self.taken or customer > max(self.taken)
        self.taken[customer] = features
        for at in range(0, len(keys), KEY_BYTES):
            self._under.setdefault((keys[at : at + KEY_BYTES], features.party), []).append(customer)

    def pairs(self) -> Iterator[PairBlock]:
        """See `relink_ports.BatchEngine`."""
        met: set[Pair] = {pair for some in self._under.values() for pair in combinations(some, 2)}
        customers = sorted(self.taken)
        for number, at in enumerate(range(0, len(customers), self.block)):
            if number == self.dies_after:
                raise Killed
            some = customers[at : at + self.block]
            done = at + len(some)
            yield PairBlock(some[-1], sorted(pair for pair in met if pair[0] in some), done, len(customers))


@dataclass
class KeptNote:
    """`relink_ports.RelinkNotes` in memory."""

    note: RelinkNote | None = None

    def read(self) -> RelinkNote | None:
        """See `relink_ports.RelinkNotes`."""
        return self.note

    def write(self, note: RelinkNote) -> None:
        """See `relink_ports.RelinkNotes`."""
        self.note = note

    def clear(self) -> None:
        """See `relink_ports.RelinkNotes`."""
        self.note = None
