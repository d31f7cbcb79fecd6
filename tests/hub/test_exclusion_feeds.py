"""Who is told to forget what a site received only because of a set that was excluded later."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.log.rebuild import check_projections, exclude_sets
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import PageRow
from carnet_protocol.ops import Action
from carnet_protocol.registry import Value
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import HubWorld, car, customer, make_world, visit
from support.protocol import record


@pytest.fixture
def world(tmp_path: Path) -> HubWorld:
    """A hub where the site east has worked on the car."""
    made = make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}"))
    made.push_one(made.site("east").write(car(color="red")))
    return made


def test_a_site_forgets_a_visit_that_only_an_excluded_set_had_made(world: HubWorld):
    """Nothing is left of the visit, and nobody goes on showing it."""
    made = _push(world, world.site("west"), visit())

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert _rows_of(world, "east")[record("visit")].is_evicted


def test_a_site_forgets_a_visit_that_an_excluded_set_had_moved_to_its_car(world: HubWorld):
    """The visit is back at the other car, which the site does not know."""
    west = world.site("west")
    first = _push(world, west, visit(vehicle_id=record("another car")))
    moved = _push(world, west, draft_of("visit", record("visit"), {"vehicle_id": CAR_ID}, based_on=(first.op(),)))

    exclude_sets(world.hub, [moved.nonce], note="a stolen key")

    assert _rows_of(world, "east")[record("visit")].is_evicted


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["line first", "visit first"])
def test_a_site_forgets_a_line_when_its_visit_is_excluded_as_well(world: HubWorld, order: tuple[int, int]):
    """Without both nothing says any more whose car the line was about; its readers are told all the same."""
    west = world.site("west")
    made = [_push(world, west, visit()), _push(world, west, _line())]

    for at in order:
        exclude_sets(world.hub, [made[at].nonce], note="a stolen key")

    assert _rows_of(world, "east")[record("line")].is_evicted


def test_a_site_forgets_a_line_when_its_own_ground_is_excluded_as_well(world: HubWorld):
    """The reader's work on the car counts as if it had never been; it is told of everything it had received by it."""
    north, west = world.site("north"), world.site("west")
    ground = _push(world, north, visit("northern visit"))
    made = [_push(world, west, visit()), _push(world, west, _line())]

    exclude_sets(world.hub, [ground.nonce, *(one.nonce for one in made)], note="a stolen key")

    assert _rows_of(world, "north")[record("line")].is_evicted


def test_the_author_forgets_a_car_it_knew_only_by_the_excluded_set(world: HubWorld):
    """The assignment never was, and what came with it goes."""
    made = _push(world, world.site("west"), car(color="blue"))

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert _rows_of(world, "west")[CAR_ID].is_evicted


def test_a_site_forgets_what_it_saw_because_of_an_excluded_customer(world: HubWorld):
    """What tied the car to a customer of the site opened its history; that customer never was."""
    north = world.site("north")
    made = _push(world, north, customer())
    _push(world, north, _tie())
    _push(world, world.site("west"), visit())

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert _rows_of(world, "north")[record("visit")].is_evicted


def test_a_reader_gets_a_car_again_that_the_excluded_set_had_brought_later(world: HubWorld):
    """Without the set the car's place lies behind the reader's cursor, and the reader does not have it."""
    west = world.site("west")
    _push(world, west, draft_of("vehicle", OTHER_CAR, {"vin": OTHER_VIN}))
    cursor = world.page(west).cursor_to
    made = _push(world, west, visit(vehicle_id=OTHER_CAR))

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert OTHER_CAR in {row.record for row in world.page(west, cursor=cursor).rows}


def test_a_site_forgets_what_has_left_the_car_since(world: HubWorld):
    """It was shown the visit there because of the excluded set, and without that set nobody told it of the move."""
    north, west = world.site("north"), world.site("west")
    made = _push(world, west, visit())
    ground = _push(world, north, visit("northern visit"))
    _push(world, west, draft_of("visit", record("visit"), {"vehicle_id": OTHER_CAR}, based_on=(made.op(),)))

    exclude_sets(world.hub, [ground.nonce], note="a stolen key")

    assert _rows_of(world, "north")[record("visit")].is_evicted


def test_a_site_forgets_the_lines_of_a_visit_that_has_left_the_car_since(world: HubWorld):
    """What hangs on a record that moved is gone from the car with it."""
    north, west = world.site("north"), world.site("west")
    made = _push(world, west, visit(), _line())
    ground = _push(world, north, visit("northern visit"))
    _push(world, west, draft_of("visit", record("visit"), {"vehicle_id": OTHER_CAR}, based_on=(made.op(),)))

    exclude_sets(world.hub, [ground.nonce], note="a stolen key")

    assert _rows_of(world, "north")[record("line")].is_evicted


def test_a_car_of_which_nothing_is_left_stays_with_those_who_work_on_it(world: HubWorld):
    """Every set that told of the car is excluded; a site with a visit on it still sees what is written next."""
    west = world.site("west")
    made = _push(world, world.sites["east"], draft_of("vehicle", OTHER_CAR, {"vin": OTHER_VIN}))
    _push(world, west, visit(vehicle_id=OTHER_CAR))

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert not _rows_of(world, "west")[OTHER_CAR].is_evicted


def test_a_row_is_dated_by_when_its_reader_lost_it(world: HubWorld):
    """So that a page read before, and delivered late, does not show the record again."""
    north = world.site("north")
    ground = _push(world, north, visit("northern visit"))

    (entry,) = exclude_sets(world.hub, [ground.nonce], note="a stolen key")

    assert _rows_of(world, "north")[CAR_ID].changed == entry.position


def test_nobody_hears_of_another_sites_customers(world: HubWorld):
    """A record that only its owner ever sees is not named to others, not even to be forgotten."""
    made = _push(world, world.site("west"), customer(), visit(customer_id=record("customer")))

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert record("customer") not in _rows_of(world, "east")


def test_a_site_keeps_a_customer_of_which_only_a_ruling_is_left(world: HubWorld):
    """What the hub ruled on a site's record stays that site's, also when the set that made the record is excluded."""
    made = _push(world, world.site("west"), customer())
    ruling = replace(customer(), action=Action.RULING, based_on=(made.op(),))
    write_hub_set(world.hub, [ruling])

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert not _rows_of(world, "west")[record("customer")].is_evicted


def test_a_visit_behind_a_ruling_is_still_its_sites_ground(world: HubWorld):
    """A ruling makes the hub no owner, also when the set that made the visit is excluded and a later one moved it."""
    west = world.site("west")
    _push(world, world.site("north"), visit("northern visit"))
    made = _push(world, west, visit(vehicle_id=record("another car")))
    ruling = draft_of("visit", record("visit"), {"odometer_in_km": 7}, based_on=(made.op(),))
    write_hub_set(world.hub, [replace(ruling, action=Action.RULING)])
    _push(world, west, draft_of("visit", record("visit"), {"vehicle_id": CAR_ID}, based_on=(made.op(),)))

    exclude_sets(world.hub, [made.nonce], note="a stolen key")

    assert not _rows_of(world, "west")[record("northern visit")].is_evicted


def test_the_log_folds_to_the_same_feeds(world: HubWorld, tmp_path: Path):
    """Whom an exclusion tells to forget is a function of the log."""
    made = _push(world, world.site("west"), visit(), car(color="blue"))
    exclude_sets(world.hub, [made.nonce], note="a stolen key")
    scratch = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    scratch.make_tables()

    report = check_projections(world.hub, scratch)

    assert report.differences == ()


def test_what_comes_after_an_exclusion_changes_nothing_that_it_told(world: HubWorld, tmp_path: Path):
    """A car that is tied to the excluded customer later was none of its cars when the exclusion was logged."""
    north = world.site("north")
    made = _push(world, north, customer())
    exclude_sets(world.hub, [made.nonce], note="a stolen key")
    _push(world, north, _tie())
    scratch = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    scratch.make_tables()

    report = check_projections(world.hub, scratch)

    assert report.differences == ()


CAR_ID = car().record
OTHER_VIN = "LSGTEST0000000025"
OTHER_CAR = vehicle_id(OTHER_VIN)


def _tie() -> Draft:
    values: dict[str, Value] = {"vehicle_id": CAR_ID, "customer_id": record("customer"), "role": "owner"}
    return draft_of("ownership", record("tie"), values)


def _line() -> Draft:
    return draft_of("labour_line", record("line"), {"visit_id": record("visit"), "labour_name": "brakes"})


def _push(world: HubWorld, site: SiteAuthor, *drafts) -> MadeSet:
    made = site.write(*drafts)
    world.push_one(made)
    return made


def _rows_of(world: HubWorld, site: str) -> dict[bytes, PageRow]:
    """Everything a site's node gets when it reads from the beginning."""
    return {row.record: row for row in world.page(world.sites[site]).rows}
