"""The items of a report with their values: what was counted, what somebody stated, what is missing.

Decides which value stands at an item and what is said about it, and how a flat line is written. Does not decide which
items there are (`profiles`) nor what was counted (`report_record`).

Rules
1. An item nobody can derive is stated by whoever files the report, or it is missing; it is never filled in.
2. A flat file may be worded otherwise than the campaign (another language, fewer characters): its texts may be stated.
   Figures are never stated where they are counted.
3. A value that does not fit its place is refused: nothing is cut.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carnet_hub.core.campaigns.filing import Coverage
from carnet_hub.core.campaigns.profiles import STATED, Form, Item, Profile, ValueKind
from carnet_hub.core.campaigns.report_record import Record, Value
from carnet_hub.core.campaigns.toml_text import read_toml
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import STATED_COUNT_MAX, TEXT_CHARS_MAX


class Origin(StrEnum):
    """Where a value comes from."""

    LOG = "log"
    STATED = "stated"
    ABSENT = "absent"
    """Nobody can know it yet; a count stands at 0 or is empty."""
    MISSING = "missing"
    """It is required, and nobody has said it."""
    EMPTY = "empty"
    """It may be left out, and is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item and what stands there."""

    item: Item
    value: Value
    origin: Origin


def lines_of(profile: Profile, record: Record, stated: Mapping[str, Value]) -> tuple[Line, ...]:
    """Every item of a profile with its value, in the profile's order.

    Args:
        stated: by item id, from `parse_stated`.
    """
    return tuple(_line(one, record, stated) for one in profile.items)


def filing_lines(profile: Profile, coverage: Coverage) -> tuple[Line, ...]:
    """Every item of a filing with how many of how many have it; what Carnet does not keep is missing."""
    return tuple(_covered(one, coverage) for one in profile.items)


def parse_stated(text: str, profile: Profile) -> dict[str, Value]:
    """What whoever files a report says himself, from a TOML file of item ids and values.

    Raises:
        Unusable: no such file, an item that is counted or unknown, or a value of another kind.
    """
    return check_stated(read_toml(text, "What was stated"), profile)


def check_stated(held: Mapping[str, object], profile: Profile) -> dict[str, Value]:
    """The same for values that were read already, such as those of an earlier report.

    Raises:
        Unusable: see `parse_stated`.
    """
    items = {one.id: one for one in profile.items if _may_state(one, profile)}
    for name in held:
        if name not in items:
            raise Unusable(
                f"{name[:40]} cannot be stated in {profile.name}.", f"State only: {', '.join(items) or 'nothing'}."
            )
    return {name: _stated_value(items[name], value) for name, value in held.items()}


def missing_in(lines: Iterable[Line]) -> list[str]:
    """Ids of the required items without a value."""
    return [one.item.id for one in lines if one.origin is Origin.MISSING]


def flat_line(lines: Sequence[Line]) -> bytes:
    """The values as one line of a flat file: TAB between fields, days as YYYYMMDD, an empty field for no value.

    Raises:
        Unusable: a value is longer than its field, or holds what such a file cannot.
    """
    return ("\t".join(map(_flat_cell, lines)) + "\n").encode("ascii")


def _line(item: Item, record: Record, stated: Mapping[str, Value]) -> Line:
    if item.id in stated:
        return Line(item, stated[item.id], Origin.STATED)
    value = None if item.value == STATED else record.values.get(item.value)
    if item.value in record.absent:
        return Line(item, value, Origin.ABSENT)
    if value is None or value == "":
        return Line(item, None, Origin.MISSING if item.is_required else Origin.EMPTY)
    return Line(item, value, Origin.LOG)


def _covered(item: Item, coverage: Coverage) -> Line:
    asked, held = coverage.asked.get(item.id, 0), coverage.held.get(item.id, 0)
    if held:
        return Line(item, f"{held}/{asked}", Origin.LOG)
    return Line(item, None, Origin.MISSING if item.is_required else Origin.EMPTY)


def _may_state(item: Item, profile: Profile) -> bool:
    return item.value == STATED or (profile.form is Form.FLAT and item.kind is ValueKind.TEXT)


def _stated_value(item: Item, value: object) -> Value:
    if item.kind is ValueKind.COUNT:
        if type(value) is not int or not 0 <= value <= STATED_COUNT_MAX:
            raise Unusable(f"{item.id} is no count.", f"State a whole number from 0 to {STATED_COUNT_MAX}.")
        return value
    if item.kind is ValueKind.DATE:
        return _day_text(item, value)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= TEXT_CHARS_MAX:
        raise Unusable(f"{item.id} is no text.", f"State 1 to {TEXT_CHARS_MAX} characters.")
    return value.strip()


def _day_text(item: Item, value: object) -> str:
    try:
        day = value if type(value) is date else date.fromisoformat(str(value))
    except ValueError as failure:
        raise Unusable(f"{item.id} is no day.", "State it as 2026-09-25.") from failure
    return day.isoformat()


def _flat_cell(line: Line) -> str:
    item = line.item
    text = "" if line.value is None else str(line.value)
    if item.kind is ValueKind.DATE:
        text = text.replace("-", "")
    if len(text) > item.width:
        raise Unusable(
            f"{item.id} has room for {item.width} characters, and {text[:60]!r} has {len(text)}.",
            f"State a shorter wording of {item.id} in the file that --stated names.",
        )
    if not text.isascii() or not (text.isprintable() or not text):
        raise Unusable(
            f"{item.id} holds characters that the file cannot: {text[:60]!r}.",
            f"State {item.id} in Latin letters in the file that --stated names.",
        )
    return text
