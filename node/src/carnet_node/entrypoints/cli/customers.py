"""`customers`: add, show, find, list, edit, void."""

from functools import partial
from typing import Annotated

import typer

from carnet_node.core.commands.customers import (
    AddCustomer,
    AddPart,
    EditCustomer,
    add_customer,
    add_part,
    edit_customer,
)
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.desk import Saved, save
from carnet_node.core.saving.editing import remove_customer, require_customer
from carnet_node.entrypoints.cli.lists import add_find_and_list
from carnet_node.entrypoints.cli.opening import BasedOn, Id, Set, emit_saved, node_of, one_group, read_of
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, emit
from carnet_node.entrypoints.cli.tables import emit_card, presenter_of
from carnet_node.entrypoints.reading import record_from_text, values_from_pairs
from carnet_protocol.kinds import ADDRESS, CUSTOMER, PHONE

customers_app = one_group(help="Customers of this site.")

COLUMNS = ("id", "party_kind", "full_name", "company_name", "segment", "sync")


@customers_app.command("add")
def add(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="full name of a person")] = None,
    company: Annotated[str | None, typer.Option("--company", help="registered name of a company")] = None,
    phone: Annotated[list[str] | None, typer.Option("--phone", help="may be given several times")] = None,
    address: Annotated[list[str] | None, typer.Option("--address", help="street; may be given several times")] = None,
    fields: Set = None,
    as_json: AsJson = False,
) -> None:
    """Record a customer, with phones and addresses."""
    values = {**values_from_pairs(CUSTOMER, fields or ())}
    if name is not None:
        values |= {"full_name": name, "party_kind": values.get("party_kind", "person")}
    if company is not None:
        values |= {"company_name": company, "party_kind": values.get("party_kind", "company")}
    phones = [{"number": number} for number in phone or ()]
    addresses = [{"street": street} for street in address or ()]
    node = node_of(ctx)
    command = AddCustomer(values, phones, addresses, today=today_at_site(node))
    saved = save(node, partial(add_customer, command))
    emit_saved(CUSTOMER, saved, as_json=as_json)


@customers_app.command("show")
def show(ctx: typer.Context, customer: Id, *, show_personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """One customer with phones, addresses, statements and vehicles."""
    node = node_of(ctx)
    card = require_customer(node, record_from_text(customer))
    emit_card(presenter_of(node, show_personal=show_personal, as_json=as_json).customer(card), as_json=as_json)


add_find_and_list(
    customers_app,
    CUSTOMER,
    COLUMNS,
    find="Customers by name, phone or its last four digits.",
    list_="Customers in the order in which they were recorded.",
)


@customers_app.command("edit")
def edit(
    ctx: typer.Context,
    customer: Id,
    *,
    fields: Set = None,
    phone: Annotated[list[str] | None, typer.Option("--phone", help="one more phone")] = None,
    address: Annotated[list[str] | None, typer.Option("--address", help="one more street address")] = None,
    based_on: BasedOn = None,
    as_json: AsJson = False,
) -> None:
    """Change fields of a customer, or add a phone or an address."""
    node, record = node_of(ctx), record_from_text(customer)
    changes = values_from_pairs(CUSTOMER, fields or ())
    command = EditCustomer(read_of(node, CUSTOMER, record, based_on, changes), changes, today_at_site(node))
    parts = [AddPart(PHONE, record, {"number": number}) for number in phone or ()]
    parts += [AddPart(ADDRESS, record, {"street": street}) for street in address or ()]
    saved = save(
        node, lambda new_id: edit_customer(command) + tuple(one for part in parts for one in add_part(part, new_id))
    )
    emit_saved(CUSTOMER, Saved((record,), saved.sealed), as_json=as_json)


@customers_app.command("void")
def void(ctx: typer.Context, customer: Id, *, as_json: AsJson = False) -> None:
    """Take a customer away. Somebody's edit at the same time keeps it visible, with a mark."""
    node = node_of(ctx)
    card = require_customer(node, record_from_text(customer))
    saved = save(node, lambda _: remove_customer(card))
    emit({"changed": saved.sealed is not None, "id": customer}, as_json=as_json, text="The customer is taken away.")
