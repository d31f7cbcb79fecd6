"""`appointments`: list, free, note, show, plan, arrive, cancel, no-show, rebook, book-order. Without a line.

Exit codes: 0 done; 1 refused, also because a slot is taken or lies behind; 2 wrong usage; 3 the database is busy.
Instants are given with their offset, as 2026-03-07T08:30:00+08:00.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import typer

from carnet_node.core.commands.appointments import (
    BookOrder,
    Rebook,
    book_order,
    cancel_appointment,
    miss_appointment,
    note_appointment,
    plan_appointment,
    rebook_appointment,
)
from carnet_node.core.commands.booking import Slot
from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.saving.appointments import BookOf, arrive_drafts, day_board, free_slots_of, save_appointment
from carnet_node.core.saving.editing import (
    require_own,
    require_record,
    require_reference,
    require_visit_references,
)
from carnet_node.core.staff.access_log import list_as_taken, note_access, note_list
from carnet_node.entrypoints.cli.opening import Id, Set, emit_saved, node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit, emit_list
from carnet_node.entrypoints.cli.tables import emit_card, flatten, presenter_of
from carnet_node.entrypoints.presenting import instant_text
from carnet_node.entrypoints.reading import record_from_text, values_from_pairs
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT, VISIT

appointments_app = one_group(help="Who is expected: calls, slots, and what became of them.")

COLUMNS = ("id", "status", "starts_at", "planned_minutes", "bay_code", "advisor_code", "plate_no", "wish", "sync")

OfDay = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="of the site; today when left out")]
Because = Annotated[str, typer.Option("--reason", help="parts, no_show, customer_wish, workshop, other")]
Visit = Annotated[str | None, typer.Option("--visit", help="record id of the order")]


@appointments_app.command("list")
def list_day(
    ctx: typer.Context,
    *,
    day: OfDay = None,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """The appointments of a day by their slots, then those that wait for a slot."""
    node = node_of(ctx)
    asked = _day(node, day)
    board = day_board(node, asked)
    views = (*board.booked, *board.requested)
    if xlsx is not None:
        note_access(node, Access.EXPORTED, list_as_taken("appointments", is_in_full=show_personal), len(views))
    elif show_personal:
        note_list(node, "appointments", len(views))
    lines = [flatten(one) for one in presenter_of(node, show_personal=show_personal, as_json=False).records(views)]
    result = presenter_of(node, show_personal=show_personal, as_json=True).records(views)
    emit_list(f"appointments of {asked.isoformat()}", lines, COLUMNS, as_json=as_json, xlsx=xlsx, result=result)


@appointments_app.command("free")
def free(
    ctx: typer.Context,
    *,
    minutes: Annotated[int, typer.Option(min=5, max=24 * 60)],
    day: OfDay = None,
    bay: Annotated[str, typer.Option(help="code of a bay")] = "",
    advisor: Annotated[str, typer.Option(help="number of an advisor")] = "",
    as_json: AsJson = False,
) -> None:
    """When so many minutes can be booked on a day, at a bay and with an advisor."""
    node = node_of(ctx)
    asked, offset = _day(node, day), None if as_json else node.settings.utc_offset_minutes
    found = free_slots_of(node, asked, Slot(0, minutes, bay, advisor))
    starts = [instant_text(one.starts_ms, offset) for one in found]
    emit({"day": asked.isoformat(), "starts_at": starts}, as_json=as_json)


@appointments_app.command("note")
def note(ctx: typer.Context, *, fields: Set = None, as_json: AsJson = False) -> None:
    """Note a call: --set caller_phone=..., plate_no=..., wish=...; with starts_at and planned_minutes it is booked."""
    node, values = node_of(ctx), values_from_pairs(APPOINTMENT, fields or ())
    require_visit_references(node, values)

    def drafts(book_of: BookOf, new_id: NewId) -> Drafts:
        """The appointment, judged on the day it is for."""
        return note_appointment(values, book_of(values, None), new_id)

    emit_saved(APPOINTMENT, save_appointment(node, drafts), as_json=as_json)


@appointments_app.command("show")
def show(ctx: typer.Context, appointment: Id, *, show_personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """One appointment."""
    node = node_of(ctx)
    view = require_record(node, APPOINTMENT, record_from_text(appointment))
    emit_card(presenter_of(node, show_personal=show_personal, as_json=as_json).record(view), as_json=as_json)


@appointments_app.command("plan")
def plan(ctx: typer.Context, appointment: Id, *, fields: Set = None, as_json: AsJson = False) -> None:
    """Give it a slot, move it, or correct what was noted."""
    node, record, changes = node_of(ctx), record_from_text(appointment), values_from_pairs(APPOINTMENT, fields or ())
    require_visit_references(node, changes)

    def drafts(book_of: BookOf, _: NewId) -> Drafts:
        """What changes, judged on the day of its slot."""
        read = require_record(node, APPOINTMENT, record).read()
        return plan_appointment(read, changes, book_of({**read.values, **changes}, record))

    emit_saved(APPOINTMENT, save_appointment(node, drafts), as_json=as_json)


@appointments_app.command("arrive")
def arrive(ctx: typer.Context, appointment: Id, *, visit: Visit = None, as_json: AsJson = False) -> None:
    """The car has come; --visit names the order it was taken in with."""
    node = node_of(ctx)
    now_ms, order = node.clock.now_ms(), _order(node, visit)
    _step(node, appointment, lambda read: arrive_drafts(node, read, now_ms, order), as_json=as_json)


@appointments_app.command("cancel")
def cancel(
    ctx: typer.Context,
    appointment: Id,
    *,
    reason: Annotated[str, typer.Option(help="customer_wish, workshop, parts, duplicate, other")],
    as_json: AsJson = False,
) -> None:
    """Nobody is expected any more."""
    _step(node_of(ctx), appointment, lambda read: cancel_appointment(read, reason), as_json=as_json)


@appointments_app.command("no-show")
def miss(ctx: typer.Context, appointment: Id, *, as_json: AsJson = False) -> None:
    """Nobody came."""
    node = node_of(ctx)
    now_ms = node.clock.now_ms()
    _step(node, appointment, lambda read: miss_appointment(read, now_ms), as_json=as_json)


@appointments_app.command("rebook")
def rebook(
    ctx: typer.Context,
    appointment: Id,
    *,
    reason: Because,
    fields: Set = None,
    visit: Visit = None,
    as_json: AsJson = False,
) -> None:
    """Book it again: another one follows this one, which has ended; --visit names the order it comes back to."""
    node, record, values = node_of(ctx), record_from_text(appointment), values_from_pairs(APPOINTMENT, fields or ())
    require_visit_references(node, values)
    order = _order(node, visit)

    def drafts(book_of: BookOf, new_id: NewId) -> Drafts:
        """The one that follows, judged on the day it is for."""
        read = require_record(node, APPOINTMENT, record).read()
        return rebook_appointment(Rebook(read, reason, values, order), book_of(values, None), new_id)

    emit_saved(APPOINTMENT, save_appointment(node, drafts), as_json=as_json)


@appointments_app.command("book-order")
def book_again(ctx: typer.Context, order: Id, *, reason: Because, fields: Set = None, as_json: AsJson = False) -> None:
    """Book the car of an order that has not ended to come back to it: it waits for parts, or there is more to do."""
    node, record, values = node_of(ctx), record_from_text(order), values_from_pairs(APPOINTMENT, fields or ())
    require_visit_references(node, values)

    def drafts(book_of: BookOf, new_id: NewId) -> Drafts:
        """The appointment, judged on the day it is for."""
        read = require_own(node, VISIT, record).read()
        return book_order(BookOrder(read, reason, values), book_of(values, None), new_id)

    emit_saved(APPOINTMENT, save_appointment(node, drafts), as_json=as_json)


def _step(node: Node, appointment: str, take: Callable[[Read], Drafts], *, as_json: bool) -> None:
    record = record_from_text(appointment)

    def drafts(_book_of: BookOf, _new_id: NewId) -> Drafts:
        """From the state it is in now."""
        return take(require_record(node, APPOINTMENT, record).read())

    emit_saved(APPOINTMENT, save_appointment(node, drafts), as_json=as_json)


def _day(node: Node, day: datetime | None) -> date:
    return site_day(node) if day is None else day.date()


def _order(node: Node, visit: str | None) -> RecordId | None:
    """An order of this site, when one was named."""
    if visit is None:
        return None
    record = record_from_text(visit)
    require_reference(node, VISIT, record, "visit_id")
    return record
