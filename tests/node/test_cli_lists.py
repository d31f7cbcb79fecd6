"""What lists and cards of the command line look like: ids whole, times of the site, the same JSON with and without."""

import ast
import io
from contextlib import redirect_stdout
from pathlib import Path

import openpyxl
import pytest
from rich.cells import cell_len

from carnet_node.entrypoints.cli.output import write_workbook
from carnet_storage.entrypoints.cli.showing import print_table
from support.cli_node import CliNode
from support.vins import with_right_digit

VIN = with_right_digit("LSVAA4180M2100001")
RECORD = "01a201e1-c250-7000-8f2d-51756f98e757"


class Terminal(io.StringIO):
    """A screen of so many columns, as the libraries see it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_a_workbook_beside_it_leaves_the_json_as_it_is(node: CliNode, tmp_path: Path):
    """`--xlsx` writes a file and changes nothing of what programs read."""
    node("vehicles", "add", VIN)

    assert node("vehicles", "list", "--xlsx", tmp_path / "list.xlsx") == node("vehicles", "list")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_workbook_holds_text_and_no_formula(tmp_path: Path, sign: str):
    """What looks like a formula stands there as it was typed, as text, and stays text when somebody edits the cell."""
    write_workbook(tmp_path / "list.xlsx", "list", [{"name": f"{sign}1+1"}], ["name"])

    cell = openpyxl.load_workbook(tmp_path / "list.xlsx").active["A2"]
    held = "\n" if sign == "\r" else sign  # the line end of XML
    assert (cell.value, cell.data_type, cell.number_format) == (f"{held}1+1", "s", "@")


def test_a_workbook_holds_what_can_be_printed(tmp_path: Path):
    """A control character that somebody pasted into a note is left out; no workbook can hold it."""
    row = {"note": "one\x0btwo\x00", "km": 5, "done": True}

    write_workbook(tmp_path / "list.xlsx", "list", [row], list(row))

    rows = list(openpyxl.load_workbook(tmp_path / "list.xlsx").active.iter_rows(values_only=True))
    assert rows == [("note", "km", "done"), ("onetwo", 5, True)]


def test_a_masked_value_is_masked_in_the_workbook_too(node: CliNode, tmp_path: Path):
    """A workbook shows names only to whoever asked for them, as the screen does."""
    node("customers", "add", "--name", "=Zhang Wei")

    node.run("customers", "list", "--xlsx", tmp_path / "masked.xlsx")
    node.run("customers", "list", "--show-personal", "--xlsx", tmp_path / "open.xlsx")

    books = [openpyxl.load_workbook(tmp_path / name).active for name in ("masked.xlsx", "open.xlsx")]
    assert ["=Zhang Wei" in [cell.value for cell in book[2]] for book in books] == [False, True]


@pytest.mark.parametrize("kind", ["customers", "vehicles", "visits"])
@pytest.mark.parametrize("command", [["list"], ["find", "0001"]])
def test_every_list_of_records_shows_personal_values_when_asked(node: CliNode, kind: str, command: list[str]):
    """What a list masks is shown to whoever asks for it, in the same way for each kind."""
    assert node(kind, *command, "--show-personal") == []


def test_every_list_can_go_into_a_workbook():
    """Each command that prints rows has `--xlsx`."""
    root, lacking = Path(__file__).parents[2], []
    folders = [root / "node/src/carnet_node/entrypoints/cli", root / "storage/src/carnet_storage/entrypoints/cli"]
    for path in (path for folder in folders for path in folder.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef) or "ctx: typer.Context" not in ast.unparse(function.args):
                continue
            calls = (one for one in ast.walk(function) if isinstance(one, ast.Call))
            called = {ast.unparse(one.func).removeprefix("self.") for one in calls}
            if called & {"emit_list", "emit_records", "emit_found"} and "xlsx: Xlsx" not in ast.unparse(function.args):
                lacking.append(function.name)

    assert lacking == []


def test_a_list_says_that_it_goes_on_and_a_workbook_holds_it_all(node: CliNode, tmp_path: Path):
    """A screen shows a hundred rows and how to see the next; an office gets every row."""
    table = node.folder / "a.csv"
    rows = "\n".join(f"{number},Person {number}" for number in range(101))
    table.write_text(f"former_id,full_name\n{rows}\n", encoding="utf-8")
    node("import", table)
    listed = node("customers", "list")

    node.run("customers", "list", "--xlsx", tmp_path / "all.xlsx")
    said = node.said.splitlines()
    rest = node("customers", "list", "--after", listed[-1]["id"], "--xlsx", tmp_path / "rest.xlsx")

    counts = [len(list(openpyxl.load_workbook(tmp_path / name).active.rows)) for name in ("all.xlsx", "rest.xlsx")]
    assert (said[0].strip(), said[-1]) == ("customers: 100", f"There may be more: --after {listed[-1]['id']}")
    assert (len(listed), len(rest), counts) == (100, 1, [102, 2])


def test_people_read_the_time_on_the_clocks_of_the_site(node: CliNode, tmp_path: Path):
    """An order's time is an instant for programs, and a day and an hour with its offset for people and offices."""
    added = node("visits", "add", "--vin", VIN, "--km", "1")
    opened_at = node("visits", "list")[0]["values"]["opened_at"]
    workbook = tmp_path / "visits.xlsx"

    node.run("visits", "list", "--xlsx", workbook)
    listed = node.said
    node.run("visits", "show", added["id"])

    rows = list(openpyxl.load_workbook(workbook).active.iter_rows(values_only=True))
    shown = rows[1][rows[0].index("opened_at")]
    assert isinstance(opened_at, int)
    assert isinstance(shown, str)
    assert shown.endswith("+08:00")
    assert shown in listed
    assert f"opened at: {shown}" in node.said


def test_a_card_says_yes_and_no(node: CliNode):
    """People read words, not the values of a programming language."""
    added = node("customers", "add", "--company", "Test company")

    node.run("customers", "show", added["id"])

    assert "is own: yes" in node.said.splitlines()[-1]


def test_a_conflict_names_the_site_that_wrote_it(node: CliNode):
    """Who wrote the overruled value is told by site code, with the id of the site beside it for programs."""
    added = node("customers", "add", "--company", "Test company")
    heads = node("customers", "show", added["id"])["customer"]["heads"]
    node("customers", "edit", added["id"], "--set", "segment=company")
    node("customers", "edit", added["id"], "--set", "segment=taxi", "--based-on", heads)

    (conflict,) = node("conflicts", "list")
    node.run("conflicts", "list")

    assert {one["author"] for one in (conflict["shown"], conflict["overruled"])} == {"TJ01"}
    assert len(conflict["overruled"]["author_id"]) == len(RECORD)
    assert "TJ01" in node.said


def test_a_row_that_is_too_wide_is_a_block_with_its_id_whole(monkeypatch: pytest.MonkeyPatch):
    """On a narrow terminal an id stands on one line, so that it can be copied."""
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")

    with redirect_stdout(screen):
        print_table("visits: 1", [[RECORD, "张三"]], ["id", "full_name"])

    assert screen.getvalue().splitlines() == ["visits: 1", "", f"id         {RECORD}", "full name  张三"]


def test_a_list_that_is_piped_has_no_width(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """A file or another program gets every row on one line."""
    monkeypatch.setenv("COLUMNS", "40")
    added = node("customers", "add", "--company", "Test company")

    node.run("customers", "list")

    assert [line for line in node.said.splitlines() if added["id"] in line and "company" in line]


def test_chinese_characters_keep_the_columns_straight(capsys: pytest.CaptureFixture[str]):
    """A character of two columns counts as two: every line of a table is as wide as the others."""
    print_table("customers", [["王小明", "a"], ["John", "杭州西湖服务中心"]], ["full_name", "site"])

    lines = capsys.readouterr().out.splitlines()[1:]
    assert len({cell_len(line) for line in lines}) == 1
