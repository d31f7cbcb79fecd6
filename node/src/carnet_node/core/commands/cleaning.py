"""From what was typed to what is stored: spelling, numbers, dates, telephone numbers, plates.

Decides how typed text becomes a value of the registry and which problems it has. Entry is forgiving in form (full-width
digits, spaces, lower case) and strict in content: nothing is guessed, cut off or dropped. Does not decide which fields
a record needs (`customers`, `vehicles`, `visits`).

    >>> phone_number("１３８ ００１３ ８０００")
    '+8613800138000'
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from carnet_master.cars import normalise_plate
from carnet_master.identifiers import read_printed_id
from carnet_node.core.limits import PHONE_DIGITS_MAX, PHONE_DIGITS_MIN
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_protocol.errors import BadValue
from carnet_protocol.registry import Kind, Value, ValueType

_SPACES: Final = re.compile(r"\s+")
_UNSEEN: Final = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Marks without a glyph: a name of nothing else looks empty, and some of them turn the text beside them around. The
joiners stay, because emoji and some scripts are written with them."""
_PHONE_SEPARATORS: Final = re.compile(r"[\s\-()./·]+")
_CHINESE_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)([1-9]\d+)", re.ASCII)
_NATIONAL: Final = re.compile(r"\d+", re.ASCII)


HUNDREDTHS: Final = ("_fen", "_hours", "_hundredths")
"""How the names of fields end that hold hundredths of what people type: yuan, hours, pieces."""


def whole_characters(text: str) -> str:
    """Text without halves of surrogate pairs: no database holds them, and nobody can have typed one."""
    return text if text.isascii() else text.encode(errors="ignore").decode()


def clean_text(text: str) -> str | None:
    """Text without unseen marks, spaces at the ends and double spaces inside; None when nothing is left.

    Every character that can be seen stays as typed.
    """
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip() or None


def clean_code(text: str) -> str | None:
    """A code or number in one spelling: full-width forms become ASCII, no unseen marks, no spaces at the ends."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).strip() or None


def phone_number(text: str) -> str | None:
    """A telephone number in one spelling, or None when it cannot be one.

    Chinese mobiles become E.164 (+86 and 11 digits) whatever prefix was typed, and so does everything typed with a
    country code. Other numbers keep their national digits, because an area code that was left out cannot be guessed.
    """
    folded = _PHONE_SEPARATORS.sub("", unicodedata.normalize("NFKC", _UNSEEN.sub("", text)))
    mobile = _CHINESE_MOBILE.fullmatch(folded)
    if mobile:
        return f"+86{mobile[1]}"
    international = _INTERNATIONAL.fullmatch(folded)
    if international:
        return f"+{international[1]}" if _has_phone_length(international[1]) else None
    return folded if _NATIONAL.fullmatch(folded) and _has_phone_length(folded) else None


def plate_number(text: str) -> str | None:
    """A plate in one spelling: upper case, half width, no separators. Which plates exist is not judged."""
    return normalise_plate(_UNSEEN.sub("", text)) or None


def is_calendar_date(text: str) -> bool:
    """Whether the text is YYYY-MM-DD and such a day exists."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def clean_values(kind: Kind, values: Mapping[str, Value], *, where: str = "") -> tuple[dict[str, Value], list[Problem]]:
    """Typed values as the registry wants them, and every problem they have.

    Args:
        values: by field name; empty text becomes None.
        where: stands before the field names of problems, for lists inside a form.
    """
    cleaned: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        label = kind.labels.get(name)
        if label is None:
            problems.append(
                Problem(where + name, ProblemCode.UNKNOWN_FIELD, f"A {kind.name} has no such field.", "Leave it out.")
            )
            continue
        one = kind.by_label[label][1]
        cleaned[name] = _clean_one(kind.name, name, one.type, value)
        problem = _problem_of(kind, name, cleaned[name], where)
        if problem is not None:
            problems.append(problem)
    return cleaned, problems


def _clean_one(kind: str, name: str, of_type: ValueType, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    special = _SPECIAL.get((kind, name))
    if special is not None:
        return special(value) or value if value.strip() else None
    return clean_text(value) if of_type is ValueType.TEXT else clean_code(value)


def _problem_of(kind: Kind, name: str, cleaned: Value, where: str) -> Problem | None:
    field = where + name
    special = _SPECIAL.get((kind.name, name))
    if isinstance(cleaned, str) and special is not None and special(cleaned) is None:
        return _bad_phone(field, cleaned)
    one = kind.by_label[kind.labels[name]][1]
    if one.type is ValueType.DATE and isinstance(cleaned, str) and not is_calendar_date(cleaned):
        return Problem(
            field, ProblemCode.BAD_DATE, "A date is YYYY-MM-DD and a day of the calendar.", "Correct the date."
        )
    if type(cleaned) is int and name.endswith(HUNDREDTHS) and not one.minimum <= cleaned <= one.maximum:
        low, high = (f"{bound / 100:,.2f}" for bound in (one.minimum, one.maximum))
        return Problem(field, ProblemCode.BAD_VALUE, f"The number is not between {low} and {high}.", "Correct it.")
    try:
        one.check(cleaned)
    except BadValue as refused:
        rule = refused.detail.removeprefix(f"{name}: ")
        said = [f"The value is {rule}.", *([f"It is one of these: {', '.join(one.codes)}."] if one.codes else ())]
        return Problem(field, ProblemCode.BAD_VALUE, " ".join(said), "Correct it.")
    return None


def _bad_phone(field: str, typed: str) -> Problem:
    if read_printed_id(typed) is not None:
        return Problem(
            field,
            ProblemCode.BAD_PHONE,
            "This is an identity card number and no telephone number.",
            "Take it out of this field and type the telephone number.",
        )
    return Problem(
        field,
        ProblemCode.BAD_PHONE,
        f"A telephone number has {PHONE_DIGITS_MIN} to {PHONE_DIGITS_MAX} digits, perhaps with + in front.",
        "Read the number out to the customer and type it again.",
    )


def _has_phone_length(digits: str) -> bool:
    return PHONE_DIGITS_MIN <= len(digits) <= PHONE_DIGITS_MAX


_SPECIAL: Final[dict[tuple[str, str], Callable[[str], str | None]]] = {
    ("phone", "number"): phone_number,
    ("visit", "sender_phone"): phone_number,
    ("plate", "plate_no"): plate_number,
    ("visit", "plate_at_visit"): plate_number,
}
"""Fields with a spelling of their own."""
