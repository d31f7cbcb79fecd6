"""Who holds a car now at a desk: whose card stands beside it, who begins a check-in, who stands in a list."""

import html
import re
from pathlib import Path

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.exchange.lists import LISTS
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.showing.holders import card_holder, known_beside, own_owner, present_customers
from carnet_node.core.showing.views import VehicleView, vehicle_view
from carnet_protocol.ids import record_text, vehicle_id
from carnet_protocol.kinds import OWNERSHIP
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.desk import record
from support.node_builder import TestClock, build_node

VIN = "1M8GDM9AXKP042788"
ELSEWHERE = record(99)
DAY_MS = 24 * 3600 * 1000

Step = tuple[str, dict[str, Value]]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node on 2026-09-21 with a car that nobody holds."""
    node = build_node(tmp_path)
    save_vehicle(node, AddVehicle(VIN, VinPolicy.STRICT))
    return node


def hold(node: Node, name: str, **values: Value) -> None:
    """A customer of this site holds the car; one with the name `elsewhere` is another site's."""
    added = AddCustomer({"party_kind": "person", "full_name": name})
    customer = ELSEWHERE if name == "elsewhere" else save(node, lambda new_id: add_customer(added, new_id)).records[0]
    tie: dict[str, Value] = {"vehicle_id": vehicle_id(VIN), "customer_id": customer, "role": "owner", **values}
    save(node, lambda new_id: (draft_new(OWNERSHIP, new_id(), tie),))
    assert isinstance(node.clock, TestClock)
    node.clock.ms += 1000


def car(node: Node) -> VehicleView:
    """The car as the desk sees it."""
    view = vehicle_view(node, vehicle_id(VIN))
    assert view is not None
    return view


OWNERS = [
    pytest.param([], None, id="nobody"),
    pytest.param([("wang", {})], "wang", id="one"),
    pytest.param([("wang", {"to_on": "2026-09-20"})], None, id="ended yesterday"),
    pytest.param([("wang", {"to_on": "2026-09-21"})], "wang", id="ends today"),
    pytest.param([("wang", {"from_on": "2020-01-01"}), ("li", {"from_on": "2026-09-22"})], "wang", id="sold ahead"),
    pytest.param([("wang", {"from_on": "2020-01-01"}), ("li", {})], "li", id="written down after a first day"),
    pytest.param([("wang", {}), ("li", {"from_on": "2020-01-01"})], "wang", id="a first day before it was written"),
    pytest.param([("wang", {"from_on": "2020-01-01"}), ("li", {"from_on": "2020-01-01"})], "li", id="one first day"),
    pytest.param([("wang", {}), ("elsewhere", {})], None, id="sold to a customer of another site"),
    pytest.param([("elsewhere", {}), ("wang", {})], "wang", id="bought from a customer of another site"),
]


@pytest.mark.parametrize(("steps", "name"), OWNERS)
def test_the_owner_at_the_desk_is_the_present_one_or_nobody(node: Node, steps: list[Step], name: str | None):
    """Call list, card and list of cars agree; where another site keeps the owner no former one takes the place."""
    for who, values in steps:
        hold(node, who, **values)

    owner, card = own_owner(car(node), site_day(node)), card_holder(car(node), site_day(node))
    (row,) = LISTS["vehicles"].rows(node, None)

    listed = dict(zip((one.name for one in LISTS["vehicles"].columns), row, strict=True))["owner"]
    held = None if card is None else card.customer
    names = [None if one is None else one.values["full_name"] for one in (owner, held)]
    assert [*names, listed] == [name] * 3


def test_a_lessee_stands_beside_a_car_whose_owner_is_kept_elsewhere(node: Node):
    """Of those whom the site keeps the lessee comes before the driver, and a payer holds nothing."""
    hold(node, "payer", role="payer")
    hold(node, "elsewhere")
    hold(node, "driver", role="driver")
    hold(node, "lessee", role="lessee")

    found = card_holder(car(node), site_day(node))

    assert found is not None
    assert (found.customer.values["full_name"], found.role) == ("lessee", "lessee")


def test_who_holds_a_car_until_a_day_to_come_holds_it(node: Node):
    """A wish not to be contacted is looked up for everybody whose time has begun and not ended."""
    hold(node, "wang", to_on="2026-09-22")
    hold(node, "li", from_on="2026-09-22")
    hold(node, "zhao", role="payer")

    found = present_customers(car(node).owners, site_day(node))

    assert [one.values["full_name"] for one in found] == ["wang"]


def test_a_check_in_begins_with_who_holds_the_car_in_their_role(node: Node):
    """The form names the driver as a driver, so that the save makes no owner of them."""
    hold(node, "li", role="driver")
    desk = Visitor(node).logged_in().in_english()

    page = desk.open(f"/visits/new?vehicle={record_text(vehicle_id(VIN))}")

    begun = next(one for one in Fields(page).forms.values() if "party.role" in one)
    assert begun["party.role"] == "driver"


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param([("wang", {})], None, id="a customer of this site"),
        pytest.param([("elsewhere", {})], [], id="another site's, nobody known here"),
        pytest.param([("wang", {}), ("elsewhere", {})], ["wang"], id="another site's, one known here"),
        pytest.param([("wang", {"to_on": "2026-09-20"}), ("elsewhere", {})], [], id="another site's, one that ended"),
        pytest.param([("wang", {"role": "payer"}), ("elsewhere", {})], [], id="another site's, a payer"),
    ],
)
def test_who_is_known_beside_a_holder_of_another_site(node: Node, steps: list[Step], names: list[str] | None):
    """Ties that have not ended count, and only where another site's customer holds the car."""
    for who, values in steps:
        hold(node, who, **values)

    found = known_beside(car(node), site_day(node))

    assert (None if found is None else [one.customer.values["full_name"] for one in found]) == names


@pytest.mark.parametrize(
    ("english", "said"),
    [(True, "At present a customer of another site holds this car."), (False, "目前该车属于其他经销店的客户。")],
)
def test_the_file_of_a_car_says_that_another_site_holds_it(node: Node, english: bool, said: str):
    """The page does not say that nobody holds it, and names who is known here."""
    hold(node, "wang")
    hold(node, "elsewhere")
    desk = Visitor(node).logged_in()

    page = (desk.in_english() if english else desk).open(f"/vehicles/{record_text(vehicle_id(VIN))}")

    assert said in page
    assert "No customer of this site holds this car." not in page
    assert "wang</a>" in page.partition(said)[2].partition("</section>")[0]


def test_a_check_in_offers_who_is_known_here_without_a_role(node: Node):
    """Whoever is written down beside another site's holder is chosen by hand, and their role is said by hand."""
    hold(node, "wang")
    hold(node, "elsewhere")
    desk, address = Visitor(node).logged_in().in_english(), f"/visits/new?vehicle={record_text(vehicle_id(VIN))}"
    begun = desk.open(address)
    (offered,) = re.findall(r'href="(/visits/new\?vehicle=[^"]*customer=[^"]*)">wang</a>', begun)

    chosen = desk.open(html.unescape(offered))

    parties = [next(one for one in Fields(page).forms.values() if "party.role" in one) for page in (begun, chosen)]
    assert (parties[0]["party.known"], parties[1]["party.known"] != "", parties[1]["party.role"]) == ("", True, "")
