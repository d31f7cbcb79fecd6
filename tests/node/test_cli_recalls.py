"""`carnet-node recalls`: calls, contacted, stop-sales and acknowledge, without a line."""

from openpyxl import load_workbook

from support.cli_node import CliNode
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
    assert node("recalls", "acknowledge") == {"changed": False}


def test_an_attempt_about_an_unknown_recall_is_refused(node: CliNode):
    """Code 1, and the refusal says that there is none."""
    told = node("recalls", "contacted", VIN, "S0", "--result", "reached")["error"]

    assert (told["code"], node.code) == ("not-found", 1)
