"""From what people type to values of the registry.

Decides how a number, an amount, a date or a moment may be spelled at the desk: full-width digits, blanks, thousands
apart, 年月日. An amount is yuan with at most two places and never a float. What a value may be is left to the commands,
which speak of fen and hundredths; a person at the desk is told in what they type.

    >>> hundredths_of("12.5")
    1250
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import parse_record_text
from carnet_protocol.registry import Field, Kind, Value, ValueType

_WHOLE: Final = re.compile(r"-?[0-9]{1,16}")
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2}))?")
_LONG_WHOLE: Final = re.compile(r"-?[0-9]{17,}")
_LONG_DECIMAL: Final = re.compile(r"-?[0-9]{14,}(?:\.[0-9]{1,2})?")
"""Numbers with more digits than the two above have room for."""

_DATE: Final = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_MOMENT: Final = re.compile(r"(.+?)[T ]+([0-9]{1,2}):([0-9]{2})")
_SEPARATORS: Final = re.compile(r"[\s,，']+")
_UNITS: Final = re.compile(r"(km|公里|元|¥|￥|h|小时)", re.IGNORECASE)

HUNDREDTHS: Final = ("_fen", "_hours", "_hundredths")
"""How the names of fields end that hold hundredths of what people type: yuan, hours, pieces."""

_HUNDREDTHS_OF_ONE: Final = 100

TICKED: Final = "1"
"""What a ticked box sends."""

READ_AGAIN: Final = "is_read_again"
"""The box by which somebody says that an odometer which looks wrong was read a second time."""


class TooManyDigits(ValueError):
    """A number, and longer than any that can stand in a field."""


class NoSuchMoment(ValueError):
    """A date and a time of day by their looks, and no calendar or clock has them."""


class Reader:
    """Reads what was typed into the parts of a form, and gathers what means nothing.

    Attributes:
        problems: of all parts, each with its field. They are refused together with what the command says about the rest
            (`refusals.refuse_together`), so that nobody mends one field to be told about the next.
    """

    def __init__(self, clockface: Clockface) -> None:
        self.problems: list[Problem] = []
        self._clockface = clockface

    def values(self, kind: Kind, texts: Mapping[str, str], where: str = "") -> dict[str, Value]:
        """Field values of typed texts, those left out that mean nothing; an empty text takes a value away.

        Args:
            where: stands before the field names of problems, for lists inside a form.
        """
        values: dict[str, Value] = {}
        for name, text in texts.items():
            if name not in kind.labels:
                self.problems.append(Problem(where + name, ProblemCode.UNKNOWN_FIELD, _NO_FIELD, _RELOAD))
                continue
            one = kind.by_label[kind.labels[name]][1]
            try:
                values[name] = value_of(one, text, self._clockface)
            except ValueError as error:
                self.problems.append(_problem(one, where + name, error))
        return values

    def stated(self, kind: Kind, texts: Mapping[str, str], where: str = "") -> dict[str, Value]:
        """As `values`, of a new record, in which a no and an empty field say nothing."""
        found = self.values(kind, texts, where)
        return {name: value for name, value in found.items() if value is not None and value is not False}


def in_typed_units(problem: Problem) -> Problem:
    """A refusal as the desk says it: bounds in yuan, hours or pieces where the field holds hundredths of them."""
    if problem.bounds is None:
        return problem
    is_of_hundredths = problem.field.endswith(HUNDREDTHS)
    low, high = (f"{bound / _HUNDREDTHS_OF_ONE:,.2f}" if is_of_hundredths else f"{bound:,}" for bound in problem.bounds)
    return replace(problem, what=f"The number is not between {low} and {high}.")


def value_of(one: Field, text: str, clockface: Clockface) -> Value:
    """What a text means in a field; None for an empty one.

    Raises:
        ValueError: nothing.
    """
    if not text.strip():
        return None
    match one.type:
        case ValueType.INT:
            read: Callable[[str], int] = hundredths_of if one.name.endswith(HUNDREDTHS) else whole_of
            return read(text)
        case ValueType.BOOL:
            return text == TICKED
        case ValueType.INSTANT:
            return moment_of(text, clockface)
        case ValueType.DATE:
            return date_of(text)
        case ValueType.REF:
            return _reference(text)
        case ValueType.BYTES:
            return hash_of(text)
        case ValueType.TEXT | ValueType.CODE:
            return text.strip()


def whole_of(text: str) -> int:
    """A whole number.

    Raises:
        ValueError: none.
    """
    plain = _plain(text)
    if not _WHOLE.fullmatch(plain):
        raise (TooManyDigits if _LONG_WHOLE.fullmatch(plain) else ValueError)("no whole number")
    return int(plain)


def hundredths_of(text: str) -> int:
    """Yuan as fen, hours or a quantity as hundredths.

    Raises:
        ValueError: no number, or more than two places.
    """
    plain = _plain(text)
    match = _DECIMAL.fullmatch(plain)
    if match is None:
        raise (TooManyDigits if _LONG_DECIMAL.fullmatch(plain) else ValueError)("no number with at most two places")
    sign, whole, places = match.groups()
    found = int(whole) * _HUNDREDTHS_OF_ONE + int((places or "").ljust(2, "0"))
    return -found if sign else found


def hash_of(text: str) -> bytes:
    """The SHA-256 behind 64 hexadecimal digits, in whatever case and however they are grouped.

    Raises:
        ValueError: none.
    """
    plain = _plain(text)
    if not _SHA256.fullmatch(plain):
        raise ValueError("no SHA-256")
    return bytes.fromhex(plain)


def date_of(text: str) -> str:
    """A date as YYYY-MM-DD; whether there is such a day is the command's question.

    Raises:
        ValueError: no date.
    """
    match = _DATE.fullmatch(_plain(text))
    if match is None:
        raise ValueError("no date")
    year, month, day = match.groups()
    return f"{year}-{int(month):02}-{int(day):02}"


def moment_of(text: str, clockface: Clockface) -> int:
    """Milliseconds since 1970 of a date and a time on the site's clocks.

    Raises:
        ValueError: no such moment.
    """
    match = _MOMENT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise ValueError("no moment")
    day, hour, minute = match.groups()
    moment = f"{date_of(day)}T{int(hour):02}:{minute}"
    try:
        return clockface.to_ms(moment)
    except ValueError as error:
        raise NoSuchMoment from error


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return _SEPARATORS.sub("", _UNITS.sub("", folded))


def _reference(text: str) -> bytes:
    try:
        return parse_record_text(text.strip())
    except BadValue as error:
        raise ValueError("no record id") from error


def _problem(one: Field, field: str, error: ValueError) -> Problem:
    match one.type:
        case _ if isinstance(error, TooManyDigits):
            what, then = "The number has more digits than any that can stand here.", "Correct it."
        case _ if isinstance(error, NoSuchMoment):
            what, then = "The calendar has no such day, or the clock no such time.", "Correct it."
        case ValueType.INT if one.name.endswith("_fen"):
            what, then = "This is not an amount of money.", "Enter yuan, with at most two places: 128.50."
        case ValueType.INT if one.name.endswith(HUNDREDTHS):
            what, then = "This is not a number with at most two places.", "Enter it like 1.5."
        case ValueType.INT:
            what, then = "This is not a whole number.", "Enter digits only."
        case ValueType.DATE:
            what, then = "This is not a date.", "Enter it as YYYY-MM-DD."
        case ValueType.INSTANT:
            what, then = "This is not a date and time.", "Enter it as YYYY-MM-DD HH:MM."
        case ValueType.BYTES:
            what = "This is not a SHA-256: it has 64 characters, 0 to 9 and a to f."
            then = "Choose the file again, or copy its SHA-256 whole; the file itself is not needed."
        case _:
            what, then = "The page sent something that cannot stand here.", _RELOAD
    return Problem(field, ProblemCode.BAD_VALUE, what, then)


_NO_FIELD: Final = "The form has a field that this program does not know."
_RELOAD: Final = "Open the page again; the draft keeps what you typed."
