"""Where a customer lives, at check-in: shown to be confirmed, put right beside it, taken along with somebody new."""

from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.log.authoring import commit
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import customer_card
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import ADDRESS
from carnet_protocol.registry import Value
from support.browsing import Visitor
from support.staffed import Site

NEW, NUMBER = "/visits/new", "13800138000"
BARE = {"car.plate": "津B88K99", "sender_name": "李芳", "sender_phone": NUMBER, "odometer_in_km": "52300"}


def test_another_address_of_a_customer_on_file_is_recorded_and_dated(site: Site, desk: Visitor):
    """As another number is; the one on file stays."""
    customer = with_address(site)
    page = desk.open(f"{NEW}?customer={record_text(customer)}")

    saved = desk.submit(page, NEW, {**BARE, "party.street": "北京路 2 号"})

    streets = {one.values["street"]: one.values.get("verified_at") for one in addresses_of(site, customer)}
    assert ("南京路 1 号" in page, saved.status_code) == (True, 303)
    assert streets == {"南京路 1 号": None, "北京路 2 号": site.node.clock.now_ms()}


def test_an_address_that_is_typed_once_more_is_confirmed(site: Site, desk: Visitor):
    """No second record of the same place."""
    customer = with_address(site)
    page = desk.open(f"{NEW}?customer={record_text(customer)}")

    desk.submit(page, NEW, {**BARE, "party.street": " 南京路 1 号 "})

    (one,) = addresses_of(site, customer)
    assert one.values.get("verified_at") == site.node.clock.now_ms()


def test_a_new_customer_comes_with_an_address(site: Site, desk: Visitor):
    """In the same save."""
    typed = {**BARE, "party.full_name": "李芳", "party.street": "北京路 2 号"}

    saved = desk.submit(desk.open(NEW), NEW, typed)

    assert saved.status_code == 303
    with site.node.store.read() as tx:
        assert len(tx.list_records(ADDRESS, None, 10)) == 1


def test_the_page_of_a_customer_says_the_place_and_hides_the_door(site: Site, desk: Visitor):
    """District and city stand before the street, of which nothing is shown unasked."""
    lives = {"street": "湘江中路2段36号8-1204", "city_code": "长沙市", "district_code": "天心区", "postcode": "410000"}
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, (), [lives])
    customer = save(site.node, partial(add_customer, command)).records[0]

    page = desk.open(f"/customers/{record_text(customer)}")
    at_check_in = desk.open(f"{NEW}?customer={record_text(customer)}")

    assert all(word in page for word in ("长沙市 天心区", "410000"))
    assert "1204" not in page
    assert "长沙市 天心区" in at_check_in


@pytest.mark.parametrize(
    ("other", "said"),
    [
        pytest.param({"district_code": "雨花区"}, "District", id="one field"),
        pytest.param({"district_code": "雨花区", "postcode": "410007"}, "District, Postcode", id="two fields"),
        pytest.param(
            {"city_code": "株洲市", "district_code": "荷塘区", "street": "新华路 9 号", "postcode": "412000"},
            "the whole address",
            id="everything",
        ),
    ],
)
def test_two_values_for_an_address_name_what_differs(site: Site, desk: Visitor, other: dict[str, Value], said: str):
    """On the page of the customer and in the sync centre; what is alike is not in question."""
    customer = with_address(site)
    (address,) = addresses_of(site, customer)
    lives: dict[str, Value] = {
        "city_code": "长沙市",
        "district_code": "天心区",
        "street": "南京路 1 号",
        "postcode": "410000",
    }
    for values in (lives, {**lives, **other}):
        commit(site.node, [Draft(ADDRESS, address.id, values, address.heads.all())])

    page, centre = desk.open(f"/customers/{record_text(customer)}"), desk.open("/sync")

    assert f"Two values for {said} " in page
    assert f"<td>Address · {said}</td>" in centre


def with_address(site: Site) -> RecordId:
    """A customer who lives somewhere."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, (), [{"street": "南京路 1 号"}])
    return save(site.node, partial(add_customer, command)).records[0]


def addresses_of(site: Site, customer: RecordId) -> tuple[RecordView, ...]:
    """What is on file of where a customer lives."""
    card = customer_card(site.node, customer)
    assert card is not None
    return card.addresses
