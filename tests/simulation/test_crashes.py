"""A crash, or a failing disk, at every step of what a node or the hub does: nothing is lost, and nothing is half done.

Three scenarios are struck at each step here; `make crash-steps` does it with all of them, and with a disk that fails.
"""

import pytest

from simulation.crashes import SCENARIOS, crash_everywhere, tape_of
from simulation.power import Power, SimCrash, Trouble
from simulation.schedules import run_tape

STRUCK = ("a desk saves several records at once", "a stick is written", "an operator erases")


@pytest.mark.parametrize("name", STRUCK)
def test_a_crash_at_any_step_leaves_all_or_nothing(name: str):
    """After a start from its files every invariant holds, whichever step was the last one."""
    scenario = SCENARIOS[name]

    steps = crash_everywhere(scenario)

    assert steps >= scenario.steps_least


def test_a_disk_that_is_full_at_any_write_leaves_all_or_nothing():
    """Whichever write a full disk refuses, the desk is told and the database is as it was."""
    scenario = SCENARIOS["a desk saves several records at once"]

    writes = crash_everywhere(scenario, Trouble.DISK_FULL)

    assert writes >= 5


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_finds_something_to_do(name: str):
    """A scenario that had nothing to do would be struck nowhere and prove nothing."""
    scenario = SCENARIOS[name]

    stage = run_tape(tape_of(scenario, Trouble.CRASH, 2)).stage

    assert stage.strokes.counted[f"crash ({scenario.process})"] == 1


def test_nothing_works_after_a_crash():
    """Whatever `finally` tries, every port of a dead process raises, so a crash leaves no trace but its files."""
    power = Power("A1")
    power.plan(Trouble.CRASH, 1)
    with pytest.raises(SimCrash):
        power.point("COMMIT", is_write=True)

    with pytest.raises(SimCrash):
        power.point("ROLLBACK")

    assert not power.is_on
