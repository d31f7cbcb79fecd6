"""A check-in: everything of the form in one save, every problem of it at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carnet_node.core.commands.customers import AddCustomer
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode
from carnet_node.core.saving.duplicates import TypedParty, find_candidates
from carnet_node.core.saving.receiving import RecallDone, ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.showing.views import customer_card, vehicle_view, visit_view
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, ownership_id, vehicle_id
from carnet_protocol.kinds import ADDRESS, CUSTOMER, ODOMETER_READING, OWNERSHIP, PHONE, PLATE, VEHICLE, VISIT
from carnet_protocol.registry import Value
from support.desk import problems_of, record
from support.node_builder import START_MS, build_node, rows_of
from support.vins import make_vin, with_wrong_digit

VIN = make_vin("LSV", 123456)
CAR, WANG = vehicle_id(VIN), record(80)
PERSON: dict[str, Value] = {"party_kind": "person", "full_name": "张三"}
NEW = ReceivedParty(new=AddCustomer(PERSON, [{"number": "13800138000"}]))
ORDER: dict[str, Value] = {
    "is_odometer_unknown": True,
    "sender_name": "张三",
    "sender_phone": "13800138000",
    "advisor_code": "A07",
    "promised_at": START_MS + 1,
}
JOBS = (NewJob({"complaint": "squeals"}),)
NEW_CAR = Reception(NEW, ReceivedCar(vin=VIN, plate="沪a·12345", values={"model_name": "Example"}), ORDER, JOBS)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


def on_file(node: Node) -> None:
    """Wang and the car."""
    commit(
        node,
        [
            Draft(CUSTOMER, WANG, {"party_kind": "person", "full_name": "王小明"}),
            Draft(PHONE, record(81), {"customer_id": WANG, "number": "+8613900139000"}),
            Draft(ADDRESS, record(82), {"customer_id": WANG, "street": "Example Road 1"}),
            Draft(VEHICLE, CAR, {"vin": VIN}),
            Draft(PLATE, record(83), {"vehicle_id": CAR, "plate_no": "沪A12345"}),
        ],
    )


RETURNING = Reception(
    ReceivedParty(known=WANG, confirmed=(record(81), record(82)), phones=({"number": "13700137000"},)),
    ReceivedCar(known=CAR, plate="沪A12345"),
    ORDER,
    JOBS,
)


def sets_of(folder: Path) -> int:
    """How many change sets there are."""
    return len(rows_of(folder)["own_set"])


def test_a_new_customer_and_a_new_car_are_one_save(node: Node, tmp_path: Path):
    """Customer, phone, car, plate, owner and order stand in one change set, and the order names all of it."""
    received = receive_car(node, NEW_CAR)

    view = visit_view(node, received.opened.visit)
    assert view is not None
    assert view.customer is not None
    assert sets_of(tmp_path) == 1
    assert (view.visit.values["customer_name"], view.visit.values["plate_at_visit"]) == ("张三", "沪A12345")
    assert (view.customer.values["full_name"], received.vehicle) == ("张三", CAR)
    assert [job.job.values["complaint"] for job in view.jobs] == ["squeals"]
    car = vehicle_view(node, CAR)
    assert car is not None
    assert [(one.link.values["role"], one.other and one.other.id) for one in car.owners] == [
        ("owner", received.customer)
    ]
    assert [one.values["plate_no"] for one in car.plates] == ["沪A12345"]


def test_a_returning_car_repeats_nothing(node: Node):
    """The plate it carries is not recorded again; what was confirmed is dated, and a new number stands beside it."""
    on_file(node)

    received = receive_car(node, RETURNING)

    card, car = customer_card(node, WANG), vehicle_view(node, CAR)
    assert card is not None
    assert car is not None
    assert received.customer == WANG
    assert [one.values.get("verified_at") for one in (*card.phones, *card.addresses)] == [START_MS] * 3
    assert [one.values["number"] for one in card.phones] == ["+8613900139000", "+8613700137000"]
    assert len(car.plates) == 1


def test_an_owner_on_file_is_not_linked_again(node: Node):
    """The second visit of an owner adds no link; a former owner who bought it back is owner again."""
    on_file(node)
    receive_car(node, RETURNING)
    car = vehicle_view(node, CAR)
    assert car is not None
    commit(node, [Draft(OWNERSHIP, car.owners[0].link.id, {"to_on": "2026-01-01"}, car.owners[0].link.heads.all())])

    receive_car(node, RETURNING)

    car = vehicle_view(node, CAR)
    assert car is not None
    assert [one.link.values.get("to_on") for one in car.owners] == [None]


def test_a_phone_of_somebody_else_is_not_confirmed(node: Node):
    """Only what belongs to this customer is dated."""
    on_file(node)
    commit(node, [Draft(PHONE, record(90), {"customer_id": record(91), "number": "+8613600136000"})])

    receive_car(node, replace(RETURNING, party=ReceivedParty(known=WANG, confirmed=(record(90),))))

    with node.store.read() as tx:
        (other,) = tx.find_equal(PHONE, "number", "+8613600136000", 2)
    assert len(other.entries) == 1


def test_a_car_without_papers_is_named_by_its_plate(node: Node):
    """A plate alone is enough; the car gets a record of its own."""
    received = receive_car(node, replace(NEW_CAR, car=ReceivedCar(plate="沪AD12345", values={"model_name": "Example"})))

    car = vehicle_view(node, received.vehicle)

    assert car is not None
    assert (car.vehicle.values.get("vin"), [one.values["plate_no"] for one in car.plates]) == (None, ["沪AD12345"])


@pytest.mark.parametrize("is_compared", [False, True])
def test_a_wrong_check_digit_needs_somebody_who_looked(node: Node, is_compared: bool):
    """Compared with the plate on the car it is taken, otherwise refused with the field."""
    car = ReceivedCar(vin=with_wrong_digit(VIN), is_vin_compared=is_compared)
    reception = replace(NEW_CAR, car=car)

    if is_compared:
        assert receive_car(node, reception).vehicle == vehicle_id(with_wrong_digit(VIN))
    else:
        assert problems_of(lambda: receive_car(node, reception)) == [("car.vin", ProblemCode.BAD_VIN)]


def test_a_recall_is_done_with_its_evidence(node: Node):
    """The completion names the car's VIN and the order, and who did it with what."""
    on_file(node)
    done = RecallDone(record(60), "replaced", {"part_no": "P-1", "technician_code": "T3"})

    received = receive_car(node, replace(RETURNING, recalls=(done,)))

    view = visit_view(node, received.opened.visit)
    assert view is not None
    (completion,) = view.completions
    assert {name: completion.values[name] for name in ("vin", "method", "part_no", "technician_code")} == {
        "vin": VIN,
        "method": "replaced",
        "part_no": "P-1",
        "technician_code": "T3",
    }


def test_not_the_same_is_remembered_with_the_save(node: Node):
    """What the warning was answered with holds for the new customer from now on."""
    on_file(node)
    party = replace(NEW, not_same=(WANG,))

    received = receive_car(node, replace(NEW_CAR, party=party))

    assert find_candidates(node, TypedParty(names=("王小明",)), of=received.customer) == ()


@pytest.mark.parametrize("name", ["sender_name", "sender_phone", "advisor_code", "promised_at"])
def test_what_a_check_in_needs_is_named(node: Node, name: str):
    """Each is missing under its own field; a draft may lack it."""
    values = {field: value for field, value in ORDER.items() if field != name}

    assert problems_of(lambda: receive_car(node, replace(NEW_CAR, values=values))) == [(name, ProblemCode.MISSING)]
    assert receive_car(node, replace(NEW_CAR, values=values, is_draft=True)).vehicle


BROKEN: dict[str, tuple[dict[str, Any], tuple[str, ProblemCode]]] = {
    "no car": ({"car": ReceivedCar()}, ("car.vin", ProblemCode.MISSING)),
    "unknown car": ({"car": ReceivedCar(known=record(1))}, ("car.id", ProblemCode.NOT_FOUND)),
    "unknown customer": ({"party": ReceivedParty(known=record(1))}, ("party.id", ProblemCode.NOT_FOUND)),
    "nameless": (
        {"party": ReceivedParty(new=AddCustomer({"party_kind": "person"}))},
        ("party.full_name", ProblemCode.MISSING),
    ),
    "born tomorrow": (
        {"party": ReceivedParty(new=AddCustomer({**PERSON, "birth_on": "2199-12-31"}))},
        ("party.birth_on", ProblemCode.BAD_DATE),
    ),
    "no role": ({"party": replace(NEW, role="uncle")}, ("party.role", ProblemCode.BAD_VALUE)),
    "empty job": ({"jobs": (NewJob({}),)}, ("jobs[0].complaint", ProblemCode.MISSING)),
    "bad phone": ({"values": {**ORDER, "sender_phone": "12"}}, ("sender_phone", ProblemCode.BAD_PHONE)),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_each_part_says_what_it_lacks(node: Node, case: str, tmp_path: Path):
    """The problem stands under the part's field, and nothing was recorded: no customer, no car, no number."""
    change, problem = BROKEN[case]
    before = rows_of(tmp_path)

    assert problem in problems_of(lambda: receive_car(node, replace(NEW_CAR, **change)))
    assert rows_of(tmp_path) == before


def test_every_problem_comes_at_once(node: Node):
    """A form with mistakes in all its parts comes back with all of them."""
    form = Reception(ReceivedParty(new=AddCustomer({"party_kind": "person"})), ReceivedCar(vin="X"), {}, (NewJob({}),))

    fields = [field for field, _ in problems_of(lambda: receive_car(node, form))]

    assert {"party.full_name", "car.vin", "sender_name", "promised_at", "jobs[0].complaint"} <= set(fields)


def test_nobody_named_is_an_order_without_customer(node: Node):
    """A car may be received before anybody knows whose it is."""
    received = receive_car(node, replace(NEW_CAR, party=ReceivedParty()))

    view = visit_view(node, RecordId(received.opened.visit))
    assert view is not None
    assert (received.customer, view.customer, "customer_name" in view.visit.values) == (None, None, False)


DAY_MS = 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("odometer_km", "days", "asked"),
    [
        pytest.param(50_000, 1, None, id="the same"),
        pytest.param(49_999, 1, "This is less than the odometer showed before.", id="less"),
        pytest.param(52_500, 1, None, id="as far as a car drives in a day"),
        pytest.param(52_501, 1, "This is further than a car drives in that time.", id="further"),
        pytest.param(475_000, 800, "This is about ten times what the odometer showed before.", id="a digit too many"),
        pytest.param(474_999, 800, None, id="not quite ten times"),
        pytest.param(475_000, 850, None, id="ten times by driving a lot"),
        pytest.param(5_000, 800, "This is less than the odometer showed before.", id="a digit too few"),
    ],
)
def test_an_odometer_that_looks_wrong_is_asked_about_once(node: Node, odometer_km: int, days: int, asked: str | None):
    """It is saved when somebody has read it again; what looks right is saved at once."""
    on_file(node)
    values: dict[str, Value] = {"vehicle_id": CAR, "odometer_km": 50_000, "source": "visit"}
    commit(node, [Draft(ODOMETER_READING, record(84), {**values, "read_at": START_MS - days * DAY_MS})])
    reception = replace(RETURNING, values={**ORDER, "odometer_in_km": odometer_km, "is_odometer_unknown": None})

    found = doubts_about(node, reception)

    before = "It showed 50000 km."
    expected = [] if asked is None else [("odometer_in_km", f"{asked} {before}")]
    assert [(one.field, one.what) for one in found] == expected
    assert asked is None or doubts_about(node, replace(reception, is_read_again=True)) == ()


def doubts_about(node: Node, reception: Reception) -> tuple[Problem, ...]:
    """What is wrong with a check-in; it is saved when nothing is."""
    try:
        receive_car(node, reception)
    except CommandRefused as refused:
        return refused.problems
    return ()


PLATED = RecordId(record(90))


def plate_only(node: Node, status: str = "open") -> None:
    """A car of which only the plate is known: Wang's, with an order, its reading, and one reading more."""
    on_order: dict[str, Value] = {"vehicle_id": PLATED, "odometer_km": 50_000, "read_at": START_MS - 2 * DAY_MS}
    commit(
        node,
        [
            Draft(CUSTOMER, WANG, {"party_kind": "person", "full_name": "王小明"}),
            Draft(VEHICLE, PLATED, {"model_name": "Example"}),
            Draft(PLATE, record(91), {"vehicle_id": PLATED, "plate_no": "沪B54321"}),
            Draft(
                OWNERSHIP,
                ownership_id(PLATED, WANG, "owner"),
                {"vehicle_id": PLATED, "customer_id": WANG, "role": "owner", "from_on": "2020-01-01"},
            ),
            Draft(
                VISIT,
                record(92),
                {
                    "vehicle_id": PLATED,
                    "status": status,
                    "opened_at": START_MS - 2 * DAY_MS,
                    "odometer_in_km": 50_000,
                },
            ),
            Draft(ODOMETER_READING, record(93), {**on_order, "source": "visit", "visit_id": record(92)}),
            Draft(
                ODOMETER_READING,
                record(94),
                {**on_order, "odometer_km": 50_100, "read_at": START_MS - DAY_MS, "source": "statement"},
            ),
        ],
    )


NAMED = Reception(ReceivedParty(known=WANG), ReceivedCar(known=PLATED, vin=VIN), ORDER, JOBS)


def test_a_car_known_by_its_plate_becomes_the_car_of_its_vin(node: Node, tmp_path: Path):
    """Plate, owner, open order and readings go over to it in the one save, and the record without a number goes."""
    plate_only(node)
    before = sets_of(tmp_path)

    received = receive_car(node, NAMED)

    car = vehicle_view(node, CAR)
    order = visit_view(node, received.opened.visit)
    assert (received.vehicle, sets_of(tmp_path)) == (CAR, before + 1)
    assert car is not None
    assert order is not None
    assert (car.vehicle.values["vin"], car.vehicle.values["model_name"]) == (VIN, "Example")
    assert [one.values["plate_no"] for one in car.plates] == ["沪B54321"]
    assert [(one.link.values["role"], one.link.values["from_on"]) for one in car.owners] == [("owner", "2020-01-01")]
    assert {one.id for one in car.visits} == {record(92), received.opened.visit}
    assert [one.odometer_km for one in car.odometer.readings] == [50_000, 50_100]
    assert order.visit.values["plate_at_visit"] == "沪B54321"
    assert vehicle_view(node, PLATED) is None


def test_a_settled_order_keeps_the_record_it_was_signed_for(node: Node):
    """What cannot change stays, and so does the record it is about; the plate is the other car's now."""
    plate_only(node, "settled")

    receive_car(node, NAMED)

    former, car = vehicle_view(node, PLATED), vehicle_view(node, CAR)
    assert former is not None
    assert car is not None
    assert ([one.id for one in former.visits], former.plates) == ([record(92)], ())
    assert [one.values["plate_no"] for one in car.plates] == ["沪B54321"]


def test_a_car_that_is_on_file_under_its_vin_takes_the_other_one_over(node: Node):
    """Nothing of it is written anew; it gets the plate and the order."""
    plate_only(node)
    commit(node, [Draft(VEHICLE, CAR, {"vin": VIN, "model_name": "Known"})])

    receive_car(node, NAMED)

    car = vehicle_view(node, CAR)
    assert car is not None
    assert (car.vehicle.values["model_name"], car.vehicle.contests) == ("Known", ())
    assert [one.values["plate_no"] for one in car.plates] == ["沪B54321"]


def test_a_frame_number_is_written_into_the_record_that_is_there(node: Node):
    """An older car has no VIN, and its number makes no other record."""
    plate_only(node)
    old = replace(NAMED, car=ReceivedCar(known=PLATED, vin="JT1234567890", is_vin_compared=True))

    received = receive_car(node, old)

    car = vehicle_view(node, PLATED)
    assert received.vehicle == PLATED
    assert car is not None
    assert car.vehicle.values["chassis_no"] == "JT1234567890"


def test_a_car_with_a_vin_keeps_it_whatever_is_typed(node: Node):
    """The number of a car on file is not asked for, and a stray one changes nothing."""
    on_file(node)

    received = receive_car(node, replace(RETURNING, car=ReceivedCar(known=CAR, vin=make_vin("LFV", 7))))

    assert received.vehicle == CAR
