"""A count that follows the log answers like a count made anew, after everything that can change it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.campaign_work import CampaignWork, WorkItem
from carnet_hub.core.kept_counts import KeptCounts
from carnet_hub.core.limits import CATCH_UP_ENTRIES_MAX
from carnet_hub.core.progress import PairState
from carnet_hub.core.recalls import withdraw_campaign
from carnet_protocol.ids import vehicle_id
from support.authors import draft_of
from support.protocol import fixed
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

CAR, OTHER = MEMBERS[0], MEMBERS[1]


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign that one dealer has done on a car, beside one that was scrapped."""
    world = RecallWorld.begun(tmp_path)
    world.done("A001", CAR)
    world.say_of_car("A001", OTHER, "scrapped")
    return world


def complete_another(world: RecallWorld) -> None:
    """One more car is done."""
    world.done("B001", MEMBERS[2], method="software")


def race(world: RecallWorld) -> None:
    """A second dealer has done the same car, and earlier."""
    world.done("B001", CAR, completed_at=world.hub.clock.ms - 1)


def take_back(world: RecallWorld) -> None:
    """A completion is retracted."""
    world.retract("A001", *world.done("A001", MEMBERS[2]))


def scrap(world: RecallWorld) -> None:
    """A car leaves."""
    world.say_of_car("B001", MEMBERS[2], "stolen")


def leave_without_vin(world: RecallWorld) -> None:
    """A car leaves whose record says nothing of its VIN."""
    world.check_in("B001", MEMBERS[2])
    world.say("B001", draft_of("vehicle", vehicle_id(MEMBERS[2]), {"lifecycle": "exported"}))


def leave_under_another_vin(world: RecallWorld) -> None:
    """A car leaves whose record shows the VIN of another member."""
    world.check_in("B001", MEMBERS[2])
    values = {"vin": MEMBERS[3], "lifecycle": "exported"}
    world.say("B001", draft_of("vehicle", vehicle_id(MEMBERS[2]), values))


def come_back(world: RecallWorld) -> None:
    """A car that had left is checked in."""
    world.check_in("B001", OTHER)


def leave_again(world: RecallWorld) -> None:
    """The order that brought a car back turns out to be another car's."""
    made = world.authors["B001"].made[-1]
    visit = fixed(f"visit {world.visits}")
    world.say("B001", draft_of("visit", visit, {"vehicle_id": vehicle_id(CAR)}, based_on=(made.op(0),)))


def void_order(world: RecallWorld) -> None:
    """The order that brought a car back never counted."""
    world.void_last("B001")


def move_order(world: RecallWorld) -> None:
    """The order on which a car was done is another car's after all."""
    made = world.authors["A001"].made[0]
    world.say("A001", draft_of("visit", fixed("visit 1"), {"vehicle_id": vehicle_id(OTHER)}, based_on=(made.op(0),)))


def extend(world: RecallWorld) -> None:
    """A plan version adds a car."""
    world.publish([*MEMBERS, make_vins(5)[4]])


def ask_more(world: RecallWorld) -> None:
    """A plan version adds an item."""
    world.work = CampaignWork((), (WorkItem(1, "left"), WorkItem(2, "right")))
    world.publish()


def withdraw(world: RecallWorld) -> None:
    """The campaign is taken back."""
    withdraw_campaign(world.hub.app.hub, NUMBER)


ACTS = [
    pytest.param((complete_another,), id="another car is done"),
    pytest.param((race,), id="two dealers race"),
    pytest.param((take_back,), id="a completion is taken back"),
    pytest.param((scrap,), id="a car leaves"),
    pytest.param((leave_without_vin,), id="a car without a VIN leaves"),
    pytest.param((leave_under_another_vin,), id="a car leaves that shows another VIN"),
    pytest.param((come_back,), id="a car comes back"),
    pytest.param((come_back, leave_again), id="the order of a car that came back is corrected"),
    pytest.param((come_back, void_order), id="the order of a car that came back is voided"),
    pytest.param((move_order,), id="the order of a completion is corrected"),
    pytest.param((extend,), id="the plan is extended"),
    pytest.param((ask_more,), id="the plan adds items"),
    pytest.param((withdraw,), id="the campaign is withdrawn"),
]


@pytest.mark.parametrize("acts", ACTS)
def test_a_kept_count_equals_a_new_one(world: RecallWorld, acts: tuple[Callable[[RecallWorld], None], ...]):
    """Whatever enters the log, the kept count hears it and says at which position it stands."""
    counts = KeptCounts(world.hub.app.hub, world.hub.app.segments)
    before = counts.sums(NUMBER)

    for act in acts:
        act(world)
        after = counts.sums(NUMBER)

    with world.hub.app.hub.store.read() as snapshot:
        head = snapshot.head().position
    assert before.sums.completed_count == 1
    assert (after.sums, after.position) == (world.progress().sums, head)


def test_what_is_new_alone_is_judged_again(world: RecallWorld):
    """A kept count reads no member list again when another car is done."""
    reads: list[bytes] = []
    shelf = world.hub.app.segments

    class CountedShelf:
        """A shelf that remembers what was taken from it."""

        def put(self, segment: bytes) -> bytes:
            """Keep a segment."""
            return shelf.put(segment)

        def get(self, name: bytes) -> bytes | None:
            """A segment, and a note that it was asked for."""
            reads.append(name)
            return shelf.get(name)

    counts = KeptCounts(world.hub.app.hub, CountedShelf())
    counts.sums(NUMBER)
    reads.clear()

    complete_another(world)

    assert counts.sums(NUMBER).sums.totals[PairState.SOFTWARE] == 1
    assert reads == []


def test_a_count_far_behind_is_made_anew(world: RecallWorld):
    """A kept count that stands ahead of the log, as after a restore, is not believed."""
    counts = KeptCounts(world.hub.app.hub, world.hub.app.segments)
    kept = counts.sums(NUMBER)
    (held,) = counts._kept.values()
    held.position += CATCH_UP_ENTRIES_MAX

    assert counts.sums(NUMBER) == replace(kept, position=kept.position)
