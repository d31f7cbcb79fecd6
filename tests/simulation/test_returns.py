"""A hub that comes back from a backup, and a disk that lives twice: schedules of these themes hold as all others do."""

from functools import cache

import pytest

from simulation.directed import directed_tape
from simulation.schedules import Outcome, run_schedule, run_tape

SEEDS = range(100, 103)
KNOWN = ("A1 new x3", "A1 calm round x2", "hub take hub image", "A1 rotate key", "A1 new x2", "A1 calm round x2")
BEFORE_A_CHANGE = {
    "one change": (*KNOWN, "hub restore hub", "A1 new x2", "A1 calm round x2"),
    "by stick": (*KNOWN, "hub restore hub", "A1 new", *("A1 stick out", "A1 stick at hub", "A1 stick home") * 2),
    "two changes": (*KNOWN, "A1 rotate key", "A1 new", "A1 calm round x2", "hub restore hub", "A1 calm round x3"),
}


@cache
def outcome_of(theme: str, seed: int) -> Outcome:
    """A schedule that is looked at more than once."""
    return run_schedule(seed, theme=theme)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_schedule_with_a_restored_hub_heals(seed: int):
    """Whatever was confirmed is in the log again, and what is not was on no disk any more."""
    outcome = outcome_of("histories", seed)

    assert not outcome.stage.archive.waiting()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_schedule_with_two_live_copies_heals(seed: int):
    """Nothing of either branch is lost, and of two copies that have met the hub one writes on."""
    outcome = outcome_of("copies", seed)

    assert not outcome.stage.archive.waiting()


@pytest.mark.parametrize("script", BEFORE_A_CHANGE)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hub_from_before_changes_of_keys_heals(script: str, seed: int):
    """Whether its node has a line or sticks, and has changed its key once or twice, all comes back."""
    outcome = run_tape(directed_tape(seed, BEFORE_A_CHANGE[script]))

    assert outcome.stage.reached["hub restored to before a change of keys"] == 1
    assert not outcome.stage.archive.waiting()


def test_what_the_themes_are_named_for_happens():
    """A few schedules together put the hub's database back, its whole disk, and start a copy."""
    struck: set[str] = set()

    for seed in SEEDS:
        struck |= set(outcome_of("histories", seed).stage.strokes.counted)
        struck |= set(outcome_of("copies", seed).stage.strokes.counted)

    assert "two live copies of one image" in struck
    assert any(kind.startswith("stale restore of the hub") for kind in struck)
