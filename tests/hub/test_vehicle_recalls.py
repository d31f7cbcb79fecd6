"""What is said of one vehicle: the states that every count finds, and a door that stays open to whoever is not done."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from carnet_hub.core.campaigns.campaign_plans import ListedLine, read_members
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.counting.progress import COMPLETED, PairState
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.vehicle_recalls import (
    VehicleRecall,
    assess_typed,
    public_values,
    published_campaigns,
    recalls_of,
    vehicle_values,
)
from carnet_hub.entrypoints.http.regulator_shapes import Vehicle
from carnet_protocol.kinds import CAMPAIGN_STATES
from support.authors import draft_of
from support.protocol import record
from support.recall_plans import MEMBERS, NUMBER, plan
from support.recall_world import RecallWorld
from support.vins import with_wrong_digit

CAR: Final = MEMBERS[0]
TRIES: Final = 3
LATER: Final = "S2026M0002"
Act = Callable[[RecallWorld], object]


def call_in_vain(world: RecallWorld, times: int) -> None:
    """A dealer calls the owner, and nobody answers."""
    for _ in range(times):
        world.call_in_vain("A001", CAR)


def see_again(world: RecallWorld) -> None:
    """The owner brings the car after nobody answered."""
    call_in_vain(world, TRIES)
    world.check_in("B001", CAR)


def drop_from_plan(world: RecallWorld) -> None:
    """A later plan withdraws the car."""
    app = world.hub.app
    import_plan(app.hub, app.segments, app.plans, plan(MEMBERS[1:]), {CAR: "not_affected"})
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)


def supersede(world: RecallWorld) -> None:
    """Another campaign takes the place of the first, after nobody answered."""
    call_in_vain(world, TRIES)
    world.publish(campaign_no=LATER, supersedes=NUMBER)


def leaving(state: PairState) -> Act:
    """A dealer that has the car in says what became of it."""
    return lambda world: world.say_of_car("A001", CAR, state.value)


def doing(method: str) -> Act:
    """A dealer says that the campaign was done."""
    return lambda world: world.done("A001", CAR, method=method)


ACTS: Final[dict[str, tuple[Act, PairState]]] = {
    "nothing": (lambda world: None, PairState.OPEN),
    "a call too few": (lambda world: call_in_vain(world, TRIES - 1), PairState.OPEN),
    "calls in vain": (lambda world: call_in_vain(world, TRIES), PairState.UNREACHABLE),
    "seen after the calls": (see_again, PairState.OPEN),
    "interim": (doing("interim"), PairState.INTERIM_DONE),
    "no remedy": (lambda world: world.publish(remedy_state="not_yet"), PairState.OPEN_NO_REMEDY),
    "withdrawn": (drop_from_plan, PairState.WITHDRAWN),
    "superseded": (supersede, PairState.SUPERSEDED),
    **{
        left.value: (leaving(left), left)
        for left in (PairState.EXPORTED, PairState.SCRAPPED, PairState.STOLEN, PairState.IN_STOCK)
    },
    **{done.value: (doing(done.value), done) for done in sorted(COMPLETED)},
}
"""By what happened, an act that brings the first member into a state, and the state."""


def looked_up(world: RecallWorld) -> list[VehicleRecall]:
    """What is known of the car in the first campaign."""
    hub = world.hub.app.hub
    with hub.store.read() as snapshot:
        campaigns = published_campaigns(hub, snapshot, lambda number: number == NUMBER)
        return recalls_of(hub, snapshot, campaigns, CAR)


def test_every_state_is_brought_about():
    """No state of a pair is left out of the table of acts."""
    assert {state for _, state in ACTS.values()} == set(PairState)


@pytest.mark.parametrize(("act", "state"), ACTS.values(), ids=ACTS)
def test_a_vehicle_is_in_the_state_in_which_it_is_counted(tmp_path: Path, act: Act, state: PairState):
    """Whatever happened to a car, the answer about it names the state that the progress counts."""
    world = RecallWorld.begun(tmp_path, settings={"counts_superseded": True})

    act(world)

    assert [one.verdict.state for one in looked_up(world)] == [world.progress().state_of(CAR)] == [state]


def test_a_recall_whose_owner_cannot_be_reached_is_open_to_everybody(tmp_path: Path):
    """Whoever asks about a car whose owner nobody reached is told of the recall, and nothing of the calls."""
    world = RecallWorld.begun(tmp_path)
    before = looked_up(world)
    call_in_vain(world, TRIES)

    typed = assess_typed(CAR)

    assert typed is not None
    assert public_values(typed, looked_up(world), 0)["recalls"] == public_values(typed, before, 0)["recalls"] != []


def test_a_frame_number_that_is_long_enough_is_answered_about():
    """Of a car older than the standard it may be heard that nothing is open."""
    assessed = assess_typed("AE86-50012")
    assert assessed is not None

    assert (len(assessed.vin), public_values(assessed, [], 0)["recalls"]) == (9, [])


@pytest.mark.parametrize("odd", ["JZX1001234567", "GX810001", with_wrong_digit(CAR)])
def test_what_a_campaign_lists_is_found_as_listed(tmp_path: Path, odd: str):
    """A number that can be none is answered about when a list has it just so, to an authority as to everybody."""
    world = RecallWorld.begun(tmp_path)
    app = world.hub.app
    listed = read_members([ListedLine("vins.txt", 1, odd)], 1, keeps_faulty=True)
    import_plan(app.hub, app.segments, app.plans, replace(plan([CAR], campaign_no=LATER), members=listed))
    publish_campaign(app.hub, app.segments, app.plans, LATER)
    hub, assessed = app.hub, assess_typed(f" {odd.lower()} ")
    assert assessed is not None

    with hub.store.read() as snapshot:
        recalls = recalls_of(hub, snapshot, published_campaigns(hub, snapshot, lambda _: True), assessed.vin)
        told = vehicle_values(snapshot, assessed, recalls, 0)

    assert [one.number for one in recalls] == [LATER]
    assert told["problems"] == public_values(assessed, recalls, 0)["problems"] != []


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("LHGCV1688R200520", id="a character is missing"),
        pytest.param("2005207", id="the end of a VIN"),
        pytest.param("R2005207", id="the end of a VIN, like a short frame number"),
    ],
)
def test_what_can_be_no_whole_number_and_is_listed_nowhere_is_refused(typed: str):
    """It may be mistyped, or be a piece, so nobody is told that nothing is open."""
    assessed = assess_typed(typed)
    assert assessed is not None

    with pytest.raises(AccessRefused) as refused:
        public_values(assessed, [], 0)

    assert refused.value.refusal is Refusal.NO_VEHICLE_NUMBER


@pytest.mark.parametrize("typed", ["", "A" * 65, "\ud800" * 16])
def test_what_no_list_can_hold_is_no_number(typed: str):
    """Nothing, a text longer than any identifier, and half a character are not looked up."""
    assert assess_typed(typed) is None


@pytest.mark.parametrize("state", CAMPAIGN_STATES)
def test_only_a_published_campaign_is_answered_about(tmp_path: Path, state: str):
    """A campaign that is not published yet, or is withdrawn, stands in no answer about a vehicle."""
    world = RecallWorld.begun(tmp_path)
    write_hub_set(world.hub.app.hub, [draft_of("campaign", record("later"), {"campaign_no": LATER, "state": state})])

    hub = world.hub.app.hub
    with hub.store.read() as snapshot:
        found = [str(one.values["campaign_no"]) for one in published_campaigns(hub, snapshot, lambda _: True)]

    assert found == [NUMBER, *([LATER] if state == "published" else [])]


def test_a_completion_that_was_taken_back_says_where(tmp_path: Path):
    """A vehicle's answer cites the set that took a completion back, behind the one that stated it."""
    world = RecallWorld.begun(tmp_path)
    world.retract("A001", *world.done("A001", CAR))
    assessed = assess_typed(CAR)
    assert assessed is not None

    with world.hub.app.hub.store.read() as snapshot:
        shown = Vehicle.model_validate(vehicle_values(snapshot, assessed, looked_up(world), world.hub.clock.ms))

    (completion,) = shown.recalls[0].completions
    assert completion.fate == "retracted"
    assert completion.retracted_by is not None
    assert completion.retracted_by.set_hash == world.authors["A001"].made[-1].set_hash.hex()
    assert (completion.log_position, completion.retracted_by.log_position) == (
        shown.log_position - 1,
        shown.log_position,
    )
