"""Looking another dealer's car up from the pages, where there is no line: where it is offered, and what is said."""

import re
from functools import partial
from pathlib import Path

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.taking_on import take_on
from carnet_node.core.showing.taken_on import cars_taken_on
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.node_builder import build_node
from support.staffed import build_site, hire_with_password
from support.vins import make_vins

VIN = make_vins(1)[0]
CAR = RecordId(vehicle_id(VIN))
PLATE = "津A12345"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


def question_of(html: str) -> dict[str, str]:
    """What stands in the fields of the question."""
    return Fields(html).forms["/look-ups"]


def taken_on(desk: Visitor) -> None:
    """Somebody has taken the car on whose VIN the hub has shown."""
    token = question_of(desk.open("/look-ups"))["token"]
    shown = {"vehicle_id": record_text(CAR), "vin": VIN, "reason": "at_desk", "token": token, "save_key": "on"}
    assert desk.ask("POST", "/look-ups/take-on", data=shown).status_code == 303


def link_to_look_ups(html: str) -> str:
    """Where a page leads to the hub."""
    found = re.search(r'href="(/look-ups\?[^"]+)"', html)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("typed", "way"),
    [
        pytest.param(VIN, "vin", id="a VIN"),
        pytest.param("13900139001", "phone", id="a telephone number"),
        pytest.param("津A123", "plate", id="a part of a plate"),
    ],
)
def test_a_search_that_finds_nothing_offers_the_hub(desk: Visitor, typed: str, way: str):
    """What was searched for stands in the question, and in no address."""
    found = desk.search(typed)

    address = link_to_look_ups(found.text)

    asked = question_of(desk.open(address))
    assert (asked["sought"], asked["way"]) == (typed, way)
    assert typed not in address


def test_a_name_that_was_searched_for_is_no_number_to_look_up(desk: Visitor):
    """The question to the hub begins empty, since it is asked by VIN, plate or telephone number."""
    address = link_to_look_ups(desk.search("王小明").text)

    asked = question_of(desk.open(address))

    assert asked["sought"] == ""


@pytest.mark.parametrize(
    ("typed", "way"), [pytest.param(PLATE, "plate", id="a plate"), pytest.param(VIN, "vin", id="a VIN")]
)
def test_a_check_in_of_an_unknown_car_offers_the_hub(desk: Visitor, typed: str, way: str):
    """The plate or VIN that was typed for the check-in stands in the question."""
    begun = desk.submit(desk.search("津A123").text, "/visits/begin", {"text": typed}).headers["location"]
    address = link_to_look_ups(desk.open(begun).split("1. Who and which car")[1])

    asked = question_of(desk.open(address))

    assert (asked["sought"], asked["way"]) == (typed, way)


def test_without_a_line_the_page_says_so_and_offers_the_check_in(desk: Visitor):
    """The question stays as it was typed, nothing is recorded, and the car can be checked in by its plate."""
    typed = {"way": "plate", "sought": PLATE, "reason": "at_desk"}

    answered = desk.submit(desk.open("/look-ups"), "/look-ups", typed)

    assert answered.status_code == 503
    assert "Without a line the car can be checked in all the same" in answered.text
    assert {name: question_of(answered.text)[name] for name in typed} == typed
    begun = desk.submit(answered.text, "/visits/begin", {})
    assert PLATE in desk.open(begun.headers["location"])


@pytest.mark.parametrize(
    ("sought", "way"),
    [
        pytest.param(VIN, "vin", id="a VIN"),
        pytest.param(f"{VIN[:9]} {VIN[9:].lower()}", "vin", id="a VIN as it is read out"),
        pytest.param(VIN[1:], "plate", id="sixteen characters"),
    ],
)
def test_a_vin_that_stands_where_a_plate_is_asked_for_is_asked_by_vin(desk: Visitor, sought: str, way: str):
    """The page opens at the plate, and the hub would truly know no car under such a plate."""
    answered = desk.submit(desk.open("/look-ups"), "/look-ups", {"way": "plate", "sought": sought, "reason": "at_desk"})

    asked = question_of(answered.text)
    assert (asked["way"], asked["sought"]) == (way, sought)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"reason": "curiosity"}, "reason", id="a wrong reason"),
        pytest.param({"reason": ""}, "reason", id="no reason"),
        pytest.param({"way": "color"}, "way", id="no such way"),
        pytest.param({"sought": " "}, "sought", id="nothing to look up"),
    ],
)
def test_a_wrong_question_is_refused_at_its_field(desk: Visitor, changes: dict[str, str], field: str):
    """It is refused before a line is asked for, and the field says so."""
    typed = {"way": "vin", "sought": VIN, "reason": "at_desk", **changes}

    refused = desk.submit(desk.open("/look-ups"), "/look-ups", typed)

    assert refused.status_code == 422
    assert f'href="#f-{field}"' in refused.text


def test_an_empty_reason_is_said_to_be_empty(desk: Visitor):
    """Nothing was chosen, so nothing is said of a list that it is not on."""
    refused = desk.submit(desk.open("/look-ups"), "/look-ups", {"way": "vin", "sought": VIN, "reason": ""})

    assert "No reason is chosen. Choose a reason." in refused.text
    assert "not on the list" not in refused.text


HALF = "It has not 17 characters."
FRAME = "The hub finds a car by a VIN of 17 characters, and by no other number of the car."
SEVEN = "A plate of a province has seven characters"
ELEVEN = "A Chinese mobile number has 11 digits, and this one has 10."


@pytest.mark.parametrize(
    ("way", "sought", "why"),
    [
        pytest.param("vin", VIN[:16], HALF, id="a VIN without its end"),
        pytest.param("vin", "GX71-6000123", FRAME, id="a frame number"),
        pytest.param("vin", VIN[:8] + ("1" if VIN[8] != "1" else "2") + VIN[9:], "ninth character", id="a slip"),
        pytest.param("plate", "津A123", SEVEN, id="a part of a plate"),
        pytest.param("plate", "津A?2345", "A plate has letters, digits", id="a plate that could not be read"),
        pytest.param("phone", "1390013900", ELEVEN, id="a telephone number without its end"),
    ],
)
def test_a_number_that_is_not_whole_is_not_asked_for(desk: Visitor, way: str, sought: str, why: str):
    """It is refused before a line is asked for, in the words of the check-in, and nothing is said of saving."""
    refused = desk.submit(desk.open("/look-ups"), "/look-ups", {"way": way, "sought": sought, "reason": "at_desk"})

    assert refused.status_code == 422
    assert 'href="#f-sought"' in refused.text
    assert why in refused.text
    assert "Nothing was saved" not in refused.text
    assert question_of(refused.text)["sought"] == sought


@pytest.mark.parametrize(
    ("way", "sought", "box"),
    [
        pytest.param("vin", VIN[:8] + ("1" if VIN[8] != "1" else "2") + VIN[9:], "is_vin_compared", id="a VIN"),
        pytest.param("phone", "1390013900", "sought_is_read_out", id="a telephone number"),
    ],
)
def test_a_number_that_somebody_vouches_for_is_asked_for(desk: Visitor, way: str, sought: str, box: str):
    """The refusal offers the box of the check-in; with its tick the question goes out, here to no line."""
    asked = {"way": way, "sought": sought, "reason": "at_desk"}
    refused = desk.submit(desk.open("/look-ups"), "/look-ups", asked)
    assert f'name="{box}"' in refused.text

    again = desk.submit(refused.text, "/look-ups", {**asked, box: "1"})

    assert again.status_code == 503


@pytest.mark.parametrize("plate", ["AB-123-CD", "粤Z1234港", "使014578", "临京A1234"])
def test_an_unusual_plate_can_be_asked_for(desk: Visitor, plate: str):
    """Nobody here knows what a plate of another country looks like: the question goes out, here to no line."""
    asked = desk.submit(desk.open("/look-ups"), "/look-ups", {"way": "plate", "sought": plate, "reason": "at_desk"})

    assert asked.status_code == 503


def test_a_car_that_was_given_back_is_not_given_back_again(node: Node, desk: Visitor):
    """A page that is out of date changes nothing, and says what is wrong; the list says that it is over."""
    take_on(node, CAR, "at_desk")
    page = desk.open("/look-ups")
    desk.submit(page, "/look-ups/give-back", {})

    refused = desk.submit(page, "/look-ups/give-back", {"save_key": "another"})

    assert refused.status_code == 422
    assert "has given it back" in refused.text
    assert "Its time is over" in refused.text
    assert [one.taken_back for one in cars_taken_on(node, 9)] == ["withdrawn"]


def test_taking_on_and_giving_back_say_what_was_done(desk: Visitor):
    """Above the question, with the car by the VIN that was shown, and what becomes of it without a line."""
    shown = {"vehicle_id": record_text(CAR), "vin": VIN, "reason": "at_desk"}
    token = question_of(desk.open("/look-ups"))["token"]
    told = []
    for step in ("take-on", "give-back"):
        done = desk.ask("POST", f"/look-ups/{step}", data={**shown, "token": token, "save_key": step})
        told.append(desk.open(done.headers["location"]).split("data-told-once")[1].split("</p>")[0])

    assert [words in text for words, text in zip((f"Taken on: {VIN}.", f"Given back: {VIN}."), told, strict=True)] == [
        True
    ] * 2
    assert all("without a line it waits, and nothing is lost" in text for text in told)


def test_the_page_of_a_car_says_until_when_it_is_here_and_gives_it_back(node: Node, desk: Visitor):
    """Like the list of the cars that were taken on; a car of this site says nothing of the kind."""
    own = save_vehicle(node, AddVehicle(make_vins(2)[1], VinPolicy.STRICT)).vehicle
    save_vehicle(node, AddVehicle(VIN, VinPolicy.STRICT))
    taken_on(desk)
    (listed,) = cars_taken_on(node, 10)
    until = re.search(r"at least until about [0-9-]+", desk.open("/look-ups"))

    page = desk.open(f"/vehicles/{record_text(CAR)}")
    desk.submit(page, "/look-ups/give-back", {})

    assert until is not None
    assert until[0] in page
    assert "Taken on" not in desk.open(f"/vehicles/{record_text(own)}")
    after = desk.open(f"/vehicles/{record_text(CAR)}")
    assert ("Given back" in after, "/look-ups/give-back" in after, listed.taken_back) == (True, False, "")


def test_a_car_that_two_people_take_on_is_named_for_both(tmp_path: Path):
    """What the hub has shown one session stays with it when another takes the same car on."""
    site = build_site(tmp_path)
    desk = Visitor(site.node).with_session(site.session.token)
    colleague = desk.as_session(hire_with_password(site, "C02", "advisor").token)

    for one in (desk, colleague):
        taken_on(one)

    assert [VIN in one.open("/look-ups") for one in (desk, colleague)] == [True, True]


def test_a_car_that_was_taken_on_is_no_search(desk: Visitor):
    """Its VIN is remembered apart: no address of results opens it."""
    taken_on(desk)

    answered = [desk.ask("GET", f"/search/{name}{record_text(CAR)}").status_code for name in ("", "awaited-")]

    assert VIN in desk.open("/look-ups")
    assert answered == [410, 410]


def test_a_customer_at_the_desk_stays_in_the_question(node: Node, desk: Visitor):
    """Whose page leads here is named, and is asked for again when the question could not be answered."""
    command = AddCustomer({"party_kind": "person", "full_name": "王测试"}, [{"number": "13800138000"}])
    customer = record_text(save(node, partial(add_customer, command)).records[0])
    address = link_to_look_ups(desk.open(f"/customers/{customer}"))

    page = desk.open(address)
    answered = desk.submit(page, "/look-ups", {"way": "vin", "sought": VIN, "reason": "at_desk"})

    assert "At the desk: 王测试" in page
    assert question_of(answered.text)["customer"] == customer


def test_a_customer_whom_nobody_knows_stands_at_no_desk(desk: Visitor):
    """No page pretends that somebody stands there."""
    assert desk.ask("GET", f"/look-ups?customer={record_text(CAR)}").status_code == 404
