"""Random schedules converge: three desks, two sites, one hub, lost and late messages, parked and refused sets.

Every schedule checks, in the middle and at its end, what `simulation.invariants` names. A failing one says the command
that shows it again; shortened to a tape it then goes into `regress/` (see `test_regress`).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.schedules import STEPS_MIN, STROKES_MIN, run_schedule, run_tape
from simulation.themes import NAMES
from simulation.world import has_liar

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


def test_schedules_meet_every_verdict():
    """A schedule of each theme together meet whatever can become of a set, and lose sight of a record."""
    outcomes = [run_schedule(seed, theme=theme) for seed, theme in enumerate(NAMES, start=1_000)]

    standings = [one for outcome in outcomes for one in outcome.stage.archive.standing.values()]
    assert any(one.parked_at and one.folded_at for one in standings)
    assert any(one.parked_at and one.refused_at for one in standings)
    assert any(one.refused_at and not one.parked_at for one in standings)
    assert any(one.voids for one in standings)
    assert any(one.stage.archive.lost_at for one in outcomes)


def test_one_schedule_in_ten_has_a_liar():
    """A dishonest node takes part now and then, and tells each of its lies."""
    seeds = range(3_000, 3_200)

    lying = [seed for seed in seeds if has_liar(seed)]

    assert len(seeds) // 20 < len(lying) < len(seeds) // 5
    assert run_schedule(lying[0], theme="everything").rare["a liar"]


def _trace_hash_elsewhere(seed: int, salt: str) -> str:
    """The trace hash of a seed as another process finds it."""
    code = f"from simulation.schedules import run_schedule; print(run_schedule({seed}).trace_hash)"
    folders = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": folders}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
