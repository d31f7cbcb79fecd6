"""Another dealer's car on the pages: asked for at the hub, taken on for a time, and given back.

Decides addresses and what a form states. What is typed may be a plate or a telephone number, so it is sent in a body
and never stands in an address, and the answer is a page that nobody comes back to: nothing of it is stored here.
Without an answer the page says so, changes nothing here, and leads to a check-in by what is known; the hub may have
written the question down all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.failures import HubUnreachable
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.line.looking_up import OtherCars, Question, check_question, look_up
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import check_recalls
from carnet_node.core.saving.desk import Saved
from carnet_node.core.saving.editing import require_record
from carnet_node.core.saving.identifying import accepted_policy, has_number
from carnet_node.core.saving.taking_on import give_back, take_on
from carnet_node.core.saving.unsaved import form_of_id, unsaved_check_ins, way_of
from carnet_node.core.showing.late_work import late_work
from carnet_node.core.showing.taken_on import Following, cars_taken_on
from carnet_node.core.showing.views import one_record, vehicle_view
from carnet_node.core.showing.without_number import cars_without_number
from carnet_node.core.staff.access_log import note_access
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.phone_forms import READ_OUT
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.pages.typed import TICKED
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.look_ups import link_of
from carnet_node.entrypoints.wording import FAILURES, explain_failure
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.kinds import CUSTOMER, VEHICLE
from carnet_protocol.look_up import BY_PLATE, BY_VIN, LOOK_UP_REASONS, WAYS
from carnet_protocol.vin import has_vin_characters, normalise_vin

router = APIRouter()

ADDRESS: Final = "/look-ups"
_TEMPLATE: Final = "shop/look_ups.html"
_COMPARED: Final = "is_vin_compared"
_SHOWN: Final = "is_shown"
"""In the question of a button beside an answer: its VIN is as the hub has shown it, so no check digit is judged."""

_VOUCHED: Final = frozenset({_COMPARED, "sought" + READ_OUT})
"""The boxes by which somebody says that the number is right."""


@router.get("/look-ups")
async def show_look_ups(
    page: PageOf,
    customer: str | None = None,
    vehicle: str | None = None,
    search: str | None = None,
    draft: str | None = None,
    *,
    saved: str | None = None,
) -> Response:
    """An empty question, or one that begins with what is known; and the cars that were taken on.

    Args:
        customer: who stands at the desk.
        vehicle: a car here of which only the plate is known; the answer may bring its VIN.
        search: the handle of a search that found nothing.
        draft: the id of a check-in of a car that nobody knows.
        saved: a car that was just taken on or given back.
    """
    searched = None if search is None else page.pages.searches.text_of(page.visitor.session, search)

    def _read() -> Mapping[str, Any]:
        known = _begun(page, customer, vehicle, searched, draft)
        form = FormState(Typed({name: (text,) for name, text in known.items() if text}))
        return _beside(page, form, saved=_known(saved or ""))

    return await page.show(_TEMPLATE, _read, screen="orders", address=ADDRESS)


@router.post("/look-ups")
async def ask(page: PageOf) -> Response:
    """Ask the hub; it writes down who asked, and why. The page shows what it answered, masked."""
    typed = _by_vin_if_one(page.typed())
    is_right = TICKED in (typed.text(_COMPARED), typed.text(_SHOWN))
    question = Question(
        typed.text("way"),
        typed.text("sought"),
        typed.text("reason"),
        _known(typed.text("customer")),
        accepted_policy(page.node, is_compared=is_right),
        is_read_out=typed.text("sought" + READ_OUT) == TICKED,
    )
    try:
        check_question(question)
        found = await look_up(page.node, link_of(page.pages.desk), page.pages.desk.run_blocking, question)
    except HubUnreachable as failure:
        return await _answer(page, typed, failure, is_cut_off=True)
    except FAILURES as failure:
        return await _answer(page, typed, failure)
    return await _show_found(page, typed, found)


@router.post("/look-ups/take-on")
async def adopt(page: PageOf) -> Response:
    """Follow a car for a time; its history comes with the next sync."""
    typed = page.typed()
    vehicle = record_from_text(typed.text("vehicle_id"))
    _remember_number(page, vehicle, typed.text("vin"))
    return await _save(
        page, typed, vehicle, lambda node: take_on(node, vehicle, typed.text("reason"), _known(typed.text("customer")))
    )


@router.post("/look-ups/give-back")
async def end(page: PageOf) -> Response:
    """Follow a car no more; what was recorded here stays."""
    typed = page.typed()
    vehicle = record_from_text(typed.text("vehicle_id"))
    return await _save(page, typed, vehicle, lambda node: give_back(node, vehicle))


def _by_vin_if_one(typed: Typed) -> Typed:
    """A question by plate whose text is a VIN, asked by VIN: no plate is so long, and the list of ways begins there."""
    is_vin = typed.text("way") == BY_PLATE and has_vin_characters(normalise_vin(typed.text("sought")))
    return replace(typed, texts={**typed.texts, "way": (BY_VIN,)}) if is_vin else typed


async def _save(page: Page, typed: Typed, vehicle: RecordId, work: Callable[[Node], Saved]) -> Response:
    def _work(node: Node) -> str:
        work(node)
        return f"{ADDRESS}?saved={record_text(vehicle)}"

    shape = RecordForm(page, _TEMPLATE, "orders", ADDRESS, lambda form: _beside(page, form))
    return await save_work(shape, typed, _work)


async def _answer(page: Page, typed: Typed, failure: Exception, *, is_cut_off: bool = False) -> Response:
    """The question again, with what was wrong."""
    explained = explain_failure(failure)
    page.pages.forget_strip()

    def _read() -> Mapping[str, Any]:
        return {
            **_beside(page, FormState.unanswered(typed, explained)),
            "is_cut_off": is_cut_off,
            "is_question": True,
        }

    return await page.show(_TEMPLATE, _read, status=explained.status, screen="orders", address=ADDRESS)


async def _show_found(page: Page, typed: Typed, found: OtherCars) -> Response:
    """The answer below the question, whose ticks are gone: they vouched for the number that was asked for."""
    page.pages.forget_strip()
    form = FormState(Typed({name: texts for name, texts in typed.texts.items() if name not in _VOUCHED}))

    def _read() -> Mapping[str, Any]:
        if found.cars:
            note_access(page.node, Access.SHOWN, "look-ups", len(found.cars))
        return {**_beside(page, form), **_known_here(page.node, found)}

    return await page.show(_TEMPLATE, _read, status=HTTPStatus.OK, screen="orders", address=ADDRESS)


def _known_here(node: Node, found: OtherCars) -> Mapping[str, Any]:
    """What was found, with the file that each car has here and what the recall lists say of it."""
    files = {one.vehicle: one_record(node, VEHICLE, one.vehicle) for one in found.cars}
    numbers = {one.vehicle: one.values.get("vin") or one.values.get("chassis_no") for one in found.cars}
    return {
        "found": found,
        "files": files,
        "own_files": {car for car, view in files.items() if view is not None and view.is_own and not has_number(view)},
        "recalls_of": {car: check_recalls(node, str(number)) if number else None for car, number in numbers.items()},
    }


def _begun(
    page: Page, customer: str | None, vehicle: str | None, searched: str | None, draft: str | None
) -> dict[str, str]:
    """The fields with which a question begins; a name is nothing to ask the hub by."""
    node, text = page.node, searched or ""
    if customer is not None:
        require_record(node, CUSTOMER, record_from_text(customer))
    if vehicle is not None:
        require_record(node, VEHICLE, record_from_text(vehicle))
        text = _number_of(node, record_from_text(vehicle))
    if draft is not None:
        begun, asked = unsaved_check_ins(node, page.person.id), form_of_id(draft)
        text = next((one.vin or one.plate for one in begun if one.form == asked), "")
    way = way_of(text)
    sought = "" if way is None else text
    return {"way": way or BY_PLATE, "sought": sought, "customer": customer or "", "vehicle": vehicle or ""}


def _number_of(node: Node, vehicle: RecordId) -> str:
    """The VIN of a car, or else the plate that it wears; empty for neither."""
    view = vehicle_view(node, vehicle)
    if view is None:
        return ""
    worn = (one.values.get("plate_no") for one in view.plates if not one.values.get("to_on"))
    return str(view.vehicle.values.get("vin") or next(filter(None, worn), ""))


def _remember_number(page: Page, vehicle: RecordId, vin: str) -> None:
    """Keep the VIN that the hub showed of a car, until its record comes: the list names the car by it."""
    if has_vin_characters(vin) and vehicle_id(vin) == vehicle:
        page.pages.awaited.keep(page.visitor.session, record_text(vehicle), vin)


def _number_awaited(page: Page, vehicle: RecordId) -> str:
    """The VIN that the hub showed of a car that has not come; empty where this session has not taken it on."""
    return page.pages.awaited.text_of(page.visitor.session, record_text(vehicle)) or ""


def _beside(page: Page, form: FormState, saved: RecordId | None = None) -> Mapping[str, Any]:
    """What the page shows beside the answer.

    Args:
        saved: a car that was just taken on or given back; what is said of it is how it stands now.
    """
    node = page.node
    party, car = _known(form.text("customer")), _known(form.text("vehicle"))
    taken = cars_taken_on(node, LIST_ROWS_MAX)
    return {
        "form": form,
        "ways": WAYS,
        "reasons": LOOK_UP_REASONS,
        "at_desk": None if party is None else one_record(node, CUSTOMER, party),
        "provisional": None if car is None else one_record(node, VEHICLE, car),
        "taken": taken,
        "taken_of": {one.vehicle: one for one in taken},
        "saved": next((one for one in taken if one.vehicle == saved), None),
        "numbers": {one.vehicle: one.vin or _number_awaited(page, one.vehicle) for one in taken},
        "followed": {one.vehicle for one in taken if one.following is Following.FOLLOWED},
        "late": late_work(node),
        "nameless": cars_without_number(node),
        "found": None,
        "files": {},
        "own_files": frozenset(),
        "recalls_of": {},
        "is_cut_off": False,
        "is_question": False,
    }


def _known(text: str) -> RecordId | None:
    return record_from_text(text) if text else None
