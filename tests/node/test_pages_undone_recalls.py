"""A car whose recall is open goes through the end of its order: asked once, told everywhere, never printed as done."""

from pathlib import Path

import pytest

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.node import Node
from carnet_node.core.saving.correcting import open_correction
from carnet_node.core.saving.desk import save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_node.core.showing.undone_recalls import unrecorded_recalls
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.segments import encode_segment
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import build_node
from support.recall_lists import announce, receive
from support.vins import make_vins

VIN = make_vins(1)[0]
LIST = encode_segment([VIN])
LEFT_OPEN = {"is_recall_left_open": "1"}
ASKED = "Recall R2026-1 is still open on this car."
NOT_DONE = "Recall R2026-1 is not recorded as done."
JOB = "Brake hose, taken up at arrival"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that knows a recall of one car."""
    node, hub = build_node(tmp_path), ModelHub()
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    return node


@pytest.fixture
def visit(node: Node) -> RecordId:
    """The order of that car, with the recall among its jobs."""
    job = NewJob({"op_name": JOB, "pay_type": "warranty", "campaign_id": record(70)})
    order = save_visit_by_vin(
        node,
        AddVehicle(VIN, VinPolicy.STRICT),
        lambda car: OpenVisit("", car, node.clock.now_ms(), values={"odometer_in_km": 52_300}, jobs=[job]),
    )
    return order.visit


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


def address(visit: RecordId, *more: str) -> str:
    """Where an order stands."""
    return "/".join([f"/visits/{record_text(visit)}", *more])


def status(node: Node, visit: RecordId) -> object:
    """The state of the order."""
    return require_visit(node, visit).visit.values["status"]


def complete(desk: Visitor, visit: RecordId, **typed: str) -> str:
    """The work is said to be done; the page that answers."""
    return desk.submit(desk.open(address(visit)), address(visit, "step", "complete"), typed).text


def taken(desk: Visitor, visit: RecordId, name: str, **typed: str) -> str:
    """A form of the order is filled in and sent; the page that answers."""
    return desk.submit(desk.open(address(visit, name)), address(visit, name), typed).text


def record_it(desk: Visitor, visit: RecordId, method: str = "replaced") -> None:
    """The recall is recorded on the page of the order."""
    desk.submit(desk.open(address(visit)), address(visit, "recalls"), {"method": method})


@pytest.mark.parametrize("said", [{}, LEFT_OPEN])
def test_work_is_done_with_an_open_recall_once_somebody_says_so(
    node: Node, desk: Visitor, visit: RecordId, said: dict[str, str]
):
    """It is asked with a box; the ticked box is the answer."""
    answer = complete(desk, visit, **said)

    asks = (ASKED in answer, 'name="is_recall_left_open"' in answer)
    assert (status(node, visit), asks) == (("completed", (False, False)) if said else ("open", (True, True)))


def test_work_is_done_without_a_question_where_the_recall_was_recorded(node: Node, desk: Visitor, visit: RecordId):
    """Nothing is open then."""
    record_it(desk, visit)

    complete(desk, visit)

    assert status(node, visit) == "completed"


@pytest.mark.parametrize("said", [{}, LEFT_OPEN])
def test_a_car_is_handed_over_with_an_open_recall_once_somebody_says_so(
    node: Node, desk: Visitor, visit: RecordId, said: dict[str, str]
):
    """What was answered when the work was done is asked again when the car goes."""
    complete(desk, visit, **LEFT_OPEN)
    taken(desk, visit, "settle")

    answer = taken(desk, visit, "hand-over", **said)

    asks = (ASKED in answer, 'name="is_recall_left_open"' in answer)
    assert (status(node, visit), asks) == (("closed", (False, False)) if said else ("settled", (True, True)))


def test_settlement_and_hand_over_show_the_open_recall(desk: Visitor, visit: RecordId):
    """Both pages name it, with the way to the page where it is recorded."""
    complete(desk, visit, **LEFT_OPEN)
    settle = desk.open(address(visit, "settle"))
    taken(desk, visit, "settle")

    pages = (settle, desk.open(address(visit, "hand-over")))

    assert [("R2026-1 Brake hose" in one, "Record it on the page of the order" in one) for one in pages] == [
        (True, True)
    ] * 2


def test_a_recall_is_recorded_on_a_settled_order(node: Node, desk: Visitor, visit: RecordId):
    """The bill is closed, the car stands here still."""
    complete(desk, visit, **LEFT_OPEN)
    taken(desk, visit, "settle")

    record_it(desk, visit)

    assert [one.values["method"] for one in require_visit(node, visit).completions] == ["replaced"]


@pytest.mark.parametrize(("method", "is_done"), [("", False), ("refused", False), ("replaced", True)])
def test_the_record_for_the_maker_holds_no_recall_that_nobody_did(
    node: Node, desk: Visitor, visit: RecordId, method: str, is_done: bool
):
    """It is named as not recorded; a refusal of the owner is no work either."""
    if method:
        proof = {"method": method, "signature_hash": "ab" * 32}
        desk.submit(desk.open(address(visit)), address(visit, "recalls"), proof)
    complete(desk, visit, **LEFT_OPEN)

    sheet = desk.open(address(visit, "print", "warranty"))

    assert (JOB in sheet, NOT_DONE in sheet) == (is_done, not is_done)


@pytest.mark.parametrize("is_done", [False, True])
def test_the_bill_says_that_a_recall_was_not_done(desk: Visitor, visit: RecordId, is_done: bool):
    """Its lines stay, since the bill adds up with them."""
    if is_done:
        record_it(desk, visit)
    complete(desk, visit, **LEFT_OPEN)

    sheet = desk.open(address(visit, "print", "settlement"))

    assert (JOB in sheet, NOT_DONE in sheet) == (True, not is_done)


def test_a_correction_keeps_what_the_first_order_recorded(node: Node, desk: Visitor, visit: RecordId):
    """Its jobs were carried over; the work was done on the first one."""
    record_it(desk, visit)
    complete(desk, visit)
    taken(desk, visit, "settle")

    opened = open_correction(node, visit, require_visit(node, visit).visit.heads.to_text())

    assert unrecorded_recalls(node, require_visit(node, opened.visit)) == {}
