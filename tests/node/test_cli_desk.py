"""Customers, vehicles and repair orders at the command line: recorded, shown, found, changed, taken away."""

import pytest

from support.cli_node import CliNode
from support.vins import with_right_digit

VIN = with_right_digit("LSVAA4180M2100001")
NOBODY = "00000000-0000-7000-8000-000000000000"


def test_a_customer_is_recorded_shown_edited_and_taken_away(node: CliNode):
    """The whole life of a customer at the command line."""
    added = node("customers", "add", "--name", "Test person", "--phone", "138 0013 8000", "--address", "Test Road 1")
    shown = node("customers", "show", added["id"], "--show-personal")
    node("customers", "edit", added["id"], "--set", "full_name=Other person", "--phone", "13900139000")
    edited = node("customers", "show", added["id"], "--show-personal")
    node("customers", "void", added["id"])
    gone = node("customers", "show", added["id"])

    assert (shown["customer"]["values"]["full_name"], shown["phones"][0]["values"]["number"]) == (
        "Test person",
        "+8613800138000",
    )
    assert (edited["customer"]["values"]["full_name"], len(edited["phones"])) == ("Other person", 2)
    assert (gone["error"]["code"], node.code) == ("not-found", 1)


def test_personal_values_are_masked_unless_asked_for(node: CliNode):
    """A screen that somebody looks at over a shoulder shows neither name nor number."""
    added = node("customers", "add", "--name", "Test person", "--phone", "13800138000", "--address", "Test Road 1")

    node.run("customers", "show", added["id"])

    assert not any(word in node.said for word in ("Test person", "13800138000", "Test Road"))
    assert "T**********" in node.said
    assert "8000" in node.said


def test_a_customer_is_found_by_phone_and_by_name(node: CliNode):
    """The one box knows numbers, their last four digits, and beginnings of names."""
    added = node("customers", "add", "--name", "Test person", "--phone", "13800138000")

    found = [node("customers", "find", text) for text in ("13800138000", "8000", "Test")]

    assert [[hit["id"] for hit in hits] for hits in found] == [[added["id"]]] * 3


def test_an_edit_names_what_it_was_based_on(node: CliNode):
    """An edit from an older view stands beside the newer value: both are kept and the list of conflicts shows it."""
    added = node("customers", "add", "--company", "Test company")
    heads = node("customers", "show", added["id"])["customer"]["heads"]
    node("customers", "edit", added["id"], "--set", "segment=company")
    node("customers", "edit", added["id"], "--set", "segment=taxi", "--based-on", heads)

    conflicts = node("conflicts", "list")

    assert [(one["register"], one["overruled"]["values"], one["can_restore"]) for one in conflicts] == [
        ("segment", {"segment": "company"}, True)
    ]


def test_an_overruled_value_is_restored_by_one_command(node: CliNode):
    """What the list of conflicts names is brought back, and the list is empty afterwards."""
    added = node("customers", "add", "--company", "Test company")
    heads = node("customers", "show", added["id"])["customer"]["heads"]
    node("customers", "edit", added["id"], "--set", "segment=company")
    node("customers", "edit", added["id"], "--set", "segment=taxi", "--based-on", heads)
    (one,) = node("conflicts", "list")

    node("conflicts", "restore", one["kind"], one["id"], one["register"], one["overruled"]["op"])

    shown = node("customers", "show", added["id"])["customer"]
    assert (shown["values"]["segment"], node("conflicts", "list")) == ("company", [])


def test_a_vehicle_is_recorded_once_per_vin(node: CliNode):
    """The same VIN leads to the same record, and a plate it carries already is not written twice."""
    first = node("vehicles", "add", VIN.lower(), "--plate", "津 A·12345", "--km", 5000)
    second = node("vehicles", "add", VIN, "--plate", "津A12345")

    view = node("vehicles", "show", first["id"], "--show-personal")
    assert (first["id"] == second["id"], [one["values"]["plate_no"] for one in view["plates"]]) == (True, ["津A12345"])
    assert view["odometer"]["served_km"] == 5000


def test_a_lower_reading_is_kept_and_flagged(node: CliNode):
    """The higher reading is served; the lower one is neither refused nor lost."""
    vehicle = node("vehicles", "add", VIN, "--km", 5000)["id"]
    node("vehicles", "edit", vehicle, "--km", 4000)

    odometer = node("vehicles", "show", vehicle)["odometer"]

    assert (odometer["served_km"], odometer["is_flagged"], len(odometer["readings"])) == (5000, True, 2)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        pytest.param("customers", ("--phone", "13900139000"), id="a phone of a customer"),
        pytest.param("vehicles", ("--plate", "沪A12345"), id="a plate of a car"),
    ],
)
def test_what_is_added_to_a_record_is_told_as_a_change_of_it(node: CliNode, kind: str, more: tuple):
    """An edit names the record that was meant, whichever records it wrote."""
    named = {"customers": ("--name", "Test person"), "vehicles": (VIN,)}[kind]
    added = node(kind, "add", *named)

    edited = node(kind, "edit", added["id"], *more)

    assert (edited["changed"], edited["id"]) == (True, added["id"])


def test_a_mistyped_vin_is_refused_with_what_is_wrong(node: CliNode):
    """The refusal names the field and the rule, and not the number."""
    told = node("vehicles", "add", VIN[:-1] + "X")

    error = told["error"]
    assert (node.code, error["code"], error["field"], VIN[:-1] in str(error)) == (1, "bad-vin", "vin", False)


def test_nobody_is_born_tomorrow(node: CliNode):
    """A birthday to come is refused in a new customer and in a change."""
    customer = node("customers", "add", "--name", "测试甲")["id"]

    told = [
        node("customers", "add", "--name", "测试乙", "--set", "birth_on=2199-12-31"),
        node("customers", "edit", customer, "--set", "birth_on=2199-12-31"),
    ]

    assert [(one["error"]["code"], one["error"]["field"]) for one in told] == [("bad-field", "birth_on")] * 2


def open_visit(node: CliNode, *more: object) -> dict[str, str]:
    """A repair order for the test car."""
    answer: dict[str, str] = node("visits", "add", "--vin", VIN, "--km", 5100, *more)
    return answer


def test_a_visit_is_opened_with_work_and_a_number(node: CliNode):
    """Jobs and lines come with the order, the total is their sum, and the number needs no line."""
    opened = open_visit(
        node,
        *("--job", "complaint=Squeal;pay_type=warranty"),
        *("--part", "job=1;part_no=BP-1;quantity_hundredths=200;price_fen=12000"),
        *("--labour", "job=1;labour_name=Brakes;actual_hours=150;rate_fen=10000"),
    )

    view = node("visits", "show", opened["id"])
    assert (opened["ro_no"].startswith("TJ01-RO-"), view["totals"]["warranty_fen"]) == (True, 39000)
    assert view["visit"]["values"]["odometer_in_km"] == 5100


def test_a_visit_goes_through_its_states(node: CliNode):
    """Completed, settled, closed: each step follows the one before."""
    visit = open_visit(node)["id"]
    states = []
    for step in ("complete", "settle", "close"):
        node("visits", step, visit)
        states.append(node("visits", "show", visit)["visit"]["values"]["status"])

    assert states == ["completed", "settled", "closed"]


def test_a_state_cannot_be_skipped(node: CliNode):
    """An open order is not settled; nothing changes and the advice names the states."""
    visit = open_visit(node)["id"]

    told = node("visits", "settle", visit)

    assert (node.code, told["error"]["code"]) == (1, "illegal-transition")


def test_a_visit_is_voided_with_a_reason(node: CliNode):
    """A voided order stays readable with its number and its reason."""
    opened = open_visit(node)
    without = node.run("visits", "void", opened["id"])

    node("visits", "void", opened["id"], "--reason", "entered twice")

    values = node("visits", "show", opened["id"], "--show-personal")["visit"]["values"]
    assert (without, values["status"], values["void_reason"], values["ro_no"]) == (
        2,
        "void",
        "entered twice",
        opened["ro_no"],
    )


@pytest.mark.parametrize(
    ("command", "field"),
    [
        pytest.param(("visits", "add", "--vehicle", NOBODY, "--km", 5100), "vehicle_id", id="an order's car"),
        pytest.param(("visits", "add", "--vin", VIN, "--customer", NOBODY, "--km", 5100), "customer_id", id="customer"),
        pytest.param(("vehicles", "add", VIN, "--owner", NOBODY), "customer_id", id="a car's owner"),
    ],
)
def test_what_is_not_here_is_not_referred_to(node: CliNode, command: tuple, field: str):
    """A mistyped id is refused at the command line as it is in the API."""
    told = node(*command)

    assert [(one["field"], one["code"]) for one in told["error"]["problems"]] == [(field, "not-found")]


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(("--plate", "浙"), id="a plate that is none"),
        pytest.param(("--owner", NOBODY), id="an owner who is not here"),
        pytest.param(("--km", -5), id="a reading that is none"),
    ],
)
def test_a_car_is_not_saved_without_what_was_entered_with_it(node: CliNode, part: tuple):
    """What is wrong with a part of it leaves no car behind that somebody would have to look for."""
    node("vehicles", "add", VIN, *part)

    assert (node.code != 0, node("vehicles", "list")) == (True, [])


def test_a_visit_needs_a_word_about_the_odometer(node: CliNode):
    """Neither a reading nor "unknown" is refused; unknown is accepted when stated."""
    refused = node("visits", "add", "--vin", VIN)
    accepted = node("visits", "add", "--vin", VIN, "--km-unknown")

    assert (refused["error"]["field"], "id" in accepted) == ("odometer_in_km", True)


def test_a_reading_alone_is_a_change(node: CliNode):
    """An edit that only adds a reading says that it saved it."""
    added = node("vehicles", "add", VIN)

    saved = node("vehicles", "edit", added["id"], "--km", "52300")

    assert saved["changed"] is True
    assert node("vehicles", "show", added["id"])["odometer"]["served_km"] == 52300


def test_a_reading_may_be_typed_in_full_width(node: CliNode):
    """Digits of a Chinese input method are digits; anything else is wrong usage."""
    added = node("vehicles", "add", VIN, "--km", "５２３００")
    shown = node("vehicles", "show", added["id"])["odometer"]["served_km"]

    wrong = [node("vehicles", "edit", added["id"], "--km", text)["error"]["code"] for text in ("-1", "many", "")]

    assert (shown, wrong, node.code) == (52300, ["usage"] * 3, 2)


def test_a_masked_value_is_not_taken_for_a_new_one(node: CliNode):
    """What a list shows of a name cannot replace the name."""
    added = node("customers", "add", "--name", "王小明")

    told = node("customers", "edit", added["id"], "--set", "full_name=王**")

    assert (node.code, told["error"]["field"]) == (1, "full_name")
    assert node("customers", "show", added["id"], "--show-personal")["customer"]["values"]["full_name"] == "王小明"


def test_heads_that_no_view_gave_out_are_named(node: CliNode):
    """A mistyped `--based-on` says where the right one is."""
    added = node("customers", "add", "--name", "王小明")

    told = node("customers", "edit", added["id"], "--set", "segment=taxi", "--based-on", "nonsense")

    assert (node.code, told["error"]["field"], "show --json" in told["error"]["what"]) == (1, "based_on", True)


def test_an_import_says_what_came_of_it(node: CliNode):
    """Counts, where the rows lie that were left out, and the encoding when it was guessed."""
    table = node.folder / "客户.csv"
    table.write_text("客户编号,姓名,手机,星座\n1,王小明,13800138000,\n2,李四,abc,\n", encoding="gbk")

    node.run("import", table)

    assert (node.code, node.complained) == (1, "")
    assert node.said.splitlines() == [
        "2 rows of customers: 1 imported, 0 known already, 1 left out.",
        f"{table.with_name('客户.rejected.csv')} holds what was left out, and why. Mend the rows and import that file.",
        "Columns that mean nothing here: 星座.",
        "The file was read as GB18030: look whether the names are right.",
    ]


def test_an_import_names_the_rows_that_deserve_a_look(node: CliNode):
    """A number with a digit too few is taken as written, and told by its row and column, never by its value."""
    table = node.folder / "a.csv"
    table.write_text("former_id,full_name,phone\n1,张三,1380013800\n2,李四,13800138000\n", encoding="utf-8")

    told = node("import", table)
    row = {key: told["remarks"][0][key] for key in ("row", "column")}

    assert (told["imported"], told["remarked"], row) == (2, 1, {"row": 2, "column": "phone"})
    assert "1380013800" not in told["remarks"][0]["remark"]


def test_an_import_names_the_rows_whose_customer_is_on_file(node: CliNode):
    """The second row is taken over as well, and said to be a second file of one person, without the values."""
    first, second = node.folder / "a.csv", node.folder / "b.csv"
    for number, table in enumerate((first, second)):
        table.write_text(f"former_id,full_name,phone\n{number},张三,13800138000\n", encoding="utf-8")

    told = [node("import", table) for table in (first, second)]

    assert [(one["imported"], one["remarked"]) for one in told] == [(1, 0), (1, 1)]
    assert [one for one in ("张三", "13800138000") if one in told[1]["remarks"][0]["remark"]] == []


def test_the_file_of_left_out_rows_can_be_imported_as_it_is(node: CliNode):
    """Its first two columns are read over without a word."""
    table = node.folder / "a.csv"
    table.write_text("former_id,full_name,phone\n2,李四,abc\n", encoding="utf-8")
    left_out = node("import", table)["rejected_file"]
    mended = node.folder / "mended.csv"
    text = (node.folder / left_out).read_text("utf-8-sig")
    mended.write_text(text.replace("李四,abc", "李四,13800138000"), encoding="utf-8")

    again = node("import", mended)

    assert (again["imported"], again["ignored_columns"]) == (1, [])
