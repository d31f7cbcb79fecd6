"""A row of a former system whose name and telephone somebody on file has: taken over, and told."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from carnet_node.core.exchange.import_columns import ImportKind, lay_out
from carnet_node.core.exchange.import_run import preview_import
from carnet_node.core.exchange.importing import BatchReport, SourceRow, import_batch
from carnet_node.core.node import Node
from carnet_node.core.saving.duplicates import Namesakes
from support.node_builder import build_node

HEADERS = ("客户编号", "姓名", "手机", "电话2", "单位名称")
LAYOUT = lay_out(ImportKind.CUSTOMERS, HEADERS)
KNOWN = ("K1", "王小明", "13800000001", "057187654321", "西湖汽修")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with one customer on file."""
    made = build_node(tmp_path)
    take(made, KNOWN)
    return made


def take(node: Node, *rows: Sequence[str], source: str = "old") -> BatchReport:
    """Take rows over."""
    return import_batch(node, LAYOUT, source, numbered(rows))


def numbered(rows: Sequence[Sequence[str]]) -> list[SourceRow]:
    """Rows of a file."""
    return [SourceRow(number, row) for number, row in enumerate(rows, start=2)]


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        pytest.param(("Q1", "王小明", "13800000001", "", ""), ["phone"], id="same name, same number"),
        pytest.param(("Q1", "王小明", "13900000002", "13800000001", ""), ["phone_2"], id="the second number"),
        pytest.param(("Q1", "王小明", "057187654321", "", ""), ["phone"], id="a landline"),
        pytest.param(("Q1", "", "13800000001", "", "西湖汽修"), ["phone"], id="a company"),
        pytest.param(("Q1", "王小明", "13800000002", "", ""), [], id="another number"),
        pytest.param(("Q1", "王小红", "13800000001", "", ""), [], id="another name: a family shares one"),
        pytest.param(("Q1", "王小明", "", "", ""), [], id="no number"),
    ],
)
def test_a_row_says_that_its_customer_is_on_file(node: Node, row: tuple[str, ...], columns: list[str]):
    """Only one with both the name and a number of theirs; before it is taken and afterwards, and it is taken."""
    seen = preview_import(node, LAYOUT, "other", numbered([row]))
    report = take(node, row, source="other")

    told = [why.column for one in report.remarked for why in one.remarks]
    assert ([one.column for one in seen.rows[0].remarks], told, report.imported) == (columns, columns, 1)


def test_a_row_that_was_taken_before_is_no_second_file(node: Node):
    """The same file once more makes nothing, so there is nothing to compare."""
    seen = preview_import(node, LAYOUT, "old", numbered([KNOWN]))
    report = take(node, KNOWN)

    assert (report.known, report.remarked, seen.rows[0].remarks) == (1, (), ())


def test_a_number_is_looked_up_once_for_all_rows(node: Node):
    """A telephone that a whole fleet gives costs one look-up, not one for each of its drivers."""
    with node.store.read() as tx:
        namesakes = Namesakes(node, tx)
        told = [namesakes.has("+8613800000001", (name,)) for name in ("王小明", "李四", "")]
        asked = dict(namesakes.reached)

    assert (told, list(asked)) == ([True, False, False], ["+8613800000001"])
