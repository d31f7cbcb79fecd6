"""Which time a report is about, and which reports of a series there are.

Decides periods of three months counted from a day, calendar quarters and years of four of them, their names, and the
last day on which a report of a series may be filed. Does not decide what begins them (`dossiers`).

A period of months ends on the day of the month on which the first began, or on the last day of a shorter month, and the
next begins on the day behind it. That it is no working day moves the last day for filing (`working_days`), never the
period: a calendar that is put right later must not renumber a report.

    stages from 04-22:   1 is 04-22 to 07-22, 2 is 07-23 to 10-22
    series of quarters:  1 is the quarter in which it began, 2 the next
    series of years:     the first one is the four quarters behind the last quarterly report
"""

import calendar as gregorian
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

EVERY: Final[dict[str, int]] = {"quarter": 1, "year": 4}
"""Quarters in one period of a series."""

_MONTHS: Final = 3
_DAY: Final = timedelta(1)


@dataclass(frozen=True, slots=True)
class Span:
    """Which time a progress report is about.

    Attributes:
        after: the event of the dossier that it is counted from.
        months: length of one period; 0 for one report about all of it.
    """

    after: str
    months: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """A series of reports.

    Attributes:
        after: the event whose quarter is the first.
        every: `quarter` or `year`.
        first: number of the first report of this series.
        count: how many there are.
        due_days: days behind the end of a period.
    """

    after: str
    every: str
    first: int
    count: int
    due_days: int


@dataclass(frozen=True, slots=True)
class Period:
    """What one report is about.

    Attributes:
        number: of the report, from 1.
    """

    number: int
    start: date
    end: date

    @property
    def first_quarter(self) -> str:
        """Year and quarter in which it begins, as 2026-4."""
        return quarter_name(self.start)

    @property
    def last_quarter(self) -> str:
        """Year and quarter in which it ends."""
        return quarter_name(self.end)


def quarter_name(day: date) -> str:
    """Year and quarter of a day, as 2026-4."""
    return f"{day.year}-{(day.month - 1) // _MONTHS + 1}"


def period_of(span: Span, began: date, day: date) -> Period:
    """The period of a span in which a day lies, cut at that day.

    Args:
        began: when `span.after` happened; not later than `day`.
    """
    number = 1
    if span.months:
        while _months_later(began, number * span.months) < day:
            number += 1
    return Period(number, _start_of(span, began, number), day)


def stage_of(span: Span, began: date, number: int) -> Period:
    """A whole period of a span that has months.

    Args:
        began: when `span.after` happened.
        number: from 1.

    Source: Civil Code, art. 201 and 202: the day on which a term of months begins does not count.
    """
    return Period(number, _start_of(span, began, number), _months_later(began, number * span.months))


def periods_of(schedule: Schedule, began: date) -> tuple[Period, ...]:
    """All periods of a series.

    Args:
        began: when `schedule.after` happened.
    """
    length = EVERY[schedule.every]
    start = date(began.year, (began.month - 1) // _MONTHS * _MONTHS + 1, 1)
    found = []
    for at in range(schedule.count):
        first = _months_later(start, (schedule.first - 1 + at * length) * _MONTHS)
        end = _months_later(first, length * _MONTHS) - _DAY
        found.append(Period(schedule.first + at, first, end))
    return tuple(found)


def last_day_for(schedule: Schedule, period: Period) -> date:
    """Until when the report about a period may be filed."""
    return period.end + timedelta(schedule.due_days)


def _start_of(span: Span, began: date, number: int) -> date:
    return began if number == 1 else _months_later(began, (number - 1) * span.months) + _DAY


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))
