"""A record is taken away with all that belongs to it."""

from functools import partial
from pathlib import Path

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.node import Node
from carnet_node.core.saving.basis import customer_as_read
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import remove_customer
from carnet_node.core.showing.views import CustomerCard, customer_card
from carnet_protocol.kinds import PHONE
from support.node_builder import build_node

NUMBERS = ("13800138000", "+86 138 0013 8000", "021-62345678")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


@pytest.fixture
def card(node: Node) -> CustomerCard:
    """A customer two of whose three phones have the same number."""
    values = {"party_kind": "person", "full_name": "Example Customer"}
    command = AddCustomer(values, [{"number": number} for number in NUMBERS])
    shown = customer_card(node, save(node, partial(add_customer, command)).records[0])
    assert shown is not None
    return shown


def test_a_phone_that_is_shown_once_and_stored_twice_goes_with_its_customer(node: Node, card: CustomerCard):
    """No number of a customer who was taken away stays behind because the card had merged it with an equal one."""
    save(node, lambda _: remove_customer(card))

    with node.store.read() as tx:
        phones = list(tx.projections(PHONE))
    assert [phone.is_deleted for phone in phones] == [True, True, True]


def test_whoever_takes_a_customer_away_names_the_phones_that_were_shown(card: CustomerCard):
    """The repeated one cannot be named by anybody, and needs not be."""
    parts = {phone.id: phone.heads.to_text() for phone in card.phones}

    as_read = customer_as_read(card, card.customer.heads.to_text(), parts)

    assert (as_read.phones, as_read.repeated_phones) == (card.phones, card.repeated_phones)
    assert len(card.repeated_phones) == 1
