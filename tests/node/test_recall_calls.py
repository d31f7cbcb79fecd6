"""Whom a site calls about a recall, and unsold cars that are not sold: without a line, the most dangerous first."""

import contextlib
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.log.acting import acting_for
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.recall_calls import call_list, note_call
from carnet_node.core.saving.stop_sales import acknowledge, stop_list
from carnet_node.entrypoints.exporting import export_list
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.kinds import CONSENT, CONTACT_PREFERENCE, OWNERSHIP, VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.segments import encode_segment
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import TestClock, build_node
from support.recall_lists import announce, receive
from support.staffed import build_site, hire
from support.vins import make_vins

VINS = make_vins(3)
CAR, OTHER, THIRD = VINS
LIST = encode_segment(VINS)
FRAME = "JZX1001234567"
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def hub() -> ModelHub:
    """A hub without campaigns."""
    return ModelHub()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without recall data."""
    return build_node(tmp_path)


def add_car(node: Node, vin: str, **values: Value) -> RecordId:
    """A car on file."""
    return save_vehicle(node, AddVehicle(vin, VinPolicy.STRICT, values)).vehicle


def own(node: Node, vin: str, name: str, **days: Value) -> RecordId:
    """A customer of this site owns a car; the customer's id."""
    add_car(node, vin)
    added = AddCustomer({"party_kind": "person", "full_name": name}, phones=({"number": "13800138000"},))
    owner = save(node, lambda new_id: add_customer(added, new_id)).records[0]
    tie(node, vin, owner, **days)
    return owner


def tie(node: Node, vin: str, owner: RecordId, **days: Value) -> None:
    """Somebody owns a car that is on file."""
    values: dict[str, Value] = {"vehicle_id": vehicle_id(vin), "customer_id": owner, "role": "owner", **days}
    save(node, lambda new_id: (draft_new(OWNERSHIP, new_id(), values),))


def say(node: Node, customer: RecordId, kind: str, **values: Value) -> None:
    """Something about a customer."""
    of = {"consent": CONSENT, "contact_preference": CONTACT_PREFERENCE}[kind]
    save(node, lambda new_id: (draft_new(of, new_id(), {"customer_id": customer, **values}),))


def pass_days(node: Node, days: int) -> None:
    """Time goes by."""
    assert isinstance(node.clock, TestClock)
    node.clock.ms += days * DAY_MS


def test_owners_of_open_cars_are_listed_the_most_dangerous_first(node: Node, hub: ModelHub):
    """One line for each car and recall, by danger; a car without a known owner is nobody's call."""
    announce(hub, encode_segment([CAR]), count=1, number=30, campaign_no="R-NORMAL", hazard_level="normal")
    announce(hub, encode_segment([OTHER]), count=1, number=40, campaign_no="R-STOP", hazard_level="do_not_drive")
    receive(node, hub, encode_segment([CAR]), encode_segment([OTHER]))
    own(node, CAR, "wang")
    own(node, OTHER, "li")
    add_car(node, THIRD)

    calls = call_list(node).calls

    assert [(one.hit.texts["campaign_no"], one.owner.values["full_name"]) for one in calls] == [
        ("R-STOP", "li"),
        ("R-NORMAL", "wang"),
    ]
    assert calls[0].phone is not None


def test_the_present_owner_is_called_and_not_the_former_one(node: Node, hub: ModelHub):
    """Of two owners the one whose time has not ended is on the list."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    own(node, CAR, "wang", from_on="2020-01-01", to_on="2022-01-01")
    own(node, CAR, "li", from_on="2022-01-01")

    assert [one.owner.values["full_name"] for one in call_list(node).calls] == ["li"]


def test_the_former_owner_of_a_car_sold_elsewhere_is_nobodys_call(node: Node, hub: ModelHub):
    """An owner whom only another site knows ends the time of this site's, though nobody said so."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    own(node, CAR, "wang", from_on="2020-01-01")

    tie(node, CAR, record(99), from_on="2022-05-01")

    assert call_list(node).calls == ()


@pytest.mark.parametrize(
    ("days", "name"),
    [
        pytest.param({"from_on": "2026-09-21"}, "li", id="begins today"),
        pytest.param({"from_on": "2026-09-22"}, "wang", id="begins tomorrow"),
        pytest.param({"from_on": "2022-01-01", "to_on": "2026-09-21"}, "li", id="ends today"),
        pytest.param({"from_on": "2022-01-01", "to_on": "2026-09-20"}, "wang", id="ended yesterday"),
    ],
)
def test_an_owner_is_present_from_the_first_day_to_the_last(
    node: Node, hub: ModelHub, days: dict[str, Value], name: str
):
    """Another owner is called in place of the one before on the days of the tie, and on no other."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    own(node, CAR, "wang", from_on="2020-01-01")
    own(node, CAR, "li", **days)

    assert [one.owner.values["full_name"] for one in call_list(node).calls] == [name]


@pytest.mark.parametrize("lifecycle", ["exported", "scrapped", "stolen", "in_stock"])
def test_a_car_that_left_or_is_unsold_is_nobodys_call(node: Node, hub: ModelHub, lifecycle: str):
    """Whoever owned a car that is gone is not called about it."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    own(node, CAR, "wang")
    save(node, lambda _: (draft_new(VEHICLE, vehicle_id(CAR), {"lifecycle": lifecycle}),))

    assert call_list(node).calls == ()


def test_no_offers_is_no_refusal_and_no_recalls_is_one(node: Node, hub: ModelHub):
    """Who declined offers is called, who asks for quiet is called and marked, who declined recalls is counted alone."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    no_offers, quiet, no_recalls = (own(node, vin, vin[-4:]) for vin in VINS)
    say(node, no_offers, "consent", purpose="marketing", statement="withdrawn", stated_at=1)
    say(node, quiet, "contact_preference", do_not_contact=True)
    say(node, no_recalls, "consent", purpose="recall", statement="withdrawn", stated_at=1)

    found = call_list(node)

    assert {one.owner.id: one.is_quiet for one in found.calls} == {no_offers: False, quiet: True}
    assert found.declined == 1


def test_whoever_was_tried_stands_behind_whoever_was_not(node: Node, hub: ModelHub):
    """An attempt moves its line behind the others and counts towards unreachable until somebody is reached."""
    announce(hub, LIST, count=3, unreachable_tries=2)
    receive(node, hub, LIST)
    own(node, CAR, "wang", from_on="2020-01-01")
    own(node, OTHER, "li", from_on="2020-01-01")
    for _ in range(2):
        pass_days(node, 1)
        note_call(node, vehicle_id(CAR), record(70), "phone", "no_answer")
    tried = call_list(node).calls
    pass_days(node, 1)

    note_call(node, vehicle_id(CAR), record(70), "phone", "reached")

    assert [one.owner.values["full_name"] for one in tried] == ["li", "wang"]
    assert [(one.reach.failed_tries, one.is_unreachable) for one in tried] == [(0, False), (2, True)]
    assert [one.is_unreachable for one in call_list(node).calls] == [False, False]


@pytest.mark.parametrize(
    ("channel", "result", "field"),
    [
        pytest.param("phone", "", "result", id="no result"),
        pytest.param("", "reached", "channel", id="no channel"),
        pytest.param("phone", "returned", "result", id="a call that came back"),
        pytest.param("phone", "maybe", "result", id="no such result"),
    ],
)
def test_an_attempt_says_how_and_what_came_of_it(node: Node, hub: ModelHub, channel: str, result: str, field: str):
    """An attempt without its result is refused at its field, and nothing is recorded."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    own(node, CAR, "wang")

    with pytest.raises(CommandRefused) as refusal:
        note_call(node, vehicle_id(CAR), record(70), channel, result)

    assert [one.field for one in refusal.value.problems] == [field]
    assert call_list(node).calls[0].attempts == ()


def test_a_car_with_a_frame_number_is_counted_beside_the_list(node: Node, hub: ModelHub):
    """Nobody is to be called about it from the list, and the page says how many such cars there are and what to do."""
    frames = encode_segment([FRAME])
    announce(hub, frames, count=1)
    receive(node, hub, frames)
    save(node, lambda new_id: (draft_new(VEHICLE, new_id(), {"chassis_no": FRAME}),))

    found, page = call_list(node), Visitor(node).logged_in().in_english().open("/recalls")

    assert (found.calls, found.by_frame_number) == ((), 1)
    assert "1 car with an open recall has a frame number and no VIN, and is not listed" in page


def test_who_is_sought_no_longer_is_neither_listed_nor_counted(node: Node, hub: ModelHub):
    """A campaign that has closed its outreach leaves cars with a VIN and cars with a frame number alone."""
    listed = encode_segment([CAR]), encode_segment([FRAME])
    announce(hub, *listed, count=2, outreach_closed_on="2026-09-20")
    receive(node, hub, *listed)
    own(node, CAR, "wang")
    save(node, lambda new_id: (draft_new(VEHICLE, new_id(), {"chassis_no": FRAME}),))

    found = call_list(node)

    assert (found.calls, found.by_frame_number) == ((), 0)


def test_an_attempt_about_a_recall_that_is_not_open_is_refused(node: Node):
    """Nobody is noted as called about nothing."""
    own(node, CAR, "wang")

    with pytest.raises(CommandRefused) as refusal:
        note_call(node, vehicle_id(CAR), record(70), "phone", "reached")

    assert [one.field for one in refusal.value.problems] == ["campaign_id"]


def test_an_unsold_car_is_stopped_until_it_is_acknowledged_under_this_plan(node: Node, hub: ModelHub):
    """A car in stock is listed; taking note names version and time, and a later plan version asks again."""
    first = announce(hub, LIST, count=3, plan_version=1)
    receive(node, hub, LIST)
    car = add_car(node, CAR, lifecycle="in_stock")
    before = stop_list(node).cars

    acknowledge(node, frozenset({(car, record(70))}))
    after = stop_list(node).cars
    announce(hub, LIST, count=3, plan_version=2, based_on=first)
    receive(node, hub)

    assert [one.acknowledged for one in before] == [None]
    assert after[0].acknowledged is not None
    assert after[0].acknowledged.values["acknowledged_at"] == node.clock.now_ms()
    assert [(one.plan_version, one.acknowledged) for one in stop_list(node).cars] == [(2, None)]


@pytest.mark.parametrize(("role", "is_taken"), [("advisor", False), ("care_clerk", False), ("manager", True)])
def test_only_a_manager_takes_note_of_a_stopped_sale(tmp_path: Path, hub: ModelHub, role: str, is_taken: bool):
    """A car stays on the list for an advisor and a clerk, who may note calls and nothing else; a manager ends it."""
    site = build_site(tmp_path)
    announce(hub, LIST, count=3)
    receive(site.node, hub, LIST)
    car = add_car(site.node, CAR, lifecycle="in_stock")
    person = acting_for(site.node, hire(site, "P07", role))

    with contextlib.suppress(CommandRefused):
        acknowledge(person, frozenset({(car, record(70))}))

    assert (stop_list(site.node).cars[0].acknowledged is not None) is is_taken


def test_what_was_acknowledged_is_not_written_twice(node: Node, hub: ModelHub):
    """The same button twice makes one statement for each car."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    car = add_car(node, CAR, lifecycle="in_stock")
    named = frozenset({(car, record(70))})

    saved = acknowledge(node, named), acknowledge(node, named)

    assert [len(one.records) for one in saved] == [1, 0]


def test_the_page_shows_calls_and_stock_and_notes_a_result(node: Node, hub: ModelHub):
    """The desk sees danger, owner and advice; a noted result stands on the page; without one the page says why not."""
    announce(hub, LIST, count=3)
    receive(node, hub, LIST)
    own(node, CAR, "Wang Wei")
    add_car(node, OTHER, lifecycle="in_stock")
    pass_days(node, 1)
    desk = Visitor(node).logged_in().in_english()
    row = f"{record_text(vehicle_id(CAR))}={record_text(record(70))}"
    home, page = desk.open("/"), desk.open("/recalls")

    refused = desk.submit(page, "/recalls/contacts", {"car": row, "channel": "phone", "result": ""})
    desk.submit(page, "/recalls/contacts", {"car": row, "channel": "phone", "result": "no_answer"})
    desk.submit(page, "/recalls/stop-sales", {})

    after = desk.open("/recalls")
    assert "Unsold cars that are part of a recall: 1." in home
    assert [one for one in ("Wang Wei", "drive slowly", "R2026-1", OTHER) if one not in page] == []
    assert "13800138000" not in page
    assert "Say what came of it" in refused.text
    assert 'id="f-result"' in refused.text
    assert "1 of 3 attempts in vain" in after
    assert "I take note" in page
    assert "I take note" not in after


def test_the_lists_run_nothing_in_an_office(node: Node, hub: ModelHub):
    """A name, a model and a campaign's title that look like formulas are text in the workbooks."""
    formula = "=1+1"
    announce(hub, LIST, count=3, title=formula, emergency_advice=formula)
    receive(node, hub, LIST)
    own(node, CAR, formula)
    add_car(node, OTHER, lifecycle="in_stock", model_name=formula)

    made = [export_list(node, name, show_personal=True).content for name in ("recall_calls", "stop_sales")]

    cells = [cell for one in made for row in load_workbook(BytesIO(one)).worksheets[0].iter_rows() for cell in row]
    dangerous = [cell for cell in cells if cell.value == formula]
    assert [(cell.data_type, cell.number_format) for cell in dangerous] == [("s", "@")] * 5
