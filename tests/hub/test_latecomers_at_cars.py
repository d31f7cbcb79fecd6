"""A plate or a nameless visit that comes late, of a car that was an erased person's alone, is erased on arrival."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.upkeep.erasing import erase_customer, list_erasures
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, ownership_id, vehicle_id
from carnet_protocol.registry import ErasureGroup, Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.protocol import record
from support.vins import make_vins

SIGN = "湘A7Q4XZ"
EVERYTHING = frozenset(ErasureGroup)


@pytest.fixture
def site(world: HubWorld) -> SiteAuthor:
    """A site with a car of one customer, who was erased; it has not read the order."""
    site = world.site("a")
    world.push(site.write(car(), customer("person"), customer("next"), tie("person")))
    erase_customer(world.hub, RecordId(record("person")), EVERYTHING, ground="request")
    return site


def tie(name: str) -> Draft:
    """A customer owns the car."""
    who = RecordId(record(name))
    link: dict[str, Value] = {"vehicle_id": CAR, "customer_id": who, "role": "owner"}
    return draft_of("ownership", ownership_id(CAR, who, "owner"), link)


def plate() -> Draft:
    """A plate of the car."""
    return draft_of("plate", record("plate"), {"vehicle_id": CAR, "plate_no": SIGN})


def shown_plate(world: HubWorld) -> object:
    """The number that the plate shows."""
    return world.shown("plate", record("plate")).get("plate_no")


def is_on_disk(tmp_path: Path) -> bool:
    """Whether any file of the hub holds the plate."""
    return any(SIGN.encode() in path.read_bytes() for path in tmp_path.glob("hub.db*"))


def test_a_late_plate_is_erased(world: HubWorld, site: SiteAuthor, tmp_path: Path, scratch: SqlStore):
    """The plate of the person's car, from a machine that had not read the order, never reaches the disk."""
    world.push_one(site.write(plate()))

    assert shown_plate(world) is None
    assert not is_on_disk(tmp_path)
    assert [record("plate") in line.records for line in list_erasures(world.hub)] == [False, True]
    assert check_projections(world.hub, scratch).differences == ()


def test_a_late_visit_that_names_nobody_is_erased(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """The plate it was opened with and what its jobs say were about the one person the car was linked to."""
    job = draft_of("job", record("job"), {"visit_id": record("visit"), "job_no": 1, "complaint": SIGN})

    world.push_one(site.write(visit(plate_at_visit=SIGN), job))

    assert not is_on_disk(tmp_path)


def test_a_plate_of_a_machine_that_knows_of_the_erasure_stays(world: HubWorld, site: SiteAuthor):
    """Whoever has read the order writes about somebody else: the car has a new owner whom nobody has noted yet."""
    site.hub_position = world.position()

    world.push_one(site.write(plate()))

    assert shown_plate(world) == SIGN


def test_an_order_about_other_groups_makes_nobody_late(world: HubWorld):
    """Whoever had read the order that takes plates knew; a later one that takes the name says nothing about plates."""
    site = world.site("a")
    world.push(site.write(car(), customer("person"), tie("person")))
    erase_customer(world.hub, RecordId(record("person")), frozenset({ErasureGroup.CONTACT}), ground="request")
    site.hub_position = world.position()
    erase_customer(world.hub, RecordId(record("person")), frozenset({ErasureGroup.IDENTITY}), ground="request")

    world.push_one(site.write(plate()))

    assert shown_plate(world) == SIGN


def test_a_second_order_about_the_same_groups_makes_nobody_late(world: HubWorld):
    """That the person's plates are gone was known from the first order, whatever a later one takes once more."""
    site = world.site("a")
    world.push(site.write(car(), customer("person"), tie("person")))
    erase_customer(world.hub, RecordId(record("person")), frozenset({ErasureGroup.CONTACT}), ground="request")
    site.hub_position = world.position()
    erase_customer(world.hub, RecordId(record("person")), EVERYTHING, ground="request")

    world.push_one(site.write(plate()))

    assert shown_plate(world) == SIGN


def test_one_of_two_orders_read_is_not_enough(world: HubWorld, site: SiteAuthor):
    """While one of the persons tied to the car was not known to be erased, the plate may be that person's."""
    site.hub_position = world.position()
    world.push_one(site.write(tie("next")))
    erase_customer(world.hub, RecordId(record("next")), EVERYTHING, ground="request")

    world.push_one(site.write(plate()))

    assert shown_plate(world) is None


def test_a_late_tie_leaves_a_plate_that_was_written_with_the_order_in_sight(world: HubWorld):
    """The new owner's plate came before the erased person's tie: its author had read the order, and it stays."""
    late, knows = world.site("late", "a"), world.site("knows", "a")
    world.push(late.write(car(), customer("person")))
    erase_customer(world.hub, RecordId(record("person")), EVERYTHING, ground="request")
    knows.hub_position = world.position()
    world.push_one(knows.write(plate()))

    world.push_one(late.write(tie("person")))

    assert shown_plate(world) == SIGN


def test_a_late_plate_of_a_car_with_another_owner_stays(world: HubWorld, site: SiteAuthor):
    """A car that somebody else was tied to as well may have carried that person's plate."""
    world.push_one(site.write(tie("next"), plate()))

    assert shown_plate(world) == SIGN


def test_a_visit_that_names_somebody_else_stays(world: HubWorld, site: SiteAuthor):
    """What another customer said at the counter is that customer's."""
    world.push_one(site.write(visit(customer_id=record("next"), plate_at_visit=SIGN)))

    assert world.shown("visit", record("visit"))["plate_at_visit"] == SIGN


def test_a_late_tie_takes_the_plate_along(world: HubWorld, site: SiteAuthor):
    """A car turns out to have been an erased person's alone: the plate that was here before goes as well."""
    seller, vin = RecordId(record("seller")), make_vins(2)[1]
    other_car = vehicle_id(vin)
    sign = draft_of("plate", record("plate"), {"vehicle_id": other_car, "plate_no": SIGN})
    link: dict[str, Value] = {"vehicle_id": other_car, "customer_id": seller, "role": "owner"}
    world.push_one(site.write(draft_of("vehicle", other_car, {"vin": vin}), customer("seller"), sign))
    erase_customer(world.hub, seller, EVERYTHING, ground="request")

    world.push_one(site.write(draft_of("ownership", ownership_id(other_car, seller, "owner"), link)))

    assert shown_plate(world) is None


def test_a_car_of_two_erased_persons_keeps_no_plate(world: HubWorld, site: SiteAuthor):
    """Each order alone leaves the plate for the other person; with the second one nobody is left whose it could be."""
    site.hub_position = world.position()
    world.push_one(site.write(tie("next"), plate()))

    erased = erase_customer(world.hub, RecordId(record("next")), EVERYTHING, ground="request")

    assert erased.records["plate"] == 1
    assert shown_plate(world) is None
