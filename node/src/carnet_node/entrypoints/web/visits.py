"""Repair orders and their steps, over JSON; jobs, lines and recalls done during them are `work`.

Decides addresses and which command a request is. The answer to every save holds the order as it is now. A step is
judged from the state its author read: if somebody else moved the order meanwhile, the author has to look first.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.settlement import hand_over, settle_visit
from carnet_node.core.commands.staging import ENDS_BY_RULE
from carnet_node.core.commands.visits import (
    OpenVisit,
    Step,
    complete_visit,
    start_visit,
    void_visit,
)
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import (
    completions_as_read,
    moved_as_read,
    read_for_step,
    read_of_view,
    reading_as_read,
)
from carnet_node.core.saving.correcting import corrected_of, open_correction
from carnet_node.core.saving.desk import OpenedVisit, save, save_visit
from carnet_node.core.saving.editing import Recorded, order_drafts, require_visit, require_visit_references
from carnet_node.core.showing.bill import usual_bill
from carnet_node.core.showing.undone_recalls import remarks_of
from carnet_node.core.showing.views import visit_view
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import (
    CompleteForm,
    EditVisitForm,
    HandOverForm,
    OpenVisitForm,
    RemoveForm,
    SettleForm,
    StepForm,
    VoidForm,
    jobs_of,
    settling_of,
)
from carnet_node.entrypoints.web.desk import (
    After,
    Desk,
    DeskOf,
    Limit,
    Show,
    heads_by_id,
    instant_of,
    records_page,
    saved_json,
    values_of,
)
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VISIT
from carnet_protocol.registry import Kind, Value

router = APIRouter(prefix="/api/visits", tags=["visits"])

JUDGED_BY: Final = ("status", "customer_fen")
"""A step is judged by the state and states the totals anew, and so does every change of the work."""


@router.get("")
async def list_visits(desk: DeskOf, show: Show, after: After = None, limit: Limit = 100) -> Json:
    """A page of repair orders in the order in which they were opened."""
    return await desk.read(partial(records_page, desk.node, VISIT, show, after=after, limit=limit))


@router.post("", status_code=HTTPStatus.CREATED)
async def record_visit(desk: DeskOf, show: Show, form: OpenVisitForm, response: Response) -> Json:
    """Open a repair order with its jobs and lines, in one change set; its number is made here."""
    command = OpenVisit(
        ro_no="",
        vehicle=record_from_text(form.vehicle_id),
        opened_at=instant_of(desk, "opened_at", form.opened_at),
        customer=None if form.customer_id is None else record_from_text(form.customer_id),
        values=values_of(VISIT, form.values),
        jobs=jobs_of(form.jobs),
        is_draft=form.is_draft,
    )

    def _work() -> Json:
        require_visit_references(desk.node, {"vehicle_id": command.vehicle, "customer_id": command.customer})
        return _opened(desk, show, save_visit(desk.node, command))

    answer = await desk.write(_work)
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@router.get("/{visit}")
async def show_visit(desk: DeskOf, show: Show, visit: str) -> Json:
    """A repair order with jobs, lines, totals and recalls done."""
    record = record_from_text(visit)
    return await desk.read(lambda: show.visit(require_visit(desk.node, record)))


@router.patch("/{visit}")
async def change_visit(desk: DeskOf, show: Show, visit: str, form: EditVisitForm) -> Json:
    """Change fields of an order. What was recorded with it follows a corrected odometer or car."""
    record, changes, parts = record_from_text(visit), values_of(VISIT, form.changes), heads_by_id(form.parts_based_on)

    def _drafts(new_id: NewId) -> Drafts:
        require_visit_references(desk.node, changes)
        view = require_visit(desk.node, record)
        read = read_of_view(view.visit, form.based_on, changes)
        reading = reading_as_read(view, form.reading_based_on, changes)
        recorded = Recorded(reading, moved_as_read(view, parts, changes))
        return order_drafts(desk.node, read, changes, recorded, new_id, promise_reason=form.promise_reason)

    return await save_order(desk, show, VISIT, record, _drafts)


@router.post("/{visit}/start")
async def start(desk: DeskOf, show: Show, visit: str, form: StepForm) -> Json:
    """A draft becomes an open order."""
    return await _step(desk, show, visit, form, lambda step, _: start_visit(step), values={})


@router.post("/{visit}/complete")
async def complete(desk: DeskOf, show: Show, visit: str, form: CompleteForm) -> Json:
    """The work is done; `remarks` say which recalls are left open on the car, or why nobody knows."""
    values = values_of(VISIT, form.values)
    done = await _step(desk, show, visit, form, lambda step, _: complete_visit(step), values=values)
    return await _remarked(desk, visit, done)


@router.post("/{visit}/settle")
async def settle(desk: DeskOf, show: Show, visit: str, form: SettleForm) -> Json:
    """The bill is settled; the order does not change any more."""
    said = None if form.bill is None else settling_of(form.bill)

    def _take(step: Step, _: NewId) -> Drafts:
        if said is None:
            view = require_visit(desk.node, step.read.record)
            return usual_bill(view, corrected_of(desk.node, view)).settle(partial(settle_visit, step))
        for one in said.shares:
            require_visit_references(desk.node, {"customer_id": one.customer})
        return settle_visit(step, said)

    return await _step(desk, show, visit, form, _take, values={})


@router.post("/{visit}/close")
async def close(desk: DeskOf, show: Show, visit: str, form: HandOverForm) -> Json:
    """The car has been handed over; `remarks` as for `complete`."""
    take, values = partial(hand_over, may_call=form.may_call), values_of(VISIT, form.values)
    return await _remarked(desk, visit, await _step(desk, show, visit, form, take, values=values))


@router.post("/{visit}/correct", status_code=HTTPStatus.CREATED)
async def correct(desk: DeskOf, show: Show, visit: str, form: RemoveForm, response: Response) -> Json:
    """Open the order that puts a settled one right: it begins with its work and credits what it had settled."""
    record = record_from_text(visit)
    answer = await desk.write(lambda: _opened(desk, show, open_correction(desk.node, record, form.based_on)))
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@router.post("/{visit}/void")
async def void(desk: DeskOf, show: Show, visit: str, form: VoidForm) -> Json:
    """The order never counted; it stays readable, its number stays used, and recalls done on it are taken back."""
    record, parts = record_from_text(visit), heads_by_id(form.parts_based_on)

    def _drafts(_: NewId) -> Drafts:
        view = require_visit(desk.node, record)
        read = read_for_step(view.visit, form.based_on, JUDGED_BY[:1])
        return void_visit(read, form.void_reason, completions_as_read(view, parts))

    return await save_order(desk, show, VISIT, record, _drafts)


async def save_order(
    desk: Desk, show: Presenter, kind: Kind, visit: RecordId, drafts: Callable[[NewId], Drafts]
) -> Json:
    """Save, and answer with the order as it is then.

    Args:
        kind: of the first draft.
    """

    def _work() -> Json:
        return saved_json(kind, save(desk.node, drafts), order_json(desk, show, visit))

    return await desk.write(_work)


def order_json(desk: Desk, show: Presenter, visit: RecordId) -> Json | None:
    """The order as it is now; None when there is none."""
    view = visit_view(desk.node, visit)
    return None if view is None else show.visit(view)


def _opened(desk: Desk, show: Presenter, opened: OpenedVisit) -> Json:
    return {**saved_json(VISIT, opened.saved, order_json(desk, show, opened.visit)), "ro_no": opened.ro_no}


async def _step(
    desk: Desk,
    show: Presenter,
    visit: str,
    form: StepForm,
    take: Callable[[Step, NewId], Drafts],
    *,
    values: dict[str, Value],
) -> Json:
    record, at_ms = record_from_text(visit), instant_of(desk, "at", form.at)

    def _drafts(new_id: NewId) -> Drafts:
        view = require_visit(desk.node, record)
        read = read_for_step(view.visit, form.based_on, JUDGED_BY, ENDS_BY_RULE)
        today = today_at_site(desk.node)
        return take(Step(read, at_ms, view.work(), values, today, view.credit), new_id)

    return await save_order(desk, show, VISIT, record, _drafts)


async def _remarked(desk: Desk, visit: str, answer: Json) -> Json:
    """The answer to a step, with what is to be said of recalls behind it."""
    record = record_from_text(visit)
    remarks = await desk.read(lambda: remarks_of(desk.node, require_visit(desk.node, record)))
    return {**answer, "remarks": [asdict(one) for one in remarks]}
