"""`staff`: who works at this site, for whoever stands at the machine without a browser.

The operator of the machine acts here, named so: a set made on the command line carries no member of staff.
"""

from typing import Annotated

import typer

from carnet_node.core.desk_limits import LOOK_BACK_DAYS
from carnet_node.core.local_facts import AccessEntry
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.core.staff.staff import (
    Member,
    add_member,
    edit_member,
    issue_start_code,
    let_leave,
    list_staff,
    take_back,
)
from carnet_node.core.staff.staff_list import member_by_no
from carnet_node.entrypoints.cli.opening import node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit, emit_list
from carnet_node.entrypoints.cli.tables import presenter_of
from carnet_node.entrypoints.presenting import Json, instant_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.reasons import Reason

staff_app = one_group(help="Who works at this site; what they may do; coming and leaving.")

StaffNo = Annotated[str, typer.Argument(help="staff number")]
COLUMNS = ("staff_no", "full_name", "role", "state", "login", "code_until", "id")


@staff_app.command("list")
def list_(
    ctx: typer.Context, *, show_personal: ShowPersonal = False, as_json: AsJson = False, xlsx: Xlsx = None
) -> None:
    """Everybody, those who left last."""
    node = node_of(ctx)
    rows = [_row(node, one, show_personal=show_personal) for one in list_staff(node)]
    emit_list("staff", rows, COLUMNS, as_json=as_json, xlsx=xlsx)


@staff_app.command("add")
def add(
    ctx: typer.Context,
    staff_no: StaffNo,
    *,
    name: Annotated[str, typer.Option("--name", help="full name")],
    role: Annotated[str, typer.Option("--role", help="advisor, claims_clerk, care_clerk, manager, administrator")],
    as_json: AsJson = False,
) -> None:
    """Somebody starts to work here; prints the code with which they choose a password."""
    staff, code = add_member(node_of(ctx), {"staff_no": staff_no, "full_name": name, "role": role})
    _emit_code(staff_no, staff, code, as_json=as_json)


@staff_app.command("edit")
def edit(
    ctx: typer.Context,
    staff_no: StaffNo,
    *,
    name: Annotated[str | None, typer.Option("--name", help="another full name")] = None,
    role: Annotated[str | None, typer.Option("--role", help="another role")] = None,
    as_json: AsJson = False,
) -> None:
    """Another name or role."""
    node = node_of(ctx)
    changes = {field: value for field, value in (("full_name", name), ("role", role)) if value is not None}
    is_changed = edit_member(node, find_member(node, staff_no), changes)
    emit({"changed": is_changed}, as_json=as_json, text="Saved." if is_changed else "Nothing to change.")


@staff_app.command("reset")
def reset(ctx: typer.Context, staff_no: StaffNo, *, as_json: AsJson = False) -> None:
    """A new start code for somebody who forgot the password, or is new at this machine; the old password ends."""
    node = node_of(ctx)
    staff = find_member(node, staff_no)
    _emit_code(staff_no, staff, issue_start_code(node, staff), as_json=as_json)


@staff_app.command("leave")
def leave(
    ctx: typer.Context,
    staff_no: StaffNo,
    *,
    to: Annotated[str | None, typer.Option("--to", help="who takes over; a manager when left out")] = None,
    as_json: AsJson = False,
) -> None:
    """Somebody stops working here: access ends, open orders move, and what they took out is listed."""
    node = node_of(ctx)
    departure = let_leave(node, find_member(node, staff_no), None if to is None else find_member(node, to))
    heir = None if departure.successor is None else str(departure.successor.values.get("staff_no"))
    accesses = [_access(node, one) for one in departure.accesses]
    result = {"orders": departure.orders, "drafts": departure.drafts, "to": heir, "accesses": accesses}
    said = [
        f"{staff_no} has left. Access has ended; customers stay with the site.",
        f"{departure.orders} open orders and {departure.drafts} unsaved forms went to {heir or 'nobody'}.",
        f"In {LOOK_BACK_DAYS} days they saw in bulk or took out at this machine: {len(accesses) or 'nothing'}.",
        *(f"  {one['at']}  {one['access']}  {one['subject']}  {one['rows']} rows" for one in accesses),
    ]
    emit(result, as_json=as_json, text="\n".join(said))


@staff_app.command("return")
def return_(ctx: typer.Context, staff_no: StaffNo, *, as_json: AsJson = False) -> None:
    """Somebody who left works here again, under the same number."""
    node = node_of(ctx)
    staff = find_member(node, staff_no)
    _emit_code(staff_no, staff, take_back(node, staff), as_json=as_json)


@staff_app.command("accesses")
def accesses(
    ctx: typer.Context,
    staff_no: Annotated[str | None, typer.Argument(help="of one person; everybody's when left out")] = None,
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=400)] = LOOK_BACK_DAYS,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Who saw or took out which lists at this machine."""
    node = node_of(ctx)
    staff = None if staff_no is None else find_member(node, staff_no)
    numbers = {one.view.id: one.view.values.get("staff_no") for one in list_staff(node)}
    rows = [
        {"staff_no": None if one.staff is None else numbers.get(one.staff), **_access(node, one)}
        for one in accesses_of(node, staff, days=days)
    ]
    emit_list("accesses", rows, ("at", "staff_no", "access", "subject", "rows"), as_json=as_json, xlsx=xlsx)


def find_member(node: Node, staff_no: str) -> RecordId:
    """The person with a number.

    Raises:
        CommandRefused: nobody here has it.
    """
    with node.store.read() as tx:
        found = member_by_no(tx, node.identity, staff_no)
    if found is None:
        what = "Nobody here has this number."
        raise refuse("staff_no", ProblemCode.NOT_FOUND, what, "Look at `carnet-node staff list`.", Reason.NOT_FOUND)
    return found.id


def _row(node: Node, one: Member, *, show_personal: bool) -> Json:
    shown = presenter_of(node, show_personal=show_personal, as_json=True).record(one.view)
    until = one.code_until_ms
    return {
        **shown["values"],
        "id": shown["id"],
        "login": "password" if one.has_password else "start code" if until is not None else "none",
        "code_until": None if until is None else instant_text(until, node.settings.utc_offset_minutes),
    }


def _access(node: Node, one: AccessEntry) -> Json:
    at = instant_text(one.at_ms, node.settings.utc_offset_minutes)
    return {"at": at, "access": one.access.value, "subject": one.subject, "rows": one.row_count}


def _emit_code(staff_no: str, staff: RecordId, code: str, *, as_json: bool) -> None:
    text = (
        f"Start code of {staff_no}: {code}\n"
        "It is good once, for three days, at this machine: open the front desk, choose “start code”, set a password."
    )
    emit({"staff_no": staff_no, "id": record_text(staff), "start_code": code}, as_json=as_json, text=text)
