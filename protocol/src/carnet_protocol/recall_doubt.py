"""Why nobody can be told that no recall is open on a car.

Decides the words of the doubt and how old recall data is, the same at node and hub. Does not decide what a car is
listed on, nor what follows from a doubt: *clear* becomes *unknown*, and a hit stays a hit.

Data from ahead of a clock has no age that anybody could know, so it is as good as too old. A clock that was set back by
no more than clocks differ makes it new.

    >>> doubt_of_age(0, 8 * 24 * 3600 * 1000).value
    'the recall data is too old'
"""

from enum import StrEnum

from carnet_protocol.limits import CLOCK_OFFSET_ALARM_MS, RECALL_STALE_AFTER_MS
from carnet_protocol.vin import VinAssessment, VinProblem


class UnknownBecause(StrEnum):
    """Why nothing certain can be said."""

    NO_DATA = "no recall data has arrived yet"
    STALE = "the recall data is too old"
    LISTS_MISSING = "a member list has not arrived yet"
    CLOCK = "the recall data is newer than this machine's clock, so its age is not known"
    NO_VIN = "the number cannot be a VIN, so it may be mistyped"
    CHECK_DIGIT = "the check digit does not fit; it may be mistyped"


def age_of(as_of_ms: int, now_ms: int) -> int | None:
    """How old data is, in ms; None when it lies further ahead of the clock than clocks differ."""
    age_ms = now_ms - as_of_ms
    return None if age_ms < -CLOCK_OFFSET_ALARM_MS else max(0, age_ms)


def doubt_of_number(assessed: VinAssessment) -> UnknownBecause:
    """Why a number that is listed nowhere lets nobody say *clear*.

    Args:
        assessed: not acceptable, or a piece of a number.
    """
    is_digit_alone = assessed.problems == (VinProblem.WRONG_CHECK_DIGIT,)
    return UnknownBecause.CHECK_DIGIT if is_digit_alone else UnknownBecause.NO_VIN


def doubt_of_age(as_of_ms: int, now_ms: int, stale_after_ms: int = RECALL_STALE_AFTER_MS) -> UnknownBecause | None:
    """Why data of a moment lets nobody say *clear*; None when it does."""
    age_ms = age_of(as_of_ms, now_ms)
    if age_ms is None:
        return UnknownBecause.CLOCK
    return UnknownBecause.STALE if age_ms > stale_after_ms else None
