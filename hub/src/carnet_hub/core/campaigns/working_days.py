"""Working days of a country and the terms that the law counts in them.

Decides on which days people work, and on which day a term ends that was set in working days, days or months. Does not
decide which terms a recall has (`duties`).

Rules
1. The notices of the State Council Office say which weekdays are off and which weekends are worked; without a notice
   for its year a day is a working day when it is no Saturday or Sunday, and the answer is *provisional*.
2. The day on which something happens does not count; the term begins on the next one (Civil Code, art. 201).
3. A term in months ends on the day of the same number; on the last day of the month where there is none (art. 202).
4. A term in days or months that would end on a day on which nobody works ends on the next working day (art. 203).

"""

import calendar as gregorian
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from carnet_hub.core.campaigns.toml_text import read_toml
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import TERM_UNITS_MAX

_SATURDAY: Final = 5
_YEAR: Final = re.compile(r"[12][0-9]{3}")
_DAY: Final = timedelta(1)


class Unit(StrEnum):
    """What a term is counted in."""

    WORKING_DAY = "working_day"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Term:
    """How long somebody has.

    Attributes:
        count: 1 to `TERM_UNITS_MAX`.
    """

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a term.

    Attributes:
        is_provisional: a day was counted of whose year no notice is known yet; the true one may lie some days away.
    """

    day: date
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The notices of some years.

    Attributes:
        version: of the file, for reports that cite it.
        off: days from Monday to Friday on which nobody works.
        worked: Saturdays and Sundays on which people do.
        years: those of which a notice is known.
    """

    version: str
    country: str
    off: frozenset[date]
    worked: frozenset[date]
    years: frozenset[int]

    def is_working(self, day: date) -> bool:
        """Whether people work on a day."""
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.off)

    def after(self, day: date, term: Term) -> Deadline:
        """The last day of a term that something sets off.

        Args:
            day: on which it happened; it does not count.

        Raises:
            Unusable: a count outside 1 to `TERM_UNITS_MAX`, or a date beyond the year 9999.
        """
        if not 1 <= term.count <= TERM_UNITS_MAX:
            raise Unusable(
                f"A term of {term.count} is out of range.", f"Give 1 to {TERM_UNITS_MAX}, in days or in months."
            )
        try:
            last = self._counted(day, term.count) if term.unit is Unit.WORKING_DAY else _plain(day, term)
            last = self._next_working(last)
        except (OverflowError, ValueError) as failure:
            raise Unusable(f"A term from {day} ends beyond the calendar.", "Give an earlier day.") from failure
        asked = {*range(day.year, last.year + 1)} if term.unit is Unit.WORKING_DAY else {last.year}
        return Deadline(last, not asked <= self.years)

    def _counted(self, day: date, count: int) -> date:
        while count > 0:
            day += _DAY
            count -= self.is_working(day)
        return day

    def _next_working(self, day: date) -> date:
        while not self.is_working(day):
            day += _DAY
        return day


def parse_working_days(text: str) -> WorkingDays:
    """A calendar file.

    Args:
        text: TOML: `version`, `country`, and per year `off` and `worked`, each a list of "MM-DD" or "MM-DD/MM-DD".

    Raises:
        Unusable: it is no such file, a date does not exist, a weekend is listed as off or a weekday as worked.
    """
    held = read_toml(text, "The calendar")
    years = held.get("years")
    if not isinstance(years, dict) or not years or not {*held} == {"version", "country", "years"}:
        raise _unusable("it needs a version, a country and years, and nothing else")
    off: set[date] = set()
    worked: set[date] = set()
    for name, lists in years.items():
        year = _year(name, lists)
        off.update(_days(year, lists["off"], are_weekends=False))
        worked.update(_days(year, lists["worked"], are_weekends=True))
    known = frozenset(int(name) for name in years)
    return WorkingDays(_word(held, "version"), _word(held, "country"), frozenset(off), frozenset(worked), known)


def _word(held: Mapping[str, object], name: str) -> str:
    value = held[name]
    if not isinstance(value, str) or not value.strip():
        raise _unusable(f"{name} is no text")
    return value


def _year(name: str, lists: object) -> int:
    if _YEAR.fullmatch(name) is None:
        raise _unusable(f"{name[:10]} is no year")
    if not isinstance(lists, dict) or {*lists} != {"off", "worked"}:
        raise _unusable(f"{name} needs `off` and `worked`, and nothing else")
    return int(name)


def _days(year: int, listed: object, *, are_weekends: bool) -> Iterator[date]:
    if not isinstance(listed, list):
        raise _unusable(f"a list of {year} is none")
    for one in listed:
        for day in _span(year, one):
            if (day.weekday() >= _SATURDAY) != are_weekends:
                raise _unusable(f"{day} is {'no' if are_weekends else 'a'} Saturday or Sunday")
            yield day


def _span(year: int, written: object) -> Iterator[date]:
    """The days of "MM-DD" or "MM-DD/MM-DD"."""
    if not isinstance(written, str):
        raise _unusable(f"an entry of {year} is no text")
    first, _, last = written.partition("/")
    try:
        begin, end = date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last or first}")
    except ValueError as failure:
        raise _unusable(f"{written[:20]} is no day or span of {year}") from failure
    if end < begin:
        raise _unusable(f"{written} ends before it begins")
    while begin <= end:
        yield begin
        begin += _DAY


def _plain(day: date, term: Term) -> date:
    if term.unit is Unit.DAY:
        return day + timedelta(term.count)
    years, month = divmod(day.month - 1 + term.count, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))


def _unusable(problem: str) -> Unusable:
    return Unusable(f"The calendar cannot be used: {problem}.", "Correct it, then import it again; the old one counts.")
