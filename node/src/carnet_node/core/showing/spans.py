"""Days by a name that moves along: today, this ten-day period, last month.

Decides what a name means on a day, so that a question that is kept means the same thing next month. Does not decide
where a ten-day period or a month begins (`carnet_protocol.ten_days`).
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from carnet_node.core.refusals import ProblemCode, refuse
from carnet_protocol.ten_days import Period, month_of, ten_days_of


def _before(period: Period) -> date:
    return period.start - timedelta(days=1)


PERIODS: Final[Mapping[str, Callable[[date], Period]]] = MappingProxyType(
    {
        "ten_days": ten_days_of,
        "last_ten_days": lambda day: ten_days_of(_before(ten_days_of(day))),
        "month": month_of,
        "last_month": lambda day: month_of(_before(month_of(day))),
    }
)
"""Periods that a report may be about, by name."""

_DAYS: Final[Mapping[str, int]] = MappingProxyType({"today": 1, "week": 7, "year": 365})
"""Spans that end today, by name."""

SPANS: Final = (*_DAYS, *PERIODS)
"""Every span that documents may be asked for."""


def period_of(span: str, today: date) -> Period:
    """The period of a name on a day.

    Raises:
        CommandRefused: no period is called that.
    """
    found = PERIODS.get(span)
    if found is None:
        what = "No period is called that."
        raise refuse("span", ProblemCode.BAD_VALUE, what, f"Choose one of {', '.join(PERIODS)}.")
    return found(today)


def days_of(span: str, today: date) -> tuple[date, date]:
    """First and last day of a name on a day, both included.

    Raises:
        CommandRefused: no span is called that.
    """
    if span in _DAYS:
        return today - timedelta(days=_DAYS[span] - 1), today
    if span not in PERIODS:
        what = "No days are called that."
        raise refuse("span", ProblemCode.BAD_VALUE, what, f"Choose one of {', '.join(SPANS)}.")
    period = PERIODS[span](today)
    return period.start, period.end
