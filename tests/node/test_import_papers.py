"""Numbers that were taken elsewhere once come over as they are: the desk judges only what somebody types."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from carnet_node.core.exchange.import_columns import ImportKind, lay_out
from carnet_node.core.exchange.import_rows import read_of
from carnet_node.core.exchange.importing import BatchReport, SourceRow, import_batch
from carnet_node.core.node import Node
from carnet_protocol.kinds import CUSTOMER, PLATE
from carnet_protocol.registry import Kind
from support.node_builder import build_node
from support.vins import make_vins

CUSTOMER_HEADERS = ("客户编号", "姓名", "单位名称", "证件号码", "统一社会信用代码")
VEHICLE_HEADERS = ("车辆编号", "车架号", "车牌号", "车主编号")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def take(node: Node, kind: ImportKind, headers: Sequence[str], cells: Sequence[str]) -> BatchReport:
    """Import one row."""
    return import_batch(node, lay_out(kind, headers), "old", [SourceRow(2, cells)])


def values_of(node: Node, kind: Kind) -> dict[str, object]:
    """Shown values of the one record of a kind."""
    with node.store.read() as tx:
        (stored,) = tx.list_records(kind, None, 2)
        return dict(read_of(stored).values)


@pytest.mark.parametrize(
    ("field", "number", "cells"),
    [
        pytest.param("id_no", "440101199003078011", ("王小明", "", "440101199003078011", ""), id="identity card"),
        pytest.param(
            "credit_code",
            "91310115MA1K35J21A",
            ("", "安达出租汽车有限公司", "", "91310115MA1K35J21A"),
            id="credit code",
        ),
    ],
)
def test_a_number_whose_last_character_does_not_fit_leaves_no_row_out(
    node: Node, field: str, number: str, cells: tuple[str, ...]
):
    """The customer would be missing, and every car and visit that names them."""
    report = take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, ("K1", *cells))

    assert (report.imported, report.left_out, values_of(node, CUSTOMER)[field]) == (1, (), number)


def test_a_plate_with_a_letter_that_no_plate_has_leaves_no_row_out(node: Node):
    """The car would be missing, and every visit that names it."""
    report = take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, ("C1", make_vins(1)[0], "沪AI2345", ""))

    assert (report.imported, report.left_out, values_of(node, PLATE)["plate_no"]) == (1, (), "沪AI2345")
