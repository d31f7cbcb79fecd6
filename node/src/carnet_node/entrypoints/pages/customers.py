"""Customers: the list, the page of one, and the form they are recorded and changed with.

Decides addresses and how one form becomes one change set: the customer and every phone, address and preference that
changed, each based on the heads its row was rendered from. A page of a customer is a look at one; the list is one at
many, and is noted as such.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.access_log import note_access, note_list
from carnet_node.core.basis import as_read
from carnet_node.core.commands.customers import AddCustomer, add_customer, retract_consent
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.customer_file import customer_file
from carnet_node.core.desk import save
from carnet_node.core.editing import part_drafts, require_customer, require_part
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.vehicle_file import vehicle_file
from carnet_node.core.views import CustomerCard, list_records
from carnet_node.entrypoints.pages.customer_forms import card_as_texts, card_drafts, new_customer
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.plots import odometer_plot
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.wording import Explained
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import CONSENT, CUSTOMER
from carnet_protocol.registry import Value

router = APIRouter(prefix="/customers")

ROWS: Final = 50
_NEW: Final = "customer"


@router.get("")
async def show_list(page: PageOf, after: str | None = None) -> Response:
    """Customers in the order in which they were recorded, masked."""
    start = None if after is None else parse_record_text(after)

    def read() -> Mapping[str, Any]:
        found = list_records(page.node, CUSTOMER, after=start, limit=ROWS)
        note_list(page.node, "customers", len(found.records))
        return {"listed": found, "is_first": start is None}

    return await page.show("customers.html", read, screen="customers")


@router.get("/new")
async def show_new(page: PageOf) -> Response:
    """An empty form, or the draft of one."""
    return await page.show(
        "customer_form.html",
        lambda: {"form": page.form(_NEW, {"party_kind": "person"}), "card": None},
        screen="customers",
    )


@router.post("/new")
async def record(page: PageOf) -> Response:
    """Record a customer with everything the form holds."""
    typed = page.typed()

    def work(node: Node) -> str:
        command: AddCustomer = new_customer(typed, page.pages.renderer.clockface)
        return address_of(save(node, partial(add_customer, command)).records[0])

    async def again(explained: Explained) -> Response:
        return await _form_again(page, typed, explained, None)

    return await page.save(typed, work, again, draft=_NEW)


@router.get("/{customer}")
async def show_customer(page: PageOf, customer: str, car: str | None = None) -> Response:
    """A customer, and the file of one of their cars."""
    record = record_from_text(customer)
    chosen = None if car is None else record_from_text(car)
    return await page.show("file.html", lambda: _file(page.node, record, chosen), screen="customers")


@router.get("/{customer}/edit")
async def show_edit(page: PageOf, customer: str) -> Response:
    """Everything about a customer in full, to be changed; the asking is noted."""
    record = record_from_text(customer)

    def read() -> Mapping[str, Any]:
        card = require_customer(page.node, record)
        note_access(page.node, Access.SHOWN, "customer form")
        form = page.form(_draft_of(record), card_as_texts(card), card.customer.heads.to_text())
        return {"form": form, "card": card}

    return await page.show("customer_form.html", read, screen="customers")


@router.post("/{customer}/edit")
async def change(page: PageOf, customer: str) -> Response:
    """Change what was changed in the form, in one change set."""
    record, typed = record_from_text(customer), page.typed()

    def work(node: Node) -> str:
        def drafts(new_id: NewId) -> Drafts:
            return card_drafts(require_customer(node, record), typed, page.pages.renderer.clockface, new_id)

        save(node, drafts)
        return address_of(record)

    async def again(explained: Explained) -> Response:
        return await _form_again(page, typed, explained, record)

    return await page.save(typed, work, again, draft=_draft_of(record))


@router.post("/{customer}/consents")
async def state(page: PageOf, customer: str) -> Response:
    """What the customer allows or forbids, from now on."""
    record, typed = record_from_text(customer), page.typed()

    def work(node: Node) -> str:
        values: dict[str, Value] = {name: typed.text(name) for name in ("purpose", "statement", "channel", "evidence")}
        values["stated_at"] = node.clock.now_ms()
        save(node, lambda new_id: part_drafts(require_customer(node, record), CONSENT, values, new_id))
        return address_of(record)

    return await page.save(typed, work, page.failed)


@router.post("/{customer}/consents/{consent}/retract")
async def take_back(page: PageOf, customer: str, consent: str) -> Response:
    """Take back a statement that was recorded by mistake."""
    record, statement, typed = record_from_text(customer), record_from_text(consent), page.typed()

    def work(node: Node) -> str:
        view = require_part(node, CONSENT, statement, record)
        read = as_read(view, typed.text(BASED_ON)).read()
        save(node, lambda _: retract_consent(read, "entered_in_error"))
        return address_of(record)

    return await page.save(typed, work, page.failed)


def address_of(customer: RecordId) -> str:
    """Where a customer's page is."""
    return f"{router.prefix}/{record_text(customer)}"


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
        "file": file,
        "plot": None if file is None else odometer_plot(file.car.odometer),
    }


async def _form_again(page: Page, typed: Typed, explained: Explained, customer: RecordId | None) -> Response:
    def read() -> Mapping[str, Any]:
        card: CustomerCard | None = None if customer is None else require_customer(page.node, customer)
        return {"form": FormState.refused(typed, explained), "card": card}

    return await page.show("customer_form.html", read, status=explained.status, screen="customers")


def _draft_of(customer: RecordId) -> str:
    return f"{_NEW}-{record_text(customer)}"
