"""How a site arranges its day: bays, hours that can be booked, stages of the board.

Decides addresses, and how a time of day is typed. Each record is a row with a form of its own. Of the hours, every
weekday has a row, the one made last where there are several; of the special days, those to come.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.arranging import ARRANGED, arrange, rearrange
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day, today_at_site
from carnet_node.core.refusals import Problem, ProblemCode, refuse_together
from carnet_node.core.roles import Permission
from carnet_node.core.saving.basis import read_of_view
from carnet_node.core.saving.editing import require_record
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.entrypoints.pages.customer_forms import changed, text_of
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed, digests_of
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form
from carnet_node.entrypoints.pages.shop.day import SCREEN
from carnet_node.entrypoints.pages.typed import Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import BAY, BOARD_STAGE, BOOKING_HOURS, STAGE_SENSES
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value

router = APIRouter(prefix="/arrangement")

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    BAY.name: ("bay_code", "bay_name", "place_no", "is_in_use"),
    BOARD_STAGE.name: ("stage", "stage_name", "stage_sense", "place_no", "is_in_use"),
    BOOKING_HOURS.name: (
        "weekday",
        "special_on",
        "opens_minute",
        "closes_minute",
        "slot_minutes",
        "cars_per_slot_max",
        "minutes_per_day_max",
    ),
}
_TIMES: Final = frozenset({"opens_minute", "closes_minute"})
_WEEKDAYS: Final = range(1, 8)
_MINUTES: Final = 60
_DAY_MINUTES: Final = 24 * _MINUTES
_CLOCK: Final = re.compile(r"([0-9]{1,2}):?([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the page.

    Attributes:
        name: of its form: the record's id, or what a new one is about.
        address: that its form is sent to.
        form: what stands in it.
        based_on: the heads it was rendered from; empty for a new one.
    """

    name: str
    address: str
    form: FormState
    based_on: str = ""


@router.get("")
async def show_arrangement(page: PageOf) -> Response:
    """Bays, hours and stages of the site, for whoever may arrange them."""
    shape = _shape(page, "")

    def _read() -> Mapping[str, Any]:
        with page.node.store.read() as tx:
            require(page.node, tx, Permission.ARRANGE)
        return shape.context(FormState())

    return await page.show(shape.template, _read, screen=SCREEN, form=FormState())


@router.post("/{kind}")
async def add(page: PageOf, kind: str) -> Response:
    """A new bay, stage, or set of hours."""
    of, typed = _arranged(kind), page.typed()

    def _drafts(node: Node, new_id: NewId) -> Drafts:
        values, reader = _values(page, of, typed)
        stated = {name: value for name, value in values.items() if value is not None and value is not False}
        return refuse_together(reader.problems, lambda: arrange(of, stated, new_id, today_at_site(node)))

    return await save_form(_shape(page, typed.text("line")), typed, _drafts, router.prefix)


@router.post("/{kind}/{record}")
async def change(page: PageOf, kind: str, record: str) -> Response:
    """Change a bay, a stage or hours."""
    of, one, typed = _arranged(kind), record_from_text(record), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        values, reader = _values(page, of, typed)
        view = require_record(node, of, one)
        changes = changed(view, values, typed, "")
        read = read_of_view(view, typed.text(BASED_ON), changes)
        return refuse_together(reader.problems, lambda: rearrange(of, read, changes, today_at_site(node)))

    return await save_form(_shape(page, typed.text("line")), typed, _drafts, router.prefix)


def minute_of(text: str) -> int:
    """Minutes since midnight of a time of day: 08:30, 8:30, 0830; 24:00 is the end of the day.

    Raises:
        ValueError: none.
    """
    match = _CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip())
    minute = _DAY_MINUTES + 1 if match is None else int(match[1]) * _MINUTES + int(match[2])
    if minute > _DAY_MINUTES:
        raise ValueError("no time of day")
    return minute


def clock_of(minute: Value) -> str:
    """A time of day as people type it; empty for none."""
    return f"{minute // _MINUTES:02}:{minute % _MINUTES:02}" if isinstance(minute, int) else ""


def _values(page: Page, kind: Kind, typed: Typed) -> tuple[dict[str, Value], Reader]:
    """What a row states, and what in it means nothing."""
    reader = Reader(page.pages.renderer.clockface)
    fields = [name for name in FIELDS[kind.name] if name not in _TIMES]
    values = reader.values(kind, {name: typed.text(name) for name in fields})
    for name in sorted(_TIMES & set(FIELDS[kind.name])):
        text = typed.text(name)
        try:
            values[name] = minute_of(text) if text else None
        except ValueError:
            what = "This is not a time of day."
            reader.problems.append(Problem(name, ProblemCode.BAD_VALUE, what, "Enter it as HH:MM."))
    return values, reader


def _shape(page: Page, sent: str) -> RecordForm:
    """The page of all rows.

    Args:
        sent: the name of the row that was sent, which shows what was typed.
    """

    def _context(form: FormState) -> Mapping[str, Any]:
        known = _known(page.node)
        rows = {
            BAY.name: [*_lines(BAY, known[BAY.name]), _new(BAY, "bay")],
            BOOKING_HOURS.name: _weekdays(known[BOOKING_HOURS.name]),
            "special": [*_special(page.node, known[BOOKING_HOURS.name]), _new(BOOKING_HOURS, "special")],
            BOARD_STAGE.name: [*_lines(BOARD_STAGE, known[BOARD_STAGE.name]), _new(BOARD_STAGE, "stage")],
        }
        shown = {name: [_as_sent(one, form, sent) for one in lines] for name, lines in rows.items()}
        return {"lines": shown, "senses": STAGE_SENSES, "sent": sent}

    return RecordForm(page, "shop/arrangement.html", SCREEN, router.prefix, _context)


def _known(node: Node) -> dict[str, list[RecordView]]:
    with node.store.read() as tx:
        return {
            name: list(view_all(tx, node.identity, tx.list_records(kind, None, LIST_ROWS_MAX)))
            for name, kind in ARRANGED.items()
        }


def _lines(kind: Kind, views: Iterable[RecordView]) -> list[Line]:
    """By place; what has none stands behind."""
    placed = sorted(
        views, key=lambda one: (one.values.get("place_no") is None, one.values.get("place_no") or 0, one.id)
    )
    return [_line(kind, one) for one in placed]


def _weekdays(views: Iterable[RecordView]) -> list[Line]:
    last = {one.values["weekday"]: one for one in views if one.values.get("weekday")}
    return [
        _line(BOOKING_HOURS, last[day]) if day in last else _new(BOOKING_HOURS, f"weekday-{day}", {"weekday": str(day)})
        for day in _WEEKDAYS
    ]


def _special(node: Node, views: Iterable[RecordView]) -> list[Line]:
    today = site_day(node).isoformat()
    last = {str(one.values["special_on"]): one for one in views if one.values.get("special_on")}
    return [_line(BOOKING_HOURS, last[day]) for day in sorted(last) if day >= today]


def _line(kind: Kind, view: RecordView) -> Line:
    said = view.values
    texts = {
        name: clock_of(said.get(name)) if name in _TIMES else text_of(said.get(name)) for name in FIELDS[kind.name]
    }
    name, heads = record_text(view.id), view.heads.to_text()
    form = FormState(Typed({one: (text,) for one, text in texts.items()}), based_on=heads, was=digests_of(texts))
    return Line(name, f"{router.prefix}/{kind.name}/{name}", form, heads)


def _new(kind: Kind, name: str, texts: Mapping[str, str] | None = None) -> Line:
    form = FormState(Typed({one: (text,) for one, text in (texts or {}).items()}))
    return Line(name, f"{router.prefix}/{kind.name}", form)


def _as_sent(line: Line, form: FormState, sent: str) -> Line:
    return Line(line.name, line.address, form, form.based_on) if form.explained and line.name == sent else line


def _arranged(name: str) -> Kind:
    kind = ARRANGED.get(name)
    if kind is None:
        raise BadValue(Reason.NOT_FOUND, "kind", "not one of those that a site arranges")
    return kind
