"""Recalls on the pages of the desk: the most dangerous first, no repair without a remedy, items and evidence."""

from pathlib import Path

import pytest

from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.desk import save_visit_by_vin
from carnet_node.core.editing import require_visit
from carnet_node.core.node import Node
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.remedy import evidence_bits
from carnet_protocol.segments import encode_segment
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.model_hub import ModelHub
from support.node_builder import build_node
from support.recall_lists import announce, announce_item, receive
from support.vins import make_vins

VIN = make_vins(1)[0]
LIST = encode_segment([VIN])
PHOTO = "ab" * 32


@pytest.fixture
def hub() -> ModelHub:
    """A hub without campaigns."""
    return ModelHub()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without recall data."""
    return build_node(tmp_path)


def car_in(node: Node) -> RecordId:
    """The listed car is in the shop; its order."""
    order = save_visit_by_vin(
        node,
        AddVehicle(VIN, VinPolicy.STRICT),
        lambda car: OpenVisit("", car, node.clock.now_ms(), values={"odometer_in_km": 52_300}),
    )
    return order.visit


def test_the_most_dangerous_recall_stands_first(node: Node, hub: ModelHub):
    """A car that must not be driven is told so before anything else."""
    announce(hub, LIST, count=1, number=30, campaign_no="R-NORMAL", hazard_level="normal")
    announce(hub, LIST, count=1, number=40, campaign_no="R-PARK", hazard_level="park_outside")
    announce(hub, LIST, count=1, number=50, campaign_no="R-STOP", hazard_level="do_not_drive")
    receive(node, hub, LIST)
    car_in(node)

    page = Visitor(node).logged_in().in_english().open(f"/vehicles/{record_text(vehicle_id(VIN))}")

    places = [page.index(number) for number in ("R-STOP", "R-PARK", "R-NORMAL")]
    assert places == sorted(places)


def test_without_a_remedy_the_desk_gives_advice_and_books_nothing(node: Node, hub: ModelHub):
    """The banner says the advice and offers no check-in; the order offers no repair, and a refusal all the same."""
    announce(hub, LIST, count=1, remedy_state="not_yet")
    receive(node, hub, LIST)
    visit = car_in(node)
    desk = Visitor(node).logged_in().in_english()

    banner, order = desk.open(f"/vehicles/{record_text(vehicle_id(VIN))}"), desk.open(f"/visits/{record_text(visit)}")

    assert "drive slowly" in banner
    assert "The remedy is not available yet: tell the owner the advice above, and book no repair." in banner
    assert "campaign=" not in banner
    assert ('value="replaced"' in order, 'value="refused"' in order) == (False, True)


def test_a_completion_without_its_evidence_is_refused_in_the_persons_language(node: Node, hub: ModelHub):
    """The form says what the campaign wants; without it nothing is saved, and the sentences say what is missing."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    receive(node, hub, LIST)
    address = f"/visits/{record_text(car_in(node))}"
    desk = Visitor(node).logged_in()
    page = desk.open(address)

    refused = desk.submit(page, f"{address}/recalls", {"method": "replaced"})

    assert "该召回要求" in page
    assert refused.status_code == 422
    assert "该召回要求提供作业照片。" in refused.text


def test_items_are_ticked_singly_until_the_recall_is_done(node: Node, hub: ModelHub):
    """After the first of two items the recall is open for the other; after both it is gone from the order."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    announce_item(hub, 1, "left", part_no="A-1")
    announce_item(hub, 2, "right", part_no="B-2")
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in().in_english()
    proof = {"method": "replaced", "photo_hash": PHOTO}

    desk.submit(desk.open(address), f"{address}/recalls", {**proof, "items_done": "1", "part_no": "A-1"})
    half = desk.open(address)
    desk.submit(half, f"{address}/recalls", {**proof, "items_done": "2", "part_no": "B-2"})

    done = require_visit(node, visit).completions
    assert ("✓ left" in half, 'value="1"> left' in half, "right" in half) == (True, False, True)
    assert "Record for this recall" not in desk.open(address)
    assert sorted((one.values["items_done"], one.values["part_no"]) for one in done) == [(1, "A-1"), (2, "B-2")]
    assert {one.values["photo_hash"] for one in done} == {bytes.fromhex(PHOTO)}


def test_a_file_and_its_hash_have_labels_of_their_own(node: Node, hub: ModelHub):
    """Beside the field that takes the photo stands one that says it takes a SHA-256."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    receive(node, hub, LIST)
    address = f"/visits/{record_text(car_in(node))}"

    page = Visitor(node).logged_in().in_english().open(address)

    assert [page.count(f'aria-label="{label}"') for label in ("SHA-256: Photo of the work", "Photo of the work")] == [
        1,
        0,
    ]
