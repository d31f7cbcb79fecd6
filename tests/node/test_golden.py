"""The golden record at a node: what the desk sees of one customer across sites, and by which ids it is found."""

from functools import partial

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.customer_file import customer_file
from carnet_node.core.showing.golden import golden_of
from carnet_node.core.showing.views import customer_card
from carnet_node.entrypoints.presenting import Presenter
from carnet_protocol.ids import OpId, RecordId, golden_id, golden_op_id, record_text
from carnet_protocol.kinds import GOLDEN
from carnet_protocol.messages import Page, PageRow
from carnet_protocol.registry import Value
from support.browsing import Visitor
from support.staffed import Site

OTHER = RecordId(b"o" * 16)
OTHER_SITE = b"s" * 16
PHONE = "13912340001"


def a_customer(site: Site, name: str = "王小明") -> RecordId:
    """A person of this site."""
    command = AddCustomer({"party_kind": "person", "full_name": name}, [], [])
    return save(site.as_admin, partial(add_customer, command)).records[0]


def receive(site: Site, golden: RecordId, own: tuple[RecordId, ...], **values: Value) -> None:
    """The hub sends a golden record; without customers of this site, that it is gone."""
    at = 5 if own else 6
    stated: dict[str, Value] = {"own_record_ids": b"".join(own), "record_count": 3, "site_count": 2, **values}
    fields = {GOLDEN.labels[name]: value for name, value in stated.items()}
    entry = [OpId(golden_op_id(golden, at)), 0, site.node.identity.hub_id, dict(sorted(fields.items())), {}, False, b""]
    row = PageRow(GOLDEN.number, golden, site.node.identity.hub_id, at, [entry] if own else [], [], not own)
    with site.node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    identity = site.node.identity
    apply_page(
        site.node,
        Page(
            1, feed.hub_epoch, identity.dealer_id, identity.node_id, feed.cursor, feed.cursor, at, True, [row], [], []
        ),
    )


def shared(**more: Value) -> dict[str, Value]:
    """A phone that another site shares."""
    return {"phone": PHONE, "phone_site_id": OTHER_SITE, "phone_at": 1_790_000_000_000, **more}


def test_a_customers_page_shows_what_is_known_elsewhere(site: Site, desk: Visitor):
    """The page says how many files there are, and a shared value masked, with a button that shows it."""
    customer = a_customer(site)
    receive(site, golden_id(OTHER), (customer,), **shared())

    page = desk.open(f"/customers/{record_text(customer)}")

    assert f"golden/{record_text(golden_id(OTHER))}/phone" in page
    assert PHONE not in page


def test_a_customers_page_without_a_golden_record_says_nothing(site: Site, desk: Visitor):
    """A customer that the hub has linked to nobody has no such section."""
    page = desk.open(f"/customers/{record_text(a_customer(site))}")

    assert "golden/" not in page


def test_a_golden_id_opens_this_sites_customer(site: Site, desk: Visitor):
    """The present golden id and former ones lead to the customer's page."""
    customer = a_customer(site)
    former = golden_id(customer)
    receive(site, golden_id(OTHER), (customer,), former_ids=former)

    opened = [customer_card(site.node, golden) for golden in (golden_id(OTHER), former)]

    assert [card.customer.id if card else None for card in opened] == [customer, customer]
    assert "王小明" in desk.open(f"/customers/{record_text(former)}")


def test_two_own_files_of_one_customer_name_each_other(site: Site, desk: Visitor):
    """The page of a customer leads to this site's other file of the same person."""
    one, other = a_customer(site), a_customer(site)
    receive(site, golden_id(OTHER), (one, other))

    page = desk.open(f"/customers/{record_text(one)}")

    assert f'href="/customers/{record_text(other)}"' in page


def test_a_wish_told_elsewhere_silences_the_customer_here(site: Site):
    """Do-not-contact from another site marks the customer's file."""
    customer = a_customer(site)
    receive(site, golden_id(OTHER), (customer,), do_not_contact=True)

    file = customer_file(site.node, customer)

    assert file is not None
    assert file.is_silent


def test_a_golden_record_that_is_gone_leads_nowhere(site: Site):
    """Once the hub has taken it away, neither record nor former ids are found, and no value of it is left."""
    customer = a_customer(site)
    receive(site, golden_id(OTHER), (customer,), former_ids=golden_id(customer), **shared())

    receive(site, golden_id(OTHER), ())

    assert [golden_of(site.node, one) for one in (customer, golden_id(customer), golden_id(OTHER))] == [None] * 3
    with site.node.store.read() as tx:
        base = tx.base(GOLDEN.number, golden_id(OTHER))
    assert base is not None
    assert base.entries == ()


def test_programs_read_where_a_value_comes_from(site: Site):
    """In JSON a golden value names its site and whether it is this one's, masked unless asked for."""
    customer = a_customer(site)
    receive(site, golden_id(OTHER), (customer,), **shared())
    card = customer_card(site.node, customer)
    assert card is not None

    shown = [Presenter(show_personal=one).customer(card)["golden"] for one in (False, True)]

    assert [one["values"][0]["values"]["phone"] == PHONE for one in shown] == [False, True]
    assert (shown[1]["values"][0]["is_own"], shown[1]["own_records"]) == (False, [record_text(customer)])
