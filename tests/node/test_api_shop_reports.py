"""Documents, reports and kept questions over JSON."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from support.api_node import PERSONAL, ApiNode
from support.node_builder import build_node
from support.vins import make_vins


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node with one order of a customer with a name."""
    made = ApiNode(build_node(tmp_path))
    customer = made.made("/api/customers", {"values": {"party_kind": "person", "full_name": "Test person"}})["id"]
    car = made.made("/api/vehicles", {"vin": make_vins(1)[0]})["id"]
    made.made("/api/visits", {"vehicle_id": car, "customer_id": customer, "values": {"odometer_in_km": 50_000}})
    return made


def test_documents_are_asked_in_a_body(desk: ApiNode):
    """A name never stands in an address; it is masked in the answer unless it is asked for."""
    masked = desk.done("/api/documents", {"span": "today", "customer": "Test person"})
    shown = desk.done("/api/documents", {"customer": "Test person"}, headers=PERSONAL)

    assert (masked["kind"], masked["first"], masked["is_more"]) == ("visit", "2026-09-21", False)
    assert [one["customer_name"] for one in (*masked["documents"], *shown["documents"])] == [
        "T**********",
        "Test person",
    ]


def test_an_amount_and_a_limit_are_numbers(desk: ApiNode):
    """Bounds of the amount are fen."""
    assert desk.done("/api/documents", {"least_fen": 0, "limit": 1})["documents"]
    assert not desk.done("/api/documents", {"least_fen": 1})["documents"]


@pytest.mark.parametrize("beyond", [2**63, -(2**63) - 1, 10**30])
def test_an_amount_beyond_every_record_is_refused_by_field(desk: ApiNode, beyond: int):
    """What no database can hold is no amount."""
    refused = desk.refused("POST", "/api/documents", {"most_fen": beyond})

    assert [one["field"] for one in refused["errors"]] == ["most_fen"]


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 201}, {"least_fen": "5"}, {"colour": "red"}])
def test_a_body_of_another_shape_is_refused(desk: ApiNode, body: dict[str, object]):
    """Nothing unknown is ignored."""
    assert desk.refused("POST", "/api/documents", body)["status"] == 422


def test_days_the_wrong_way_round_are_refused_by_field(desk: ApiNode):
    """The document names the field."""
    refused = desk.refused("POST", "/api/documents", {"first": "2026-09-02", "last": "2026-09-01"})

    assert [one["field"] for one in refused["errors"]] == ["last"]


def test_a_report_is_asked_by_address(desk: ApiNode):
    """The order counts one visit of its month, and none of the month before."""
    present, before = desk.get("/api/reports/shop?by=visit_kind"), desk.get("/api/reports/shop?span=last_month")

    assert (present["period"], present["by"], present["total"]["visits"]) == ("2026-09", "visit_kind", 1)
    assert (before["period"], before["total"]["visits"], before["groups"]) == ("2026-08", 0, [])


def test_a_question_is_kept_for_the_desk(desk: ApiNode):
    """Kept, read, asked by its parts, and forgotten; what is personal in it is not kept."""
    body = {"name": "mine", "parts": {"span": "last_month", "by": "day", "customer": "Anna"}}
    kept = desk.made("/api/kept-questions/reports", body)

    listed = desk.get("/api/kept-questions/reports")
    asked = desk.get("/api/reports/shop?" + urlencode(listed["kept"]["mine"]))
    gone = [desk.done("/api/kept-questions/reports/forget", {"name": "mine"})["forgotten"] for _ in range(2)]

    assert kept == {"name": "mine", "parts": {"span": "last_month", "by": "day"}}
    assert (asked["period"], asked["by"]) == ("2026-08", "day")
    assert (listed["kept"], gone) == ({"mine": kept["parts"]}, [True, False])
