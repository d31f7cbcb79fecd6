"""Vehicles, plates, owners and odometer readings, over JSON.

Decides addresses and which command a request is. The answer to every save holds the vehicle as it is now. What a
vehicle's record cannot say twice (its VIN, an owner's role) is recorded once, and changed where it stands.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.vehicles import (
    AddVehicle,
    ReadOdometer,
    edit_ownership,
    edit_plate,
    edit_vehicle,
    read_odometer,
    remove_plate,
    retract_reading,
)
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import as_read, read_of_view, vehicle_as_read
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.editing import (
    new_owner_drafts,
    plate_drafts,
    read_for_edit,
    remove_vehicle,
    require_part,
    require_vehicle,
)
from carnet_node.core.showing.views import vehicle_view
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import (
    AddOwnerForm,
    AddReadingForm,
    AddVehicleForm,
    EditForm,
    NewForm,
    RemoveAllForm,
    RemoveForm,
    RetractForm,
)
from carnet_node.entrypoints.web.desk import (
    After,
    Desk,
    DeskOf,
    Limit,
    Show,
    heads_by_id,
    instant_of,
    records_page,
    saved_json,
    values_of,
)
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import ODOMETER_READING, OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.registry import Kind

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


@router.get("")
async def list_vehicles(desk: DeskOf, show: Show, after: After = None, limit: Limit = 100) -> Json:
    """A page of vehicles by id."""
    return await desk.read(partial(records_page, desk.node, VEHICLE, show, after=after, limit=limit))


@router.post("", status_code=HTTPStatus.CREATED)
async def record_vehicle(desk: DeskOf, show: Show, form: AddVehicleForm, response: Response) -> Json:
    """Record a car; one whose VIN is known keeps its record, and what differs stands beside what was known."""
    command = AddVehicle(form.vin, desk.node.settings.vin_policy, values_of(VEHICLE, form.values))

    def _work() -> Json:
        made = save_vehicle(desk.node, command)
        return {**saved_json(VEHICLE, made.saved, _view(desk, show, made.vehicle)), "id": record_text(made.vehicle)}

    answer = await desk.write(_work)
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@router.get("/{vehicle}")
async def show_vehicle(desk: DeskOf, show: Show, vehicle: str) -> Json:
    """A vehicle with plates, owners, odometer, visits and open recalls."""
    record = record_from_text(vehicle)
    return await desk.read(lambda: show.vehicle(require_vehicle(desk.node, record)))


@router.patch("/{vehicle}")
async def change_vehicle(desk: DeskOf, show: Show, vehicle: str, form: EditForm) -> Json:
    """Change fields of a vehicle; a car keeps its VIN."""
    record, changes = record_from_text(vehicle), values_of(VEHICLE, form.changes)

    def _drafts(_: NewId) -> Drafts:
        return edit_vehicle(
            read_for_edit(desk.node, VEHICLE, record, form.based_on, changes), changes, today_at_site(desk.node)
        )

    return await _saved(desk, show, VEHICLE, record, _drafts)


@router.post("/{vehicle}/remove")
async def take_vehicle_away(desk: DeskOf, show: Show, vehicle: str, form: RemoveAllForm) -> Json:
    """Take away a vehicle that was entered by mistake, with its plates; one that has visits stays."""
    record, parts = record_from_text(vehicle), heads_by_id(form.parts_based_on)

    def _drafts(_: NewId) -> Drafts:
        return remove_vehicle(vehicle_as_read(require_vehicle(desk.node, record), form.based_on, parts))

    return await _saved(desk, show, VEHICLE, record, _drafts)


@router.post("/{vehicle}/plates", status_code=HTTPStatus.CREATED)
async def record_plate(desk: DeskOf, show: Show, vehicle: str, form: NewForm) -> Json:
    """A plate the car carries or carried; one it carries already changes nothing."""
    record, values = record_from_text(vehicle), values_of(PLATE, form.values)

    def _drafts(new_id: NewId) -> Drafts:
        return plate_drafts(desk.node, require_vehicle(desk.node, record).vehicle.id, values, new_id)

    return await _saved(desk, show, PLATE, record, _drafts)


@router.patch("/{vehicle}/plates/{plate}")
async def change_plate(desk: DeskOf, show: Show, vehicle: str, plate: str, form: EditForm) -> Json:
    """Change a plate, for example the day it was taken off."""
    record, changes = record_from_text(vehicle), values_of(PLATE, form.changes)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, PLATE, record_from_text(plate), record)
        return edit_plate(read_of_view(view, form.based_on, changes), changes, today_at_site(desk.node))

    return await _saved(desk, show, PLATE, record, _drafts)


@router.post("/{vehicle}/plates/{plate}/remove")
async def take_plate_away(desk: DeskOf, show: Show, vehicle: str, plate: str, form: RemoveForm) -> Json:
    """Take away a plate that was entered by mistake."""
    record = record_from_text(vehicle)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, PLATE, record_from_text(plate), record)
        return remove_plate(as_read(view, form.based_on).read())

    return await _saved(desk, show, PLATE, record, _drafts)


@router.post("/{vehicle}/owners", status_code=HTTPStatus.CREATED)
async def record_owner(desk: DeskOf, show: Show, vehicle: str, form: AddOwnerForm) -> Json:
    """Link a customer to a car as owner, lessee, driver or payer."""
    record, customer = record_from_text(vehicle), record_from_text(form.customer_id)
    values = values_of(OWNERSHIP, form.values)

    def _drafts(_: NewId) -> Drafts:
        require_vehicle(desk.node, record)
        return new_owner_drafts(desk.node, record, customer, form.role, values)

    return await _saved(desk, show, OWNERSHIP, record, _drafts)


@router.patch("/{vehicle}/owners/{link}")
async def change_owner(desk: DeskOf, show: Show, vehicle: str, link: str, form: EditForm) -> Json:
    """Change a link, for example the day it ended."""
    record, changes = record_from_text(vehicle), values_of(OWNERSHIP, form.changes)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, OWNERSHIP, record_from_text(link), record)
        return edit_ownership(read_of_view(view, form.based_on, changes), changes, today_at_site(desk.node))

    return await _saved(desk, show, OWNERSHIP, record, _drafts)


@router.post("/{vehicle}/readings", status_code=HTTPStatus.CREATED)
async def record_reading(desk: DeskOf, show: Show, vehicle: str, form: AddReadingForm) -> Json:
    """A reading of the odometer; one below the last is kept and flagged."""
    record, read_at = record_from_text(vehicle), instant_of(desk, "read_at", form.read_at)

    def _drafts(new_id: NewId) -> Drafts:
        require_vehicle(desk.node, record)
        today = today_at_site(desk.node)
        command = ReadOdometer(record, form.odometer_km, read_at, form.source, today=today)
        return (read_odometer(command, new_id),)

    return await _saved(desk, show, ODOMETER_READING, record, _drafts)


@router.post("/{vehicle}/readings/{reading}/retract")
async def take_reading_back(desk: DeskOf, show: Show, vehicle: str, reading: str, form: RetractForm) -> Json:
    """Take back a reading that was mistyped; it stays readable with the reason."""
    record = record_from_text(vehicle)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, ODOMETER_READING, record_from_text(reading), record)
        return retract_reading(as_read(view, form.based_on).read(), form.reason)

    return await _saved(desk, show, ODOMETER_READING, record, _drafts)


async def _saved(desk: Desk, show: Presenter, kind: Kind, vehicle: RecordId, drafts: Callable[[NewId], Drafts]) -> Json:
    """Save, and answer with the vehicle as it is then."""

    def _work() -> Json:
        return saved_json(kind, save(desk.node, drafts), _view(desk, show, vehicle))

    return await desk.write(_work)


def _view(desk: Desk, show: Presenter, vehicle: RecordId) -> Json | None:
    view = vehicle_view(desk.node, vehicle)
    return None if view is None else show.vehicle(view)
