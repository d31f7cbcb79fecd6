"""`due`: whom to remind on a day, what came of it, and until when cars are insured and inspected. Without a line.

Exit codes: 0 done; 1 refused, also because the customer must not be called; 2 wrong usage; 3 the database is busy.
"""

from datetime import datetime
from typing import Annotated

import typer

from carnet_node.core.commands.due_list import BIRTHDAY
from carnet_node.core.commands.reminding import note_car_dates
from carnet_node.core.local_facts import Access
from carnet_node.core.numbering import site_day, today_at_site
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import nothing_here, require_visit_references
from carnet_node.core.saving.reminding import DueLine, due_today, remind
from carnet_node.core.showing.car_dates import dates_of_car
from carnet_node.core.staff.access_log import list_as_taken, note_access, note_list
from carnet_node.entrypoints.cli.opening import Set, emit_saved, node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit_list
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import record_from_text, values_from_pairs
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import CAR_DATES, CONTACT_CHANNELS, OCCASIONS, REMINDER, REMINDER_RESULTS, VEHICLE
from carnet_protocol.registry import Value

due_app = one_group(help="Whom to remind, and what came of it.")

COLUMNS = ("due_on", "occasion", "customer", "customer_id", "phone", "vin", "vehicle_id", "hold")


@due_app.command("list")
def list_due(
    ctx: typer.Context,
    *,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="of the site; today when left out")] = None,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Everybody of whom something is due; whoever must not be called stands there with the reason, and no number."""
    node = node_of(ctx)
    asked = site_day(node) if day is None else day.date()
    show = Presenter(show_personal=show_personal)
    rows = [_row(one, show) for one in due_today(node, asked)]
    if xlsx is not None:
        note_access(node, Access.EXPORTED, list_as_taken("due", is_in_full=show_personal), len(rows))
    elif show_personal:
        note_list(node, "due", len(rows))
    emit_list(f"due on {asked.isoformat()}", rows, COLUMNS, as_json=as_json, xlsx=xlsx)


@due_app.command("note")
def note(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(help="record id of the customer")],
    *,
    occasion: Annotated[str, typer.Option(help=", ".join(OCCASIONS))],
    due_on: Annotated[str, typer.Option(help="YYYY-MM-DD, the day that was due")],
    result: Annotated[str, typer.Option(help=", ".join(REMINDER_RESULTS))],
    channel: Annotated[str, typer.Option(help=", ".join(CONTACT_CHANNELS))] = "phone",
    vehicle: Annotated[str | None, typer.Option(help="record id of the car, when it is about one")] = None,
    as_json: AsJson = False,
) -> None:
    """Note that a customer was reminded and what came of it; who must not be called is refused."""
    node = node_of(ctx)
    said: dict[str, Value] = {"occasion": occasion, "due_on": due_on, "result": result, "channel": channel}
    if vehicle is not None:
        said["vehicle_id"] = record_from_text(vehicle)
    require_visit_references(node, said)
    emit_saved(REMINDER, remind(node, record_from_text(customer), said), as_json=as_json)


@due_app.command("dates")
def dates(
    ctx: typer.Context,
    vehicle: Annotated[str, typer.Argument(help="record id of the car")],
    *,
    customer: Annotated[
        str | None, typer.Option(help="record id of who has the car; needed when several have it")
    ] = None,
    fields: Set = None,
    as_json: AsJson = False,
) -> None:
    """Until when a car is insured and inspected: --set insurance_until_on=YYYY-MM-DD, inspection_until_on=..."""
    node, values = node_of(ctx), values_from_pairs(CAR_DATES, fields or ())
    record = record_from_text(vehicle)
    found = dates_of_car(node, record)
    if found is None:
        raise nothing_here(VEHICLE.name)
    named = [one for one in found.customers if customer is None or record_text(one.customer.id) == customer.lower()]
    if len(named) != 1:
        what = "This car has no such customer here." if not named else "Several customers have this car."
        raise refuse("customer_id", ProblemCode.NOT_FOUND, what, "Name the customer who has the car now.")
    (one,) = named
    known = None if one.dates is None else one.dates.read()
    link = {"vehicle_id": record, "customer_id": one.customer.id}
    today = today_at_site(node)
    saved = save(node, lambda new_id: note_car_dates(link, known, values, new_id, today))
    emit_saved(CAR_DATES, saved, as_json=as_json)


def _row(line: DueLine, show: Presenter) -> Json:
    """One line: the day of a birthday is masked as the birthday is."""
    customer = show.record(line.customer)["values"]
    due_on, car = line.due.due_on.isoformat(), line.vehicle
    return {
        "due_on": show.personal(due_on) if line.due.occasion == BIRTHDAY else due_on,
        "occasion": line.due.occasion,
        "customer": customer.get("full_name") or customer.get("company_name"),
        "customer_id": record_text(line.customer.id),
        "phone": None if line.phone is None else show.record(line.phone)["values"].get("number"),
        "vin": None if car is None else car.values.get("vin"),
        "vehicle_id": None if car is None else record_text(car.id),
        "hold": None if line.due.hold is None else line.due.hold.value,
    }
