"""The work on a repair order, over JSON: jobs, labour and part lines, and recalls that were carried out.

Decides addresses and which command a request is. Every change of the work writes the order's totals anew, so it names
the heads of the order beside those of the job or line.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.commands.lines import Work
from carnet_node.core.commands.recall_work import retract_completion
from carnet_node.core.commands.visits import NewLine, add_jobs, add_line, edit_job, edit_line, remove_line
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import as_read, read_for_step, read_of_view
from carnet_node.core.saving.editing import campaign_of, recall_drafts, require_part, require_visit
from carnet_node.entrypoints.presenting import Json
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import (
    AddJobsForm,
    AddLineForm,
    CompletionForm,
    EditWorkForm,
    RemoveWorkForm,
    RetractForm,
    jobs_of,
)
from carnet_node.entrypoints.web.desk import Desk, DeskOf, Show, values_of
from carnet_node.entrypoints.web.visits import JUDGED_BY, save_order
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE, RECALL_COMPLETION
from carnet_protocol.registry import Kind

router = APIRouter(prefix="/api/visits/{visit}", tags=["visits"])


class Lines(StrEnum):
    """The two kinds of line, as they stand in an address."""

    LABOUR = "labour"
    PARTS = "parts"


KINDS: Final[dict[Lines, Kind]] = {Lines.LABOUR: LABOUR_LINE, Lines.PARTS: PART_LINE}


@router.post("/jobs", status_code=HTTPStatus.CREATED)
async def record_jobs(desk: DeskOf, show: Show, visit: str, form: AddJobsForm) -> Json:
    """More jobs with their lines."""
    record, jobs = record_from_text(visit), jobs_of(form.jobs)

    def _drafts(new_id: NewId) -> Drafts:
        order, work = _order(desk, record, form.visit_based_on)
        return add_jobs(order, work, jobs, new_id, today_at_site(desk.node))

    return await save_order(desk, show, JOB, record, _drafts)


@router.patch("/jobs/{job}")
async def change_job(desk: DeskOf, show: Show, visit: str, job: str, form: EditWorkForm) -> Json:
    """Change a job; a declined one costs nothing."""
    record, changes = record_from_text(visit), values_of(JOB, form.changes)

    def _drafts(_: NewId) -> Drafts:
        order, work = _order(desk, record, form.visit_based_on)
        view = require_part(desk.node, JOB, record_from_text(job), record)
        return edit_job(order, work, read_of_view(view, form.based_on, changes), changes, today_at_site(desk.node))

    return await save_order(desk, show, JOB, record, _drafts)


@router.post("/completions", status_code=HTTPStatus.CREATED)
async def record_completion(desk: DeskOf, show: Show, visit: str, form: CompletionForm) -> Json:
    """A recall was carried out during this visit."""
    record, values = record_from_text(visit), values_of(RECALL_COMPLETION, form.values)

    def _drafts(new_id: NewId) -> Drafts:
        view, campaign = require_visit(desk.node, record), campaign_of(desk.node, form.campaign_no)
        return recall_drafts(desk.node, view, campaign, new_id, method=form.method, values=values)

    return await save_order(desk, show, RECALL_COMPLETION, record, _drafts)


@router.post("/completions/{completion}/retract")
async def take_completion_back(desk: DeskOf, show: Show, visit: str, completion: str, form: RetractForm) -> Json:
    """Take back a completion that did not happen; it stays readable with the reason."""
    record = record_from_text(visit)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, RECALL_COMPLETION, record_from_text(completion), record, by="visit_id")
        return retract_completion(as_read(view, form.based_on).read(), form.reason)

    return await save_order(desk, show, RECALL_COMPLETION, record, _drafts)


@router.post("/{lines}", status_code=HTTPStatus.CREATED)
async def record_line(desk: DeskOf, show: Show, visit: str, lines: Lines, form: AddLineForm) -> Json:
    """One more labour or part line, on a job or on the order as a whole."""
    record, kind = record_from_text(visit), KINDS[lines]
    job = None if form.job_id is None else record_from_text(form.job_id)
    line = NewLine(kind, job, values_of(kind, form.values))

    def _drafts(new_id: NewId) -> Drafts:
        order, work = _order(desk, record, form.visit_based_on)
        if job is not None:
            require_part(desk.node, JOB, job, record)
        return add_line(order, work, line, new_id)

    return await save_order(desk, show, kind, record, _drafts)


@router.patch("/{lines}/{line}")
async def change_line(desk: DeskOf, show: Show, visit: str, lines: Lines, line: str, *, form: EditWorkForm) -> Json:
    """Change a line; an amount that is not stated follows quantity and price."""
    record, kind = record_from_text(visit), KINDS[lines]
    changes = values_of(kind, form.changes)

    def _drafts(_: NewId) -> Drafts:
        order, work = _order(desk, record, form.visit_based_on)
        view = require_part(desk.node, kind, record_from_text(line), record)
        return edit_line(order, work, kind, read_of_view(view, form.based_on, changes), changes)

    return await save_order(desk, show, kind, record, _drafts)


@router.post("/{lines}/{line}/remove")
async def take_line_away(
    desk: DeskOf, show: Show, visit: str, lines: Lines, line: str, *, form: RemoveWorkForm
) -> Json:
    """Take a line away."""
    record, kind = record_from_text(visit), KINDS[lines]

    def _drafts(_: NewId) -> Drafts:
        order, work = _order(desk, record, form.visit_based_on)
        view = require_part(desk.node, kind, record_from_text(line), record)
        return remove_line(order, work, kind, as_read(view, form.based_on).read())

    return await save_order(desk, show, kind, record, _drafts)


def _order(desk: Desk, visit: RecordId, based_on: str) -> tuple[Read, Work]:
    """The order as its author read it, and its jobs and lines as they are."""
    view = require_visit(desk.node, visit)
    return read_for_step(view.visit, based_on, JUDGED_BY), view.work()
