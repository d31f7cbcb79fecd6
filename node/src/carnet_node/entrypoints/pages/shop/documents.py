"""Any document by what somebody remembers of it, on a page; all that is found as a workbook.

Decides addresses. What is asked may be a plate or a name, so it is sent in a body and stands in the memory of the
process under a random address, as what is searched for does; "back" leads to what was found.
"""

import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.adapters.list_workbooks import CONTENT_TYPE
from carnet_node.core.exchange.shop_lists import document_list
from carnet_node.core.limits import FIND_TEXT_CHARS_MAX
from carnet_node.core.node import Node
from carnet_node.core.saving.kept_queries import KeptFor, forget_query, keep_query, kept_queries, kept_query
from carnet_node.core.showing.documents import STATES, check_query, find_documents
from carnet_node.core.showing.spans import SPANS
from carnet_node.core.staff.access_log import note_list
from carnet_node.core.staff.advisors import advisor_names
from carnet_node.entrypoints.asking import Texts, documents_asked
from carnet_node.entrypoints.exporting import ExportedFile, export_rows
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.shop.calls import advisors_of
from carnet_node.entrypoints.pages.shop.report_words import ReportWords
from carnet_node.entrypoints.pages.typed import TICKED, hundredths_of
from carnet_node.entrypoints.wording import FAILURES, explain_failure

router = APIRouter(prefix="/documents")

ADDRESS: Final = router.prefix
ASKED: Final = ("kind", "span", "first", "last", "plate", "customer", "status", "advisor_code", "text")
AMOUNTS: Final = ("least_fen", "most_fen")
_HANDLE_BYTES: Final = 16
_TEMPLATE: Final = "shop/documents.html"


@router.get("")
async def show_documents(page: PageOf) -> Response:
    """What can be asked, and which questions are kept."""
    return await _shown(page, FormState(Typed({"kind": ("visit",), "span": ("month",)})))


@router.post("")
async def ask(page: PageOf) -> Response:
    """To what a question finds; one that makes no sense comes back with what is wrong with it."""
    typed = page.typed()
    try:
        asked = await page.pages.desk.read(lambda: _checked(page.node, typed))
    except FAILURES as failure:
        explained = explain_failure(failure)
        return await _shown(page, FormState.unanswered(typed, explained), status=explained.status)
    return _go_to(page, asked)


@router.post("/kept/open")
async def open_kept(page: PageOf) -> Response:
    """To what a question finds that is kept."""
    name = page.typed().text("name")
    return _go_to(page, await page.pages.desk.read(lambda: kept_query(page.node, KeptFor.DOCUMENTS, name)))


@router.post("/kept/forget")
async def forget(page: PageOf) -> Response:
    """Forget a question; one that is not kept is forgotten already."""
    name = page.typed().text("name")
    await page.pages.desk.read(lambda: forget_query(page.node, KeptFor.DOCUMENTS, name))
    return page.go(ADDRESS)


@router.get("/{handle}")
async def show_found(page: PageOf, handle: str) -> Response:
    """What was found, read anew; a question that is forgotten is asked again."""
    asked = _remembered(page, handle)
    if asked is None:
        return await _shown(page, FormState(Typed({"kind": ("visit",)})), status=HTTPStatus.GONE, is_gone=True)
    return await _shown(page, _as_typed(asked), handle=handle, asked=asked)


@router.post("/{handle}/export")
async def export(page: PageOf, handle: str) -> Response:
    """All that is found as .xlsx, masked unless it is asked for with names and plates."""
    typed, asked, words = page.typed(), _remembered(page, handle), ReportWords(page.words)
    if asked is None:
        return page.go(f"{ADDRESS}/{handle}")

    def _made() -> ExportedFile:
        wanted = document_list(documents_asked(page.node, asked))
        is_open = typed.text("personal") == TICKED
        return export_rows(page.node, wanted, show_personal=is_open, header=words.column, word=words.cell)

    made = await page.pages.desk.read(_made)
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return page.answer(Response(made.content, media_type=CONTENT_TYPE, headers=headers))


@router.post("/{handle}/kept")
async def keep(page: PageOf, handle: str) -> Response:
    """Keep a question under a name, without what is personal in it."""
    typed, asked = page.typed(), _remembered(page, handle)
    if asked is None:
        return page.go(f"{ADDRESS}/{handle}")
    try:
        await page.pages.desk.read(partial(keep_query, page.node, KeptFor.DOCUMENTS, typed.text("name"), asked))
    except FAILURES as failure:
        explained = explain_failure(failure)
        form = FormState(_as_typed(asked).typed, explained=explained)
        return await _shown(page, form, handle=handle, asked=asked, status=explained.status)
    return page.go(f"{ADDRESS}/{handle}")


async def _shown(page: Page, form: FormState, *, asked: Texts | None = None, **known: Any) -> Response:
    context = {"form": form, "words": ReportWords(page.words), "handle": None, "is_gone": False, **known}
    return await page.show(_TEMPLATE, lambda: _read(page.node, asked), screen="orders", **context)


def _read(node: Node, asked: Texts | None) -> Mapping[str, Any]:
    found = None
    if asked is not None:
        found = find_documents(node, documents_asked(node, asked))
        note_list(node, "documents", len(found.rows))
    kept = kept_queries(node, KeptFor.DOCUMENTS)
    names = advisor_names(node, () if found is None else (one.advisor_code for one in found.rows))
    around = {"kinds": tuple(STATES), "states": STATES, "spans": SPANS, "advisors": advisors_of(node)}
    return {"found": found, "kept": kept, "names": names, **around}


def _go_to(page: Page, asked: Texts) -> Response:
    """To the answer of a question, which is remembered for this session."""
    handle = page.node.entropy.random_bytes(_HANDLE_BYTES).hex()
    page.pages.searches.keep(page.visitor.session, handle, json.dumps(dict(asked)))
    return page.go(f"{ADDRESS}/{handle}")


def _checked(node: Node, typed: Typed) -> dict[str, str]:
    """The texts of a question that can be answered; amounts as fen.

    Raises:
        CommandRefused: it cannot.
    """
    asked = _texts(typed)
    check_query(node, documents_asked(node, asked))
    return asked


def _texts(typed: Typed) -> dict[str, str]:
    said = {name: typed.text(name).strip()[:FIND_TEXT_CHARS_MAX] for name in ASKED}
    said |= {name: _fen(typed.text(name).strip()[:FIND_TEXT_CHARS_MAX]) for name in AMOUNTS}
    if said["first"] or said["last"]:
        said["span"] = ""
    return {name: text for name, text in said.items() if text}


def _fen(yuan: str) -> str:
    """Yuan as whole fen; what is no amount comes back, and is refused by its field."""
    try:
        return str(hundredths_of(yuan))
    except ValueError:
        return yuan if not yuan.isdecimal() else f"{yuan}?"


def _as_typed(asked: Texts) -> FormState:
    """The same texts as somebody types them."""
    yuan = {name: f"{int(asked[name]) // 100}.{int(asked[name]) % 100:02}" for name in AMOUNTS if name in asked}
    return FormState(Typed({name: (text,) for name, text in {**asked, **yuan}.items()}))


def _remembered(page: Page, handle: str) -> dict[str, str] | None:
    text = page.pages.searches.text_of(page.visitor.session, handle)
    try:
        asked = json.loads(text or "")
    except ValueError:
        return None
    return asked if isinstance(asked, dict) else None
