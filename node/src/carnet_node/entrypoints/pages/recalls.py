"""Recalls as work of the desk: whom to call, unsold cars that are not sold, a car that nobody here has on file yet.

Decides addresses, and when a VIN that was typed is asked about. An attempt needs what came of it; an acknowledgement
names the cars that the page showed.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from carnet_node.core.desk_limits import CALL_ROWS_MAX, STOP_ROWS_MAX
from carnet_node.core.limits import FIND_TEXT_CHARS_MAX
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallAnswer, RecallState, check_car, check_recalls
from carnet_node.core.saving.recall_calls import call_list, note_call
from carnet_node.core.saving.stop_sales import acknowledge, stop_list
from carnet_node.entrypoints.pages.forms import FormState
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import VIN_CHARS, RecordId
from carnet_protocol.kinds import CONTACT_CHANNELS, CONTACT_RESULTS
from carnet_protocol.vin import has_vin_characters, normalise_vin

router = APIRouter(prefix="/recalls")

_BETWEEN: Final = "="
"""Between car and campaign in the name of a row."""


@router.get("")
async def show_recalls(page: PageOf) -> Response:
    """Stopped sales, then whom to call; the most dangerous first."""
    return await page.show("recalls.html", lambda: _work(page.node), screen="", form=FormState())


@router.post("/contacts")
async def note(page: PageOf) -> Response:
    """What came of an attempt to reach an owner."""
    typed = page.typed()
    vehicle, campaign = _named(typed.text("car"))

    def _save(node: Node) -> str:
        note_call(node, vehicle, campaign, typed.text("channel"), typed.text("result"))
        return router.prefix

    return await save_work(_shape(page), typed, _save)


@router.post("/stop-sales")
async def take_note(page: PageOf) -> Response:
    """A manager takes note of the stopped sales that the page showed."""
    typed = page.typed()
    named = frozenset(_named(one) for one in typed.all("car"))

    def _save(node: Node) -> str:
        acknowledge(node, named)
        return router.prefix

    return await save_work(_shape(page), typed, _save)


@router.post("/vin")
async def typed(page: PageOf) -> Response:
    """What the recall lists say of a VIN as it is typed; nothing before it is whole."""
    sent = page.sent()
    vin, is_compared = sent.get("vin"), sent.get("is_compared") is True

    def _work() -> str:
        recalls = typed_recalls(page.node, vin if isinstance(vin, str) else "", is_compared=is_compared)
        shown = {"recalls": recalls, "takes_up": True}
        return page.pages.renderer.render(page.visitor.language, "typed_recalls.html", shown)

    return page.answer(JSONResponse({"html": await page.pages.desk.read(_work)}))


def typed_recalls(node: Node, text: str, *, is_compared: bool) -> RecallAnswer | None:
    """What the recall lists say of a VIN that somebody typed for a car without a file; None before it is whole.

    Args:
        is_compared: somebody compared it with the car, so it is not mistyped.
    """
    typed = text[:FIND_TEXT_CHARS_MAX]
    if len(normalise_vin(typed)) != VIN_CHARS:
        return None
    return check_recalls(node, typed) if is_compared else check_car(node, typed)


def searched_recalls(node: Node, text: str) -> RecallAnswer | None:
    """What the recall lists say of a text that is searched for: of a whole VIN, and of any number that they hold."""
    typed = text[:FIND_TEXT_CHARS_MAX]
    answer = check_car(node, typed)
    is_whole = has_vin_characters(normalise_vin(typed))
    return answer if is_whole or answer.state is RecallState.HIT else None


def _named(text: str) -> tuple[RecordId, RecordId]:
    vehicle, _, campaign = text.partition(_BETWEEN)
    return record_from_text(vehicle), record_from_text(campaign)


def _shape(page: Page) -> RecordForm:
    def _context(_: FormState) -> Mapping[str, Any]:
        return _work(page.node)

    return RecordForm(page, "recalls.html", "", router.prefix, _context)


def _work(node: Node) -> Mapping[str, Any]:
    found, stock = call_list(node), stop_list(node)
    return {
        "stock": stock,
        "stopped": stock.cars[:STOP_ROWS_MAX],
        "unread": stock.unread[:STOP_ROWS_MAX],
        "calls": found.calls[:CALL_ROWS_MAX],
        "call_count": len(found.calls),
        "declined": found.declined,
        "by_frame_number": found.by_frame_number,
        "as_of_ms": found.as_of_ms,
        "channels": CONTACT_CHANNELS,
        "results": CONTACT_RESULTS,
    }
