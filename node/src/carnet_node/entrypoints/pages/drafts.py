"""What was typed and not saved, field by field, as the scripts of a page send it; and values shown on request.

Decides addresses, and how fields that arrive one by one become one draft; `core.form_drafts` decides how long it lives.
A draft belongs to one person and one form; the form's name holds an id at most, never a value.
"""

import re
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from carnet_node.core.limits import FORM_FIELDS_MAX
from carnet_node.core.local_facts import Access
from carnet_node.core.saving.editing import require_record
from carnet_node.core.saving.form_drafts import draft_of, drop_draft, keep_draft
from carnet_node.core.saving.unsaved import UNSAVED_ID
from carnet_node.core.showing.conflicts import read_written
from carnet_node.core.staff.access_log import begin_showing
from carnet_node.entrypoints.pages.formats import NOTHING, phone
from carnet_node.entrypoints.pages.forms import ADDRESS, NOT_TYPED, SAVE_KEY, WAS, check_places, own_address, saved_as
from carnet_node.entrypoints.pages.page import PageOf
from carnet_node.entrypoints.presenting import value_json
from carnet_node.entrypoints.reading import kind_from_text, op_from_text, record_from_text
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId
from carnet_protocol.reasons import Reason

router = APIRouter()

_FORM: Final = re.compile(r"[a-z-]{1,40}(?:-([0-9a-f-]{36}))?")
_REVEALED: Final = re.compile(r"([a-z_]{1,40})/([0-9a-f-]{36})/([a-z0-9_]{1,40})(?:/([0-9a-f]{1,64}))?")


@router.post("/drafts/{form}")
async def keep(page: PageOf, form: str) -> Response:
    """Keep fields of a form; says when, on the site's clock. Of a page that was saved already nothing is kept."""
    sent = page.sent()
    fields, heads = _fields(sent.get("fields")), _text(sent.get("based_on"))
    record = record_of(form)
    was, key, address = (_text(sent.get(name, "")) for name in (WAS, SAVE_KEY, "action"))
    saves = saved_as(address, key) if key else ""

    def _work() -> str:
        known = draft_of(page.node, page.person.id, form)
        merged = {**({WAS: (was,)} if known is None else known.fields), **fields}
        read = heads if known is None else known.heads or heads
        keep_draft(page.node, page.person.id, form, merged, heads=read, record=record, saved_as=saves)
        return page.pages.renderer.clockface.moment(page.node.clock.now_ms())[-5:]

    return page.answer(JSONResponse({"at": await page.pages.desk.read(_work)}))


@router.post("/drafts/{form}/drop")
async def give_up(page: PageOf, form: str) -> Response:
    """Forget what was typed into a form, and show it as it is on file."""
    typed = page.typed()
    await page.pages.desk.read(lambda: drop_draft(page.node, page.person.id, form))
    return page.go(own_address(typed.text(ADDRESS)))


@router.post("/reveal")
async def reveal(page: PageOf) -> Response:
    """One personal value in full, of a record or of one write of it; who asked is noted, the value is not."""
    match = _REVEALED.fullmatch(str(page.sent().get("what")))
    if match is None:
        raise BadValue(Reason.MALFORMED, "what", "no field of a record")
    kind, record, field = kind_from_text(match[1]), record_from_text(match[2]), match[3]
    op = None if match[4] is None else op_from_text(match[4])
    if field not in kind.labels:
        raise BadValue(Reason.NOT_FOUND, "what", "no field of a record")

    def _work() -> str:
        shown = require_record(page.node, kind, record).values.get(field)
        value = shown if op is None else read_written(page.node, kind, record, field, op)
        begin_showing(page.node, Access.SHOWN, kind.name)
        return phone(value) if field == "number" else str(value_json(kind, field, value) or NOTHING)

    return page.answer(JSONResponse({"text": await page.pages.desk.read(_work)}, status_code=int(HTTPStatus.OK)))


def _fields(sent: object) -> dict[str, tuple[str, ...]]:
    """Texts by field name; what the page put in itself is no draft."""
    if not isinstance(sent, dict) or len(sent) > FORM_FIELDS_MAX:
        raise BadValue(Reason.MALFORMED, "fields", "no fields of a form")
    if not all(isinstance(name, str) and isinstance(text, str) for name, text in sent.items()):
        raise BadValue(Reason.MALFORMED, "fields", "no fields of a form")
    check_places(sent)
    return {name: (text,) for name, text in sent.items() if name not in NOT_TYPED}


def _text(sent: object) -> str:
    if not isinstance(sent, str):
        raise BadValue(Reason.MALFORMED, "based_on", "no text")
    return sent


def record_of(form: str) -> RecordId | None:
    """The record whose id stands in a form's name."""
    match = _FORM.fullmatch(form)
    if match is None:
        raise BadValue(Reason.NOT_FOUND, "form", "no such form")
    if match[1] is None:
        return None
    named = record_from_text(match[1])
    return None if form.startswith(UNSAVED_ID) else named
