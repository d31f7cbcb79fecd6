"""Random schedules converge: three desks, two sites, one hub, lost and late messages, parked and refused sets.

Every schedule checks, in the middle and at its end, what `simulation.checks` lists. A failing one names the command
that shows it again; its seed then goes into `REGRESSIONS`, with what was wrong.
"""

import pytest

from simulation.schedules import run_schedule

SEEDS = 320
CHUNK = 20

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
        schedule = run_schedule(seed)

        assert schedule.is_healed, f"seed {seed} ended before it was healed"


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_a_schedule_that_once_failed_converges(seed: int):
    """What was mended stays mended, also in a longer schedule that begins the same way."""
    schedule = run_schedule(seed, steps=90)

    assert schedule.is_healed


def test_a_schedule_is_a_function_of_its_seed():
    """The same seed gives the same steps, sets and positions, so a failure can be seen again."""
    one, other = run_schedule(5), run_schedule(5)

    assert one.trace == other.trace
    assert list(one.archive.standing.items()) == list(other.archive.standing.items())


def test_schedules_reach_every_kind_of_trouble():
    """Forty schedules together take every step that is listed, and meet every verdict."""
    schedules = [run_schedule(seed, steps=40) for seed in range(1_000, 1_040)]

    standings = [one for schedule in schedules for one in schedule.archive.standing.values()]
    steps_taken = set().union(*(schedule.did for schedule in schedules))
    assert steps_taken == set(schedules[0].step_names)
    assert any(one.parked_at and one.folded_at for one in standings)
    assert any(one.parked_at and one.refused_at for one in standings)
    assert any(one.refused_at and not one.parked_at for one in standings)
    assert any(one.voids for one in standings)
    assert any(schedule.archive.lost_at for schedule in schedules)
    assert any(schedule.evictions for schedule in schedules)
