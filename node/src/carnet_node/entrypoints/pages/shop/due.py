"""Whom to remind today, of what, and what came of it; until when a car is insured and inspected.

Decides addresses and what a form states. Whoever must not be called stands on the page locked, without a number; that
the page was read is noted, since it shows on which days people have their birthday.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from carnet_node.core.commands.cleaning import is_calendar_date
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.reminding import note_car_dates
from carnet_node.core.exchange.lists import due_list
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day, today_at_site
from carnet_node.core.refusals import ProblemCode, refuse, refuse_together
from carnet_node.core.saving.basis import read_of_view
from carnet_node.core.saving.editing import nothing_here, require_visit_references
from carnet_node.core.saving.reminding import due_today, remind
from carnet_node.core.shop_limits import DUE_SHOWN_MAX
from carnet_node.core.showing.car_dates import DatesOfCar, DatesOfCustomer, dates_of_car
from carnet_node.core.staff.access_log import note_list
from carnet_node.entrypoints.pages.customer_forms import changed, gathered, text_of
from carnet_node.entrypoints.pages.exchange import exported
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, save_work, show_form
from carnet_node.entrypoints.pages.typed import Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import CAR_DATES, CONTACT_CHANNELS, REMINDER, REMINDER_RESULTS, VEHICLE
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value

router = APIRouter()

ADDRESS: Final = "/due"
SAID: Final = ("vehicle_id", "occasion", "due_on", "channel", "result")
DAYS: Final = ("insurance_until_on", "inspection_until_on")
_BETWEEN: Final = "="
"""Between customer, occasion, day and car in the name of a row."""

Day = Annotated[str | None, Query(max_length=10)]


@router.get("/due")
async def show_due(page: PageOf, day: Day = None) -> Response:
    """Everybody of whom something is due on a day, soonest first."""
    asked = _day_of(page, day)
    return await page.show("shop/due.html", lambda: _lines(page.node, asked), screen="orders", form=FormState())


@router.post("/due/reminders")
async def note(page: PageOf) -> Response:
    """What came of a reminder; who must not be called is refused, and so is a reminder without a result."""
    typed = page.typed()
    asked = _day_of(page, typed.text("day") or None)
    reader = Reader(page.pages.renderer.clockface)
    values = reader.stated(REMINDER, {name: typed.text(name) for name in SAID})
    customer = record_from_text(typed.text("customer"))

    def _save(node: Node) -> str:
        require_visit_references(node, values)
        refuse_together(reader.problems, lambda: remind(node, customer, values))
        return ADDRESS if asked == site_day(node) else f"{ADDRESS}?day={asked.isoformat()}"

    def _context(_: FormState) -> Mapping[str, Any]:
        return _lines(page.node, asked)

    return await save_work(RecordForm(page, "shop/due.html", "orders", ADDRESS, _context), typed, _save)


@router.post("/due/export")
async def export(page: PageOf) -> Response:
    """The list of the day that is shown, as .xlsx."""
    typed = page.typed()
    return await exported(page, due_list(_day_of(page, typed.text("day") or None)), typed)


@router.get("/vehicles/{vehicle}/dates")
async def show_dates(page: PageOf, vehicle: str) -> Response:
    """Until when a car is insured and inspected, as each of its customers said."""
    record = record_from_text(vehicle)
    return await show_form(_dates(page, record), lambda: (_as_texts(_require(page.node, record)), ""))


@router.post("/vehicles/{vehicle}/dates")
async def change_dates(page: PageOf, vehicle: str) -> Response:
    """Change the days that were changed in the form, in one change set."""
    record, typed = record_from_text(vehicle), page.typed()
    drafts = partial(_drafts, vehicle=record, typed=typed, clockface=page.pages.renderer.clockface)
    return await save_form(_dates(page, record), typed, drafts, f"/vehicles/{record_text(record)}")


def _day_of(page: Page, text: str | None) -> date:
    if not text:
        return site_day(page.node)
    if not is_calendar_date(text):
        raise BadValue(Reason.BAD_FIELD, "day", "not YYYY-MM-DD")
    return date.fromisoformat(text)


def _lines(node: Node, asked: date) -> Mapping[str, Any]:
    lines = due_today(node, asked)
    note_list(node, "due", len(lines))
    return {
        "lines": [
            (_row(one.due.customer, one.due.occasion, one.due.due_on, one.due.vehicle), one)
            for one in lines[:DUE_SHOWN_MAX]
        ],
        "line_count": len(lines),
        "day": asked,
        "today": site_day(node),
        "day_before": asked - timedelta(1),
        "day_after": asked + timedelta(1),
        "channels": CONTACT_CHANNELS,
        "results": REMINDER_RESULTS,
    }


def _row(customer: RecordId, occasion: str, due_on: date, vehicle: RecordId | None) -> str:
    """What tells one line from another, where a refused form has to find its own."""
    return _BETWEEN.join(
        [record_text(customer), occasion, due_on.isoformat(), "" if vehicle is None else record_text(vehicle)]
    )


def _require(node: Node, vehicle: RecordId) -> DatesOfCar:
    found = dates_of_car(node, vehicle)
    if found is None:
        raise nothing_here(VEHICLE.name)
    return found


def _as_texts(found: DatesOfCar) -> dict[str, str]:
    """What is on file, as the fields of the form."""
    texts = {}
    for place, one in enumerate(found.customers):
        where = f"dates[{place}]."
        texts[where + "customer"] = record_text(one.customer.id)
        if one.dates is not None:
            texts |= {where + name: text_of(one.dates.values.get(name)) for name in DAYS}
            texts[where + BASED_ON] = one.dates.heads.to_text()
    return {name: text for name, text in texts.items() if text}


def _dates(page: Page, vehicle: RecordId) -> RecordForm:
    def _context(_: FormState) -> Mapping[str, Any]:
        return {"dates": _require(page.node, vehicle)}

    name = record_text(vehicle)
    return RecordForm(page, "shop/car_dates.html", "", f"/vehicles/{name}/dates", _context, draft=f"dates-{name}")


def _drafts(node: Node, new_id: NewId, *, vehicle: RecordId, typed: Typed, clockface: Clockface) -> Drafts:
    found = {record_text(one.customer.id): one for one in _require(node, vehicle).customers}

    def _rows() -> Iterator[tuple[str, Any]]:
        for place in typed.places("dates"):
            where = f"dates[{place}]."
            one = found.get(typed.text(where + "customer"))
            yield where, partial(_row_drafts, node, new_id, vehicle, one, typed, where, clockface)

    return gathered(_rows())


def _row_drafts(  # noqa: PLR0917  (a row of a form, and what every row needs)
    node: Node,
    new_id: NewId,
    vehicle: RecordId,
    one: DatesOfCustomer | None,
    typed: Typed,
    where: str,
    clockface: Clockface,
) -> Drafts:
    if one is None:
        what = "Somebody else has taken this row away."
        raise refuse("customer", ProblemCode.NOT_FOUND, what, "Open the page again.")
    reader, texts = Reader(clockface), typed.below(where)
    said = reader.values(CAR_DATES, {name: texts.get(name, "") for name in DAYS})
    today = today_at_site(node)
    link: dict[str, Value] = {"vehicle_id": vehicle, "customer_id": one.customer.id}
    if one.dates is None:
        stated = {name: value for name, value in said.items() if value is not None}
        if not stated and not reader.problems:
            return ()
        return refuse_together(reader.problems, lambda: note_car_dates(link, None, stated, new_id, today))
    changes = changed(one.dates, said, typed, where)
    if not changes and not reader.problems:
        return ()
    read = read_of_view(one.dates, texts.get(BASED_ON, ""), changes)
    return refuse_together(reader.problems, lambda: note_car_dates({}, read, changes, new_id, today))
