"""Which cars a plate leads to: those that wear it now, whoever owns them; a number that is gone leads nowhere."""

import pytest

from carnet_hub.core.anchor_rows import PlateKeyRow
from carnet_hub.core.limits import LOOK_UP_PLATES_MAX
from carnet_hub.core.log.rebuild import rebuild_projections
from carnet_protocol.changeset import Draft
from carnet_protocol.ops import Action
from carnet_protocol.registry import ErasureGroup, Value
from support.authors import draft_of
from support.hub_world import CAR, HubWorld, car
from support.look_ups import look_up
from support.protocol import record

PLATE = "湘A12345"


def plate(name: str = "plate", /, **values: Value) -> Draft:
    """A plate of the car."""
    worn: dict[str, Value] = {"vehicle_id": CAR, "plate_no": PLATE}
    return draft_of("plate", record(name), {**worn, **values})


def test_a_plate_finds_a_car_whose_owner_nobody_knows(world: HubWorld):
    """A car that was taken in by its plate alone is found by it; nobody's name is needed for that."""
    home = world.site("home")
    world.push_one(home.write(car(), plate()))

    answer = look_up(world, world.site("away"), way="plate", sought=PLATE)

    assert [one.vehicle_id for one in answer.cars] == [CAR]


@pytest.mark.parametrize("way", ["corrected", "deleted"])
def test_a_plate_that_is_on_file_no_more_finds_nothing(world: HubWorld, way: str):
    """A number that was typed wrongly leads to no car once somebody has put it right or has taken it away."""
    home = world.site("home")
    made = home.write(car(), plate())
    world.push_one(made)
    action = {"corrected": Action.WRITE, "deleted": Action.DELETE}[way]
    values: dict[str, Value] = {"plate_no": "湘A54321"} if way == "corrected" else {}

    world.push_one(home.write(draft_of("plate", record("plate"), values, based_on=(made.op(1),), action=action)))

    assert look_up(world, world.site("away"), way="plate", sought=PLATE).cars == []


def test_an_erased_plate_finds_nothing(world: HubWorld):
    """With the number goes the key under which it was found."""
    home = world.site("home")
    world.push_one(home.write(car(), plate()))
    groups = 1 << (ErasureGroup.CONTACT - 1)
    order: dict[str, Value] = {"record_ids": record("plate"), "groups": groups, "ground": "request"}

    world.write(draft_of("erasure", record("order"), order))

    assert look_up(world, world.site("away"), way="plate", sought=PLATE).cars == []
    with world.hub.store.read() as snapshot:
        assert list(snapshot.scan(PlateKeyRow)) == []


def test_a_number_that_stands_in_too_many_records_finds_nothing(world: HubWorld):
    """What was typed in place of a plate that nobody knew names no car."""
    home = world.site("home")
    world.push_one(home.write(car(), *(plate(f"plate {number}") for number in range(LOOK_UP_PLATES_MAX - 1))))
    away = world.site("away")
    assert len(look_up(world, away, way="plate", sought=PLATE).cars) == 1

    world.push_one(home.write(plate("one more")))

    assert look_up(world, away, way="plate", sought=PLATE).cars == []


def test_plates_are_found_after_a_fold_from_the_log(world: HubWorld):
    """The keys come out of the log as they went in."""
    home = world.site("home")
    world.push_one(home.write(car(), plate()))
    before = world.digest()

    rebuild_projections(world.hub)

    assert world.digest() == before
    assert len(look_up(world, world.site("away"), way="plate", sought=PLATE).cars) == 1


def test_a_plate_that_is_worn_no_more_finds_nothing(world: HubWorld):
    """A plate with an end in the past leads to no car."""
    home = world.site("home")
    world.push_one(home.write(car(), plate(to_on="2020-01-01")))

    assert look_up(world, world.site("away"), way="plate", sought=PLATE).cars == []
