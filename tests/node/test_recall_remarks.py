"""Whoever records a recall that the record will not close is told so: at a command line as by what a page offers."""

from pathlib import Path

import pytest

from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_remarks import Remark, remark_on
from support.cli_node import CliNode, enrol_folder
from support.cli_recalls import LIST, LISTED, NUMBER, with_recall
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import build_node
from support.recall_lists import announce, receive
from support.vins import make_vins

STRANGE = make_vins(2)[1]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """The command line of a node that holds a recall of one car."""
    return with_recall(tmp_path, capsys)


def remarks_of(cli: CliNode, vin: str) -> list[tuple[str, str]]:
    """What is said when the recall is recorded on a car."""
    told = cli("visits", "add", "--vin", vin, "--km", "5000", "--recall-done", NUMBER)
    return [(one["campaign_no"], one["remark"]) for one in told["remarks"]]


def test_work_that_closes_the_recall_needs_no_remark(cli: CliNode):
    """A listed car on which the recall is open is recorded without a word more."""
    assert remarks_of(cli, LISTED) == []


def test_a_car_that_no_list_names_is_remarked_on(cli: CliNode):
    """The record is made, and whoever made it reads that no list names the car."""
    assert remarks_of(cli, STRANGE) == [(NUMBER, "not-listed")]
    assert cli.code == 0


def test_a_recall_that_was_done_before_is_remarked_on(cli: CliNode):
    """The second record of one recall on one car counts nothing, and is called so."""
    remarks_of(cli, LISTED)

    assert remarks_of(cli, LISTED) == [(NUMBER, "done-before")]


def test_an_order_that_ends_with_a_pointless_recall_says_so(cli: CliNode):
    """People read it in a line of its own behind what was saved."""
    order = cli("visits", "add", "--vin", STRANGE, "--km", "5000")["id"]

    cli.run("visits", "complete", order, "--recall-done", NUMBER)

    assert f"\n{NUMBER}: no list that is here names this car" in cli.said


def test_work_for_a_recall_that_was_withdrawn_is_remarked_on(tmp_path: Path):
    """Once the campaign was taken back nobody counts the work, whichever list is still here."""
    node, hub = build_node(tmp_path), ModelHub()
    first = announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    before = said(node)

    announce(hub, LIST, count=1, state="withdrawn", based_on=first)
    receive(node, hub)

    assert (before, said(node)) == (None, Remark.WITHDRAWN)


def said(node: Node) -> Remark | None:
    """What is said of work on the listed car."""
    return remark_on(node, LISTED, record(70))


@pytest.mark.parametrize("step", ["complete", "close"])
def test_an_order_that_leaves_a_recall_open_says_so(cli: CliNode, step: str):
    """The step is taken, and whoever took it reads that the recall is open on the car."""
    order = cli("visits", "add", "--vin", LISTED, "--km", "5000")["id"]
    before = {"complete": (), "close": ("complete", "settle")}[step]
    for one in before:
        cli("visits", one, order)

    said = cli("visits", step, order)["remarks"]

    assert [(one["campaign_no"], one["remark"]) for one in said] == [(NUMBER, "still-open")]


def test_an_order_of_which_nobody_knows_a_recall_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """In a line that begins with no number, because no recall is meant."""
    enrol_folder(tmp_path)
    cli = CliNode(tmp_path, capsys)
    order = cli("visits", "add", "--vin", LISTED, "--km", "5000")["id"]

    cli.run("visits", "complete", order)

    assert "\nrecalls unknown: no recall data has arrived yet; this does not mean that there is none." in cli.said
