"""A settled order put right on the pages: what its correction takes over from it."""

from pathlib import Path

import pytest

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, Step, add_jobs, complete_visit
from carnet_node.core.node import Node
from carnet_node.core.saving.correcting import open_correction
from carnet_node.core.saving.desk import save, save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_node.core.showing.board import board_of
from carnet_node.core.showing.day import day_of
from carnet_node.core.showing.vehicle_file import orders_in_work_of, vehicle_file
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.node_builder import build_node
from support.vins import make_vins

LET_OFF = {
    "customer_discount_fen": "0.99",
    "discount_reason": "goodwill",
    "shares[2].pay_type": "customer",
    "shares[2].payer_kind": "insurer",
    "shares[2].share_fen": "33.33%",
    "shares[2].pay_method": "transfer",
}
"""15.00 less 0.99: the insurer pays 4.67, the customer 9.34."""

MORE = NewJob({"op_name": "More"}, [{"labour_name": "More", "amount_fen": 3_000}])


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


@pytest.fixture
def visit(node: Node, desk: Visitor) -> RecordId:
    """An order of 15 yuan, settled with something let off and two payers."""
    said: dict[str, Value] = {"odometer_in_km": 52_300, "sender_name": "赵送修", "sender_phone": "13800000001"}
    job = NewJob({"complaint": "It squeals"}, [{"labour_name": "Pads", "amount_fen": 1_500}])
    order = save_visit_by_vin(
        node,
        AddVehicle(make_vins(1)[0], VinPolicy.STRICT),
        lambda car: OpenVisit("", car, node.clock.now_ms(), None, said, [job]),
    ).visit
    done(node, order)
    assert settle(desk, order, **LET_OFF) == 303
    return order


def address(visit: RecordId, *more: str) -> str:
    """Where an order stands."""
    return "/".join([f"/visits/{record_text(visit)}", *more])


def done(node: Node, visit: RecordId) -> None:
    """The work of the order is done."""
    view = require_visit(node, visit)
    save(node, lambda _: complete_visit(Step(view.visit.read(), node.clock.now_ms(), view.work())))


def settle(desk: Visitor, visit: RecordId, **typed: str) -> int:
    """Settle an order as its page opens, with what is typed; what was answered."""
    form = address(visit, "settle")
    return int(desk.submit(desk.open(form), form, typed).status_code)


def opened(node: Node, visit: RecordId, *jobs: NewJob) -> RecordId:
    """The order that corrects this one, with these jobs more."""
    correction = open_correction(node, visit, require_visit(node, visit).visit.heads.to_text()).visit
    view = require_visit(node, correction)
    save(node, lambda new_id: add_jobs(view.visit.read(), view.work(), jobs, new_id))
    return correction


def test_a_correction_is_settled_with_the_discount_and_the_payers_of_the_first(
    node: Node, desk: Visitor, visit: RecordId
):
    """Settled as it opens, 30 yuan more are due and nothing that was let off; the insurer pays their part of it."""
    correction = opened(node, visit, MORE)
    done(node, correction)

    settle(desk, correction)

    view = require_visit(node, correction)
    assert view.settlement is not None
    said = [view.settlement.values.get(name) for name in ("customer_discount_fen", "discount_reason")]
    shares = [(one.values["payer_kind"], one.values["share_fen"], one.values.get("pay_method")) for one in view.shares]
    assert said == [99, "goodwill"]
    assert shares == [("customer", 2_000, None), ("insurer", 1_000, "transfer")]


def test_the_bill_of_a_correction_says_where_its_discount_comes_from(node: Node, desk: Visitor, visit: RecordId):
    """With the number of the order that it corrects."""
    correction = opened(node, visit)
    done(node, correction)

    number = require_visit(node, visit).visit.values["ro_no"]

    assert f"This order corrects {number!s}" in desk.open(address(correction, "settle"))


@pytest.mark.parametrize(("typed", "given_back"), [({}, []), ({"customer_discount_fen": "1.99"}, [-100])])
def test_a_correction_without_more_work_is_settled_as_it_opens(
    node: Node, desk: Visitor, visit: RecordId, typed: dict[str, str], given_back: list[int]
):
    """Nothing is due; a discount that is raised is given back to who paid the most."""
    correction = opened(node, visit)
    done(node, correction)

    assert settle(desk, correction, **typed) == 303

    assert [one.values["share_fen"] for one in require_visit(node, correction).shares] == given_back


def test_the_sheet_of_a_correction_says_what_the_first_said_and_which_that_was(
    node: Node, desk: Visitor, visit: RecordId
):
    """How far the car had gone, who brought it, and the number of the order that is put right."""
    correction = opened(node, visit)
    done(node, correction)

    sheet = desk.open(address(correction, "print", "settlement"))

    number = require_visit(node, visit).visit.values["ro_no"]
    assert [text in sheet for text in ("52,300 km", "赵送修", f"<strong>{number!s}</strong>")] == [True] * 3
    assert "Odometer unknown" not in sheet


def test_the_repair_order_of_a_correction_names_the_first(node: Node, desk: Visitor, visit: RecordId):
    """Whoever finds both sheets in the file knows which one puts the other right."""
    number = require_visit(node, visit).visit.values["ro_no"]

    first, second = (desk.open(address(one, "print", "order")) for one in (visit, opened(node, visit)))

    assert [f"<strong>{number!s}</strong></p>" in sheet for sheet in (first, second)] == [False, True]


def test_a_correction_records_no_odometer_of_its_own(node: Node, visit: RecordId):
    """The car did not come a second time."""
    assert require_visit(node, opened(node, visit)).reading is None


def test_the_history_of_a_car_says_which_order_a_correction_puts_right(node: Node, desk: Visitor, visit: RecordId):
    """Its work is that of the first: without a word the car would seem to have come twice."""
    correction = opened(node, visit)
    car = require_visit(node, visit).visit.values["vehicle_id"]
    assert isinstance(car, bytes)

    history = desk.open(f"/vehicles/{record_text(RecordId(car))}").split('id="history"')[1].split("</table>")[0]

    number = require_visit(node, visit).visit.values["ro_no"]
    rows = {one: row for row in history.split("<tr>") for one in (visit, correction) if address(one) + '"' in row}
    assert isinstance(number, str)
    assert [f"corrects {number}" in rows[one] for one in (visit, correction)] == [False, True]


def test_a_correction_is_no_car_in_the_shop(node: Node, desk: Visitor, visit: RecordId):
    """Its car left with the first order: it is in no count, and stands in a list of its own."""
    assert desk.submit(desk.open(address(visit, "hand-over")), address(visit, "hand-over"), {}).status_code == 303
    correction = opened(node, visit)

    day, board = day_of(node), board_of(node)

    assert ([one.visit.id for one in day.arrivals], day.in_shop) == ([visit], ())
    assert [one.visit.id for one in day.corrections] == [correction]
    assert (board.cards, board.corrections) == ((), 1)


@pytest.mark.parametrize("page", ["/", "/visits"])
def test_corrections_under_way_are_listed_apart(node: Node, desk: Visitor, visit: RecordId, page: str):
    """Until they are closed, or void."""
    correction = opened(node, visit)

    before = desk.open(page)
    desk.submit(desk.open(address(correction)), address(correction, "void"), {"void_reason": "not needed"})

    assert ["Corrections under way" in one for one in (before, desk.open(page))] == [True, False]


def test_the_board_says_how_many_corrections_it_leaves_out(node: Node, desk: Visitor, visit: RecordId):
    """With the way to them."""
    opened(node, visit)

    assert "Corrections under way, without a car: 1." in desk.open("/board")


def test_nobody_is_warned_of_a_second_order_because_of_a_correction(node: Node, visit: RecordId):
    """The car that comes again is no car that stands in the shop."""
    opened(node, visit)
    vehicle = require_visit(node, visit).vehicle

    assert vehicle is not None
    with node.store.read() as tx:
        assert orders_in_work_of(node, tx, vehicle.id) == ()


def test_a_correction_is_no_car_that_came_back(node: Node, desk: Visitor, visit: RecordId):
    """Neither on its own page nor on the file of its car once it is settled."""
    correction = opened(node, visit)
    page = desk.open(address(correction))
    done(node, correction)
    settle(desk, correction)
    vehicle = require_visit(node, visit).vehicle

    assert vehicle is not None
    file = vehicle_file(node, vehicle.id)
    assert file is not None
    assert file.repeat_of is not None
    assert ("Back soon after a repair" in page, file.repeat_of.id) == (False, visit)
