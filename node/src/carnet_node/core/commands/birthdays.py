"""On which days somebody is congratulated, by the solar or the Chinese calendar, and which lunar dates there are.

Decides the day of a birthday in each year, and why a lunar date does not exist. Does not decide who may be called
(`due_list`).

Rules
1. Lunar years 1900 to 2099. A lunar date is text as a solar one, YYYY-MM-DD, of the lunar year, with a mark for a leap
   month.
2. Who was born in a leap month is congratulated in that leap month where the year has it again, else in the ordinary
   month of the same number. Who was born in an ordinary month, always there.
3. Day 30 in a month of 29 days is day 29; 29 February in a common year is 28 February: the last day of the month.
4. The calendar is computed by `lunar_python`, but for one month. In 2057 the new moon of month 9 falls within seconds
   of midnight in Beijing; the rules of GB/T 33661-2017 put it on 28 September, the library on the 29th. Tables printed
   long before are off by a day there, and in months of 2089 and 2097, where the library is right.

    >>> birthdays_within(Birthday(8, 15, is_lunar=True), date(2026, 9, 1), date(2026, 9, 30))
    (datetime.date(2026, 9, 25),)

Source: GB/T 33661-2017; the note of the Hong Kong Observatory on its conversion tables names the three months.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.shop_limits import LUNAR_YEAR_FIRST, LUNAR_YEAR_LAST
from carnet_protocol.registry import Value

_JULIAN_TO_ORDINAL: Final = 1_721_425
"""Noon of the Julian day number less this is the proleptic Gregorian ordinal of the same day."""

_BEGINS_EARLIER: Final = frozenset({(2057, 9)})
"""Rule 4: ordinary months that begin one day before the library says."""

_DAY: Final = timedelta(1)
_FEBRUARY, _LEAP_DAY = 2, 29


@dataclass(frozen=True, slots=True)
class LunarMonth:
    """One month of a lunar year.

    Attributes:
        first: its first day by the solar calendar.
        days: 29 or 30.
    """

    month: int
    is_leap: bool
    first: date
    days: int


@dataclass(frozen=True, slots=True)
class Birthday:
    """What returns every year.

    Attributes:
        month: 1 to 12.
        day: 1 to 31; of a lunar month 1 to 30.
        is_leap: born in the leap month of that number.
    """

    month: int
    day: int
    is_lunar: bool = False
    is_leap: bool = False


@lru_cache(maxsize=LUNAR_YEAR_LAST - LUNAR_YEAR_FIRST + 1)
def months_of(year: int) -> tuple[LunarMonth, ...]:
    """The 12 or 13 months of a lunar year, in their order.

    Args:
        year: `LUNAR_YEAR_FIRST` to `LUNAR_YEAR_LAST`.
    """
    begun = [*_begun(year), _begun(year + 1)[0]]
    return tuple(
        LunarMonth(month, is_leap, date.fromordinal(first), following[2] - first)
        for (month, is_leap, first), following in pairwise(begun)
    )


def birthday_of(customer: Mapping[str, Value]) -> Birthday | None:
    """The birthday of a customer's values; None where no day is on file."""
    text = customer.get("birth_on")
    if not isinstance(text, str) or not text:
        return None
    _, month, day = (int(part) for part in text.split("-"))
    is_lunar = customer.get("birth_calendar") == "lunar"
    return Birthday(month, day, is_lunar=is_lunar, is_leap=is_lunar and bool(customer.get("birth_leap_month")))


def birthdays_within(birthday: Birthday, start: date, end: date) -> tuple[date, ...]:
    """The days on which a birthday falls from `start` to `end`, both included; a solar year may have none, or two.

    Days for which the Chinese calendar is not known here have no lunar birthday.
    """
    if birthday.is_lunar:
        first, last = max(start.year - 1, LUNAR_YEAR_FIRST), min(end.year, LUNAR_YEAR_LAST)
        days = [_lunar_day(birthday, year) for year in range(first, last + 1)]
    else:
        days = [_solar_day(birthday, year) for year in range(start.year, end.year + 1)]
    return tuple(day for day in days if start <= day <= end)


def month_days_of(day: date) -> frozenset[str]:
    """As which month and day of birth, MM-DD, a birthday may fall on a day, in either calendar (rules 2 and 3)."""
    solar = {(day.month, day.day)}
    if (day.month, day.day) == (_FEBRUARY, _LEAP_DAY - 1):
        solar.add((_FEBRUARY, _LEAP_DAY))
    lunar = set()
    for year in range(max(day.year - 1, LUNAR_YEAR_FIRST), min(day.year, LUNAR_YEAR_LAST) + 1):
        for one in months_of(year):
            place = (day - one.first).days + 1
            if 1 <= place <= one.days:
                lunar |= {(one.month, place)} | ({(one.month, place + 1)} if place == one.days else set())
    return frozenset(f"{month:02}-{number:02}" for month, number in solar | lunar)


def lunar_problem(field: str, text: str, *, is_leap: bool) -> Problem | None:
    """Why there is no such lunar date; None when there is.

    Args:
        field: of the form.
        text: YYYY-MM-DD.
        is_leap: in the leap month of that number.
    """
    year, month, day = (int(part) for part in text.split("-"))
    if not LUNAR_YEAR_FIRST <= year <= LUNAR_YEAR_LAST:
        what = f"The Chinese calendar is known here for the years {LUNAR_YEAR_FIRST} to {LUNAR_YEAR_LAST}."
        return Problem(field, ProblemCode.BAD_DATE, what, "Correct the year, or enter the solar birthday.")
    found = next((one for one in months_of(year) if (one.month, one.is_leap) == (month, is_leap)), None)
    if found is None:
        what = "That lunar year has no such leap month." if is_leap else "A lunar year has the months 1 to 12."
        return Problem(field, ProblemCode.BAD_DATE, what, "Ask for the date again, or enter the solar birthday.")
    if not 1 <= day <= found.days:
        what = f"That lunar month has {found.days} days."
        return Problem(field, ProblemCode.BAD_DATE, what, "Ask for the date again, or enter the solar birthday.")
    return None


def _lunar_day(birthday: Birthday, year: int) -> date:
    """Rules 2 and 3."""
    months = {(one.month, one.is_leap): one for one in months_of(year)}
    month = months.get((birthday.month, birthday.is_leap)) or months[birthday.month, False]
    return month.first + (min(birthday.day, month.days) - 1) * _DAY


def _solar_day(birthday: Birthday, year: int) -> date:
    is_leap_day = (birthday.month, birthday.day) == (_FEBRUARY, _LEAP_DAY)
    is_common = year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)
    return date(year, birthday.month, birthday.day - 1 if is_leap_day and is_common else birthday.day)


def _begun(year: int) -> list[tuple[int, bool, int]]:
    """Number, leap or not, and ordinal of the first day of each month.

    Made anew each time: the library remembers the last year that anybody asked for, in one place for all threads.
    """
    from lunar_python import LunarYear  # noqa: PLC0415  (16 ms, and few commands save birthdays)

    found = []
    for one in LunarYear(year).getMonthsInYear():
        month, is_leap = abs(one.getMonth()), one.getMonth() < 0
        earlier = 1 if (year, month) in _BEGINS_EARLIER and not is_leap else 0
        found.append((month, is_leap, int(one.getFirstJulianDay()) - _JULIAN_TO_ORDINAL - earlier))
    return found
