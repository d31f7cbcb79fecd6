"""`visits`: add, show, find, list, edit, answer, complete, settle, close, correct, void.

Jobs and lines are given as `field=value` pairs separated by `;`, and a line names its job by its place, 1 for the
first:

    visits add --vehicle ID --km 52300 --job "complaint=Squeal;pay_type=warranty" --part "job=1;part_no=BP-1;..."

Evidence names its recall in the same way, when there are several.
"""

from functools import partial
from typing import Annotated

import typer

from carnet_node.core.commands.check_in import OTHER_REASON
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.recall_work import CompleteRecall, complete_recall, number_of
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import (
    OpenVisit,
    Step,
    add_jobs,
    complete_visit,
    void_visit,
)
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.desk import save, save_visit, save_visit_by_vin
from carnet_node.core.saving.editing import (
    Recorded,
    campaign_terms,
    order_drafts,
    recall_drafts,
    require_record,
    require_visit,
    require_visit_references,
)
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
    set_facts,
    whole_number,
)
from carnet_node.entrypoints.cli.order_ends import answer, close, correct, settle
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, emit, remark_lines
from carnet_node.entrypoints.cli.recalls_done import (
    Evidence,
    Method,
    RecallDone,
    named_campaigns,
    open_remarks,
    remarks_on,
)
from carnet_node.entrypoints.cli.tables import emit_card, presenter_of
from carnet_node.entrypoints.reading import record_from_text, values_from_pairs
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE, RECALL_COMPLETION, VEHICLE, VISIT
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value

visits_app = one_group(help="Repair orders.")

COLUMNS = ("id", "ro_no", "status", "opened_at", "visit_kind", "odometer_in_km", "sync")

Km = Annotated[int | None, typer.Option("--km", parser=whole_number, metavar="<int>", help="odometer at arrival")]
KmUnknown = Annotated[bool, typer.Option("--km-unknown", help="the odometer cannot be read")]
Jobs = Annotated[list[str] | None, typer.Option("--job", help="complaint=...;op_name=...;pay_type=customer")]
Labour = Annotated[
    list[str] | None, typer.Option("--labour", help="job=1;labour_name=...;actual_hours=150;rate_fen=12000")
]
Parts = Annotated[
    list[str] | None, typer.Option("--part", help="job=1;part_no=...;quantity_hundredths=100;price_fen=500")
]
PromiseReason = Annotated[
    str,
    typer.Option("--promise-reason", help="why promised_at moves: parts, more_work, workshop, customer_wish, other"),
]


@visits_app.command("add")
def add(
    ctx: typer.Context,
    *,
    vehicle: Annotated[str | None, typer.Option("--vehicle", help="id of the vehicle")] = None,
    vin: Annotated[str | None, typer.Option("--vin", help="or its VIN; an unknown one is recorded")] = None,
    is_compared: Compared = False,
    customer: Annotated[str | None, typer.Option("--customer", help="id of the customer")] = None,
    km: Km = None,
    km_unknown: KmUnknown = False,
    jobs: Jobs = None,
    labour: Labour = None,
    parts: Parts = None,
    fields: Set = None,
    recall_done: RecallDone = None,
    method: Method = "repaired",
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Open a repair order; its number is made here, with or without a line."""
    if (vehicle is None) == (vin is None):
        raise typer.BadParameter("give --vehicle ID or --vin VIN")
    node = node_of(ctx)
    campaigns = named_campaigns(node, recall_done)
    shown = _evidence(evidence or [], len(campaigns))
    values = {**values_from_pairs(VISIT, fields or ()), **_odometer(km, is_unknown=km_unknown)}
    listed = _new_jobs(jobs or [], labour or [], parts or [])
    customer_id = record_from_text(customer) if customer else None
    vehicle_id = record_from_text(vehicle) if vehicle else None
    require_visit_references(node, {"vehicle_id": vehicle_id, "customer_id": customer_id})
    now_ms = node.clock.now_ms()

    def order(car: RecordId) -> OpenVisit:
        """The order for a car that is known, or recorded with it."""
        return OpenVisit("", car, now_ms, customer_id, values, listed)

    def recalls(visit: RecordId, car: RecordId) -> Drafts:
        """A completion for each campaign that was named."""
        number = vin or _number_of(node, car)
        asked = [(one, values, campaign_terms(node, one)) for (_, one), values in zip(campaigns, shown, strict=True)]
        done = [
            CompleteRecall(campaign, number, car, visit, "open", now_ms, method, values, terms)
            for campaign, values, terms in asked
        ]
        return tuple(draft for one in done for draft in complete_recall(one))

    remarks = remarks_on(node, vin or _number_of(node, vehicle_id), campaigns)
    if vehicle_id is not None:
        opened = save_visit(node, order(vehicle_id), recalls)
    else:
        policy = accepted_policy(node, is_compared=is_compared)
        opened = save_visit_by_vin(node, AddVehicle(vin or "", policy), order, recalls)
    facts = set_facts(opened.saved.sealed) if opened.saved.sealed else {}
    result = {"id": record_text(opened.visit), "ro_no": opened.ro_no, **facts, "remarks": remarks}
    emit(result, as_json=as_json, text=f"{opened.ro_no} is open ({result['id']}).{remark_lines(remarks)}")


@visits_app.command("show")
def show(ctx: typer.Context, visit: Id, *, show_personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """One repair order with its jobs, lines and totals."""
    node = node_of(ctx)
    view = require_visit(node, record_from_text(visit))
    emit_card(presenter_of(node, show_personal=show_personal, as_json=as_json).visit(view), as_json=as_json)


add_find_and_list(
    visits_app,
    VISIT,
    COLUMNS,
    find="Repair orders by number.",
    list_="Repair orders in the order in which they were opened.",
)


@visits_app.command("edit")
def edit(
    ctx: typer.Context,
    visit: Id,
    *,
    fields: Set = None,
    km: Km = None,
    km_unknown: KmUnknown = False,
    jobs: Jobs = None,
    labour: Labour = None,
    parts: Parts = None,
    promise_reason: PromiseReason = OTHER_REASON,
    based_on: BasedOn = None,
    as_json: AsJson = False,
) -> None:
    """Change fields of an order, or add jobs with their lines."""
    node, record = node_of(ctx), record_from_text(visit)
    view = require_visit(node, record)
    changes = {**values_from_pairs(VISIT, fields or ()), **_odometer(km, is_unknown=km_unknown)}
    require_visit_references(node, changes)
    read = read_of(node, VISIT, record, based_on, changes)
    reading = view.reading.read() if view.reading is not None else None
    recorded = Recorded(reading, tuple(one.read() for one in view.completions))
    saved = save(node, partial(order_drafts, node, read, changes, recorded, promise_reason=promise_reason))
    listed = _new_jobs(jobs or [], labour or [], parts or [])
    if listed:
        now = require_visit(node, record)
        saved = save(node, partial(add_jobs, now.visit.read(), now.work(), listed, today=today_at_site(node)))
    emit_saved(VISIT, saved, as_json=as_json)


@visits_app.command("complete")
def complete(
    ctx: typer.Context,
    visit: Id,
    *,
    km_out: Annotated[
        int | None, typer.Option("--km-out", parser=whole_number, metavar="<int>", help="odometer at hand-over")
    ] = None,
    recall_done: RecallDone = None,
    method: Method = "repaired",
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """The work is done; recalls carried out are recorded with it."""
    node = node_of(ctx)
    campaigns = named_campaigns(node, recall_done)
    view = require_visit(node, record_from_text(visit))
    now_ms = node.clock.now_ms()
    values: dict[str, Value] = {} if km_out is None else {"odometer_out_km": km_out}
    step = Step(view.visit.read(), now_ms, view.work(), values)
    shown = _evidence(evidence or [], len(campaigns))

    def drafts(new_id: NewId) -> Drafts:
        """The step, and a completion for each campaign that was named."""
        done = [
            recall_drafts(node, view, one, new_id, method=method, values=values)
            for (_, one), values in zip(campaigns, shown, strict=True)
        ]
        return complete_visit(step) + tuple(draft for one in done for draft in one)

    remarks = remarks_on(node, number_of(view.vehicle.values) if view.vehicle is not None else "", campaigns)
    saved = save(node, drafts)
    remarks += open_remarks(node, view.visit.id)
    emit_saved(VISIT, saved, as_json=as_json, remarks=remarks)


visits_app.command("answer")(answer)
visits_app.command("settle")(settle)
visits_app.command("close")(close)
visits_app.command("correct")(correct)


@visits_app.command("void")
def void(
    ctx: typer.Context,
    visit: Id,
    *,
    reason: Annotated[str, typer.Option("--reason", help="why the order never counted")],
    as_json: AsJson = False,
) -> None:
    """The order never counted; it stays readable, its number stays used, and recalls done on it are taken back."""
    node = node_of(ctx)
    view = require_visit(node, record_from_text(visit))
    completions = [one.read() for one in view.completions]
    saved = save(node, lambda _: void_visit(view.visit.read(), reason, completions))
    emit_saved(VISIT, saved, as_json=as_json)


def _number_of(node: Node, vehicle: RecordId | None) -> str:
    """The number under which a campaign may list a car that is on file."""
    return number_of(require_record(node, VEHICLE, vehicle).values) if vehicle is not None else ""


def _odometer(km: int | None, *, is_unknown: bool) -> dict[str, Value]:
    values: dict[str, Value] = {} if km is None else {"odometer_in_km": km}
    return {**values, "is_odometer_unknown": True} if is_unknown else values


def _new_jobs(jobs: list[str], labour: list[str], parts: list[str]) -> list[NewJob]:
    """Jobs with their lines."""
    by_job: dict[int, tuple[list[dict[str, Value]], list[dict[str, Value]]]] = {
        place: ([], []) for place in range(1, len(jobs) + 1)
    }
    for kind, texts, which in ((LABOUR_LINE, labour, 0), (PART_LINE, parts, 1)):
        for text in texts:
            place, values = _placed(kind, text, "job")
            if place not in by_job:
                raise BadValue(Reason.BAD_FIELD, "job", f"there is no --job number {place}")
            by_job[place][which].append(values)
    return [NewJob(values_from_pairs(JOB, _pairs(text)), *by_job[place]) for place, text in enumerate(jobs, start=1)]


def _evidence(texts: list[str], recall_count: int) -> list[dict[str, Value]]:
    """What is shown for each recall, in their order."""
    shown: list[dict[str, Value]] = [{} for _ in range(recall_count)]
    for text in texts:
        place, values = _placed(RECALL_COMPLETION, text, "recall", 1 if recall_count == 1 else 0)
        if not 1 <= place <= recall_count:
            raise BadValue(Reason.BAD_FIELD, "recall", f"begin with recall= and a number from 1 to {recall_count}")
        shown[place - 1] |= values
    return shown


def _placed(kind: Kind, text: str, name: str, default: int = 1) -> tuple[int, dict[str, Value]]:
    """The place that a line names, of its job or recall, and the values of the line."""
    pairs = _pairs(text)
    named = [pair.partition("=")[2].strip() for pair in pairs if pair.partition("=")[0].strip() == name]
    place = int(named[0]) if named and named[0].isdigit() else default
    return place, values_from_pairs(kind, [pair for pair in pairs if pair.partition("=")[0].strip() != name])


def _pairs(text: str) -> list[str]:
    return [pair for pair in text.split(";") if pair.strip()]
