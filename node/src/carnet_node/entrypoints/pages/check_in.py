"""Check-in: a car and who brings it, its condition, what is complained of, the work and its price, on one page.

Decides addresses, and what a form begins with: the car and the customer that were found, the person at the desk, a
promise for the end of the day. One save records all of it. What is typed is kept with every field; several check-ins
may stand there unsaved, and `core.unsaved` decides which one is meant.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from carnet_node.core.commands.cleaning import check_phone
from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.vehicles import check_plate, check_vin
from carnet_node.core.limits import FIND_TEXT_CHARS_MAX, FORM_PARTS_MAX
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.roles import Permission
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.duplicates import TypedParty, find_candidates
from carnet_node.core.saving.editing import require_record
from carnet_node.core.saving.form_drafts import draft_of
from carnet_node.core.saving.identifying import accepted_policy
from carnet_node.core.saving.receiving import ASKED_WHICH, ASKED_WHO, receive_car
from carnet_node.core.saving.unsaved import (
    APPOINTMENT_KNOWN,
    APPOINTMENT_READ,
    CHECK_IN,
    another_form,
    begin_with,
    form_for_car,
    form_of_customer,
    form_of_id,
    unsaved_check_ins,
)
from carnet_node.core.showing.day import start_of_day
from carnet_node.core.showing.holders import card_holder, known_beside, own_owner
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.vehicle_file import VehicleFile, vehicle_file
from carnet_node.core.showing.views import VehicleView, customer_card, one_record
from carnet_node.core.staff.access_log import begin_showing
from carnet_node.core.staff.staff import list_staff
from carnet_node.core.staff.staff_list import is_working
from carnet_node.entrypoints.pages.check_in_forms import (
    JOB_ROWS_MIN,
    answered,
    as_read_out,
    at_own_fields,
    job_places,
    reception_of,
    with_recall,
)
from carnet_node.entrypoints.pages.duplicates import (
    asked_about,
    cars_asked_about,
    meant_by,
    orders_of,
    said_of,
    told_apart,
)
from carnet_node.entrypoints.pages.formats import NOTHING, phone_in_field
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.plots import odometer_plot
from carnet_node.entrypoints.pages.recalls import typed_recalls
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work, show_form
from carnet_node.entrypoints.pages.typed import TICKED
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.wording import explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import APPOINTMENT
from carnet_protocol.owners import OWNER
from carnet_protocol.reasons import Reason

router = APIRouter()

_HOUR_MS: Final = 3600 * 1000
_CLOSING_HOURS: Final = 17
"""What is promised unless somebody says otherwise: five in the afternoon, today or tomorrow."""

_SAYS_WHOSE: Final = ("party.known", "party.full_name", "party.company_name", "party.number", "party.street")
"""Fields in which something is said of a customer."""


@router.get("/visits/new")
async def show_new(
    page: PageOf,
    vehicle: str | None = None,
    customer: str | None = None,
    campaign: str | None = None,
    *,
    draft: str | None = None,
    search: str | None = None,
) -> Response:
    """An empty form, one that begins with a car and a customer, or what was begun of either.

    Without a word about which, it is the car nobody knows that was typed into last. After a search that found nothing
    the page leads back to it.
    """
    is_after_search = search is not None and page.pages.searches.text_of(page.visitor.session, search) is not None
    car, party = _known(vehicle), _known(customer)

    def _form() -> str:
        if car is not None:
            return form_for_car(page.node, page.person.id, car)
        if party is not None:
            return form_of_customer(party)
        if draft is not None:
            return form_of_id(draft)
        begun = (one.form for one in unsaved_check_ins(page.node, page.person.id) if one.is_of_nobody)
        return next(begun, None) or another_form(page.node)

    def _begin() -> tuple[Mapping[str, str], str]:
        return _begun(page, car, party, drafted), ""

    drafted = await page.pages.desk.read(_form)
    shape = _shape(page, car, drafted, is_noted=True, search=search if is_after_search else None, campaign=campaign)
    return await show_form(shape, _begin)


@router.post("/visits/begin")
async def begin(page: PageOf) -> Response:
    """A check-in of another car: of the number that was searched for, which travels in a draft and in no address."""
    text = page.typed().text("text")
    form = await page.pages.desk.read(lambda: begin_with(page.node, page.person.id, text))
    return page.go(_address_of(page, form))


@router.post("/visits/new")
async def receive(page: PageOf) -> Response:
    """Save the whole check-in."""
    typed = page.typed()
    car = _known(typed.text("car.known") or None)
    drafted = typed.text("draft") or CHECK_IN

    def _work(node: Node) -> str:
        reception = reception_of(typed, page.pages.renderer.clockface)
        reception = replace(reception, appointment=_expected(node, typed))
        received = receive_car(node, as_read_out(reception, typed, node.clock.now_ms()))
        return f"/visits/{record_text(received.opened.visit)}"

    return await save_work(_shape(page, car, drafted, is_noted=False), typed, _work)


@router.post("/duplicates")
async def warn(page: PageOf) -> Response:
    """Who on file may be meant by what is typed so far."""
    sent = page.sent()
    phones, names, dismissed = (_listed(sent.get(name)) for name in ("phones", "names", "dismissed"))
    typed = TypedParty(tuple(phones), tuple(names), _text(sent.get("plate")), _text(sent.get("vin")))

    def _work() -> str:
        found = find_candidates(page.node, typed, dismissed=[parse_record_text(one) for one in dismissed])
        shown = said_of(page.node, found)
        return page.pages.renderer.render(page.visitor.language, "candidates.html", shown)

    return page.answer(JSONResponse({"html": await page.pages.desk.read(_work)}))


@router.post("/vin")
async def doubt(page: PageOf) -> Response:
    """What is wrong with a VIN as it is typed, with the one that was probably meant."""
    sent = page.sent()
    policy = accepted_policy(page.node, is_compared=sent.get("is_compared") is True)
    return _doubts(page, sent, lambda text: check_vin(text, policy))


@router.post("/plate")
async def doubt_plate(page: PageOf) -> Response:
    """What is wrong with a plate as it is typed, with the one that was probably meant."""
    return _doubts(page, page.sent(), check_plate)


@router.post("/phone")
async def doubt_phone(page: PageOf) -> Response:
    """What speaks against a telephone number as it is typed, with the box that says it is right."""
    return _doubts(page, page.sent(), check_phone, read_out=True)


def _doubts(
    page: Page, sent: Mapping[str, object], check: Callable[[str], object], *, read_out: bool = False
) -> Response:
    """The sentence of a save beside the field that asks, or nothing."""
    name, text = _text(sent.get("name")) or "", _text(sent.get("text")) or ""
    form = FormState()
    try:
        check(text[:FIND_TEXT_CHARS_MAX])
    except CommandRefused as refused:
        problems = tuple(replace(one, field=name) for one in refused.problems)
        form = replace(form, explained=replace(explain_failure(refused), problems=problems))
    shown = {"form": form, "name": name, "read_out": read_out}
    return page.answer(JSONResponse({"html": page.pages.renderer.render(page.visitor.language, "doubts.html", shown)}))


def _begun(page: Page, car: RecordId | None, party: RecordId | None, drafted: str) -> dict[str, str]:
    """What the form begins with; who brings the car is offered from the customer that was chosen in it, too."""
    node, now_ms = page.node, page.node.clock.now_ms()
    file = None if car is None else vehicle_file(node, car)
    held = None if party is not None or file is None else card_holder(file.car, site_day(node))
    known = party if held is None else held.customer.id
    draft = draft_of(node, page.person.id, drafted)
    chosen = None if draft is None else _known(Typed(draft.fields).text("party.known") or None)
    named = chosen or known
    card = None if named is None else customer_card(node, named)
    closing_ms = start_of_day(now_ms, node.settings.utc_offset_minutes) + _CLOSING_HOURS * _HOUR_MS
    promised_ms = closing_ms if now_ms < closing_ms else closing_ms + 24 * _HOUR_MS
    texts = {
        "car.known": "" if car is None else record_text(car),
        "party.known": "" if known is None else record_text(known),
        "party.party_kind": "person",
        "party.role": _role(node, file, known) if held is None else held.role,
        "advisor_code": page.person.staff_no,
        "visit_kind": "repair",
        "promised_at": page.pages.renderer.clockface.moment(promised_ms),
    }
    if card is not None:
        texts["sender_name"] = _name(card.customer.values)
        phone = next((one.values.get("number") for one in card.phones), None)
        if page.person.may(Permission.SHOW_PERSONAL):
            texts["sender_phone"] = phone_in_field(phone)
    return texts


def _taken_up(form: FormState, file: VehicleFile | None, campaign: str | None) -> FormState:
    """The form with the recall of its car that it was opened for among the work."""
    for hit in () if file is None or file.car.recalls is None else file.car.recalls.hits:
        if campaign is not None and record_text(hit.campaign) == campaign:
            said = " ".join(str(hit.texts.get(name) or "") for name in ("campaign_no", "title")).strip() or NOTHING
            return replace(form, typed=with_recall(form.typed, campaign, said))
    return form


def _role(node: Node, file: VehicleFile | None, party: RecordId | None) -> str:
    """The role to begin with: none for somebody written down beside a holder of another site, until it is said."""
    beside = None if file is None else known_beside(file.car, site_day(node))
    return "" if party is not None and party in {one.customer.id for one in beside or ()} else OWNER


def _shape(
    page: Page,
    car: RecordId | None,
    draft: str,
    *,
    is_noted: bool,
    search: str | None = None,
    campaign: str | None = None,
) -> RecordForm:
    """The form on its page.

    Args:
        is_noted: it shows a customer in full for the first time, and that is noted.
        search: the handle of results that it leads back to.
        campaign: a recall of the car that goes among the work.
    """

    def context(form: FormState) -> Mapping[str, Any]:
        """What the form shows, noted when that is for the first time."""
        shown = _context(page, form, car, draft, campaign)
        if is_noted and shown["card"] is not None and shown["is_in_full"]:
            begin_showing(page.node, Access.SHOWN, CHECK_IN)
        return {**shown, "search": search}

    return RecordForm(page, "check_in.html", "check-in", _address_of(page, draft), context, draft)


def _context(page: Page, form: FormState, car: RecordId | None, draft: str, campaign: str | None) -> dict[str, Any]:
    """What the template shows beside the form: who and what the form names is read anew."""
    node, form = page.node, replace(form, typed=answered(form.typed))
    shown_car = car or _known(form.text("car.known") or None)
    party = _known(form.text("party.known") or None)
    file = None if shown_car is None else vehicle_file(node, shown_car)
    card = None if party is None else customer_card(node, party)
    form = _taken_up(form, file, campaign)
    filled = max(job_places(form.typed), default=-1) + 1
    explained = None if form.explained is None else at_own_fields(form.explained)
    booked = _known(form.text(APPOINTMENT_KNOWN) or None)
    asked, asked_cars = asked_about(node, form, ASKED_WHO), cars_asked_about(node, form, ASKED_WHICH)
    owners = _owners_offered(node, form.typed, [*asked_cars, *([] if file is None else [file.car])])
    spoken_of = [one.id for one in owners.values()]
    in_work, named = orders_of(node, [one.vehicle for one in asked_cars]), () if file is None else file.in_work
    return {
        "form": replace(form, explained=explained),
        "draft_name": draft,
        "others": [one for one in unsaved_check_ins(node, page.person.id) if one.form != draft],
        "file": file,
        "plot": None if file is None else odometer_plot(file.car.odometer),
        "card": card,
        "known_beside": None if file is None or card is not None else known_beside(file.car, site_day(node)),
        "appointment": None if booked is None else one_record(node, APPOINTMENT, booked),
        "asked": asked,
        "asked_cars": asked_cars,
        "in_work": in_work,
        "orders_seen": [one.id for orders in (named, *in_work.values()) for one in orders],
        "told_apart": [one for one in told_apart(form.typed) if one not in in_work],
        "owners": owners,
        "said": meant_by(node, form.typed, [*in_work, *(one.customer.id for one in asked), *spoken_of]),
        "typed_recalls": typed_recalls(
            node, form.text("car.vin"), is_compared=form.text("car.is_vin_compared") == TICKED
        ),
        "is_in_full": page.person.may(Permission.SHOW_PERSONAL),
        "rows": range(max(JOB_ROWS_MIN, min(filled + 1, FORM_PARTS_MAX))),
        "advisors": [one.view for one in list_staff(node) if is_working(one.view)],
    }


def _owners_offered(node: Node, typed: Typed, cars: list[VehicleView]) -> Mapping[RecordId, RecordView]:
    """The owner of each car that is asked about or was chosen, by the car, while nothing is said of a customer."""
    if any(map(typed.text, _SAYS_WHOSE)):
        return {}
    owners = {one.vehicle.id: own_owner(one, site_day(node)) for one in cars}
    return {car: one for car, one in owners.items() if one is not None and one.id not in told_apart(typed)}


def _address_of(page: Page, form: str) -> str:
    return page.words.labels.form_address(form)


def _expected(node: Node, typed: Typed) -> Read | None:
    """The appointment that the form says the car came for, as its author read it."""
    named = _known(typed.text(APPOINTMENT_KNOWN) or None)
    if named is None:
        return None
    return read_for_step(require_record(node, APPOINTMENT, named), typed.text(APPOINTMENT_READ), ("status",))


def _known(text: str | None) -> RecordId | None:
    return None if text is None else record_from_text(text)


def _name(values: Mapping[str, object]) -> str:
    return str(values.get("full_name") or values.get("company_name") or "")


def _listed(sent: object) -> list[str]:
    if not isinstance(sent, list) or len(sent) > FORM_PARTS_MAX or not all(isinstance(one, str) for one in sent):
        raise BadValue(Reason.MALFORMED, "typed", "no list of texts")
    return sent


def _text(sent: object) -> str | None:
    return sent if isinstance(sent, str) and sent else None
