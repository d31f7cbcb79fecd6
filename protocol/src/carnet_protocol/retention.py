"""How long what is held of a person has to stay: classes as a file, and the judgement that hub and node share.

Decides, from a few facts of one person, which class governs what is held of that person, until when, and whether it may
go. Does not decide what the facts are, nor how anything is taken away. The classes are a versioned file, because laws
change and notes on them can be wrong.

Rules
1. Who is held for more than one reason stays until the last of the terms has ended.
2. A tie to a vehicle that has not ended is in use, whatever its age: its owner must be found when a recall comes.
3. Only a person who is held for no statutory reason is held for marketing; what the others are known by besides has the
   marketing term of its own.
4. A term of years ends with the same calendar day, one day later where that year has none. A moment that is not known
   is taken as late as it can have been.

    >>> classes = bundled_retention("cn")
    >>> classes.of(Holds.FIRST_OWNER).years
    10
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import resources
from typing import Final

from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason

RETENTION_BYTES_MAX: Final = 64 * 1024
"""One file of classes; the bundled one has 2 KB. Chosen by us."""

YEARS_MAX: Final = 100
"""The longest term that a file may name."""

_NAMES: Final = frozenset({"id", "holds", "purpose", "label", "label_zh", "years", "is_statutory", "source", "status"})
_LAST_YEAR: Final = 9999
_DAY_MS: Final = 24 * 3600 * 1000
_YEAR_MS: Final = 31_556_952_000
"""A mean year of 365.2425 days."""

Span = tuple[int, int]
"""Earliest and latest moment, ms UTC since 1970."""


class Holds(StrEnum):
    """What a class is about; every file has exactly one of each."""

    FIRST_OWNER = "first_owner"
    WORKSHOP = "workshop"
    RECALL = "recall"
    MARKETING = "marketing"


class Verdict(StrEnum):
    """Whether something may go."""

    IN_USE = "in_use"
    """A tie to a vehicle that has not ended."""
    STATUTORY = "statutory"
    """The law has it kept, and its term runs."""
    RUNNING = "running"
    """No law has it kept; its own term runs."""
    MAY_GO = "may_go"


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One entry of a file.

    Attributes:
        purpose: what it is held for; a purge names it.
        years: 1 and more; 0 for marketing means that it may go at any time.
        source: the article.
        is_verified: somebody checked it against the official text.
    """

    id: str
    holds: Holds
    purpose: str
    label: str
    label_zh: str
    years: int
    is_statutory: bool
    source: str
    is_verified: bool


@dataclass(frozen=True, slots=True)
class RetentionFile:
    """The classes of one country."""

    version: str
    country: str
    classes: tuple[RetentionClass, ...]

    def of(self, holds: Holds) -> RetentionClass:
        """The class about something."""
        return next(one for one in self.classes if one.holds is holds)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of one person; moments in ms UTC since 1970.

    Attributes:
        changed_ms: the last change of anything of this person.
        sold_ms: when a vehicle was first sold, to this person; the last of several.
        worked_ms: the last order, or the last word on a tie to a vehicle; None for none.
        is_tied: a tie to a vehicle has not ended.
    """

    changed_ms: int
    sold_ms: int | None = None
    worked_ms: int | None = None
    is_tied: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What governs something that is held.

    Attributes:
        since_ms, until_ms: its term; it may go from `until_ms` on.
    """

    governed_by: RetentionClass
    since_ms: int
    until_ms: int
    verdict: Verdict


def judge_person(classes: RetentionFile, facts: PersonFacts, now_ms: int) -> Judged:
    """What governs the whole of what is held of a person."""
    begun = {Holds.FIRST_OWNER: facts.sold_ms, Holds.WORKSHOP: facts.worked_ms}
    terms = [(classes.of(holds), since) for holds, since in begun.items() if since is not None]
    if not terms and not facts.is_tied:
        return judge_marketing(classes, facts.changed_ms, now_ms)
    terms = terms or [(classes.of(Holds.WORKSHOP), facts.changed_ms)]
    governing, since = max(terms, key=lambda term: (ends_ms(term[1], term[0].years), term[0].id))
    until = ends_ms(since, governing.years)
    if facts.is_tied:
        return Judged(governing, since, until, Verdict.IN_USE)
    return Judged(governing, since, until, Verdict.MAY_GO if now_ms >= until else Verdict.STATUTORY)


def judge_marketing(classes: RetentionFile, changed_ms: int, now_ms: int) -> Judged:
    """What governs something that is held for marketing alone."""
    marketing = classes.of(Holds.MARKETING)
    until = ends_ms(changed_ms, marketing.years)
    return Judged(marketing, changed_ms, until, Verdict.MAY_GO if now_ms >= until else Verdict.RUNNING)


def is_first_owner(began: Span | None, others: Iterable[Span | None]) -> bool:
    """Whether nobody else's time as owner of a car began earlier for certain.

    Args:
        began: earliest and latest beginning, by every version there is; None where nobody has said a day.
        others: of the other owners.
    """
    if began is None:
        return True
    return not any(one is not None and one[1] < began[0] for one in others)


def sale_ms(began: Span | None, changed_ms: int) -> int:
    """When a car was sold to its first owner, as late as it can have been.

    Args:
        changed_ms: the last change of what ties them.
    """
    return changed_ms if began is None else began[1] + _DAY_MS


def span_of(days: Iterable[object]) -> Span | None:
    """Earliest and latest of some days, as moments.

    Args:
        days: ISO dates; anything else is no day.
    """
    moments = [_midnight_ms(day) for day in days if isinstance(day, str)]
    return (min(moments), max(moments)) if moments else None


def age_years(since_ms: int, now_ms: int) -> int:
    """Whole years of a mean calendar since a moment; 0 for one to come."""
    return max(0, now_ms - since_ms) // _YEAR_MS


def _midnight_ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def ends_ms(since_ms: int, years: int) -> int:
    """The moment some years later.

    Args:
        years: 0 to `YEARS_MAX`.
    """
    began = datetime.fromtimestamp(since_ms / 1000, UTC)
    year = min(began.year + years, _LAST_YEAR)
    is_leap_day = (began.month, began.day) == (2, 29)
    try:
        ended = began.replace(year=year)
    except ValueError:
        if not is_leap_day:
            raise
        ended = began.replace(year=year, month=3, day=1)
    return since_ms + int((ended - began).total_seconds() * 1000)


def bundled_retention(country: str) -> RetentionFile | None:
    """The classes that travel with this package; None for a country of which none do.

    Args:
        country: letters, as `cn`.
    """
    text = bundled_text(country)
    return None if text is None else parse_retention(text)


def bundled_text(country: str) -> bytes | None:
    """The file behind `bundled_retention`."""
    if not (country.isascii() and country.isalpha()):
        return None
    path = resources.files("carnet_protocol").joinpath("data", f"retention_{country}.toml")
    return path.read_bytes() if path.is_file() else None


def parse_retention(content: bytes) -> RetentionFile:
    """Classes from their bytes.

    Args:
        content: TOML in UTF-8 of at most `RETENTION_BYTES_MAX` bytes: `version`, `country` and `[[class]]` entries.

    Raises:
        Malformed: MALFORMED or TOO_LARGE, on any other text, an entry without a name, a class that is missing or there
            twice, or a marketing class that calls itself statutory.
    """
    if len(content) > RETENTION_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, "retention classes")
    try:
        held = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(Reason.MALFORMED, "retention classes are no TOML") from error
    listed = held.get("class")
    if {*held} != {"version", "country", "class"} or not isinstance(listed, list):
        raise Malformed(Reason.MALFORMED, "retention classes need a version, a country and classes, and nothing else")
    classes = tuple(map(_class, listed))
    if sorted(one.holds for one in classes) != sorted(Holds) or len({one.id for one in classes}) != len(classes):
        raise Malformed(Reason.MALFORMED, f"retention classes need one each of {', '.join(Holds)}")
    return RetentionFile(_text(held, "version"), _text(held, "country"), classes)


def _class(held: object) -> RetentionClass:
    if not isinstance(held, dict) or {*held} != _NAMES:
        raise Malformed(Reason.MALFORMED, "a retention class lacks a name or has one that is unknown")
    holds, years, is_statutory = _text(held, "holds"), held["years"], held["is_statutory"]
    if holds not in {*Holds} or _text(held, "status") not in {"sourced", "unverified"}:
        raise Malformed(Reason.MALFORMED, "what a retention class holds, or its status, is none")
    least = 0 if holds == Holds.MARKETING else 1
    if not isinstance(years, int) or isinstance(years, bool) or not least <= years <= YEARS_MAX:
        raise Malformed(Reason.MALFORMED, f"a retention class needs {least} to {YEARS_MAX} years")
    if not isinstance(is_statutory, bool) or is_statutory == (holds == Holds.MARKETING):
        raise Malformed(Reason.MALFORMED, "every retention class but that of marketing is statutory")
    return RetentionClass(
        _text(held, "id"),
        Holds(holds),
        _text(held, "purpose"),
        _text(held, "label"),
        _text(held, "label_zh"),
        years,
        is_statutory,
        _text(held, "source"),
        held["status"] == "sourced",
    )


def _text(held: dict[str, object], name: str) -> str:
    value = held[name]
    if not isinstance(value, str) or not value.strip():
        raise Malformed(Reason.MALFORMED, f"{name} of the retention classes is no text")
    return value
