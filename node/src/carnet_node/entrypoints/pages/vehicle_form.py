"""The form of a car: its own fields, plates, who holds it since when, and how far it has run.

Decides how the rows of the form stand for records, as in the form of a customer: a row with an id is one that was on
file, based on the heads it was rendered from; a ticked one goes. All of it is one change set. A reading that goes is
taken back and stays readable. Who is meant by the text of a new holder is decided in `core.searching`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.vehicles import (
    ReadOdometer,
    edit_ownership,
    edit_plate,
    edit_vehicle,
    read_odometer,
    remove_plate,
    retract_reading,
)
from carnet_node.core.node import Node
from carnet_node.core.numbering import Today, today_at_site
from carnet_node.core.refusals import refuse_if_any, refuse_together
from carnet_node.core.saving.basis import as_read, read_of_view
from carnet_node.core.saving.editing import new_owner_drafts, plate_drafts, require_vehicle
from carnet_node.core.showing.reading_check import doubts_of
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.searching import one_customer
from carnet_node.core.showing.views import VehicleView
from carnet_node.entrypoints.pages.customer_forms import changed, gathered, row_on_file, text_of
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, show_form
from carnet_node.entrypoints.pages.typed import READ_AGAIN, TICKED, Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import ODOMETER_READING, OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.registry import Kind, Value

router = APIRouter(prefix="/vehicles")

OWN_FIELDS: Final = (
    "model_name",
    "model_year",
    "model_code",
    "color",
    "fuel",
    "engine_no",
    "build_on",
    "lifecycle",
)
PLATE_FIELDS: Final = ("plate_no", "plate_color", "from_on", "to_on")
PERIOD_FIELDS: Final = ("from_on", "to_on")
READING_FIELDS: Final = ("odometer_km", "source")
_FIELDS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "plates": (PLATE, PLATE_FIELDS),
    "owners": (OWNERSHIP, PERIOD_FIELDS),
    "readings": (ODOMETER_READING, ()),
}
_MISTAKE: Final = "entered_in_error"


@router.get("/{vehicle}/edit")
async def show_edit(page: PageOf, vehicle: str) -> Response:
    """Everything about a car that a desk may change."""
    record = record_from_text(vehicle)
    return await show_form(_shape(page, record), partial(_begin, page.node, record))


@router.post("/{vehicle}/edit")
async def change(page: PageOf, vehicle: str) -> Response:
    """Change what was changed in the form, in one change set."""
    record, typed = record_from_text(vehicle), page.typed()
    drafts = partial(_drafts, record=record, typed=typed, clockface=page.pages.renderer.clockface)
    address, begin = f"{router.prefix}/{record_text(record)}", partial(_begin, page.node, record)
    return await save_form(_shape(page, record), typed, drafts, address, begin)


def car_as_texts(view: VehicleView) -> dict[str, str]:
    """What is on file, as the fields of the form."""
    texts = {name: text_of(view.vehicle.values.get(name)) for name in OWN_FIELDS}
    for name, views in _rows(view).items():
        for place, one in enumerate(views):
            where = f"{name}[{place}]."
            texts |= {where + field: text_of(one.values.get(field)) for field in _FIELDS[name][1]}
            texts |= {where + "id": record_text(one.id), where + BASED_ON: one.heads.to_text()}
    return {name: text for name, text in texts.items() if text}


def _rows(view: VehicleView) -> dict[str, tuple[RecordView, ...]]:
    """The rows of the form: links to customers of other sites and readings that were taken back have none."""
    return {
        "plates": view.plates,
        "owners": tuple(one.link for one in view.owners if one.other is not None),
        "readings": tuple(one for one in view.readings if not one.values.get("retracted")),
    }


def _begin(node: Node, vehicle: RecordId) -> tuple[Mapping[str, str], str]:
    view = require_vehicle(node, vehicle)
    return car_as_texts(view), view.vehicle.heads.to_text()


def _shape(page: Page, record: RecordId) -> RecordForm:
    name = record_text(record)

    def _context(_: FormState) -> Mapping[str, Any]:
        return {"car": require_vehicle(page.node, record)}

    address = f"{router.prefix}/{name}/edit"
    return RecordForm(page, "vehicle_form.html", "", address, _context, draft=f"vehicle-{name}")


def _drafts(node: Node, new_id: NewId, *, record: RecordId, typed: Typed, clockface: Clockface) -> Drafts:
    """What the form changes of the car and what belongs to it.

    Raises:
        CommandRefused: everything that is wrong, each with its place in the form; nothing is drafted.
    """
    form = _Form(node, require_vehicle(node, record), typed, clockface, new_id)
    rows = [(name, place) for name in _FIELDS for place in typed.places(name)]
    return gathered(
        [
            ("", form.own),
            *((f"{name}[{place}].", partial(form.row, name, f"{name}[{place}].")) for name, place in rows),
            ("owner.", form.new_owner),
            ("reading.", form.new_reading),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that was sent, beside the car as it is now."""

    node: Node
    car: VehicleView
    typed: Typed
    clockface: Clockface
    new_id: NewId

    @property
    def today(self) -> Today:
        """What day it is at the site."""
        return today_at_site(self.node)

    def own(self) -> Drafts:
        """What changes of the car itself."""
        view, typed = self.car.vehicle, self.typed
        reader = Reader(self.clockface)
        changes = changed(view, reader.values(VEHICLE, {name: typed.text(name) for name in OWN_FIELDS}), typed, "")
        read = read_of_view(view, typed.text(BASED_ON), changes)
        return refuse_together(reader.problems, partial(edit_vehicle, read, changes, self.today))

    def row(self, name: str, where: str) -> Drafts:
        """What changes of one plate, holder or reading."""
        kind, fields = _FIELDS[name]
        texts = self.typed.below(where)
        reader = Reader(self.clockface)
        values = reader.values(kind, {one: texts.get(one, "") for one in fields})
        if not texts.get("id"):
            stated = {one: value for one, value in values.items() if value is not None}
            is_new = kind is PLATE and (stated or reader.problems)
            new = partial(plate_drafts, self.node, self.car.vehicle.id, stated, self.new_id)
            return refuse_together(reader.problems, new) if is_new else ()
        return refuse_together(reader.problems, partial(self.known_row, name, where, values))

    def known_row(self, name: str, where: str, values: Mapping[str, Value]) -> Drafts:
        """What changes of a plate, holder or reading that is on file."""
        kind, _ = _FIELDS[name]
        texts = self.typed.below(where)
        view = row_on_file(_rows(self.car)[name], texts["id"])
        heads = texts.get(BASED_ON, "")
        if texts.get("gone") == TICKED and kind is not OWNERSHIP:
            read = as_read(view, heads).read()
            return remove_plate(read) if kind is PLATE else retract_reading(read, _MISTAKE)
        changes = changed(view, values, self.typed, where)
        edit = edit_plate if kind is PLATE else edit_ownership
        return edit(read_of_view(view, heads, changes), changes, self.today) if changes else ()

    def new_owner(self) -> Drafts:
        """Somebody who holds the car from now on, or from a day."""
        texts = self.typed.below("owner.")
        if not texts.get("customer_id"):
            return ()
        reader = Reader(self.clockface)
        values = reader.values(OWNERSHIP, {"from_on": texts.get("from_on", "")})

        def drafts() -> Drafts:
            """For whoever is meant by the text."""
            customer = one_customer(self.node, texts["customer_id"], "customer_id")
            return new_owner_drafts(self.node, self.car.vehicle.id, customer, texts.get("role") or "owner", values)

        return refuse_together(reader.problems, drafts)

    def new_reading(self) -> Drafts:
        """What the odometer reads now."""
        texts = self.typed.below("reading.")
        reader = Reader(self.clockface)
        values = reader.values(ODOMETER_READING, {one: texts.get(one, "") for one in READING_FIELDS})
        refuse_if_any(reader.problems)
        odometer_km, source = values["odometer_km"], str(values["source"] or "statement")
        if not isinstance(odometer_km, int):
            return ()
        now_ms = self.node.clock.now_ms()
        if source != "odometer_replaced" and texts.get(READ_AGAIN) != TICKED:
            refuse_if_any(doubts_of(self.car.readings, odometer_km, now_ms, field="odometer_km"))
        command = ReadOdometer(self.car.vehicle.id, odometer_km, now_ms, source)
        return (read_odometer(command, self.new_id),)
