"""The board over JSON: cars by what was promised, why they wait, and work that comes up again at the next visit."""

from pathlib import Path
from typing import Any

import pytest

from carnet_node.core.exchange.lists import LISTS
from support.api_node import ApiNode, Json
from support.node_builder import START_MS, build_node
from support.vins import make_vins

DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


def taken_in(desk: ApiNode, number: int, *, jobs: Any = (), **values: Any) -> Json:
    """An order for car `number`."""
    car = desk.made("/api/vehicles", {"vin": make_vins(number)[-1]})["id"]
    form = {"vehicle_id": car, "values": {"is_odometer_unknown": True, **values}, "jobs": list(jobs)}
    view: Json = desk.made("/api/visits", form)["view"]
    return view


def address(order: Json, *more: str) -> str:
    """Where an order stands."""
    return "/".join(["/api/visits", order["visit"]["id"], *more])


def step(desk: ApiNode, order: Json, name: str, **more: Any) -> Json:
    """The order after a step from what was read."""
    view: Json = desk.done(address(order, name), {"based_on": order["visit"]["heads"], **more})["view"]
    return view


def test_the_board_shows_overdue_cars_first(desk: ApiNode):
    """Then by promise, then those without one; a void order stands nowhere."""
    no_promise = taken_in(desk, 1)
    later = taken_in(desk, 2, promised_at=START_MS + 2 * HOUR_MS)
    late = taken_in(desk, 3, promised_at=START_MS + HOUR_MS)
    step(desk, taken_in(desk, 4), "void", void_reason="by mistake")
    desk.node.clock.ms += HOUR_MS + 1  # type: ignore[attr-defined]

    board = desk.get("/api/board")

    shown = [(one["visit"]["id"], one["is_overdue"]) for one in board["orders"]]
    assert shown == [(late["visit"]["id"], True), (later["visit"]["id"], False), (no_promise["visit"]["id"], False)]
    assert [one["stage"] for one in board["orders"]] == ["waiting"] * 3
    assert [one["stage"] for one in board["stages"]] == ["waiting", "in_work", "on_hold", "finished"]


def test_a_car_is_put_on_hold_with_its_reason(desk: ApiNode):
    """A stage of the site's own, and since when."""
    desk.made("/api/arrangements/board_stage", {"values": {"stage": "wait", "stage_sense": "on_hold"}})

    moved = step(desk, taken_in(desk, 1), "stage", stage="wait", hold_reason="sublet")

    values = moved["visit"]["values"]
    assert (values["stage"], values["hold_reason"], values["staged_at"]) == ("wait", "sublet", START_MS)
    assert desk.get("/api/board")["orders"][0]["stage"] == "wait"


def test_two_desks_that_move_one_car_are_told(desk: ApiNode):
    """The second one looks first."""
    order = taken_in(desk, 1)
    step(desk, order, "stage", stage="in_work")

    body = {"based_on": order["visit"]["heads"], "stage": "finished"}
    refused = desk.refused("POST", address(order, "stage"), body)

    assert [(one["field"], one["code"]) for one in refused["errors"]] == [("stage", "changed")]


def test_a_stage_is_no_field_of_an_order(desk: ApiNode):
    """It is moved on the board, where its rules are."""
    order = taken_in(desk, 1)
    body = {"based_on": order["visit"]["heads"], "changes": {"stage": "x", "hold_reason": None, "staged_at": 1}}

    refused = desk.refused("PATCH", address(order), body)

    assert {one["code"] for one in refused["errors"]} == {"locked"}


@pytest.mark.parametrize(("days", "is_back"), [(0, True), (30, True), (31, False)])
def test_a_car_that_is_back_soon_is_flagged(desk: ApiNode, days: int, is_back: bool):
    """Within thirty days of work that was done, the card names that order."""
    before = step(desk, taken_in(desk, 1), "complete")
    desk.node.clock.ms += days * DAY_MS  # type: ignore[attr-defined]

    again = taken_in(desk, 1)

    cards = {one["visit"]["id"]: one["repeat_of"] for one in desk.get("/api/board")["orders"]}
    assert cards[again["visit"]["id"]] == (before["visit"]["id"] if is_back else None)
    assert cards[before["visit"]["id"]] is None


def declined(desk: ApiNode) -> tuple[Json, Json]:
    """An order whose only job the customer declined yesterday, and that job."""
    line = {"labour_name": "Brakes", "actual_hours": 100, "rate_fen": 700}
    order = taken_in(desk, 1, jobs=[{"values": {"op_name": "Brakes", "approval": "proposed"}, "labour": [line]}])
    job = order["jobs"][0]["job"]
    body = {
        "based_on": job["heads"],
        "visit_based_on": order["visit"]["heads"],
        "approval": "declined",
        "approval_channel": "phone",
    }
    after = desk.done(address(order, "jobs", job["id"], "answer"), body)["view"]
    desk.node.clock.ms += DAY_MS  # type: ignore[attr-defined]
    return after, after["jobs"][0]["job"]


def test_declined_work_is_deferred_and_offered_at_the_next_visit(desk: ApiNode):
    """On the next order it is proposed with its price, and it waits no more."""
    order, job = declined(desk)
    car = f"/api/vehicles/{order['vehicle']['id']}/deferred"
    next_one = taken_in(desk, 1)
    body = {"visit_based_on": next_one["visit"]["heads"], "job_id": job["id"]}

    assert [one["job"]["id"] for one in desk.get(car)["deferred"]] == [job["id"]]
    offered = desk.made(address(next_one, "deferred"), body)["view"]

    (again,) = offered["jobs"]
    assert (again["job"]["values"]["offered_from_id"], again["job"]["values"]["approval"]) == (job["id"], "proposed")
    assert (order["totals"]["customer_fen"], offered["totals"]["customer_fen"]) == (0, 700)
    assert desk.get(car)["deferred"] == []


def test_work_that_is_declined_again_waits_again(desk: ApiNode):
    """Once: the newer job stands for the older one."""
    order, job = declined(desk)
    next_one = taken_in(desk, 1)
    body = {"visit_based_on": next_one["visit"]["heads"], "job_id": job["id"]}
    offered = desk.made(address(next_one, "deferred"), body)["view"]
    again = offered["jobs"][0]["job"]
    answer = {"based_on": again["heads"], "visit_based_on": offered["visit"]["heads"]}
    path = address(next_one, "jobs", again["id"], "answer")
    desk.done(path, {**answer, "approval": "declined", "approval_channel": "in_person"})

    waiting = desk.get(f"/api/vehicles/{order['vehicle']['id']}/deferred")["deferred"]

    assert [one["job"]["id"] for one in waiting] == [again["id"]]


def test_dropped_work_comes_up_no_more(desk: ApiNode):
    """And it cannot be dropped twice."""
    order, job = declined(desk)
    path = address(order, "deferred", job["id"], "drop")

    desk.done(path, {"based_on": job["heads"]})

    assert desk.get(f"/api/vehicles/{order['vehicle']['id']}/deferred")["deferred"] == []
    heads = desk.get(address(order))["jobs"][0]["job"]["heads"]
    assert [one["code"] for one in desk.refused("POST", path, {"based_on": heads})["errors"]] == ["not-found"]


def test_the_board_is_a_list_that_can_be_taken_out(desk: ApiNode):
    """Each car with its stage, why it waits, and whether it is late or back."""
    order = taken_in(desk, 1)
    step(desk, order, "stage", stage="on_hold", hold_reason="parts")
    names = [one.name for one in LISTS["board"].columns]

    (row,) = LISTS["board"].rows(desk.node, None)

    said = dict(zip(names, row, strict=True))
    assert {name: said[name] for name in ("stage", "hold_reason", "is_overdue", "is_repeat_repair")} == {
        "stage": "on_hold",
        "hold_reason": "parts",
        "is_overdue": False,
        "is_repeat_repair": False,
    }
