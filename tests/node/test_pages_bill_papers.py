"""What the sheets of an order say of money that nobody stated: a job without a price, and how a payer paid."""

from pathlib import Path

import pytest

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_visit_by_vin
from carnet_protocol.ids import RecordId
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.node_builder import build_node
from support.order_ends import address, complete, taken
from support.vins import make_vins

PRICED = NewJob({"op_name": "Pads"}, [{"labour_name": "Pads", "amount_fen": 1_500}])
UNPRICED = NewJob({"op_name": "Look at the horn"}, [{"labour_name": "Horn", "actual_hours": 10}])
FREE = NewJob({"op_name": "Wash"}, [{"labour_name": "Wash", "rate_fen": 0}])
DECLINED = NewJob({"op_name": "Wipers", "approval": "declined"})


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def visit(node: Node) -> RecordId:
    """An order with a job of each sort."""
    jobs = [PRICED, UNPRICED, FREE, DECLINED]
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

    assert (order, bill) == (["", "not priced", "", "Declined"], ["", "not priced", ""])


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
