"""Repair orders: those in the shop, the page of one, its steps, more work, recalls done, and its sheets for paper.

Decides addresses and which command a request is. Every form of the page carries the heads it was rendered from; the
steps it offers are the registry's. A sheet is a page of its own, made for paper, and printing it is noted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import segno
from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.recall_work import SHOWN_FIELDS, retract_completion
from carnet_node.core.commands.staging import ENDS_BY_RULE
from carnet_node.core.commands.visits import (
    Step,
    add_jobs,
    complete_visit,
    start_visit,
    void_visit,
)
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.recalls.recall_check import RecallHit
from carnet_node.core.recalls.recall_terms import methods_of
from carnet_node.core.refusals import refuse_together
from carnet_node.core.saving.basis import as_read, completions_as_read, read_for_step
from carnet_node.core.saving.correcting import corrected_of, correction_of
from carnet_node.core.saving.editing import recall_drafts, require_part, require_visit
from carnet_node.core.showing.bill import bill_of, unanswered_fen, unpriced_jobs
from carnet_node.core.showing.conflicts import former_values
from carnet_node.core.showing.day import day_of
from carnet_node.core.showing.estimate import estimate_of
from carnet_node.core.showing.repair_record import repair_record
from carnet_node.core.showing.status import Line, status_of
from carnet_node.core.showing.undone_recalls import (
    LEFT_OPEN,
    leaving_doubts,
    left_open_answer,
    still_open,
    unrecorded_recalls,
    why_open,
)
from carnet_node.core.showing.vehicle_file import vehicle_file
from carnet_node.core.staff.access_log import begin_showing
from carnet_node.core.staff.advisors import advisors_of_day
from carnet_node.entrypoints.pages.check_in_forms import jobs_of_form
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.outline import marks_of
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form
from carnet_node.entrypoints.pages.shop.order_parts import BOOK, booking_of, parts_of
from carnet_node.entrypoints.pages.typed import READ_AGAIN, TICKED, Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.visits import JUDGED_BY
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import RECALL_COMPLETION, VISIT
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX
from carnet_protocol.reasons import Reason
from carnet_protocol.remedy import evidence_field, evidence_names, item_bits

router = APIRouter(prefix="/visits")

STEPS: Final[Mapping[str, Callable[[Step], Drafts]]] = {
    "start": start_visit,
    "complete": complete_visit,
}
NEXT_STEP: Final = {"draft": "start", "open": "complete"}
NEXT_FORM: Final = {"completed": ("settle", "settle"), "settled": ("close", "hand-over")}
"""Steps that have a page of their own: what they are called, and where they stand below the order."""
MORE_WORK: Final = "jobs"
"""The form of the page that is long enough to be kept while it is typed."""
SHEETS: Final = {
    "reception": "print_reception.html",
    "order": "print_order.html",
    "settlement": "shop/print_settlement.html",
    "warranty": "shop/print_warranty.html",
}
SIZES: Final = ("A4", "A5")
_TICKED: Final = "items_done"
_ITEM_NUMBERS: Final = frozenset(str(number) for number in range(1, CAMPAIGN_ITEMS_MAX + 1))


@router.get("")
async def show_list(page: PageOf) -> Response:
    """Cars in the shop and those that came today."""
    return await page.show("orders.html", lambda: _today(page.node), screen="orders")


@router.get("/{visit}")
async def show_order(page: PageOf, visit: str) -> Response:
    """One order, with everything that can be done with it now."""
    record = record_from_text(visit)
    read = partial(_order_page, page, record, FormState(), "")
    return await page.show("order.html", read, screen="orders", form=FormState())


@router.post("/{visit}/step/{step}")
async def take_step(page: PageOf, visit: str, step: str) -> Response:
    """The order goes on from the state that was read."""
    record, typed, take = record_from_text(visit), page.typed(), STEPS.get(step)
    if take is None:
        raise BadValue(Reason.NOT_FOUND, "step", "there is no such step")
    texts = {"odometer_out_km": typed.text("odometer_out_km")} if step == "complete" else {}

    def _drafts(node: Node, _: NewId) -> Drafts:
        view = require_visit(node, record)
        reader = Reader(_clock(page))
        values = reader.stated(VISIT, texts)
        doubts = list(reader.problems)
        if step == "complete":
            km, is_again = values.get("odometer_out_km"), typed.text(READ_AGAIN) == TICKED
            doubts += leaving_doubts(node, view, km, is_read_again=is_again, said=typed.text(LEFT_OPEN))
        read = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY, ENDS_BY_RULE)
        taken = Step(read, node.clock.now_ms(), view.work(), values, today_at_site(node), view.credit)
        return refuse_together(doubts, lambda: take(taken))

    return await save_on_order(page, typed, record, "step", _drafts)


@router.post("/{visit}/void")
async def void(page: PageOf, visit: str) -> Response:
    """The order never counted; what was recorded as done on it is taken back."""
    record, typed = record_from_text(visit), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        view = require_visit(node, record)
        read = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY[:1])
        heads = {parse_record_text(one.partition("=")[0]): one.partition("=")[2] for one in typed.all("completion")}
        return void_visit(read, typed.text("void_reason"), completions_as_read(view, heads))

    return await save_on_order(page, typed, record, "void", _drafts)


@router.post("/{visit}/jobs")
async def add_work(page: PageOf, visit: str) -> Response:
    """One more job with its lines; the totals follow."""
    record, typed = record_from_text(visit), page.typed()

    def _drafts(node: Node, new_id: NewId) -> Drafts:
        view = require_visit(node, record)
        read = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY)
        reader = Reader(_clock(page))
        jobs = jobs_of_form(typed, reader)
        command = partial(add_jobs, read, view.work(), jobs, new_id, today_at_site(node))
        return refuse_together(reader.problems, command)

    return await save_on_order(page, typed, record, MORE_WORK, _drafts)


@router.post("/{visit}/recalls")
async def complete_recall(page: PageOf, visit: str) -> Response:
    """A recall that was carried out on this car, with its evidence."""
    record, typed = record_from_text(visit), page.typed()

    def _drafts(node: Node, new_id: NewId) -> Drafts:
        texts = {name: typed.text(name) for name in SHOWN_FIELDS if name != _TICKED and typed.text(name)}
        reader = Reader(_clock(page))
        values = reader.values(RECALL_COMPLETION, texts)
        ticked = [int(one) for one in typed.all(_TICKED) if one in _ITEM_NUMBERS]
        values |= {_TICKED: item_bits(ticked)} if ticked else {}
        campaign, view = parse_record_text(typed.text("campaign")), require_visit(node, record)
        command = partial(recall_drafts, node, view, campaign, new_id, method=typed.text("method"), values=values)
        return refuse_together(reader.problems, command)

    return await save_on_order(page, typed, record, f"recall-{typed.text('campaign')}", _drafts)


@router.post("/{visit}/recalls/{completion}/retract")
async def take_recall_back(page: PageOf, visit: str, completion: str) -> Response:
    """Take back a recall that was recorded by mistake; it stays readable, and the recall is open again."""
    record, done, typed = record_from_text(visit), record_from_text(completion), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        view = require_part(node, RECALL_COMPLETION, done, record, by="visit_id")
        return retract_completion(as_read(view, typed.text(BASED_ON)).read(), "entered_in_error")

    return await save_on_order(page, typed, record, "", _drafts)


@router.get("/{visit}/print/{sheet}")
async def show_sheet(page: PageOf, visit: str, sheet: str, size: str = "A4") -> Response:
    """A sheet for paper: signed at arrival, the order with its prices, its bill, or what was repaired for nothing."""
    record = record_from_text(visit)
    if sheet not in SHEETS or size not in SIZES:
        raise BadValue(Reason.NOT_FOUND, "sheet", "there is no such sheet")

    def _read() -> Mapping[str, Any]:
        order = _order(page.node, record)
        begin_showing(page.node, Access.PRINTED, "visit")
        number = str(order["order"].visit.values.get("ro_no") or record_text(record))
        code = segno.make(f"carnet:{record_text(record)}", error="m").svg_inline(scale=2, border=0, svgclass="qr")
        is_offline = status_of(page.node).line is not Line.ONLINE
        return {**order, "qr": code, "number": number, "is_offline": is_offline}

    return await page.show(SHEETS[sheet], _read, size=size, sheet=sheet)


@dataclass(frozen=True, slots=True)
class _OpenRecall:
    """A recall that is open on the order's car, how it may be carried out, and the fields that it wants filled in."""

    hit: RecallHit
    methods: tuple[str, ...]
    evidence: tuple[str, ...]


def _open_recall(hit: RecallHit) -> _OpenRecall:
    wanted = tuple(map(evidence_field, evidence_names(hit.terms.demands.evidence_bits)))
    return _OpenRecall(hit, methods_of(hit.terms), wanted)


def _today(node: Node) -> Mapping[str, Any]:
    today = day_of(node)
    return {"today": today, "names": advisors_of_day(node, today)}


def _order(node: Node, record: RecordId) -> dict[str, Any]:
    view = require_visit(node, record)
    file = None if view.vehicle is None else vehicle_file(node, view.vehicle.id)
    recalls = None if file is None else file.car.recalls
    hits = still_open(view, recalls)
    unrecorded = unrecorded_recalls(node, view)
    status = str(view.visit.values.get("status"))
    return {
        "order": view,
        "bill": bill_of(view),
        "unpriced": frozenset(one.job.id for one in unpriced_jobs(view)),
        "estimate": estimate_of(view),
        "corrected": corrected_of(node, view),
        "unanswered_fen": unanswered_fen(view),
        "repair": repair_record(view, unrecorded),
        "unrecorded": unrecorded,
        "correction": correction_of(node, view.visit) if status in NEXT_FORM or status == "closed" else None,
        "none_typed": FormState(),
        "file": file,
        "marks": marks_of(view.visit.values.get("damage_marks")),
        **parts_of(node, view, file),
        "next_step": NEXT_STEP.get(status) if view.visit.is_own else None,
        "next_form": NEXT_FORM.get(status) if view.visit.is_own else None,
        "recalls": recalls,
        "open_recalls": [_open_recall(one) for one in hits],
        "undone": why_open(view, hits),
        "left_open": left_open_answer(hits),
    }


def _order_page(page: Page, visit: RecordId, form: FormState, sent: str) -> dict[str, Any]:
    """What the page of an order shows beside the form that was sent: more work stands there as it was typed."""
    more = form if sent == MORE_WORK else page.form(_draft_of(visit), {})
    order = _order(page.node, visit)
    again = booking_of(page.node, order["order"].visit, form if sent == BOOK else None, _clock(page))
    former = former_values(page.node, (order["order"].visit,))
    return {**order, **again, "former": former, "sent": sent, "more": more}


def _draft_of(visit: RecordId) -> str:
    return f"{MORE_WORK}-{record_text(visit)}"


async def save_on_order(
    page: Page, typed: Typed, visit: RecordId, sent: str, drafts: Callable[[Node, NewId], Drafts]
) -> Response:
    """Save, and back to the order; one that is refused stands on the order's page as it was typed.

    Args:
        sent: as of `form_on_order`.
    """
    shape = form_on_order(page, visit, sent)
    return await save_form(shape, typed, drafts, shape.address)


def form_on_order(page: Page, visit: RecordId, sent: str) -> RecordForm:
    """A form on the page of an order.

    Args:
        sent: which one it is. It carries the heads of the page it is shown on, not of the one before.
    """

    def _context(form: FormState) -> Mapping[str, Any]:
        return _order_page(page, visit, form, sent)

    address = f"{router.prefix}/{record_text(visit)}"
    draft = _draft_of(visit) if sent == MORE_WORK else None
    return RecordForm(page, "order.html", "orders", address, _context, draft)


def _clock(page: Page) -> Any:
    return page.pages.renderer.clockface
