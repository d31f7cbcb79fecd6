"""The days of the law: one time zone for everybody, whatever clock somebody stated."""

from datetime import date

import pytest

from carnet_protocol.legal_days import legal_day, legal_day_start, legal_hour

HOUR_MS = 3600 * 1000


@pytest.mark.parametrize(
    ("at_ms", "day"),
    [
        pytest.param(16 * HOUR_MS - 1, date(1970, 1, 1), id="last moment of a day in China"),
        pytest.param(16 * HOUR_MS, date(1970, 1, 2), id="first moment of the next"),
        pytest.param(0, date(1970, 1, 1), id="first moment that counts"),
        pytest.param(-(2**40), date(1970, 1, 1), id="a clock from before 1970"),
        pytest.param(-(2**63), date(1970, 1, 1), id="the smallest number that a set can hold"),
    ],
)
def test_every_stated_time_has_a_day(at_ms: int, day: date):
    """A time has the day it falls on in mainland China, and one from before 1970 the first that counts."""
    assert legal_day(at_ms) == day


@pytest.mark.parametrize(
    ("at_ms", "start_ms", "hour"),
    [
        pytest.param(0, -8 * HOUR_MS, 8, id="morning"),
        pytest.param(16 * HOUR_MS - 1, -8 * HOUR_MS, 23, id="last ms"),
        pytest.param(16 * HOUR_MS, 16 * HOUR_MS, 0, id="midnight"),
    ],
)
def test_a_day_begins_at_midnight_in_china(at_ms: int, start_ms: int, hour: int):
    """Day and hour are counted in UTC+8."""
    assert (legal_day_start(at_ms), legal_hour(at_ms)) == (start_ms, hour)
