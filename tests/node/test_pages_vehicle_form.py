"""The form of a car: its own fields, plates, who holds it, and how far it has run."""

from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.editing import new_owner_drafts, require_vehicle
from carnet_node.core.showing.views import VehicleView
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.staffed import Site
from support.vins import make_vins


def a_customer(site: Site, name: str, number: str) -> RecordId:
    """A person with one phone."""
    command = AddCustomer({"party_kind": "person", "full_name": name}, [{"number": number}])
    return save(site.as_admin, partial(add_customer, command)).records[0]


@pytest.fixture
def car(site: Site) -> RecordId:
    """A car and its owner."""
    owner = a_customer(site, "王小明", "13800138000")
    saved = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {"model_name": "雅阁"}))
    save(site.as_admin, lambda _: new_owner_drafts(site.node, saved.vehicle, owner, "owner", {}))
    return saved.vehicle


def sent(desk: Visitor, car: RecordId, typed: dict[str, str], page: str | None = None) -> int:
    """The status of saving the form with some fields typed."""
    address = f"/vehicles/{record_text(car)}/edit"
    return desk.submit(page or desk.open(address), address, typed).status_code


def view_of(site: Site, car: RecordId) -> VehicleView:
    """The car as it is now."""
    return require_vehicle(site.node, car)


def test_a_car_its_plate_and_a_reading_are_changed_with_one_save(site: Site, desk: Visitor, car: RecordId):
    """What was typed stands in the records, the plate in one spelling."""
    typed = {
        "color": "白",
        "model_year": "２０２１",
        "plates[0].plate_no": "沪a·d12345",
        "reading.odometer_km": "52,000 km",
    }

    status = sent(desk, car, typed)

    view = view_of(site, car)
    assert status == 303
    assert (view.vehicle.values["color"], view.vehicle.values["model_year"]) == ("白", 2021)
    assert [one.values["plate_no"] for one in view.plates] == ["沪AD12345"]
    assert [one.values["odometer_km"] for one in view.readings] == [52000]


def test_a_car_changes_hands(site: Site, desk: Visitor, car: RecordId):
    """The former owner's time ends, the new one is found by phone and begins."""
    buyer = a_customer(site, "李四", "13900139000")
    typed = {
        "owners[0].to_on": "2026-9-1",
        "owner.customer_id": "13900139000",
        "owner.role": "owner",
        "owner.from_on": "2026年9月1日",
    }

    status = sent(desk, car, typed)

    owners = {one.other.id: one.link.values for one in view_of(site, car).owners if one.other is not None}
    assert status == 303
    assert owners[buyer]["from_on"] == "2026-09-01"
    assert [one.get("to_on") for record, one in owners.items() if record != buyer] == ["2026-09-01"]


def test_a_plate_goes_and_a_mistyped_reading_is_taken_back(site: Site, desk: Visitor, car: RecordId):
    """A plate entered by mistake is gone; the reading stays readable with its reason."""
    sent(desk, car, {"plates[0].plate_no": "沪A12345", "reading.odometer_km": "520000"})

    sent(desk, car, {"plates[0].gone": "1", "readings[0].gone": "1"})

    view = view_of(site, car)
    assert view.plates == ()
    assert [one.values["retracted"] for one in view.readings] == ["entered_in_error"]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        pytest.param({"model_year": "next"}, "f-model_year", "This is not a whole number.", id="no year"),
        pytest.param({"build_on": "2026-02-30"}, "f-build_on", "The calendar has no such day.", id="no day"),
        pytest.param({"build_on": "1800-01-01"}, "f-build_on", "The day lies before 1900.", id="a day before cars"),
        pytest.param({"model_year": "1800"}, "f-model_year", "between 1900 and 2027", id="a year before cars"),
        pytest.param({"model_year": "99999"}, "f-model_year", "between 1900 and 2027", id="a year beyond all"),
        pytest.param({"reading.odometer_km": "99999999"}, "f-reading-odometer_km", "and 9,999,999.", id="too far"),
        pytest.param({"reading.odometer_km": "far"}, "f-reading-odometer_km", "This is not a whole", id="no reading"),
        pytest.param({"owner.customer_id": "赵无人"}, "f-owner-customer_id", "No customer here", id="nobody"),
        pytest.param({"owner.customer_id": "王小明"}, "f-owner-role", "has this role already", id="already"),
        pytest.param(
            {"plates[0].plate_no": "沪A1", "plates[0].from_on": "2026-02-01", "plates[0].to_on": "2026-01-01"},
            "f-plates-0-to_on",
            "before",
            id="an end before its beginning",
        ),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    desk: Visitor, car: RecordId, typed: dict[str, str], field: str, said: str
):
    """Nothing is saved, and everything typed stands in the form again."""
    address = f"/vehicles/{record_text(car)}/edit"

    refused = desk.submit(desk.open(address), address, {"color": "白", **typed})

    assert refused.status_code == 422
    assert f'href="#{field}' in refused.text
    assert said in refused.text
    assert 'value="白"' in refused.text
    assert require_vehicle(desk.node, car).vehicle.values.get("color") is None


def test_two_windows_that_change_one_colour_lose_nothing(site: Site, desk: Visitor, car: RecordId):
    """Both values stand beside each other."""
    mine = desk.open(f"/vehicles/{record_text(car)}/edit")
    sent(desk, car, {"color": "白"})

    sent(desk, car, {"color": "黑"}, mine)

    assert [one.register for one in view_of(site, car).vehicle.contests] == ["color"]
