"""The end of an order over JSON: settled to the fen, handed over, and put right by another order."""

from pathlib import Path
from typing import Any

import pytest

from support.api_node import ApiNode, Json, wrong
from support.node_builder import build_node
from support.vins import make_vins

JOBS: list[Json] = [
    {
        "values": {"complaint": "It squeals", "pay_type": "customer"},
        "parts": [{"part_no": "BP-1", "quantity_hundredths": 300, "price_fen": 500}],
    }
]


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


@pytest.fixture
def order(desk: ApiNode) -> Json:
    """A completed order of 1,500 fen."""
    customer = desk.made("/api/customers", {"values": {"party_kind": "person", "full_name": "Test person"}})["id"]
    car = desk.made("/api/vehicles", {"vin": make_vins(1)[0]})["id"]
    form = {"vehicle_id": car, "customer_id": customer, "values": {"odometer_in_km": 50_000}, "jobs": JOBS}
    return step(desk, desk.made("/api/visits", form)["view"], "complete")


def address(order: Json, *more: str) -> str:
    """Where an order stands."""
    return "/".join(["/api/visits", order["visit"]["id"], *more])


def step(desk: ApiNode, order: Json, name: str, **more: Any) -> Json:
    """The order after a step from what was read."""
    view: Json = desk.done(address(order, name), {"based_on": order["visit"]["heads"], **more})["view"]
    return view


def bill(*fen: int, **more: Any) -> Json:
    """A bill of 1,500 fen that the customer pays in these parts."""
    shares = [{"pay_type": "customer", "share_fen": one, "payer_kind": "customer", "pay_method": "cash"} for one in fen]
    return {"seen": {"customer": 1_500}, "shares": shares, **more}


def test_a_bill_is_settled_with_discount_and_two_payers(desk: ApiNode, order: Json):
    """The answer holds the settlement and its shares."""
    said = bill(1_000, 400, discount={"customer": 100}, discount_reason="member")

    settled = step(desk, order, "settle", bill=said)

    assert settled["visit"]["values"]["status"] == "settled"
    values = settled["settlement"]["values"]
    assert (values["customer_gross_fen"], values["customer_discount_fen"]) == (1_500, 100)
    assert [one["values"]["share_fen"] for one in settled["shares"]] == [1_000, 400]


def test_a_bill_that_does_not_add_up_is_refused_and_the_order_stays(desk: ApiNode, order: Json):
    """One fen too little is one fen too little."""
    body = {"based_on": order["visit"]["heads"], "bill": bill(1_499)}

    refused = desk.refused("POST", address(order, "settle"), body)

    assert [one["field"] for one in refused["errors"]] == ["customer_fen"]
    assert desk.get(address(order))["visit"]["values"]["status"] == "completed"


def test_a_job_without_an_answer_is_not_settled(desk: ApiNode):
    """The refusal names the job; once the answer is noted, the bill is settled."""
    car = desk.made("/api/vehicles", {"vin": make_vins(1)[0]})["id"]
    job = {**JOBS[0], "values": {**JOBS[0]["values"], "approval": "proposed"}}
    form = {"vehicle_id": car, "values": {"odometer_in_km": 50_000}, "jobs": [job]}
    order = step(desk, desk.made("/api/visits", form)["view"], "complete")
    asked = order["jobs"][0]["job"]
    said = {"visit_based_on": order["visit"]["heads"], "based_on": asked["heads"], "approval_channel": "phone"}

    refused = desk.refused("POST", address(order, "settle"), {"based_on": order["visit"]["heads"]})
    stayed = desk.get(address(order))["visit"]["values"]["status"]
    answered = desk.done(address(order, "jobs", asked["id"], "answer"), {**said, "approval": "approved"})["view"]

    assert [(one["field"], one["code"]) for one in refused["errors"]] == [("approval", "missing")]
    assert refused["errors"][0]["what"] == "Job 1 is proposed, and its customer has not answered."
    assert (stayed, step(desk, answered, "settle")["visit"]["values"]["status"]) == ("completed", "settled")


def test_a_payer_who_is_not_here_is_refused(desk: ApiNode, order: Json):
    """A share names a customer of this site, or nobody."""
    said = bill(1_500)
    said["shares"][0]["customer_id"] = order["visit"]["id"]

    refused = desk.refused("POST", address(order, "settle"), {"based_on": order["visit"]["heads"], "bill": said})

    assert [one["code"] for one in refused["errors"]] == ["not-found"]


def test_a_settled_order_is_not_voided(desk: ApiNode, order: Json):
    """The refusal says what to do instead."""
    settled = step(desk, order, "settle")
    body = {"based_on": settled["visit"]["heads"], "void_reason": "wrong"}

    refused = desk.refused("POST", address(order, "void"), body)

    assert (refused["code"], refused["next"]) == ("illegal-transition", "Open a correction order.")


def test_a_car_is_handed_over_and_its_customer_may_be_called(desk: ApiNode, order: Json):
    """The day it should come back stands with the order, the consent with the customer."""
    settled = step(desk, order, "settle")
    said = {"odometer_out_km": 50_020, "next_service_on": "2027-03-21"}

    closed = step(desk, settled, "close", values=said, may_call=True)

    values = closed["visit"]["values"]
    assert {name: values[name] for name in ("status", *said)} == {"status": "closed", **said}
    assert values["delivered_at"]
    (consent,) = desk.get(f"/api/customers/{closed['customer']['id']}")["consents"]
    assert (consent["values"]["purpose"], consent["values"]["statement"]) == ("service", "granted")


def test_what_was_settled_wrong_is_put_right_by_another_order(desk: ApiNode, order: Json):
    """It begins with the same work and the credit of the first; with cheaper work it gives the rest back."""
    settled = step(desk, order, "settle")

    opened = desk.made(address(order, "correct"), {"based_on": settled["visit"]["heads"]})["view"]
    part = opened["jobs"][0]["parts"][0]
    change = {
        "based_on": part["heads"],
        "visit_based_on": opened["visit"]["heads"],
        "changes": {"quantity_hundredths": 200},
    }
    cheaper = desk.changed(address(opened, "parts", part["id"]), change)["view"]
    again = step(desk, step(desk, cheaper, "complete"), "settle")

    assert opened["visit"]["values"]["corrects_id"] == order["visit"]["id"]
    assert (opened["totals"]["customer_fen"], opened["credit"]["customer"]) == (1_500, 1_500)
    assert [one["values"]["share_fen"] for one in again["shares"]] == [-500]


def test_a_correction_that_states_no_bill_keeps_the_discount(desk: ApiNode, order: Json):
    """Nothing that was let off is taken back where nobody says so."""
    said = bill(1_399, discount={"customer": 101}, discount_reason="offer")
    settled = step(desk, order, "settle", bill=said)
    opened = desk.made(address(order, "correct"), {"based_on": settled["visit"]["heads"]})["view"]

    again = step(desk, step(desk, opened, "complete"), "settle")

    assert (again["settlement"]["values"]["customer_discount_fen"], again["shares"]) == (101, [])


def test_one_order_is_corrected_once_unless_the_correction_is_void(desk: ApiNode, order: Json):
    """A second correction is refused; a void one stands in nobody's way."""
    settled = step(desk, order, "settle")
    body = {"based_on": settled["visit"]["heads"]}
    opened = desk.made(address(order, "correct"), body)["view"]

    refused = desk.refused("POST", address(order, "correct"), body)
    step(desk, opened, "void", void_reason="by mistake")

    assert wrong(refused)[0][1] == "already-there"
    assert desk.made(address(order, "correct"), body)["view"]["visit"]["values"]["status"] == "open"


def test_what_an_order_corrects_is_not_changed_by_hand(desk: ApiNode, order: Json):
    """That follows from opening the correction."""
    body = {"based_on": order["visit"]["heads"], "changes": {"corrects_id": order["visit"]["id"]}}

    assert [one["code"] for one in desk.refused("PATCH", address(order), body)["errors"]] == ["locked"]
