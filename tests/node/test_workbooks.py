"""Workbooks of a former system: what their cells mean, what is refused unread, and that they import like CSV files."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from carnet_node.adapters.workbook_files import SheetTable, cell_text, open_workbook
from carnet_node.core.desk_limits import PREVIEW_COUNTED_MAX, PREVIEW_ROWS_MAX
from carnet_node.core.exchange.import_columns import ImportKind, in_import_order, lay_out
from carnet_node.core.exchange.import_mapping import SET_ASIDE, lay_out_mapped, mapping_of, save_mapping
from carnet_node.core.exchange.import_run import Progress, preview_import, run_import
from carnet_node.core.exchange.importing import LeftOut, SourceRow
from carnet_node.core.limits import IMPORT_ROWS_MAX
from carnet_node.core.log.acting import acting_for
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.showing.searching import find
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import CUSTOMER
from support.cli_node import CliNode, enrol_folder
from support.desk import problems_of
from support.node_builder import build_node, rows_of
from support.staffed import build_site, hire
from support.vins import make_vin

HEADERS = ("客户编号", "姓名", "手机", "出生日期", "拒绝联系")
VIN = make_vin("LSV", 123456)


def workbook(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    """A workbook with these sheets."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def one_sheet(path: Path) -> SheetTable:
    """The only sheet of a workbook."""
    (table,) = open_workbook(path)
    return table


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (13800138000.0, "13800138000"),
        (0.5, "0.5"),
        (0.1 + 0.2, "0.3"),
        (True, "yes"),
        (False, "no"),
        (date(2020, 2, 29), "2020-02-29"),
        (datetime(2020, 2, 29), "2020-02-29"),  # noqa: DTZ001  (a workbook knows no zones)
        (datetime(2020, 2, 29, 8, 5), "2020-02-29 08:05:00"),  # noqa: DTZ001
        (time(8, 5), "08:05:00"),
        (timedelta(hours=1), "1:00:00"),
        ("  text ", "  text "),
        ("", ""),
    ],
)
def test_a_cell_reads_as_somebody_would_type_it(cell: Any, text: str):
    """Telephones keep their digits, dates are ISO, yes is yes."""
    assert cell_text(cell) == text


def test_every_sheet_that_holds_something_is_a_table(tmp_path: Path):
    """Empty sheets are left, the first row with anything in it holds the headers, and rows are numbered as shown."""
    rows: list[list[Any]] = [[], [], list(HEADERS), [1, "张三", 13800138000, date(1990, 5, 1), None], [], [2, "李四"]]
    tables = open_workbook(workbook(tmp_path / "a.xlsx", first=rows, empty=[], second=[["x"]]))

    assert [(one.name, one.headers, one.row_count) for one in tables] == [("first", HEADERS, 2), ("second", ("x",), 0)]
    assert [(row.number, list(row.cells)) for row in tables[0].rows()] == [
        (4, ["1", "张三", "13800138000", "1990-05-01", ""]),
        (6, ["2", "李四", "", "", ""]),
    ]


def test_a_number_that_lost_its_last_digits_is_a_fault(tmp_path: Path):
    """An identity number stored as a number is not guessed back; one of 15 digits is whole."""
    rows: list[list[object]] = [["客户编号", "证件号"], [1, 110101199001011234], [2, 999999999999999]]
    table = one_sheet(workbook(tmp_path / "a.xlsx", first=rows))

    faults = [row.fault for row in table.rows()]

    assert faults[0] is not None
    assert faults[0].startswith("证件号:")
    assert "1101" not in faults[0]
    assert faults[1] is None


def test_a_formula_comes_as_what_was_shown(tmp_path: Path):
    """A formula is never taken over as text; without a stored result its cell is empty."""
    table = one_sheet(workbook(tmp_path / "a.xlsx", first=[["客户编号", "姓名"], [1, '=HYPERLINK("http://x")']]))

    assert [list(row.cells) for row in table.rows()] == [["1", ""]]


def no_workbook(path: Path) -> None:
    """Text under the name of a workbook."""
    path.write_text("客户编号,姓名\n1,张三\n", encoding="utf-8")


def bomb(path: Path) -> None:
    """A small file that unpacks to more than memory should hold."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book, book.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(520):
            part.write(bytes(1024 * 1024))


def far_corner(path: Path) -> None:
    """Two cells with everything between them."""
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "客户编号", "x"
    book.save(path)


def far_corner_in_disguise(path: Path) -> None:
    """The same in other words: another quote, lower case, blanks, and a sheet under a name of its own."""
    far_corner(path)
    with zipfile.ZipFile(path) as book:
        parts = {one: book.read(one) for one in book.namelist()}
    sheet = parts.pop("xl/worksheets/sheet1.xml")
    assert b'r="XFD1048576"' in sheet
    parts["xl/other/one.xml"] = sheet.replace(b'r="XFD1048576"', b"r = 'xfd1048576'")
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content.replace(b"worksheets/sheet1.xml", b"other/one.xml"))


@pytest.mark.parametrize(
    "make",
    [no_workbook, bomb, far_corner, far_corner_in_disguise, lambda path: None],
    ids=["text", "bomb", "far", "far in other words", "none"],
)
def test_what_cannot_be_read_is_refused_before_it_is(tmp_path: Path, make: Any):
    """No workbook, one that unpacks to too much and one whose cells stand too far apart are refused with words."""
    make(tmp_path / "a.xlsx")

    with pytest.raises(BadValue) as refused:
        open_workbook(tmp_path / "a.xlsx")

    assert refused.value.field == "file"


def test_a_workbook_of_three_sheets_imports_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Visits may stand before the cars and customers they name; every sheet says what came of it."""
    enrol_folder(tmp_path)
    visits: list[list[object]] = [
        ["工单号", "车辆编号", "客户编号", "进厂日期", "里程"],
        ["W1", "V1", "C1", datetime(2024, 3, 7, 9), 52300],  # noqa: DTZ001
    ]
    cars = [["车辆编号", "车架号", "车牌号", "车主编号"], ["V1", VIN, "沪A12345", "C1"]]
    people: list[list[object]] = [list(HEADERS), ["C1", "张三", 13800138000, date(1990, 5, 1), False]]
    file = workbook(tmp_path / "former.xlsx", 工单=visits, 车辆=cars, 客户=people, 说明=[["随便写的"]])

    result = CliNode(tmp_path, capsys)("import", file)

    assert [(one["sheet"], one["kind"], one["imported"], one["rejected"]) for one in result["sheets"]] == [
        ("客户", "customers", 1, 0),
        ("车辆", "vehicles", 1, 0),
        ("工单", "visits", 1, 0),
    ]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


def rows(*cells: Sequence[str]) -> list[SourceRow]:
    """Rows as a file numbers them."""
    return [SourceRow(number, list(row)) for number, row in enumerate(cells, 2)]


PEOPLE = lay_out(ImportKind.CUSTOMERS, ("编号", "姓名", "手机"))


def test_a_preview_says_what_will_happen_and_does_nothing(node: Node, tmp_path: Path):
    """Each row comes with its values or its problems, and the database is as it was."""
    list(run_import(node, PEOPLE, "old", rows(("1", "张三", "")), lambda _: None))
    before = rows_of(tmp_path)

    shown = preview_import(
        node, PEOPLE, "old", rows(("1", "张三", ""), ("2", "李四", "12"), ("3", "王五", "13800138000"))
    ).rows

    assert rows_of(tmp_path) == before
    assert [(one.row.number, one.is_known, one.problems == ()) for one in shown] == [
        (2, True, True),
        (3, False, False),
        (4, False, True),
    ]
    assert shown[2].values is not None
    assert shown[2].values["full_name"] == "王五"


def test_a_preview_counts_what_the_import_will_do(node: Node):
    """Taken, known and left out are the numbers of the import; a number that comes twice is left out in both."""
    list(run_import(node, PEOPLE, "old", rows(("1", "张三", "")), lambda _: None))
    table = rows(("1", "张三", ""), ("2", "李四", "12"), ("3", "王五", ""), ("3", "赵六", ""))

    counted = preview_import(node, PEOPLE, "old", table).counted

    assert counted == Progress(rows=4, imported=1, known=1, left_out=2)
    assert [counted] == list(run_import(node, PEOPLE, "old", table, lambda _: None))


def test_a_preview_shows_few_rows_and_counts_many(node: Node):
    """A page of the first rows; the numbers are of all of them, up to their bound."""
    table = rows(*[(str(number), f"Person {number}", "") for number in range(PREVIEW_COUNTED_MAX + 1)])

    preview = preview_import(node, PEOPLE, "old", table)

    assert (len(preview.rows), preview.counted.imported) == (PREVIEW_ROWS_MAX, PREVIEW_COUNTED_MAX)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        pytest.param(("1", "张三", "12"), "phone", id="a telephone"),
        pytest.param(("1", "", ""), "full_name", id="a name"),
        pytest.param(("", "张三", ""), "former_id", id="a number"),
    ],
)
def test_a_problem_stands_at_the_column_of_the_file(node: Node, cells: tuple[str, str, str], column: str):
    """A refusal names the field of a record; whoever mends the file looks for a column."""
    preview = preview_import(node, PEOPLE, "old", rows(cells))

    assert [one.column for one in preview.rows[0].problems] == [column]


def test_sheets_are_taken_customers_first():
    """Cars refer to customers and visits to both; a sheet of none of these is in no order."""
    kinds = (ImportKind.VISITS, None, ImportKind.CUSTOMERS, ImportKind.VEHICLES, ImportKind.CUSTOMERS)

    assert in_import_order(kinds) == (2, 4, 3, 0)


def test_a_row_at_fault_is_left_out(node: Node):
    """The reason of the file is the reason in the side file."""
    left: list[LeftOut] = []
    damaged = SourceRow(2, ["1", "张三", ""], "手机: lost digits")

    (done,) = list(run_import(node, PEOPLE, "old", [damaged], left.append))

    assert (done.imported, done.left_out) == (0, 1)
    assert left[0].reason.endswith("手机: lost digits")
    assert preview_import(node, PEOPLE, "old", [damaged]).rows[0].problems == left[0].problems


def test_progress_adds_up_batch_by_batch(node: Node):
    """Each batch says how many rows are done so far."""
    many = rows(*[(str(number), f"Person {number}", "") for number in range(IMPORT_ROWS_MAX + 5)])

    done = [(one.rows, one.imported) for one in run_import(node, PEOPLE, "old", many, lambda _: None)]

    assert done == [(IMPORT_ROWS_MAX, IMPORT_ROWS_MAX), (IMPORT_ROWS_MAX + 5, IMPORT_ROWS_MAX + 5)]


def test_only_who_may_import_does(tmp_path: Path):
    """An advisor neither previews nor imports; the administrator does, and each set says so."""
    site = build_site(tmp_path)
    advisor = acting_for(site.node, hire(site, "A07", "advisor"))
    not_allowed = [("staff", ProblemCode.NOT_ALLOWED)]

    assert problems_of(lambda: preview_import(advisor, PEOPLE, "old", rows(("1", "张三", "")))) == not_allowed
    assert problems_of(lambda: list(run_import(advisor, PEOPLE, "old", rows(("1", "张三", "")), print))) == not_allowed

    list(run_import(site.as_admin, PEOPLE, "old", rows(("1", "张三", "")), print))

    assert [hit.view.kind for hit in find(site.node, "张三")] == [CUSTOMER]


def test_a_header_means_what_somebody_said(node: Node):
    """A strange header gets its meaning, a known one is set aside, the others are read as before."""
    headers = ("编号", "车主大名", "手机", "电话2")
    mapped = {"车主大名": "full_name", "电话2": SET_ASIDE}
    save_mapping(node, "old", ImportKind.CUSTOMERS, mapped)

    layout = lay_out_mapped(ImportKind.CUSTOMERS, headers, mapping_of(node, "old", ImportKind.CUSTOMERS))

    assert dict(layout.positions) == {"former_id": 0, "full_name": 1, "phone": 2}
    assert layout.ignored == ("电话2",)


def test_a_mapping_belongs_to_one_system_and_kind(node: Node):
    """Another system, or another kind of file, is read as before."""
    save_mapping(node, "old", ImportKind.CUSTOMERS, {"x": "full_name"})

    assert mapping_of(node, "other", ImportKind.CUSTOMERS) == {}
    assert mapping_of(node, "old", ImportKind.VISITS) == {}


@pytest.mark.parametrize(
    "mapped", [{"x": "no_such_column"}, {str(number): "note" for number in range(101)}], ids=["unknown", "too many"]
)
def test_what_is_no_mapping_is_refused(node: Node, mapped: dict[str, str]):
    """A meaning that is no column changes nothing that was remembered."""
    save_mapping(node, "old", ImportKind.CUSTOMERS, {"x": "full_name"})

    with pytest.raises(BadValue):
        save_mapping(node, "old", ImportKind.CUSTOMERS, mapped)

    assert mapping_of(node, "old", ImportKind.CUSTOMERS) == {"x": "full_name"}


def test_two_headers_cannot_mean_one_column():
    """A mapping that says the same of two columns is refused like two equal headers."""
    with pytest.raises(BadValue):
        lay_out_mapped(ImportKind.CUSTOMERS, ("编号", "姓名", "别名"), {"别名": "full_name"})


def test_a_part_whose_name_is_no_text_is_refused(tmp_path: Path):
    """A package that calls a part by bytes which are no text is no workbook, and is refused in words."""
    path = tmp_path / "odd.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xl/wörter.xml", "")
    path.write_bytes(path.read_bytes().replace("ö".encode(), b"\xb4\xb4"))

    with pytest.raises(BadValue):
        open_workbook(path)
