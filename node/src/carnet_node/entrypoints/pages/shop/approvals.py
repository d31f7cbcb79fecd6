"""What the customer says about proposed work, and declined work that comes up again, on the page of an order.

Decides addresses and which command a request is. An answer is judged with the order's totals.
"""

from typing import Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.approvals import Answer, answer_job
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.staging import ENDS_BY_RULE
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.deferring import drop_drafts, offer_drafts
from carnet_node.core.saving.editing import require_part, require_record, require_visit
from carnet_node.entrypoints.pages.forms import BASED_ON
from carnet_node.entrypoints.pages.orders import save_on_order
from carnet_node.entrypoints.pages.page import PageOf
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.visits import JUDGED_BY
from carnet_protocol.kinds import JOB

router = APIRouter(prefix="/visits")

JOB_READ: Final = "job_based_on"
"""The heads of the job, beside those of its order."""


@router.post("/{visit}/jobs/{job}/answer")
async def answer(page: PageOf, visit: str, job: str) -> Response:
    """The customer approves a job or declines it; declined work costs nothing and is deferred."""
    record, which, typed = record_from_text(visit), record_from_text(job), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        view = require_visit(node, record)
        order = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY, ENDS_BY_RULE)
        part = require_part(node, JOB, which, record)
        read = read_for_step(part, typed.text(JOB_READ), ("approval", "approval_at"))
        said = Answer(typed.text("approval"), typed.text("approval_channel"), node.clock.now_ms())
        return answer_job(order, view.work(), read, said, today_at_site(node))

    return await save_on_order(page, typed, record, f"answer-{job}", _drafts)


@router.post("/{visit}/deferred/{job}/offer")
async def offer(page: PageOf, visit: str, job: str) -> Response:
    """Propose deferred work of the car on this order, with its lines."""
    record, which, typed = record_from_text(visit), record_from_text(job), page.typed()

    def _drafts(node: Node, new_id: NewId) -> Drafts:
        view = require_visit(node, record)
        read = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY)
        return offer_drafts(node, view, read, which, new_id)

    return await save_on_order(page, typed, record, "", _drafts)


@router.post("/{visit}/deferred/{job}/drop")
async def drop(page: PageOf, visit: str, job: str) -> Response:
    """Deferred work of the car of this order is not offered any more."""
    record, which, typed = record_from_text(visit), record_from_text(job), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        view = require_visit(node, record)
        read = read_for_step(require_record(node, JOB, which), typed.text(JOB_READ), ("approval", "is_dropped"))
        return drop_drafts(node, view, read)

    return await save_on_order(page, typed, record, "", _drafts)
