"""How a site arranges its day: bays, hours that can be booked, stages of the board.

Decides which rows the page has, how a time of day is typed, and that whatever was typed into any of them is saved in
one go. A row with an id was on file, based on the heads it was rendered from; one in which nothing was typed says
nothing. Of the hours, every weekday has a row, the one made last where there are several; of the special days, those to
come. Bays and stages stand by their place.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.arranging import ARRANGED, arrange, rearrange
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.desk_limits import ARRANGED_ROWS_MAX
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day, today_at_site
from carnet_node.core.refusals import Problem, ProblemCode, refuse_together
from carnet_node.core.roles import Permission
from carnet_node.core.saving.basis import read_of_view
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.entrypoints.pages.customer_forms import changed, gathered, row_on_file, text_of
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, show_form
from carnet_node.entrypoints.pages.shop.day import SCREEN
from carnet_node.entrypoints.pages.typed import Reader
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import BAY, BOARD_STAGE, BOOKING_HOURS, STAGE_SENSES
from carnet_protocol.registry import Kind, Value

router = APIRouter(prefix="/arrangement")

NEW_ROWS: Final = 3
"""Empty rows behind the special days, bays and stages on file."""

_HOURS: Final = ("opens_minute", "closes_minute", "slot_minutes", "cars_per_slot_max", "minutes_per_day_max")
ROWS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "weekdays": (BOOKING_HOURS, ("weekday", *_HOURS)),
    "special_days": (BOOKING_HOURS, ("special_on", *_HOURS)),
    "bays": (BAY, ("bay_code", "bay_name", "place_no", "is_in_use")),
    "stages": (BOARD_STAGE, ("stage", "stage_name", "stage_sense", "place_no", "is_in_use")),
}
"""Kind and fields of each list of the form."""

_SAY_NOTHING: Final = frozenset({"weekday", "stage_sense"})
"""Fields that hold something in a row into which nobody has typed."""

_TIMES: Final = frozenset({"opens_minute", "closes_minute"})
_WEEKDAYS: Final = range(1, 8)
_MINUTES: Final = 60
_DAY_MINUTES: Final = 24 * _MINUTES
_CLOCK: Final = re.compile(r"([0-9]{1,2}):?([0-5][0-9])")


@router.get("")
async def show_arrangement(page: PageOf, saved: str = "") -> Response:
    """Bays, hours and stages of the site, for whoever may arrange them.

    Args:
        saved: not empty when they come from saving it.
    """

    def _begin() -> tuple[Mapping[str, str], str]:
        _require(page.node)
        return _as_texts(page.node), ""

    return await show_form(_shape(page, is_saved=bool(saved)), _begin)


@router.post("")
async def change(page: PageOf) -> Response:
    """Save whatever was typed into any row, as one change set."""
    typed = page.typed()
    drafts = partial(_drafts, typed=typed, clockface=page.pages.renderer.clockface)
    return await save_form(_shape(page), typed, drafts, f"{router.prefix}?saved=1")


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


def _shape(page: Page, *, is_saved: bool = False) -> RecordForm:
    def _context(form: FormState) -> Mapping[str, Any]:
        places = {name: _places(form, name) for name in ROWS}
        return {"places": places, "senses": STAGE_SENSES, "is_saved": is_saved}

    return RecordForm(page, "shop/arrangement.html", SCREEN, router.prefix, _context)


def _places(form: FormState, name: str) -> tuple[int, ...]:
    """Places of a list's rows; a form that comes back has its empty rows already."""
    known = _places_of(form.typed, name)
    is_whole = form.explained is not None or name == "weekdays"
    return known if is_whole else (*known, *range(len(known), len(known) + NEW_ROWS))


def _places_of(typed: Typed, name: str) -> tuple[int, ...]:
    return tuple(range(len(_WEEKDAYS))) if name == "weekdays" else typed.places(name)


def _as_texts(node: Node) -> dict[str, str]:
    """What is on file, as the fields of the form; every weekday has a row."""
    texts: dict[str, str] = {}
    for name, views in _rows(node).items():
        for place, view in enumerate(views):
            where = f"{name}[{place}]."
            if view is None:
                texts[where + "weekday"] = str(_WEEKDAYS[place])
                continue
            texts |= {where + one: _text(one, view.values.get(one)) for one in ROWS[name][1]}
            texts |= {where + "id": record_text(view.id), where + BASED_ON: view.heads.to_text()}
    return {name: text for name, text in texts.items() if text}


def _rows(node: Node) -> dict[str, Sequence[RecordView | None]]:
    """What is on file, list by list; None for a weekday without hours."""
    known, today = _known(node), site_day(node).isoformat()
    hours = known[BOOKING_HOURS.name]
    weekdays = {one.values["weekday"]: one for one in hours if one.values.get("weekday")}
    special = {str(one.values["special_on"]): one for one in hours if one.values.get("special_on")}
    to_come = [special[day] for day in sorted(special) if day >= today]
    return {
        "weekdays": [weekdays.get(day) for day in _WEEKDAYS],
        "special_days": to_come[:ARRANGED_ROWS_MAX],
        "bays": _by_place(known[BAY.name]),
        "stages": _by_place(known[BOARD_STAGE.name]),
    }


def _known(node: Node) -> dict[str, list[RecordView]]:
    with node.store.read() as tx:
        return {
            name: list(view_all(tx, node.identity, tx.list_records(kind, None, LIST_ROWS_MAX)))
            for name, kind in ARRANGED.items()
        }


def _by_place(views: Iterable[RecordView]) -> Sequence[RecordView]:
    """By place; what has none stands behind."""
    placed = sorted(
        views, key=lambda one: (one.values.get("place_no") is None, one.values.get("place_no") or 0, one.id)
    )
    return placed[:ARRANGED_ROWS_MAX]


def _text(name: str, value: Value) -> str:
    return clock_of(value) if name in _TIMES else text_of(value)


def _drafts(node: Node, new_id: NewId, *, typed: Typed, clockface: Clockface) -> Drafts:
    _require(node)
    return gathered(_Form(node, _known(node), typed, clockface, new_id).parts())


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that was sent, beside what is on file."""

    node: Node
    known: Mapping[str, Sequence[RecordView]]
    typed: Typed
    clockface: Clockface
    new_id: NewId

    def parts(self) -> Iterator[tuple[str, Callable[[], Drafts]]]:
        """Each row, and what stands before its fields."""
        for name in ROWS:
            for place in _places_of(self.typed, name):
                where = f"{name}[{place}]."
                row = self.known_row if self.typed.text(where + "id") else self.new_row
                yield where, partial(row, name, where)

    def known_row(self, name: str, where: str) -> Drafts:
        """What changes of a row that is on file."""
        kind, _ = ROWS[name]
        view = row_on_file(self.known[kind.name], self.typed.text(where + "id"))
        values, problems = self.values(name, where)
        changes = changed(view, values, self.typed, where)
        if not changes and not problems:
            return ()
        read = read_of_view(view, self.typed.text(where + BASED_ON), changes)
        return refuse_together(problems, lambda: rearrange(kind, read, changes, today_at_site(self.node)))

    def new_row(self, name: str, where: str) -> Drafts:
        """What a new row states; nothing where nothing was typed."""
        kind, fields = ROWS[name]
        if not any(self.typed.text(where + one) for one in fields if one not in _SAY_NOTHING):
            return ()
        values, problems = self.values(name, where)
        stated = {one: value for one, value in values.items() if value is not None and value is not False}
        return refuse_together(problems, lambda: arrange(kind, stated, self.new_id, today_at_site(self.node)))

    def values(self, name: str, where: str) -> tuple[dict[str, Value], list[Problem]]:
        """What a row states, and what in it means nothing."""
        kind, fields = ROWS[name]
        reader = Reader(self.clockface)
        values = reader.values(kind, {one: self.typed.text(where + one) for one in fields if one not in _TIMES})
        for one in sorted(_TIMES & set(fields)):
            text = self.typed.text(where + one)
            try:
                values[one] = minute_of(text) if text else None
            except ValueError:
                what = "This is not a time of day."
                reader.problems.append(Problem(one, ProblemCode.BAD_VALUE, what, "Enter it as HH:MM."))
        return values, reader.problems


def _require(node: Node) -> None:
    with node.store.read() as tx:
        require(node, tx, Permission.ARRANGE)
