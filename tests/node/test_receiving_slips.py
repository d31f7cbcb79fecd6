"""Slips of the finger at check-in: numbers that show nothing, letters that no plate has, promises of another year."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_node.core.commands.customers import AddCustomer
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.showing.views import list_records, vehicle_view
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import CUSTOMER, PLATE, VEHICLE
from support.desk import problems_of, record
from support.node_builder import START_MS, build_node
from support.vins import make_vin

VIN = make_vin("LSV", 123456)
CAR = vehicle_id(VIN)
DAY_MS = 24 * 3600 * 1000
NEW_CAR = Reception(
    ReceivedParty(new=AddCustomer({"party_kind": "person", "full_name": "张三"}, [{"number": "13800138000"}])),
    ReceivedCar(vin=VIN, plate="沪A12345"),
    {
        "is_odometer_unknown": True,
        "sender_name": "张三",
        "sender_phone": "13800138000",
        "advisor_code": "A07",
        "promised_at": START_MS + 1,
    },
    (NewJob({"complaint": "squeals"}),),
)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


def test_a_vin_that_shows_nothing_is_no_vin(node: Node):
    """What a paste left behind names no car: the plate does."""
    received = receive_car(node, replace(NEW_CAR, car=ReceivedCar(vin="\u3164\u200d", plate="沪A12345")))

    view = vehicle_view(node, received.vehicle)
    assert view is not None
    assert (view.vehicle.values.get("vin"), [one.values["plate_no"] for one in view.plates]) == (None, ["沪A12345"])


@pytest.mark.parametrize("plate", ["\u200c\u200d", "\u3164", "\u2800"])
def test_a_plate_that_shows_nothing_names_no_car(node: Node, plate: str):
    """Else an order would stand in the list without a car."""
    reception = replace(NEW_CAR, car=ReceivedCar(plate=plate))

    assert problems_of(lambda: receive_car(node, reception)) == [("car.vin", ProblemCode.MISSING)]


def test_a_letter_that_no_plate_has_is_asked_about(node: Node):
    """The plate that was probably meant is offered and never taken in silence."""
    with pytest.raises(CommandRefused) as refused:
        receive_car(node, replace(NEW_CAR, car=ReceivedCar(vin=VIN, plate="沪aI2O45")))

    (problem,) = refused.value.problems
    assert (problem.field, problem.suggestion) == ("car.plate_no", "沪A12045")


@pytest.mark.parametrize("plate", ["沪", "沪I12345", "0571", "310000"])
def test_what_cannot_be_a_plate_leaves_neither_car_nor_customer(node: Node, plate: str):
    """With a VIN that is right and a customer that is: the form is refused as a whole."""
    party = ReceivedParty(new=AddCustomer({"party_kind": "person", "full_name": "王小明"}))
    reception = replace(NEW_CAR, car=ReceivedCar(vin=VIN, plate=plate), party=party)

    assert problems_of(lambda: receive_car(node, reception)) == [("car.plate_no", ProblemCode.BAD_VALUE)]
    kept = [list_records(node, kind, after=None, limit=1).records for kind in (VEHICLE, CUSTOMER)]
    assert kept == [(), ()]


def test_a_plate_on_file_with_such_a_letter_holds_nobody_up(node: Node):
    """What was taken in former times stays as it is, and the car is checked in."""
    commit(
        node, [Draft(VEHICLE, CAR, {"vin": VIN}), Draft(PLATE, record(84), {"vehicle_id": CAR, "plate_no": "沪AO2345"})]
    )

    received = receive_car(node, replace(NEW_CAR, car=ReceivedCar(known=CAR, plate="沪AO2345")))

    assert received.vehicle == CAR


@pytest.mark.parametrize(
    ("promised_at", "is_taken"),
    [
        pytest.param(START_MS - 1, False, id="has passed"),
        pytest.param(START_MS, True, id="now"),
        pytest.param(START_MS + 366 * DAY_MS, True, id="in 366 days"),
        pytest.param(START_MS + 367 * DAY_MS, False, id="in 367 days"),
    ],
)
def test_a_promise_lies_ahead_and_within_a_year(node: Node, promised_at: int, is_taken: bool):
    """A time that has passed is nothing to promise, and one beyond a year is a slip of the finger."""
    reception = replace(NEW_CAR, values={**NEW_CAR.values, "promised_at": promised_at})

    if is_taken:
        assert receive_car(node, reception).vehicle
    else:
        told = problems_of(lambda: receive_car(node, reception))
        assert [field for field, _ in told] == ["promised_at"]
