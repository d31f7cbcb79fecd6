"""The board, what customers say about proposed work, and deferred work, over JSON.

Decides addresses and which command a request is. A car is moved from where its author saw it; an answer is judged with
the order's totals.
"""

from http import HTTPStatus

from fastapi import APIRouter

from carnet_node.core.commands.approvals import Answer, answer_job
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.staging import ENDS_BY_RULE, stage_visit
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.deferring import deferred_of, drop_drafts, offer_drafts
from carnet_node.core.saving.editing import require_part, require_record, require_visit
from carnet_node.core.shop_ports import ShopCar
from carnet_node.core.showing.board import board_of, stages_within
from carnet_node.entrypoints.presenting import Json
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import AnswerForm, OfferForm, RemoveForm, StageForm
from carnet_node.entrypoints.web.desk import DeskOf, Show, instant_of
from carnet_node.entrypoints.web.visits import JUDGED_BY, save_order
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import JOB, VISIT

router = APIRouter(prefix="/api", tags=["board"])


@router.get("/board")
async def show_board(desk: DeskOf, show: Show) -> Json:
    """Every car in the shop, overdue first, and the stages of the site."""

    def _read() -> Json:
        board = board_of(desk.node)
        return {
            "stages": [{"stage": one.code, "name": one.name, "sense": one.sense} for one in board.stages],
            "orders": [
                {
                    "visit": show.record(one.visit),
                    "vehicle": None if one.car is None else _car_json(one.car),
                    "stage": one.stage.code,
                    "is_overdue": one.is_overdue,
                    "repeat_of": None if one.repeat_of is None else record_text(one.repeat_of),
                }
                for one in board.cards
            ],
            "is_more": board.is_more,
        }

    return await desk.read(_read)


@router.post("/visits/{visit}/stage")
async def stage(desk: DeskOf, show: Show, visit: str, form: StageForm) -> Json:
    """Move a car on the board, or say why it waits."""
    record = record_from_text(visit)

    def _drafts(_: NewId) -> Drafts:
        read = read_for_step(require_visit(desk.node, record).visit, form.based_on, ("status", "stage"))
        with desk.node.store.read() as tx:
            stages = stages_within(desk.node, tx)
        return stage_visit(read, form.stage, form.hold_reason or "", stages, desk.node.clock.now_ms())

    return await save_order(desk, show, VISIT, record, _drafts)


@router.post("/visits/{visit}/jobs/{job}/answer")
async def answer(desk: DeskOf, show: Show, visit: str, job: str, form: AnswerForm) -> Json:
    """The customer approves a job or declines it; declined work costs nothing and is deferred."""
    record, at_ms = record_from_text(visit), instant_of(desk, "at", form.at)

    def _drafts(_: NewId) -> Drafts:
        view = require_visit(desk.node, record)
        order = read_for_step(view.visit, form.visit_based_on, JUDGED_BY, ENDS_BY_RULE)
        part = require_part(desk.node, JOB, record_from_text(job), record)
        read = read_for_step(part, form.based_on, ("approval", "approval_at"))
        said = Answer(form.approval, form.approval_channel, at_ms)
        return answer_job(order, view.work(), read, said, today_at_site(desk.node))

    return await save_order(desk, show, JOB, record, _drafts)


@router.get("/vehicles/{vehicle}/deferred")
async def list_deferred(desk: DeskOf, show: Show, vehicle: str) -> Json:
    """Work that was declined on a car, and neither done, offered nor dropped since."""
    record = record_from_text(vehicle)

    def _read() -> Json:
        items = deferred_of(desk.node, record)
        return {"deferred": [{"visit": show.record(one.visit), "job": show.record(one.job)} for one in items]}

    return await desk.read(_read)


@router.post("/visits/{visit}/deferred", status_code=HTTPStatus.CREATED)
async def offer(desk: DeskOf, show: Show, visit: str, form: OfferForm) -> Json:
    """Propose deferred work of the car on this order, with its lines."""
    record, job = record_from_text(visit), record_from_text(form.job_id)

    def _drafts(new_id: NewId) -> Drafts:
        view = require_visit(desk.node, record)
        read = read_for_step(view.visit, form.visit_based_on, JUDGED_BY)
        return offer_drafts(desk.node, view, read, job, new_id)

    return await save_order(desk, show, JOB, record, _drafts)


@router.post("/visits/{visit}/deferred/{job}/drop")
async def drop(desk: DeskOf, show: Show, visit: str, job: str, form: RemoveForm) -> Json:
    """Deferred work of the car of this order is not offered any more."""
    record, which = record_from_text(visit), record_from_text(job)

    def _drafts(_: NewId) -> Drafts:
        view = require_visit(desk.node, record)
        declined = require_record(desk.node, JOB, which)
        return drop_drafts(desk.node, view, read_for_step(declined, form.based_on, ("approval", "is_dropped")))

    return await save_order(desk, show, JOB, record, _drafts)


def _car_json(car: ShopCar) -> Json:
    return {"id": record_text(car.vehicle), "vin": car.vin or None, "model_name": car.model_name or None}
