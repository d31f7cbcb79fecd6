"""Recalls carried out during a repair order, over JSON: recorded once, taken back, moved with the order's car."""

from pathlib import Path

import pytest

from support.api_node import ApiNode, Json, wrong
from support.model_hub import ModelHub
from support.node_builder import START_MS, build_node
from support.recall_lists import announce, receive
from support.vins import make_vins

WRONG, RIGHT = make_vins(2)
DONE = {"campaign_no": "R2026-1", "method": "replaced", "values": {"part_no": "H-1"}}


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node that knows one campaign."""
    node, hub = build_node(tmp_path), ModelHub()
    announce(hub, count=0)
    receive(node, hub)
    return ApiNode(node)


@pytest.fixture
def order(desk: ApiNode) -> Json:
    """An open order, as its advisor sees it."""
    vehicle = desk.made("/api/vehicles", {"vin": WRONG})["id"]
    view: Json = desk.made("/api/visits", {"vehicle_id": vehicle, "values": {"odometer_in_km": 52_300}})["view"]
    return view


def address(order: Json, *more: str) -> str:
    """Where an order stands."""
    return "/".join(["/api/visits", order["visit"]["id"], *more])


@pytest.fixture
def claimed(desk: ApiNode, order: Json) -> Json:
    """The order with a recall recorded as done."""
    view: Json = desk.made(address(order, "completions"), DONE)["view"]
    return view


def test_a_recall_done_during_a_visit_is_recorded_once_and_taken_back(desk: ApiNode, order: Json):
    """A completion names the campaign by its number; saying it again is refused, and a mistake is retracted."""
    done = desk.made(address(order, "completions"), DONE)
    again = desk.refused("POST", address(order, "completions"), DONE)
    completion = done["view"]["completions"][0]
    body = {"based_on": completion["heads"], "reason": "entered_in_error"}
    back = desk.done(address(order, "completions", completion["id"], "retract"), body)

    assert (completion["values"]["method"], completion["values"]["completed_at"]) == ("replaced", START_MS)
    assert [one["code"] for one in again["errors"]] == ["already-there"]
    assert back["view"]["completions"][0]["values"]["retracted"] == "entered_in_error"


def to_another_car(desk: ApiNode, order: Json) -> Json:
    """The correction of an order that was opened for the wrong car."""
    other = desk.made("/api/vehicles", {"vin": RIGHT})["id"]
    return {
        "based_on": order["visit"]["heads"],
        "reading_based_on": order["reading"]["heads"],
        "parts_based_on": {one["id"]: one["heads"] for one in order["completions"]},
        "changes": {"vehicle_id": other},
    }


def test_a_recall_done_follows_its_order_to_the_right_car(desk: ApiNode, claimed: Json):
    """One save moves order, reading and completion, so no claim stays on the car that was never there."""
    body = to_another_car(desk, claimed)

    saved = desk.changed(address(claimed), body)

    moved = {one["values"]["vin"]: one["values"] for one in saved["view"]["completions"]}
    assert moved[WRONG]["retracted"] == "entered_in_error"
    assert (moved[RIGHT]["vehicle_id"], moved[RIGHT]["part_no"]) == (
        body["changes"]["vehicle_id"],
        "H-1",
    )
    assert "retracted" not in moved[RIGHT]


def test_a_recall_done_that_nobody_saw_is_not_moved(desk: ApiNode, claimed: Json):
    """Whoever corrects the car names the completions they read; otherwise they look again, and nothing changes."""
    body = {**to_another_car(desk, claimed), "parts_based_on": {}}

    refused = desk.refused("PATCH", address(claimed), body)

    unseen = f"#/parts_based_on/{claimed['completions'][0]['id']}"
    assert (refused["status"], wrong(refused)) == (409, [(unseen, "changed")])
    assert desk.get(address(claimed))["visit"]["values"]["vehicle_id"] == claimed["vehicle"]["id"]


def test_a_void_order_takes_its_recalls_back(desk: ApiNode, claimed: Json):
    """An order that never counted proves no repair, so the same save takes back what was claimed on it."""
    parts = {one["id"]: one["heads"] for one in claimed["completions"]}
    body = {"based_on": claimed["visit"]["heads"], "void_reason": "opened twice"}

    unseen = desk.refused("POST", address(claimed, "void"), body)
    voided = desk.done(address(claimed, "void"), {**body, "parts_based_on": parts})["view"]

    assert (unseen["status"], wrong(unseen)) == (
        409,
        [(f"#/parts_based_on/{claimed['completions'][0]['id']}", "changed")],
    )
    assert voided["visit"]["values"]["status"] == "void"
    assert [one["values"]["retracted"] for one in voided["completions"]] == ["entered_in_error"]


def test_a_completion_of_an_unknown_campaign_is_refused(desk: ApiNode, order: Json):
    """A number that no campaign has is a mistake to correct."""
    form = {"campaign_no": "R1900-1", "method": "replaced"}

    assert desk.refused("POST", address(order, "completions"), form)["code"] == "not-found"
