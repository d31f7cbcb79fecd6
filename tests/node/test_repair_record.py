"""The repair record under the three guarantees: how long, and for how much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.showing.repair_record import days_under_repair

DAY_MS = 24 * 3600 * 1000
MOMENTS = st.integers(0, 4_000_000_000_000)


@pytest.mark.parametrize(
    ("lasted_ms", "days"),
    [
        pytest.param(0, 1, id="done at once"),
        pytest.param(3600 * 1000, 1, id="an hour"),
        pytest.param(DAY_MS, 1, id="exactly a day"),
        pytest.param(DAY_MS + 1, 2, id="a moment more"),
        pytest.param(30 * DAY_MS, 30, id="thirty days"),
        pytest.param(-5, 1, id="done before it came: a wrong clock"),
    ],
)
def test_days_under_repair_are_days_that_have_begun(lasted_ms: int, days: int):
    """Less than a day is a day."""
    assert days_under_repair(1_000, 1_000 + lasted_ms) == days


@given(MOMENTS, MOMENTS)
def test_days_under_repair_cover_the_repair_and_no_day_more(opened_at: int, completed_at: int):
    """For every two moments the days last as long as the repair, and one day less would not."""
    days = days_under_repair(opened_at, completed_at)

    lasted = max(0, completed_at - opened_at)
    assert days is not None
    assert (days * DAY_MS >= lasted, days == 1 or (days - 1) * DAY_MS < lasted) == (True, True)


@pytest.mark.parametrize(("opened_at", "completed_at"), [(None, 5), (5, None)])
def test_a_repair_that_goes_on_has_no_days_yet(opened_at: int | None, completed_at: int | None):
    """Nothing is guessed from one moment."""
    assert days_under_repair(opened_at, completed_at) is None
