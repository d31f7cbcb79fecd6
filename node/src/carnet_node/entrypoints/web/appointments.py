"""Appointments and how a site arranges its day, over JSON.

Decides addresses and which command a request is. A slot is judged in the transaction that saves it; a step is judged
from the state its author read. Bays, hours and stages are plain records of the site.
"""

from collections.abc import Callable
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

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
from carnet_node.core.commands.arranging import ARRANGED, arrange, rearrange
from carnet_node.core.commands.booking import Slot
from carnet_node.core.commands.cleaning import is_calendar_date
from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.numbering import local_date, today_at_site
from carnet_node.core.saving.appointments import BookOf, arrive_drafts, day_board, free_slots_of, save_appointment
from carnet_node.core.saving.basis import read_for_step, read_of_view
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import (
    read_for_edit,
    require_own,
    require_record,
    require_reference,
    require_visit_references,
)
from carnet_node.core.showing.views import one_record
from carnet_node.entrypoints.presenting import Json, Presenter, instant_text
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import (
    ArriveForm,
    BookOrderForm,
    CancelForm,
    EditForm,
    NewForm,
    RebookForm,
    RemoveForm,
)
from carnet_node.entrypoints.web.desk import (
    After,
    Desk,
    DeskOf,
    Limit,
    Show,
    instant_of,
    records_page,
    saved_json,
    values_of,
)
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT, VISIT
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind

router = APIRouter(prefix="/api/appointments", tags=["appointments"])
of_orders = APIRouter(prefix="/api/visits", tags=["appointments"])
arranging = APIRouter(prefix="/api/arrangements", tags=["arrangements"])

JUDGED_BY: Final = ("status",)

Day = Annotated[str | None, Query(max_length=10, description="YYYY-MM-DD at the site; today when left out")]
Code = Annotated[str, Query(max_length=CODE_CHARS_MAX)]
Minutes = Annotated[int, Query(ge=5, le=24 * 60)]


@router.get("")
async def list_day(desk: DeskOf, show: Show, day: Day = None) -> Json:
    """The appointments of a day by their slots, and those that wait for a slot."""
    asked = day_of(desk, day)

    def _read() -> Json:
        board = day_board(desk.node, asked)
        return {
            "day": asked.isoformat(),
            "booked": show.records(board.booked),
            "requested": show.records(board.requested),
        }

    return await desk.read(_read)


@router.get("/free")
async def list_free(desk: DeskOf, minutes: Minutes, day: Day = None, bay: Code = "", advisor: Code = "") -> Json:
    """When so many minutes can be booked on a day, at a bay and with an advisor."""
    asked = day_of(desk, day)

    def _read() -> Json:
        free = free_slots_of(desk.node, asked, Slot(0, minutes, bay, advisor))
        return {"day": asked.isoformat(), "starts_at": [instant_text(one.starts_ms, None) for one in free]}

    return await desk.read(_read)


@router.post("", status_code=HTTPStatus.CREATED)
async def note(desk: DeskOf, show: Show, form: NewForm, response: Response) -> Json:
    """Note a call; with a slot it is booked at once."""
    values = values_of(APPOINTMENT, form.values)

    def _drafts(book_of: BookOf, new_id: NewId) -> Drafts:
        return note_appointment(values, book_of(values, None), new_id)

    def _work() -> Json:
        require_visit_references(desk.node, values)
        return _saved(desk, show, _drafts)

    answer = await desk.write(_work)
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@router.get("/{appointment}")
async def show_appointment(desk: DeskOf, show: Show, appointment: str) -> Json:
    """One appointment."""
    record = record_from_text(appointment)
    return await desk.read(lambda: show.record(require_record(desk.node, APPOINTMENT, record)))


@router.patch("/{appointment}")
async def plan(desk: DeskOf, show: Show, appointment: str, form: EditForm) -> Json:
    """Give it a slot, move it, or correct what was noted."""
    record, changes = record_from_text(appointment), values_of(APPOINTMENT, form.changes)

    def _drafts(book_of: BookOf, _: NewId) -> Drafts:
        view = require_record(desk.node, APPOINTMENT, record)
        read_for_step(view, form.based_on, JUDGED_BY)
        read = read_of_view(view, form.based_on, changes)
        return plan_appointment(read, changes, book_of({**read.values, **changes}, record))

    def _work() -> Json:
        require_visit_references(desk.node, changes)
        return _saved(desk, show, _drafts, record)

    return await desk.write(_work)


@router.post("/{appointment}/arrive")
async def arrive(desk: DeskOf, show: Show, appointment: str, form: ArriveForm) -> Json:
    """The car has come; `visit_id` names the order it was taken in with."""
    at_ms = instant_of(desk, "at", form.at)
    visit = None if form.visit_id is None else record_from_text(form.visit_id)
    return await _step(
        desk, show, appointment, form, lambda read: arrive_drafts(desk.node, read, at_ms, visit), visit=visit
    )


@router.post("/{appointment}/cancel")
async def cancel(desk: DeskOf, show: Show, appointment: str, form: CancelForm) -> Json:
    """Nobody is expected any more."""
    return await _step(desk, show, appointment, form, lambda read: cancel_appointment(read, form.reason))


@router.post("/{appointment}/no-show")
async def miss(desk: DeskOf, show: Show, appointment: str, form: RemoveForm) -> Json:
    """Nobody came."""
    now_ms = desk.node.clock.now_ms()
    return await _step(desk, show, appointment, form, lambda read: miss_appointment(read, now_ms))


@router.post("/{appointment}/rebook", status_code=HTTPStatus.CREATED)
async def rebook(desk: DeskOf, show: Show, appointment: str, form: RebookForm, response: Response) -> Json:
    """Book it again: another appointment that follows this one, which has ended."""
    record, values = record_from_text(appointment), values_of(APPOINTMENT, form.values)
    visit = None if form.visit_id is None else record_from_text(form.visit_id)

    def _drafts(book_of: BookOf, new_id: NewId) -> Drafts:
        read = read_for_step(require_record(desk.node, APPOINTMENT, record), form.based_on, JUDGED_BY)
        return rebook_appointment(Rebook(read, form.reason, values, visit), book_of(values, None), new_id)

    def _work() -> Json:
        _require_visit(desk, visit)
        require_visit_references(desk.node, values)
        return _saved(desk, show, _drafts)

    answer = await desk.write(_work)
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@of_orders.post("/{visit}/book", status_code=HTTPStatus.CREATED)
async def book_again(desk: DeskOf, show: Show, visit: str, form: BookOrderForm, response: Response) -> Json:
    """Book the car of an order that has not ended to come back to it; the answer is the appointment."""
    record, values = record_from_text(visit), values_of(APPOINTMENT, form.values)

    def _drafts(book_of: BookOf, new_id: NewId) -> Drafts:
        read = read_for_step(require_own(desk.node, VISIT, record), form.based_on, JUDGED_BY)
        return book_order(BookOrder(read, form.reason, values), book_of(values, None), new_id)

    def _work() -> Json:
        require_visit_references(desk.node, values)
        return _saved(desk, show, _drafts)

    answer = await desk.write(_work)
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@arranging.get("/{kind}")
async def list_arranged(desk: DeskOf, show: Show, kind: str, after: After = None, limit: Limit = 100) -> Json:
    """A page of bays, hours or stages."""
    return await desk.read(partial(records_page, desk.node, _arranged(kind), show, after=after, limit=limit))


@arranging.post("/{kind}", status_code=HTTPStatus.CREATED)
async def add_arranged(desk: DeskOf, show: Show, kind: str, form: NewForm) -> Json:
    """A new bay, stage, or set of hours."""
    of = _arranged(kind)
    values = values_of(of, form.values)

    def _work() -> Json:
        saved = save(desk.node, partial(arrange, of, values, today=today_at_site(desk.node)))
        return saved_json(of, saved, _view(desk, show, of, saved.records[0]))

    return await desk.write(_work)


@arranging.patch("/{kind}/{record}")
async def change_arranged(desk: DeskOf, show: Show, kind: str, record: str, form: EditForm) -> Json:
    """Change a bay, a stage or hours."""
    of, one = _arranged(kind), record_from_text(record)
    changes = values_of(of, form.changes)

    def _work() -> Json:
        read = read_for_edit(desk.node, of, one, form.based_on, changes)
        saved = save(desk.node, lambda _: rearrange(of, read, changes, today_at_site(desk.node)))
        return saved_json(of, saved, _view(desk, show, of, one))

    return await desk.write(_work)


async def _step(
    desk: Desk,
    show: Presenter,
    appointment: str,
    form: RemoveForm,
    take: Callable[[Read], Drafts],
    *,
    visit: RecordId | None = None,
) -> Json:
    record = record_from_text(appointment)

    def _drafts(_book_of: BookOf, _new_id: NewId) -> Drafts:
        return take(read_for_step(require_record(desk.node, APPOINTMENT, record), form.based_on, JUDGED_BY))

    def _work() -> Json:
        _require_visit(desk, visit)
        return _saved(desk, show, _drafts, record)

    return await desk.write(_work)


def _saved(
    desk: Desk, show: Presenter, command: Callable[[BookOf, NewId], Drafts], record: RecordId | None = None
) -> Json:
    saved = save_appointment(desk.node, command)
    return saved_json(APPOINTMENT, saved, _view(desk, show, APPOINTMENT, record or saved.records[0]))


def _view(desk: Desk, show: Presenter, kind: Kind, record: RecordId) -> Json | None:
    view = one_record(desk.node, kind, record)
    return None if view is None else show.record(view)


def _require_visit(desk: Desk, visit: RecordId | None) -> None:
    if visit is not None:
        require_reference(desk.node, VISIT, visit, "visit_id")


def _arranged(name: str) -> Kind:
    kind = ARRANGED.get(name)
    if kind is None:
        raise BadValue(Reason.NOT_FOUND, "kind", "not one of those that a site arranges")
    return kind


def day_of(desk: Desk, text: str | None) -> date:
    """The day of the site that a query asks for; today when it asks for none.

    Raises:
        BadValue: no day of the calendar.
    """
    if text is None:
        return local_date(desk.node.clock.now_ms(), desk.node.settings.utc_offset_minutes)
    if not is_calendar_date(text):
        raise BadValue(Reason.BAD_FIELD, "day", "not YYYY-MM-DD")
    return date.fromisoformat(text)
