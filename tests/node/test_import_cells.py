"""Cells and headers of a former system's file mean the same however they were typed."""

from pathlib import Path

import pytest

from carnet_node.adapters.csv_files import SideFile, open_csv
from carnet_node.core.exchange.import_cells import normalise_header, read_cell
from carnet_node.core.exchange.import_columns import COLUMNS, ImportKind, guess_kind, lay_out
from carnet_protocol.errors import BadValue

CHINA = 8 * 60

GOOD_CELLS = [
    # file, column, cell, value
    ("vehicles", "odometer_km", "52300", 52300),
    ("vehicles", "odometer_km", "５２，３００ 公里", 52300),
    ("vehicles", "odometer_km", "52,300.00 km", 52300),
    ("vehicles", "odometer_km", "0", 0),
    ("vehicles", "odometer_km", "  ", None),
    ("customers", "full_name", "\u3164\u200c\u2800", None),
    ("vehicles", "model_year", "２０２１年", 2021),
    ("vehicles", "vin", "lsvaa4182e2123456", "LSVAA4182E2123456"),
    ("vehicles", "role", "车主", "owner"),
    ("vehicles", "from_on", "2024/3/7", "2024-03-07"),
    ("vehicles", "from_on", "2024年3月7日", "2024-03-07"),
    ("vehicles", "from_on", "２０２４．３．７", "2024-03-07"),
    ("vehicles", "from_on", "20240307", "2024-03-07"),
    ("visits", "opened_at", "2024-03-07", 1709784000000),
    ("visits", "opened_at", "2024-03-07 08:30", 1709771400000),
    ("visits", "opened_at", "2024-03-07T08:30:05+08:00", 1709771405000),
    ("visits", "opened_at", "2024-03-07T00:30:00Z", 1709771400000),
    ("visits", "amount", "￥1,234.50元", 123450),
    ("visits", "amount", "0", 0),
    ("visits", "status", "已结算", "settled"),
    ("visits", "pay_type", "索赔", "warranty"),
    ("customers", "full_name", " 张\u3000三 ", "张 三"),
    ("customers", "party_kind", "PERSON", "person"),
    ("customers", "do_not_contact", "是", True),
    ("customers", "do_not_contact", "no", False),
    ("customers", "birth_calendar", "农历", "lunar"),
]

BAD_CELLS = [
    ("vehicles", "odometer_km", "about 5000"),
    ("vehicles", "odometer_km", "-3"),
    ("vehicles", "odometer_km", "52.5"),
    ("vehicles", "odometer_km", "1,23"),
    ("vehicles", "from_on", "2024-02-30"),
    ("vehicles", "from_on", "07.03.2024"),
    ("vehicles", "from_on", "2023"),
    ("visits", "opened_at", "2024-03-07 25:00"),
    ("visits", "opened_at", "2024-03-07 morning"),
    ("visits", "amount", "1.234"),
    ("visits", "amount", "-5"),
    ("visits", "amount", "NaN"),
    ("visits", "amount", "99999999999999999"),
    ("visits", "amount", "1e400000000"),
    ("visits", "status", "maybe"),
    ("customers", "do_not_contact", "perhaps"),
    ("customers", "note", "x" * 4001),
]


@pytest.mark.parametrize(("kind", "column", "cell", "value"), GOOD_CELLS)
def test_a_cell_is_read_as_it_was_meant(kind: str, column: str, cell: str, value: object):
    """Full-width digits, units, separators and words in either language give one value."""
    assert read_cell(COLUMNS[ImportKind(kind)][column], cell, utc_offset_minutes=CHINA) == value


@pytest.mark.parametrize(
    ("cell", "utc_offset_minutes", "value"),
    [
        pytest.param("2024-03-07 08:30", 8 * 60, 1709771400000, id="east"),
        pytest.param("2024-03-07 08:30", 0, 1709800200000, id="utc"),
        pytest.param("2024-03-07 08:30", -5 * 60, 1709818200000, id="west"),
        pytest.param("2024-03-07", 6 * 60, 1709791200000, id="noon"),
        pytest.param("2024-03-07T08:30:00+08:00", 0, 1709771400000, id="the cell says it"),
    ],
)
def test_a_time_is_local_to_the_site_unless_the_cell_says_otherwise(cell: str, utc_offset_minutes: int, value: int):
    """A cell without an offset means the wall clock of the site that kept the former system."""
    column = COLUMNS[ImportKind.VISITS]["opened_at"]

    assert read_cell(column, cell, utc_offset_minutes=utc_offset_minutes) == value


@pytest.mark.parametrize(("kind", "column", "cell"), BAD_CELLS)
def test_a_cell_that_means_nothing_is_refused_at_its_column(kind: str, column: str, cell: str):
    """A refusal names the column and the right form, and never repeats what stood in the cell."""
    with pytest.raises(BadValue) as caught:
        read_cell(COLUMNS[ImportKind(kind)][column], cell, utc_offset_minutes=CHINA)

    assert caught.value.field == column
    assert cell not in str(caught.value)


def test_a_day_that_the_calendar_lacks_is_told_from_a_text_that_is_no_date():
    """31 February is spelled right; another spelling of it would be as wrong."""
    with pytest.raises(BadValue, match="the calendar has no such day"):
        read_cell(COLUMNS[ImportKind.VEHICLES]["build_on"], "2024-02-31", utc_offset_minutes=CHINA)


@pytest.mark.parametrize(
    ("typed", "bare"),
    [
        ("VIN 码", "vin码"),
        ("vin码", "vin码"),
        ("Ｆｏｒｍｅｒ＿ＩＤ", "formerid"),
        ("里程(公里)", "里程"),
        ("手机（本人）", "手机"),
    ],
)
def test_headers_are_compared_without_case_spaces_and_brackets(typed: str, bare: str):
    """Spellings of one header are one header."""
    assert normalise_header(typed) == bare


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (["former_id", "full_name", "phone"], ImportKind.CUSTOMERS),
        (["客户编号", "姓名", "手机"], ImportKind.CUSTOMERS),
        (["车辆编号", "车架号", "车牌号", "车主编号"], ImportKind.VEHICLES),
        (["工单号", "车架号", "进厂日期", "进厂里程"], ImportKind.VISITS),
        (["工单号", "车辆编号", "客户编号", "开单日期"], ImportKind.VISITS),
    ],
)
def test_the_kind_of_a_file_is_seen_by_its_headers(headers: list[str], kind: ImportKind):
    """Customers, vehicles and visits are told apart in either language."""
    assert guess_kind(headers) is kind


def test_headers_that_fit_nothing_are_refused():
    """A file whose headers mean nothing is not guessed at."""
    with pytest.raises(BadValue, match="--kind"):
        guess_kind(["colour", "size"])


def test_a_missing_column_is_named():
    """A visits' file without a vehicle says which columns would do."""
    with pytest.raises(BadValue, match="none of the columns vehicle_former_id, vin"):
        lay_out(ImportKind.VISITS, ["工单号", "进厂日期"])


def test_two_headers_of_one_meaning_are_refused():
    """When two columns claim to be the phone, a person has to say which one is."""
    with pytest.raises(BadValue, match="phone"):
        lay_out(ImportKind.CUSTOMERS, ["客户编号", "姓名", "手机", "电话"])


def test_a_strange_column_is_ignored_and_told():
    """A column that means nothing here does not stop the file."""
    layout = lay_out(ImportKind.CUSTOMERS, ["客户编号", "星座", "姓名"])

    assert (dict(layout.positions), layout.ignored) == ({"former_id": 0, "full_name": 2}, ("星座",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_is_read_in_its_encoding_and_with_its_separator(tmp_path: Path, encoding: str, separator: str):
    """What a spreadsheet wrote is understood without being asked about."""
    path = tmp_path / "customers.csv"
    rows = [["客户编号", "姓名"], ["1", "测试 甲"], ["", ""], ["2", "测试 乙"]]
    path.write_text("\r\n".join(separator.join(row) for row in rows), encoding=encoding)

    file = open_csv(path)

    assert (file.headers, file.row_count) == (("客户编号", "姓名"), 2)
    assert list(file.rows()) == [(2, ["1", "测试 甲"]), (4, ["2", "测试 乙"])]


def test_a_cell_with_a_line_break_stays_one_row(tmp_path: Path):
    """Row numbers are those a spreadsheet shows, not lines of text."""
    path = tmp_path / "a.csv"
    path.write_text('former_id,note\n1,"two\nlines"\n2,x\n', encoding="utf-8")

    assert [number for number, _ in open_csv(path).rows()] == [2, 3]


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff", b"PK\x03\x04\x00\x00\x00"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes):
    """An empty file, or a workbook saved under the wrong name, is refused at the file."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(BadValue) as caught:
        open_csv(path)

    assert caught.value.field == "file"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param('a,b\n1,2\n3,"open\n4,5\n', 3, id="a quote that does not close"),
        pytest.param('a,b\n1,"2"x\n', 2, id="text behind a quote"),
        pytest.param(f"a,b\n1,2\n3,4\n5,{'x' * 131_073}\n", 4, id="a cell without an end"),
    ],
)
def test_a_file_that_would_be_misread_is_refused_at_its_line(tmp_path: Path, content: str, line: int):
    """Rows that a stray quote glues together are not taken for one customer with a long name."""
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(BadValue) as caught:
        open_csv(path)

    assert f"from line {line} on" in caught.value.detail


def test_left_out_rows_stand_in_a_private_side_file(tmp_path: Path):
    """Row number, reason and the row as it was; readable by its owner alone."""
    with SideFile(tmp_path / "rejected.csv", ["编号", "姓名"]) as side:
        side.add(7, "phone: a telephone number", ["1", "测试"])

    assert (tmp_path / "rejected.csv").read_text("utf-8-sig").splitlines() == [
        "row,reason,编号,姓名",
        "7,phone: a telephone number,1,测试",
    ]
    assert (tmp_path / "rejected.csv").stat().st_mode & 0o777 == 0o600


def test_a_clean_run_removes_the_side_file_of_the_one_before(tmp_path: Path):
    """When no row was left out there is no side file to worry about."""
    (tmp_path / "rejected.csv").write_text("old", encoding="utf-8")

    with SideFile(tmp_path / "rejected.csv", ["a"]):
        pass

    assert not (tmp_path / "rejected.csv").exists()


@pytest.mark.parametrize("kind", list(ImportKind))
def test_the_template_for_people_names_every_column(kind: ImportKind):
    """The page docs/import-template.md and the program know the same columns."""
    page = (Path(__file__).parents[2] / "docs/import-template.md").read_text("utf-8")

    assert [name for name in COLUMNS[kind] if f"`{name}`" not in page] == []
