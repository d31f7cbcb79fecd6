"""Random schedules converge: three desks, two sites, one hub, lost and late messages, parked and refused sets.

Every schedule checks, in the middle and at its end, what `simulation.checks` lists. A failing one names the command
that shows it again; its seed then goes into `REGRESSIONS`, with what was wrong.
"""

import pytest

from simulation.schedules import STEPS, THEMES, run_schedule

SEEDS = 300
CHUNK = 15

REGRESSIONS = {
    2: "a set that builds on a void op did not wait for what is behind it: the order of arrival decided",
    0: "an old receipt replaced the later one of a released set",
    23: "a desk sealed an op without any field, which the hub refuses",
}
"""Seeds that once failed, and why."""


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_schedule_converges(first: int):
    """Nodes equal their rebuild at every step, and the hub once everything has arrived."""
    for seed in range(first, first + CHUNK):
        outcome = run_schedule(seed)

        assert not outcome.stage.archive.waiting(), f"seed {seed} left something parked"


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_a_schedule_that_once_failed_converges(seed: int):
    """What was mended stays mended, also in a longer schedule that begins the same way."""
    outcome = run_schedule(seed, steps=90)

    assert not outcome.stage.archive.waiting()


def test_a_schedule_is_a_function_of_its_seed():
    """The same seed gives the same steps, sets and positions, so a failure can be seen again."""
    one, other = run_schedule(5).stage, run_schedule(5).stage

    assert one.trace == other.trace
    assert list(one.archive.standing.items()) == list(other.archive.standing.items())


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
    assert any(one.hidden for one in outcomes)
