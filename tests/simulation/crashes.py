"""A crash at every step of a scenario: run it once for each step, die there, start again, heal, and look.

Decides the scenarios. Each is a tape whose last choice is struck at step 1, 2, 3 ... until the step is over before the
stroke comes; so nothing has to be counted beforehand, and a new statement in the product is struck as well.

    crash_everywhere(SCENARIOS["a node takes pages in"])  ->  how many steps it has
"""

from dataclasses import dataclass
from typing import Final

from simulation.power import Trouble
from simulation.schedules import run_tape
from simulation.tape import Choice, Tape

SEED: Final = 3
STRIKES_MAX: Final = 2_000
"""Steps of one scenario; more than any has."""

_ROUNDS: Final = tuple(
    Choice("calm round", who, number) for number, who in enumerate(("A1", "B1", "A2", "A1", "B1"), 1)
)
_EDITS: Final = (Choice("new", "A1", 101), Choice("edit several", "A1", 102))
_COURIERS: Final = tuple(
    Choice(step, "A1", number)
    for number, step in enumerate(("courier writes", "courier writes", "courier arrives", "courier arrives"), 121)
)
_HUB_LOST: Final = (
    *_ROUNDS,
    Choice("take hub image", "A1", 151),
    *_EDITS,
    Choice("erase", "A1", 152),
    Choice("calm round", "A1", 153),
    Choice("calm round", "B1", 154),
    Choice("rule", "A1", 155),
    Choice("calm round", "A2", 156),
)
_RESTORED: Final = (*_HUB_LOST, Choice("restore hub", "A1", 157), Choice("new", "B1", 158))
_KEYS_LOST: Final = (
    *_ROUNDS,
    Choice("take image", "A1", 161),
    Choice("rotate key", "A1", 162),
    Choice("restore database", "A1", 163),
    Choice("calm round", "A1", 164),
    Choice("rotate key", "A1", 165),
    Choice("restore database", "A1", 166),
    Choice("work offline", "A1", 167),
    *_EDITS,
)
_STICK: Final = (*_EDITS, Choice("stick out", "A1", 100))


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens before, what is struck, and in whose process.

    Attributes:
        steps_least: it has at least so many steps; fewer means that it found nothing to do.
    """

    before: tuple[Choice, ...]
    step: Choice
    process: str
    steps_least: int = 8


SCENARIOS: Final[dict[str, Scenario]] = {
    "a desk saves several records at once": Scenario((*_ROUNDS, _EDITS[0]), _EDITS[1], "node"),
    "a node sends and takes its receipts": Scenario((*_ROUNDS, *_EDITS), Choice("calm round", "A1", 312), "node", 40),
    "the hub takes sets in": Scenario((*_ROUNDS, *_EDITS), Choice("push", "A1", 112), "hub", 30),
    "a node takes pages in": Scenario((*_ROUNDS, *_EDITS, _ROUNDS[3]), Choice("calm round", "A2", 340), "node", 40),
    "a stick is written": Scenario((*_ROUNDS, *_EDITS), Choice("stick out", "A1", 100), "node"),
    "a stick is read at the hub": Scenario((*_ROUNDS, *_STICK), Choice("stick at hub", "A1", 103), "hub", 30),
    "a stick comes home": Scenario(
        (*_ROUNDS, *_STICK, Choice("stick at hub", "A1", 103)), Choice("stick home", "A1", 104), "node", 20
    ),
    "an operator erases": Scenario((*_ROUNDS, *_EDITS), Choice("erase", "A1", 109), "hub", 20),
    "an operator excludes a set": Scenario(_ROUNDS, Choice("exclude", "A1", 111), "hub", 30),
    "a node changes its key": Scenario((*_ROUNDS, *_EDITS), Choice("rotate key", "A1", 120), "node", 20),
    "a changed key reaches the hub": Scenario(
        (*_ROUNDS, Choice("rotate key", "A1", 120), *_EDITS), Choice("calm round", "A1", 312), "node", 40
    ),
    "a key that was put aside is brought back": Scenario(_KEYS_LOST, Choice("calm round", "A1", 168), "node", 40),
    "an operator revokes a stolen machine": Scenario(
        (*_ROUNDS, *_COURIERS), Choice("compromise", "A1", 142), "hub", 30
    ),
    "a data key comes back": Scenario(_ROUNDS, Choice("rescue", "A1", 140), "hub", 20),
    "a hub is said to be restored": Scenario(_HUB_LOST, Choice("restore hub", "A1", 157), "hub"),
    "a hub that was restored is offered back to": Scenario(_RESTORED, Choice("calm round", "A1", 159), "hub", 40),
    "a node offers back to a hub that was restored": Scenario(_RESTORED, Choice("calm round", "A1", 159), "node", 60),
    "the hub folds its log again": Scenario(_ROUNDS, Choice("rebuild hub", "A1", 116), "hub", 30),
}


def crash_everywhere(scenario: Scenario, trouble: Trouble = Trouble.CRASH, every: int = 1) -> int:
    """Strike a scenario at each of its steps; returns how many it has.

    Args:
        trouble: a crash, or a disk that fails at each write.
        every: 1 for each step, 2 for every other one.

    Raises:
        Failed: after a crash at some step something does not hold.
    """
    for at in range(1, STRIKES_MAX, every):
        tape = tape_of(scenario, trouble, at)
        strokes = run_tape(tape).stage.strokes.counted
        if not strokes[f"{trouble.value} ({scenario.process})"]:
            return at - 1
    raise AssertionError(f"more than {STRIKES_MAX} steps")


def tape_of(scenario: Scenario, trouble: Trouble, at: int) -> Tape:
    """A scenario that is struck at one step."""
    struck = scenario.step._replace(trouble=trouble.value, process=scenario.process, at=at)
    return Tape(SEED, (*scenario.before, struck))
