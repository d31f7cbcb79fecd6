"""Any document by what somebody remembers of it, found through an index."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from carnet_node.adapters.document_statements import CONDITIONS, documents
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import driver
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.documents import STATES, DocumentQuery, every_document, find_documents
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import (
    APPOINTMENT,
    CUSTOMER,
    JOB,
    LABOUR_LINE,
    PART_LINE,
    PHONE,
    PLATE,
    RECALL_COMPLETION,
    SETTLEMENT,
    VEHICLE,
    VISIT,
)
from carnet_protocol.registry import Kind, Value
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import START_MS, build_node, close_node
from support.recall_lists import announce, receive

DAY_MS = 24 * 3600 * 1000
TODAY = date(2026, 9, 21)
ASKED = DocumentQuery("visit", TODAY, TODAY)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node without records."""
    made = build_node(tmp_path)
    yield made
    close_node(made)


def made(node: Node, kind: Kind, **values: Value) -> RecordId:
    """One record of this site."""
    return save(node, lambda new_id: (draft_new(kind, new_id(), values),)).records[0]


def ordered(node: Node, **values: Value) -> RecordId:
    """An order that was opened just now, unless it says otherwise."""
    return made(node, VISIT, **{"status": "open", "opened_at": START_MS, **values})


def found(node: Node, query: DocumentQuery = ASKED, **more: Any) -> list[RecordId]:
    """Ids of what is found, newest first."""
    return [one.record for one in find_documents(node, replace(query, **more)).rows]


def test_documents_of_a_day_come_newest_first(node: Node):
    """The days are those of the site, both included; what lies a moment outside is left out."""
    midnight_ms = START_MS - (START_MS + 8 * 3_600_000) % DAY_MS
    orders = [ordered(node, opened_at=midnight_ms + at) for at in (-1, 0, DAY_MS - 1, DAY_MS)]

    assert found(node) == [orders[2], orders[1]]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        pytest.param({"advisor_code": "A1"}, {"advisor_code": "A1"}, id="advisor"),
        pytest.param({"status": "draft"}, {"status": "draft"}, id="state"),
        pytest.param({"customer_fen": 300, "warranty_fen": 200}, {"least_fen": 500, "most_fen": 500}, id="amount"),
        pytest.param({"ro_no": "SHA01-RO-260921-7KQ3M-001"}, {"text": "7kq3m"}, id="part of its number"),
        pytest.param({"customer_note": "刹车 squeals"}, {"text": "刹车"}, id="a word of a note"),
        pytest.param({"sender_name": "100% Wang_"}, {"text": "100% wang_"}, id="signs of patterns are themselves"),
    ],
)
def test_an_order_is_found_by_what_it_says(node: Node, said: dict[str, Value], asked: dict[str, Any]):
    """Another order of the same day says nothing of it."""
    ordered(node, customer_note="nothing", sender_name="100 Wangs")
    wanted = ordered(node, **said)

    assert found(node, **asked) == [wanted]


@pytest.mark.parametrize(
    ("kind", "said", "asked"),
    [
        pytest.param(JOB, {"complaint": "the brake squeals"}, "squeals", id="complaint"),
        pytest.param(JOB, {"op_code": "QX-0417"}, "qx-04", id="operation of a job"),
        pytest.param(LABOUR_LINE, {"labour_op_code": "QX-0417"}, "0417", id="operation of a labour line"),
        pytest.param(LABOUR_LINE, {"labour_name": "更换前刹车片"}, "刹车片", id="name of a labour line"),
        pytest.param(PART_LINE, {"part_no": "06J115403Q"}, "115403", id="number of a part"),
        pytest.param(PART_LINE, {"part_name": "机油滤清器"}, "滤清器", id="name of a part"),
    ],
)
def test_an_order_is_found_by_a_word_of_its_work(node: Node, kind: Kind, said: dict[str, Value], asked: str):
    """Jobs, labour and parts are part of their order, and of no other."""
    other, wanted = ordered(node), ordered(node)
    made(node, kind, visit_id=other)
    made(node, kind, visit_id=wanted, **said)

    assert found(node, text=asked) == [wanted]


def test_a_plate_leads_to_the_orders_under_it(node: Node):
    """Orders of the car while it carried the plate, also one that names no plate; not those under its next plate."""
    car = made(node, VEHICLE, vin="LSVAA4182E2184847")
    made(node, PLATE, vehicle_id=car, plate_no="沪A12345")
    under = [ordered(node, vehicle_id=car, plate_at_visit=plate) for plate in ("沪A12345", None, "沪B99999")]

    assert set(found(node, plate="沪 a12345")) == set(under[:2])


@pytest.mark.parametrize("typed", ["a12345", "2345", "使1"])
def test_a_plate_is_named_by_its_end(node: Node, typed: str):
    """Four characters lead to the only plate that ends so, as in the search box; one that is shorter is whole."""
    orders = {}
    for number, plate in enumerate(("沪A12345", "沪A54321", "使1")):
        car = made(node, VEHICLE, model_year=2020 + number)
        made(node, PLATE, vehicle_id=car, plate_no=plate)
        orders[plate] = ordered(node, vehicle_id=car)

    assert found(node, plate=typed) == [orders["使1" if typed == "使1" else "沪A12345"]]


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        *(pytest.param(kind, "2345", id=f"an end of several, of a {kind}") for kind in STATES),
        pytest.param("visit", "345", id="an end too short"),
        pytest.param("visit", "9999", id="an end of none"),
    ],
)
def test_a_part_of_no_plate_or_of_several_is_refused(node: Node, kind: str, typed: str):
    """It is not taken for a plate without documents; a whole one that is on no file is such a plate."""
    for number, plate in enumerate(("沪A12345", "湘A12345")):
        made(node, PLATE, vehicle_id=made(node, VEHICLE, model_year=2020 + number), plate_no=plate)

    with pytest.raises(CommandRefused) as refused:
        found(node, replace(ASKED, kind=kind), plate=typed)

    assert [one.field for one in refused.value.problems] == ["plate"]
    assert found(node, replace(ASKED, kind=kind), plate="沪B99999") == []


@pytest.mark.parametrize("typed", ["王小明", "13800138000"])
def test_a_customer_is_named_or_called(node: Node, typed: str):
    """Name and phone number both lead to whose the order is."""
    customer = made(node, CUSTOMER, party_kind="person", full_name="王小明")
    made(node, PHONE, customer_id=customer, number="+8613800138000", phone_kind="mobile")
    ordered(node)
    wanted = ordered(node, customer_id=customer)

    assert found(node, customer=typed) == [wanted]


def test_nobody_of_a_name_has_no_orders(node: Node):
    """A name that is on no file finds nothing, and not everything."""
    ordered(node)

    assert found(node, customer="nobody of that name") == []


def test_an_appointment_is_found_by_its_slot_or_its_call(node: Node):
    """One that waits for a slot stands on the day of the call; what a caller said is looked through too."""
    booked = made(node, APPOINTMENT, status="booked", starts_at=START_MS, caller_name="Anna", plate_no="沪A12345")
    waits = made(node, APPOINTMENT, status="requested", requested_at=START_MS - 1, caller_phone="+8613800138000")
    made(node, APPOINTMENT, status="booked", starts_at=START_MS + 2 * DAY_MS, requested_at=START_MS)
    asked = replace(ASKED, kind="appointment")

    assert found(node, asked) == [booked, waits]
    assert found(node, asked, plate="沪A12345") == found(node, asked, customer="Anna") == [booked]
    assert found(node, asked, customer="0138000") == found(node, asked, status="requested") == [waits]


def test_a_call_that_was_answered_is_still_found(node: Node):
    """A call without a slot stands on its day when it is cancelled: that is how a consultation ends."""
    call: dict[str, Value] = {"requested_at": START_MS, "caller_phone": "+8613800138000"}
    answered = made(node, APPOINTMENT, status="cancelled", cancel_reason="other", **call)
    made(node, APPOINTMENT, status="cancelled", requested_at=START_MS - 2 * DAY_MS)
    asked = replace(ASKED, kind="appointment")

    assert found(node, asked, status="cancelled") == found(node, asked, customer="0138000") == [answered]


def test_a_settlement_is_found_by_what_is_left_of_it(node: Node):
    """Its amount is gross less discount and credit; advisor and plate are those of its order."""
    order = ordered(node, advisor_code="A1", plate_at_visit="沪A12345")
    bill = made(
        node, SETTLEMENT, visit_id=order, settled_at=START_MS, customer_gross_fen=900, customer_discount_fen=100
    )
    made(node, SETTLEMENT, settled_at=START_MS, customer_gross_fen=900)

    (only,) = find_documents(node, replace(ASKED, kind="settlement", advisor_code="A1", most_fen=800)).rows

    assert (only.record, only.visit, only.amount_fen, only.status) == (bill, order, 800, "stands")


def test_a_recall_done_is_found_by_its_campaign(node: Node, hub: ModelHub):
    """Its number is that of the recall."""
    announce(hub, count=0, campaign_no="R-2026-001")
    receive(node, hub)
    done = made(node, RECALL_COMPLETION, campaign_id=record(70), method="replaced", completed_at=START_MS)

    (only,) = find_documents(node, replace(ASKED, kind="recall_completion", text="2026-001")).rows

    assert (only.record, only.number, only.status) == (done, "R-2026-001", "replaced")


def test_what_does_not_fit_is_said(node: Node):
    """The newest come first, and every one comes page by page."""
    orders = [ordered(node, opened_at=START_MS + place // 2) for place in range(5)]

    page = find_documents(node, ASKED, 4)

    assert page.is_more
    assert [one.record for one in page.rows] == sorted(orders, key=lambda one: (orders.index(one) // 2, one))[:0:-1]


def test_a_long_list_has_no_gap_between_its_pages(node: Node):
    """Documents of one moment are split between pages, and each comes once."""
    orders = [ordered(node, opened_at=START_MS + place // 3) for place in range(7)]

    listed = [one.record for one in every_document(node, ASKED, page_rows=2)]

    assert (len(listed), set(listed)) == (7, set(orders))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        pytest.param({"kind": "customer"}, "kind", id="no document"),
        pytest.param({"status": "booked"}, "status", id="a state of another kind"),
        pytest.param({"first": date(2026, 9, 22)}, "last", id="the last day before the first"),
        pytest.param({"first": date(2025, 9, 20)}, "last", id="more than a year"),
        pytest.param({"first": date(1969, 1, 1), "plate": "沪A12345"}, "first", id="before this age"),
        pytest.param({"least_fen": 2, "most_fen": 1}, "least_fen", id="amounts the wrong way round"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(node: Node, asked: dict[str, Any], field: str):
    """The refusal names what to change."""
    with pytest.raises(CommandRefused) as refused:
        found(node, **asked)

    assert [one.field for one in refused.value.problems] == [field]


def test_a_year_fits_and_a_car_has_ten(node: Node):
    """366 days for a word; a plate or a customer may look back further."""
    assert found(node, first=date(2025, 9, 21)) == []
    assert found(node, first=date(2017, 9, 21), plate="沪A12345") == []


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("condition", [None, *CONDITIONS])
def test_no_question_reads_a_table_to_its_end(tmp_path: Path, kind: str, condition: str | None):
    """Whatever is asked beside the days, an index leads to the rows."""
    upgrade(tmp_path / "x.db")
    statement = documents(kind, frozenset([condition] if condition else []))

    with closing(driver.connect(tmp_path / "x.db")) as database:
        asked = tuple("x" if name != "row_limit" else 50 for name in statement.names)
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement.sql}", asked)]

    assert not [step for step in plan if step.startswith("SCAN ") and "CONSTANT" not in step], plan


@pytest.mark.parametrize(("condition", "index"), [("customers", "customer_id"), ("plate", "vehicle_id")])
def test_a_car_and_a_customer_have_an_index_of_their_own(tmp_path: Path, condition: str, index: str):
    """Ten years of one car cost its few orders, not ten years of the site."""
    upgrade(tmp_path / "x.db")
    statement = documents("visit", frozenset([condition]))

    with closing(driver.connect(tmp_path / "x.db")) as database:
        asked = tuple("x" if name != "row_limit" else 50 for name in statement.names)
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement.sql}", asked)]

    assert any(f"USING INDEX ix_visit_{index}" in step for step in plan), plan
