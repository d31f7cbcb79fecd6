"""Appointments over JSON: from a call to the car, and no bay twice."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.shop_limits import NO_SHOW_GRACE_MINUTES
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import VISIT
from support.api_node import PERSONAL, ApiNode, Json
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import DEALER_B, START_MS, build_node

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
CALL = {"caller_phone": "13800138000", "plate_no": "湘A12345", "wish": "brakes squeal"}


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node whose site is open all day, every day."""
    desk = ApiNode(build_node(tmp_path))
    for weekday in range(1, 8):
        hours = {"weekday": weekday, "opens_minute": 0, "closes_minute": 1440, "slot_minutes": 60}
        desk.made("/api/arrangements/booking_hours", {"values": hours})
    return desk


def slot(hours: int, **more: Any) -> Json:
    """Half an hour at bay B1 that begins so many hours from now, a quarter past ten in the evening."""
    at = datetime.fromtimestamp((START_MS + hours * HOUR_MS) / 1000, UTC).isoformat()
    return {"starts_at": at, "planned_minutes": 30, "bay_code": "B1", **more}


def noted(desk: ApiNode, **values: Any) -> Json:
    """An appointment as its recorder sees it."""
    view: Json = desk.made("/api/appointments", {"values": {**CALL, **values}})["view"]
    return view


def taken_in(desk: ApiNode) -> Json:
    """An open order of a car that came without an appointment."""
    car = desk.made("/api/vehicles", {"vin": "1M8GDM9AXKP042788"})["id"]
    order: Json = desk.made("/api/visits", {"vehicle_id": car, "values": {"is_odometer_unknown": True}})["view"][
        "visit"
    ]
    return order


def problems(document: Json) -> list[tuple[str, str]]:
    """Fields and codes of a refusal."""
    return [(one["field"], one["code"]) for one in document["errors"]]


def test_a_call_is_noted_and_waits_for_a_slot(desk: ApiNode):
    """Number and plate are masked, and whoever asks for them in full gets them."""
    answered = desk.ask("POST", "/api/appointments", {"values": CALL})

    made = answered.json()
    assert (answered.status_code, answered.headers["location"]) == (201, f"/api/appointments/{made['id']}")
    (waiting,) = desk.get("/api/appointments")["requested"]
    assert (waiting["id"], waiting["values"]["status"]) == (made["id"], "requested")
    assert "13800138000" not in answered.text
    shown = desk.get(f"/api/appointments/{made['id']}", headers=PERSONAL)["values"]
    assert (shown["caller_phone"], shown["wish"]) == ("+8613800138000", "brakes squeal")


def test_a_slot_is_given_and_stands_on_its_day(desk: ApiNode):
    """Intake books it; it waits no more, and is on the board of that day."""
    call = noted(desk)

    booked = desk.changed(f"/api/appointments/{call['id']}", {"based_on": call["heads"], "changes": slot(1)})["view"]

    assert booked["values"]["status"] == "booked"
    board = desk.get("/api/appointments")
    assert ([one["id"] for one in board["booked"]], board["requested"]) == ([call["id"]], [])


def test_a_bay_is_not_booked_twice(desk: ApiNode):
    """The second one is told which field is in the way; a minute later it fits."""
    noted(desk, **slot(1))

    refused = desk.refused("POST", "/api/appointments", {"values": {**CALL, **slot(1)}})

    assert problems(refused) == [("bay_code", "already-there")]
    assert noted(desk, **slot(2))["values"]["status"] == "booked"


def test_an_appointment_is_not_in_its_own_way(desk: ApiNode):
    """Moving it by less than its length overlaps nobody but itself."""
    booked = noted(desk, **slot(1))
    later = slot(1, planned_minutes=45)

    moved = desk.changed(f"/api/appointments/{booked['id']}", {"based_on": booked["heads"], "changes": later})

    assert moved["view"]["values"]["planned_minutes"] == 45


def test_what_was_cancelled_takes_nothing_up(desk: ApiNode):
    """Its bay is free again, and its reason stands with it."""
    booked = noted(desk, **slot(1))
    path = f"/api/appointments/{booked['id']}/cancel"

    ended = desk.done(path, {"based_on": booked["heads"], "reason": "customer_wish"})["view"]

    assert (ended["values"]["status"], ended["values"]["cancel_reason"]) == ("cancelled", "customer_wish")
    assert noted(desk, **slot(1))["values"]["status"] == "booked"


def test_free_slots_leave_out_what_is_taken(desk: ApiNode):
    """The raster of tomorrow without the hour that is booked."""
    day = "2026-09-22"
    before = desk.get(f"/api/appointments/free?day={day}&minutes=60&bay=B1")["starts_at"]

    noted(desk, starts_at=before[0], planned_minutes=60, bay_code="B1")

    assert len(before) == 24
    assert desk.get(f"/api/appointments/free?day={day}&minutes=60&bay=B1")["starts_at"] == before[1:]
    assert desk.get(f"/api/appointments/free?day={day}&minutes=60&bay=B2")["starts_at"] == before


def test_the_car_comes_and_is_taken_in(desk: ApiNode):
    """Arrival names the order; one that is not here is refused."""
    car = desk.made("/api/vehicles", {"vin": "1M8GDM9AXKP042788"})["id"]
    order = desk.made("/api/visits", {"vehicle_id": car, "values": {"is_odometer_unknown": True}})["id"]
    booked = noted(desk, **slot(1))
    path = f"/api/appointments/{booked['id']}/arrive"

    refused = desk.refused("POST", path, {"based_on": booked["heads"], "visit_id": booked["id"]})
    come = desk.done(path, {"based_on": booked["heads"], "visit_id": order})["view"]

    assert problems(refused) == [("visit_id", "not-found")]
    assert (come["values"]["status"], come["values"]["visit_id"]) == ("arrived", order)


def test_nobody_came_and_it_is_booked_again(desk: ApiNode):
    """Not while it is waited for; then another appointment follows it, and the former one stays a no-show."""
    booked = noted(desk, **slot(0))
    path = f"/api/appointments/{booked['id']}"

    early = desk.refused("POST", f"{path}/no-show", {"based_on": booked["heads"]})
    desk.node.clock.ms += NO_SHOW_GRACE_MINUTES * MINUTE_MS  # type: ignore[attr-defined]
    missed = desk.done(f"{path}/no-show", {"based_on": booked["heads"]})["view"]
    form = {"based_on": missed["heads"], "reason": "no_show", "values": slot(3)}
    again = desk.made(f"{path}/rebook", form)["view"]

    assert problems(early) == [("starts_at", "bad-order")]
    assert (again["values"]["follows_id"], again["values"]["status"]) == (booked["id"], "booked")
    assert desk.get(path)["values"]["status"] == "no_show"


def test_a_car_without_an_appointment_is_booked_for_its_order(desk: ApiNode):
    """The answer is the new appointment at its own address; arriving, it still leads to that order."""
    order = taken_in(desk)
    form = {"based_on": order["heads"], "reason": "parts", "values": slot(3)}

    answered = desk.ask("POST", f"/api/visits/{order['id']}/book", form)

    made = answered.json()
    address = f"/api/appointments/{made['id']}"
    assert (answered.status_code, answered.headers["location"]) == (201, address)
    desk.done(f"{address}/arrive", {"based_on": made["view"]["heads"]})
    said = desk.get(address)["values"]
    assert (said["status"], said["visit_id"], "follows_id" in said) == ("arrived", order["id"], False)


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        pytest.param({"reason": "", "values": {}}, ("reason", "missing"), id="no reason"),
        pytest.param({"reason": "parts", "values": slot(-3)}, ("starts_at", "bad-order"), id="a time behind"),
    ],
)
def test_an_order_that_is_not_booked_has_no_appointment(desk: ApiNode, form: Json, problem: tuple[str, str]):
    """The refusal names the field, and nothing waits for a slot."""
    order = taken_in(desk)

    refused = desk.refused("POST", f"/api/visits/{order['id']}/book", {"based_on": order["heads"], **form})

    assert problem in problems(refused)
    assert desk.get("/api/appointments")["requested"] == []


def test_an_order_that_was_voided_meanwhile_is_not_booked(desk: ApiNode):
    """Heads from before are old; with those of now the state is in the way."""
    order = taken_in(desk)
    path = f"/api/visits/{order['id']}"
    voided = desk.done(f"{path}/void", {"based_on": order["heads"], "void_reason": "duplicate"})["view"]["visit"]

    refused = [
        desk.refused("POST", f"{path}/book", {"based_on": heads, "reason": "parts"})
        for heads in (order["heads"], voided["heads"])
    ]

    assert [problems(one) for one in refused] == [[("status", "changed")], [("status", "locked")]]


def test_an_order_of_another_site_is_not_booked_here(desk: ApiNode):
    """Its car comes back to the site that has it, and nothing is noted here."""
    hub = ModelHub()
    hub.write(Draft(VISIT, record(8), {"status": "open", "vehicle_id": record(9)}), author=DEALER_B)
    apply_page(desk.node, hub.page(desk.node, cursor=0))
    path = f"/api/visits/{record_text(record(8))}"
    heads = desk.get(path)["visit"]["heads"]

    refused = desk.refused("POST", f"{path}/book", {"based_on": heads, "reason": "parts"})

    assert (refused["status"], refused["code"]) == (403, "foreign-record")
    assert desk.get("/api/appointments")["requested"] == []


def test_a_step_that_a_colleague_has_taken_is_refused(desk: ApiNode):
    """Heads from before the cancellation are old; the author looks first."""
    booked = noted(desk, **slot(1))
    path = f"/api/appointments/{booked['id']}"
    desk.done(f"{path}/cancel", {"based_on": booked["heads"], "reason": "duplicate"})

    late = [
        desk.refused("POST", f"{path}/arrive", {"based_on": booked["heads"]}),
        desk.refused("PATCH", path, {"based_on": booked["heads"], "changes": {"wish": "oil"}}),
    ]

    assert [problems(one) for one in late] == [[("status", "changed")], [("status", "changed")]]


def test_a_day_that_is_none_is_refused(desk: ApiNode):
    """A day is YYYY-MM-DD."""
    refused = desk.refused("GET", "/api/appointments?day=2026-02-30")

    assert refused["status"] == 422


def test_bays_and_stages_are_arranged(desk: ApiNode):
    """A bay is in use from the start; its code stays, its name may change, and hours have two ends."""
    made = desk.made("/api/arrangements/bay", {"values": {"bay_code": "B1", "bay_name": "Lift"}})["view"]
    path = f"/api/arrangements/bay/{made['id']}"

    locked = desk.refused("PATCH", path, {"based_on": made["heads"], "changes": {"bay_code": "B2"}})
    changed = desk.changed(path, {"based_on": made["heads"], "changes": {"is_in_use": False}})["view"]
    half = desk.refused("POST", "/api/arrangements/booking_hours", {"values": {"weekday": 1, "opens_minute": 480}})
    unknown = desk.refused("GET", "/api/arrangements/customer")

    assert made["values"] == {"bay_code": "B1", "bay_name": "Lift", "is_in_use": True}
    assert changed["values"]["is_in_use"] is False
    assert problems(locked) == [("bay_code", "locked")]
    assert problems(half) == [("closes_minute", "missing")]
    assert unknown["status"] == 404


@pytest.mark.parametrize(
    ("name", "value"), [("wished_at", "2028-01-01T08:00:00Z"), ("remind_at", "1969-12-31T08:00:00Z")]
)
def test_a_moment_that_cannot_be_is_refused(desk: ApiNode, name: str, value: str):
    """A wish of two years ahead and a reminder of before moments were counted are slips of the finger."""
    call = noted(desk)

    new = desk.refused("POST", "/api/appointments", {"values": {**CALL, name: value}})
    changed = desk.refused(
        "PATCH", f"/api/appointments/{call['id']}", {"based_on": call["heads"], "changes": {name: value}}
    )

    assert [problems(new), problems(changed)] == [[(name, "bad-date")]] * 2


def test_hours_of_a_day_beyond_a_year_are_refused(desk: ApiNode):
    """A special day lies within what may be agreed; nothing is arranged otherwise."""
    hours = {"special_on": "2028-02-30", "opens_minute": 480, "closes_minute": 1080}

    refused = [
        desk.refused("POST", "/api/arrangements/booking_hours", {"values": {**hours, "special_on": day}})
        for day in ("2028-02-30", "2028-02-29")
    ]

    assert [problems(one) for one in refused] == [[("special_on", "bad-date")]] * 2
