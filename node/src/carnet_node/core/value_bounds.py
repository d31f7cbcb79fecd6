"""Which days a field may state, and how long its text may be.

Decides both for every field of the registry, once: forms, JSON API, command line and import ask here, and a page takes
the length of its fields from here. A day is judged by the site's own calendar; what day it is there comes with the
question. Days on which something happened lie behind it. Ahead of it lie only days that are agreed or run out, each as
far as makes sense. Does not decide what a value means, or whether a field is needed (`commands`).

    >>> day_problem("vehicle", "build_on", "2099-01-01", Today(date(2026, 9, 21))).what
    'The day is still to come.'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from carnet_node.core.desk_limits import (
    AGE_YEARS_MAX,
    AGREED_DAYS_MAX,
    FIRST_CAR_YEAR,
    FIRST_YEAR,
    MODEL_YEARS_AHEAD,
    RUNNING_DAYS_MAX,
    TEXT_CHARS_MAX,
    TEXT_FIELD_CHARS_MAX,
)
from carnet_node.core.numbering import Today, local_date
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.registry import Field, Value, ValueType

_TO_COME: Final = "The day is still to come."
_CORRECT: Final = "Correct the date."


@dataclass(frozen=True, slots=True)
class DayBounds:
    """The days a field may state.

    Attributes:
        since_year: the first year; or how many years before today's, when it is negative.
        days_ahead: how far ahead of today; 0 for what has happened.
        early, late: what is said of a day outside; the usual sentence when it is empty.
    """

    since_year: int
    days_ahead: int = 0
    early: str = ""
    late: str = ""


HAPPENED: Final = DayBounds(FIRST_YEAR)
"""A moment of something that was done; moments are counted from there."""

OF_A_CAR: Final = DayBounds(FIRST_CAR_YEAR)
AGREED: Final = DayBounds(FIRST_YEAR, AGREED_DAYS_MAX)
RUNNING: Final = DayBounds(FIRST_CAR_YEAR, RUNNING_DAYS_MAX)

DAY_BOUNDS: Final[Mapping[tuple[str, str], DayBounds]] = MappingProxyType(
    {
        ("customer", "birth_on"): DayBounds(
            -AGE_YEARS_MAX, early="Nobody is as old as that.", late="The birthday is still to come."
        ),
        ("phone", "verified_at"): HAPPENED,
        ("address", "from_on"): DayBounds(FIRST_CAR_YEAR, AGREED_DAYS_MAX),
        ("address", "to_on"): RUNNING,
        ("address", "verified_at"): HAPPENED,
        ("consent", "stated_at"): HAPPENED,
        ("vehicle", "build_on"): OF_A_CAR,
        ("plate", "from_on"): OF_A_CAR,
        ("plate", "to_on"): OF_A_CAR,
        ("ownership", "from_on"): OF_A_CAR,
        ("ownership", "to_on"): RUNNING,
        ("odometer_reading", "read_at"): HAPPENED,
        ("visit", "opened_at"): HAPPENED,
        ("visit", "promised_at"): DayBounds(
            FIRST_YEAR, AGREED_DAYS_MAX, late="The promised time is more than a year away."
        ),
        ("visit", "completed_at"): HAPPENED,
        ("visit", "settled_at"): HAPPENED,
        ("visit", "staged_at"): HAPPENED,
        ("visit", "delivered_at"): HAPPENED,
        ("visit", "next_service_on"): DayBounds(FIRST_YEAR, RUNNING_DAYS_MAX),
        ("job", "approval_at"): HAPPENED,
        ("promise_change", "promised_before_at"): AGREED,
        ("promise_change", "promised_at"): AGREED,
        ("promise_change", "changed_at"): HAPPENED,
        ("recall_completion", "completed_at"): HAPPENED,
        ("recall_contact", "contacted_at"): HAPPENED,
        ("stop_sale", "acknowledged_at"): HAPPENED,
        ("staff_action", "done_at"): HAPPENED,
        ("appointment", "requested_at"): HAPPENED,
        ("appointment", "wished_at"): AGREED,
        ("appointment", "starts_at"): AGREED,
        ("appointment", "remind_at"): AGREED,
        ("appointment", "arrived_at"): HAPPENED,
        ("booking_hours", "special_on"): AGREED,
        ("settlement", "settled_at"): HAPPENED,
        ("car_dates", "insurance_until_on"): RUNNING,
        ("car_dates", "inspection_until_on"): RUNNING,
        ("reminder", "contacted_at"): HAPPENED,
        ("reminder", "due_on"): RUNNING,
        ("adoption", "adopted_at"): HAPPENED,
    }
)
"""Every day and moment that a site writes, by kind and field. A plate whose day has come to an end is worn no more, so
that day is none to come; a lease may end on one."""


def day_problem(kind: str, name: str, value: Value, today: Today | None, *, field: str = "") -> Problem | None:
    """What is wrong with a day or a moment; None for any other field, and for a day that can be.

    Args:
        value: as the registry takes it: a day of the calendar as YYYY-MM-DD, or milliseconds since 1970.
        today: at the site; None where no day is known, then nothing is judged.
        field: of the form; the name when it is empty.
    """
    if today is None:
        return None
    bounds = DAY_BOUNDS.get((kind, name))
    if bounds is None or value is None:
        return None
    what = _what_is_wrong(bounds, value, today)
    return None if what is None else Problem(field or name, ProblemCode.BAD_DATE, what, _CORRECT)


def year_problem(kind: str, name: str, value: Value, today: Today | None, *, field: str = "") -> Problem | None:
    """What is wrong with a model year; None for any other field, and for a year that can be. Args as `day_problem`."""
    if today is None or (kind, name) != ("vehicle", "model_year") or not isinstance(value, int):
        return None
    latest = today.day.year + MODEL_YEARS_AHEAD
    if FIRST_CAR_YEAR <= value <= latest:
        return None
    what = f"A model year lies between {FIRST_CAR_YEAR} and {latest}."
    return Problem(field or name, ProblemCode.BAD_VALUE, what, "Compare it with the papers of the car.")


def chars_max(one: Field) -> int:
    """How many characters a text or code may have."""
    usual = TEXT_CHARS_MAX if one.type is ValueType.TEXT else CODE_CHARS_MAX
    return TEXT_FIELD_CHARS_MAX.get(one.name, usual)


@cache
def chars_max_of(name: str) -> int:
    """As `chars_max`, of the field of this name, whatever kind has it; of a field of no kind, what a code has."""
    fields = (one for kind in REGISTRY.kinds for _, one in kind.by_label.values() if one.name == name)
    return next(map(chars_max, fields), CODE_CHARS_MAX)


def length_problem(one: Field, text: str, *, field: str) -> Problem | None:
    """What is wrong with the length of a text; no registry refuses one that fits here."""
    most = chars_max(one)
    if len(text) <= most:
        return None
    what = f"This has {len(text)} characters; there is room for {most}."
    return Problem(field, ProblemCode.BAD_VALUE, what, "Shorten it; a note takes what does not fit here.")


def _what_is_wrong(bounds: DayBounds, value: Value, today: Today) -> str | None:
    since = bounds.since_year if bounds.since_year > 0 else today.day.year + bounds.since_year
    day = _day_of(value, today)
    if day is None or day.year < since:
        return bounds.early or f"The day lies before {since}."
    if day <= today.day + timedelta(days=bounds.days_ahead):
        return None
    if bounds.days_ahead == 0:
        return bounds.late or _TO_COME
    return bounds.late or f"The day lies more than {bounds.days_ahead} days ahead."


def _day_of(value: Value, today: Today) -> date | None:
    """The site's day; None for a moment before moments are counted.

    A day of the Chinese calendar that the solar one lacks, as 30 February, counts as the last that all months have.
    """
    if isinstance(value, int):
        return None if value < 0 else local_date(value, today.utc_offset_minutes)
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return date.fromisoformat(f"{str(value)[:8]}28")
