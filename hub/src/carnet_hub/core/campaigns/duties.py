"""What the law wants done in a recall, and until when.

Decides, from what has happened in a campaign, which duties have begun, their last days and whether they were kept. The
duties themselves are a versioned file, because laws change and notes on them can be wrong. Does not decide what counts
as having happened, nor how a term is counted (`working_days`).

Rules
1. A duty begins each time its `after` happens again (a plan that is filed anew is published anew), and the n-th one is
   kept by the n-th `done_by`; what happens before a duty begins keeps nothing.
2. A duty with `until` comes back: counted from the first `after`, its n-th last day is the end of n terms, until that
   happens. What would be due later than that is not due.
3. A campaign that was withdrawn owes nothing more. What was not kept by then has ended, or was missed when its last day
   had passed before; neither comes back, and nobody is reminded of it.
4. A day that rests on an entry nobody has checked against the law, or on a year without a holiday notice, says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from carnet_hub.core.campaigns.toml_text import read_toml
from carnet_hub.core.campaigns.working_days import Term, Unit, WorkingDays
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import REPEATED_DUTIES_MAX

_NEEDED: Final = frozenset({"id", "label", "label_zh", "after", "done_by", "term", "source", "status"})
_ALLOWED: Final = _NEEDED | {"until", "is_optional"}
WITHDRAWN: Final = "withdrawn"
"""What happens in a campaign that ends every duty of it."""


class Standing(StrEnum):
    """Where a duty stands on a day."""

    KEPT = "kept"
    KEPT_LATE = "kept_late"
    WAITING = "waiting"
    OVERDUE = "overdue"
    LAPSED = "lapsed"
    """An optional one whose last day has passed."""
    ENDED = "ended"
    """Its campaign was withdrawn before its last day had passed."""
    MISSED = "missed"
    """Its campaign was withdrawn when its last day had passed and nobody had kept it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One entry of a duty file.

    Attributes:
        after, done_by, until: codes of what happens in a campaign; `until` is None for a duty that does not come back.
        source: the article.
        is_verified: somebody checked it against the official text.
        is_optional: a right, not a duty: an objection may be left out.
    """

    id: str
    label: str
    label_zh: str
    after: str
    done_by: str
    until: str | None
    term: Term
    source: str
    is_verified: bool
    is_optional: bool


@dataclass(frozen=True, slots=True)
class DutyFile:
    """The duties of one country."""

    version: str
    country: str
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened in a campaign."""

    code: str
    day: date


@dataclass(frozen=True, slots=True)
class Due:
    """A duty of a campaign with its last day.

    Attributes:
        number: 1 for the first time.
        began: the day it was set off.
        done: the day it was kept; None while it was not.
        is_provisional: the last day rests on an unverified entry or an unknown calendar.
    """

    duty: Duty
    number: int
    began: date
    last_day: date
    done: date | None
    standing: Standing
    is_provisional: bool


def dues(duties: Iterable[Duty], happened: Iterable[Happened], calendar: WorkingDays, today: date) -> tuple[Due, ...]:
    """Every duty that has begun, by last day.

    Args:
        happened: in any order; what lies after `today` plays no part.
        today: of the time zone the law is read in.

    Raises:
        Unusable: a term that ends beyond the calendar.
    """
    days: dict[str, list[date]] = {}
    for one in sorted(happened, key=lambda one: one.day):
        if one.day <= today:
            days.setdefault(one.code, []).append(one.day)
    found = [due for duty in duties for due in _dues(duty, days, calendar, today)]
    return tuple(sorted(found, key=lambda one: (one.last_day, one.duty.id, one.number)))


def standing_of(
    last: date, done: date | None, today: date, withdrawn: date | None, *, is_optional: bool = False
) -> Standing:
    """Where something stands that has a last day.

    Args:
        withdrawn: the day its campaign was withdrawn, not ahead of `today`; None while it was not.
    """
    if done is not None:
        return Standing.KEPT if done <= last else Standing.KEPT_LATE
    if withdrawn is not None and withdrawn <= last:
        return Standing.ENDED
    if today <= last:
        return Standing.WAITING
    if is_optional:
        return Standing.LAPSED
    return Standing.OVERDUE if withdrawn is None else Standing.MISSED


def parse_duties(text: str) -> DutyFile:
    """A duty file.

    Args:
        text: TOML: `version`, `country` and `[[duty]]` entries.

    Raises:
        Unusable: it is no such file, names an entry twice, or a value cannot be read.
    """
    held = read_toml(text, "The list of duties")
    listed = held.get("duty")
    if {*held} != {"version", "country", "duty"} or not isinstance(listed, list) or not listed:
        raise _unusable("they need a version, a country and entries, and nothing else")
    duties = tuple(_duty(one) for one in listed)
    if len({one.id for one in duties}) != len(duties):
        raise _unusable("an entry is there twice")
    return DutyFile(_text(held, "version"), _text(held, "country"), duties)


def _dues(duty: Duty, days: Mapping[str, Sequence[date]], calendar: WorkingDays, today: date) -> Iterator[Due]:
    begins = days.get(duty.after, [])
    if not begins:
        return
    terms = _coming_back(duty, begins[0], days, calendar, today) if duty.until else _each(duty, begins, calendar)
    withdrawn = next(iter(days.get(WITHDRAWN, [])), None)
    done = [day for day in days.get(duty.done_by, []) if day >= begins[0]]
    for number, (began, last, is_provisional) in enumerate(terms, start=1):
        if withdrawn is not None and began > withdrawn:
            return
        kept = done[number - 1] if number <= len(done) else None
        standing = standing_of(last, kept, today, withdrawn, is_optional=duty.is_optional)
        yield Due(duty, number, began, last, kept, standing, is_provisional or not duty.is_verified)


def _each(duty: Duty, begins: Iterable[date], calendar: WorkingDays) -> Iterator[tuple[date, date, bool]]:
    for began in begins:
        found = calendar.after(began, duty.term)
        yield began, found.day, found.is_provisional


def _coming_back(
    duty: Duty, began: date, days: Mapping[str, Sequence[date]], calendar: WorkingDays, today: date
) -> Iterator[tuple[date, date, bool]]:
    """The terms up to the first one that ends after today, none that ends after what ends them all."""
    ended = min((day for day in days.get(duty.until or "", []) if day >= began), default=None)
    first = began
    for number in range(1, REPEATED_DUTIES_MAX + 1):
        found = calendar.after(first, Term(duty.term.count * number, duty.term.unit))
        if ended is not None and found.day > ended:
            return
        yield began, found.day, found.is_provisional
        if found.day > today:
            return
        began = found.day


def _duty(held: object) -> Duty:
    if not isinstance(held, dict) or not {*held} >= _NEEDED or not {*held} <= _ALLOWED:
        raise _unusable("an entry lacks a name or has one that is unknown")
    status, is_optional = _text(held, "status"), held.get("is_optional", False)
    if status not in {"sourced", "unverified"} or not isinstance(is_optional, bool):
        raise _unusable(f"the status of {_text(held, 'id')} is none")
    return Duty(
        _text(held, "id"),
        _text(held, "label"),
        _text(held, "label_zh"),
        _text(held, "after"),
        _text(held, "done_by"),
        _text(held, "until") if "until" in held else None,
        _term(held["term"]),
        _text(held, "source"),
        status == "sourced",
        is_optional,
    )


def _term(held: object) -> Term:
    count, unit = (held.get("count"), held.get("unit")) if isinstance(held, dict) else (None, None)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1 or unit not in {*Unit}:
        raise _unusable("a term is none: it needs a count from 1 and a unit")
    return Term(count, Unit(str(unit)))


def _text(held: Mapping[str, object], name: str) -> str:
    value = held[name]
    if not isinstance(value, str) or not value.strip():
        raise _unusable(f"{name} is no text")
    return value


def _unusable(problem: str) -> Unusable:
    return Unusable(f"The duties cannot be used: {problem}.", "Correct the file; nothing was changed.")
