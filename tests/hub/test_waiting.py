"""What a set waits for when the set it builds on turns out to have no effect."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core.exchange.quarantine import give_up_parked, list_parked, release_parked
from carnet_hub.core.log.rebuild import check_projections
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode
from support.authors import MadeSet, draft_of
from support.hub_world import CAR, HubWorld, car


def test_a_set_waits_for_what_a_void_op_was_based_on(world: HubWorld):
    """Whoever builds on a void op builds on what was read there, and that may still be on its way."""
    missing, void, later = _chain_of_three(world)
    world.push_one(void)
    give_up_parked(world.hub, void.nonce, note="entered twice")

    answer = world.push_one(later)

    assert PushCode(answer.code) is PushCode.PARKED
    assert [(one.nonce, one.waits_for) for one in list_parked(world.hub)] == [(later.nonce, (missing.op(),))]


def test_a_waiting_set_waits_on_when_its_base_becomes_void(world: HubWorld):
    """When the set it waits for is given up, it waits for what that one was waiting for."""
    missing, void, later = _chain_of_three(world)
    world.push(void, later)

    give_up_parked(world.hub, void.nonce, note="entered twice")

    (parked,) = list_parked(world.hub)
    assert (parked.nonce, missing.op() in parked.waits_for) == (later.nonce, True)


def test_what_waits_behind_a_void_op_goes_on_when_it_arrives(world: HubWorld):
    """The value that was read through the void op has been replaced, in whichever order everything arrived."""
    missing, void, later = _chain_of_three(world)
    world.push(void, later)
    give_up_parked(world.hub, void.nonce, note="entered twice")

    world.push_one(missing)

    assert list_parked(world.hub) == []
    assert world.shown("vehicle", CAR)["color"] == "white"
    assert world.show("vehicle", CAR).contests == ()


def test_what_waits_behind_a_void_op_can_be_released(world: HubWorld):
    """An operator may declare lost what lies behind a void op."""
    missing, void, later = _chain_of_three(world)
    world.push(void, later)
    give_up_parked(world.hub, void.nonce, note="entered twice")

    release_parked(world.hub, later.nonce, note="the stick is gone", lost=[missing.op()])

    assert world.shown("vehicle", CAR)["color"] == "white"


def test_the_log_folds_to_the_same_waiting(world: HubWorld, tmp_path: Path):
    """Who waits for what is a function of the log, also behind void ops."""
    _, void, later = _chain_of_three(world)
    world.push(void, later)
    give_up_parked(world.hub, void.nonce, note="entered twice")
    scratch = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    scratch.make_tables()

    report = check_projections(world.hub, scratch)

    assert report.differences == ()


def _chain_of_three(world: HubWorld) -> tuple[MadeSet, MadeSet, MadeSet]:
    """A set that has not come, one that builds on it and will be given up, and one that builds on that."""
    missing = world.site("west").write(car(color="red"))
    east = world.site("east")
    void = east.write(_paint("blue", missing.op()))
    later = east.write(_paint("white", void.op()))
    return missing, void, later


def _paint(color: str, *read: OpId):
    return draft_of("vehicle", CAR, {"color": color}, based_on=read)


def test_a_lost_op_that_arrives_late_changes_nothing_that_was_folded(world: HubWorld):
    """Who built on a lost op was folded without knowing what that op had read, and this stays so."""
    base = world.site("west").write(car(color="red"))
    lost = world.site("south").write(_paint("blue", base.op()))
    east = world.site("east")
    leaning = east.write(_paint("white", lost.op()))
    world.push(base, leaning)
    release_parked(world.hub, leaning.nonce, note="the stick is gone", lost=[lost.op()])
    world.push_one(lost)
    world.push_one(world.site("north").write(_paint("black")))

    world.push_one(east.write(_paint("green", base.op(), leaning.op())))

    with world.hub.store.read() as snapshot:
        settled = snapshot.settled(REGISTRY["vehicle"].number, [CAR])
    assert {row.overruled for row in settled} == {base.op(), leaning.op()}


def test_an_op_that_has_arrived_cannot_be_declared_lost(world: HubWorld):
    """What is folded has its effect; only what is still missing is listed, and may be given up."""
    first = world.site("west").write(car(color="red"))
    second = world.site("south").write(car(fuel="petrol"))
    waiting = world.site("east").write(_paint("white", first.op(), second.op()))
    world.push(waiting, first)

    with pytest.raises(BadValue):
        release_parked(world.hub, waiting.nonce, note="the stick is gone", lost=[first.op(), second.op()])

    (parked,) = list_parked(world.hub)
    assert parked.waits_for == (second.op(),)
