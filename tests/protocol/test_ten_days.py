"""Ten-day periods and months: every day lies in one of each, and three periods are the month."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_protocol.ten_days import month_of, period_named, ten_days_in, ten_days_of

DAYS = st.dates(date(1990, 1, 1), date(2199, 12, 31))


@pytest.mark.parametrize(
    ("day", "start", "end", "name"),
    [
        pytest.param("2026-02-01", "2026-02-01", "2026-02-10", "2026-02-1", id="the first day"),
        pytest.param("2026-02-10", "2026-02-01", "2026-02-10", "2026-02-1", id="the tenth"),
        pytest.param("2026-02-11", "2026-02-11", "2026-02-20", "2026-02-2", id="the eleventh"),
        pytest.param("2026-02-20", "2026-02-11", "2026-02-20", "2026-02-2", id="the twentieth"),
        pytest.param("2026-02-21", "2026-02-21", "2026-02-28", "2026-02-3", id="eight days in February"),
        pytest.param("2028-02-29", "2028-02-21", "2028-02-29", "2028-02-3", id="nine in a leap year"),
        pytest.param("2026-12-31", "2026-12-21", "2026-12-31", "2026-12-3", id="eleven at the end of a year"),
    ],
)
def test_a_day_lies_in_its_ten_days(day: str, start: str, end: str, name: str):
    """Days 1 to 10, 11 to 20, and 21 to the end of the month."""
    period = ten_days_of(date.fromisoformat(day))

    assert (period.start.isoformat(), period.end.isoformat(), period.name) == (start, end, name)


@given(DAYS)
def test_three_periods_are_the_month(day: date):
    """They follow each other without a gap, from its first day to its last."""
    month = month_of(day)

    first, second, third = ten_days_in(month)

    assert (first.start, third.end) == (month.start, month.end)
    assert (second.start - first.end, third.start - second.end) == (timedelta(1), timedelta(1))
    assert [one.has(day) for one in (first, second, third)].count(True) == 1


@given(DAYS)
def test_a_name_leads_back(day: date):
    """The period of a period's name is that period."""
    found = [period_named(one.name) for one in (ten_days_of(day), month_of(day))]

    assert found == [ten_days_of(day), month_of(day)]


@pytest.mark.parametrize(
    "name", ["", "2026", "2026-13", "2026-00-1", "2026-02-4", "2026-2", "2026-02-1 ", "２０２６-02"]
)
def test_another_name_is_refused(name: str):
    """What names no period is refused by its field."""
    with pytest.raises(BadValue) as refused:
        period_named(name)

    assert refused.value.reason is Reason.BAD_FIELD
