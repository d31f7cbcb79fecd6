"""Why a row of a former system is left out: all of it at once, and where somebody answers what is only a question."""

from collections.abc import Sequence
from pathlib import Path

from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.exchange.import_columns import ImportKind, lay_out
from carnet_node.core.exchange.importing import BatchReport, SourceRow, import_batch
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_vehicle
from carnet_protocol.vin import VinPolicy
from support.node_builder import build_node
from support.vins import make_vin, with_wrong_digit

VIN = make_vin("LSV", 100001)
HEADERS = ("车辆编号", "车架号", "里程", "里程日期")


def take(node: Node, headers: Sequence[str], row: Sequence[str]) -> BatchReport:
    """Import one car."""
    return import_batch(node, lay_out(ImportKind.VEHICLES, headers), "old", [SourceRow(2, row)])


def test_everything_that_is_wrong_with_a_row_is_told_at_once(tmp_path: Path):
    """Two cells that mean nothing, a day to come, and a number that the desk refuses beside them."""
    headers = ("车辆编号", "车架号", "年款", "出厂日期", "里程", "里程日期")
    row = ("V1", "LSV", "new", "31/2", "far", "2099-01-01")

    report = take(build_node(tmp_path), headers, row)

    told = [one.column for one in report.left_out[0].problems]
    assert told == ["model_year", "build_on", "odometer_km", "odometer_at", "vin"]


def test_what_follows_from_a_wrong_cell_is_not_told_beside_it(tmp_path: Path):
    """A day that cannot be read leaves its reading without one: that is one thing to mend."""
    row = ("V1", VIN, "30000", "soon")

    report = take(build_node(tmp_path), HEADERS, row)

    assert [one.column for one in report.left_out[0].problems] == ["odometer_at"]


def test_a_number_that_was_confirmed_at_the_desk_is_taken(tmp_path: Path):
    """A VIN with a wrong check digit is left out, with the box that lets it stand; once it is on file it is taken."""
    node, wrong = build_node(tmp_path), with_wrong_digit(VIN)
    row = ("V1", wrong, "", "")

    before = take(node, HEADERS, row)
    save_vehicle(node, AddVehicle(wrong, VinPolicy.LENIENT))
    after = take(node, HEADERS, row)

    assert [one.column for one in before.left_out[0].problems] == ["vin"]
    assert "tick “VIN compared with the car”" in before.left_out[0].reason
    assert (after.imported, after.left_out) == (1, ())
