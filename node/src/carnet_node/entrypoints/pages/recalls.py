"""Recalls as work of the desk: whom to call, and unsold cars that are not sold.

Decides addresses only. An attempt needs what came of it; an acknowledgement names the cars that the page showed.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.desk_limits import CALL_ROWS_MAX, STOP_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.saving.recall_calls import call_list, note_call
from carnet_node.core.saving.stop_sales import acknowledge, stop_list
from carnet_node.entrypoints.pages.forms import FormState
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CONTACT_CHANNELS, CONTACT_RESULTS

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
        "as_of_ms": found.as_of_ms,
        "channels": CONTACT_CHANNELS,
        "results": CONTACT_RESULTS,
    }
