"""A schedule by hand: which steps come in which order, at whose desk; dice decide the rest.

Decides how such a schedule is written and which tape it is for a seed. It is for what a drawn schedule needs luck to
meet: a few steps in one order, tried with other dice until they show it.

    A1 push                                  a step of one node
    A1 new x8                                eight times
    hub erase                                a step that is nobody's
    A1 pull ! another process in between hub 12
                                             something goes wrong at a step of the hub's process, the 1st to the 12th
"""

import random
from collections.abc import Iterator
from typing import Final

from simulation.power import Trouble
from simulation.tape import Choice, Tape

NOBODY: Final = "hub"
"""Whose steps are nobody's in particular; a machine has to be named in a choice all the same."""
_ANYBODY: Final = "A1"


def directed_tape(seed: int, script: tuple[str, ...]) -> Tape:
    """The tape of a schedule by hand.

    Args:
        seed: of the world and of all dice.
        script: lines as shown above.
    """
    dice = random.Random(f"directed {seed}")
    return Tape(seed, tuple(one for line in script for one in _choices(line, dice)))


def _choices(line: str, dice: random.Random) -> Iterator[Choice]:
    what, _, wrong = line.partition(" ! ")
    who, _, step = what.partition(" ")
    step, _, times = step.partition(" x")
    machine = _ANYBODY if who == NOBODY else who
    for _ in range(int(times or 1)):
        yield Choice(step, machine, dice.getrandbits(48), *_trouble(wrong, dice))


def _trouble(wrong: str, dice: random.Random) -> tuple[str, str, int]:
    """What goes wrong, in whose process, and at which of its steps."""
    if not wrong:
        return "", "", 0
    name, process, at_max = wrong.rsplit(" ", 2)
    return Trouble(name).value, process, dice.randint(1, int(at_max))
