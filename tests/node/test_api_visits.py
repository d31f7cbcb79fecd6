"""Repair orders over JSON: opened offline, stepped from the state that was read, totals always the sum of lines."""

from pathlib import Path

import pytest

from carnet_node.core.showing.views import list_records
from carnet_protocol.kinds import PROMISE_CHANGE
from support.api_node import PERSONAL, ApiNode, Json, wrong
from support.node_builder import build_node
from support.vins import make_vins

NOWHERE = "01a0c450-6c00-7000-8000-000000000000"
JOBS = [
    {
        "values": {"complaint": "It squeals", "pay_type": "customer"},
        "labour": [{"labour_name": "Brakes", "actual_hours": 150, "rate_fen": 12_000}],
        "parts": [{"part_no": "BP-1", "quantity_hundredths": 200, "price_fen": 24_000}],
    }
]
TOTALS = {"customer_fen": 18_000 + 48_000, "warranty_fen": 0, "internal_fen": 0}


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


@pytest.fixture
def vehicle_id(desk: ApiNode) -> str:
    """A car."""
    return str(desk.made("/api/vehicles", {"vin": make_vins(1)[0]})["id"])


@pytest.fixture
def order(desk: ApiNode, vehicle_id: str) -> Json:
    """An open order with one job of two lines, as its advisor sees it."""
    form = {"vehicle_id": vehicle_id, "values": {"odometer_in_km": 52_300, "sender_name": "Test Driver"}, "jobs": JOBS}
    view: Json = desk.made("/api/visits", form)["view"]
    return view


def address(order: Json, *more: str) -> str:
    """Where an order stands."""
    return "/".join(["/api/visits", order["visit"]["id"], *more])


def step(desk: ApiNode, order: Json, name: str, **more: object) -> Json:
    """The order after a step from what was read."""
    view: Json = desk.done(address(order, name), {"based_on": order["visit"]["heads"], **more})["view"]
    return view


def test_an_order_is_opened_with_its_work_in_one_change_set(desk: ApiNode, vehicle_id: str):
    """The number is made here, jobs and lines come along, and the totals are their sum."""
    form = {"vehicle_id": vehicle_id, "values": {"odometer_in_km": 52_300}, "jobs": JOBS}

    answered = desk.ask("POST", "/api/visits", form)

    made = answered.json()
    assert (answered.status_code, answered.headers["location"]) == (201, f"/api/visits/{made['id']}")
    assert (made["ro_no"], made["view"]["visit"]["values"]["status"]) == (
        made["view"]["visit"]["values"]["ro_no"],
        "open",
    )
    assert (made["set"], made["view"]["totals"], made["view"]["is_total_stale"]) == (2, TOTALS, False)


def test_every_record_of_an_order_carries_its_heads(order: Json):
    """Order, vehicle, reading, jobs and lines each say which version was seen."""
    (job,) = order["jobs"]

    records = [order["visit"], order["vehicle"], order["reading"], job["job"], *job["labour"], *job["parts"]]
    assert all(one["heads"] for one in records)


def test_an_order_for_a_car_that_is_not_here_is_refused(desk: ApiNode):
    """An order always has a car behind it, and a customer only one that is known."""
    form = {"vehicle_id": NOWHERE, "values": {"is_odometer_unknown": True}}

    assert wrong(desk.refused("POST", "/api/visits", form)) == [("#/vehicle_id", "not-found")]


def test_an_order_for_a_customer_who_is_not_here_is_refused(desk: ApiNode, vehicle_id: str):
    """A reference is looked at before it is written."""
    form = {"vehicle_id": vehicle_id, "customer_id": NOWHERE, "values": {"is_odometer_unknown": True}}

    assert wrong(desk.refused("POST", "/api/visits", form)) == [("#/customer_id", "not-found")]


def test_mistakes_in_a_new_order_are_named_at_their_place(desk: ApiNode, vehicle_id: str):
    """A missing odometer and a line without quantity point into the form."""
    form = {
        "vehicle_id": vehicle_id,
        "values": {},
        "jobs": [{"values": {"complaint": "It squeals"}, "parts": [{"part_no": "BP-1"}]}],
    }

    assert wrong(desk.refused("POST", "/api/visits", form)) == [
        ("#/values/odometer_in_km", "missing"),
        ("#/jobs/0/parts/0/quantity_hundredths", "missing"),
    ]


def test_an_order_is_shown_masked_and_in_full(desk: ApiNode, order: Json):
    """Who brought the car is personal, what was done is not hidden from who asks."""
    masked, full = desk.get(address(order)), desk.get(address(order), headers=PERSONAL)

    assert masked["visit"]["values"]["sender_name"] == "T**********"
    assert full["visit"]["values"]["sender_name"] == "Test Driver"
    assert full["jobs"][0]["job"]["values"]["complaint"] == "It squeals"


def test_orders_are_listed(desk: ApiNode, order: Json):
    """The list holds the order's own record."""
    assert desk.get("/api/visits")["records"] == [order["visit"]]


def test_an_order_goes_from_draft_to_closed(desk: ApiNode, vehicle_id: str):
    """Each step is based on the view before it."""
    form = {"vehicle_id": vehicle_id, "values": {"odometer_in_km": 5}, "jobs": JOBS, "is_draft": True}
    order = desk.made("/api/visits", form)["view"]
    seen = [order["visit"]["values"]["status"]]

    for name in ("start", "complete", "settle", "close"):
        order = step(desk, order, name)
        seen.append(order["visit"]["values"]["status"])

    assert seen == ["draft", "open", "completed", "settled", "closed"]
    assert "contests" not in order["visit"]


def test_completing_takes_what_is_known_at_hand_over(desk: ApiNode, order: Json):
    """The odometer at hand-over and the moment are recorded with the step."""
    done = step(desk, order, "complete", at="2026-09-21T18:00:00+08:00", values={"odometer_out_km": 52_310})

    assert done["visit"]["values"]["odometer_out_km"] == 52_310
    assert done["visit"]["values"]["completed_at"] == 1_789_984_800_000


def test_a_step_that_does_not_follow_is_refused(desk: ApiNode, order: Json):
    """An open order cannot be settled."""
    refused = desk.refused("POST", address(order, "settle"), {"based_on": order["visit"]["heads"]})

    assert (refused["status"], refused["code"]) == (409, "illegal-transition")
    assert "completed" in refused["next"]


def test_a_step_of_an_order_that_moved_meanwhile_is_refused(desk: ApiNode, order: Json):
    """Two desks complete one order: the second is told to look, and nothing is written twice."""
    step(desk, order, "complete")

    refused = desk.refused("POST", address(order, "complete"), {"based_on": order["visit"]["heads"]})

    assert (refused["status"], refused["errors"][0]["code"]) == (409, "changed")
    assert "contests" not in desk.get(address(order))["visit"]


@pytest.mark.parametrize("name", ["start", "complete", "settle", "close", "void"])
def test_a_step_without_the_heads_it_was_read_from_is_refused(desk: ApiNode, order: Json, name: str):
    """No step fills in what its author read."""
    body = {"void_reason": "Customer left"} if name == "void" else {}

    assert wrong(desk.refused("POST", address(order, name), body)) == [("#/based_on", "missing")]


def test_a_voided_order_stays_readable(desk: ApiNode, order: Json):
    """The reason stands with it, and its number stays used."""
    void = step(desk, order, "void", void_reason="Customer left")

    assert void["visit"]["values"]["status"] == "void"
    assert desk.get(address(order), headers=PERSONAL)["visit"]["values"]["void_reason"] == "Customer left"


def test_a_void_needs_a_reason(desk: ApiNode, order: Json):
    """A blank reason is none."""
    body = {"based_on": order["visit"]["heads"], "void_reason": "  "}

    assert wrong(desk.refused("POST", address(order, "void"), body)) == [("#/void_reason", "missing")]


def test_fields_of_an_order_are_changed(desk: ApiNode, order: Json):
    """A promise is an edit of the order."""
    body = {"based_on": order["visit"]["heads"], "changes": {"promised_at": "2026-09-22T12:00:00Z"}}

    saved = desk.changed(address(order), body)

    assert saved["view"]["visit"]["values"]["promised_at"] == 1_790_078_400_000


def test_a_stale_edit_stands_beside_the_newer_value(desk: ApiNode, order: Json):
    """Two desks that state different visit kinds both find theirs."""
    read = order["visit"]["heads"]
    desk.changed(address(order), {"based_on": read, "changes": {"visit_kind": "repair"}})

    saved = desk.changed(address(order), {"based_on": read, "changes": {"visit_kind": "maintenance"}})

    assert [one["register"] for one in saved["view"]["visit"]["contests"]] == ["visit_kind"]


def test_a_corrected_odometer_takes_its_reading_back(desk: ApiNode, order: Json):
    """The old reading stays with the reason, and the new one is served."""
    body = {
        "based_on": order["visit"]["heads"],
        "reading_based_on": order["reading"]["heads"],
        "changes": {"odometer_in_km": 25_300},
    }

    saved = desk.changed(address(order), body)

    assert saved["view"]["reading"]["values"]["odometer_km"] == 25_300
    car = desk.get(f"/api/vehicles/{order['vehicle']['id']}")
    assert car["odometer"]["served_km"] == 25_300
    assert sorted(one["values"].get("retracted", "") for one in car["readings"]) == ["", "entered_in_error"]


def test_an_odometer_that_turns_out_unreadable_takes_its_reading_back(desk: ApiNode, order: Json):
    """Unknown is no reading, so none is served."""
    body = {
        "based_on": order["visit"]["heads"],
        "reading_based_on": order["reading"]["heads"],
        "changes": {"odometer_in_km": None, "is_odometer_unknown": True},
    }

    saved = desk.changed(address(order), body)

    assert saved["view"]["reading"] is None
    assert desk.get(f"/api/vehicles/{order['vehicle']['id']}")["odometer"]["served_km"] is None


def test_a_corrected_odometer_names_the_reading_it_takes_back(desk: ApiNode, order: Json):
    """A reading that somebody recorded is not retracted unread."""
    body = {"based_on": order["visit"]["heads"], "changes": {"odometer_in_km": 25_300}}

    assert wrong(desk.refused("PATCH", address(order), body)) == [("#/reading_based_on", "missing")]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [pytest.param({"promise_reason": "parts"}, "parts", id="said"), pytest.param({}, "other", id="not said")],
)
def test_a_promise_moves_with_its_reason(desk: ApiNode, order: Json, sent: Json, kept: str):
    """A program says why the car is ready later, as a page does."""
    first = {"based_on": order["visit"]["heads"], "changes": {"promised_at": "2026-09-22T10:00:00Z"}}
    promised = desk.changed(address(order), first)["view"]
    moved = {"based_on": promised["visit"]["heads"], "changes": {"promised_at": "2026-09-23T10:00:00Z"}, **sent}

    desk.changed(address(order), moved)

    (change,) = list_records(desk.node, PROMISE_CHANGE, after=None, limit=5).records
    assert change.values["reason"] == kept


def test_an_unknown_reason_of_a_promise_is_refused(desk: ApiNode, order: Json):
    """The refusal points at what was said, and the promise stands."""
    first = {"based_on": order["visit"]["heads"], "changes": {"promised_at": "2026-09-22T10:00:00Z"}}
    promised = desk.changed(address(order), first)["view"]
    body = {
        "based_on": promised["visit"]["heads"],
        "changes": {"promised_at": "2026-09-23T10:00:00Z"},
        "promise_reason": "weather",
    }

    assert wrong(desk.refused("PATCH", address(order), body)) == [("#/promise_reason", "bad-value")]


def test_a_settled_order_does_not_change(desk: ApiNode, order: Json):
    """After settlement a correction needs an order of its own."""
    settled = step(desk, step(desk, order, "complete"), "settle")
    body = {"based_on": settled["visit"]["heads"], "changes": {"visit_kind": "repair"}}

    assert [one["code"] for one in desk.refused("PATCH", address(order), body)["errors"]] == ["locked"]


def test_more_jobs_follow_and_the_totals_with_them(desk: ApiNode, order: Json):
    """A second job has the next number, and its lines are added up under their pay type."""
    job = {
        "values": {"op_name": "Hose", "pay_type": "warranty"},
        "parts": [{"part_no": "H-1", "quantity_hundredths": 100, "price_fen": 700}],
    }

    saved = desk.made(address(order, "jobs"), {"visit_based_on": order["visit"]["heads"], "jobs": [job]})

    assert [one["job"]["values"]["job_no"] for one in saved["view"]["jobs"]] == [1, 2]
    assert (saved["view"]["totals"]["warranty_fen"], saved["view"]["is_total_stale"]) == (700, False)


def test_a_declined_job_costs_nothing(desk: ApiNode, order: Json):
    """An edit of a job names its heads and those of the order whose totals follow."""
    job = order["jobs"][0]["job"]
    body = {"based_on": job["heads"], "visit_based_on": order["visit"]["heads"], "changes": {"approval": "declined"}}

    saved = desk.changed(address(order, "jobs", job["id"]), body)

    assert set(saved["view"]["totals"].values()) == {0}
    assert not saved["view"]["is_total_stale"]


@pytest.mark.parametrize(
    ("lines", "values", "amount_fen"),
    [
        ("labour", {"labour_name": "Test drive", "actual_hours": 50, "rate_fen": 10_000}, 5_000),
        ("parts", {"part_no": "BP-2", "quantity_hundredths": 150, "price_fen": 201}, 302),
    ],
)
def test_a_line_is_added_changed_and_taken_away(desk: ApiNode, order: Json, lines: str, values: Json, amount_fen: int):
    """Each save is based on the view before it, and the totals follow each time."""
    job = order["jobs"][0]["job"]["id"]
    added = desk.made(
        address(order, lines), {"visit_based_on": order["visit"]["heads"], "job_id": job, "values": values}
    )
    line = next(one for one in added["view"]["jobs"][0][lines] if one["id"] == added["id"])
    both = {"based_on": line["heads"], "visit_based_on": added["view"]["visit"]["heads"]}

    changed = desk.changed(address(order, lines, line["id"]), {**both, "changes": {"amount_fen": 1}})["view"]
    now = next(one for one in changed["jobs"][0][lines] if one["id"] == added["id"])
    both = {"based_on": now["heads"], "visit_based_on": changed["visit"]["heads"]}
    gone = desk.done(address(order, lines, line["id"], "remove"), both)["view"]

    sums = [view["totals"]["customer_fen"] - TOTALS["customer_fen"] for view in (added["view"], changed, gone)]
    assert sums == [amount_fen, 1, 0]
    assert "contests" not in gone["visit"]


def test_work_on_an_order_whose_totals_moved_is_refused(desk: ApiNode, order: Json):
    """Two desks add a line to the same view: the second looks first, and no total is contested."""
    form = {"visit_based_on": order["visit"]["heads"], "values": {"labour_name": "Test drive"}}
    desk.made(address(order, "labour"), {**form, "values": {**form["values"], "actual_hours": 50, "rate_fen": 100}})

    refused = desk.refused("POST", address(order, "labour"), form)

    assert (refused["status"], refused["errors"][0]["code"]) == (409, "changed")


@pytest.mark.parametrize(
    ("request_line", "form", "pointer"),
    [
        ("POST jobs", {"jobs": JOBS}, "#/visit_based_on"),
        ("POST labour", {"values": {"labour_name": "x"}}, "#/visit_based_on"),
        (f"PATCH jobs/{NOWHERE}", {"based_on": "kZ", "changes": {}}, "#/visit_based_on"),
        (f"PATCH parts/{NOWHERE}", {"visit_based_on": "kZ", "changes": {}}, "#/based_on"),
        (f"POST parts/{NOWHERE}/remove", {"based_on": "kZ"}, "#/visit_based_on"),
    ],
)
def test_work_names_the_heads_of_the_order_too(desk: ApiNode, order: Json, request_line: str, form: Json, pointer: str):
    """The totals are the order's, so its version is named beside that of the job or line."""
    method, path = request_line.split()

    assert (pointer, "missing") in wrong(desk.refused(method, address(order, path), form))


def test_a_line_on_a_job_of_another_order_is_refused(desk: ApiNode, order: Json, vehicle_id: str):
    """A line belongs to a job of its own order."""
    other = desk.made("/api/visits", {"vehicle_id": vehicle_id, "values": {"is_odometer_unknown": True}})["view"]
    form = {
        "visit_based_on": other["visit"]["heads"],
        "job_id": order["jobs"][0]["job"]["id"],
        "values": {"labour_name": "Test drive"},
    }

    assert desk.refused("POST", address(other, "labour"), form)["code"] == "not-found"
