"""Cars: the file of one, with its history over all sites known here.

Decides addresses, and whose card stands beside a car: that of its present owner, where this site knows one.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from carnet_node.core.editing import require_record
from carnet_node.core.node import Node
from carnet_node.core.vehicle_file import PRESENT_ROLES, VehicleFile, vehicle_file
from carnet_node.core.views import customer_card
from carnet_node.entrypoints.pages.forms import FormState
from carnet_node.entrypoints.pages.page import PageOf
from carnet_node.entrypoints.pages.plots import odometer_plot
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE

router = APIRouter(prefix="/vehicles")


@router.get("/{vehicle}")
async def show_vehicle(page: PageOf, vehicle: str) -> Response:
    """The file of a car."""
    record = record_from_text(vehicle)
    return await page.show("file.html", lambda: _file(page.node, record), screen="", form=FormState())


def _file(node: Node, vehicle: RecordId) -> Mapping[str, Any]:
    file = vehicle_file(node, vehicle)
    if file is None:
        require_record(node, VEHICLE, vehicle)
        raise AssertionError("a record that is there has a file")
    owner = present_owner(file)
    return {
        "card": None if owner is None else customer_card(node, owner),
        "cars": [file.car.vehicle],
        "file": file,
        "plot": odometer_plot(file.car.odometer),
    }


def present_owner(file: VehicleFile) -> RecordId | None:
    """The customer who holds a car now; None when this site knows none."""
    for role in PRESENT_ROLES:
        for owned in file.car.owners:
            if owned.other is not None and owned.link.values.get("role") == role and not owned.link.values.get("to_on"):
                return owned.other.id
    return None
