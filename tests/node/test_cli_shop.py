"""Documents and reports at the command line: found, counted, kept under a name, taken out as a workbook."""

from pathlib import Path

import openpyxl
import pytest

from support.cli_node import CliNode
from support.vins import with_right_digit

VIN = with_right_digit("LSVAA4180M2100001")


@pytest.fixture
def orders(node: CliNode) -> list[str]:
    """Two orders of today, one of them done."""
    first, second = (node("visits", "add", "--vin", VIN, "--km", km) for km in ("100", "200"))
    node("visits", "complete", first["id"])
    return [first["id"], second["id"]]


def test_documents_are_found_by_their_state(node: CliNode, orders: list[str]):
    """The answer names the order, so that `visits show` opens it."""
    done, every = node("documents", "find", "--status", "completed"), node("documents", "find", "--span", "today")

    assert [one["visit_id"] for one in done] == orders[:1]
    assert {one["visit_id"] for one in every} == set(orders)


def test_a_state_that_is_none_is_refused(node: CliNode):
    """Exit code 1, and the refusal lists the states there are."""
    node.run("documents", "find", "--status", "booked")

    assert node.code == 1
    assert "draft, open, completed" in node.complained


def test_a_question_is_kept_and_asked_again(node: CliNode, orders: list[str]):
    """What is typed beside its name wins; a name that is forgotten is refused."""
    node("documents", "find", "--span", "today", "--status", "completed", "--keep-as", "done")

    again = node("documents", "find", "--kept", "done")
    others = node("documents", "find", "--kept", "done", "--status", "open")
    listed = node("documents", "kept")
    gone = [node("documents", "forget", "done")["forgotten"] for _ in range(2)]

    assert [[one["visit_id"] for one in found] for found in (again, others)] == [orders[:1], orders[1:]]
    assert listed == [{"name": "done", "span": "today", "status": "completed"}]
    assert gone == [True, False]
    assert node.run("documents", "find", "--kept", "done") == 1


@pytest.mark.usefixtures("orders")
def test_a_workbook_of_documents_is_noted(node: CliNode, tmp_path: Path):
    """All rows, masked, and who took them."""
    node.run("documents", "find", "--xlsx", tmp_path / "found.xlsx")

    assert len(list(openpyxl.load_workbook(tmp_path / "found.xlsx").active.rows)) == 3
    assert node("staff", "accesses")[0] | {"at": 0} == {"at": 0} | {
        "staff_no": None,
        "access": "exported",
        "subject": "documents, masked",
        "rows": 2,
    }


@pytest.mark.usefixtures("orders")
def test_the_report_of_the_month_counts_them(node: CliNode, tmp_path: Path):
    """Two visits, by advisor and by day; the workbook ends with the total."""
    month, days = node("reports", "show"), node("reports", "show", "--by", "day", "--span", "ten_days")
    node.run("reports", "show", "--xlsx", tmp_path / "report.xlsx")

    (*_, total) = openpyxl.load_workbook(tmp_path / "report.xlsx").active.iter_rows(values_only=True)
    assert month["total"]["visits"] == days["total"]["visits"] == 2
    assert [(one["group"], one["visits"]) for one in month["groups"]] == [("", 2)]
    assert [len(one["group"]) for one in days["groups"]] == [len("2026-09-21")]
    assert total[:2] == ("Σ", 2)


@pytest.mark.usefixtures("orders")
def test_a_group_leaves_a_figure_empty_that_it_cannot_have(node: CliNode, tmp_path: Path):
    """What has no pay type has visits and no money: a 0 there would be read as one."""
    node.run("reports", "show", "--by", "pay_type", "--xlsx", tmp_path / "report.xlsx")

    names, first, *_ = openpyxl.load_workbook(tmp_path / "report.xlsx").active.iter_rows(values_only=True)
    told = dict(zip(names, first, strict=True))
    assert (told["pay_type"], told["visits"], told["customer_fen"]) == (None, 2, None)


def test_a_report_is_told_as_one_json_value_beside_a_workbook(node: CliNode, tmp_path: Path):
    """`--json` and `--xlsx` go together."""
    said = node("reports", "show", "--period", "2026-02-3", "--by", "pay_type", "--xlsx", tmp_path / "x.xlsx")

    assert (said["period"], said["first"], said["last"], said["groups"]) == (
        "2026-02-3",
        "2026-02-21",
        "2026-02-28",
        [],
    )
    assert (tmp_path / "x.xlsx").exists()


@pytest.mark.parametrize("said", [["--period", "2026-13"], ["--by", "colour"], ["--span", "today"], ["--kept", "none"]])
def test_a_report_of_no_period_is_refused(node: CliNode, said: list[str]):
    """Exit code 1; the way to write it is in the refusal."""
    assert node.run("reports", "show", *said) == 1
