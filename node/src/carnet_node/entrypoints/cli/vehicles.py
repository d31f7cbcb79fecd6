"""`vehicles`: add, show, find, list, edit, void."""

from collections.abc import Callable
from typing import Annotated

import typer

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.vehicles import AddVehicle, ReadOdometer, edit_vehicle, read_odometer
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.desk import Saved, save, save_vehicle
from carnet_node.core.saving.editing import owner_drafts, plate_drafts, remove_vehicle, require_vehicle
from carnet_node.core.saving.identifying import accepted_policy
from carnet_node.entrypoints.cli.lists import add_find_and_list
from carnet_node.entrypoints.cli.opening import (
    BasedOn,
    Compared,
    Id,
    Set,
    emit_saved,
    node_of,
    one_group,
    read_of,
    whole_number,
)
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, emit
from carnet_node.entrypoints.cli.tables import emit_card, presenter_of
from carnet_node.entrypoints.reading import record_from_text, values_from_pairs
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import VEHICLE

vehicles_app = one_group(help="Vehicles this site knows.")

COLUMNS = ("id", "vin", "model_name", "color", "lifecycle", "sync")

Plate = Annotated[str | None, typer.Option("--plate", help="a plate it carries")]
Owner = Annotated[str | None, typer.Option("--owner", help="id of the customer it belongs to")]
Odometer = Annotated[
    int | None, typer.Option("--km", parser=whole_number, metavar="<int>", help="a reading of the odometer, taken now")
]


@vehicles_app.command("add")
def add(
    ctx: typer.Context,
    vin: Annotated[str, typer.Argument(help="VIN, as typed or scanned")],
    *,
    is_compared: Compared = False,
    plate: Plate = None,
    owner: Owner = None,
    km: Odometer = None,
    fields: Set = None,
    as_json: AsJson = False,
) -> None:
    """Record a vehicle; one whose VIN is known keeps its record."""
    node = node_of(ctx)
    values = values_from_pairs(VEHICLE, fields or ())
    command = AddVehicle(vin, accepted_policy(node, is_compared=is_compared), values)
    saved = save_vehicle(node, command, _parts(node, plate, owner, km))
    result = {"id": record_text(saved.vehicle), "changed": saved.saved.sealed is not None}
    emit(result, as_json=as_json, text=f"vehicle {result['id']}")


@vehicles_app.command("show")
def show(ctx: typer.Context, vehicle: Id, *, show_personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """One vehicle with plates, owners, odometer, visits and recalls."""
    node = node_of(ctx)
    view = require_vehicle(node, record_from_text(vehicle))
    emit_card(presenter_of(node, show_personal=show_personal, as_json=as_json).vehicle(view), as_json=as_json)


add_find_and_list(
    vehicles_app,
    VEHICLE,
    COLUMNS,
    find="Vehicles by VIN, its last six characters, plate or its end.",
    list_="Vehicles by id.",
)


@vehicles_app.command("edit")
def edit(
    ctx: typer.Context,
    vehicle: Id,
    *,
    fields: Set = None,
    plate: Plate = None,
    owner: Owner = None,
    km: Odometer = None,
    based_on: BasedOn = None,
    as_json: AsJson = False,
) -> None:
    """Change fields of a vehicle, or add a plate, an owner or a reading."""
    node, record = node_of(ctx), record_from_text(vehicle)
    changes = values_from_pairs(VEHICLE, fields or ())
    read = read_of(node, VEHICLE, record, based_on, changes)
    parts = _parts(node, plate, owner, km)
    saved = save(node, lambda new_id: edit_vehicle(read, changes, today_at_site(node)) + parts(record, new_id))
    emit_saved(VEHICLE, Saved((record,), saved.sealed), as_json=as_json)


@vehicles_app.command("void")
def void(ctx: typer.Context, vehicle: Id, *, as_json: AsJson = False) -> None:
    """Take away a vehicle that was entered by mistake."""
    node = node_of(ctx)
    view = require_vehicle(node, record_from_text(vehicle))
    saved = save(node, lambda _: remove_vehicle(view))
    emit({"changed": saved.sealed is not None, "id": vehicle}, as_json=as_json, text="The vehicle is taken away.")


def _parts(node: Node, plate: str | None, owner: str | None, km: int | None) -> Callable[[RecordId, NewId], Drafts]:
    """What is recorded with a vehicle, in the same change set."""
    customer = record_from_text(owner) if owner is not None else None

    def drafts(vehicle: RecordId, new_id: NewId) -> Drafts:
        """Plate, owner and reading, as far as they were given."""
        made: list[Draft] = []
        if plate is not None:
            made += plate_drafts(node, vehicle, {"plate_no": plate}, new_id)
        if customer is not None:
            made += owner_drafts(node, vehicle, customer, "owner", {})
        if km is not None:
            made.append(read_odometer(ReadOdometer(vehicle, km, node.clock.now_ms(), "statement"), new_id))
        return tuple(made)

    return drafts
