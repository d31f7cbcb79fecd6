"""What a typed date of birth is worth.

Decides whether a date can be compared, and as what. Does not convert between calendars: a lunar date is compared with
lunar dates only, because a desk that ticks the wrong box would otherwise move everybody by a month.

Rules
1. The first of January is what desks type when they know the year only: the year is kept, the day is unknown. So is
   every date whose year is not believable.
2. A lunar date is kept apart, with the mark of a leap month.
3. Where no date was typed, a valid identity number says it.

    >>> read_birthday("1990-01-01"), read_birthday("1988-06-15")
    (Birthday(solar=None, lunar=None, year='1990'), Birthday(solar='19880615', lunar=None, year='1988'))
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_master.limits import BIRTH_YEAR_MAX, BIRTH_YEAR_MIN

_UNKNOWN_DAY: Final = "0101"
_LEAP_MARK: Final = "L"


@dataclass(frozen=True, slots=True)
class Birthday:
    """A date of birth as it is compared.

    Attributes:
        solar: YYYYMMDD, a real day.
        lunar: YYYYMMDD of the lunar calendar, "L" behind it for a leap month.
        year: YYYY of a solar date, known also when the day is not.
    """

    solar: str | None = None
    lunar: str | None = None
    year: str | None = None


def read_birthday(
    birth_on: str, *, calendar: str = "", is_leap_month: bool = False, id_birth: str | None = None
) -> Birthday:
    """A date of birth as it is compared.

    Args:
        birth_on: as stored: YYYY-MM-DD, or anything.
        calendar: "lunar", "solar" or "", which is solar.
        is_leap_month: of a lunar date.
        id_birth: YYYYMMDD of a valid identity number, used when no solar date was typed.
    """
    digits = _digits_of(birth_on)
    if calendar == "lunar" and digits is not None:
        solar = _solar(id_birth)
        return Birthday(solar.solar, digits + (_LEAP_MARK if is_leap_month else ""), solar.year)
    found = _solar(digits)
    return found if found.year is not None else _solar(id_birth)


def _solar(digits: str | None) -> Birthday:
    if digits is None or not _is_day(digits):
        return Birthday()
    return Birthday(None if digits.endswith(_UNKNOWN_DAY) else digits, None, digits[:4])


def _digits_of(text: str) -> str | None:
    """YYYYMMDD of a text in the form the registry stores, with a believable year; lunar months are not checked."""
    if not text:
        return None
    parts = text.strip().split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return "".join(parts) if BIRTH_YEAR_MIN <= int(parts[0]) <= BIRTH_YEAR_MAX else None


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True
