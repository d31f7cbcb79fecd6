"""A former system at the pages: what its preview says to people, and one sheet after the other."""

import html
import io
import re
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from carnet_node.adapters.system import run_blocking
from carnet_node.adapters.uploads import find_upload
from carnet_node.core.desk_limits import PREVIEW_ROWS_MAX, REMARKED_ROWS_MAX
from carnet_node.core.exchange.import_columns import SIDE_HEADERS, SIDE_HEADERS_ZH, ImportKind, lay_out
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from support.browsing import Visitor
from support.shared_api import shared_api
from support.staffed import Site
from support.vins import make_vin, with_wrong_digit

VIN = make_vin("LSV", 123456)
FILE = ("客户编号,姓名,手机", "K1,赵一鸣,13900001111", "K2,,13900002222")


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Visitor:
    """The administrator's browser, in English, at a node that takes files."""
    desk = Desk(site.node, run_blocking, hasher=site.hasher, uploads=tmp_path / "imports")
    api = shared_api(desk, hosts=LOOPBACK_NAMES, token="for programs")
    return Visitor(site.node, api).with_session(site.session.token).in_english()


def uploaded(desk: Visitor, content: bytes, name: str) -> None:
    """Send a file."""
    token = desk.open("/exchange").split('data-token="')[1].split('"')[0]
    desk.ask("POST", "/exchange/import", data={"token": token}, files={"file": (name, content)})


def former_workbook() -> bytes:
    """Three sheets that refer to each other, the last one first, each with a row that cannot be taken."""
    book = openpyxl.Workbook()
    sheets: dict[str, list[tuple[object, ...]]] = {
        "工单": [
            ("工单号", "车辆编号", "进厂日期", "进厂里程", "金额"),
            ("W1", "V1", datetime.fromisoformat("2025-03-04 09:30"), 29900, 388.5),
            ("W2", "V9", datetime.fromisoformat("2025-03-04 09:30"), 29900, None),
        ],
        "客户": [("客户编号", "姓名", "手机"), ("K1", "赵敏", 13811110001), ("K2", "钱宁", "12")],
        "车辆": [
            ("车辆编号", "车架号", "车主编号", "里程", "里程日期"),
            ("V1", VIN, "K1", 30000, date(2025, 3, 4)),
            ("V2", VIN[:-1], "K1", 30000, date(2025, 3, 4)),
        ],
    }
    for place, (name, rows) in enumerate(sheets.items()):
        sheet = book.worksheets[0] if place == 0 else book.create_sheet()
        sheet.title = name
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def text_of(page: str) -> str:
    """What a page says, without its marks."""
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


def in_chinese(desk: Visitor, site: Site) -> Visitor:
    """The same browser, in the language it begins with."""
    return Visitor(site.node, desk.api).with_session(site.session.token)


def take_sheet(desk: Visitor, address: str = "/exchange/import") -> str:
    """Take a sheet over; what the page says afterwards."""
    desk.submit(desk.open(address), "/exchange/import/run", {})
    return desk.open("/exchange/import")


def test_a_preview_shows_values_as_people_read_them(desk: Visitor):
    """Dates, clocks, kilometres and yuan stand as on every other page, and no number of the program."""
    uploaded(desk, former_workbook(), "old.xlsx")
    take_sheet(desk)
    cars = text_of(desk.open("/exchange/import?sheet=2"))
    take_sheet(desk, "/exchange/import?sheet=2")

    orders = text_of(desk.open("/exchange/import?sheet=0"))

    assert "K1 30,000 km 2025-03-04 " in cars
    assert "2025-03-04 09:30 29,900 km 388.50 " in orders


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        pytest.param(1, "将不导入：手机：电话号码", id="a telephone"),
        pytest.param(0, "将不导入：车辆编号：尚未导入；请先导入车辆", id="a car that is not there"),
    ],
)
def test_a_reason_names_the_column_of_the_sheet_in_chinese(site: Site, desk: Visitor, sheet: int, said: str):
    """The header as it stands in the file, the sentence and its kinds in the reader's language."""
    uploaded(desk, former_workbook(), "old.xlsx")

    page = text_of(in_chinese(desk, site).open(f"/exchange/import?sheet={sheet}"))

    assert said in page
    assert "phones[0]" not in page


def test_a_file_is_gone_on_with_only_where_one_waits(desk: Visitor):
    """The button leads to no page that finds nothing; it is there from the upload to the end."""
    before = desk.open("/exchange")
    uploaded(desk, b"\n".join(row.encode() for row in FILE), "old.csv")
    between = desk.open("/exchange")
    desk.submit(desk.open("/exchange/import"), "/exchange/import/drop", {})

    said = ["Go on with the last file" in page for page in (before, between, desk.open("/exchange"))]
    assert said == [False, True, False]


def test_all_wrong_cells_of_a_row_are_named_and_so_is_the_box_that_answers_a_question(site: Site, desk: Visitor):
    """In the reader's language, with the headers as they stand in the file and the box as it stands at check-in."""
    content = f"车辆编号,车架号,年款,里程日期\nV1,{with_wrong_digit(VIN)},new,soon\n"
    uploaded(desk, content.encode(), "cars.csv")

    said = in_chinese(desk, site).open("/exchange/import")

    page = text_of(said)
    assert all(f"{header}：" in page.partition("将不导入")[2] for header in ("年款", "里程日期", "车架号"))
    assert "勾选“VIN 已与车辆核对”" in page


def test_the_button_counts_the_rows_that_will_be_taken(desk: Visitor):
    """Rows that are left out are counted beside it, with the place they go to."""
    uploaded(desk, b"\n".join(row.encode() for row in FILE), "old.csv")

    page = text_of(desk.open("/exchange/import"))

    assert "1 row is taken over · 0 are known already and stay as they are · 1 is left out" in page
    assert page.count("Take over 1 row") == 1


def test_a_doubtful_number_is_taken_over_with_a_remark(site: Site, desk: Visitor):
    """Nobody answers an import: the number is kept as written, and the preview says which row deserves a look."""
    uploaded(desk, "客户编号,姓名,手机\nK1,赵一鸣,1390000111\nK2,钱宁,13900002222\n".encode(), "old.csv")

    page = text_of(in_chinese(desk, site).open("/exchange/import"))
    ended = text_of(take_sheet(desk))

    assert "预览：尚未导入任何内容。" in page
    assert "将导入 提示：手机：中国手机号为 11 位，这里填写了 10 位。" in page
    assert page.count("提示：手机") == 1
    assert "其中 1 行有提示" in page
    assert "taken over 2 known already 0 left out 0" in ended
    assert "1 row was taken over with a remark Row 2: 手机: A Chinese mobile number has 11 digits" in ended


def test_a_customer_on_file_is_taken_over_with_a_remark(site: Site, desk: Visitor):
    """Nobody answers an import, so the second file of a person is made, and told with what to do about it."""
    rows = "客户编号,姓名,手机\nK1,赵一鸣,13900001111\n".encode()
    uploaded(desk, rows, "old.csv")
    take_sheet(desk)
    desk.submit(desk.open("/exchange/import"), "/exchange/import/drop", {})
    uploaded(desk, rows.replace(b"K1", b"L1"), "again.csv")

    page = text_of(in_chinese(desk, site).open("/exchange/import"))
    ended = text_of(take_sheet(desk))

    assert "将导入 提示：手机：已有同名同电话的客户档案。" in page
    assert "with a remark Row 2: 手机: A customer with this name and this telephone number is on file already." in ended
    assert "compare the two under Customers" in ended


def test_no_more_rows_with_a_remark_are_named_than_are_read(desk: Visitor):
    """All of them are counted, and the first ones named; the sheets before keep theirs."""
    rows = [f"K{one},赵一鸣,1390000{one:03}" for one in range(REMARKED_ROWS_MAX + 1)]
    uploaded(desk, "\n".join(("客户编号,姓名,手机", *rows)).encode(), "old.csv")

    ended = text_of(take_sheet(desk))

    assert f"{REMARKED_ROWS_MAX + 1} rows were taken over with a remark" in ended
    assert f"The first {REMARKED_ROWS_MAX} of them are named." in ended
    assert ended.count("this one has 10") == REMARKED_ROWS_MAX


def test_a_sheet_that_was_taken_keeps_its_remarks_behind_the_next(desk: Visitor):
    """They are named by the sheet until the file is removed."""
    book = openpyxl.load_workbook(io.BytesIO(former_workbook()))
    book["客户"]["C2"] = 1381111000
    content = io.BytesIO()
    book.save(content)
    uploaded(desk, content.getvalue(), "old.xlsx")

    take_sheet(desk)
    after_cars = text_of(take_sheet(desk, "/exchange/import?sheet=2"))

    assert "1 row was taken over with a remark 客户 Row 2: 手机:" in after_cars


def test_a_remark_behind_the_first_rows_is_told_below_them(desk: Visitor):
    """The rows of the preview end somewhere, and a number with a digit too few stands anywhere."""
    rows = [f"K{one},赵一鸣,1390000{one:04}" for one in range(PREVIEW_ROWS_MAX)]
    uploaded(desk, "\n".join(("客户编号,姓名,手机", *rows, "K99,钱宁,1390000222")).encode(), "old.csv")

    page = text_of(desk.open("/exchange/import"))

    assert f"Row {PREVIEW_ROWS_MAX + 2}: 手机: A Chinese mobile number has 11 digits, and this one has 10." in page


def test_customers_are_offered_first_and_then_what_refers_to_them(desk: Visitor):
    """The order of the sheets in the file does not matter; after each one the next is offered."""
    uploaded(desk, former_workbook(), "old.xlsx")

    first = desk.open("/exchange/import")
    after_customers = text_of(take_sheet(desk))
    after_cars = text_of(take_sheet(desk, "/exchange/import?sheet=2"))
    at_the_end = text_of(take_sheet(desk, "/exchange/import?sheet=0"))

    assert 'name="sheet" value="1"' in first
    assert ("Go on with “车辆”" in after_customers, "Go on with “工单”" in after_cars) == (True, True)
    assert ("Go on with" in at_the_end, "Finish and remove the file" in at_the_end) == (False, True)


def test_a_sheet_whose_turn_has_not_come_says_which_is_first(desk: Visitor):
    """Orders refer to customers and cars, so they are not taken before them unknowingly."""
    uploaded(desk, former_workbook(), "old.xlsx")

    page = text_of(desk.open("/exchange/import?sheet=0"))

    assert "Take the sheet “客户” over first" in page


def test_the_rows_that_were_left_out_are_a_workbook_too(desk: Visitor, site: Site):
    """Headings and reasons are in the reader's language there as well."""
    uploaded(desk, former_workbook(), "old.xlsx")
    take_sheet(in_chinese(desk, site))

    answered = desk.ask("GET", "/exchange/import/rejected.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(answered.content)).worksheets[0]
    first, second = ([cell.value for cell in row] for row in sheet.iter_rows(max_row=2))
    assert (first[:2], second[1].startswith("手机：电话号码"), "K2" in second) == (["行号", "原因"], True, True)


def test_the_headings_of_a_side_file_are_no_columns():
    """A mended file is taken as it is: nothing is said to be left aside of it, whatever language it was made in."""
    for before in (SIDE_HEADERS, SIDE_HEADERS_ZH):
        layout = lay_out(ImportKind.CUSTOMERS, (*before, "客户编号", "姓名", "星座"))

        assert layout.ignored == ("星座",)


def test_each_sheet_keeps_the_rows_that_were_left_out(desk: Visitor, site: Site, tmp_path: Path):
    """The next sheet does not take the side file of the one before away, and its reasons are in the reader's words."""
    uploaded(desk, former_workbook(), "old.xlsx")
    reader = in_chinese(desk, site)
    take_sheet(reader)

    take_sheet(reader, "/exchange/import?sheet=2")
    customers = desk.ask("GET", "/exchange/import/rejected.csv?sheet=1").text
    cars = desk.ask("GET", "/exchange/import/rejected.csv").text

    assert ("K2" in customers, "V2" in cars) == (True, True)
    assert (customers.lstrip("\ufeff").startswith("行号,原因,"), "手机：电话号码" in customers) == (True, True)
    assert find_upload(tmp_path / "imports") is not None
