"""Which time a workshop's report is about: ten-day periods and months.

Decides where a period begins and ends, what it is called and which one a day lies in. A month has three ten-day periods
(旬): days 1 to 10, 11 to 20, 21 to its end, which is eight to eleven days. Does not decide what is counted
(`shop_figures`).

    >>> ten_days_of(date(2026, 2, 25)).name
    '2026-02-3'
    >>> [period.name for period in ten_days_in(month_of(date(2026, 2, 25)))]
    ['2026-02-1', '2026-02-2', '2026-02-3']
"""

import calendar as gregorian
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

_FIRST_DAYS: Final = (1, 11, 21)
_NAME: Final = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])(?:-([123]))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A span of days, both ends included.

    Attributes:
        part: 1 to 3 of a ten-day period; 0 for a month.
    """

    start: date
    end: date
    part: int

    @property
    def name(self) -> str:
        """Year and month, and the number of the ten-day period: 2026-02 or 2026-02-3."""
        month = f"{self.start.year:04}-{self.start.month:02}"
        return f"{month}-{self.part}" if self.part else month

    def has(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.start <= day <= self.end


def ten_days_of(day: date) -> Period:
    """The ten-day period in which a day lies."""
    part = sum(day.day >= first for first in _FIRST_DAYS)
    return _ten_days(day.year, day.month, part)


def month_of(day: date) -> Period:
    """The month in which a day lies."""
    return Period(day.replace(day=1), day.replace(day=_days_in(day.year, day.month)), 0)


def ten_days_in(month: Period) -> tuple[Period, ...]:
    """The three ten-day periods of a month."""
    return tuple(_ten_days(month.start.year, month.start.month, part) for part in (1, 2, 3))


def period_named(name: str) -> Period:
    """The period of a name.

    Raises:
        BadValue: no name of a ten-day period or a month of the years 1000 to 2999.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise BadValue(Reason.BAD_FIELD, "period", "not YYYY-MM or YYYY-MM-1, -2, -3")
    year, month, part = (int(one or 0) for one in match.groups())
    return _ten_days(year, month, part) if part else month_of(date(year, month, 1))


def _ten_days(year: int, month: int, part: int) -> Period:
    is_last = part == len(_FIRST_DAYS)
    end = _days_in(year, month) if is_last else _FIRST_DAYS[part] - 1
    return Period(date(year, month, _FIRST_DAYS[part - 1]), date(year, month, end), part)


def _days_in(year: int, month: int) -> int:
    return gregorian.monthrange(year, month)[1]
