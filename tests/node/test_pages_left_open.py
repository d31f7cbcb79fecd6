"""A recall that stays open on an order: what its page and its sheets say of it, why, and how old that is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from carnet_node.core.node import Node
from carnet_protocol.ids import RecordId
from carnet_protocol.segments import encode_segment
from support.browsing import Visitor
from support.model_hub import ModelHub
from support.node_builder import TestClock, build_node
from support.order_ends import DAY_MS, LEFT_OPEN, address, complete, order_of, record_it, taken
from support.recall_lists import announce, receive
from support.vins import make_vins

VIN = make_vins(1)[0]
LIST = encode_segment([VIN])
AGE = r"Recall data of 2026-\d\d-\d\d \d\d:\d\d · the recall data is too old"
ASK_FIRST = "Ask about it before the car leaves."


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that knows a recall of one car."""
    node, hub = build_node(tmp_path), ModelHub()
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    return node


@pytest.fixture
def visit(node: Node) -> RecordId:
    """The order of that car."""
    return order_of(node, VIN)


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


def record_refusal(desk: Visitor, visit: RecordId) -> None:
    """The owner does not want it, and has signed that."""
    proof = {"method": "refused", "signature_hash": "ab" * 32}
    desk.submit(desk.open(address(visit)), address(visit, "recalls"), proof)


def pages_of_order(desk: Visitor, visit: RecordId) -> list[str]:
    """The page of the order and the two sheets that lie beside the car."""
    return [desk.open(address(visit, *one)) for one in ((), ("print", "reception"), ("print", "order"))]


def test_the_sheets_name_an_open_recall_while_the_car_is_worked_on(desk: Visitor, visit: RecordId):
    """With its danger, and that somebody asks before the car leaves."""
    heading = "<strong>Open recall: R2026-1 Brake hose</strong> — <strong>"

    sheets = pages_of_order(desk, visit)[1:]

    assert [(heading in one, ASK_FIRST in one) for one in sheets] == [(True, True)] * 2


def test_no_sheet_names_a_recall_that_is_done(desk: Visitor, visit: RecordId):
    """Once it is recorded on the order."""
    record_it(desk, visit)

    assert ["Open recall" in one for one in pages_of_order(desk, visit)] == [False] * 3


@pytest.mark.parametrize(
    ("recorded", "why"),
    [
        (None, "Not done on this order: nothing of it is recorded as done."),
        (record_refusal, "Not done on this order: the owner refuses it."),
    ],
)
def test_a_recall_that_was_left_open_stands_on_the_order_and_its_sheets(
    desk: Visitor, visit: RecordId, recorded: Callable[[Visitor, RecordId], None] | None, why: str
):
    """With why, from the moment its work is done until the car has gone."""
    if recorded is not None:
        recorded(desk, visit)
    complete(desk, visit, **LEFT_OPEN)
    taken(desk, visit, "settle")
    asked = desk.open(address(visit, "hand-over"))
    taken(desk, visit, "hand-over", **LEFT_OPEN)

    pages = [*pages_of_order(desk, visit), desk.open(address(visit, "print", "settlement")), asked]

    assert [("R2026-1 Brake hose" in one, why in one, ASK_FIRST in one) for one in pages] == [(True, True, False)] * 5


def test_whoever_sees_an_open_recall_sees_how_old_that_is(node: Node):
    """On the order, at settlement and hand-over, and on paper; that it is too old as well."""
    cast(TestClock, node.clock).ms += 8 * DAY_MS
    desk, visit = Visitor(node).logged_in().in_english(), order_of(node, VIN)

    pages = pages_of_order(desk, visit)
    complete(desk, visit, **LEFT_OPEN)
    pages += [desk.open(address(visit, *one)) for one in (("settle",), ("print", "settlement"))]
    taken(desk, visit, "settle")
    pages.append(desk.open(address(visit, "hand-over")))

    assert [re.search(AGE, one) is not None for one in pages] == [True] * 6
