"""Whom to remind: found by the days themselves, locked where nobody may call, and done with once it was done."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.birthdays import Birthday, birthdays_within, month_days_of
from carnet_node.core.exchange.lists import LISTS
from support.api_node import PERSONAL, ApiNode, Json
from support.node_builder import build_node
from support.vins import make_vins

TODAY = date(2026, 9, 21)
"""The site's day when every test begins."""


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


def customer(desk: ApiNode, born: str | None = None, *, says: str = "", purpose: str = "marketing", **more: Any) -> str:
    """A customer who was born on a day and has said something about being called."""
    consents = [{"purpose": purpose, "statement": says, "stated_at": 1}] if says else []
    values = {"party_kind": "person", "full_name": "Test person", "birth_on": born, **more}
    form = {"values": values, "phones": [{"number": "13800138000"}], "consents": consents}
    return str(desk.made("/api/customers", form)["id"])


def car(desk: ApiNode) -> str:
    """A car."""
    return str(desk.made("/api/vehicles", {"vin": make_vins(1)[0]})["id"])


def due(desk: ApiNode, day: date | None = None) -> list[Json]:
    """What is due, with its days in full."""
    asked = "" if day is None else f"?day={day.isoformat()}"
    found: list[Json] = desk.get(f"/api/reminders/due{asked}", headers=PERSONAL)["due"]
    return found


def shown(lines: list[Json]) -> list[tuple[str, str, str | None]]:
    """Occasion, day and lock of each line."""
    return [(one["occasion"], one["due_on"], one["hold"]) for one in lines]


def reminder(desk: ApiNode, who: str, **values: Any) -> Json:
    """What noting a reminder of a birthday is answered."""
    said = {"occasion": "birthday", "due_on": "2026-09-23", "channel": "phone", "result": "reached", **values}
    return desk.ask("POST", "/api/reminders", {"customer_id": who, "values": said}).json()


@pytest.mark.parametrize(
    ("born", "more", "on"),
    [
        pytest.param("1990-09-24", {}, "2026-09-24", id="solar"),
        pytest.param("1990-08-13", {"birth_calendar": "lunar"}, "2026-09-23", id="lunar"),
    ],
)
def test_a_birthday_is_found_by_its_day(desk: ApiNode, born: str, more: dict[str, Any], on: str):
    """By either calendar, three days ahead; somebody born on another day is not looked at."""
    who = customer(desk, born, says="granted", **more)
    customer(desk, "1990-01-01", says="granted")

    lines = due(desk)

    assert shown(lines) == [("birthday", on, None)]
    assert (lines[0]["customer"]["id"], lines[0]["phone"]["values"]["number"]) == (who, "+8613800138000")


def test_the_day_of_a_birthday_is_masked_as_the_birthday(desk: ApiNode):
    """Whoever asks without personal values learns that it is near, not when."""
    customer(desk, "1990-09-24", says="granted")

    (line,) = desk.get("/api/reminders/due")["due"]

    assert line["due_on"] == "*" * 10
    assert "09-24" not in str(line)


@pytest.mark.parametrize(("says", "hold"), [("", "no consent"), ("withdrawn", "declined")])
def test_who_has_not_agreed_stands_there_locked(desk: ApiNode, says: str, hold: str):
    """Without a number to call; a reminder of it is refused."""
    who = customer(desk, "1990-09-23", says=says)

    (line,) = due(desk)
    refused = reminder(desk, who)

    assert (line["hold"], line["phone"]) == (hold, None)
    assert [(one["field"], one["code"]) for one in refused["errors"]] == [("customer_id", "locked")]


@pytest.mark.parametrize(("result", "stays"), [("reached", False), ("no_answer", True)])
def test_a_reminder_is_done_with_once_somebody_was_reached(desk: ApiNode, result: str, stays: bool):
    """After no answer it stays due."""
    who = customer(desk, "1990-09-23", says="granted")

    reminder(desk, who, result=result)

    assert bool(due(desk)) is stays


@pytest.mark.parametrize("missing", ["occasion", "due_on", "channel", "result"])
def test_a_reminder_says_what_came_of_it(desk: ApiNode, missing: str):
    """Occasion, day, way and result are all needed."""
    who = customer(desk, "1990-09-23", says="granted", purpose="marketing")

    refused = reminder(desk, who, **{missing: None})

    assert (missing, "missing") in [(one["field"], one["code"]) for one in refused["errors"]]
    assert len(due(desk)) == 1


def handed_over(desk: ApiNode, who: str, vehicle: str, next_service_on: str) -> Json:
    """An order that ended with the day of the next service."""
    form = {"vehicle_id": vehicle, "customer_id": who, "values": {"is_odometer_unknown": True}}
    order = desk.made("/api/visits", form)["view"]
    for step, more in (("complete", {}), ("settle", {}), ("close", {"values": {"next_service_on": next_service_on}})):
        body = {"based_on": order["visit"]["heads"], **more}
        order = desk.done(f"/api/visits/{order['visit']['id']}/{step}", body)["view"]
    return order


def test_a_service_is_due_a_fortnight_ahead_unless_the_car_has_come(desk: ApiNode):
    """The newest order of the car speaks; whoever has come since is not called."""
    who, vehicle = customer(desk), car(desk)
    handed_over(desk, who, vehicle, "2027-03-20")
    near = date(2027, 3, 6)

    before = [shown(due(desk, near - timedelta(1))), shown(due(desk, near))]
    desk.node.clock.ms += 1_000  # type: ignore[attr-defined]
    handed_over(desk, who, vehicle, "2028-03-20")

    assert before == [[], [("next_service", "2027-03-20", None)]]
    assert due(desk, near) == []


@pytest.mark.parametrize(("said", "due_on"), [({}, "2027-03-20"), ({"next_service_on": "2027-03-10"}, "2027-03-10")])
def test_a_correction_is_no_visit_since(desk: ApiNode, said: dict[str, str], due_on: str):
    """The first order's day stands, unless the correction says another one."""
    first = handed_over(desk, customer(desk), car(desk), "2027-03-20")
    desk.node.clock.ms += 1_000  # type: ignore[attr-defined]
    form = {"based_on": first["visit"]["heads"]}
    order = desk.made(f"/api/visits/{first['visit']['id']}/correct", form)["view"]

    for step, more in (("complete", {}), ("settle", {}), ("close", {"values": said})):
        body = {"based_on": order["visit"]["heads"], **more}
        order = desk.done(f"/api/visits/{order['visit']['id']}/{step}", body)["view"]

    assert shown(due(desk, date(2027, 3, 6))) == [("next_service", due_on, None)]


def test_papers_of_a_car_run_out(desk: ApiNode):
    """Insurance a month ahead, inspection two; a day that is moved is due then; who sold the car is left alone."""
    who, vehicle = customer(desk), car(desk)
    form = {
        "vehicle_id": vehicle,
        "customer_id": who,
        "values": {"insurance_until_on": "2026-10-21", "inspection_until_on": "2026-12-01"},
    }
    made = desk.made("/api/car-dates", form)["view"]

    first = shown(due(desk))
    change = {"based_on": made["heads"], "changes": {"inspection_until_on": "2026-11-20"}}
    desk.changed(f"/api/car-dates/{made['id']}", change)
    moved = shown(due(desk))
    sold = {"customer_id": who, "role": "owner", "values": {"to_on": "2026-09-01"}}
    desk.made(f"/api/vehicles/{vehicle}/owners", sold)

    assert first == [("insurance", "2026-10-21", None)]
    assert moved == [("insurance", "2026-10-21", None), ("inspection", "2026-11-20", None)]
    assert due(desk) == []


def test_the_due_list_can_be_taken_out(desk: ApiNode):
    """Each line with its day, whom to call, and why somebody is left alone."""
    customer(desk, "1990-09-23")

    (row,) = LISTS["due"].rows(desk.node, None)

    assert row == ("birthday", "2026-09-23", "Test person", None, None, None, None, "no consent")


@given(
    birthday=st.builds(
        Birthday,
        month=st.integers(1, 12),
        day=st.integers(1, 28) | st.sampled_from([29, 30]),
        is_lunar=st.booleans(),
        is_leap=st.booleans(),
    ),
    day=st.dates(date(1950, 1, 1), date(2098, 12, 31)),
)
def test_no_birthday_is_missed_by_its_month_and_day(birthday: Birthday, day: date):
    """Whoever has a birthday on a day was born as one of its months and days, in whichever calendar."""
    is_real = birthday.is_lunar or (birthday.month, birthday.day) != (2, 30)
    days = birthdays_within(birthday, day, day + timedelta(40)) if is_real else ()

    assert all(f"{birthday.month:02}-{birthday.day:02}" in month_days_of(one) for one in days)
