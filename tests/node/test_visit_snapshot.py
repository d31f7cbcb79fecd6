"""What an order keeps of its customer and its car as they were on the day."""

from functools import partial
from pathlib import Path

import pytest

from carnet_node.core.commands.customers import AddCustomer, EditCustomer, add_customer, edit_customer
from carnet_node.core.commands.drafting import Drafts
from carnet_node.core.commands.recall_work import CompleteRecall, complete_recall
from carnet_node.core.commands.vehicles import AddVehicle, add_plate
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.desk import save, save_vehicle, save_visit, save_visit_by_vin
from carnet_node.core.showing.views import one_record, visit_view
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, VEHICLE, VISIT
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.node_builder import build_node

VIN = "1M8GDM9AXKP042788"
CAR = AddVehicle(VIN, VinPolicy.STRICT)
KM: dict[str, Value] = {"odometer_in_km": 52_000}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


@pytest.fixture
def wang(node: Node) -> RecordId:
    """A customer."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"})
    return save(node, partial(add_customer, command)).records[0]


@pytest.fixture
def car(node: Node) -> RecordId:
    """A car with an earlier plate and the one it carries."""
    record = save_vehicle(node, CAR).vehicle
    for plate in ({"plate_no": "沪A11111", "to_on": "2024-01-01"}, {"plate_no": "沪B22222", "from_on": "2024-01-02"}):
        save(node, partial(add_plate, record, plate))
    return record


def values_of(node: Node, visit: RecordId) -> dict[str, Value]:
    """What the order says."""
    view = one_record(node, VISIT, visit)
    assert view is not None
    return dict(view.values)


def test_an_order_keeps_the_name_and_the_plate_of_its_day(node: Node, wang: RecordId, car: RecordId):
    """Somebody who changes their name later does not change an old order."""
    opened = save_visit(node, OpenVisit("", car, node.clock.now_ms(), wang, KM))
    view = one_record(node, CUSTOMER, wang)
    assert view is not None
    save(node, lambda _: edit_customer(EditCustomer(view.read(), {"full_name": "王大明"})))

    kept = values_of(node, opened.visit)

    assert (kept["customer_name"], kept["plate_at_visit"]) == ("王小明", "沪B22222")


def test_what_the_form_says_is_kept_instead(node: Node, wang: RecordId, car: RecordId):
    """The desk may know better, for example that the car came with a plate of a day."""
    opened = save_visit(node, OpenVisit("", car, node.clock.now_ms(), wang, {**KM, "plate_at_visit": "沪C33333"}))

    assert values_of(node, opened.visit)["plate_at_visit"] == "沪C33333"


def test_an_order_without_a_customer_keeps_no_name(node: Node):
    """Nothing is made up for a car that somebody left at the gate."""
    car = save_vehicle(node, CAR).vehicle

    kept = values_of(node, save_visit(node, OpenVisit("", car, node.clock.now_ms(), None, KM)).visit)

    assert kept.keys().isdisjoint({"customer_name", "plate_at_visit"})


def test_an_order_and_its_new_car_are_recorded_in_one_set(node: Node):
    """The car of a VIN that nobody knows here comes with its first order."""
    opened = save_visit_by_vin(node, CAR, lambda car: OpenVisit("", car, node.clock.now_ms(), None, KM))

    assert opened.saved.records[:2] == (vehicle_id(VIN), opened.visit)
    assert values_of(node, opened.visit)["vehicle_id"] == vehicle_id(VIN)


def test_a_refused_order_records_no_car(node: Node):
    """The car is not recorded either when it says that nothing was saved."""
    with pytest.raises(CommandRefused):
        save_visit_by_vin(node, CAR, lambda car: OpenVisit("", car, node.clock.now_ms()))

    assert one_record(node, VEHICLE, vehicle_id(VIN)) is None


def test_a_refused_part_records_no_car(node: Node):
    """A plate that is none takes the car back with it."""
    with pytest.raises(CommandRefused):
        save_vehicle(node, CAR, lambda car, new_id: add_plate(car, {}, new_id))

    assert one_record(node, VEHICLE, vehicle_id(VIN)) is None


def test_an_order_whose_recall_is_refused_is_not_opened(node: Node):
    """Order, new car and recalls done are one change set: none of them is recorded without the others."""

    def recall(visit: RecordId, vehicle: RecordId) -> Drafts:
        return complete_recall(CompleteRecall(RecordId(bytes(16)), VIN, vehicle, visit, "open", 9, "magic"))

    with pytest.raises(CommandRefused):
        save_visit_by_vin(node, CAR, lambda car: OpenVisit("", car, node.clock.now_ms(), None, KM), recall)

    assert one_record(node, VEHICLE, vehicle_id(VIN)) is None


def test_an_order_and_its_recall_are_one_change_set(node: Node, car: RecordId):
    """A recall reported with a new order stands beside it at once."""

    def recall(visit: RecordId, vehicle: RecordId) -> Drafts:
        return complete_recall(CompleteRecall(RecordId(bytes(16)), VIN, vehicle, visit, "open", 9, "repaired"))

    opened = save_visit(node, OpenVisit("", car, node.clock.now_ms(), None, KM), recall)

    view = visit_view(node, opened.visit)
    assert view is not None
    assert [one.values["method"] for one in view.completions] == ["repaired"]
    assert view.completions[0].id in opened.saved.records
