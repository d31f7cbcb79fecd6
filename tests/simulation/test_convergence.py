"""Random schedules converge: three desks, two sites, one hub, lost and late messages, parked and refused sets.

Every schedule checks, in the middle and at its end, what `simulation.invariants` names. A failing one says the command
that shows it again; shortened to a tape it then goes into `regress/` (see `test_regress`).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.schedules import STEPS, STEPS_MIN, STROKES_MIN, THEMES, run_schedule, run_tape

ROOT = Path(__file__).parents[2]

SEEDS = 300
CHUNK = 15


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_schedule_converges(first: int):
    """Nodes equal their rebuild at every step, and the hub once everything has arrived."""
    for seed in range(first, first + CHUNK):
        outcome = run_schedule(seed)

        assert not outcome.stage.archive.waiting(), f"seed {seed} left something parked"


def test_every_schedule_is_worth_its_name():
    """Each has three nodes at least, sixty commands and five faults."""
    outcomes = [run_schedule(seed) for seed in range(2_000, 2_005)]

    assert all(len(one.stage.world.machines) >= 3 for one in outcomes)
    assert all(one.stage.did.total() >= STEPS_MIN for one in outcomes)
    assert all(one.stage.strokes.total >= STROKES_MIN for one in outcomes)


@pytest.mark.parametrize("seed", [5, 11])
def test_a_schedule_is_a_function_of_its_seed(seed: int):
    """The same seed gives the same trace in another process whose hashes are salted otherwise."""
    here = run_schedule(seed).trace_hash

    there = [_trace_hash_elsewhere(seed, salt) for salt in ("1", "2")]

    assert there == [here, here]


def test_a_tape_is_the_schedule_it_was_made_from():
    """What was drawn from the seed can be done again from the tape alone, to the last byte of the log."""
    outcome = run_schedule(7)

    again = run_tape(outcome.tape)

    assert again.trace_hash == outcome.trace_hash


def test_schedules_reach_every_kind_of_trouble():
    """A few schedules of each theme together take every step that is listed, and meet every verdict."""
    outcomes = [run_schedule(seed, steps=60, theme=theme) for theme in THEMES for seed in range(1_000, 1_005)]

    stages = [one.stage for one in outcomes]
    standings = [one for stage in stages for one in stage.archive.standing.values()]
    assert set().union(*(stage.did for stage in stages)) == set(STEPS)
    assert any(one.parked_at and one.folded_at for one in standings)
    assert any(one.parked_at and one.refused_at for one in standings)
    assert any(one.refused_at and not one.parked_at for one in standings)
    assert any(one.voids for one in standings)
    assert any(stage.archive.lost_at for stage in stages)
    assert any(one.rare["lost sight of a record"] for one in outcomes)


def _trace_hash_elsewhere(seed: int, salt: str) -> str:
    """The trace hash of a seed as another process finds it."""
    code = f"from simulation.schedules import run_schedule; print(run_schedule({seed}).trace_hash)"
    folders = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": folders}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
