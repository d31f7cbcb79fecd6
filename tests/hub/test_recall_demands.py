"""What later plans change for the work on a car, at a real hub: what is left to do, and never a verdict."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.counting.campaign_work import CampaignWork
from carnet_hub.core.counting.progress import PairState, ReportFate
from carnet_protocol.demands import WorkItem
from carnet_protocol.remedy import item_bits
from support.recall_plans import MEMBERS
from support.recall_world import HOUR_MS, RecallWorld

CAR, OTHER = MEMBERS[0], MEMBERS[1]
DRIVER = WorkItem(1, "Inflator, driver side", "77810-TB0")
PASSENGER = WorkItem(2, "Inflator, passenger side", "77820-TB0")


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign that does one thing and asks for nothing."""
    return RecallWorld.begun(tmp_path)


def test_a_demand_makes_no_earlier_completion_wrong(world: RecallWorld):
    """A plan version that asks for a photo, or names a part number, judges the work that is done from then on."""
    world.done("A001", CAR, part_no="77810-TB0")
    world.hub.clock.ms += HOUR_MS
    world.work = CampaignWork(("photo",), (replace(DRIVER, part_no="77810-TB1"),))

    world.publish()
    world.done("A001", OTHER, part_no="77810-TB1")

    assert {one.report.vin: one.fate for one in world.progress().judged} == {
        CAR: ReportFate.COUNTED,
        OTHER: ReportFate.LACKS_EVIDENCE,
    }


LATER_PLANS = [
    pytest.param(CampaignWork(("technician", "photo"), (DRIVER,)), id="one more kind of evidence"),
    pytest.param(CampaignWork(("photo",), (DRIVER,)), id="another kind of evidence"),
    pytest.param(CampaignWork((), (DRIVER,)), id="no evidence any more"),
    pytest.param(CampaignWork(("technician",), (replace(DRIVER, part_no="77810-XX9"),)), id="another part"),
    pytest.param(CampaignWork(("technician",), (replace(DRIVER, part_no=""),)), id="no part named any more"),
    pytest.param(CampaignWork(("technician",), (replace(DRIVER, software_version="2.1"),)), id="software as well"),
    pytest.param(CampaignWork(("technician",)), id="no items any more"),
    pytest.param(CampaignWork(("technician",), (PASSENGER,)), id="another item instead"),
]


@pytest.mark.parametrize("later", LATER_PLANS)
def test_no_later_plan_changes_the_verdict_about_earlier_work(tmp_path: Path, later: CampaignWork):
    """What counted counts, what lacked evidence or had the wrong part still does, whatever is demanded from then on."""
    world = RecallWorld.begun(tmp_path, DRIVER, evidence=("technician",))
    world.done("A001", MEMBERS[0], technician_code="T3", part_no="77810-TB0")
    world.done("A001", MEMBERS[1], part_no="77810-TB0")
    world.done("A001", MEMBERS[2], technician_code="T3", part_no="77810-XX9")
    before = world.fates()

    world.work = later
    world.publish()

    assert sorted(before) == [ReportFate.COUNTED, ReportFate.LACKS_EVIDENCE, ReportFate.WRONG_PART]
    assert world.fates() == before


def test_an_item_that_is_added_leaves_the_first_one_done(world: RecallWorld):
    """A campaign that did one thing and does two now has the first done on a car, and the second open."""
    world.done("A001", CAR)
    world.work = CampaignWork((), (DRIVER, PASSENGER))
    world.publish()
    half = world.progress().state_of(CAR)

    world.done("A001", CAR, items_done=item_bits([2]))

    assert (half, world.progress().state_of(CAR)) == (PairState.OPEN, PairState.REPLACED)
