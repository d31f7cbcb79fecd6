"""`lookup`: another dealer's car through the hub, taking it on, giving it back, and which cars were taken on.

Exit codes: 0 done; 1 refused, also by the hub; 2 wrong usage; 3 the hub is unreachable, or the database is busy.
"""

from typing import Annotated

import anyio
import typer

from carnet_node.adapters.system import run_blocking
from carnet_node.bootstrap import Installation
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.line.looking_up import OtherCars, Question, check_question, look_up
from carnet_node.core.saving.taking_on import give_back, take_on
from carnet_node.core.showing.taken_on import cars_taken_on
from carnet_node.entrypoints.cli.opening import emit_saved, installation_of, node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit, emit_list
from carnet_node.entrypoints.looked_up import other_cars_json, taken_on_json
from carnet_node.entrypoints.presenting import Json, Presenter, instant_text
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.kinds import ADOPTION
from carnet_protocol.look_up import BY_VIN, LOOK_UP_REASONS, WAYS
from carnet_protocol.visits import OVER, PROPOSED

lookup_app = one_group(help="Cars that other dealers know.")

COLUMNS = ("adopted_at", "until", "vin", "reason", "following", "taken_back", "vehicle_id")

Reason = Annotated[str, typer.Option(help="why: " + ", ".join(LOOK_UP_REASONS))]
Customer = Annotated[str | None, typer.Option(help="record id of the customer at the desk", show_default=False)]


@lookup_app.command("find")
def find(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="VIN, plate or telephone number, as typed")],
    *,
    reason: Reason,
    way: Annotated[str, typer.Option(help="what the number is: " + ", ".join(WAYS))] = BY_VIN,
    customer: Customer = None,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
) -> None:
    """Ask the hub for a car; who asked, why and for which car is written down there."""
    question = Question(way, number, reason, None if customer is None else record_from_text(customer))
    check_question(question)
    shown = anyio.run(_ask, installation_of(ctx), question)
    found = other_cars_json(shown, Presenter(show_personal=show_personal))
    emit(found, as_json=as_json, text="\n".join(lines_found(found)))


@lookup_app.command("take-on")
def take_on_(
    ctx: typer.Context,
    vehicle: Annotated[str, typer.Argument(help="record id of the car, as `lookup find` shows it")],
    *,
    reason: Reason,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Follow a car for a time: its history comes with the next sync, works without a line, and goes again."""
    at_desk = None if customer is None else record_from_text(customer)
    emit_saved(ADOPTION, take_on(node_of(ctx), record_from_text(vehicle), reason, at_desk), as_json=as_json)


@lookup_app.command("give-back")
def give_back_(
    ctx: typer.Context,
    vehicle: Annotated[str, typer.Argument(help="record id of the car, as `lookup taken` shows it")],
    *,
    as_json: AsJson = False,
) -> None:
    """Follow a car no more, before its time is over; what was recorded here stays."""
    emit_saved(ADOPTION, give_back(node_of(ctx), record_from_text(vehicle)), as_json=as_json)


@lookup_app.command("taken")
def taken(ctx: typer.Context, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Cars that this site took on: awaited, followed, or ended; what was recorded here stays in any case."""
    rows = [taken_on_json(one) for one in cars_taken_on(node_of(ctx), LIST_ROWS_MAX)]
    emit_list("cars taken on", rows, COLUMNS, as_json=as_json, xlsx=xlsx)


async def _ask(installation: Installation, question: Question) -> OtherCars:
    async with installation.hub_client() as link:
        return await look_up(installation.node(), link, run_blocking, question)


def lines_found(found: Json) -> list[str]:
    """What was found, for people: each car, and below it its visits."""
    lines = []
    for car in found["cars"]:
        named = " ".join(str(car["values"][name]) for name in ("vin", "model_name", "color") if name in car["values"])
        plates = " ".join(str(one["plate_no"]) for one in car["plates"] if "plate_no" in one)
        lines.append(f"{named} {plates}".strip() + f"  {car['vehicle_id']}")
        lines += [f"  {_visit_line(one)}" for one in car["visits"]]
        if car["is_cut"]:
            lines.append("  There is more; take the car on to see all of it.")
    if found["is_cut"]:
        lines.append("There are more cars; ask by VIN.")
    return lines or ["The hub knows no such car. Take it in by its plate; its VIN brings both together later."]


def _visit_line(visit: Json) -> str:
    """Day, site, number, the state of one that is not over, what it corrects, and the work."""
    values, at_ms = visit["values"], visit["values"].get("opened_at")
    day = instant_text(at_ms)[:10] if isinstance(at_ms, int) else str(at_ms or "")[:10]
    status = values.get("status")
    state = "" if status is None or status in OVER else f"[{status}]"
    corrects = "" if visit["corrects"] is None else f"(corrects {visit['corrects'] or 'another'})"
    what = ", ".join(text for one in visit["work"] for text in _work_texts(one["values"]))
    said = (day, visit["site_code"] or "", values.get("ro_no", ""), state, corrects, what)
    return " ".join(one for one in said if one)


def _work_texts(values: Json) -> list[str]:
    """What a job or line is called; a job says that its customer has not answered."""
    waits = " (not answered yet)" if values.get("approval") == PROPOSED else ""
    return [f"{values[name]}{waits}" for name in ("op_name", "labour_name", "part_name") if values.get(name)]
