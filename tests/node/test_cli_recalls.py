"""`carnet-node recalls`: calls, contacted, stop-sales and acknowledge, without a line."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_node.core.log.acting import writers_of
from carnet_node.core.saving.stop_sales import stop_list
from support.cli_node import CliNode
from support.cli_recalls import LISTED, node_in, with_recall
from support.vins import make_vins

VIN = make_vins(1)[0]


def test_lists_before_any_recall_are_workbooks_and_say_what_is_unknown(node: CliNode):
    """Nobody is to be called; of unsold cars one row says why nothing is known; taking either out is noted."""
    calls = node("recalls", "calls", "--xlsx", node.folder / "calls.xlsx")
    stock = node("recalls", "stop-sales", "--xlsx", node.folder / "stock.xlsx")

    sheets = [load_workbook(node.folder / name).worksheets[0] for name in ("calls.xlsx", "stock.xlsx")]
    assert (calls, [one["recalls_unknown"] for one in stock], node.code) == ([], ["no recall data has arrived yet"], 0)
    assert [sheet.max_row for sheet in sheets] == [1, 2]
    assert {row["subject"] for row in node("staff", "accesses")} >= {"recall_calls, masked", "stop_sales, masked"}


def test_nothing_to_acknowledge_changes_nothing(node: CliNode):
    """The command says that there was nothing to take note of."""
    assert node("recalls", "acknowledge", "--by", hire(node, "manager")) == {"changed": False}


def test_nobody_acknowledges_for_nobody(node: CliNode):
    """Whoever takes note is named: without a number the command is wrong, and an unknown number is refused."""
    codes = [node.run("recalls", "acknowledge", *by) for by in ((), ("--by", "Z99"))]

    assert codes == [2, 1]


def test_who_acknowledges_stands_in_the_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A manager's number is signed with the note; that of somebody whose role takes none is refused."""
    node = with_recall(tmp_path, capsys)
    node("vehicles", "add", LISTED, "--set", "lifecycle=in_stock")
    refused = node.run("recalls", "acknowledge", "--by", hire(node, "advisor"))

    node("recalls", "acknowledge", "--by", hire(node, "manager"))

    (car,) = stop_list(node_in(tmp_path)).cars
    assert car.acknowledged is not None
    written = car.acknowledged.heads.all()
    assert (refused, [one.staff_no for one in writers_of(node_in(tmp_path), written)]) == (1, ["P-MANAGER"])


def test_the_help_says_that_a_manager_is_only_stated(node: CliNode):
    """Nobody takes a note from the command line for more than it is: who took it is proved by no password."""
    node.run("recalls", "acknowledge", "--help")

    assert "as stated here: no password is asked" in " ".join(node.said.replace("│", " ").split())


def hire(node: CliNode, role: str) -> str:
    """Somebody works at the site; their number."""
    number = f"P-{role.upper()}"
    node("staff", "add", number, "--name", "测试", "--role", role)
    return number


def test_an_attempt_about_an_unknown_recall_is_refused(node: CliNode):
    """Code 1, and the refusal says that there is none."""
    told = node("recalls", "contacted", VIN, "S0", "--result", "reached")["error"]

    assert (told["code"], node.code) == ("not-found", 1)
