"""Lists out, former systems in: the page both begin on, and the export of a list as a workbook.

Decides addresses. An export is a POST with the session's token, so that no link takes a list out; who may, and that it
is noted, is decided below (`entrypoints.exporting`).
"""

from functools import partial

from fastapi import APIRouter, Response

from carnet_node.adapters.list_workbooks import CONTENT_TYPE
from carnet_node.adapters.uploads import find_upload
from carnet_node.core.exchange.lists import LISTS, ListColumn, SiteList
from carnet_node.entrypoints.exporting import ExportedFile, export_list, export_rows
from carnet_node.entrypoints.pages.forms import Typed
from carnet_node.entrypoints.pages.labels import Labels
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.typed import TICKED

router = APIRouter(prefix="/exchange")


@router.get("")
async def show_exchange(page: PageOf) -> Response:
    """Every list, and the file of a former system."""
    folder = page.pages.desk.uploads

    def _waiting() -> dict[str, bool]:
        return {"has_file": folder is not None and find_upload(folder) is not None}

    return await page.show("exchange.html", _waiting, screen="exchange", lists=LISTS)


@router.post("/export/{name}")
async def export(page: PageOf, name: str) -> Response:
    """A list as .xlsx, with columns and codes in the language of the page."""
    typed, labels = page.typed(), page.words.labels
    work = partial(
        export_list,
        page.node,
        name,
        show_personal=typed.text("personal") == TICKED,
        header=labels.column,
        word=partial(_word, labels),
    )
    return _handed_out(page, await page.pages.desk.read(work))


async def exported(page: Page, wanted: SiteList, typed: Typed) -> Response:
    """The same of a list that a page has asked for."""
    labels = page.words.labels
    work = partial(
        export_rows,
        page.node,
        wanted,
        show_personal=typed.text("personal") == TICKED,
        header=labels.column,
        word=partial(_word, labels),
    )
    return _handed_out(page, await page.pages.desk.read(work))


def _handed_out(page: Page, made: ExportedFile) -> Response:
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return page.answer(Response(made.content, media_type=CONTENT_TYPE, headers=headers))


def _word(labels: Labels, column: ListColumn, text: str) -> str:
    """A code in words; what is personal or free text stays as it is. One code may mean two things in two lists."""
    match column.name:
        case "id" | "vin" | "ro_no" | "site" | "staff_no" | "advisor_code" | "model_name" | "color":
            return text
        case "campaign_no" | "title" | "emergency_advice":
            return text
        case "access":
            return labels.access(text)
        case "subject":
            return labels.subject(text)
        case "recalls_unknown":
            return labels.unknown(text)
        case "hold":
            return labels.hold(text)
        case "state":
            return labels.state(text)
        case _:
            return text if column.is_personal else labels.code(text)
