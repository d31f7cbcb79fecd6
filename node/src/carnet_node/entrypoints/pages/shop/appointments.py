"""Appointments: a call is noted, gets its slot, and the car comes, is not seen, or is booked again.

Decides addresses and which command a request is. A slot is judged in the transaction that saves it, a step by the state
that its author read. Whoever comes as booked is checked in by a form that the call has filled in; the check-in itself
says that they came.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.appointments import (
    BookOrder,
    Rebook,
    book_order,
    cancel_appointment,
    miss_appointment,
    missed_from_ms,
    note_appointment,
    plan_appointment,
    rebook_appointment,
)
from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_date
from carnet_node.core.refusals import refuse_together
from carnet_node.core.saving.appointments import BookOf, arrive_drafts, save_appointment
from carnet_node.core.saving.basis import read_for_step, read_of_view
from carnet_node.core.saving.editing import nothing_here, require_own, require_record
from carnet_node.core.saving.unsaved import begin_with_appointment
from carnet_node.core.showing.appointment_file import appointment_file, car_of_call
from carnet_node.core.showing.conflicts import former_values
from carnet_node.core.staff.access_log import begin_showing
from carnet_node.core.staff.advisors import advisor_names, advisors_of_views
from carnet_node.entrypoints.pages.customer_forms import changed, text_of
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.orders import form_on_order
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work, show_form
from carnet_node.entrypoints.pages.shop.calls import SLOT, beside_form, texts_of, values_of_form
from carnet_node.entrypoints.pages.shop.day import CALL, SCREEN
from carnet_node.entrypoints.pages.shop.order_parts import BOOK
from carnet_node.entrypoints.pages.typed import Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.appointments import JUDGED_BY
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import APPOINTMENT, CANCEL_REASONS, REBOOK_REASONS, VISIT
from carnet_protocol.registry import Value

router = APIRouter(prefix="/appointments")
of_orders = APIRouter(prefix="/visits")

Command = Callable[[Node, BookOf, NewId], Drafts]

_CHANNELS: Final = ("phone", "wechat", "in_person", "other")


@router.get("/new")
async def show_new(page: PageOf, at: int | None = None, bay: str | None = None, advisor: str | None = None) -> Response:
    """An empty form for a call, or one for the free slot that was chosen on the day board.

    Args:
        at: when the slot begins, ms since 1970.
        bay, advisor: codes.
    """

    def _begin() -> tuple[Mapping[str, str], str]:
        chosen = {"starts_at": "" if at is None else page.pages.renderer.clockface.moment(at)}
        chosen |= {"bay_code": bay or "", "advisor_code": advisor or "", "planned_minutes": "" if at is None else "60"}
        return chosen, ""

    return await show_form(_new_form(page), _begin)


@router.post("")
async def note(page: PageOf) -> Response:
    """Note a call; with a slot it is booked at once."""
    typed = page.typed()

    def _drafts(_: Node, book_of: BookOf, new_id: NewId) -> Drafts:
        reader = Reader(page.pages.renderer.clockface)
        values = {name: value for name, value in values_of_form(typed, reader).items() if value is not None}
        return refuse_together(reader.problems, lambda: note_appointment(values, book_of(values, None), new_id))

    return await _saved(typed, _new_form(page), _drafts)


@router.get("/{appointment}")
async def show_appointment(page: PageOf, appointment: str) -> Response:
    """One appointment, with everything that can be done with it now."""
    shape = _page_of(page, record_from_text(appointment))
    return await page.show(shape.template, lambda: shape.context(FormState()), screen=SCREEN, form=FormState())


@router.get("/{appointment}/edit")
async def show_edit(page: PageOf, appointment: str) -> Response:
    """What the call said and its slot, to be changed; the asking is noted."""
    record = record_from_text(appointment)

    def _begin() -> tuple[Mapping[str, str], str]:
        view = require_record(page.node, APPOINTMENT, record)
        begin_showing(page.node, Access.SHOWN, "appointment form")
        return texts_of(view, page.pages.renderer.clockface), view.heads.to_text()

    return await show_form(_edit_form(page, record), _begin)


@router.post("/{appointment}/edit")
async def plan(page: PageOf, appointment: str) -> Response:
    """Give it a slot, move it, or correct what was noted."""
    record, typed = record_from_text(appointment), page.typed()

    def _drafts(node: Node, book_of: BookOf, _: NewId) -> Drafts:
        view, reader = require_record(node, APPOINTMENT, record), Reader(page.pages.renderer.clockface)
        changes = changed(view, values_of_form(typed, reader), typed, "")
        read_for_step(view, typed.text(BASED_ON), JUDGED_BY)
        read = read_of_view(view, typed.text(BASED_ON), changes)
        book = book_of({**read.values, **changes}, record)
        return refuse_together(reader.problems, lambda: plan_appointment(read, changes, book))

    return await _saved(typed, _edit_form(page, record), _drafts, record)


@router.post("/{appointment}/check-in")
async def check_in(page: PageOf, appointment: str) -> Response:
    """To the check-in of whoever comes as booked, filled in with what the call said."""
    record = record_from_text(appointment)
    page.typed()

    def _work() -> str:
        view = require_record(page.node, APPOINTMENT, record)
        car = car_of_call(page.node, view)
        return begin_with_appointment(page.node, page.person.id, view, None if car is None else car.id)

    return page.go(page.words.labels.form_address(await page.pages.desk.read(_work)))


@router.post("/{appointment}/arrive")
async def arrive(page: PageOf, appointment: str) -> Response:
    """The car has come; no order is opened for it."""
    now_ms = page.node.clock.now_ms()
    return await _step(page, appointment, lambda read, _: arrive_drafts(page.node, read, now_ms, None))


@router.post("/{appointment}/no-show")
async def miss(page: PageOf, appointment: str) -> Response:
    """Nobody came."""
    now_ms = page.node.clock.now_ms()
    return await _step(page, appointment, lambda read, _: miss_appointment(read, now_ms))


@router.post("/{appointment}/cancel")
async def cancel(page: PageOf, appointment: str) -> Response:
    """Nobody is expected any more."""
    return await _step(page, appointment, lambda read, typed: cancel_appointment(read, typed.text("cancel_reason")))


@router.post("/{appointment}/reminded")
async def note_reminded(page: PageOf, appointment: str) -> Response:
    """The caller was reminded: it stands on no list of reminders any more."""
    record, typed = record_from_text(appointment), page.typed()

    def _drafts(node: Node, book_of: BookOf, _: NewId) -> Drafts:
        done: dict[str, Value] = {"remind_at": None}
        read = read_of_view(require_record(node, APPOINTMENT, record), typed.text(BASED_ON), done)
        return plan_appointment(read, done, book_of(read.values, record))

    return await _saved(typed, _page_of(page, record), _drafts, record)


@router.post("/{appointment}/rebook")
async def rebook(page: PageOf, appointment: str) -> Response:
    """Book it again: another appointment that follows this one, which has ended."""
    record, typed = record_from_text(appointment), page.typed()

    def _drafts(node: Node, book_of: BookOf, new_id: NewId) -> Drafts:
        reader = Reader(page.pages.renderer.clockface)
        values = _slot_typed(typed, reader)
        read = read_for_step(require_record(node, APPOINTMENT, record), typed.text(BASED_ON), JUDGED_BY)
        command = Rebook(read, typed.text("rebooked_because"), values)
        return refuse_together(reader.problems, lambda: rebook_appointment(command, book_of(values, None), new_id))

    return await _saved(typed, _page_of(page, record, "rebook"), _drafts)


@of_orders.post("/{visit}/book")
async def book_again(page: PageOf, visit: str) -> Response:
    """Book the car of an order to come back to it, from the page of the order; on to the appointment."""
    record, typed = record_from_text(visit), page.typed()

    def _drafts(node: Node, book_of: BookOf, new_id: NewId) -> Drafts:
        reader = Reader(page.pages.renderer.clockface)
        values = _slot_typed(typed, reader)
        read = read_for_step(require_own(node, VISIT, record), typed.text(BASED_ON), JUDGED_BY)
        command = BookOrder(read, typed.text("rebooked_because"), values)
        return refuse_together(reader.problems, lambda: book_order(command, book_of(values, None), new_id))

    return await _saved(typed, form_on_order(page, record, BOOK), _drafts)


async def _step(page: Page, appointment: str, take: Callable[[Read, Typed], Drafts]) -> Response:
    """Take a step that is judged by the state its author read, and show the appointment again."""
    record, typed = record_from_text(appointment), page.typed()

    def _drafts(node: Node, _: BookOf, __: NewId) -> Drafts:
        view = require_record(node, APPOINTMENT, record)
        return take(read_for_step(view, typed.text(BASED_ON), JUDGED_BY), typed)

    return await _saved(typed, _page_of(page, record), _drafts, record)


async def _saved(typed: Typed, shape: RecordForm, command: Command, record: RecordId | None = None) -> Response:
    """Save, and on to the appointment: the one that was changed, or the one that is new."""

    def _work(node: Node) -> str:
        saved = save_appointment(node, partial(command, node))
        return f"{router.prefix}/{record_text(record or saved.records[0])}"

    return await save_work(shape, typed, _work)


def _slot_typed(typed: Typed, reader: Reader) -> dict[str, Value]:
    """The slot that a form which books again states; what is empty is not stated."""
    stated = reader.values(APPOINTMENT, {name: typed.text(name) for name in SLOT})
    return {name: value for name, value in stated.items() if value is not None}


def _new_form(page: Page) -> RecordForm:
    def _context(form: FormState) -> Mapping[str, Any]:
        return {**beside_form(page.node, form, page.pages.renderer.clockface), "channels": _CHANNELS}

    return RecordForm(page, "shop/call.html", SCREEN, f"{router.prefix}/new", _context, CALL)


def _edit_form(page: Page, record: RecordId) -> RecordForm:
    name = record_text(record)

    def _context(form: FormState) -> Mapping[str, Any]:
        view = require_record(page.node, APPOINTMENT, record)
        beside = beside_form(page.node, form, page.pages.renderer.clockface, record)
        return {**beside, "appointment": view, "channels": _CHANNELS}

    address = f"{router.prefix}/{name}/edit"
    return RecordForm(page, "shop/appointment_form.html", SCREEN, address, _context, f"appointment-{name}")


def _page_of(page: Page, record: RecordId, sent: str = "") -> RecordForm:
    """The page of an appointment.

    Args:
        sent: which of its forms was sent, so that it is shown as it was typed.
    """

    def _context(form: FormState) -> Mapping[str, Any]:
        file = appointment_file(page.node, record)
        if file is None:
            raise nothing_here(APPOINTMENT.name)
        again = form if sent == "rebook" else _as_before(form, file.appointment.values)
        code = file.appointment.values.get("advisor_code")
        from_ms = missed_from_ms(file.appointment.values)
        return {
            **beside_form(page.node, again, page.pages.renderer.clockface),
            "file": file,
            "former": former_values(page.node, (file.appointment,)),
            "advisor": advisor_names(page.node, advisors_of_views((file.appointment,))).get(str(code), code),
            "sent": sent,
            "again": again,
            "missed_from_ms": from_ms,
            "may_be_missed": from_ms is None or from_ms <= page.node.clock.now_ms(),
            "day": _day(page.node, file.appointment.values.get("starts_at")),
            "cancel_reasons": CANCEL_REASONS,
            "rebook_reasons": REBOOK_REASONS,
        }

    return RecordForm(page, "shop/appointment.html", SCREEN, f"{router.prefix}/{record_text(record)}", _context)


def _as_before(form: FormState, values: Mapping[str, Value]) -> FormState:
    """The form that books again, beginning with what was booked, without its time."""
    kept = {name: (text_of(values.get(name)),) for name in ("planned_minutes", "bay_code", "advisor_code")}
    return replace(form, typed=Typed(kept), explained=None)


def _day(node: Node, starts_at: Value) -> str:
    """The day of the board on which an appointment stands; empty for one without a slot."""
    offset = node.settings.utc_offset_minutes
    return local_date(starts_at, offset).isoformat() if isinstance(starts_at, int) else ""
