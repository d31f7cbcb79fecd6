"""Unsold cars of a campaign at the hub: in whose stock they are, and which dealer has taken note under which plan."""

from pathlib import Path

import pytest

from carnet_hub.core.campaigns.stop_sales import stopped_cars
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.registry import Value
from support.authors import draft_of
from support.hub_cli import Printed, campaign_folder, told
from support.protocol import record
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld

CAR, OTHER = MEMBERS[0], MEMBERS[1]


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign of which two cars stand unsold, one at each of two dealers."""
    world = RecallWorld.begun(tmp_path)
    world.say_of_car("A001", CAR, "in_stock")
    world.say_of_car("B001", OTHER, "in_stock")
    return world


def note(world: RecallWorld, vin: str, version: int = 1, **more: Value) -> Draft:
    """A dealer takes note of an unsold car."""
    values: dict[str, Value] = {
        "campaign_id": world.campaigns[NUMBER].row.id,
        "vin": vin,
        "vehicle_id": vehicle_id(vin),
        "plan_version": version,
        "acknowledged_at": world.hub.clock.ms,
        **more,
    }
    return draft_of("stop_sale", record(f"note {vin} {version} {more}"), values)


def shown(world: RecallWorld) -> list[tuple[str, str, bool]]:
    """VIN, site, and whether it was acknowledged."""
    found = stopped_cars(world.hub.app.hub, world.hub.app.segments, NUMBER)
    return [(one.vin, one.site, one.acknowledged_ms is not None) for one in found]


def test_unsold_cars_are_listed_with_the_dealer_whose_stock_they_are_in(world: RecallWorld):
    """Both cars wait, each at its dealer, and owners have nothing to do with them."""
    assert shown(world) == [(CAR, "A001", False), (OTHER, "B001", False)]


def test_an_acknowledgement_names_who_and_when(world: RecallWorld):
    """The dealer's manager stands with the number of staff and the time, which is never ahead of the hub's."""
    manager = record("manager")
    world.say("A001", draft_of("staff", manager, {"staff_no": "M01", "role": "manager"}))
    ahead = world.hub.clock.ms + 10**9

    made = world.say("A001", note(world, CAR, acknowledged_at=ahead), world.acted_by("A001", manager))

    (found,) = (one for one in stopped_cars(world.hub.app.hub, world.hub.app.segments, NUMBER) if one.vin == CAR)
    assert made.op_count == 2
    assert found.acknowledged_ms is not None
    assert found.acknowledged_ms <= world.hub.clock.ms
    assert found.staff_no == "M01"


def test_another_dealers_acknowledgement_counts_for_nobody_elses_stock(world: RecallWorld):
    """A car is acknowledged by the site in whose stock it is."""
    world.say("B001", note(world, CAR))

    assert shown(world) == [(CAR, "A001", False), (OTHER, "B001", False)]


def test_a_later_plan_asks_again(world: RecallWorld):
    """What was acknowledged under the first version waits under the second."""
    world.say("A001", note(world, CAR))
    before = shown(world)

    world.publish(remedy="Replaced free of charge, with a new seal.")

    assert before == [(OTHER, "B001", False), (CAR, "A001", True)]
    assert shown(world) == [(CAR, "A001", False), (OTHER, "B001", False)]


def test_a_retracted_acknowledgement_is_none(world: RecallWorld):
    """What was taken back is waited for again."""
    world.say("A001", note(world, CAR, retracted="entered_in_error"))

    assert shown(world) == [(CAR, "A001", False), (OTHER, "B001", False)]


def test_the_command_lists_them(data: Path, tmp_path: Path, capsys: Printed):
    """A campaign without unsold cars has an empty list, which is a workbook too."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)

    rows = told(capsys, data, "recalls", "stop-sales", NUMBER, "--xlsx", tmp_path / "stock.xlsx")

    assert rows == []
    assert (tmp_path / "stock.xlsx").is_file()
