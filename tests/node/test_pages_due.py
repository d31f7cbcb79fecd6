"""The due list and the days of a car on the pages: consent holds, a result is needed, every day is a day."""

from datetime import date, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.editing import new_owner_drafts, plate_drafts, require_customer
from carnet_node.core.saving.reminding import due_today
from carnet_node.core.showing.car_dates import dates_of_car
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.node_builder import build_node
from support.vins import make_vins

NUMBER = "13800138000"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


def born_today(node: Node, says: str = "granted", **more: Value) -> RecordId:
    """A customer whose birthday is today, and what they said about offers."""
    values: dict[str, Value] = {"party_kind": "person", "full_name": "王测试", **more}
    values.setdefault("birth_on", f"1992-{site_day(node):%m-%d}")
    said: list[dict[str, Value]] = [{"purpose": "marketing", "statement": says, "stated_at": 1}] if says else []
    command = AddCustomer(values, [{"number": NUMBER}], consents=said)
    return save(node, partial(add_customer, command)).records[0]


def car_of(node: Node, customer: RecordId) -> RecordId:
    """A car with a plate that the customer owns."""
    vehicle = save_vehicle(
        node,
        AddVehicle(make_vins(1)[0], VinPolicy.STRICT),
        lambda record, new_id: plate_drafts(node, record, {"plate_no": "津A12345"}, new_id),
    ).vehicle
    save(node, lambda _: new_owner_drafts(node, vehicle, customer, "owner", {}))
    return vehicle


def test_a_reminder_is_noted_with_what_came_of_it(node: Node, desk: Visitor):
    """Whoever was reached is gone from the list."""
    born_today(node)
    page = desk.open("/due")

    answer = desk.submit(page, "/due/reminders", {"result": "reached"})

    assert "王测试" in page
    assert (answer.status_code, answer.headers["location"]) == (303, "/due")
    assert "王测试" not in desk.open("/due")


def test_a_reminder_without_a_result_is_refused_at_its_row(node: Node, desk: Visitor):
    """The list comes back with what was chosen, and the customer is still due."""
    born_today(node)

    refused = desk.submit(desk.open("/due"), "/due/reminders", {"channel": "wechat"})

    assert refused.status_code == 422
    assert 'href="#f-result"' in refused.text
    assert 'id="f-result"' in refused.text
    assert '<option value="wechat" selected>' in refused.text
    assert len(due_today(node)) == 1


@pytest.mark.parametrize(("says", "why"), [("", "Has not agreed"), ("withdrawn", "Declined")])
def test_who_has_not_agreed_stands_there_without_a_form_or_a_number(node: Node, desk: Visitor, says: str, why: str):
    """The reason stands instead."""
    born_today(node, says)

    page = desk.open("/due")

    assert why in page
    assert ("/due/reminders" in page, "data-reveal" in page) == (False, False)


def test_a_consent_that_was_withdrawn_meanwhile_is_respected(node: Node, desk: Visitor):
    """A page that was open before may not note a call any more."""
    who = born_today(node)
    old = desk.open("/due")
    address = f"/customers/{record_text(who)}"
    said = {"purpose": "marketing", "statement": "withdrawn"}
    desk.submit(desk.open(address), f"{address}/consents", said)

    refused = desk.submit(old, "/due/reminders", {"result": "reached"})

    assert refused.status_code == 422
    assert "does not want to be called" in refused.text


def test_another_day_is_looked_at_and_come_back_to(node: Node, desk: Visitor):
    """Tomorrow's list has tomorrow's birthdays; noting one there leads back there."""
    tomorrow = site_day(node) + timedelta(4)
    born_today(node, birth_on=f"1992-{tomorrow:%m-%d}")
    address = f"/due?day={tomorrow}"
    page = desk.open(address)

    answer = desk.submit(page, "/due/reminders", {"result": "sent"})

    assert ("王测试" in page, "王测试" in desk.open("/due")) == (True, False)
    assert answer.headers["location"] == address


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "2026-13-01"])
def test_a_day_that_does_not_exist_is_no_page(desk: Visitor, day: str):
    """It is refused by name."""
    answer = desk.ask("GET", f"/due?day={day}")

    assert answer.status_code == 422
    assert "YYYY-MM-DD" in answer.text


def test_days_of_a_car_are_stated_changed_and_taken_away(node: Node, desk: Visitor):
    """Once for the customer who holds it; the list of whom to remind follows, with the plate."""
    vehicle = car_of(node, born_today(node, "", birth_on=None))
    address, soon = f"/vehicles/{record_text(vehicle)}/dates", site_day(node) + timedelta(10)

    def say(insured: date | str, inspected: date | str = "") -> None:
        typed = {"dates[0].insurance_until_on": str(insured), "dates[0].inspection_until_on": str(inspected)}
        assert desk.submit(desk.open(address), address, typed).status_code == 303

    say(soon)
    first = desk.open("/due")
    say(soon + timedelta(400), soon)
    moved = [(one.due.occasion, one.due.due_on, one.plate) for one in due_today(node)]
    say("")

    assert ("Insurance" in first, "津A12345" in first) == (True, True)
    assert moved == [("inspection", soon, "津A12345")]
    assert due_today(node) == ()


@pytest.mark.parametrize("text", ["2026-02-30", "1850-01-01", "soon"])
def test_a_day_that_cannot_be_is_refused_at_its_field(node: Node, desk: Visitor, text: str):
    """Nothing is saved, and the text stands there again."""
    vehicle = car_of(node, born_today(node, ""))
    address = f"/vehicles/{record_text(vehicle)}/dates"

    refused = desk.submit(desk.open(address), address, {"dates[0].insurance_until_on": text})

    assert refused.status_code == 422
    assert 'href="#f-dates-0-insurance_until_on"' in refused.text
    assert f'value="{text}"' in refused.text
    found = dates_of_car(node, vehicle)
    assert found is not None
    assert [one.dates for one in found.customers] == [None]


def test_a_car_of_nobody_has_no_days(node: Node, desk: Visitor):
    """The page says what to enter first."""
    vehicle = save_vehicle(node, AddVehicle(make_vins(1)[0], VinPolicy.STRICT)).vehicle

    page = desk.open(f"/vehicles/{record_text(vehicle)}/dates")

    assert "Enter its owner first" in page


@pytest.mark.parametrize(
    ("born", "leap", "what"),
    [
        ("2025-05-01", "1", "That lunar year has no such leap month."),
        ("2025-06-30", "1", "That lunar month has 29 days."),
        ("2025-01-31", "", "That lunar month has 30 days."),
    ],
)
def test_a_lunar_birthday_that_does_not_exist_is_refused_with_why(desk: Visitor, born: str, leap: str, what: str):
    """The form of a customer knows leap months, and says which one there is not."""
    typed = {
        "full_name": "王测试",
        "birth_on": born,
        "birth_calendar": "lunar",
        **({"birth_leap_month": leap} if leap else {}),
    }

    refused = desk.submit(desk.open("/customers/new"), "/customers/new", typed)

    assert refused.status_code == 422
    assert what in refused.text


def test_a_birthday_in_a_leap_month_is_recorded(node: Node, desk: Visitor):
    """The box stands beside the calendar, and is ticked when the form is opened again."""
    typed = {"full_name": "王测试", "birth_on": "2025-06-10", "birth_calendar": "lunar", "birth_leap_month": "1"}

    address = desk.submit(desk.open("/customers/new"), "/customers/new", typed).headers["location"]

    who = RecordId(bytes.fromhex(address.rsplit("/", 1)[1].replace("-", "")))
    assert require_customer(node, who).customer.values["birth_leap_month"] is True
    assert 'name="birth_leap_month" type="checkbox" value="1" checked' in desk.open(f"{address}/edit")


@pytest.mark.parametrize(("ahead", "people"), [(0, 0), (30, 1)])
def test_the_day_that_is_shown_is_taken_out(node: Node, desk: Visitor, ahead: int, people: int):
    """Not today's list: the birthday of a month ahead stands in the workbook of that day alone, which is named so."""
    day = site_day(node) + timedelta(days=ahead)
    born_today(node, birth_on=f"1992-{site_day(node) + timedelta(days=30):%m-%d}")

    made = desk.submit(desk.open(f"/due?day={day}"), "/due/export", {})

    (sheet,) = openpyxl.load_workbook(BytesIO(made.content)).worksheets
    assert (made.status_code, sheet.max_row - 1) == (200, people)
    assert made.headers["content-disposition"].endswith(f'-due-{day:%y%m%d}.xlsx"')


def test_the_workbook_hides_the_day_of_a_birthday_alone(node: Node, desk: Visitor):
    """Until when a car is insured is no secret; name and plate stay masked."""
    soon = site_day(node) + timedelta(10)
    address = f"/vehicles/{record_text(car_of(node, born_today(node)))}/dates"
    desk.submit(desk.open(address), address, {"dates[0].insurance_until_on": str(soon)})

    made = desk.submit(desk.open("/due"), "/due/export", {})

    (sheet,) = openpyxl.load_workbook(BytesIO(made.content)).worksheets
    _, *rows = sheet.iter_rows(values_only=True)
    assert [(str(row[1]), row[4]) for row in rows] == [("**********", None), (f"{soon} 00:00:00", "***2345")]
