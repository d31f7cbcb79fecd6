"""A car whose recall is open goes through the end of its order: asked once, told everywhere, never printed as done.

So does a car of which nobody can say it: silence would be taken for "no recall".
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

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
from support.api_node import ApiNode, Json
from support.browsing import Fields, Visitor
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import TestClock, build_node
from support.order_ends import DAY_MS, LEFT_OPEN, address, complete, order_of, record_it, taken
from support.recall_lists import announce, receive
from support.vins import make_vins

VIN, UNLISTED = make_vins(2)
LIST = encode_segment([VIN])
ASKED = "Recall R2026-1 is still open on this car."
NOT_DONE = "Recall R2026-1 is not recorded as done."
UNKNOWN = "<strong>Recalls unknown</strong>: "
JOB = "Brake hose, taken up at arrival"


@pytest.fixture
def hub() -> ModelHub:
    """The hub of that node."""
    return ModelHub()


@pytest.fixture
def node(tmp_path: Path, hub: ModelHub) -> Node:
    """A node that knows a recall of one car."""
    node = build_node(tmp_path)
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


def status(node: Node, visit: RecordId) -> object:
    """The state of the order."""
    return require_visit(node, visit).visit.values["status"]


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


def test_a_correction_asks_nothing_about_recalls(node: Node, desk: Visitor, visit: RecordId):
    """No car goes on with it: its work is done, it is settled and closed without a question or a warning."""
    complete(desk, visit, **LEFT_OPEN)
    taken(desk, visit, "settle")
    heads = require_visit(node, visit).visit.heads.to_text()
    correction = open_correction(node, visit, heads).visit

    complete(desk, correction)
    pages = [desk.open(address(correction, "settle"))]
    taken(desk, correction, "settle")
    pages.append(desk.open(address(correction, "hand-over")))
    taken(desk, correction, "hand-over")

    assert ["Brake hose</strong>" in one or "Record it on the page" in one for one in pages] == [False, False]
    assert status(node, correction) == "closed"


def test_programs_are_told_of_no_recall_by_a_correction(node: Node, visit: RecordId):
    """As people are not."""
    desk = ApiNode(node)
    through(desk, visit)
    correction = open_correction(node, visit, require_visit(node, visit).visit.heads.to_text()).visit

    assert [one["remarks"] for one in through(desk, correction)] == [[], []]


@pytest.fixture
def blank(tmp_path: Path) -> Node:
    """A node to which no recall data has come."""
    return build_node(tmp_path)


def without_lists(node: Node) -> None:
    """Nothing arrives."""


def with_fresh_lists(node: Node) -> None:
    """A list of today that names another car."""
    announce(hub := ModelHub(), LIST, count=1)
    receive(node, hub, LIST)


def with_stale_lists(node: Node) -> None:
    """The same, eight days ago."""
    with_fresh_lists(node)
    cast(TestClock, node.clock).ms += 8 * DAY_MS


@pytest.mark.parametrize(
    ("arrive", "vin", "why"),
    [
        pytest.param(without_lists, UNLISTED, "no recall data has arrived yet; this does not", id="no data"),
        pytest.param(with_stale_lists, UNLISTED, "the recall data is too old; this does not", id="stale lists"),
        pytest.param(with_fresh_lists, None, "the car has no VIN here.", id="no VIN"),
        pytest.param(with_fresh_lists, UNLISTED, "", id="clear"),
    ],
)
def test_every_page_and_sheet_of_an_order_says_why_recalls_are_unknown(
    blank: Node, arrive: Callable[[Node], None], vin: str | None, why: str
):
    """The order, its sheets, settlement and hand-over; none of them where the car is clear."""
    arrive(blank)
    desk = Visitor(blank).logged_in().in_english()
    visit = order_of(blank, vin)

    pages = [desk.open(address(visit, *one)) for one in ((), ("print", "reception"), ("print", "order"))]
    complete(desk, visit)
    pages += [desk.open(address(visit, *one)) for one in (("settle",), ("print", "settlement"))]
    taken(desk, visit, "settle")
    pages.append(desk.open(address(visit, "hand-over")))

    assert [(UNKNOWN in one, UNKNOWN + why in one) for one in pages] == [(bool(why), bool(why))] * 6


def test_a_tick_answers_for_no_recall_that_came_behind_it(node: Node, hub: ModelHub, desk: Visitor, visit: RecordId):
    """A second recall arrives while the first is asked about: it is asked again, and the box stands there empty."""
    asked = desk.submit(desk.open(address(visit)), address(visit, "step", "complete"), {}).text
    announce(hub, LIST, count=1, number=80, campaign_no="R2026-2")
    receive(node, hub, LIST)

    again = desk.submit(asked, address(visit, "step", "complete"), LEFT_OPEN).text

    assert (status(node, visit), "Recall R2026-2 is still open on this car." in again) == ("open", True)
    assert "is_recall_left_open" not in Fields(again).forms[address(visit, "step", "complete")]


def test_a_tick_kept_while_typing_answers_nothing(node: Node, desk: Visitor, visit: RecordId):
    """The form of a car that was not handed over yet begins without it, so that it is asked anew."""
    complete(desk, visit, **LEFT_OPEN)
    taken(desk, visit, "settle")
    kept = {**LEFT_OPEN, "next_service_km": "62300"}
    page = desk.open(address(visit, "hand-over"))
    desk.send(page, f"/drafts/hand-over-{record_text(visit)}", {"fields": kept, "based_on": ""})

    form = Fields(desk.open(address(visit, "hand-over"))).forms[address(visit, "hand-over")]

    assert (form["next_service_km"], "is_recall_left_open" in form) == ("62300", False)


@pytest.mark.parametrize(
    ("number", "remedy", "what", "then"),
    [
        ("R2026-1", "not_yet", ASKED, "Its remedy is not available yet: tell the owner, and tick"),
        (None, "available", "Recall — is still open on this car.", "Record it on the page of the order, or tick"),
    ],
)
def test_the_question_names_what_is_known_and_can_be_done(
    blank: Node, number: str | None, remedy: str, what: str, then: str
):
    """No number is a dash, and nobody is told to record a remedy that there is not."""
    announce(hub := ModelHub(), LIST, count=1, campaign_no=number, remedy_state=remedy)
    receive(blank, hub, LIST)
    desk = Visitor(blank).logged_in().in_english()
    visit = order_of(blank, VIN)

    answer = complete(desk, visit)

    assert f"{what} {then}" in answer
    assert "None" not in answer


def test_programs_are_told_what_is_left_open(node: Node, visit: RecordId):
    """The answers of both steps name the recall."""
    desk = ApiNode(node)

    said = [one["remarks"] for one in through(desk, visit)]

    assert [[(one["campaign_no"], one["remark"]) for one in told] for told in said] == [[("R2026-1", "still-open")]] * 2


@pytest.mark.parametrize(
    ("arrive", "vin", "why"),
    [
        (without_lists, UNLISTED, "no recall data has arrived yet"),
        (with_stale_lists, UNLISTED, "the recall data is too old"),
        (with_fresh_lists, None, "the car has no VIN here"),
        (with_fresh_lists, UNLISTED, ""),
    ],
)
def test_programs_are_told_why_recalls_are_unknown(
    blank: Node, arrive: Callable[[Node], None], vin: str | None, why: str
):
    """As people are; nothing is said of a car that is clear."""
    arrive(blank)
    desk = ApiNode(blank)

    said = [one["remarks"] for one in through(desk, order_of(blank, vin))]

    what = f"recalls unknown: {why}; this does not mean that there is none."
    assert said == [[{"campaign_no": None, "remark": "unknown", "what": what}] if why else []] * 2


def through(desk: ApiNode, visit: RecordId) -> list[Json]:
    """What a program is answered that completes an order, settles and closes it: to the first and to the last."""
    at, answers = f"/api/visits/{record_text(visit)}", []
    heads = desk.get(at)["visit"]["heads"]
    for step in ("complete", "settle", "close"):
        answers.append(desk.done(f"{at}/{step}", {"based_on": heads}))
        heads = answers[-1]["view"]["visit"]["heads"]
    return [answers[0], answers[-1]]
