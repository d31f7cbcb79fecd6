"""What a site holds, by class and age, as this machine knows it."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from support.cli_node import CliNode, enrol_folder
from support.vins import make_vins


@pytest.fixture
def node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """A machine of a site."""
    enrol_folder(tmp_path)
    return CliNode(tmp_path, capsys)


def test_somebody_without_a_car_is_held_for_marketing(node: CliNode):
    """A customer who is tied to no car and no order stands under marketing, whose term runs."""
    node("customers", "add", "--name", "测试甲")

    (row,) = node("retention", "report")

    assert (row["class"], row["held"], row["verdict"], row["count"]) == ("marketing-3y", "customer", "running", 1)
    assert "测试甲" not in node.said


def test_a_customer_with_an_order_is_in_use(node: CliNode):
    """Who brought a car is held by the law, and so are the car and the order."""
    customer = node("customers", "add", "--name", "测试甲")["id"]
    vehicle = node("vehicles", "add", make_vins(1)[0], "--owner", customer)["id"]
    node("visits", "add", "--vehicle", vehicle, "--customer", customer, "--km", "10")

    found = {row["held"]: (row["class"], row["verdict"]) for row in node("retention", "report")}

    assert found["vehicle"] == found["visit"] == ("dealer-5y", "stays")
    assert found["customer"][1] == "in_use"


def test_the_report_is_a_workbook(node: CliNode, tmp_path: Path):
    """The report is written out as a workbook with the same rows."""
    node("customers", "add", "--name", "测试甲")

    node("retention", "report", "--xlsx", tmp_path / "held.xlsx")

    rows = list(load_workbook(tmp_path / "held.xlsx").active.values)
    assert (rows[0][:2], rows[1][:2]) == (("class", "held"), ("marketing-3y", "customer"))


def test_another_country_is_wrong_usage(node: CliNode):
    """A country of which no classes came with the program ends with code 2."""
    node("retention", "report", "--country", "xx")

    assert node.code == 2
