"""What must hold, by name: I1 to I18, and what breaks one.

Decides the names and the sentences; where each is checked stands in the modules named here, and what waits for a
feature in README.md.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

INVARIANTS: Final[dict[str, str]] = {
    "I1": "convergence: after healing every node shows what the hub holds for its site",
    "I2": "no acknowledged loss: what a receipt was given for stands in the hub's log for ever",
    "I3": "no local loss: what a desk has committed stays in its log and reaches the hub",
    "I4": "no phantom: every log entry is, byte for byte, what its author signed with the key known for it",
    "I5": "exactly once: each op takes effect once, whatever the duplicates, channels and epochs",
    "I6": "no silent overwrite: every overruled value is kept with the op that overruled it, and listed",
    "I7": "the fold is a function of the set: folding again, or in another order, gives the same",
    "I8": "causality: what somebody had read is never shown in place of what they wrote",
    "I9": "odometer: the served reading is the greatest since the last replacement, and no reading is dropped",
    "I10": "chain: per node and epoch without gaps from 1, every link matching; forks are kept with their bodies",
    "I11": "epoch safety: no honest node signs two bodies for one place of its chain",
    "I12": "authority: nobody outside a record's scope changes it or sees its masked values",
    "I13": "exclusion: what was excluded or void counts as if it had never been written",
    "I14": "log: append-only and without holes; what a receipt says about a position stays true",
    "I15": "erasure: an erased value is in no file of any synced party and never comes back",
    "I16": "atomicity: no reader sees half a change set, at any step of a writer",
    "I17": "clocks: the set time lies between what its author had seen and its receipt, whatever the author's clock",
    "I18": "liveness: a bounded number of rounds after healing; nothing waits for ever, nothing fails unexpectedly",
}


class Broken(AssertionError):
    """Something that must hold does not.

    Attributes:
        invariant: its name.
    """

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
        self.what = what


@dataclass
class Watch:
    """Which invariants are watched, and what has been found while looking at something else.

    Attributes:
        without: names that are not watched, to see what escapes then.
        complaints: found where raising would have left an account half done.
    """

    without: frozenset[str] = frozenset()
    complaints: list[Broken] = field(default_factory=list)

    def complain(self, invariant: str, what: str) -> None:
        """Keep a breach for the next `check`."""
        if invariant not in self.without:
            self.complaints.append(Broken(invariant, what))

    def check(self, *checks: Callable[[], object]) -> None:
        """Run checks; the first breach of a watched invariant is raised.

        Raises:
            Broken: one does not hold.
        """
        if self.complaints:
            raise self.complaints[0]
        for one in checks:
            with self.aside():
                one()

    def each(self, breaches: Iterable[Broken]) -> None:
        """Raise the first breach of a watched invariant."""
        for one in breaches:
            if one.invariant not in self.without:
                raise one

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let breaches of what is not watched pass."""
        try:
            yield
        except Broken as broken:
            if broken.invariant not in self.without:
                raise
