"""Working days and terms: the calendar that comes with the program, and files that are none."""

from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.core.campaigns.working_days import Deadline, Term, Unit, WorkingDays, parse_working_days
from carnet_hub.core.failures import Unusable

SHIPPED = resources.files("carnet_hub").joinpath("data", "working_days_cn.toml").read_text(encoding="utf-8")
CHINA = parse_working_days(SHIPPED)
DAYS = st.dates(date(2013, 1, 1), date(2026, 6, 30))


def working(count: int) -> Term:
    """A term in working days."""
    return Term(count, Unit.WORKING_DAY)


def file_of(*, off: str = "", worked: str = "") -> str:
    """A calendar of one year."""
    return f'version = "1"\ncountry = "cn"\n[years.2026]\noff = [{off}]\nworked = [{worked}]\n'


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 2, 14), True),
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 10, 10), True),
        (date(2025, 10, 8), False),
        (date(2020, 1, 31), False),
        (date(2026, 11, 21), False),
        (date(2026, 11, 23), True),
    ],
)
def test_the_notices_say_who_works(day: date, is_working: bool):
    """Weekends that are worked and holidays that are none of the week's own are known day by day."""
    assert CHINA.is_working(day) == is_working


def test_a_term_jumps_over_a_long_holiday():
    """Five working days from the eve of National Day 2026 end after the made-up Saturday."""
    found = CHINA.after(date(2026, 9, 30), working(5))

    assert found == Deadline(date(2026, 10, 13), is_provisional=False)


def test_the_first_day_does_not_count():
    """One working day from a Monday is the Tuesday."""
    assert CHINA.after(date(2026, 11, 23), working(1)).day == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("began", "months", "last"),
    [
        (date(2026, 1, 15), 3, date(2026, 4, 15)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2026, 1, 3), 9, date(2026, 10, 8)),
        (date(2025, 10, 31), 1, date(2025, 12, 1)),
    ],
    ids=["same number", "no such day", "in a holiday", "on a Sunday"],
)
def test_a_term_in_months_ends_on_a_day_on_which_people_work(began: date, months: int, last: date):
    """The day of the same number, else the last of the month, else the next working day."""
    assert CHINA.after(began, Term(months, Unit.MONTH)).day == last


def test_a_term_that_reaches_into_an_unknown_year_says_so():
    """Without the notice of 2027 the answer is provisional."""
    assert CHINA.after(date(2026, 12, 28), working(10)).is_provisional


@given(DAYS, st.integers(1, 60))
def test_a_term_holds_as_many_working_days_as_it_says(began: date, count: int):
    """Counting the days between one by one gives the length of the term back."""
    last = CHINA.after(began, working(count)).day

    days = [began + timedelta(1 + after) for after in range((last - began).days)]
    assert (sum(map(CHINA.is_working, days)), CHINA.is_working(last)) == (count, True)


@given(DAYS, st.integers(1, 30), st.integers(1, 30))
def test_a_longer_term_ends_later(began: date, count: int, more: int):
    """Terms keep their order."""
    assert CHINA.after(began, working(count)).day < CHINA.after(began, working(count + more)).day


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_term_out_of_range_is_refused(count: int):
    """No term of nothing, and none of forty years."""
    with pytest.raises(Unusable):
        CHINA.after(date(2026, 1, 1), working(count))


def test_a_term_beyond_the_calendar_is_refused():
    """The year 9999 is the last one."""
    with pytest.raises(Unusable):
        CHINA.after(date(9999, 12, 30), working(5))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = ",
        file_of(off='"02-30"'),
        file_of(off='"02-14"'),
        file_of(worked='"02-16"'),
        file_of(off='"05-05/05-04"'),
        file_of(off="1"),
        file_of().replace("2026", "26"),
        file_of().replace("worked", "work"),
        file_of() + "more = 1\n",
        file_of().replace('"cn"', "7"),
    ],
)
def test_a_file_that_is_no_calendar_is_refused(text: str):
    """Dates that do not exist, weekends called off, weekdays called worked, and names nobody knows."""
    with pytest.raises(Unusable):
        parse_working_days(text)


def test_a_year_without_exceptions_is_a_year():
    """A notice may name no day; the year counts as known."""
    calendar = parse_working_days(file_of())

    assert calendar == WorkingDays("1", "cn", frozenset(), frozenset(), frozenset({2026}))
