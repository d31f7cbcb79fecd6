"""Lists taken out as workbooks: typed cells, nothing that runs, masked unless asked, and noted."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from carnet_node.adapters.list_workbooks import make_workbook
from carnet_node.core.exchange.lists import LISTS, CellKind, ListColumn, Period
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.local_facts import Access
from carnet_node.core.log.acting import acting_for
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_midnight
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.entrypoints.exporting import export_list
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import (
    ADDRESS,
    CONTACT_PREFERENCE,
    CUSTOMER,
    JOB,
    ODOMETER_READING,
    OWNERSHIP,
    PHONE,
    PLATE,
    VEHICLE,
    VISIT,
)
from carnet_protocol.registry import Value
from support.cli_node import CliNode, enrol_folder
from support.desk import problems_of, record
from support.node_builder import START_MS, build_node
from support.staffed import build_site, hire

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0")
CAR, WANG = record(70), record(80)
DAY_MS = 24 * 3600 * 1000


def cells(content: bytes) -> list[tuple[Any, ...]]:
    """Every row of the only sheet, headers first."""
    sheet = load_workbook(BytesIO(content)).active
    assert sheet is not None
    return [tuple(cell.value for cell in row) for row in sheet.iter_rows()]


def as_workbook(columns: Sequence[ListColumn], *rows: tuple[Any, ...]) -> bytes:
    """A workbook whose headers are the names of the columns."""
    made = make_workbook("list", columns, rows, header=str, word=lambda _, text: text, utc_offset_minutes=8 * 60)
    return made.content


@pytest.mark.parametrize(
    ("kind", "value", "cell", "number_format"),
    [
        (CellKind.MONEY, 128_050, 1280.5, "#,##0.00"),
        (CellKind.WHOLE, 52_300, 52_300, "#,##0"),
        (CellKind.MOMENT, START_MS, datetime(2026, 9, 21, 22, 13, 20), "yyyy-mm-dd hh:mm"),  # noqa: DTZ001
        (CellKind.DAY, "2020-02-29", datetime(2020, 2, 29), "yyyy-mm-dd"),  # noqa: DTZ001
        (CellKind.DAY, "1899-12-31", "1899-12-31", "General"),
        (CellKind.DAY, "soon", "soon", "General"),
        (CellKind.YES_NO, True, True, "General"),
        (CellKind.TEXT, 7, "7", "General"),
        (CellKind.TEXT, None, None, "General"),
    ],
)
def test_a_cell_is_what_its_value_is(kind: CellKind, value: Any, cell: Any, number_format: str):
    """Money reckons in yuan, moments stand in the site's time, days are days; what is none stays text."""
    content = as_workbook([ListColumn("x", kind)], (value,))
    sheet = load_workbook(BytesIO(content)).active
    assert sheet is not None

    assert (sheet["A2"].value, sheet["A2"].number_format) == (cell, number_format)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_is_text(text: str):
    """In cells and in headers it is stored as text, and stays text when somebody edits it."""
    sheet = load_workbook(BytesIO(as_workbook([ListColumn(text)], (text,)))).active
    assert sheet is not None

    assert [(cell.data_type, cell.number_format) for cell in (sheet["A1"], sheet["A2"])] == [("s", "@")] * 2


@pytest.mark.parametrize("text", ["a\x00b", "a\x1fb", "a\ud800b", "a\ufffeb", "x" * 50_000])
def test_text_that_no_workbook_holds_is_made_to_fit(text: str):
    """Characters that break the file are left out, and a cell is as long as Excel takes it."""
    (_, (value,)) = cells(as_workbook([ListColumn("x")], (text,)))

    assert value.replace("x" * 32_000, "ab") == "ab"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A customer, a car and an order, with all that a list shows of them."""
    node = build_node(tmp_path)
    order: dict[str, Value] = {
        "ro_no": "RO-1",
        "vehicle_id": CAR,
        "customer_id": WANG,
        "status": "closed",
        "opened_at": START_MS,
    }
    money: dict[str, Value] = {
        "customer_fen": 128_050,
        "warranty_fen": 0,
        "internal_fen": 0,
        "plate_at_visit": "沪A12345",
    }
    commit(
        node,
        [
            Draft(CUSTOMER, WANG, {"party_kind": "person", "full_name": "王小明", "segment": "private"}),
            Draft(PHONE, record(81), {"customer_id": WANG, "number": "+8613900139000"}),
            Draft(PHONE, record(82), {"customer_id": WANG, "number": "+8613800138000", "is_preferred": True}),
            Draft(ADDRESS, record(83), {"customer_id": WANG, "street": "Example Road 1"}),
            Draft(CONTACT_PREFERENCE, record(84), {"customer_id": WANG, "do_not_contact": True}),
            Draft(VEHICLE, CAR, {"vin": "LSVAA49J132047371", "model_name": "Example 1.8", "model_year": 2021}),
            Draft(PLATE, record(85), {"vehicle_id": CAR, "plate_no": "沪A12345"}),
            Draft(OWNERSHIP, record(86), {"vehicle_id": CAR, "customer_id": WANG, "role": "owner"}),
            Draft(ODOMETER_READING, record(87), {"vehicle_id": CAR, "odometer_km": 52_300, "read_at": START_MS}),
            Draft(VISIT, record(88), {**order, **money}),
            Draft(JOB, record(89), {"visit_id": record(88), "job_no": 1, "complaint": "刹车异响"}),
        ],
    )
    return node


def exported(node: Node, name: str, *, show_personal: bool) -> dict[str, Any]:
    """The only row of a list, by column."""
    headers, row = cells(export_list(node, name, show_personal=show_personal).content)
    return {header: value for header, value in zip(headers, row, strict=True) if value is not None}


def test_customers_come_with_phone_address_and_silence(node: Node):
    """The preferred number, the address, and that they are not to be contacted."""
    row = exported(node, "customers", show_personal=True)

    assert (row["full_name"], row["phone"], row["street"], row["do_not_contact"]) == (
        "王小明",
        "+8613800138000",
        "Example Road 1",
        True,
    )


def test_vehicles_come_with_plate_owner_and_odometer(node: Node):
    """The plate it carries now, who owns it, and how far it has gone."""
    row = exported(node, "vehicles", show_personal=True)

    assert (row["vin"], row["plate_no"], row["owner"], row["odometer_km"], row["model_year"]) == (
        "LSVAA49J132047371",
        "沪A12345",
        "王小明",
        52_300,
        2021,
    )


def test_visits_come_with_money_and_complaints(node: Node):
    """Amounts in yuan, and what the customer complained about."""
    row = exported(node, "visits", show_personal=True)

    assert (row["ro_no"], row["site"], row["customer_fen"], row["complaint"]) == ("RO-1", "SHA01", 1280.5, "刹车异响")


@pytest.mark.parametrize("name", sorted(LISTS))
def test_personal_columns_are_masked_unless_asked(node: Node, name: str):
    """Without asking, no name, number, plate, address or complaint leaves in full."""
    commit(node, [Draft(VISIT, record(88), {"customer_name": "王小明"})]) if name == "visits" else None
    content = str(cells(export_list(node, name, show_personal=False).content))

    assert not any(value in content for value in ("王小明", "13800138000", "沪A12345", "Example Road", "刹车异响"))


def test_a_long_list_is_whole(node: Node):
    """Page after page, no row twice and none missing."""
    drafts = [Draft(CUSTOMER, record(1000 + number), {"full_name": f"Person {number}"}) for number in range(400)]
    commit(node, drafts)
    commit(node, [Draft(CUSTOMER, record(2000 + number), {"full_name": f"Other {number}"}) for number in range(400)])

    made = export_list(node, "customers", show_personal=True)

    names = [row[2] for row in cells(made.content)[1:]]
    assert made.row_count == len(names) == len(set(names)) == 801 > LIST_ROWS_MAX


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (date(2026, 9, 21), date(2026, 9, 21), ["RO-1"]),
        (date(2026, 9, 20), date(2026, 9, 22), ["RO-0", "RO-1", "RO-2"]),
        (date(2026, 9, 22), date(2026, 9, 30), ["RO-2"]),
        (date(2026, 9, 23), date(2026, 9, 30), []),
    ],
)
def test_some_days_of_the_visits(node: Node, first: date, last: date, found: list[str]):
    """Own orders opened from midnight of the first day to midnight after the last, in the site's time, oldest first."""
    midnight = local_midnight(date(2026, 9, 22), node.settings.utc_offset_minutes)
    for number, opened_at in (("RO-0", midnight - 2 * DAY_MS + 1), ("RO-2", midnight)):
        values: dict[str, Value] = {"ro_no": number, "vehicle_id": CAR, "opened_at": opened_at}
        commit(node, [Draft(VISIT, record(200 + int(number[-1])), values)])

    rows = cells(export_list(node, "visits", show_personal=False, period=Period(first, last)).content)

    assert [row[0] for row in rows[1:]] == found


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("customers", (date(2026, 1, 1), date(2026, 1, 2))),
        ("visits", (date(2026, 1, 2), date(2026, 1, 1))),
        ("visits", (date(2000, 1, 1), date(2020, 1, 1))),
        ("visits", (date.min, date.min)),
    ],
    ids=["a list without days", "ends before it begins", "twenty years", "the year 1"],
)
def test_a_period_that_means_nothing_is_refused(node: Node, name: str, period: tuple[date, date]):
    """Nothing is exported and nothing is noted."""
    with pytest.raises(BadValue):
        export_list(node, name, show_personal=False, period=Period(*period))

    assert accesses_of(node, None) == ()


def test_the_access_log_is_a_list_too(tmp_path: Path):
    """Who exported what can itself be taken out, with numbers instead of names."""
    site = build_site(tmp_path)
    export_list(site.as_admin, "staff", show_personal=True)

    _, row = cells(export_list(site.as_admin, "accesses", show_personal=False).content)

    assert row[1:] == ("B01", "exported", "staff, in full", 1)


def test_an_export_is_noted_before_it_is_handed_out(tmp_path: Path):
    """Who, which list, how many rows; masked or not."""
    site = build_site(tmp_path)
    export_list(site.as_admin, "staff", show_personal=True)
    export_list(site.as_admin, "staff", show_personal=False)

    noted = [(one.staff, one.access, one.subject, one.row_count) for one in accesses_of(site.node, site.admin)]

    subjects = ("staff, masked", "staff, in full")
    assert noted == [(site.admin, Access.EXPORTED, subject, 1) for subject in subjects]


def test_a_file_in_full_says_so_in_its_name(tmp_path: Path):
    """Whoever finds both in a folder knows which one must not be passed on."""
    site = build_site(tmp_path)

    names = [export_list(site.as_admin, "staff", show_personal=personal).name for personal in (False, True)]

    assert names == ["SHA01-staff-260921.xlsx", "SHA01-staff-in-full-260921.xlsx"]


def test_who_may_not_export_gets_nothing(tmp_path: Path):
    """An advisor is refused, and nothing is noted because nothing left."""
    site = build_site(tmp_path)
    advisor = hire(site, "A07", "advisor")

    refused = problems_of(lambda: export_list(acting_for(site.node, advisor), "customers", show_personal=False))

    assert refused == [("staff", ProblemCode.NOT_ALLOWED)]
    assert accesses_of(site.node, advisor) == ()


def test_a_list_nobody_knows_is_refused(node: Node):
    """The refusal names the lists there are."""
    with pytest.raises(BadValue) as refused:
        export_list(node, "passwords", show_personal=True)

    assert "customers" in refused.value.detail


def test_the_command_line_writes_the_same_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`export` writes the workbook and says how many rows it holds."""
    enrol_folder(tmp_path)
    desk = CliNode(tmp_path, capsys)
    desk.run("customers", "add", "--name", "张三", "--phone", "13800138000")

    said = desk("export", "customers", tmp_path / "out.xlsx", "--show-personal")

    assert said == {"file": str(tmp_path / "out.xlsx"), "rows": 1}
    assert cells((tmp_path / "out.xlsx").read_bytes())[1][2] == "张三"
