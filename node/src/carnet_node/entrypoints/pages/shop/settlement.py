"""Settlement and hand-over: what an order comes to and who pays it, and the car that goes back to its customer.

Decides addresses and what the two forms state. A total is sent back as the page showed it, so that a line which
somebody else changed meanwhile is never settled unseen. Voiding an order before that is `orders`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.settlement import hand_over, settle_visit
from carnet_node.core.commands.visits import Step, take_step
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.refusals import refuse_together
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.correcting import corrected_of, open_correction
from carnet_node.core.saving.editing import require_visit
from carnet_node.core.showing.bill import bill_of, unanswered_jobs, unpriced_jobs, usual_bill
from carnet_node.core.showing.undone_recalls import (
    LEFT_OPEN,
    leaving_doubts,
    left_open_answer,
    open_at_leaving,
    recalls_of_car,
    why_open,
)
from carnet_node.core.showing.views import VisitView
from carnet_node.entrypoints.pages.customer_forms import text_of
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, show_form
from carnet_node.entrypoints.pages.shop.bill_form import bill_as_texts, share_rows, stated_bill
from carnet_node.entrypoints.pages.typed import READ_AGAIN, TICKED, Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.visits import JUDGED_BY
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import DISCOUNT_REASONS, PAY_METHODS, PAYER_KINDS, VISIT

router = APIRouter(prefix="/visits")

HANDED_OVER: Final = ("odometer_out_km", "next_service_on", "next_service_km")
_MAY_CALL: Final = {"yes": True, "no": False}
"""What the customer said about being called; anything else means that nobody asked."""


@router.get("/{visit}/settle")
async def show_settlement(page: PageOf, visit: str) -> Response:
    """The bill of an order whose work is done, with the usual payers, or those of the order that it corrects."""
    record = record_from_text(visit)

    def _texts(view: VisitView) -> dict[str, str]:
        return bill_as_texts(usual_bill(view, corrected_of(page.node, view)))

    return await show_form(_bill(page, record), lambda: _begin(page.node, record, "settled", _texts))


@router.post("/{visit}/settle")
async def settle(page: PageOf, visit: str) -> Response:
    """Settle a bill that adds up; from there on the order does not change."""
    record, typed = record_from_text(visit), page.typed()
    drafts = partial(_settled, record=record, typed=typed, clockface=page.pages.renderer.clockface)
    return await save_form(_bill(page, record), typed, drafts, f"{router.prefix}/{record_text(record)}")


@router.get("/{visit}/hand-over")
async def show_hand_over(page: PageOf, visit: str) -> Response:
    """What is noted when a settled car goes back to its customer."""
    record = record_from_text(visit)

    def _texts(view: VisitView) -> dict[str, str]:
        return {name: text for name in HANDED_OVER if (text := text_of(view.visit.values.get(name)))}

    return await show_form(_delivery(page, record), lambda: _begin(page.node, record, "closed", _texts))


@router.post("/{visit}/hand-over")
async def give_back(page: PageOf, visit: str) -> Response:
    """The car has left, with the day it should come back and what its customer said about being called."""
    record, typed = record_from_text(visit), page.typed()
    drafts = partial(_handed_over, record=record, typed=typed, clockface=page.pages.renderer.clockface)
    return await save_form(_delivery(page, record), typed, drafts, f"{router.prefix}/{record_text(record)}")


@router.post("/{visit}/correct")
async def correct(page: PageOf, visit: str) -> Response:
    """Open the order that puts a settled one right, and go there."""
    record, typed = record_from_text(visit), page.typed()

    def _work(node: Node) -> str:
        opened = open_correction(node, record, typed.text(BASED_ON))
        return f"{router.prefix}/{record_text(opened.visit)}"

    return await page.save(typed, _work, page.failed)


def _begin(
    node: Node, record: RecordId, state: str, texts: Callable[[VisitView], dict[str, str]]
) -> tuple[Mapping[str, str], str]:
    """What a form begins with, of an order that may go on to a state.

    Raises:
        CommandRefused: no such order here, or it cannot become that.
    """
    view = require_visit(node, record)
    take_step(Step(view.visit.read(), node.clock.now_ms()), state, {})
    return texts(view), view.visit.heads.to_text()


def _settled(node: Node, _: NewId, *, record: RecordId, typed: Typed, clockface: Clockface) -> Drafts:
    view, reader = require_visit(node, record), Reader(clockface)
    step = _step(node, view, typed, {})
    bill = stated_bill(view, typed, reader)
    return refuse_together(reader.problems, lambda: bill.settle(partial(settle_visit, step)))


def _handed_over(node: Node, new_id: NewId, *, record: RecordId, typed: Typed, clockface: Clockface) -> Drafts:
    view, reader = require_visit(node, record), Reader(clockface)
    values = reader.stated(VISIT, {name: typed.text(name) for name in HANDED_OVER})
    km, is_again = values.get("odometer_out_km"), typed.text(READ_AGAIN) == TICKED
    doubts = leaving_doubts(node, view, km, is_read_again=is_again, said=typed.text(LEFT_OPEN))
    step, may_call = _step(node, view, typed, values), _MAY_CALL.get(typed.text("may_call"))
    return refuse_together([*reader.problems, *doubts], lambda: hand_over(step, new_id, may_call=may_call))


def _step(node: Node, view: VisitView, typed: Typed, values: Mapping[str, Any]) -> Step:
    read = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY)
    return Step(read, node.clock.now_ms(), view.work(), values, today_at_site(node), view.credit)


def _bill(page: Page, record: RecordId) -> RecordForm:
    def _context(form: FormState) -> Mapping[str, Any]:
        return {
            **_order(page.node, record, form),
            "rows": share_rows(form.typed),
            "discount_reasons": DISCOUNT_REASONS,
            "payer_kinds": PAYER_KINDS,
            "pay_methods": PAY_METHODS,
        }

    return _shape(page, record, "settle", _context)


def _delivery(page: Page, record: RecordId) -> RecordForm:
    return _shape(page, record, "hand-over", lambda form: _order(page.node, record, form))


def _shape(page: Page, record: RecordId, name: str, context: Callable[[FormState], Mapping[str, Any]]) -> RecordForm:
    address = f"{router.prefix}/{record_text(record)}/{name}"
    template = f"shop/{name.replace('-', '_')}.html"
    return RecordForm(page, template, "orders", address, context, draft=f"{name}-{record_text(record)}")


def _order(node: Node, record: RecordId, form: FormState) -> dict[str, Any]:
    """The order as it is now: what a person sends back is what they saw, so the form carries the heads of that."""
    view = require_visit(node, record)
    form = replace(form, based_on=view.visit.heads.to_text())
    recalls = recalls_of_car(node, view)
    hits = open_at_leaving(view, recalls)
    return {
        "form": form,
        "order": view,
        "corrected": corrected_of(node, view),
        "bill": bill_of(view),
        "unanswered": unanswered_jobs(view),
        "unpriced": unpriced_jobs(view),
        "recalls": recalls,
        "open_recalls": hits,
        "undone": why_open(view, hits),
        "left_open": left_open_answer(hits),
    }
