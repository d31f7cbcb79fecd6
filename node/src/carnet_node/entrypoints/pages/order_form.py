"""The form that changes what an order says: promise, condition, notes, who brought the car.

Decides how the order's own fields become texts and come back as changes. A promise that moves says why; a corrected
odometer takes the reading of its day along (`core.editing.order_drafts`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.check_in import OTHER_REASON
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.refusals import Problem, refuse_together
from carnet_node.core.saving.basis import read_of_view, reading_as_read
from carnet_node.core.saving.editing import Recorded, order_drafts, require_vehicle, require_visit
from carnet_node.core.showing.reading_check import doubts_of
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import VisitView
from carnet_node.core.staff.access_log import begin_showing
from carnet_node.core.staff.staff import list_staff
from carnet_node.core.staff.staff_list import is_working
from carnet_node.entrypoints.pages.customer_forms import changed, text_of
from carnet_node.entrypoints.pages.formats import Clockface, phone_in_field, yuan
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.phone_forms import doubted_phones
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, show_form
from carnet_node.entrypoints.pages.typed import READ_AGAIN, TICKED, Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import VISIT
from carnet_protocol.registry import Value

router = APIRouter(prefix="/visits")

FIELDS: Final = (
    "sender_name",
    "sender_phone",
    "odometer_in_km",
    "is_odometer_unknown",
    "fuel_level_percent",
    "is_towed_in",
    "belongings",
    "visit_kind",
    "promised_at",
    "advisor_code",
    "old_part_wish",
    "estimate_fen",
    "customer_note",
    "internal_note",
)


@router.get("/{visit}/edit")
async def show_edit(page: PageOf, visit: str) -> Response:
    """What the order says, to be changed; the asking is noted."""
    record = record_from_text(visit)
    return await show_form(_shape(page, record), partial(_begin, page, record))


@router.post("/{visit}/edit")
async def change(page: PageOf, visit: str) -> Response:
    """Change what was changed in the form, from the heads it was rendered from."""
    record, typed = record_from_text(visit), page.typed()
    drafts = partial(_drafts, record=record, typed=typed, clockface=page.pages.renderer.clockface)
    address, begin = f"{router.prefix}/{record_text(record)}", partial(_begin, page, record)
    return await save_form(_shape(page, record), typed, drafts, address, begin)


def order_as_texts(view: RecordView, clockface: Clockface) -> dict[str, str]:
    """What is on file, as the fields of the form."""
    texts = {name: text_of(view.values.get(name)) for name in FIELDS}
    texts["sender_phone"] = phone_in_field(view.values.get("sender_phone"))
    if view.values.get("promised_at") is not None:
        texts["promised_at"] = clockface.moment(view.values["promised_at"])
    if view.values.get("estimate_fen") is not None:
        texts["estimate_fen"] = yuan(view.values["estimate_fen"])
    return {name: text for name, text in texts.items() if text}


def _begin(page: Page, visit: RecordId) -> tuple[Mapping[str, str], str]:
    """What stands in the form of an order; who asked is noted."""
    view = require_visit(page.node, visit)
    begin_showing(page.node, Access.SHOWN, "order form")
    texts = order_as_texts(view.visit, page.pages.renderer.clockface)
    if view.reading is not None:
        texts["reading_based_on"] = view.reading.heads.to_text()
    return texts, view.visit.heads.to_text()


def _drafts(node: Node, new_id: NewId, *, record: RecordId, typed: Typed, clockface: Clockface) -> Drafts:
    view = require_visit(node, record)
    reader = Reader(clockface)
    changes = changed(view.visit, reader.values(VISIT, {name: typed.text(name) for name in FIELDS}), typed, "")
    doubts = reader.problems + _odometer_doubts(node, view, changes, typed)
    doubts += doubted_phones(typed, "sender_phone")
    if not changes and not doubts:
        return ()
    read = read_of_view(view.visit, typed.text(BASED_ON), changes)
    reading = reading_as_read(view, typed.text("reading_based_on") or None, changes)
    reason = typed.text("promise_reason") or OTHER_REASON
    command = partial(order_drafts, node, read, changes, Recorded(reading, ()), new_id, promise_reason=reason)
    return refuse_together(doubts, command)


def _odometer_doubts(node: Node, view: VisitView, changes: Mapping[str, Value], typed: Typed) -> list[Problem]:
    """What speaks against another odometer at arrival, unless it was read again."""
    if "odometer_in_km" not in changes or view.vehicle is None or typed.text(READ_AGAIN) == TICKED:
        return []
    readings, opened_at = require_vehicle(node, view.vehicle.id).readings, view.visit.values.get("opened_at")
    moment = opened_at if isinstance(opened_at, int) else node.clock.now_ms()
    return doubts_of(readings, changes["odometer_in_km"], moment, field="odometer_in_km", besides=view.visit.id)


def _shape(page: Page, record: RecordId) -> RecordForm:
    name = record_text(record)

    def _context(_: FormState) -> Mapping[str, Any]:
        return {
            "order": require_visit(page.node, record),
            "advisors": [one.view for one in list_staff(page.node) if is_working(one.view)],
        }

    address = f"{router.prefix}/{name}/edit"
    return RecordForm(page, "order_form.html", "orders", address, _context, draft=f"visit-{name}")
