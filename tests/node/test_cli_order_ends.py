"""The end of an order, whom to remind, and appointments at the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from support.cli_node import CliNode
from support.vins import make_vins

PART = "job=1;part_no=BP-1;quantity_hundredths=300;price_fen=500"
"""15 yuan."""

CUSTOMER, INSURER = "pay_type=customer;payer_kind=customer", "pay_type=customer;payer_kind=insurer"


@pytest.fixture
def customer(node: CliNode) -> str:
    """Somebody whose birthday is near, whatever day it is at the site."""
    born = f"1992-{day_in(1)[5:]}"
    return str(
        node("customers", "add", "--name", "Test person", "--phone", "13800138000", "--set", f"birth_on={born}")["id"]
    )


@pytest.fixture
def order(node: CliNode, customer: str) -> str:
    """A completed order of 1,500 fen."""
    job = "complaint=Squeal;pay_type=customer"
    said = ("--vin", make_vins(1)[0], "--customer", customer, "--km", 50_000, "--job", job, "--part", PART)
    visit = str(node("visits", "add", *said)["id"])
    node("visits", "complete", visit)
    return visit


def day_in(days: int) -> str:
    """A day to come, by the clock of the machine."""
    return (datetime.now(UTC) + timedelta(days)).date().isoformat()


def settled(node: CliNode, visit: str) -> Any:
    """The state of an order, and who paid what."""
    view = node("visits", "show", visit)
    shares = {one["values"]["payer_kind"]: one["values"]["share_fen"] for one in view["shares"]}
    return view["visit"]["values"]["status"], shares


def test_an_order_is_settled_in_full_by_whom_it_is_named_after(node: CliNode, order: str):
    """Without a word the customer pays what the lines come to."""
    node("visits", "settle", order)

    assert settled(node, order) == ("settled", {"customer": 1_500})


def test_a_bill_is_split_at_the_command_line(node: CliNode, order: str):
    """A discount, a percentage of what is due, and the rest."""
    said = ("--discount", "customer=101", "--discount-reason", "offer", "--share", f"{INSURER};percent=40")

    node("visits", "settle", order, *said, "--share", f"{CUSTOMER};pay_method=cash")

    assert settled(node, order) == ("settled", {"insurer": 560, "customer": 839})


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        pytest.param(["--share", f"{CUSTOMER};share_fen=1499"], ["customer_fen"], id="one fen too little"),
        pytest.param(
            ["--share", f"{CUSTOMER};share_fen=-1500"], ["shares[0].share_fen", "customer_fen"], id="below zero"
        ),
        pytest.param(["--discount", "customer=1"], ["discount_reason"], id="a discount without a reason"),
        pytest.param(["--share", CUSTOMER, "--share", INSURER], ["shares[1].share_fen"], id="two rests"),
    ],
)
def test_a_bill_that_does_not_add_up_is_refused_by_name(node: CliNode, order: str, said: list[str], fields: list[str]):
    """The exit code is 1, and the order stays completed."""
    refused = node("visits", "settle", order, *said)

    assert ([one["field"] for one in refused["error"]["problems"]], node.code) == (fields, 1)
    assert settled(node, order) == ("completed", {})


@pytest.mark.parametrize("said", [["--discount", "somebody=5"], ["--share", "percent=some"], ["--share", "what=1"]])
def test_what_is_no_share_is_refused(node: CliNode, order: str, said: list[str]):
    """A pay type, a percentage or a field that there is not."""
    node.run("visits", "settle", order, *said)

    assert (node.code, settled(node, order)) == (1, ("completed", {}))


def asked_about(node: CliNode) -> str:
    """A completed order of 1,500 fen with one job that its customer was asked about."""
    job = "op_name=Hose;pay_type=customer;approval=proposed"
    visit = str(node("visits", "add", "--vin", make_vins(1)[0], "--km", 50_000, "--job", job, "--part", PART)["id"])
    node("visits", "complete", visit)
    return visit


def test_a_job_without_an_answer_is_not_settled(node: CliNode):
    """The refusal names the job and what comes first; the exit code is 1, and the order stays completed."""
    visit = asked_about(node)

    (problem,) = node("visits", "settle", visit)["error"]["problems"]

    assert (node.code, problem["field"], problem["code"]) == (1, "approval", "missing")
    assert (problem["what"], problem["next"]) == (
        "Job 1 is proposed, and its customer has not answered.",
        "Note the answer first; work that is declined costs nothing.",
    )
    assert settled(node, visit) == ("completed", {})


@pytest.mark.parametrize(("approval", "paid"), [("approved", {"customer": 1_500}), ("declined", {})])
def test_an_answer_is_noted_and_the_order_settled(node: CliNode, approval: str, paid: dict[str, int]):
    """The id of the job stands in what `visits show` says; declined work costs nothing."""
    visit = asked_about(node)
    job = node("visits", "show", visit)["jobs"][0]["job"]["id"]

    node("visits", "answer", visit, "--job", job, "--approval", approval, "--channel", "phone")
    node("visits", "settle", visit)

    assert settled(node, visit) == ("settled", paid)


@pytest.mark.parametrize(
    ("approval", "channel", "field"), [("proposed", "phone", "approval"), ("approved", "", "approval_channel")]
)
def test_an_answer_that_is_none_is_refused(node: CliNode, approval: str, channel: str, field: str):
    """Neither approved nor declined, or nobody says how the customer was asked."""
    visit = asked_about(node)
    job = node("visits", "show", visit)["jobs"][0]["job"]["id"]

    refused = node("visits", "answer", visit, "--job", job, "--approval", approval, "--channel", channel)

    assert (node.code, [one["field"] for one in refused["error"]["problems"]]) == (1, [field])


def test_a_settled_order_is_not_voided(node: CliNode, order: str):
    """The refusal says what to do instead."""
    node("visits", "settle", order)

    refused = node("visits", "void", order, "--reason", "wrong")

    assert (node.code, "correction order" in str(refused)) == (1, True)


def test_a_car_is_handed_over_with_its_next_service_and_a_word_on_calls(node: CliNode, order: str, customer: str):
    """The day stands on the order, the consent with the customer."""
    node("visits", "settle", order)

    node("visits", "close", order, "--km-out", 50_020, "--next-service-on", day_in(180), "--may-call")

    values = node("visits", "show", order)["visit"]["values"]
    assert (values["status"], values["odometer_out_km"], values["next_service_on"]) == ("closed", 50_020, day_in(180))
    assert [one["values"]["purpose"] for one in node("customers", "show", customer)["consents"]] == ["service"]


def test_a_settled_order_is_put_right_by_another(node: CliNode, order: str):
    """It begins with the same work, and there is one at a time."""
    node("visits", "settle", order)

    opened = node("visits", "correct", order)
    node("visits", "correct", order)

    assert node.code == 1
    view = node("visits", "show", opened["id"])
    assert (view["visit"]["values"]["corrects_id"], view["credit"]["customer"]) == (order, 1_500)


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        pytest.param((), {}, id="as before"),
        pytest.param(("--discount", "customer=0"), {"customer": 101}, id="taken back, as was said"),
    ],
)
def test_a_correction_keeps_the_discount_at_the_command_line(
    node: CliNode, order: str, said: tuple[str, ...], shares: dict[str, int]
):
    """Settled without a word it takes back nothing that was let off."""
    node("visits", "settle", order, "--discount", "customer=101", "--discount-reason", "offer")
    correction = node("visits", "correct", order)["id"]
    node("visits", "complete", correction)

    node("visits", "settle", correction, *said)

    assert settled(node, correction) == ("settled", shares)


def test_who_has_not_agreed_is_listed_and_refused(node: CliNode, customer: str, tmp_path: Path):
    """The line says why, without a number; a reminder of it is refused; the workbook has the same line."""
    (line,) = node("due", "list", "--show-personal", "--xlsx", tmp_path / "due.xlsx")

    refused = node("due", "note", customer, "--occasion", "birthday", "--due-on", line["due_on"], "--result", "reached")

    rows = list(openpyxl.load_workbook(tmp_path / "due.xlsx").worksheets[0].iter_rows(values_only=True))
    assert (line["occasion"], line["hold"], line["phone"]) == ("birthday", "no consent", None)
    assert (refused["error"]["problems"][0]["field"], node.code) == ("customer_id", 1)
    assert (len(rows), "no consent" in rows[1]) == (2, True)


def test_the_day_of_a_birthday_is_masked_unless_asked_for(node: CliNode, customer: str):
    """Neither the day nor the name stands on the screen."""
    (line,) = node("due", "list")

    assert (line["customer_id"], line["due_on"], "Test person" in str(line)) == (customer, "*" * 10, False)


def test_insurance_is_due_and_done_with_when_somebody_was_reached(node: CliNode, customer: str):
    """The day is stated for the one who has the car; on another day the list is another one."""
    vehicle = node("vehicles", "add", make_vins(1)[0], "--owner", customer)["id"]
    due_on = day_in(20)
    node("due", "dates", vehicle, "--set", f"insurance_until_on={due_on}")

    listed = [one["occasion"] for one in node("due", "list")]
    said = ("--occasion", "insurance", "--due-on", due_on, "--result", "booked", "--vehicle", vehicle)
    node("due", "note", customer, *said)

    assert sorted(listed) == ["birthday", "insurance"]
    assert [one["occasion"] for one in node("due", "list")] == ["birthday"]
    assert node("due", "list", "--day", "2019-01-01") == []


def test_a_car_of_nobody_has_no_days(node: CliNode):
    """There is nobody to remind."""
    vehicle = node("vehicles", "add", make_vins(1)[0])["id"]

    refused = node("due", "dates", vehicle, "--set", "insurance_until_on=2030-01-01")

    assert (refused["error"]["problems"][0]["code"], node.code) == ("not-found", 1)


def test_an_appointment_goes_its_way(node: CliNode, order: str):
    """Noted with a plate alone, seen in the list, come with its order; what has come is not missed."""
    made = node("appointments", "note", "--set", "plate_no=津A12345", "--set", "wish=Service")
    listed = [one["values"]["status"] for one in node("appointments", "list")]

    node("appointments", "arrive", made["id"], "--visit", order)
    node("appointments", "no-show", made["id"])

    assert (listed, node.code) == (["requested"], 1)
    assert node("appointments", "show", made["id"])["values"]["status"] == "arrived"


def test_an_appointment_that_was_cancelled_is_booked_again(node: CliNode):
    """Another one follows; it names the one before."""
    made = node("appointments", "note", "--set", "plate_no=津A12345")
    node("appointments", "cancel", made["id"], "--reason", "customer_wish")

    again = node("appointments", "rebook", made["id"], "--reason", "customer_wish")

    assert node("appointments", "show", again["id"])["values"]["follows_id"] == made["id"]


def test_the_car_of_an_order_is_booked_to_come_back(node: CliNode, order: str):
    """The appointment names the order and its reason; an order that is settled is booked no more."""
    made = node("appointments", "book-order", order, "--reason", "parts", "--set", "channel=wechat")
    node("visits", "settle", order)
    said = node("appointments", "show", made["id"])["values"]

    refused = node("appointments", "book-order", order, "--reason", "parts")

    assert (said["visit_id"], said["rebooked_because"], said["channel"]) == (order, "parts", "wechat")
    assert (refused["error"]["problems"][0]["field"], node.code) == ("status", 1)


def test_a_slot_behind_is_refused(node: CliNode):
    """Nobody is booked into the past, and a day without hours has nothing free."""
    made = node("appointments", "note", "--set", "plate_no=津A12345")

    node.run(
        "appointments",
        "plan",
        made["id"],
        "--set",
        "starts_at=2019-01-01T08:00:00+08:00",
        "--set",
        "planned_minutes=60",
    )
    code = node.code

    assert (code, node("appointments", "free", "--minutes", 60)["starts_at"]) == (1, [])
