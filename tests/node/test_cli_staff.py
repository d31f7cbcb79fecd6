"""`carnet-node staff`: the people of a site, managed at the machine."""

from pathlib import Path

import pytest

from support.cli_node import CliNode, enrol_folder


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """An enrolled folder."""
    enrol_folder(tmp_path)
    return CliNode(tmp_path, capsys)


def hire(desk: CliNode, staff_no: str, role: str) -> dict:
    """Somebody starts."""
    return desk("staff", "add", staff_no, "--name", f"Person {staff_no}", "--role", role)


def test_the_operator_hires_and_lists(desk: CliNode):
    """A start code is printed once; the list shows who can log in, and no name in full unless asked."""
    code = hire(desk, "b01", "administrator")["start_code"]

    (row,) = desk("staff", "list")
    (named,) = desk("staff", "list", "--show-personal")

    assert len(code) == 11
    assert (row["staff_no"], row["role"], row["state"], row["login"]) == (
        "B01",
        "administrator",
        "active",
        "start code",
    )
    assert (row["full_name"] == named["full_name"], named["full_name"]) == (False, "Person b01")


def test_a_departure_says_what_moved(desk: CliNode):
    """Open orders go to the colleague named, and what was exported is listed."""
    for staff_no, role in (("B01", "administrator"), ("A07", "advisor"), ("A08", "advisor")):
        hire(desk, staff_no, role)

    result = desk("staff", "leave", "a07", "--to", "A08")

    assert result == {"orders": 0, "drafts": 0, "to": "A08", "accesses": []}
    assert [one["state"] for one in desk("staff", "list")] == ["active", "active", "left"]


def test_somebody_is_reset_edited_and_taken_back(desk: CliNode):
    """Each of the three ends as it says."""
    hire(desk, "B01", "administrator")
    hire(desk, "A07", "advisor")

    assert desk("staff", "edit", "A07", "--role", "manager") == {"changed": True}
    assert desk("staff", "edit", "A07", "--role", "manager") == {"changed": False}
    desk("staff", "leave", "A07")
    assert desk("staff", "return", "A07")["start_code"] != desk("staff", "reset", "A07")["start_code"]


@pytest.mark.parametrize(
    "arguments",
    [("leave", "Z9"), ("reset", "Z9"), ("leave", "B01"), ("add", "B01", "--name", "X", "--role", "advisor")],
    ids=["unknown leaver", "unknown reset", "last administrator", "number taken"],
)
def test_what_cannot_be_is_refused_with_words(desk: CliNode, arguments: tuple[str, ...]):
    """The refusal says what happened, what is safe and what to do; the exit code is 1."""
    hire(desk, "B01", "administrator")

    code = desk.run("staff", *arguments)

    assert code == 1
    assert desk.complained.strip()


def test_workbooks_and_long_lists_are_noted(desk: CliNode):
    """Every workbook, and a list of twenty customers in full; a masked or a short list is not."""
    for number in range(20):
        desk.run("customers", "add", "--name", f"Person {number}")

    desk.run("customers", "list")
    desk.run("customers", "list", "--show-personal", "--limit", "19")
    desk.run("customers", "list", "--show-personal")
    desk.run("customers", "list", "--xlsx", desk.folder / "all.xlsx")
    desk.run("customers", "find", "Person 1", "--xlsx", desk.folder / "found.xlsx", "--show-personal")

    noted = [(one["access"], one["subject"], one["rows"]) for one in desk("staff", "accesses")]
    assert noted == [
        ("exported", "customers found, in full", 11),
        ("exported", "customers, masked", 20),
        ("viewed", "customers", 20),
    ]


def test_exports_are_listed_by_person(desk: CliNode):
    """What the operator took out at the command line is there, under nobody's number."""
    hire(desk, "B01", "administrator")
    desk("export", "staff", desk.folder / "staff.xlsx")

    (row,) = desk("staff", "accesses")

    assert (row["staff_no"], row["access"], row["subject"], row["rows"]) == (None, "exported", "staff, masked", 1)
    assert desk("staff", "accesses", "B01") == []
