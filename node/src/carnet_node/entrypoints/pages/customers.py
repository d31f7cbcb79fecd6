"""Customers: the list, the page of one, and the form they are recorded and changed with.

Decides addresses and how one form becomes one change set: the customer and every phone, address and preference that
changed, each based on the heads its row was rendered from. A page of a customer is a look at one; the list is one at
many, and is noted as such.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.customers import retract_consent
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import as_read
from carnet_node.core.saving.editing import part_drafts, require_customer, require_part
from carnet_node.core.saving.new_customers import ASKED_WHO, record_customer
from carnet_node.core.showing.conflicts import former_values
from carnet_node.core.showing.customer_file import customer_file
from carnet_node.core.showing.vehicle_file import compared_views, vehicle_file
from carnet_node.core.showing.views import CustomerCard, list_records
from carnet_node.core.staff.access_log import begin_showing, note_list
from carnet_node.entrypoints.pages.customer_forms import (
    at_own_rows,
    card_as_texts,
    card_drafts,
    new_customer,
    numbers_of,
)
from carnet_node.entrypoints.pages.duplicates import asked_about, called_same, meant_by, told_apart
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.phone_forms import confirmed_as_read_out
from carnet_node.entrypoints.pages.plots import odometer_plot
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_form, save_work, show_form
from carnet_node.entrypoints.pages.typed import Reader
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import CONSENT, CUSTOMER
from carnet_protocol.registry import Value

router = APIRouter(prefix="/customers")

ROWS: Final = 50
_NEW: Final = "customer"
_PHONES: Final = ("phones[0].number",)
_NAMES: Final = ("full_name", "company_name")
"""The fields of a new customer that may mean one on file, as `duplicates.js` reads them."""


@router.get("")
async def show_list(page: PageOf, after: str | None = None) -> Response:
    """Customers in the order in which they were recorded, masked."""
    start = None if after is None else parse_record_text(after)

    def _read() -> Mapping[str, Any]:
        found = list_records(page.node, CUSTOMER, after=start, limit=ROWS)
        note_list(page.node, "customers", len(found.records))
        return {"listed": found, "is_first": start is None}

    return await page.show("customers.html", _read, screen="customers")


@router.get("/new")
async def show_new(page: PageOf) -> Response:
    """An empty form, or the draft of one."""
    return await show_form(_shape(page, None), lambda: ({"party_kind": "person"}, ""))


@router.post("/new")
async def record(page: PageOf) -> Response:
    """Record a customer with everything the form holds."""
    typed = page.typed()

    def _work(node: Node) -> str:
        same = called_same(typed)
        if same is not None:
            return address_of(require_customer(node, same).customer.id)
        reader = Reader(page.pages.renderer.clockface)
        command = new_customer(typed, reader, today_at_site(node))
        command = confirmed_as_read_out(command, typed, node.clock.now_ms(), *numbers_of(typed))
        saved = record_customer(node, command, not_same=told_apart(typed), unread=reader.problems)
        return address_of(saved.records[0])

    return await save_work(_shape(page, None), typed, _work)


@router.get("/{customer}")
async def show_customer(page: PageOf, customer: str, car: str | None = None) -> Response:
    """A customer, and the file of one of their cars."""
    record = record_from_text(customer)
    chosen = None if car is None else record_from_text(car)
    return await page.show("file.html", lambda: _file(page.node, record, chosen), screen="customers", form=FormState())


@router.get("/{customer}/edit")
async def show_edit(page: PageOf, customer: str) -> Response:
    """Everything about a customer in full, to be changed; the asking is noted."""
    record = record_from_text(customer)

    return await show_form(_shape(page, record), partial(_begin, page.node, record))


@router.post("/{customer}/edit")
async def change(page: PageOf, customer: str) -> Response:
    """Change what was changed in the form, in one change set."""
    record, typed = record_from_text(customer), page.typed()

    def _drafts(node: Node, new_id: NewId) -> Drafts:
        return card_drafts(
            require_customer(node, record), typed, page.pages.renderer.clockface, today_at_site(node), new_id
        )

    begin = partial(_begin, page.node, record)
    return await save_form(_shape(page, record), typed, _drafts, address_of(record), begin)


@router.post("/{customer}/consents")
async def state(page: PageOf, customer: str) -> Response:
    """What the customer allows or forbids, from now on."""
    record, typed = record_from_text(customer), page.typed()

    def _drafts(node: Node, new_id: NewId) -> Drafts:
        values: dict[str, Value] = {name: typed.text(name) for name in ("purpose", "statement", "channel", "evidence")}
        values["stated_at"] = node.clock.now_ms()
        return part_drafts(node, require_customer(node, record), CONSENT, values, new_id)

    return await save_form(_beside_card(page, record), typed, _drafts, address_of(record))


@router.post("/{customer}/consents/{consent}/retract")
async def take_back(page: PageOf, customer: str, consent: str) -> Response:
    """Take back a statement that was recorded by mistake."""
    record, statement, typed = record_from_text(customer), record_from_text(consent), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        view = require_part(node, CONSENT, statement, record)
        return retract_consent(as_read(view, typed.text(BASED_ON)).read(), "entered_in_error")

    return await save_form(_beside_card(page, record), typed, _drafts, address_of(record))


def address_of(customer: RecordId) -> str:
    """Where a customer's page is."""
    return f"{router.prefix}/{record_text(customer)}"


def _begin(node: Node, customer: RecordId) -> tuple[Mapping[str, str], str]:
    """What stands in the form of a customer on file; who asked is noted."""
    card = require_customer(node, customer)
    begin_showing(node, Access.SHOWN, "customer form")
    return card_as_texts(card), card.customer.heads.to_text()


def _file(node: Node, customer: RecordId, chosen: RecordId | None) -> Mapping[str, Any]:
    """The card, its cars, and the file of the chosen one; of the first one when none was chosen."""
    found = customer_file(node, customer)
    if found is None:
        require_customer(node, customer)
        raise AssertionError("a customer who is there has a file")
    opened = {one.car.vehicle.id: one for one in found.cars}
    shown = opened.get(chosen) if chosen is not None else next(iter(opened.values()), None)
    file = vehicle_file(node, chosen) if shown is None and chosen is not None else shown
    others = [one.other for one in found.other_cars if one.other is not None]
    return {
        "card": found.card,
        "cars": [*(one.car.vehicle for one in found.cars), *others],
        "plates": {one.car.vehicle.id: one.car.plates for one in found.cars},
        "file": file,
        "former": former_values(node, compared_views(found.card, file)),
        "plot": None if file is None else odometer_plot(file.car.odometer),
    }


def _shape(page: Page, customer: RecordId | None) -> RecordForm:
    """The form of a customer, or of somebody new."""

    def _context(form: FormState) -> Mapping[str, Any]:
        card: CustomerCard | None = None if customer is None else require_customer(page.node, customer)
        if card is not None:
            return {"card": card, "form": at_own_rows(form)}
        asked = asked_about(page.node, form, ASKED_WHO)
        shown = [one.customer.id for one in asked]
        said = meant_by(page.node, form.typed, shown, phones=_PHONES, names=_NAMES)
        who = {"asked": asked, "told_apart": told_apart(form.typed), "said": said}
        return {"card": None, "form": at_own_rows(form), **who}

    address = f"{router.prefix}/new" if customer is None else f"{address_of(customer)}/edit"
    draft = _NEW if customer is None else f"{_NEW}-{record_text(customer)}"
    return RecordForm(page, "customer_form.html", "customers", address, _context, draft)


def _beside_card(page: Page, customer: RecordId) -> RecordForm:
    """A small form on the page of a customer."""

    def _context(_: FormState) -> Mapping[str, Any]:
        return _file(page.node, customer, None)

    return RecordForm(page, "file.html", "customers", address_of(customer), _context)
