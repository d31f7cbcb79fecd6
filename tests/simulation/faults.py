"""The faults of a schedule: which are possible in it, how often, and how many have struck.

Decides the mix, drawn from the seed: a schedule in which everything goes wrong at once hides what a single fault
would show, so each has some of them only.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from simulation.power import Trouble

LINE_FAULTS: Final = ("drop", "lose answer", "duplicate", "delay", "truncate", "flip a bit", "partition")
"""What happens to a message."""

PROCESS_FAULTS: Final = tuple(Trouble)
STRIKE_STEPS_MAX: Final = {Trouble.CRASH: 90, Trouble.DISK_FULL: 25, Trouble.IO_ERROR: 25, Trouble.BETWEEN: 40}
"""How far into a step trouble may wait; later ones mostly never come."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What can go wrong in one schedule.

    Attributes:
        line: kinds of trouble with messages, at least two.
        process: kinds of trouble inside processes, at least one.
        line_rate: how likely each message meets trouble, 0 to 1.
        process_rate: how likely each step meets trouble, 0 to 1.
    """

    line: tuple[str, ...]
    process: tuple[Trouble, ...]
    line_rate: float
    process_rate: float


def draw_mix(dice: random.Random) -> Mix:
    """The mix of a seed."""
    line = tuple(one for one in LINE_FAULTS if dice.random() < 0.5) or LINE_FAULTS[:2]
    process = tuple(one for one in PROCESS_FAULTS if dice.random() < 0.6) or (Trouble.CRASH,)
    return Mix(line, process, dice.choice((0.05, 0.15, 0.3)), dice.choice((0.1, 0.2, 0.35)))


@dataclass
class Strokes:
    """Faults that have struck, by kind."""

    counted: Counter[str] = field(default_factory=Counter)

    def strike(self, kind: str) -> None:
        """One more."""
        self.counted[kind] += 1

    @property
    def total(self) -> int:
        """All of them."""
        return self.counted.total()
