"""A hunt for one planted bug: first the tape that found it before, then schedule after schedule, up to a bound.

Decides the order and when to give up. Runs inside a copy of the sources in which the bug is planted; who plants it and
what is told stands in `tools/plant_bugs`.

    tape of an earlier hunt    a few steps, so a known bug is found within seconds
    the bug's script           when the tape shows nothing any more, or there is none; seed after seed
    seeds from `first` on      when there is no script
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from simulation.bugs import Bug
from simulation.directed import directed_tape
from simulation.schedules import Failed, Outcome, run_schedule, run_tape
from simulation.shrink import shrink
from simulation.tape import Tape, read_tape, write_tape
from simulation.world import has_liar

TAPES: Final = Path(__file__).parent / "hunted"
"""Where the tapes of earlier hunts lie."""

SHRINK_TRIES_MAX: Final = 15
"""Shorter schedules that are tried for a tape: it need not be shortest, only quick."""

SEEN_CHARS_MAX: Final = 120


@dataclass(frozen=True, slots=True)
class Caught:
    """How a hunt ended.

    Attributes:
        schedules: run until it was found; None when it was not.
        by: `tape` or `seed <number>`; empty when it was not found.
        invariant: which found it.
        seen: what was seen, without ids.
    """

    schedules: int | None = None
    by: str = ""
    invariant: str = ""
    seen: str = ""

    def facts(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)


def tape_of(bug: Bug, tapes: Path = TAPES) -> Path:
    """Where the tape of a bug lies, or would."""
    return tapes / (re.sub(r"[^a-z0-9]+", "-", bug.name.lower()).strip("-") + ".json")


def hunt(bug: Bug, seeds: int, without: frozenset[str], *, record_in: Path | None = None) -> Caught:
    """Run schedules until something breaks.

    Args:
        seeds: schedules after the tape, before giving up.
        without: invariants that are not looked at.
        record_in: folder for a short tape of what was found by a seed; None keeps nothing.
    """
    path = tape_of(bug)
    is_known = path.is_file()
    if is_known:
        failed = _failure(lambda: run_tape(read_tape(path), without), without)
        if failed is not None:
            return _caught(1, "tape", failed)
    fitting = (seed for seed in count(bug.first) if has_liar(seed) or not bug.with_liar)
    for number, seed in enumerate(islice(fitting, seeds)):
        failed = _failure(lambda at=seed: _run_seed(bug, at, without), without)  # type: ignore[misc]
        if failed is not None:
            if record_in is not None:
                _record(failed, tape_of(bug, record_in))
            return _caught(1 + number + is_known, f"seed {seed}", failed)
    return Caught()


def _run_seed(bug: Bug, seed: int, without: frozenset[str]) -> Outcome:
    """The schedule of a seed: by the bug's script, or drawn."""
    if bug.script:
        return run_tape(directed_tape(seed, bug.script), without)
    return run_schedule(seed, theme=bug.theme, without=without)


def _failure(run: Callable[[], object], without: frozenset[str] = frozenset()) -> Failed | None:
    """How a schedule failed; an error that nobody expects shows nothing while nobody looks at I18."""
    try:
        run()
    except Failed as failed:
        return None if failed.invariant in without else failed
    return None


def _caught(schedules: int, by: str, failed: Failed) -> Caught:
    seen = re.sub(r" [0-9a-f]{32}", "", failed.what.partition(": ")[2]).replace("|", "/")
    return Caught(schedules, by, failed.invariant, seen[:SEEN_CHARS_MAX])


def _record(failed: Failed, path: Path) -> None:
    """Keep a short tape, once it has shown the same again."""
    short = shrink(failed, say=lambda _: None, tries_max=SHRINK_TRIES_MAX)
    again = _failure(lambda: run_tape(short))
    if again is not None and again.invariant == failed.invariant:
        write_tape(path, Tape(short.seed, short.choices, failed.what))
