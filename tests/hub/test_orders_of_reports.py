"""Which order shows that a dealer had a car in: one for this very car, neither void nor a draft."""

from collections.abc import Callable
from pathlib import Path

import pytest

from carnet_hub.core.counting.progress import PairState, ReportFate
from carnet_protocol.ids import vehicle_id
from support.recall_plans import MEMBERS
from support.recall_world import RecallWorld
from support.vins import make_vins

CAR = MEMBERS[0]
OUTSIDER = make_vins(5)[4]


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign that does one thing and asks for nothing."""
    return RecallWorld.begun(tmp_path)


def test_the_record_of_one_car_and_the_vin_of_another_prove_nothing(world: RecallWorld):
    """A completion that names the car of its order, and the VIN of a car that nobody had in, closes neither."""
    visit = world.check_in("A001", OUTSIDER)

    world.done("A001", CAR, visit=visit, vehicle_id=vehicle_id(OUTSIDER))

    assert (world.fates(), world.progress().completed_count) == ([ReportFate.CAR_NOT_SEEN], 0)


def voided(world: RecallWorld, site: str, vin: str) -> bytes:
    """An order that never counted."""
    visit = world.check_in(site, vin)
    world.void_last(site)
    return visit


def drafted(world: RecallWorld, site: str, vin: str) -> bytes:
    """An order with which no car was taken in yet."""
    return world.check_in(site, vin, "draft")


@pytest.mark.parametrize("order", [voided, drafted])
def test_an_order_that_had_no_car_in_brings_no_car_back(world: RecallWorld, order: Callable[..., bytes]):
    """A void order, or a mere draft, leaves a car that has left where it is, without alarm."""
    world.say_of_car("A001", CAR, "scrapped")

    order(world, "B001", CAR)

    assert (world.progress().state_of(CAR), world.progress().came_back) == (PairState.SCRAPPED, frozenset())


@pytest.mark.parametrize("order", [voided, drafted])
def test_work_on_an_order_that_had_no_car_in_closes_nothing(world: RecallWorld, order: Callable[..., bytes]):
    """A completion counts nothing while its order is void or a draft."""
    visit = order(world, "A001", CAR)

    world.done("A001", CAR, visit=visit)

    assert (world.fates(), world.progress().state_of(CAR)) == ([ReportFate.CAR_NOT_SEEN], PairState.OPEN)
