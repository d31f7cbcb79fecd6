"""Documents that are asked for, and reports of the workshop, over JSON.

Decides addresses and shapes. What is asked of documents may be a plate or a name, so it travels in a body; a report is
asked by address.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from carnet_node.core.limits import FIND_TEXT_CHARS_MAX
from carnet_node.core.saving.kept_queries import KeptFor, forget_query, keep_query, kept_queries
from carnet_node.core.shop_limits import DOCUMENT_ROWS_MAX, KEPT_NAME_CHARS_MAX
from carnet_node.core.showing.documents import find_documents
from carnet_node.core.showing.shop_reporting import report_of
from carnet_node.entrypoints.asking import documents_asked, report_asked, with_kept
from carnet_node.entrypoints.presenting import Json
from carnet_node.entrypoints.shop_presenting import document_json, report_json
from carnet_node.entrypoints.web.bodies import Form
from carnet_node.entrypoints.web.desk import AskingDeskOf, DeskOf, Show
from carnet_protocol.limits import CODE_CHARS_MAX

router = APIRouter(prefix="/api", tags=["reports"])

_Text = Annotated[str, Field(max_length=FIND_TEXT_CHARS_MAX)]
_Code = Annotated[str, Field(max_length=CODE_CHARS_MAX)]
_Fen = Annotated[int | None, Field(description="fen, included")]
_Asked = Annotated[str, Query(max_length=CODE_CHARS_MAX)]
_Name = Annotated[str, Field(max_length=4 * KEPT_NAME_CHARS_MAX)]


class DocumentsForm(Form):
    """What is asked; what is left out is no condition."""

    kind: _Code = "visit"
    kept: _Name = ""
    span: _Code = ""
    first: _Code = ""
    last: _Code = ""
    plate: _Text = ""
    customer: _Text = ""
    status: _Code = ""
    advisor_code: _Code = ""
    least_fen: _Fen = None
    most_fen: _Fen = None
    text: _Text = ""
    limit: Annotated[int, Field(ge=1, le=DOCUMENT_ROWS_MAX)] = DOCUMENT_ROWS_MAX

    def texts(self) -> dict[str, str]:
        """What was asked, by name."""
        stated = self.model_dump(exclude_unset=True, exclude={"kept", "limit"}, exclude_none=True)
        return {name: str(one) for name, one in stated.items()}


class KeepForm(Form):
    """The parts of a question, to be kept under its name."""

    name: _Name
    parts: Annotated[dict[_Code, _Code], Field(max_length=16)]


class ForgetForm(Form):
    """The name of a question that is kept."""

    name: _Name


@router.post("/documents")
async def ask_documents(desk: AskingDeskOf, show: Show, form: DocumentsForm) -> Json:
    """The newest documents that a question means."""

    def _read() -> Json:
        node = desk.node
        query = documents_asked(node, with_kept(node, KeptFor.DOCUMENTS, form.kept, form.texts()))
        found = find_documents(node, query, form.limit)
        return {
            "kind": query.kind,
            "first": query.first.isoformat(),
            "last": query.last.isoformat(),
            "documents": [document_json(one, show) for one in found.rows],
            "is_more": found.is_more,
        }

    return await desk.read(_read)


@router.get("/reports/shop")
async def show_report(desk: DeskOf, period: _Asked = "", span: _Asked = "", by: _Asked = "") -> Json:
    """The figures of a ten-day period or a month. A kept question is asked by its parts: its name is somebody's own."""

    def _read() -> Json:
        asked = report_asked(desk.node, {"period": period, "span": span, "by": by})
        return report_json(report_of(desk.node, *asked))

    return await desk.read(_read)


@router.get("/kept-questions/{page}")
async def list_kept(desk: DeskOf, page: KeptFor) -> Json:
    """The questions that are kept for a page, by name."""
    return await desk.read(lambda: {"kept": kept_queries(desk.node, page)})


@router.post("/kept-questions/{page}", status_code=HTTPStatus.CREATED)
async def keep(desk: DeskOf, page: KeptFor, form: KeepForm) -> Json:
    """Keep a question for the programs of this machine; what is personal in it is left out."""

    def _work() -> Json:
        name = keep_query(desk.node, page, form.name, form.parts)
        return {"name": name, "parts": kept_queries(desk.node, page)[name]}

    return await desk.write(_work)


@router.post("/kept-questions/{page}/forget")
async def forget(desk: DeskOf, page: KeptFor, form: ForgetForm) -> Json:
    """Forget a question; `forgotten` is false when none is kept under this name."""
    return await desk.write(lambda: {"forgotten": forget_query(desk.node, page, form.name)})
