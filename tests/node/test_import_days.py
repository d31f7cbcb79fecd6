"""Which days the rows of a former system may state: the rule of the desk, told at the column."""

from pathlib import Path

import pytest

from carnet_node.core.exchange.import_columns import ImportKind, lay_out
from carnet_node.core.exchange.importing import SourceRow, import_batch
from support.node_builder import build_node
from support.vins import make_vins


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        pytest.param("出厂日期", "2099-01-01", "build_on: The day is still to come. Correct the date.", id="built"),
        pytest.param(
            "出厂日期", "1800-01-01", "build_on: The day lies before 1900. Correct the date.", id="before cars"
        ),
        pytest.param(
            "年款",
            "2200",
            "model_year: A model year lies between 1900 and 2027. Compare it with the papers of the car.",
            id="model year",
        ),
    ],
)
def test_a_car_of_a_day_that_cannot_be_is_left_out(tmp_path: Path, column: str, cell: str, told: str):
    """An import follows the rule of the desk, and says so at the column."""
    node = build_node(tmp_path)

    layout = lay_out(ImportKind.VEHICLES, ("车辆编号", "车架号", column))

    report = import_batch(node, layout, "old", [SourceRow(2, ["V1", *make_vins(1), cell])])

    assert [one.reason for one in report.left_out] == [told]
