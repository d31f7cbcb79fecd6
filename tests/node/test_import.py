"""A former system is taken over once, completely, and nothing that was known is overwritten."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from carnet_node.adapters.csv_files import open_csv
from carnet_node.core.exchange.import_columns import ImportKind, guess_kind, lay_out
from carnet_node.core.exchange.import_rows import read_of
from carnet_node.core.exchange.importing import BatchReport, SourceRow, import_batch
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import DeskSettings, Node
from carnet_protocol.changeset import Draft, reread_set
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import (
    ADDRESS,
    CONTACT_PREFERENCE,
    CUSTOMER,
    JOB,
    LABOUR_LINE,
    ODOMETER_READING,
    OWNERSHIP,
    PHONE,
    PLATE,
    VEHICLE,
    VISIT,
)
from carnet_protocol.registry import Kind
from support.node_builder import build_node
from support.vins import with_right_digit

SAMPLES = Path(__file__).parents[2] / "node/src/carnet_node/data"


def a_vin(serial: int) -> str:
    """A VIN with a right check digit."""
    return with_right_digit(f"LSVAA4180M2{serial:06d}")


VIN = a_vin(100001)
CUSTOMER_HEADERS = ("客户编号", "客户类型", "姓名", "手机", "地址", "拒绝联系", "单位名称")
VEHICLE_HEADERS = ("车辆编号", "车架号", "车牌号", "车型", "颜色", "车主编号", "里程", "里程日期")
VISIT_HEADERS = (
    "工单号",
    "车辆编号",
    "客户编号",
    "状态",
    "进厂日期",
    "完工日期",
    "进厂里程",
    "故障描述",
    "金额",
    "付费类型",
)


def take(
    node: Node, kind: ImportKind, headers: Sequence[str], rows: Sequence[Sequence[str]], source: str = "old"
) -> BatchReport:
    """Import rows, numbered from 2 as in a spreadsheet."""
    numbered = [SourceRow(number, row) for number, row in enumerate(rows, start=2)]
    return import_batch(node, lay_out(kind, headers), source, numbered)


def take_customer(node: Node, *cells: str) -> BatchReport:
    """Import one customer."""
    return take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, [cells])


def all_of(node: Node, kind: Kind) -> list[dict[str, object]]:
    """Shown values of every record of a kind."""
    with node.store.read() as tx:
        return [dict(read_of(stored).values) for stored in tx.list_records(kind, None, 500)]


def sets_written(node: Node) -> int:
    """Sets in the log."""
    with node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    return chain.seq


def test_a_customer_comes_with_phone_address_and_preference(tmp_path: Path):
    """One row makes the customer and what belongs to it, normalised as if typed at the desk."""
    node = build_node(tmp_path)

    report = take_customer(node, "K1", "个人", "测试甲", "１３８ ００１３ ８０００", "测试路1号", "是", "")

    assert (report.imported, report.left_out) == (1, ())
    assert all_of(node, CUSTOMER)[0] == {"party_kind": "person", "full_name": "测试甲"}
    assert (all_of(node, PHONE)[0]["number"], all_of(node, PHONE)[0]["is_preferred"]) == ("+8613800138000", True)
    assert all_of(node, ADDRESS)[0]["street"] == "测试路1号"
    assert all_of(node, CONTACT_PREFERENCE)[0]["do_not_contact"] is True


def test_times_of_a_site_in_another_zone_are_read_as_its_own(tmp_path: Path):
    """A former system in Urumqi wrote 08:30 by its own clock, and the site's setting says which clock that is."""
    node = build_node(tmp_path, settings=DeskSettings(utc_offset_minutes=6 * 60))

    take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, [["F1", VIN, "", "", "", "", "100", "2024-03-07 08:30"]])

    assert all_of(node, ODOMETER_READING)[0]["read_at"] == 1709778600000


def test_a_row_with_a_company_name_alone_is_a_company(tmp_path: Path):
    """The kind of party follows from what is filled in when the file does not say it."""
    node = build_node(tmp_path)

    take_customer(node, "K1", "", "", "", "", "", "测试公司")

    assert all_of(node, CUSTOMER) == [{"party_kind": "company", "company_name": "测试公司"}]


def test_a_second_import_of_the_same_rows_changes_nothing(tmp_path: Path):
    """Former numbers that are known are counted and not looked at again."""
    node = build_node(tmp_path)
    rows = [[f"K{number}", "个人", "测试", "", "", "", ""] for number in range(5)]
    take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, rows)
    before = sets_written(node)

    report = take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, rows)

    assert (report.imported, report.known, sets_written(node)) == (0, 5, before)


def test_an_interrupted_import_goes_on_where_it_stopped(tmp_path: Path):
    """What the first run wrote is known to the second, which takes the rest."""
    node = build_node(tmp_path)
    rows = [[f"K{number}", "个人", "测试", "", "", "", ""] for number in range(6)]
    take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, rows[:4])

    report = take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, rows)

    assert (report.imported, report.known, len(all_of(node, CUSTOMER))) == (2, 4, 6)


def test_numbers_of_another_source_are_other_records(tmp_path: Path):
    """Two former systems may use one number for two customers."""
    node = build_node(tmp_path)
    take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, [["1", "", "测试甲", "", "", "", ""]], source="a")

    report = take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, [["1", "", "测试乙", "", "", "", ""]], source="b")

    assert (report.imported, len(all_of(node, CUSTOMER))) == (1, 2)


def test_a_bad_row_is_left_out_with_its_number_and_reason(tmp_path: Path):
    """The rows around it are taken; the reason names column and rule and not what stood there."""
    node = build_node(tmp_path)
    rows = [
        ["K1", "个人", "测试甲", "", "", "", ""],
        ["K2", "个人", "测试乙", "phone-123", "", "", ""],
        ["", "个人", "测试丙", "", "", "", ""],
        ["K4", "外星人", "测试丁", "", "", "", ""],
        ["K5", "个人", "测试戊", "", "", "", ""],
    ]

    report = take(node, ImportKind.CUSTOMERS, CUSTOMER_HEADERS, rows)

    assert (report.imported, [one.row.number for one in report.left_out]) == (2, [3, 4, 5])
    reasons = [one.reason for one in report.left_out]
    assert [reason.split(":")[0] for reason in reasons] == ["phone", "former_id", "party_kind"]
    assert not any(word in reason for reason in reasons for word in ("phone-123", "外星人", "测试"))


def test_a_birthday_to_come_is_left_out(tmp_path: Path):
    """A two-digit year that a spreadsheet put into the wrong century makes nobody a customer who is not born."""
    report = take(
        build_node(tmp_path), ImportKind.CUSTOMERS, ("客户编号", "姓名", "生日"), [["1", "测试甲", "2068-05-01"]]
    )

    assert (report.imported, [one.reason.partition(":")[0] for one in report.left_out]) == (0, ["birth_on"])


def test_a_number_that_comes_twice_in_a_file_is_left_out_the_second_time(tmp_path: Path):
    """Two rows under one number may be two customers, so a person looks at the second, in whichever batch it comes."""
    node = build_node(tmp_path)
    layout = lay_out(ImportKind.CUSTOMERS, CUSTOMER_HEADERS)
    rows = [SourceRow(number, ["7", "", name]) for number, name in ((2, "甲"), (3, "乙"), (9, "丙"))]
    earlier: dict[str, int] = {}

    reports = [import_batch(node, layout, "old", batch, earlier) for batch in (rows[:2], rows[2:])]

    assert [(report.imported, report.known) for report in reports] == [(1, 0), (0, 0)]
    left_out = [(one.row.number, one.reason) for report in reports for one in report.left_out]
    reason = "former_id: row 2 has this number already"
    assert left_out == [(3, reason), (9, reason)]
    assert [one["full_name"] for one in all_of(node, CUSTOMER)] == ["甲"]


def test_a_row_with_more_cells_than_columns_is_left_out(tmp_path: Path):
    """An amount that was torn apart at its comma is not taken for a smaller one."""
    headers = ("工单号", "车架号", "进厂日期", "金额")

    report = take(build_node(tmp_path), ImportKind.VISITS, headers, [["R1", VIN, "2024-01-02", "¥1", "234.50"]])

    assert (report.imported, [one.reason.partition(":")[0] for one in report.left_out]) == (0, ["row"])


def test_empty_cells_beyond_the_last_column_do_no_harm(tmp_path: Path):
    """Spreadsheets write separators for columns nobody filled."""
    assert take_customer(build_node(tmp_path), "7", "", "甲", "", "", "", "", "", " ").imported == 1


def test_a_row_without_any_name_asks_for_one(tmp_path: Path):
    """A customer without a name is taken for a person, who needs one."""
    report = take_customer(build_node(tmp_path), "7", "", "", "13800138000")

    assert [one.reason.partition(":")[0] for one in report.left_out] == ["full_name"]


def test_a_vehicle_comes_with_plate_owner_and_reading(tmp_path: Path):
    """A vehicle's row is tied to the customer of the customers' file."""
    node = build_node(tmp_path)
    take_customer(node, "K1", "个人", "测试甲", "", "", "", "")
    row = ["C1", VIN.lower(), "津 A·12345", "测试车型", "白", "K1", "５２，３００公里", "2024-03-07"]

    report = take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, [row])

    assert (report.imported, report.left_out) == (1, ())
    assert all_of(node, VEHICLE)[0]["vin"] == VIN
    assert all_of(node, PLATE)[0]["plate_no"] == "津A12345"
    assert all_of(node, OWNERSHIP)[0]["role"] == "owner"
    assert (all_of(node, ODOMETER_READING)[0]["odometer_km"], all_of(node, ODOMETER_READING)[0]["source"]) == (
        52300,
        "statement",
    )


@pytest.mark.parametrize(
    ("label", "row", "field"),
    [
        ("a mistyped VIN", ["C1", VIN[:-1] + "X", "", "", "", "", "", ""], "vin"),
        ("an owner who was never imported", ["C1", VIN, "", "", "", "K9", "", ""], "customer_former_id"),
        ("a reading without its day", ["C1", VIN, "", "", "", "", "100", ""], "odometer_at"),
    ],
)
def test_a_vehicle_that_does_not_hold_together_is_left_out(tmp_path: Path, label: str, row: list[str], field: str):
    """A row is taken whole or not at all."""
    node = build_node(tmp_path)

    report = take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, [row])

    assert (report.imported, report.left_out[0].reason.split(":")[0], all_of(node, VEHICLE)) == (0, field, []), label


def test_of_a_known_vehicle_only_empty_fields_are_filled(tmp_path: Path):
    """What somebody recorded since is worth more than the former system's copy."""
    node = build_node(tmp_path)
    commit(node, [Draft(VEHICLE, vehicle_id(VIN), {"vin": VIN, "color": "黑"})])

    take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, [["C1", VIN, "", "测试车型", "白", "", "", ""]])

    assert [(one["color"], one["model_name"]) for one in all_of(node, VEHICLE)] == [("黑", "测试车型")]


def test_two_rows_of_one_car_become_one_vehicle(tmp_path: Path):
    """A former system that listed a car twice leaves two numbers for one record."""
    node = build_node(tmp_path)
    rows = [["C1", VIN, "", "测试车型", "", "", "", ""], ["C2", VIN, "", "", "白", "", "", ""]]

    report = take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, rows)

    with node.store.read() as tx:
        records = {tx.former_record("old", "vehicles", former_id) for former_id in ("C1", "C2")}
    assert (report.imported, records, len(all_of(node, VEHICLE))) == (2, {vehicle_id(VIN)}, 1)


def visit_of(node: Node, *cells: str) -> BatchReport:
    """Import one visit of car C1 and customer K1."""
    take_customer(node, "K1", "个人", "测试甲", "", "", "", "")
    take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, [["C1", VIN, "", "", "", "", "", ""]])
    return take(node, ImportKind.VISITS, VISIT_HEADERS, [cells])


def test_a_visit_keeps_its_number_its_work_and_its_total(tmp_path: Path):
    """Order, job, line and odometer reading are made from one row, and the total is the sum of the lines."""
    node = build_node(tmp_path)

    report = visit_of(
        node, "W-7", "C1", "K1", "已结算", "2024-03-07", "2024-03-08", "52300", "异响", "1,234.50", "保修"
    )

    visit, job, line = all_of(node, VISIT)[0], all_of(node, JOB)[0], all_of(node, LABOUR_LINE)[0]
    assert (report.imported, report.left_out) == (1, ())
    assert (visit["ro_no"], visit["status"], visit["customer_name"], visit["warranty_fen"]) == (
        "W-7",
        "settled",
        "测试甲",
        123450,
    )
    assert (job["complaint"], job["pay_type"], line["amount_fen"]) == ("异响", "warranty", 123450)
    assert all_of(node, ODOMETER_READING)[0]["odometer_km"] == 52300


@pytest.mark.parametrize(
    ("typed", "completed", "status"),
    [("", "", "open"), ("", "2024-03-08", "completed"), ("完工", "", "completed"), ("已关闭", "", "closed")],
)
def test_a_visit_reaches_its_state_step_by_step(tmp_path: Path, typed: str, completed: str, status: str):
    """No state is skipped: each step is a set of its own, based on the one before."""
    node = build_node(tmp_path)
    before = {"open": 3, "completed": 4, "closed": 6}[status]

    visit_of(node, "W-7", "C1", "K1", typed, "2024-03-07", completed, "", "", "", "")

    assert (all_of(node, VISIT)[0]["status"], sets_written(node)) == (status, before)


def test_a_visit_without_a_reading_says_so(tmp_path: Path):
    """An empty cell means unknown and never zero."""
    node = build_node(tmp_path)

    visit_of(node, "W-7", "C1", "", "", "2024-03-07", "", "", "", "", "")

    assert (all_of(node, VISIT)[0].get("odometer_in_km"), all_of(node, VISIT)[0]["is_odometer_unknown"]) == (None, True)
    assert all_of(node, ODOMETER_READING) == []


def test_long_texts_are_spread_over_several_sets(tmp_path: Path):
    """A batch that does not fit one set is sealed into more, and every row of it arrives."""
    node = build_node(tmp_path)
    headers = ("客户编号", "姓名", "备注")
    rows = [[f"K{number}", "测试", "字" * 1000] for number in range(100)]

    report = take(node, ImportKind.CUSTOMERS, headers, rows)

    assert (report.imported, report.left_out, sets_written(node) > 1) == (100, (), True)


def test_the_map_of_former_numbers_is_in_no_set(tmp_path: Path):
    """Former numbers stay on this machine."""
    node = build_node(tmp_path)
    take_customer(node, "SECRET-NUMBER-77", "个人", "测试甲", "", "", "", "")

    with node.store.read() as tx:
        chain = tx.chain()
        assert chain is not None
        logged = tx.sets_from(chain.epoch, 1, 10)

    assert [reread_set(one.message, node.identity.hub_id).header.seq for one in logged] == [1]
    assert not any(b"SECRET-NUMBER-77" in one.message + one.opening for one in logged)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sample_files_are_taken_without_a_word(tmp_path: Path, language: str):
    """The samples that ship with the node import cleanly in order, in both languages."""
    node = build_node(tmp_path)

    for kind in ImportKind:
        file = open_csv(SAMPLES / f"{kind.value}.{language}.csv")
        layout = lay_out(guess_kind(file.headers), file.headers)
        rows = [SourceRow(number, cells) for number, cells in file.rows()]
        report = import_batch(node, layout, "sample", rows)
        assert (layout.kind, layout.ignored, report.imported, report.left_out) == (kind, (), file.row_count, ())


@pytest.mark.parametrize(
    ("opened", "completed", "reasons"),
    [
        ("2026-09-22", "", ["opened_at: The day is still to come. Correct the date."]),
        ("1900-01-01", "", ["opened_at: The day lies before 1970. Correct the date."]),
        ("2026-09-20", "2099-01-01", ["completed_at: The day is still to come. Correct the date."]),
        (
            "2024-03-07",
            "2023-03-07",
            ["completed_at: The work was done before the car arrived. Correct one of the dates."],
        ),
        ("2026-09-21", "2026-09-21", []),
        ("2024-03-07 15:00", "2024-03-07", []),
    ],
    ids=["tomorrow", "before clocks", "done in 2099", "done before arrival", "today", "the same day"],
)
def test_an_order_states_days_that_have_been(tmp_path: Path, opened: str, completed: str, reasons: list[str]):
    """A day to come, one before 1970, or work done before the car arrived leaves the row out and says why."""
    node = build_node(tmp_path)

    report = visit_of(node, "W-7", "C1", "", "", opened, completed, "", "", "", "")

    assert [one.reason for one in report.left_out] == reasons


def test_a_reading_of_a_day_to_come_is_left_out(tmp_path: Path):
    """A mistyped year cannot become the odometer that every page shows."""
    node = build_node(tmp_path)

    report = take(node, ImportKind.VEHICLES, VEHICLE_HEADERS, [["C1", VIN, "", "", "", "", "100", "2099-01-01"]])

    assert [one.reason for one in report.left_out] == ["odometer_at: The day is still to come. Correct the date."]
    assert all_of(node, ODOMETER_READING) == []
