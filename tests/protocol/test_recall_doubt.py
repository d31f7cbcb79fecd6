"""How old recall data may be before nobody is told that a car is clear."""

import pytest

from carnet_protocol.limits import CLOCK_OFFSET_ALARM_MS, RECALL_STALE_AFTER_MS
from carnet_protocol.recall_doubt import UnknownBecause, age_of, doubt_of_age

NOW_MS = 1_790_000_000_000


@pytest.mark.parametrize(
    ("age_ms", "told", "doubt"),
    [
        pytest.param(-CLOCK_OFFSET_ALARM_MS - 1, None, UnknownBecause.CLOCK, id="far ahead of the clock"),
        pytest.param(-CLOCK_OFFSET_ALARM_MS, 0, None, id="ahead by what clocks differ"),
        pytest.param(0, 0, None, id="new"),
        pytest.param(RECALL_STALE_AFTER_MS, RECALL_STALE_AFTER_MS, None, id="as old as may be"),
        pytest.param(RECALL_STALE_AFTER_MS + 1, RECALL_STALE_AFTER_MS + 1, UnknownBecause.STALE, id="too old"),
    ],
)
def test_age_decides_whether_anybody_is_clear(age_ms: int, told: int | None, doubt: UnknownBecause | None):
    """Data of no known age is as good as too old, and the reason is told apart."""
    as_of_ms = NOW_MS - age_ms

    assert (age_of(as_of_ms, NOW_MS), doubt_of_age(as_of_ms, NOW_MS)) == (told, doubt)


def test_a_site_may_believe_data_for_another_time():
    """Its setting takes the place of the bound."""
    assert doubt_of_age(NOW_MS - 2, NOW_MS, 1) is UnknownBecause.STALE
