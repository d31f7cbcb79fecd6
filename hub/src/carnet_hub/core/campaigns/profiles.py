"""What a report to one authority says: its items, read from a versioned file.

Decides which files describe a report and that a value is one this program can give. A profile names its source and says
whether somebody has checked it against the official text; another list is another file, without a release. Does not
decide what the values are (`report_record`, `filing`) nor how they look (`profile_report`).

Three forms: `progress` (figures of one campaign), `flat` (the same as one line of a file with given widths) and
`filing` (what is on file about vehicles, dealers and owners, item by item).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from carnet_hub.core.campaigns.periods import EVERY, Schedule, Span
from carnet_hub.core.campaigns.report import FILE_NAME, MANIFEST_NAME, README_NAME
from carnet_hub.core.campaigns.toml_text import read_toml
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import PROFILE_ITEMS_MAX, TEXT_CHARS_MAX

E = TypeVar("E", bound=StrEnum)

STATED: Final = "stated"
"""The value of an item that nobody can derive: whoever files the report says it."""

NOT_KEPT: Final = "none"
"""The value of a filing item that is no record of Carnet."""

COUNTED: Final = frozenset(
    {
        *("campaign_no", "authority_no", "producer", "title", "plan_version", "finished_on"),
        *("report_no", "period_start", "period_end", "period_quarter", "period_quarters"),
        *("involved", "remedied", "removed", "open_reachable", "unreachable", "rate_strict", "rate_adjusted"),
        *("remedied_repaired", "remedied_replaced", "remedied_refunded", "remedied_software", "remedied_inspected_ok"),
        *("remedied_other", "exported", "scrapped", "stolen", "removed_other", "in_stock"),
        *("open_interim", "open_no_remedy"),
        *("notified_once", "notified_again", "letters_returned", "owner_notice_first", "owner_notice_last"),
    }
)
"""What a progress or flat report can say; `report_record` gives each of them a value."""

ON_FILE: Final[Mapping[str, frozenset[str]]] = {
    "vehicle": frozenset({"vin", "engine_no", "chassis_no", "build_on", "model_code", "fuel"}),
    "site": frozenset({"site_name", "city_name", "site_kind"}),
    "owner": frozenset({"name", "id_document", "address", "phone", "from_on"}),
}
"""What a filing report can look up, by whose it is."""

_NEEDED: Final = frozenset({"profile", "version", "country", "form", "label", "label_zh", "source", "status", "item"})
_ALLOWED: Final = _NEEDED | {"duty", "period", "schedule", "file"}
_ITEM_NEEDED: Final = frozenset({"id", "category", "label", "label_zh", "type", "value", "required", "source"})
_ITEM_ALLOWED: Final = _ITEM_NEEDED | {"of", "personal", "width"}

_FLAT_SUFFIX: Final = ".txt"
_TAKEN: Final = frozenset({MANIFEST_NAME.casefold(), README_NAME.casefold()})
"""The other files of a report with that suffix, as a disk that knows no capitals compares them."""


class Form(StrEnum):
    """How a report is put together."""

    PROGRESS = "progress"
    FLAT = "flat"
    FILING = "filing"


_FORM_NEEDED: Final[Mapping[Form, frozenset[str]]] = {
    Form.PROGRESS: frozenset({"period"}),
    Form.FLAT: frozenset({"schedule", "file"}),
    Form.FILING: frozenset(),
}


class ValueKind(StrEnum):
    """What a value of an item is."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    DATE = "date"
    PERCENT = "percent"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a report.

    Attributes:
        value: one of `COUNTED`, `STATED`, `NOT_KEPT`, or `whose.what` of `ON_FILE`.
        of: whose item it is in a filing list: producer, vehicle, site or owner; empty elsewhere.
        width: characters in a flat file; 0 elsewhere.
    """

    id: str
    category: str
    label: str
    label_zh: str
    kind: ValueKind
    value: str
    is_required: bool
    is_personal: bool
    of: str
    width: int
    source: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A report to one authority.

    Attributes:
        span: which time a progress report is about; None for other forms.
        schedule: which reports of a flat form there are; None for other forms.
        duty: id of the duty that the report keeps, see `duties`; empty for none.
        file_name: of the flat file; empty for other forms.
        is_verified: somebody checked it against the official text.
        text: the file it was read from, which travels with each report.
    """

    name: str
    version: str
    country: str
    form: Form
    label: str
    label_zh: str
    source: str
    is_verified: bool
    items: tuple[Item, ...]
    span: Span | None
    schedule: Schedule | None
    duty: str
    file_name: str
    text: str


def parse_profile(text: str) -> Profile:
    """A profile file.

    Args:
        text: TOML, see the shipped ones.

    Raises:
        Unusable: it is no such file, an item is there twice, or a value is none that this program gives.
    """
    held = read_toml(text, "The profile")
    if not {*held} >= _NEEDED or not {*held} <= _ALLOWED:
        raise _unusable("it lacks a name or has one that is unknown")
    form = _one_of(Form, held, "form")
    if not {*held} >= _FORM_NEEDED[form]:
        raise _unusable(f"the form {form} also needs {' and '.join(sorted(_FORM_NEEDED[form]))}")
    listed = held["item"]
    if not isinstance(listed, list) or not 0 < len(listed) <= PROFILE_ITEMS_MAX:
        raise _unusable(f"it needs 1 to {PROFILE_ITEMS_MAX} items")
    items = tuple(_item(one, form) for one in listed)
    if len({one.id for one in items}) != len(items):
        raise _unusable("an item is there twice")
    return Profile(
        _text(held, "profile"),
        _text(held, "version"),
        _text(held, "country"),
        form,
        _text(held, "label"),
        _text(held, "label_zh"),
        _text(held, "source"),
        _is_verified(held),
        items,
        _span(held) if form is Form.PROGRESS else None,
        _schedule(held) if form is Form.FLAT else None,
        _text(held, "duty") if "duty" in held else "",
        _file_name(held) if form is Form.FLAT else "",
        text,
    )


def _item(held: object, form: Form) -> Item:
    if not isinstance(held, dict) or not {*held} >= _ITEM_NEEDED or not {*held} <= _ITEM_ALLOWED:
        raise _unusable("an item lacks a name or has one that is unknown")
    if form is Form.FILING and "of" not in held:
        raise _unusable(f"{_text(held, 'id')} needs `of`: whose item it is")
    value, width = _text(held, "value"), held.get("width", 0)
    of = _text(held, "of") if form is Form.FILING else ""
    if not _is_known(value, form):
        raise _unusable(f"nothing gives the value {value[:40]}")
    if type(width) is not int or (form is Form.FLAT) != (width > 0):
        raise _unusable(f"the width of {_text(held, 'id')} is none")
    return Item(
        _text(held, "id"),
        _text(held, "category"),
        _text(held, "label"),
        _text(held, "label_zh"),
        _one_of(ValueKind, held, "type"),
        value,
        _flag(held, "required"),
        _flag(held, "personal") if "personal" in held else False,
        of,
        width,
        _text(held, "source"),
    )


def _is_known(value: str, form: Form) -> bool:
    if form is not Form.FILING:
        return value == STATED or value in COUNTED
    whose, _, what = value.partition(".")
    return value == NOT_KEPT or what in ON_FILE.get(whose, ())


def _span(held: Mapping[str, object]) -> Span:
    table = held.get("period")
    if not isinstance(table, dict) or not {"after"} <= {*table} <= {"after", "months"}:
        raise _unusable("its period needs `after`, and may have `months`")
    return Span(_text(table, "after"), _count(table, "months") if "months" in table else 0)


def _schedule(held: Mapping[str, object]) -> Schedule:
    table = held.get("schedule")
    if not isinstance(table, dict) or {*table} != {"after", "every", "first", "count", "due_days"}:
        raise _unusable("its schedule needs `after`, `every`, `first`, `count` and `due_days`")
    every = _text(table, "every")
    if every not in EVERY:
        raise _unusable("its schedule comes every quarter or every year")
    return Schedule(
        _text(table, "after"), every, _count(table, "first"), _count(table, "count"), _count(table, "due_days")
    )


def _file_name(held: Mapping[str, object]) -> str:
    """A name that stays in the folder of the report, that a manifest can list and that no other file there has."""
    name = _text(held, "file")
    if re.fullmatch(FILE_NAME, name) is None or not name.endswith(_FLAT_SUFFIX) or name.casefold() in _TAKEN:
        raise _unusable(
            f"file is no name of a flat file: at most 64 Latin letters, digits, dots, dashes and underscores, "
            f"{_FLAT_SUFFIX} at the end, and neither {MANIFEST_NAME} nor {README_NAME}"
        )
    return name


def _is_verified(held: Mapping[str, object]) -> bool:
    status = _text(held, "status")
    if status not in {"sourced", "unverified"}:
        raise _unusable("its status is none")
    return status == "sourced"


def _count(held: Mapping[str, object], name: str) -> int:
    value = held[name]
    if type(value) is not int or not 0 < value <= PROFILE_ITEMS_MAX:
        raise _unusable(f"{name} is no count from 1 to {PROFILE_ITEMS_MAX}")
    return value


def _flag(held: Mapping[str, object], name: str) -> bool:
    value = held[name]
    if not isinstance(value, bool):
        raise _unusable(f"{name} is neither true nor false")
    return value


def _one_of(kind: type[E], held: Mapping[str, object], name: str) -> E:
    value = _text(held, name)
    if value not in {*kind}:
        raise _unusable(f"{name} is none of {', '.join(kind)}")
    return kind(value)


def _text(held: Mapping[str, object], name: str) -> str:
    value = held[name]
    if not isinstance(value, str) or not 0 < len(value.strip()) <= TEXT_CHARS_MAX or not value.isprintable():
        raise _unusable(f"{name} is no text on one line")
    return value


def _unusable(problem: str) -> Unusable:
    return Unusable(f"The profile cannot be used: {problem}.", "Correct the file; nothing was changed.")
