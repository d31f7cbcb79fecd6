"""Vehicles over JSON: one record per VIN, nothing overwritten unread, readings that are facts."""

from pathlib import Path

import pytest

from support.api_node import PERSONAL, ApiNode, Json, wrong
from support.node_builder import START_MS, build_node
from support.vins import make_vins, with_wrong_digit

VIN, OTHER_VIN = make_vins(2)
NOWHERE = "01a0c450-6c00-7000-8000-000000000000"


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


@pytest.fixture
def car(desk: ApiNode) -> Json:
    """A white car with a plate and a reading, as its recorder sees it."""
    made = desk.made("/api/vehicles", {"vin": VIN, "values": {"color": "white", "model_year": 2024}})
    path = f"/api/vehicles/{made['id']}"
    desk.made(f"{path}/plates", {"values": {"plate_no": "湘A·12345", "from_on": "2026-01-01"}})
    view: Json = desk.made(f"{path}/readings", {"odometer_km": 52_300, "source": "handover"})["view"]
    return view


@pytest.fixture
def customer(desk: ApiNode) -> str:
    """Somebody the car may belong to."""
    made = desk.made("/api/customers", {"values": {"party_kind": "person", "full_name": "Test Person"}})
    return str(made["id"])


def address(car: Json, *more: str) -> str:
    """Where a vehicle stands."""
    return "/".join(["/api/vehicles", car["vehicle"]["id"], *more])


def test_a_car_is_recorded_under_its_vin(desk: ApiNode):
    """The answer says where the car stands and shows it as recorded."""
    answered = desk.ask("POST", "/api/vehicles", {"vin": VIN.lower(), "values": {"color": "white"}})

    made = answered.json()
    assert (answered.status_code, answered.headers["location"]) == (201, f"/api/vehicles/{made['id']}")
    assert made["view"]["vehicle"]["values"] == {"vin": VIN, "color": "white"}


def test_a_known_car_keeps_its_record(desk: ApiNode, car: Json):
    """Recording a VIN again finds the same record and writes nothing."""
    again = desk.made("/api/vehicles", {"vin": VIN, "values": {"color": "white"}})

    assert (again["id"], again["changed"]) == (car["vehicle"]["id"], False)


def test_what_a_recorder_did_not_read_is_not_overwritten(desk: ApiNode, car: Json):
    """Another colour for a known VIN stands beside the first, for somebody to look at."""
    again = desk.made("/api/vehicles", {"vin": VIN, "values": {"color": "red"}})

    (contest,) = again["view"]["vehicle"]["contests"]
    assert {contest["shown"]["values"]["color"], contest["overruled"][0]["values"]["color"]} == {"white", "red"}


def test_a_mistyped_vin_is_refused(desk: ApiNode):
    """A wrong check digit is told apart from a wrong field."""
    refused = desk.refused("POST", "/api/vehicles", {"vin": with_wrong_digit(VIN)})

    assert (refused["status"], refused["code"], wrong(refused)) == (422, "bad-vin", [("#/vin", "bad-vin")])


def test_a_car_is_shown_with_all_that_belongs_to_it(desk: ApiNode, car: Json):
    """Plates, owners, odometer, readings, visits and recalls stand in one view, each record with its heads."""
    shown = desk.get(address(car))

    assert shown["plates"][0]["values"]["plate_no"] == "***2345"
    assert shown["odometer"]["served_km"] == 52_300
    assert (shown["visits"], shown["owners"], shown["recalls"]["state"]) == ([], [], "unknown")
    assert all(one["heads"] for one in (shown["vehicle"], *shown["plates"], *shown["readings"]))


def test_a_plate_is_shown_in_full_to_who_asks(desk: ApiNode, car: Json):
    """A plate is personal, and comes in one spelling."""
    shown = desk.get(address(car), headers=PERSONAL)

    assert shown["plates"][0]["values"]["plate_no"] == "湘A12345"


def test_vehicles_are_listed(desk: ApiNode, car: Json):
    """The list holds the vehicle's own record."""
    assert desk.get("/api/vehicles")["records"] == [desk.get(address(car))["vehicle"]]


def test_a_stale_edit_stands_beside_the_newer_value(desk: ApiNode, car: Json):
    """Two desks repaint one car from the same view, and both colours can be seen."""
    read = car["vehicle"]["heads"]
    desk.changed(address(car), {"based_on": read, "changes": {"color": "red"}})

    saved = desk.changed(address(car), {"based_on": read, "changes": {"color": "blue"}})

    (contest,) = saved["view"]["vehicle"]["contests"]
    assert {contest["shown"]["values"]["color"], contest["overruled"][0]["values"]["color"]} == {"red", "blue"}


def test_a_car_keeps_its_vin(desk: ApiNode, car: Json):
    """Another VIN is another car."""
    refused = desk.refused("PATCH", address(car), {"based_on": car["vehicle"]["heads"], "changes": {"vin": OTHER_VIN}})

    assert wrong(refused) == [("#/changes/vin", "locked")]


@pytest.mark.parametrize(
    ("path", "form", "at"),
    [
        pytest.param("", {"vin": OTHER_VIN, "values": {"build_on": "2099-01-01"}}, "#/values/build_on", id="a car"),
        pytest.param("", {"vin": OTHER_VIN, "values": {"model_year": 2200}}, "#/values/model_year", id="a model year"),
        pytest.param(
            "plates", {"values": {"plate_no": "湘A99999", "from_on": "2099-01-01"}}, "#/values/from_on", id="a plate"
        ),
        pytest.param(
            "readings", {"odometer_km": 60_000, "read_at": "2099-01-01T09:00:00Z"}, "#/read_at", id="a reading"
        ),
    ],
)
def test_a_day_that_cannot_be_is_refused(desk: ApiNode, car: Json, path: str, form: Json, at: str):
    """A program is told at the member it sent, as a person is beside the field."""
    refused = desk.refused("POST", address(car, path) if path else "/api/vehicles", form)

    assert [pointer for pointer, _ in wrong(refused)] == [at]


def test_a_plate_it_carries_already_changes_nothing(desk: ApiNode, car: Json):
    """The same plate in another spelling is the same plate."""
    saved = desk.made(address(car, "plates"), {"values": {"plate_no": "湘 a 12345"}})

    assert (saved["changed"], len(saved["view"]["plates"])) == (False, 1)


def test_a_plate_is_taken_off(desk: ApiNode, car: Json):
    """The end of a plate is an edit of it, and the beginning stays although only the end was stated."""
    plate = car["plates"][0]

    saved = desk.changed(
        address(car, "plates", plate["id"]), {"based_on": plate["heads"], "changes": {"to_on": "2026-06-30"}}
    )

    values = saved["view"]["plates"][0]["values"]
    assert (values["from_on"], values["to_on"]) == ("2026-01-01", "2026-06-30")


def test_a_plate_entered_by_mistake_is_taken_away(desk: ApiNode, car: Json):
    """A plate that was read is gone."""
    plate = car["plates"][0]

    saved = desk.done(address(car, "plates", plate["id"], "remove"), {"based_on": plate["heads"]})

    assert saved["view"]["plates"] == []


def test_an_owner_is_linked_and_the_link_ends(desk: ApiNode, car: Json, customer: str):
    """A customer's role has a beginning and an end, and the card shows the other side."""
    linked = desk.made(address(car, "owners"), {"customer_id": customer, "role": "owner"})
    link = linked["view"]["owners"][0]["link"]

    body = {"based_on": link["heads"], "changes": {"to_on": "2026-09-20"}}
    ended = desk.changed(address(car, "owners", link["id"]), body)

    assert ended["view"]["owners"][0]["link"]["values"]["to_on"] == "2026-09-20"
    assert ended["view"]["owners"][0]["record"]["id"] == customer


def test_a_role_that_is_there_already_is_not_written_over(desk: ApiNode, car: Json, customer: str):
    """Who did not see the link is told to change it where it stands."""
    form = {"customer_id": customer, "role": "owner"}
    desk.made(address(car, "owners"), form)

    refused = desk.refused("POST", address(car, "owners"), {**form, "values": {"from_on": "2020-01-01"}})

    assert wrong(refused) == [("#/role", "already-there")]


def test_an_owner_who_is_not_here_is_refused(desk: ApiNode, car: Json):
    """A link to nobody would never be found again."""
    refused = desk.refused("POST", address(car, "owners"), {"customer_id": NOWHERE, "role": "owner"})

    assert (refused["status"], wrong(refused)) == (422, [("#/customer_id", "not-found")])


def test_a_lower_reading_is_kept_and_flagged(desk: ApiNode, car: Json):
    """The higher reading is served, and both stay."""
    saved = desk.made(address(car, "readings"), {"odometer_km": 5_230, "read_at": "2026-09-21T23:00:00+08:00"})

    odometer = saved["view"]["odometer"]
    assert (odometer["served_km"], odometer["is_flagged"], len(odometer["readings"])) == (52_300, True, 2)


def test_a_reading_without_a_moment_was_taken_now(desk: ApiNode, car: Json):
    """The node's clock fills in when, and nothing else."""
    assert desk.get(address(car))["readings"][0]["values"]["read_at"] == START_MS


def test_a_mistyped_reading_is_taken_back(desk: ApiNode, car: Json):
    """A retracted reading stays readable and is not served any more."""
    reading = car["readings"][0]
    body = {"based_on": reading["heads"], "reason": "entered_in_error"}

    saved = desk.done(address(car, "readings", reading["id"], "retract"), body)

    assert saved["view"]["odometer"]["served_km"] is None
    assert saved["view"]["readings"][0]["values"]["retracted"] == "entered_in_error"


def test_a_car_entered_by_mistake_goes_with_its_plates(desk: ApiNode, car: Json):
    """Taking a vehicle away names the heads of its plates."""
    parts = {one["id"]: one["heads"] for one in car["plates"]}

    saved = desk.done(address(car, "remove"), {"based_on": car["vehicle"]["heads"], "parts_based_on": parts})

    assert (saved["changed"], saved["view"]) == (True, None)


def test_a_car_with_an_unseen_plate_stays(desk: ApiNode, car: Json):
    """A plate that is not named stops the removal."""
    refused = desk.refused("POST", address(car, "remove"), {"based_on": car["vehicle"]["heads"]})

    assert wrong(refused) == [(f"#/parts_based_on/{car['plates'][0]['id']}", "changed")]


def test_a_car_with_visits_stays(desk: ApiNode, car: Json):
    """What was done to a car is not taken away with it."""
    desk.made("/api/visits", {"vehicle_id": car["vehicle"]["id"], "values": {"is_odometer_unknown": True}})
    parts = {one["id"]: one["heads"] for one in car["plates"]}

    refused = desk.refused(
        "POST", address(car, "remove"), {"based_on": car["vehicle"]["heads"], "parts_based_on": parts}
    )

    assert [one["code"] for one in refused["errors"]] == ["locked"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("plates", {"values": {"plate_no": "湘A54321"}}),
        ("owners", {"customer_id": NOWHERE, "role": "owner"}),
        ("readings", {"odometer_km": 5}),
    ],
)
def test_nothing_is_hung_on_a_car_that_is_not_here(desk: ApiNode, path: str, form: Json):
    """A part of an unknown vehicle is not found."""
    assert desk.refused("POST", f"/api/vehicles/{NOWHERE}/{path}", form)["status"] == 404
