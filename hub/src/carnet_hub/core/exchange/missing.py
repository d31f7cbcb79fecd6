"""Change sets that a node has made and the hub has never got: what is lost if that machine is.

Decides what may be called missing. A node states its head at every hello, and the first set of an epoch names how far
the one before had come when something left the machine; whatever lies between that and what the hub holds has not
arrived. It may still: from the node itself, or on a stick.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carnet_hub.core.rows import EpochRow, NodeStatusRow


@dataclass(frozen=True, slots=True)
class MissingSets:
    """A run of sets of one epoch that the hub does not hold.

    Attributes:
        epoch_ordinal: 0 for an epoch of which nothing has arrived.
        first, last: seq, both missing.
    """

    epoch_ordinal: int
    first: int
    last: int

    @property
    def text(self) -> str:
        """In words, for the operator."""
        sets = f"change set {self.first}" if self.first == self.last else f"change sets {self.first} to {self.last}"
        return f"{sets} of its epoch {self.epoch_ordinal}" if self.epoch_ordinal else f"{sets} of an epoch not seen yet"


def missing_of(status: NodeStatusRow | None, epochs: Sequence[EpochRow]) -> tuple[MissingSets, ...]:
    """What a node has made, as far as anybody knows, and the hub does not hold; by epoch.

    Args:
        status: what the node last said; None before its first hello.
        epochs: of this node, as the hub holds them.
    """
    known: dict[bytes, int] = {} if status is None else {status.epoch: status.head_seq}
    for row in epochs:
        known[row.parent_epoch] = max(known.get(row.parent_epoch, 0), row.parent_seq)
    held: Mapping[bytes, EpochRow] = {row.epoch: row for row in epochs}
    missing = []
    for epoch, last in known.items():
        here = held.get(epoch)
        first = 1 if here is None else here.head_seq + 1
        if first <= last:
            missing.append(MissingSets(0 if here is None else here.ordinal, first, last))
    return tuple(sorted(missing, key=lambda one: (one.epoch_ordinal, one.first)))
