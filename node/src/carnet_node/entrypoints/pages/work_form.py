"""The form of an order's work: every job, labour and part line, to be changed or taken away, and one more of each.

Decides how rows stand for records: one with an id was on file, based on the heads it was rendered from; a ticked one
goes, a job with its lines. All of it is one change set with the order's totals. A whole new job is `orders`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.commands.lines import Work
from carnet_node.core.commands.visits import (
    NewLine,
    add_line,
    change_work,
    edit_job,
    edit_line,
    remove_job,
    remove_line,
)
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.refusals import ProblemCode, refuse, refuse_together
from carnet_node.core.saving.basis import as_read, read_for_step, read_of_view
from carnet_node.core.saving.editing import require_part, require_visit
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import VisitView
from carnet_node.entrypoints.pages.customer_forms import changed, gathered, row_on_file, text_of
from carnet_node.entrypoints.pages.formats import Clockface, hundredths, yuan
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, show_form
from carnet_node.entrypoints.pages.typed import TICKED, Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.visits import JUDGED_BY
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE
from carnet_protocol.registry import Kind, Value

router = APIRouter(prefix="/visits")

ROWS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "jobs": (JOB, ("complaint", "op_name", "pay_type", "approval", "estimate_fen")),
    "labour": (LABOUR_LINE, ("labour_name", "actual_hours", "rate_fen")),
    "parts": (PART_LINE, ("part_no", "part_name", "quantity_hundredths", "price_fen")),
}


@router.get("/{visit}/work")
async def show_work(page: PageOf, visit: str) -> Response:
    """Every job and line of an order, to be changed."""
    record = record_from_text(visit)

    def _begin() -> tuple[Mapping[str, str], str]:
        view = require_visit(page.node, record)
        return work_as_texts(view), view.visit.heads.to_text()

    return await show_form(_shape(page, record), _begin)


@router.post("/{visit}/work")
async def change(page: PageOf, visit: str) -> Response:
    """Change what was changed in the form, in one change set."""
    record, typed = record_from_text(visit), page.typed()
    drafts = partial(_drafts, record=record, typed=typed, clockface=page.pages.renderer.clockface)
    return await save_form(_shape(page, record), typed, drafts, f"{router.prefix}/{record_text(record)}")


def work_as_texts(view: VisitView) -> dict[str, str]:
    """What is on file, as the fields of the form, with an empty line of either kind for each job."""
    texts: dict[str, str] = {}
    for name, views in _views(view).items():
        for place, one in enumerate(views):
            where = f"{name}[{place}]."
            texts |= {where + field: _text(field, one.values.get(field)) for field in ROWS[name][1]}
            texts |= {where + "id": record_text(one.id), where + BASED_ON: one.heads.to_text()}
            job = one.values.get("job_id")
            texts[where + "job"] = record_text(RecordId(job)) if isinstance(job, bytes) else ""
        for extra, job_view in enumerate(view.jobs if name != "jobs" else ()):
            texts[f"{name}[{len(views) + extra}].job"] = record_text(job_view.job.id)
    return {name: text for name, text in texts.items() if text}


def rows_of(typed: Typed) -> dict[str, dict[str, list[int]]]:
    """Places of the labour and part lines of a form by the id of their job; those of none under the empty text."""
    found: dict[str, dict[str, list[int]]] = {"labour": {}, "parts": {}}
    for name, by_job in found.items():
        for place in typed.places(name):
            by_job.setdefault(typed.text(f"{name}[{place}].job"), []).append(place)
    return found


def _views(view: VisitView) -> dict[str, tuple[RecordView, ...]]:
    return {
        "jobs": tuple(one.job for one in view.jobs),
        "labour": (*(line for one in view.jobs for line in one.labour), *view.loose_labour),
        "parts": (*(line for one in view.jobs for line in one.parts), *view.loose_parts),
    }


def _text(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name.endswith("_fen"):
        return yuan(value)
    return hundredths(value) if name.endswith(("_hours", "_hundredths")) else text_of(value)


def _shape(page: Page, record: RecordId) -> RecordForm:
    name = record_text(record)

    def _context(form: FormState) -> Mapping[str, Any]:
        return {"order": require_visit(page.node, record), "rows": rows_of(form.typed)}

    address = f"{router.prefix}/{name}/work"
    return RecordForm(page, "work_form.html", "orders", address, _context, draft=f"work-{name}")


def _drafts(node: Node, new_id: NewId, *, record: RecordId, typed: Typed, clockface: Clockface) -> Drafts:
    view = require_visit(node, record)
    read = read_for_step(view.visit, typed.text(BASED_ON), JUDGED_BY)
    form = _Form(node, view, read, typed, clockface, new_id)
    return change_work(read, view.work(), gathered(form.parts()))


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that was sent, beside the order as its author read it."""

    node: Node
    view: VisitView
    order: Read
    typed: Typed
    clockface: Clockface
    new_id: NewId

    @property
    def work(self) -> Work:
        """Jobs and lines as they are; whoever changes the order sees its heads change with each of them."""
        return self.view.work()

    def parts(self) -> Iterator[tuple[str, Callable[[], Drafts]]]:
        """Each row, and what stands before its fields."""
        for name in ROWS:
            for place in self.typed.places(name):
                yield f"{name}[{place}].", partial(self.row, name, f"{name}[{place}].")

    def row(self, name: str, where: str) -> Drafts:
        """What changes of one job or line."""
        kind, fields = ROWS[name]
        texts = self.typed.below(where)
        said = {one: texts.get(one, "") for one in fields}
        reader = Reader(self.clockface)
        values = reader.values(kind, said)
        if not texts.get("id"):
            stated = {one: value for one, value in values.items() if value is not None}
            new = partial(self.new_line, kind, texts.get("job", ""), stated)
            return refuse_together(reader.problems, new) if any(said.values()) else ()
        return refuse_together(reader.problems, partial(self.known_row, name, where, values))

    def known_row(self, name: str, where: str, values: Mapping[str, Value]) -> Drafts:
        """What changes of one that is on file."""
        kind, _ = ROWS[name]
        texts = self.typed.below(where)
        view = row_on_file(_views(self.view)[name], texts["id"])
        heads = texts.get(BASED_ON, "")
        if texts.get("gone") == TICKED:
            gone = as_read(view, heads).read()
            if kind is JOB:
                return remove_job(self.order, self.work, gone)
            return remove_line(self.order, self.work, kind, gone)
        changes = changed(view, values, self.typed, where)
        if not changes:
            return ()
        read = read_of_view(view, heads, changes)
        if kind is JOB:
            return edit_job(self.order, self.work, read, changes, today_at_site(self.node))
        return edit_line(self.order, self.work, kind, read, changes)

    def new_line(self, kind: Kind, job: str, stated: Mapping[str, Value]) -> Drafts:
        """One more line, of a job or of the order as a whole; a new job is added elsewhere."""
        if kind is JOB:
            return ()
        owner = record_from_text(job) if job else None
        if owner is not None:
            require_part(self.node, JOB, owner, self.view.visit.id)
            self.require_kept(job, next(iter(stated), "id"))
        return add_line(self.order, self.work, NewLine(kind, owner, stated), self.new_id)

    def require_kept(self, job: str, field: str) -> None:
        """Refuse a new line of a job that the same form takes away.

        Raises:
            CommandRefused: it does.
        """
        rows = (self.typed.below(f"jobs[{place}].") for place in self.typed.places("jobs"))
        if any(row.get("id") == job and row.get("gone") == TICKED for row in rows):
            what = "The job of this line is taken away in the same form."
            raise refuse(field, ProblemCode.LOCKED, what, "Keep the job, or leave the line empty.")
