"""What a desk is told beside its records: both of two values, a car taken in twice, codes and numbers in words."""

import io
import re
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from carnet_node.core.commands.vehicles import AddVehicle, add_plate
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.showing.vehicle_file import EventKind, vehicle_file
from carnet_node.core.showing.views import visit_view
from carnet_protocol.ids import parse_record_text, record_text
from carnet_protocol.segments import encode_segment
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.model_hub import ModelHub
from support.node_builder import build_node
from support.recall_lists import announce, receive
from support.staffed import Site
from support.vins import make_vins

NEW = "/visits/new"
FRAME = "AE861234567"
TYPED = {
    "car.plate": "津B88K99",
    "sender_name": "李芳",
    "sender_phone": "13800138000",
    "odometer_in_km": "52300",
    "jobs[0].complaint": "异响",
}


def checked_in(desk: Visitor, **more: str) -> str:
    """The address of an order that was just taken in."""
    answered = desk.submit(desk.open(NEW), NEW, {**TYPED, **more})
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def test_two_notes_are_read_in_full_beside_who_wrote_them(desk: Visitor):
    """Whoever is to restore one has to read both: the order shows its notes in full anyway."""
    address = checked_in(desk)
    mine, theirs = desk.open(f"{address}/edit"), desk.open(f"{address}/edit")
    desk.submit(theirs, f"{address}/edit", {"customer_note": "wash the car"})
    desk.submit(mine, f"{address}/edit", {"customer_note": "ready by Friday"})

    page = desk.open(address)

    assert ("wash the car" in page, "ready by Friday" in page) == (True, True)
    assert " · B01" in page


def test_a_car_that_stands_in_the_shop_is_pointed_out_before_it_is_taken_in_again(site: Site, desk: Visitor):
    """The order it stands under is one click away; once its work is done, nothing is said."""
    address = checked_in(desk)
    order = visit_view(site.node, parse_record_text(address.rsplit("/", 1)[1]))
    assert order is not None
    assert order.vehicle is not None
    car = f"/vehicles/{record_text(order.vehicle.id)}"

    before = desk.open(car)
    desk.submit(desk.open(address), f"{address}/step/complete", {"odometer_out_km": "52301"})
    after = desk.open(car)

    assert ("whose work is not done" in before, f'href="{address}"' in before) == (True, True)
    assert "whose work is not done" not in after


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_car_with_a_frame_number_is_shown_by_it(site: Site, desk: Visitor, language: str):
    """Its order, the sheet of it, the file of the car and a search hit give the number, and call it what it is."""
    address = checked_in(desk, **{"car.plate": "", "car.vin": FRAME, "car.is_vin_compared": "1"})
    order = visit_view(site.node, parse_record_text(address.rsplit("/", 1)[1]))
    assert order is not None
    assert order.vehicle is not None
    desk.submit(desk.open("/"), "/language", {"language": language})
    called = {"en": "Frame number", "zh_CN": "车架号"}[language]

    places = [address, f"{address}/print/order", f"/vehicles/{record_text(order.vehicle.id)}"]
    pages = list(map(desk.open, places))
    found = desk.open(desk.submit(desk.open("/"), "/search", {"text": FRAME[-6:]}).headers["location"])

    assert [f"<dt>{called}</dt>" in page and FRAME in page for page in pages] == [True] * 3
    assert re.search(f"<strong>{called}[:：] ?{FRAME}</strong>", found)


@pytest.mark.parametrize(
    ("name", "said"),
    [("staff", {"works here"}), ("accesses", {"exported", "Staff (in full)"})],
    ids=["staff", "accesses"],
)
def test_a_workbook_says_what_the_page_says(desk: Visitor, name: str, said: set[str]):
    """One code means one thing of a person and another of a car: a colleague is not in use, and a list not shipped."""
    action = f"/exchange/export/{name}"
    desk.submit(desk.open("/exchange"), "/exchange/export/staff", {})

    taken = desk.submit(desk.open("/exchange"), action, {})

    cells = {one for row in openpyxl.load_workbook(io.BytesIO(taken.content)).worksheets[0].values for one in row}
    assert said <= cells
    assert not {"In use", "Exported"} & cells


def test_a_sentence_about_a_time_to_call_stands_beside_its_field(desk: Visitor):
    """The summary names the row in words and leads to it."""
    typed = {"full_name": "李芳", "preferences[0].from_hour": "9"}

    refused = desk.submit(desk.open("/customers/new"), "/customers/new", typed)

    assert 'href="#f-preferences-0-to_hour"' in refused.text
    assert 'id="f-preferences-0-to_hour-problem"' in refused.text


@pytest.mark.parametrize(
    ("field", "said"),
    [
        pytest.param("jobs[0].estimate_fen", "not between 0.00 and", id="yuan"),
        pytest.param("jobs[0].labour[0].actual_hours", "not between 0.00 and", id="hours"),
        pytest.param("jobs[0].parts[0].quantity_hundredths", "not between 0.01 and", id="pieces"),
    ],
)
def test_a_number_out_of_bounds_is_told_in_what_people_type(desk: Visitor, field: str, said: str):
    """Nobody types fen or hundredths of an hour."""
    refused = desk.submit(desk.open(NEW), NEW, {**TYPED, field: "-5"})

    assert said in refused.text


@pytest.mark.parametrize("name", ["\u200c", "\u200d\u200d", "\u3164", "\u115f", "\u2800"])
def test_a_name_that_shows_nothing_is_missing(desk: Visitor, name: str):
    """Nobody would find such a customer again."""
    refused = desk.submit(desk.open("/customers/new"), "/customers/new", {"full_name": name})

    assert 'id="f-full_name-problem"' in refused.text


@pytest.mark.parametrize("born", ["1800-01-01", "2199-01-01"])
def test_a_birthday_of_nobody_alive_is_refused(desk: Visitor, born: str):
    """Neither before anybody who lives nor to come."""
    refused = desk.submit(desk.open("/customers/new"), "/customers/new", {"full_name": "李芳", "birth_on": born})

    assert 'id="f-birth_on-problem"' in refused.text


@pytest.mark.parametrize("promised", ["2099-01-01 10:00", "9999-12-31 23:59"])
def test_a_promise_of_another_age_is_a_slip(desk: Visitor, promised: str):
    """Nobody promises a car for a day more than a year away."""
    refused = desk.submit(desk.open(NEW), NEW, {**TYPED, "promised_at": promised})

    assert "more than a year away" in refused.text


@pytest.mark.parametrize("text", ["13800138000", "8000", "李芳", "李"])
def test_who_brought_a_car_is_found_while_it_is_in_the_shop(desk: Visitor, text: str):
    """Somebody without a file of their own is asked for by name or telephone like everybody else."""
    address = checked_in(desk)

    page = desk.search(text).text

    assert f'href="{address}"' in page


def test_a_recall_taken_in_from_the_banner_is_an_order_of_its_kind(tmp_path: Path):
    """The visit is a recall's, its job names the campaign, and warranty pays."""
    node, hub, vin = build_node(tmp_path), ModelHub(), make_vins(1)[0]
    members = encode_segment([vin])
    announce(hub, members, count=1)
    receive(node, hub, members)
    desk = Visitor(node).logged_in().in_english()
    vehicle = save_vehicle(node, AddVehicle(vin, VinPolicy.STRICT, {})).vehicle
    banner = desk.open(f"/vehicles/{record_text(vehicle)}").partition("campaign=")[2].partition('"')[0]
    begun = f"{NEW}?vehicle={record_text(vehicle)}&campaign={banner}"
    who = {"sender_name": "李芳", "sender_phone": "13800138000", "odometer_in_km": "52300"}

    answered = desk.submit(desk.open(begun), NEW, who)

    order = visit_view(node, parse_record_text(answered.headers["location"].rsplit("/", 1)[1]))
    assert order is not None
    job = order.jobs[0].job.values
    assert (order.visit.values["visit_kind"], job["pay_type"]) == ("recall", "warranty")
    assert job["campaign_id"] == parse_record_text(banner)


def test_a_plate_that_two_have_written_down_stands_in_the_history_once(site: Site, desk: Visitor):
    """Two records that say the same are one line; another day of the same plate is another line."""
    address = checked_in(desk)
    order = visit_view(site.node, parse_record_text(address.rsplit("/", 1)[1]))
    assert order is not None
    assert order.vehicle is not None
    vehicle = order.vehicle.id
    for day in (None, "2024-05-01"):
        save(site.as_admin, partial(add_plate, vehicle, {"plate_no": "津B88K99", "from_on": day}))

    file = vehicle_file(site.node, vehicle)

    assert file is not None
    plates = [one.view.values.get("from_on") for one in file.timeline if one.kind is EventKind.PLATE]
    assert plates == ["2024-05-01", None]
