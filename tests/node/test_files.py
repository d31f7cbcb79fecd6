"""The pages of a car and of a customer: what is known here, and what is said first."""

from pathlib import Path

import pytest

from carnet_node.core.desk_limits import CARS_OPENED_MAX, REPEAT_REPAIR_DAYS, TIMELINE_ROWS_MAX
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.showing.customer_file import CustomerFile, customer_file
from carnet_node.core.showing.vehicle_file import EventKind, VehicleFile, vehicle_file
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import (
    CONTACT_PREFERENCE,
    CUSTOMER,
    DEALER_SITE,
    JOB,
    LABOUR_LINE,
    ODOMETER_READING,
    OWNERSHIP,
    PART_LINE,
    PHONE,
    PLATE,
    RECALL_COMPLETION,
    VEHICLE,
    VISIT,
)
from carnet_protocol.messages import Page, PageRow
from carnet_protocol.registry import Kind, Value
from support.desk import record
from support.node_builder import DEALER_B, HUB, HUB_EPOCH, START_MS, build_node

DAY_MS = 24 * 3600 * 1000
CAR, WANG = record(70), record(80)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that knows a car and its owner."""
    node = build_node(tmp_path)
    put(node, VEHICLE, CAR, vin="LSVAA49J132047371")
    put(node, CUSTOMER, WANG, party_kind="person", full_name="王小明")
    put(node, OWNERSHIP, record(81), vehicle_id=CAR, customer_id=WANG, role="owner")
    return node


def put(node: Node, kind: Kind, record_id: RecordId, **values: Value) -> RecordId:
    """A record with these values."""
    commit(node, [Draft(kind, record_id, values)])
    return record_id


def visit(node: Node, number: int, days_ago: int, status: str = "closed", **values: Value) -> RecordId:
    """A visit of the car, so many days ago."""
    at_ms = START_MS - days_ago * DAY_MS
    done = {} if status in ("open", "draft") else {"completed_at": at_ms}
    known: dict[str, Value] = {
        "ro_no": f"RO-{number}",
        "vehicle_id": CAR,
        "customer_id": WANG,
        "opened_at": at_ms,
        "status": status,
    }
    return put(node, VISIT, record(number), **{**known, **done, **values})


def job(node: Node, number: int, of: RecordId, approval: str | None, **values: Value) -> RecordId:
    """A job of a visit."""
    return put(node, JOB, record(number), visit_id=of, approval=approval, **values)


def apply_theirs(node: Node, made: list[tuple[Kind, int, dict[str, Value]]]) -> None:
    """Records of another site, as a page of the feed brings them."""
    rows = []
    for position, (kind, number, values) in enumerate(made, start=1):
        told = {label: values[field.name] for label, (_, field) in kind.by_label.items() if field.name in values}
        entry = [bytes([number]) * 16, position, DEALER_B, told, {}, False, b""]
        rows.append(PageRow(kind.number, record(number), DEALER_B, position, [entry], [], False))
    last = len(rows)
    identity = node.identity
    apply_page(node, Page(1, HUB_EPOCH, identity.dealer_id, identity.node_id, 0, last, last, True, rows, [], []))


def car_file(node: Node) -> VehicleFile:
    """The page of the car."""
    found = vehicle_file(node, CAR)
    assert found is not None
    return found


def wang_file(node: Node) -> CustomerFile:
    """The page of the customer."""
    found = customer_file(node, WANG)
    assert found is not None
    return found


def test_what_is_not_here_has_no_page(node: Node):
    """An id nobody knows here gives nothing."""
    assert vehicle_file(node, record(1)) is None
    assert customer_file(node, record(1)) is None


def test_one_timeline_holds_everything_newest_first(node: Node):
    """Visits, readings of their own, plates, owners and recalls done stand in the order of their days."""
    put(node, PLATE, record(1), vehicle_id=CAR, plate_no="沪A11111", from_on="2026-09-01")
    visit(node, 2, 5)
    put(
        node,
        ODOMETER_READING,
        record(3),
        vehicle_id=CAR,
        odometer_km=9,
        read_at=START_MS - 3 * DAY_MS,
        source="handover",
    )
    put(node, ODOMETER_READING, record(4), vehicle_id=CAR, odometer_km=8, read_at=START_MS, visit_id=record(2))
    put(node, RECALL_COMPLETION, record(5), vehicle_id=CAR, completed_at=START_MS - 4 * DAY_MS)
    put(node, RECALL_COMPLETION, record(6), vehicle_id=CAR, completed_at=START_MS, retracted="duplicate")

    kinds = [event.kind for event in car_file(node).timeline]

    assert kinds == [
        EventKind.READING,
        EventKind.RECALL_DONE,
        EventKind.VISIT,
        EventKind.PLATE,
        EventKind.OWNERSHIP,
    ]


def test_a_long_history_says_that_there_is_more(node: Node):
    """The timeline is bounded and says so."""
    for number in range(1, TIMELINE_ROWS_MAX + 2):
        put(node, PLATE, record(1000 + number), vehicle_id=CAR, plate_no=f"沪A{number:05}")

    found = car_file(node)

    assert (len(found.timeline), found.is_more) == (TIMELINE_ROWS_MAX, True)


def test_other_sites_history_says_whose_and_how_old(node: Node):
    """A visit of another site names that site, and the page how old such news is."""
    site = [bytes([1]) * 16, 1, HUB, {0: "BJA02"}, {}, False, b""]
    foreign = [bytes([2]) * 16, 1, DEALER_B, {0: "BJA02-RO-1", 8: CAR}, {}, False, b""]
    rows = [
        PageRow(DEALER_SITE.number, RecordId(bytes(DEALER_B)), HUB, 1, [site], [], False),
        PageRow(VISIT.number, record(9), DEALER_B, 2, [foreign], [], False),
    ]
    apply_page(node, Page(1, HUB_EPOCH, node.identity.dealer_id, node.identity.node_id, 0, 2, 2, True, rows, [], []))

    found = car_file(node)

    (view,) = [event.view for event in found.timeline if event.kind is EventKind.VISIT]
    assert (view.site, view.is_own) == ("BJA02", False)
    assert found.as_of_ms == START_MS


@pytest.mark.parametrize(
    ("status", "kept"),
    [("open", ["approved", None, "proposed"]), ("completed", ["approved", None]), ("closed", ["approved", None])],
)
def test_a_history_holds_what_was_done(node: Node, status: str, kept: list[str | None]):
    """Declined work never stands in it; work that waits for an answer does while the order is in work."""
    on = visit(node, 1, 5, status)
    for number, approval in enumerate(("approved", None, "declined", "proposed"), start=2):
        job(node, number, on, approval)

    (event,) = [one for one in car_file(node).timeline if one.kind is EventKind.VISIT]

    assert [one.values.get("approval") for one in event.jobs] == kept


def test_another_sites_declined_work_is_left_out_with_its_lines(node: Node):
    """Lines of a job that was not to be done are no history either; lines of no job are."""
    theirs: list[tuple[Kind, int, dict[str, Value]]] = [
        (VISIT, 1, {"ro_no": "B-1", "vehicle_id": CAR, "opened_at": START_MS, "status": "closed"}),
        (JOB, 2, {"visit_id": record(1), "op_name": "Pads", "approval": "approved"}),
        (JOB, 3, {"visit_id": record(1), "op_name": "Belt", "approval": "declined"}),
        (LABOUR_LINE, 4, {"visit_id": record(1), "job_id": record(2), "labour_name": "Fit pads"}),
        (PART_LINE, 5, {"visit_id": record(1), "job_id": record(3), "part_name": "Belt"}),
        (PART_LINE, 6, {"visit_id": record(1), "part_name": "Grease"}),
    ]
    apply_theirs(node, theirs)

    (event,) = [one for one in car_file(node).timeline if one.kind is EventKind.VISIT]

    names = ("op_name", "labour_name", "part_name")
    told = [values[name] for _, values in event.work for name in names if name in values]
    assert told == ["Pads", "Fit pads", "Grease"]


def test_declined_work_is_offered_again(node: Node):
    """A job that was declined stands first thing at the next visit."""
    earlier = visit(node, 1, 40)
    job(node, 11, earlier, "declined", op_code="BRK1", op_name="brake pads")
    job(node, 12, earlier, "approved", op_code="OIL1")

    assert [item.job.id for item in car_file(node).deferred] == [record(11)]


@pytest.mark.parametrize(("approval", "is_deferred"), [("approved", False), (None, False), ("declined", True)])
def test_declined_work_that_came_up_later_counts_as_it_was_answered_then(node: Node, approval: str, is_deferred: bool):
    """Done later, it is settled; declined again, it stands once."""
    job(node, 11, visit(node, 1, 40), "declined", op_code="BRK1")
    job(node, 21, visit(node, 2, 20), approval, op_code="BRK1")

    assert [item.job.id for item in car_file(node).deferred] == ([record(21)] if is_deferred else [])


def test_a_voided_visit_defers_nothing(node: Node):
    """What was declined on an order that never counted is not offered."""
    job(node, 11, visit(node, 1, 40, "void"), "declined", op_code="BRK1")

    assert car_file(node).deferred == ()


@pytest.mark.parametrize(
    ("days_ago", "status", "is_repeat"),
    [
        (REPEAT_REPAIR_DAYS, "closed", True),
        (REPEAT_REPAIR_DAYS + 1, "closed", False),
        (3, "completed", True),
        (3, "open", False),
        (3, "void", False),
        (-1, "closed", False),
    ],
)
def test_a_car_that_comes_back_soon_is_flagged(node: Node, days_ago: int, status: str, is_repeat: bool):
    """A visit finished within the span may be followed by one for the same fault."""
    visit(node, 1, days_ago, status)

    assert (car_file(node).repeat_of is not None) is is_repeat


@pytest.mark.parametrize(
    ("role", "to_on", "is_named"),
    [("owner", None, True), ("driver", None, True), ("payer", None, False), ("owner", "2025-01-01", False)],
)
def test_who_is_not_to_be_contacted_is_named(node: Node, role: str, to_on: str | None, is_named: bool):
    """Present owners and drivers count, payers and former owners do not."""
    quiet = put(node, CUSTOMER, record(90), party_kind="person", full_name="李四")
    put(node, CONTACT_PREFERENCE, record(91), customer_id=quiet, do_not_contact=True)
    put(
        node, OWNERSHIP, record(92), vehicle_id=CAR, customer_id=quiet, role=role, **({"to_on": to_on} if to_on else {})
    )

    assert [one.id for one in car_file(node).do_not_contact] == ([quiet] if is_named else [])


def test_a_customers_page_opens_the_cars_they_hold(node: Node):
    """Present cars come first, former ones behind them; each with its own file."""
    put(node, VEHICLE, record(71), color="red")
    put(node, OWNERSHIP, record(82), vehicle_id=record(71), customer_id=WANG, role="owner", to_on="2020-01-01")

    found = wang_file(node)

    assert [one.car.vehicle.id for one in found.cars] == [CAR, record(71)]
    assert found.other_cars == ()


def test_a_fleet_is_a_list(node: Node):
    """Beyond a few cars only the links stand on the page."""
    for number in range(CARS_OPENED_MAX + 2):
        car = put(node, VEHICLE, record(100 + number), color="white")
        put(node, OWNERSHIP, record(200 + number), vehicle_id=car, customer_id=WANG, role="owner")

    found = wang_file(node)

    assert (len(found.cars), len(found.other_cars)) == (CARS_OPENED_MAX, 3)


def test_a_car_held_twice_is_opened_once(node: Node):
    """Owner and driver of one car have one file of it."""
    put(node, OWNERSHIP, record(82), vehicle_id=CAR, customer_id=WANG, role="driver")

    found = wang_file(node)

    assert (len(found.cars), len(found.other_cars)) == (1, 0)


def test_visits_follow_the_customer(node: Node):
    """Orders they paid for stand on their page, newest first, and the last one dates the last contact."""
    older, newer = visit(node, 1, 40), visit(node, 2, 20)

    found = wang_file(node)

    assert [one.id for one in found.visits] == [newer, older]
    assert found.last_visit_at == START_MS - 20 * DAY_MS


def test_a_customers_page_says_what_contradicts_itself(node: Node):
    """Two numbers written without knowing of each other are a conflict on the card; silence is said too."""
    put(node, PHONE, record(83), customer_id=WANG, number="+8613800138000")
    commit(node, [Draft(PHONE, record(83), {"number": "+8613900139000"})])
    put(node, CONTACT_PREFERENCE, record(84), customer_id=WANG, do_not_contact=True)

    found = wang_file(node)

    assert ([one.id for one in found.conflicts], found.is_silent) == ([record(83)], True)
