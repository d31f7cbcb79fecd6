"""Cars: the file of one, with its history over all sites known here.

Decides addresses. Whose card stands beside a car is `core.holders`.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.saving.editing import require_record
from carnet_node.core.saving.identifying import state_number
from carnet_node.core.showing.conflicts import former_values
from carnet_node.core.showing.holders import card_holder, known_beside
from carnet_node.core.showing.taken_on import taken_on
from carnet_node.core.showing.vehicle_file import compared_views, vehicle_file
from carnet_node.core.showing.views import customer_card
from carnet_node.entrypoints.pages.forms import FormState
from carnet_node.entrypoints.pages.page import PageOf
from carnet_node.entrypoints.pages.plots import odometer_plot
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.pages.typed import TICKED
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import VEHICLE

router = APIRouter(prefix="/vehicles")


@router.get("/{vehicle}")
async def show_vehicle(page: PageOf, vehicle: str) -> Response:
    """The file of a car."""
    record = record_from_text(vehicle)
    return await page.show("file.html", lambda: _file(page.node, record), screen="", form=FormState())


@router.post("/{vehicle}/number")
async def state(page: PageOf, vehicle: str) -> Response:
    """The VIN of a car of which only the plate was known; from there on it is the car of that VIN."""
    record, typed = record_from_text(vehicle), page.typed()

    def _work(node: Node) -> str:
        is_compared = typed.text("is_vin_compared") == TICKED
        car = state_number(node, record, typed.text("vin"), is_compared=is_compared)
        return f"{router.prefix}/{record_text(car)}"

    def _context(_: FormState) -> Mapping[str, Any]:
        return _file(page.node, record)

    return await save_work(
        RecordForm(page, "file.html", "", f"{router.prefix}/{record_text(record)}", _context), typed, _work
    )


def _file(node: Node, vehicle: RecordId) -> Mapping[str, Any]:
    file = vehicle_file(node, vehicle)
    if file is None:
        require_record(node, VEHICLE, vehicle)
        raise AssertionError("a record that is there has a file")
    held = card_holder(file.car, site_day(node))
    card = None if held is None else customer_card(node, held.customer.id)
    return {
        "card": card,
        "known_beside": known_beside(file.car, site_day(node)),
        "cars": [file.car.vehicle],
        "file": file,
        "former": former_values(node, compared_views(card, file)),
        "plot": odometer_plot(file.car.odometer),
        "taken": taken_on(node, vehicle),
    }
