"""On which day a moment falls in mainland China: one time zone, in whose days its law counts.

Decides the day of a moment, the hour, and when that day began. Does not decide on which days people work nor when a
term ends: that is the hub's calendar.

    >>> legal_day(57_600_000).isoformat()
    '1970-01-02'
"""

from datetime import date, datetime, timedelta, timezone
from typing import Final

DAY_MS: Final = 24 * 3600 * 1000
_HOUR_MS: Final = 3600 * 1000
_OFFSET_MS: Final = 8 * _HOUR_MS
_BEIJING: Final = timezone(timedelta(milliseconds=_OFFSET_MS))


def legal_day(at_ms: int) -> date:
    """The day in mainland China, which has one time zone: terms of its law are counted in these days.

    Args:
        at_ms: any time that somebody stated, up to the year 9999; a clock from before 1970 shows 1970, because no
            calendar goes back at will.
    """
    return datetime.fromtimestamp(max(0, at_ms) / 1000, _BEIJING).date()


def legal_day_start(at_ms: int) -> int:
    """The first instant of the day in mainland China in which a moment lies; moments may be of any clock."""
    return (at_ms + _OFFSET_MS) // DAY_MS * DAY_MS - _OFFSET_MS


def legal_hour(at_ms: int) -> int:
    """The hour of the day in mainland China, 0 to 23."""
    return (at_ms + _OFFSET_MS) % DAY_MS // _HOUR_MS
