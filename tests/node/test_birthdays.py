"""Solar and lunar birthdays over 1900 to 2099, held against a second calendar and against the rules."""

from datetime import date, timedelta

import pytest
from borax.calendars.lunardate import LCalendars
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.birthdays import Birthday, birthday_of, birthdays_within, lunar_problem, months_of
from carnet_node.core.shop_limits import LUNAR_YEAR_FIRST, LUNAR_YEAR_LAST
from carnet_protocol.registry import Value

YEARS = range(LUNAR_YEAR_FIRST, LUNAR_YEAR_LAST + 1)
PRINTED_OTHERWISE = {2057: (8, 9), 2089: (7, 8), 2097: (6, 7)}
"""Months that printed tables have with 30 and 29 days, and the rules of GB/T 33661-2017 with 29 and 30."""

LUNAR = st.builds(Birthday, st.integers(1, 12), st.integers(1, 30), st.just(value=True), st.booleans())


def printed(year: int) -> list[tuple[int, bool, int]]:
    """The months of a year in the tables of another library."""
    return [(month, bool(is_leap), days) for month, days, is_leap in LCalendars.iter_year_month(year)]


def test_the_months_of_two_hundred_years_are_those_of_another_calendar():
    """Numbers, leap months and lengths agree but for three pairs of months, where one day has moved over."""
    differing = {}
    for year in YEARS:
        ours = [(one.month, one.is_leap, one.days) for one in months_of(year)]
        pairs = zip(ours, printed(year), strict=True)
        differing[year] = [(mine, theirs) for mine, theirs in pairs if mine != theirs]

    assert {year: found for year, found in differing.items() if found} == {
        year: [((first, False, 29), (first, False, 30)), ((second, False, 30), (second, False, 29))]
        for year, (first, second) in PRINTED_OTHERWISE.items()
    }


def test_every_day_lies_in_one_lunar_month():
    """Month follows month without a gap, and year follows year."""
    months = [month for year in YEARS for month in months_of(year)]

    following = [before.first + timedelta(before.days) for before in months[:-1]]

    assert following == [month.first for month in months[1:]]
    assert {month.days for month in months} == {29, 30}


@pytest.mark.parametrize(
    ("year", "day"),
    [
        pytest.param(1900, "1900-01-31", id="the first year"),
        pytest.param(1985, "1985-02-20", id="an old one"),
        pytest.param(2020, "2020-01-25", id="a leap fourth month"),
        pytest.param(2026, "2026-02-17", id="a present one"),
        pytest.param(2033, "2033-01-31", id="the year with a leap month 11"),
        pytest.param(2034, "2034-02-19", id="the year after it"),
        pytest.param(2099, "2099-01-21", id="the last year"),
    ],
)
def test_new_year_is_the_published_day(year: int, day: str):
    """The first day of the first month is the spring festival as it is printed."""
    assert months_of(year)[0].first == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("birthday", "year", "day"),
    [
        pytest.param(Birthday(8, 15, is_lunar=True), 2026, "2026-09-25", id="mid-autumn"),
        pytest.param(Birthday(6, 10, is_lunar=True, is_leap=True), 2025, "2025-08-03", id="a leap month that returns"),
        pytest.param(Birthday(6, 10, is_lunar=True), 2025, "2025-07-04", id="ordinary in a year with that leap month"),
        pytest.param(Birthday(6, 10, is_lunar=True, is_leap=True), 2026, "2026-07-23", id="a leap month that does not"),
        pytest.param(Birthday(12, 30, is_lunar=True), 2025, "2025-01-28", id="day 30 where the month has 29"),
        pytest.param(Birthday(2, 29), 2026, "2026-02-28", id="29 February in a common year"),
        pytest.param(Birthday(2, 29), 2028, "2028-02-29", id="29 February in a leap year"),
        pytest.param(Birthday(7, 1), 2026, "2026-07-01", id="a solar day"),
    ],
)
def test_a_birthday_falls_on_its_day(birthday: Birthday, year: int, day: str):
    """Leap months, day 30 and 29 February have one day each in every year."""
    found = birthdays_within(birthday, date(year, 1, 1), date(year, 12, 31))

    assert found[0] == date.fromisoformat(day)


@given(LUNAR, st.integers(1901, 2098))
def test_a_lunar_birthday_comes_once_a_lunar_year(birthday: Birthday, year: int):
    """Between two new years there is one day of congratulation, in the month of its number."""
    start, end = months_of(year)[0].first, months_of(year + 1)[0].first - timedelta(1)

    days = birthdays_within(birthday, start, end)

    (month,) = [one for one in months_of(year) if one.first <= days[0] < one.first + timedelta(one.days)]
    assert len(days) == 1
    assert month.month == birthday.month
    assert (days[0] - month.first).days + 1 == min(birthday.day, month.days)


@given(LUNAR, st.integers(1901, 2098))
def test_a_leap_month_is_kept_where_the_year_has_it(birthday: Birthday, year: int):
    """Whoever was born in a leap month has that one if it is there, else the ordinary one; all others never have it."""
    start, end = months_of(year)[0].first, months_of(year + 1)[0].first - timedelta(1)
    has_leap = any((one.month, one.is_leap) == (birthday.month, True) for one in months_of(year))

    (day,) = birthdays_within(birthday, start, end)

    (month,) = [one for one in months_of(year) if one.first <= day < one.first + timedelta(one.days)]
    assert month.is_leap == (birthday.is_leap and has_leap)


@given(LUNAR, st.dates(date(1901, 1, 1), date(2098, 1, 1)), st.integers(0, 400), st.integers(0, 400))
def test_a_window_has_what_its_halves_have(birthday: Birthday, start: date, first: int, second: int):
    """Looking through a span at once or in two parts finds the same days."""
    middle, end = start + timedelta(first), start + timedelta(first + second + 1)

    halves = birthdays_within(birthday, start, middle) + birthdays_within(birthday, middle + timedelta(1), end)

    assert birthdays_within(birthday, start, end) == halves


def test_a_solar_year_may_hold_a_lunar_birthday_twice_or_not_at_all():
    """The twelfth month slides over new year: both years are told as they are."""
    birthday = Birthday(12, 1, is_lunar=True)

    counts = {len(birthdays_within(birthday, date(year, 1, 1), date(year, 12, 31))) for year in range(1950, 2050)}

    assert counts == {0, 1, 2}


@pytest.mark.parametrize(
    ("text", "is_leap", "what"),
    [
        pytest.param("1899-12-01", False, "The Chinese calendar is known here for the years 1900 to 2099.", id="1899"),
        pytest.param("2100-01-01", False, "The Chinese calendar is known here for the years 1900 to 2099.", id="2100"),
        pytest.param("2025-05-01", True, "That lunar year has no such leap month.", id="no leap month 5 in 2025"),
        pytest.param("2025-13-01", False, "A lunar year has the months 1 to 12.", id="month 13"),
        pytest.param("2025-06-30", True, "That lunar month has 29 days.", id="a leap month of 29"),
        pytest.param("2025-01-31", False, "That lunar month has 30 days.", id="day 31"),
        pytest.param("2057-08-30", False, "That lunar month has 29 days.", id="the month of the seconds"),
        pytest.param("2025-01-00", False, "That lunar month has 30 days.", id="day 0"),
    ],
)
def test_a_lunar_date_that_does_not_exist_is_refused_with_why(text: str, is_leap: bool, what: str):
    """What is wrong is named: the year, the leap month, or how many days the month has."""
    problem = lunar_problem("birth_on", text, is_leap=is_leap)

    assert problem is not None
    assert (problem.field, problem.what) == ("birth_on", what)


@given(st.integers(LUNAR_YEAR_FIRST, LUNAR_YEAR_LAST), st.integers(1, 12), st.integers(1, 31), st.booleans())
def test_a_lunar_date_exists_or_is_refused(year: int, month: int, day: int, is_leap: bool):
    """A date is refused exactly when the months have none such; those printed otherwise have 59 days together."""
    days = {(number, leap): length for number, leap, length in printed(year)}.get((month, is_leap), 0)
    if not is_leap and month in PRINTED_OTHERWISE.get(year, ()):
        days = 59 - days

    is_refused = lunar_problem("birth_on", f"{year}-{month:02}-{day:02}", is_leap=is_leap) is not None

    assert is_refused == (day > days)


def test_a_birthday_on_file_is_read_with_its_calendar():
    """A leap month counts for lunar days only; nobody without a day has a birthday."""
    lunar: dict[str, Value] = {"birth_on": "1987-06-15", "birth_calendar": "lunar", "birth_leap_month": True}
    nobody: list[dict[str, Value]] = [{"birth_on": None}, {}]

    found = [birthday_of(one) for one in (lunar, {**lunar, "birth_calendar": "solar"}, *nobody)]

    assert found == [Birthday(6, 15, is_lunar=True, is_leap=True), Birthday(6, 15), None, None]
