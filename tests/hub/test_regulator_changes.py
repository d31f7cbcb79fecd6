"""What a page of changes names: everything that the state of a vehicle in a campaign rests on, and little else."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from carnet_hub.core.outside.regulator_changes import changes_for
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.sets.following_counts import note_askew
from carnet_hub.entrypoints.http.regulator_shapes import Changes
from carnet_protocol.ids import vehicle_id
from carnet_protocol.registry import Value
from support.authors import draft_of
from support.owners import own
from support.protocol import fixed
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

CAR, OTHER = MEMBERS[:2]
LATER: Final = "S2026M0002"
STRANGER: Final = next(vin for vin in make_vins(40) if vin not in MEMBERS)
TRIES: Final = 3
Act = Callable[[RecallWorld], object]
Named = set[tuple[str, str, str]]
MOVED: Final = {("vehicle", NUMBER, CAR)}


def head_of(world: RecallWorld) -> int:
    """The end of the log."""
    with world.hub.app.hub.store.read() as snapshot:
        return snapshot.head().position


def named_behind(world: RecallWorld, after: int) -> Named:
    """What the changes behind a position name, but for events."""
    page = Changes.model_validate(changes_for(world.hub.app.hub, lambda _: True, after=after, hub_epoch=""))
    return {(one.what, one.campaign_no, one.vin) for one in page.changes if one.what != "event"}


def call(world: RecallWorld, vin: str = CAR) -> None:
    """A dealer calls the owner of a car, and nobody answers."""
    world.call_in_vain("A001", vin)


def scrap(world: RecallWorld) -> None:
    """A dealer says that the car is scrapped."""
    world.say_of_car("A001", CAR, "scrapped")


def come_back(world: RecallWorld) -> None:
    """It is scrapped, and comes in all the same."""
    scrap(world)
    world.check_in("B001", CAR)


def move_order(world: RecallWorld) -> None:
    """The order by which a car came back was another car's."""
    order = world.authors["B001"].made[-1].op(0)
    values: dict[str, Value] = {"vehicle_id": vehicle_id(OTHER)}
    world.say("B001", draft_of("visit", fixed(f"visit {world.visits}"), values, based_on=(order,)))


def nothing(world: RecallWorld) -> None:
    """Nothing that counts happens before."""
    world.check_in("A001", STRANGER)


CASES: Final[dict[str, tuple[Act, Act, Named]]] = {
    "it left": (nothing, scrap, MOVED),
    "somebody called": (nothing, call, MOVED),
    "it came back": (scrap, lambda world: world.check_in("B001", CAR), MOVED),
    "another car came back": (come_back, move_order, MOVED),
    "it came after a call": (call, lambda world: world.check_in("B001", CAR), MOVED),
    "an owner after a call": (call, lambda world: own(world, "B001", CAR, "wang"), MOVED),
    "it was done": (nothing, lambda world: world.done("A001", CAR), {("completion", NUMBER, CAR), *MOVED}),
    "an order alone": (nothing, lambda world: world.check_in("A001", CAR), set()),
    "a car of no campaign left": (nothing, lambda world: world.say_of_car("A001", STRANGER, "scrapped"), set()),
    "another campaign takes its place": (
        nothing,
        lambda world: world.publish(campaign_no=LATER, supersedes=NUMBER),
        {("campaign", NUMBER, ""), ("campaign", LATER, "")},
    ),
}
"""By what happened: what happens before, what happens then, and what is named of it."""


@pytest.mark.parametrize("case", CASES)
def test_what_a_state_rests_on_is_named(tmp_path: Path, case: str):
    """What may move a pair is named by campaign and vehicle; what moves none is not."""
    before, act, named = CASES[case]
    world = RecallWorld.begun(tmp_path)
    before(world)
    after = head_of(world)

    act(world)

    assert named_behind(world, after) == named


def test_an_order_under_a_completion_is_named(tmp_path: Path):
    """An order that is voided takes its completion's proof away, so its vehicle is named."""
    world = RecallWorld.begun(tmp_path)
    visit = world.check_in("A001", CAR)
    order = world.authors["A001"].made[-1].op(0)
    world.done("A001", CAR, visit=visit)
    after = head_of(world)

    world.say("A001", draft_of("visit", visit, {"status": "void"}, based_on=(order,)))

    assert named_behind(world, after) == MOVED


ACTS: Final[tuple[Callable[[RecallWorld, str], object], ...]] = (
    call,
    lambda world, vin: world.check_in("B001", vin),
    lambda world, vin: world.done("A001", vin),
    lambda world, vin: world.say_of_car("A001", vin, "scrapped"),
    lambda world, vin: own(world, "B001", vin, f"owner {world.visits}"),
)


@pytest.mark.parametrize("seed", range(3))
def test_no_state_moves_unnamed(tmp_path: Path, seed: int):
    """Whatever happens, each vehicle whose state is another one is among the changes."""
    dice, world = random.Random(seed), RecallWorld.begun(tmp_path)
    for _ in range(TRIES - 1):
        call(world, MEMBERS[-1])
    acts = [(act, vin) for act in ACTS for vin in MEMBERS]
    moves = 0
    for act, vin in dice.sample(acts, len(acts)):
        states, after = [world.progress().state_of(one) for one in MEMBERS], head_of(world)

        act(world, vin)

        now = [world.progress().state_of(one) for one in MEMBERS]
        moved = {one for one, was, is_now in zip(MEMBERS, states, now, strict=True) if was is not is_now}
        moves += len(moved)
        assert moved <= {one for _, _, one in named_behind(world, after)}
    assert moves


def test_sums_that_are_not_believed_name_nothing(tmp_path: Path):
    """While a set is folded that no sum has heard, changes are refused rather than given in part."""
    world = RecallWorld.begun(tmp_path)
    with world.hub.app.hub.store.write() as transaction:
        note_askew(transaction, is_askew=True)

    with pytest.raises(AccessRefused) as refusal:
        changes_for(world.hub.app.hub, lambda _: True, after=0, hub_epoch="")

    assert refusal.value.refusal is Refusal.BUSY
