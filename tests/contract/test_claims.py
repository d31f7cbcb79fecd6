"""A claim that was recorded at a desk counts at the hub, and goes on counting right when the order is corrected."""

from functools import partial
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.recalls import count_campaign
from carnet_node.bootstrap import Installation
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, void_visit
from carnet_node.core.saving.desk import save, save_vehicle, save_visit_by_vin
from carnet_node.core.saving.editing import Recorded, campaign_of, order_drafts, recall_drafts, require_visit
from carnet_node.core.showing.views import VisitView
from carnet_protocol.ids import vehicle_id
from carnet_protocol.vin import VinPolicy
from support.campaigns import publish
from support.hub_apps import TestHub, make_hub
from support.network import a_round, join
from support.recall_plans import NUMBER as CAMPAIGN_NO
from support.vins import make_vins

WRONG, RIGHT = make_vins(2)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site and a campaign for two cars."""
    made = make_hub(tmp_path / "hub")
    made.add_dealer("A001")
    publish(made, [WRONG, RIGHT])
    return made


@pytest.fixture
def desk(hub: TestHub, tmp_path: Path) -> Installation:
    """A node that knows the campaign."""
    installation = join(hub, tmp_path / "desk")
    a_round(installation, hub)
    return installation


def claimed(desk: Installation, hub: TestHub) -> VisitView:
    """An order for the wrong car with the recall recorded as done; the hub has both."""
    node = desk.node()
    values = {"odometer_in_km": 52_300}
    opened = save_visit_by_vin(
        node, AddVehicle(WRONG, VinPolicy.STRICT), lambda car: OpenVisit("", car, node.clock.now_ms(), values=values)
    )
    visit = opened.visit
    campaign = campaign_of(node, CAMPAIGN_NO)
    save(node, lambda new_id: recall_drafts(node, require_visit(node, visit), campaign, new_id, method="replaced"))
    a_round(desk, hub)
    return require_visit(node, visit)


def counted_at(hub: TestHub) -> set[str]:
    """VINs whose recall counts as done."""
    with hub.app.hub.store.read() as snapshot:
        return set(count_campaign(hub.app.hub, hub.app.segments, snapshot, CAMPAIGN_NO).progress.counted)


def test_a_claim_counts_for_the_car_of_its_order(hub: TestHub, desk: Installation):
    """One round after the desk has recorded it, the pair is done."""
    claimed(desk, hub)

    assert counted_at(hub) == {WRONG}


def test_a_claim_counts_for_the_right_car_after_a_correction(hub: TestHub, desk: Installation):
    """The hub accepts the move whole: the wrong car is open again, the right one is done."""
    order, node = claimed(desk, hub), desk.node()
    save_vehicle(node, AddVehicle(RIGHT, VinPolicy.STRICT))
    reading = None if order.reading is None else order.reading.read()
    recorded = Recorded(reading, tuple(one.read() for one in order.completions))
    changes = {"vehicle_id": vehicle_id(RIGHT)}

    save(node, partial(order_drafts, node, order.visit.read(), changes, recorded))
    report = a_round(desk, hub)

    assert (report.push.parked, report.push.refused, counted_at(hub)) == (0, 0, {RIGHT})


def test_a_claim_on_a_void_order_does_not_count(hub: TestHub, desk: Installation):
    """An order that never counted leaves the car open."""
    order, node = claimed(desk, hub), desk.node()

    save(node, lambda _: void_visit(order.visit.read(), "opened twice", [one.read() for one in order.completions]))
    report = a_round(desk, hub)

    assert (report.push.parked, report.push.refused, counted_at(hub)) == (0, 0, set())
