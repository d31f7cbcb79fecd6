"""How one cell of an import file becomes a value.

Decides what counts as the same text (full-width digits, spaces, case) and which spellings of numbers, amounts, dates,
yes and no a former system may use. Does not decide which columns there are (`import_columns`).

    >>> read_cell(Column("odometer_km", (), whole, "52300"), "５２，３００ 公里", utc_offset_minutes=480)
    52300
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Final

from carnet_node.core.commands.cleaning import is_seen
from carnet_node.core.limits import CELL_CHARS_MAX
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds.fields import INTEGER_MAX
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value

Read = Callable[[str], Value | datetime]
"""From normalised text to a value. A moment comes back as a datetime; without an offset it is local to the site."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes:
        name: English header, and the name rows use.
        headers: other accepted headers, Chinese first.
        read: from normalised text to a value; raises ValueError.
        hint: what a good cell looks like, for the person who reads the side file.
    """

    name: str
    headers: tuple[str, ...]
    read: Read
    hint: str


class NoSuchDay(ValueError):
    """A date by its looks, and the calendar lacks it."""


def normalise_text(text: str) -> str:
    """NFKC (full-width digits become ordinary ones), no control characters, single spaces and none at the ends."""
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zs") else char for char in folded)
    return " ".join(visible.split())


def normalise_header(text: str) -> str:
    """A header without spaces, case, brackets' content and punctuation, so that `VIN 码` and `vin码` are one."""
    bare = re.sub(r"\([^)]*\)", "", normalise_text(text))
    return re.sub(r"[\W_]+", "", bare).lower()


def read_cell(column: Column, text: str, *, utc_offset_minutes: int) -> Value:
    """The value of a cell; None for an empty one. An instant becomes milliseconds since 1970.

    Args:
        utc_offset_minutes: of the site, for a time whose cell states none; -720 to 840.

    Raises:
        BadValue: not what the column holds; the message names the column and the form, never the content.
    """
    cleaned = normalise_text(text)
    if not is_seen(cleaned):
        return None
    if len(cleaned) > CELL_CHARS_MAX:
        raise BadValue(Reason.BAD_FIELD, column.name, f"more than {CELL_CHARS_MAX} characters")
    try:
        value = column.read(cleaned)
        return _milliseconds(value, utc_offset_minutes) if isinstance(value, datetime) else value
    except NoSuchDay as error:
        raise BadValue(Reason.BAD_FIELD, column.name, "the calendar has no such day") from error
    except (ValueError, ArithmeticError) as error:
        raise BadValue(Reason.BAD_FIELD, column.name, column.hint) from error


def text(cell: str) -> str:
    """The text as it stands."""
    return cell


def code(cell: str) -> str:
    """A code in upper case."""
    return cell.upper()


def one_of(words: Mapping[str, str]) -> Read:
    """A code, or one of the words that mean it."""
    known = {**{code: code for code in words.values()}, **words}

    def read(text: str) -> str:
        """The code that a cell means, whatever its case."""
        try:
            return known[text.lower()]
        except KeyError as error:
            raise ValueError("unknown word") from error

    return read


def whole(text: str) -> int:
    """A whole number, with thousands separators and a unit behind it if need be."""
    matched = re.fullmatch(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.0*)?\s*(?:km|公里|千米|年)?", text, re.IGNORECASE)
    if matched is None:
        raise ValueError("no whole number")
    return int(matched[1].replace(",", ""))


def fen(text: str) -> int:
    """An amount in yuan as fen."""
    amount = Decimal(text.replace(",", "").lstrip("¥￥").removesuffix("元").strip())
    fen = amount * 100
    if not amount.is_finite() or fen != int(fen) or not 0 <= fen <= INTEGER_MAX:
        raise ValueError("no amount")
    return int(fen)


def yes(text: str) -> bool:
    """Yes or no, in either language."""
    if text.lower() not in _YES_NO:
        raise ValueError("neither yes nor no")
    return _YES_NO[text.lower()]


def day(text: str) -> str:
    """An ISO date from 2024-3-7, 2024/3/7, 2024.3.7, 20240307 or 2024年3月7日."""
    return _parse_day(text)[0].isoformat()


def instant(text: str) -> datetime:
    """A day with a time of day if there is one, noon otherwise; with the offset that the cell states, or none."""
    day, rest = _parse_day(text)
    matched = re.fullmatch(r"(?:[T ]?(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*(Z|[+-]\d{2}:?\d{2})?", rest.strip())
    if matched is None:
        raise ValueError("no time of day")
    hour, minute, second = (int(matched[1]), int(matched[2]), int(matched[3] or 0)) if matched[1] else (12, 0, 0)
    return datetime.combine(day, time(hour, minute, second, tzinfo=_offset(matched[4])))


def _parse_day(text: str) -> tuple[date, str]:
    matched = re.match(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?|(\d{4})(\d{2})(\d{2})(?!\d)", text)
    if matched is None:
        raise ValueError("no date")
    year, month, day = (int(part) for part in matched.groups() if part)
    try:
        return date(year, month, day), text[matched.end() :]
    except ValueError as error:
        raise NoSuchDay from error


def _offset(text: str | None) -> timezone | None:
    if text is None or text == "Z":
        return None if text is None else UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def _milliseconds(moment: datetime, utc_offset_minutes: int) -> int:
    placed = moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(minutes=utc_offset_minutes)))
    return int(placed.timestamp()) * 1000


_YES_NO: Final = {
    **dict.fromkeys(("yes", "y", "true", "1", "是", "有"), True),
    **dict.fromkeys(("no", "n", "false", "0", "否", "无"), False),
}
