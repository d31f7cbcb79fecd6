"""Customers and what belongs to them, over JSON: phones, addresses, contact preference, statements of consent.

Decides addresses and which command a request is. The answer to every save holds the customer's card as it is now.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.customers import (
    AddCustomer,
    EditCustomer,
    EditPart,
    add_customer,
    edit_customer,
    edit_part,
    remove_part,
    retract_consent,
)
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import as_read, customer_as_read, read_of_view
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import (
    part_drafts,
    read_for_edit,
    remove_customer,
    require_customer,
    require_part,
)
from carnet_node.core.showing.views import customer_card
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import (
    AddCustomerForm,
    EditForm,
    NewForm,
    RemoveAllForm,
    RemoveForm,
    RetractForm,
)
from carnet_node.entrypoints.web.desk import (
    After,
    Desk,
    DeskOf,
    Limit,
    Show,
    heads_by_id,
    list_of,
    records_page,
    saved_json,
    values_of,
)
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADDRESS, CONSENT, CONTACT_PREFERENCE, CUSTOMER, PHONE
from carnet_protocol.registry import Kind

router = APIRouter(prefix="/api/customers", tags=["customers"])


class CustomerPart(StrEnum):
    """What belongs to a customer, as it stands in an address."""

    PHONES = "phones"
    ADDRESSES = "addresses"
    PREFERENCES = "preferences"
    CONSENTS = "consents"


KINDS: Final[dict[CustomerPart, Kind]] = {
    CustomerPart.PHONES: PHONE,
    CustomerPart.ADDRESSES: ADDRESS,
    CustomerPart.PREFERENCES: CONTACT_PREFERENCE,
    CustomerPart.CONSENTS: CONSENT,
}


@router.get("")
async def list_customers(desk: DeskOf, show: Show, after: After = None, limit: Limit = 100) -> Json:
    """A page of customers in the order in which they were recorded."""
    return await desk.read(partial(records_page, desk.node, CUSTOMER, show, after=after, limit=limit))


@router.post("", status_code=HTTPStatus.CREATED)
async def record_customer(desk: DeskOf, show: Show, form: AddCustomerForm, response: Response) -> Json:
    """Record a customer with phones, addresses, preference and statements, in one change set."""
    command = AddCustomer(
        values_of(CUSTOMER, form.values),
        list_of(PHONE, form.phones, "phones"),
        list_of(ADDRESS, form.addresses, "addresses"),
        None if form.preference is None else values_of(CONTACT_PREFERENCE, form.preference, where="preference."),
        list_of(CONSENT, form.consents, "consents"),
        today_at_site(desk.node),
    )

    def _work() -> Json:
        saved = save(desk.node, partial(add_customer, command))
        return saved_json(CUSTOMER, saved, _card(desk, show, saved.records[0]))

    answer = await desk.write(_work)
    response.headers["Location"] = f"{router.prefix}/{answer['id']}"
    return answer


@router.get("/{customer}")
async def show_customer(desk: DeskOf, show: Show, customer: str) -> Json:
    """A customer with phones, addresses, preferences, statements and vehicles."""
    record = record_from_text(customer)
    return await desk.read(lambda: show.customer(require_customer(desk.node, record)))


@router.patch("/{customer}")
async def change_customer(desk: DeskOf, show: Show, customer: str, form: EditForm) -> Json:
    """Change fields of a customer."""
    record, changes = record_from_text(customer), values_of(CUSTOMER, form.changes)

    def _drafts(_: NewId) -> Drafts:
        read = read_for_edit(desk.node, CUSTOMER, record, form.based_on, changes)
        return edit_customer(EditCustomer(read, changes, today_at_site(desk.node)))

    return await _saved(desk, show, CUSTOMER, record, _drafts)


@router.post("/{customer}/remove")
async def take_customer_away(desk: DeskOf, show: Show, customer: str, form: RemoveAllForm) -> Json:
    """Take a customer away with phones, addresses and preferences; visits and statements stay."""
    record, parts = record_from_text(customer), heads_by_id(form.parts_based_on)

    def _drafts(_: NewId) -> Drafts:
        return remove_customer(customer_as_read(require_customer(desk.node, record), form.based_on, parts))

    return await _saved(desk, show, CUSTOMER, record, _drafts)


@router.post("/{customer}/{part}", status_code=HTTPStatus.CREATED)
async def record_part(desk: DeskOf, show: Show, customer: str, part: CustomerPart, form: NewForm) -> Json:
    """One more phone, address, preference or statement."""
    record, kind = record_from_text(customer), KINDS[part]
    values = values_of(kind, form.values)

    def _drafts(new_id: NewId) -> Drafts:
        return part_drafts(desk.node, require_customer(desk.node, record), kind, values, new_id)

    return await _saved(desk, show, kind, record, _drafts)


@router.patch("/{customer}/{part}/{part_id}")
async def change_part(
    desk: DeskOf, show: Show, customer: str, part: CustomerPart, part_id: str, *, form: EditForm
) -> Json:
    """Change a phone, address or preference."""
    record, kind = record_from_text(customer), KINDS[part]
    changes = values_of(kind, form.changes)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, kind, record_from_text(part_id), record)
        return edit_part(EditPart(kind, read_of_view(view, form.based_on, changes), changes, today_at_site(desk.node)))

    return await _saved(desk, show, kind, record, _drafts)


@router.post("/{customer}/{part}/{part_id}/remove")
async def take_part_away(
    desk: DeskOf, show: Show, customer: str, part: CustomerPart, part_id: str, *, form: RemoveForm
) -> Json:
    """Take a phone, address or preference away."""
    record, kind = record_from_text(customer), KINDS[part]

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, kind, record_from_text(part_id), record)
        return remove_part(kind, as_read(view, form.based_on).read())

    return await _saved(desk, show, kind, record, _drafts)


@router.post("/{customer}/consents/{part_id}/retract")
async def take_statement_back(desk: DeskOf, show: Show, customer: str, part_id: str, form: RetractForm) -> Json:
    """Take back a statement that was recorded by mistake; it stays readable with the reason."""
    record = record_from_text(customer)

    def _drafts(_: NewId) -> Drafts:
        view = require_part(desk.node, CONSENT, record_from_text(part_id), record)
        return retract_consent(as_read(view, form.based_on).read(), form.reason)

    return await _saved(desk, show, CONSENT, record, _drafts)


async def _saved(
    desk: Desk, show: Presenter, kind: Kind, customer: RecordId, drafts: Callable[[NewId], Drafts]
) -> Json:
    """Save, and answer with the card as it is then."""

    def _work() -> Json:
        return saved_json(kind, save(desk.node, drafts), _card(desk, show, customer))

    return await desk.write(_work)


def _card(desk: Desk, show: Presenter, customer: RecordId) -> Json | None:
    card = customer_card(desk.node, customer)
    return None if card is None else show.customer(card)
