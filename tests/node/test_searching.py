"""The one box at the desk: what is found by what people type, and what is not."""

from functools import partial
from pathlib import Path

import pytest

from carnet_node.core.commands import customers, vehicles, visits
from carnet_node.core.desk_limits import IN_SHOP_SEARCHED_MAX
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.saving import desk
from carnet_node.core.showing.searching import FoundBy, find
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER, VEHICLE, VISIT
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.desk import record
from support.node_builder import build_node

VIN = "1M8GDM9AXKP042788"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def add_wang(node: Node, *phones: str) -> RecordId:
    """A customer with phones."""
    command = customers.AddCustomer(
        {"party_kind": "person", "full_name": "王小明", "pinyin": "wang xiaoming"}, [{"number": one} for one in phones]
    )
    return desk.save(node, partial(customers.add_customer, command)).records[0]


def add_car(node: Node, **values: Value) -> RecordId:
    """A car."""
    return desk.save_vehicle(node, vehicles.AddVehicle(VIN, VinPolicy.STRICT, values)).vehicle


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("沪A·12345", (FoundBy.PLATE, "vehicle"), id="plate"),
        pytest.param("１２３４５", (FoundBy.PLATE_TAIL, "vehicle"), id="five of the plate, full width"),
        pytest.param("2345", (FoundBy.PLATE_TAIL, "vehicle"), id="four of the plate"),
        pytest.param("a12345", (FoundBy.PLATE_TAIL, "vehicle"), id="the plate without its province"),
        pytest.param("1m8gdm9a xkp042788", (FoundBy.VIN, "vehicle"), id="VIN"),
        pytest.param("042788", (FoundBy.VIN_TAIL, "vehicle"), id="last six of the VIN"),
        pytest.param("138 0013 8000", (FoundBy.PHONE, "customer"), id="phone"),
        pytest.param("8000", (FoundBy.PHONE_TAIL, "customer"), id="last four of the phone"),
        pytest.param("王", (FoundBy.NAME, "customer"), id="first character"),
        pytest.param("王小", (FoundBy.NAME, "customer"), id="beginning of the name"),
        pytest.param("Wang X", (FoundBy.NAME, "customer"), id="pinyin"),
    ],
)
def test_the_box_finds_what_people_read_out(node: Node, text: str, expected: tuple):
    """Plate, VIN, phone and name are found, whole or by the part people use."""
    add_wang(node, "13800138000")
    car = add_car(node)
    desk.save(node, partial(vehicles.add_plate, car, {"plate_no": "沪A12345"}))

    assert [(one.by, one.view.kind.name) for one in find(node, text)] == [expected]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        pytest.param("AD12345", True, id="without the province"),
        pytest.param("D12345", True, id="without the letter"),
        pytest.param("浙AD12345", True, id="the whole plate"),
        pytest.param("BD12345", False, id="another letter"),
        pytest.param("苏AD12345", False, id="another province"),
    ],
)
def test_a_new_energy_plate_is_found_by_every_ending_people_type(node: Node, text: str, is_found: bool):
    """Its eight characters are no hindrance, and a plate that differs in front is another car."""
    car = add_car(node)
    desk.save(node, partial(vehicles.add_plate, car, {"plate_no": "浙AD12345"}))

    assert [one.view.id for one in find(node, text)] == ([car] if is_found else [])


@pytest.mark.parametrize("text", ["", "   ", "明", "w", "99", "42788", "138", "%", "_", "' OR 1=1", "x" * 5000, "\x00"])
def test_the_box_finds_nothing_it_should_not(node: Node, text: str):
    """Too short, too long, in the middle, or clever: no hit and no error."""
    add_wang(node, "13800138000")
    add_car(node)

    assert find(node, text) == ()


@pytest.mark.parametrize(
    ("text", "is_found"), [("234567", True), ("1-234567", True), ("34567", False), ("134567", False)]
)
def test_a_frame_number_is_found_by_its_end(node: Node, text: str, is_found: bool):
    """An older car is read out by the last six or more, as one with a VIN is."""
    car = desk.save_vehicle(node, vehicles.AddVehicle("AE861234567", VinPolicy.LENIENT)).vehicle

    assert [one.view.id for one in find(node, text)] == ([car] if is_found else [])


def test_a_repair_order_is_found_by_its_number(node: Node):
    """Lower case and full width do not matter."""
    opened = desk.save_visit(
        node, visits.OpenVisit("", add_car(node), node.clock.now_ms(), None, {"odometer_in_km": 1})
    )

    hits = find(node, opened.ro_no.lower())

    assert [(one.by, one.view.id) for one in hits] == [(FoundBy.RO_NO, opened.visit)]


def stored_order(node: Node, number: int, ro_no: str) -> RecordId:
    """An order under a number of its own; a greater record id is newer."""
    commit(node, [Draft(VISIT, record(number), {"ro_no": ro_no, "status": "closed"})])
    return record(number)


@pytest.mark.parametrize("chars", [4, 5, 9, 16])
def test_a_repair_order_is_found_by_the_end_of_its_number(node: Node, chars: int):
    """The counter of the day is read out, with as much before it as somebody has patience for."""
    ro_no = "TJ01-RO-261122-7KQ3M-001"
    order = stored_order(node, 1, ro_no)

    hits = find(node, ro_no[-chars:].lower())

    assert [(one.by, one.view.id) for one in hits] == [(FoundBy.RO_TAIL, order)]


def test_an_end_shared_by_many_orders_shows_the_newest_first(node: Node):
    """The first order of every day ends alike; yesterday's is meant more often than last year's."""
    first, second, third = (stored_order(node, day, f"R-{day}-001") for day in (1, 2, 3))

    assert [one.view.id for one in find(node, "-001", limit=2)] == [third, second]
    assert [one.view.id for one in find(node, "1-001", limit=2)] == [first]


@pytest.mark.parametrize("text", ["13800138000", "+86 138 0013 8000", VIN, "沪A12345", "沪A·D12345"])
def test_a_whole_plate_vin_or_mobile_is_no_end_of_an_order(node: Node, text: str):
    """Many orders share the last four characters of it, and nobody means one of them."""
    stored_order(node, 1, f"R-{text}")

    assert find(node, text) == ()


def test_an_order_that_was_found_by_its_number_is_the_only_one(node: Node):
    """That another number ends with it is chance."""
    order = stored_order(node, 1, "TJ01-RO-261122-7KQ3M-001")
    stored_order(node, 2, "A-TJ01-RO-261122-7KQ3M-001")

    assert [one.view.id for one in find(node, "TJ01-RO-261122-7KQ3M-001")] == [order]


def test_three_characters_of_a_repair_order_are_too_few(node: Node):
    """Every day has an order 001."""
    stored_order(node, 1, "R-1-001")

    assert find(node, "001") == ()


def test_the_box_shows_each_record_once_and_not_too_many(node: Node):
    """A customer whose phone and name match is one hit, and hits are bounded."""
    for _ in range(8):
        add_wang(node, "13800138000")

    assert len(find(node, "13800138000")) == 8
    assert len(find(node, "王", limit=5)) == 5


def bring(node: Node, who: str, phone: str = "13912345678", customer: RecordId | None = None) -> RecordId:
    """An order in the shop whose car somebody brought."""
    values: dict[str, Value] = {"is_odometer_unknown": True, "sender_name": who, "sender_phone": phone}
    vehicle = desk.save_vehicle(node, vehicles.AddVehicle(VIN, VinPolicy.STRICT)).vehicle
    return desk.save_visit(node, visits.OpenVisit("", vehicle, node.clock.now_ms(), customer, values)).visit


def test_who_brought_a_car_stands_below_the_customers_of_that_name(node: Node):
    """Somebody without a file of their own is found beside those who have one."""
    owner = add_wang(node)
    order = bring(node, "王大力")

    assert [(one.by, one.view.id) for one in find(node, "王")] == [(FoundBy.NAME, owner), (FoundBy.SENDER, order)]


@pytest.mark.parametrize("text", ["john", "JOHN S", "Smith", "js", pytest.param("ＪＯＨＮ", id="full width")])
def test_who_brought_a_car_is_found_by_a_latin_name(node: Node, text: str):
    """In whatever case, by the family name, and by the initials."""
    order = bring(node, "John Smith")

    assert [(one.by, one.view.id) for one in find(node, text)] == [(FoundBy.SENDER, order)]


@pytest.mark.parametrize("text", ["欧阳", "ouyang", "oynn"])
def test_who_brought_a_car_is_found_by_pinyin(node: Node, text: str):
    """As customers are."""
    order = bring(node, "欧阳娜娜")

    assert [one.view.id for one in find(node, text)] == [order]


@pytest.mark.parametrize("text", ["13912345678", "5678"])
def test_who_brought_a_car_is_found_by_phone(node: Node, text: str):
    """The whole number, and the end of it."""
    order = bring(node, "欧阳娜娜")

    assert [one.view.id for one in find(node, text)] == [order]


def test_an_order_of_a_customer_who_was_found_is_no_second_hit(node: Node):
    """Most people bring their own car."""
    owner = add_wang(node)
    bring(node, "王小明", customer=owner)

    assert [one.view.id for one in find(node, "王小明")] == [owner]


def test_who_brought_a_car_keeps_a_place_in_a_full_list(node: Node):
    """A common name does not crowd them out."""
    for _ in range(8):
        add_wang(node)
    order = bring(node, "王大力")

    hits = find(node, "王", limit=4)

    assert [one.by for one in hits] == [FoundBy.NAME] * 3 + [FoundBy.SENDER]
    assert hits[-1].view.id == order


def test_a_customer_behind_the_cut_is_shown_by_the_order_of_their_car(node: Node):
    """Who falls out of a full list has no car here; a customer before the cut has no second hit."""
    people = sorted(add_wang(node) for _ in range(8))
    bring(node, "王小明", customer=people[0])
    own, other = bring(node, "王小明", customer=people[7]), bring(node, "王大力")

    shown = [one.view.id for one in find(node, "王", limit=8)]

    assert (shown[:6], set(shown[6:])) == (people[:6], {own, other})


def test_a_list_with_room_shows_customers_before_orders_of_theirs(node: Node):
    """Nobody is shown by an order while there is a place for them."""
    people = sorted(add_wang(node) for _ in range(8))
    bring(node, "王小明", customer=people[7])
    other = bring(node, "王大力")

    assert [one.view.id for one in find(node, "王", limit=9)] == [*people, other]


def test_a_list_of_one_kind_gives_no_place_to_others(node: Node):
    """Whoever asks for customers gets as many of them as there is room for, and for orders theirs too."""
    people = sorted(add_wang(node) for _ in range(4))
    order = bring(node, "王小明", customer=people[0])

    assert [one.view.id for one in find(node, "王", limit=4, kind=CUSTOMER)] == people
    assert [one.view.id for one in find(node, "王", limit=4, kind=VISIT)] == [order]
    assert find(node, "王", limit=4, kind=VEHICLE) == ()


def test_of_too_many_cars_in_the_shop_the_newest_are_searched(node: Node):
    """Where a site never closes its orders, today's stand behind those of last year."""
    drafts = [
        Draft(
            VISIT, record(place), {"status": "open", "sender_name": "王大力", "opened_at": place, "promised_at": place}
        )
        for place in range(1, IN_SHOP_SEARCHED_MAX + 2)
    ]
    for first in range(0, len(drafts), 50):
        commit(node, drafts[first : first + 50])

    found = {one.view.id for one in find(node, "王大力", limit=4)}

    assert found == {record(IN_SHOP_SEARCHED_MAX + 1 - behind) for behind in range(4)}


@pytest.mark.parametrize("text", ["j", "ｊ", "ohn", "大力", "\u3164"])
def test_who_brought_a_car_is_not_found_by_what_is_no_beginning(node: Node, text: str):
    """One Latin letter, the middle of a word, the end of a name, and nothing at all."""
    bring(node, "John Smith")
    bring(node, "王大力")

    assert find(node, text) == ()
