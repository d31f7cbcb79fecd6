"""Schedules that once broke something, shortened to a tape, and the shortening itself."""

from pathlib import Path

import pytest

from simulation.schedules import run_tape
from simulation.tape import read_tape

TAPES = sorted((Path(__file__).parent / "regress").glob("*.json"))


@pytest.mark.parametrize("path", TAPES, ids=lambda path: path.stem)
def test_a_schedule_that_once_failed_holds(path: Path):
    """What was mended stays mended: the shortest schedule that showed it breaks nothing any more."""
    outcome = run_tape(read_tape(path))

    assert not outcome.stage.watch.complaints
