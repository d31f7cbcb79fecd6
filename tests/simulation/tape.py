"""A schedule as a list of choices: what was done by whom with which dice, and what went wrong in it.

Decides the form of a tape on disk. Each choice has dice of its own, so that taking one out leaves the others as they
were: that is what makes a failing schedule short.

    {"seed": 42, "why": "...", "choices": [["push", "A1", 8812, "crash", "node", 17], ...]}
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simulation.power import Trouble


class Choice(NamedTuple):
    """One step of a schedule.

    Attributes:
        step: its name.
        who: the node.
        dice: seed of everything that is drawn in it; unique in its schedule.
        trouble: what goes wrong, "" for nothing.
        process: whose process it strikes, `node` or `hub`.
        at: the step of the process that it strikes, 1 or more.
    """

    step: str
    who: str
    dice: int
    trouble: str = ""
    process: str = ""
    at: int = 0

    @property
    def planned(self) -> Trouble | None:
        """What goes wrong."""
        return Trouble(self.trouble) if self.trouble else None


@dataclass(frozen=True, slots=True)
class Tape:
    """A whole schedule.

    Attributes:
        seed: of clocks, workers, keys and the mix of faults.
        why: what it showed, for people.
    """

    seed: int
    choices: tuple[Choice, ...]
    why: str = ""


def read_tape(path: Path) -> Tape:
    """A tape from its file."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Tape(stored["seed"], tuple(Choice(*one) for one in stored["choices"]), stored["why"])


def write_tape(path: Path, tape: Tape) -> None:
    """Keep a tape, one choice a line."""
    lines = ",\n".join("  " + json.dumps(list(one)) for one in tape.choices)
    text = f'{{"seed": {tape.seed}, "why": {json.dumps(tape.why, ensure_ascii=False)}, "choices": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8")
