"""What the sheets of an order say of money that nobody stated: a job without a price, and how a payer paid."""

import re
from pathlib import Path

import pytest

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_visit_by_vin
from carnet_node.entrypoints.pages.formats import in_yuan
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import LABOUR_LINE
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.desk import record
from support.node_builder import build_node
from support.order_ends import address, complete, taken
from support.vins import make_vins

PRICED = NewJob({"op_name": "Pads"}, [{"labour_name": "Pads", "amount_fen": 1_500}])
UNPRICED = NewJob({"op_name": "Look at the horn"}, [{"labour_name": "Horn", "actual_hours": 10}])
FREE = NewJob({"op_name": "Wash"}, [{"labour_name": "Wash", "rate_fen": 0}])
DECLINED = NewJob({"op_name": "Wipers", "approval": "declined"})
NOT_WANTED = NewJob(
    {"op_name": "Belt", "approval": "declined", "estimate_fen": 777_700},
    [{"labour_name": "Belt", "amount_fen": 888_800}],
)
ASKED = NewJob({"op_name": "Hose", "approval": "proposed"}, [{"labour_name": "Hose", "amount_fen": 2_500}])
TAGS = re.compile("<[^>]+>")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def visit(node: Node) -> RecordId:
    """An order with a job of each sort."""
    return order_of(node, [PRICED, UNPRICED, FREE, DECLINED])


@pytest.fixture
def asked(node: Node) -> RecordId:
    """An order with a job that is wanted, one that is not, and one that the customer was asked about."""
    return order_of(node, [PRICED, NOT_WANTED, ASKED])


@pytest.fixture
def estimated(node: Node) -> RecordId:
    """An order with a job of which only an estimate is known, and one of which nothing is."""
    return order_of(node, [NewJob({"op_name": "Horn", "estimate_fen": 48_000}), UNPRICED])


def order_of(node: Node, jobs: list[NewJob]) -> RecordId:
    """An order of one car with these jobs."""
    car = AddVehicle(make_vins(1)[0], VinPolicy.STRICT)
    said = {"is_odometer_unknown": True}
    return save_visit_by_vin(node, car, lambda car: OpenVisit("", car, node.clock.now_ms(), None, said, jobs)).visit


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


def amounts(sheet: str) -> list[str]:
    """What stands beside the name of each job, in their order."""
    rows = [one for one in sheet.split("<tr") if "<strong>" in one and ". " in one.split("<strong>")[1][:4]]
    return [one.rpartition('<td class="right">')[2].partition("</td>")[0] for one in rows]


def test_a_sheet_says_which_job_nobody_priced_or_wants(desk: Visitor, visit: RecordId):
    """A price of nothing is a price; work that was declined comes to nothing, and the bill leaves it out."""
    order = amounts(desk.open(address(visit, "print", "order")))
    complete(desk, visit)

    bill = amounts(desk.open(address(visit, "print", "settlement")))

    assert (order, bill) == (["", "not priced", "", "—"], ["", "not priced", ""])


def test_a_repair_order_shows_an_estimate_as_what_it_is(desk: Visitor, estimated: RecordId):
    """While nothing else is known of a job; a bill knows no estimates."""
    order = amounts(desk.open(address(estimated, "print", "order")))
    complete(desk, estimated)

    bill = amounts(desk.open(address(estimated, "print", "settlement")))

    assert (order, bill) == (["estimate 480.00", "not priced"], ["not priced", "not priced"])


def test_a_repair_order_says_what_is_not_to_be_done_or_not_yet(desk: Visitor, asked: RecordId):
    """Whoever works by it reads it at the name of the job; of a job that is wanted nothing is said."""
    sheet = desk.open(address(asked, "print", "order"))

    rows = [one.partition("</td>")[0] for one in sheet.split('<tr class="job">')[1:]]

    told = [TAGS.sub("", one).strip() for one in rows]
    assert told == ["1. Pads", "2. Belt — Declined: do not do it", "3. Hose — Proposed: wait for the answer"]


def test_the_lines_of_a_repair_order_add_up_to_its_foot(desk: Visitor, asked: RecordId):
    """A declined job shows no amount; what waits for an answer counts, and the foot says how much that is."""
    sheet = desk.open(address(asked, "print", "order"))

    shown = re.findall(r'<td class="right">(?:<strong>)?([\d,.]+)(?:</strong>)?</td></tr>', sheet)

    assert shown == ["15.00", "25.00", "40.00", "0.00", "0.00", "25.00"]


def test_a_repair_order_lists_lines_of_no_job_as_well(node: Node, desk: Visitor, asked: RecordId):
    """They count in its foot, so they stand above it."""
    commit(node, [Draft(LABOUR_LINE, record(5), {"visit_id": asked, "labour_name": "Towing", "amount_fen": 1_200})])

    sheet = desk.open(address(asked, "print", "order"))

    (row,) = re.findall(r"<tr><td>Towing</td>.*?</tr>", sheet)
    assert TAGS.sub(" ", row).split() == ["Towing", "Customer", "pays", "—", "—", "12.00"]


@pytest.mark.parametrize("sheet", [(), ("print", "reception")])
def test_an_order_names_the_answer_and_no_price_of_declined_work(
    desk: Visitor, asked: RecordId, sheet: tuple[str, ...]
):
    """In the list of its work and on the reception sheet, beside each job that is declined or waits for its answer."""
    page = desk.open(address(asked, *sheet))

    work = page.split("<table")[1].split("</table>")[0]

    answers = re.findall(r'data-state="\w+">(\w+)<', work)
    prices = [one for one in ("7,777.00", "8,888.00") if one in work]
    assert (answers, prices) == (["Declined", "Proposed"], [])


def test_a_bill_that_is_not_settled_names_work_that_waits_for_an_answer(desk: Visitor, asked: RecordId):
    """It stands on the sheet with its price, since it may yet be done."""
    complete(desk, asked)

    sheet = desk.open(address(asked, "print", "settlement"))

    assert re.findall(r'<strong>([^<]*)</strong> <span class="state" data-state="\w+">(\w+)<', sheet) == [
        ("3. Hose", "Proposed")
    ]


def test_money_that_is_given_back_is_written_in_one_form():
    """The sign stands before the unit, as the script of a bill writes it."""
    assert [in_yuan(one) for one in (544, 0, -544, -123_456)] == ["¥5.44", "¥0.00", "-¥5.44", "-¥1,234.56"]


def test_more_work_takes_the_name_of_a_part(desk: Visitor, visit: RecordId):
    """As check-in and the form of the work do."""
    fields = re.findall(r'name="jobs\[0\]\.parts\[0\]\.(\w+)"', desk.open(address(visit)))

    assert fields == ["part_no", "part_name", "quantity_hundredths", "price_fen"]


def test_a_job_without_a_price_is_nothing_once_it_is_settled(desk: Visitor, visit: RecordId):
    """It settled as 0.00, and both sheets say so."""
    complete(desk, visit)
    taken(desk, visit, "settle")

    sheets = [amounts(desk.open(address(visit, "print", one))) for one in ("order", "settlement")]

    assert [one[1] for one in sheets] == ["0.00", "0.00"]


@pytest.mark.parametrize(("method", "said"), [("", "Paid by: not said"), ("cash", "Cash")])
def test_the_bill_says_how_each_payer_pays_or_that_nobody_said(desk: Visitor, visit: RecordId, method: str, said: str):
    """On the page of the order and on paper: how a customer pays is not guessed, and not passed over in silence."""
    complete(desk, visit)
    taken(desk, visit, "settle", **{"shares[0].pay_method": method})

    pages = [desk.open(address(visit, *one)) for one in ((), ("print", "settlement"))]

    assert [said in one for one in pages] == [True, True]
