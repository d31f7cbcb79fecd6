"""Who becomes assigned to a car: on what ground, how many a day, for how long, and what a write alone brings."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core import rows
from carnet_hub.core.limits import ASSIGNMENT_TTL_MS, EXPIRIES_PER_ENTRY_MAX, SHARED_HISTORIES_PER_DAY_MAX
from carnet_hub.core.log.rebuild import check_projections, rebuild_projections, site_digest
from carnet_hub.core.sets.assigning import DAY_MS
from carnet_hub.core.sets.granted import every_assignment
from carnet_hub.core.upkeep.overview import read_gauges
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PageRow
from carnet_protocol.registry import Value
from carnet_protocol.state import Withheld, entries_from_wire
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, VIN, HubWorld, car, customer, visit
from support.protocol import record

COLOR = REGISTRY["vehicle"].labels["color"]
VIN_LABEL = REGISTRY["vehicle"].labels["vin"]


def tie(customer_name: str, /, **values: Value) -> Draft:
    """An ownership of the car."""
    link: dict[str, Value] = {"vehicle_id": CAR, "customer_id": record(customer_name), "role": "owner"}
    return draft_of("ownership", record(f"tie {customer_name}"), {**link, **values})


def rows_of(world: HubWorld, site: SiteAuthor) -> dict[tuple[str, bytes], PageRow]:
    """What a site's page holds of cars, by kind and id; evicted rows are left out."""
    named = {
        (REGISTRY.by_number[row.kind].name, row.record): row for row in world.page(site).rows if not row.is_evicted
    }
    return {key: row for key, row in named.items() if key[0] not in ("dealer_site", "node")}


def evicted(world: HubWorld, site: SiteAuthor) -> list[str]:
    """Kinds of the rows that were taken from a site, sorted."""
    return sorted(REGISTRY.by_number[row.kind].name for row in world.page(site).rows if row.is_evicted)


def assignments(world: HubWorld, site: SiteAuthor) -> list[rows.AssignmentRow]:
    """The assignments of one site."""
    with world.hub.store.read() as snapshot:
        return [row for row in snapshot.scan(rows.AssignmentRow) if row.dealer_id == site.dealer_id]


def known_cars(world: HubWorld, author: SiteAuthor, count: int) -> list[bytes]:
    """Cars that a site has written about."""
    vehicles: list[bytes] = [vehicle_id(f"LSVAB2C34RA{number:06}") for number in range(count)]
    for at in range(0, count, 400):
        some = vehicles[at : at + 400]
        world.push_one(author.write(*(draft_of("vehicle", one, {"color": "red"}) for one in some)))
    return vehicles


def visits_of(world: HubWorld, author: SiteAuthor, vehicles: list[bytes]) -> None:
    """A visit of each car at a site."""
    for at in range(0, len(vehicles), 400):
        some = vehicles[at : at + 400]
        world.push_one(author.write(*(visit(f"v {one.hex()}", vehicle_id=one) for one in some)))


@pytest.mark.parametrize(
    "drafts",
    [
        pytest.param((car(color="red"),), id="the car"),
        pytest.param((visit("own", status="void"),), id="a void visit"),
        pytest.param((tie("nobody's"),), id="a tie to a customer nobody has recorded"),
        pytest.param((customer("c"), tie("c", to_on="2020-01-01")), id="a tie that has ended"),
        pytest.param((draft_of("plate", record("plate"), {"vehicle_id": CAR}),), id="a plate"),
    ],
)
def test_a_write_without_a_ground_opens_no_history(world: HubWorld, drafts: tuple[Draft, ...]):
    """Whoever knows a VIN and writes about the car sees nobody else's visit."""
    one, other = world.site("a"), world.site("b")
    world.push_one(one.write(car(), visit()))

    world.push_one(other.write(*drafts))

    assert ("visit", record("visit")) not in rows_of(world, other)


@pytest.mark.parametrize(
    ("drafts", "reason"),
    [
        pytest.param((visit("own"),), "visit", id="a visit"),
        pytest.param((customer("c"), tie("c")), "ownership", id="a tie to an own customer"),
        pytest.param((customer("c"), tie("c", to_on="2999-01-01")), "ownership", id="a lease that runs"),
    ],
)
def test_a_ground_opens_the_history_and_is_named(world: HubWorld, drafts: tuple[Draft, ...], reason: str):
    """A visit or an own customer's tie brings the car's history; the assignment says by which op."""
    one, other = world.site("a"), world.site("b")
    world.push_one(one.write(car(), visit()))

    made = other.write(*drafts)
    world.push_one(made)

    (row,) = assignments(world, other)
    assert ("visit", record("visit")) in rows_of(world, other)
    assert (row.reason, row.op, row.since) == (reason, made.op(len(drafts) - 1), world.position())


def test_a_ground_of_an_earlier_set_counts(world: HubWorld):
    """A site that has a visit on a car is assigned again by any write after its assignment has ended."""
    one, other = world.site("a"), world.site("b")
    world.push(one.write(car(), visit()), other.write(visit("own")))
    world.clock.ms += ASSIGNMENT_TTL_MS + 1
    world.push_one(one.write(customer("later")))

    world.push_one(other.write(car(color="red")))

    assert ("visit", record("visit")) in rows_of(world, other)


def test_a_site_without_a_ground_sees_what_became_of_its_own_value(world: HubWorld):
    """It gets the car with its own value and, of the other's, only that there is one: no value, no author, no owner."""
    one, other = world.site("a"), world.site("b")
    world.push_one(one.write(car(color="blue")))
    own = other.write(car(color="red"))
    world.push_one(own)

    row = rows_of(world, other)["vehicle", CAR]

    foreign, mine = sorted(entries_from_wire(row.entries), key=lambda entry: entry.op == own.op())
    assert (mine.author, mine.fields, mine.withheld) == (other.dealer_id, {VIN_LABEL: VIN, COLOR: "red"}, {})
    assert (foreign.author, row.owner) == (bytes(16), bytes(16))
    assert (foreign.fields, foreign.withheld) == ({VIN_LABEL: VIN}, {COLOR // 8: Withheld.MASKED})


def test_a_settled_value_of_another_site_is_veiled_too(world: HubWorld):
    """The history of overruled values opens with the same ground as the rest."""
    one, second, other = world.site("a"), world.site("c"), world.site("b")
    left, right = one.write(car(color="blue")), second.write(car(color="green"))
    world.push(left, right)
    heads = (left.op(), right.op())
    world.push_one(one.write(draft_of("vehicle", CAR, {"color": "green"}, based_on=heads)))
    world.push_one(other.write(car(color="red")))

    (settled,) = rows_of(world, other)["vehicle", CAR].settled

    assert (settled.entry[2], settled.entry[3]) == (bytes(16), {})


def test_a_ground_lifts_the_veil(world: HubWorld):
    """A site that wrote about a car first and has a visit later gets the car again, whole."""
    one, other = world.site("a"), world.site("b")
    world.push(one.write(car(color="blue")), other.write(car(color="red")))
    cursor = world.page(other).cursor_to

    world.push_one(other.write(visit("own")))

    (row,) = (row for row in world.page(other, cursor).rows if row.record == CAR)
    assert {entry.author for entry in entries_from_wire(row.entries)} == {one.dealer_id, other.dealer_id}


def test_histories_beyond_a_day_s_share_are_put_off(world: HubWorld):
    """The write is taken, the history of one car too many stays closed, and both are counted."""
    one, other = world.site("a"), world.site("b")
    vehicles = known_cars(world, one, SHARED_HISTORIES_PER_DAY_MAX + 1)

    visits_of(world, other, vehicles)

    with world.hub.store.read() as snapshot:
        counted = snapshot.assignment_day(world.clock.ms // DAY_MS, other.dealer_id)
    assert counted is not None
    assert (counted.granted, counted.put_off) == (SHARED_HISTORIES_PER_DAY_MAX, 1)
    assert [row.vehicle_id for row in assignments(world, other) if row.reason == "put off"] == [vehicles[-1]]
    assert read_gauges(world.hub).sites_at_share == 1


def test_a_history_put_off_opens_with_the_next_write_of_another_day(world: HubWorld):
    """The next day a write about the car is enough: the visit is there already."""
    one, other = world.site("a"), world.site("b")
    vehicles = known_cars(world, one, SHARED_HISTORIES_PER_DAY_MAX + 1)
    visits_of(world, other, vehicles)
    world.clock.ms += DAY_MS

    world.push_one(other.write(draft_of("vehicle", vehicles[-1], {"fuel": "petrol"})))

    assert "put off" not in {row.reason for row in assignments(world, other)}


def test_an_import_of_own_cars_meets_no_bound(world: HubWorld):
    """Cars that nobody else has written about count nothing against the day."""
    site = world.site("a")

    visits_of(world, site, known_cars(world, site, SHARED_HISTORIES_PER_DAY_MAX + 1))

    with world.hub.store.read() as snapshot:
        assert snapshot.assignment_day(world.clock.ms // DAY_MS, site.dealer_id) is None
    assert {row.reason for row in assignments(world, site)} == {"visit"}


@pytest.mark.parametrize("batch", [pytest.param(1, id="one by one"), pytest.param(9, id="all at once")])
def test_every_assignment_is_listed_once(world: HubWorld, batch: int):
    """One set may bring several; a look-up that ends between them goes on behind the last."""
    site = world.site("a")
    vehicles = known_cars(world, site, 3)

    listed = [one.vehicle_id for one in every_assignment(world.hub, site.dealer_id, batch=batch)]

    assert listed == sorted(vehicles)


def test_an_expired_assignment_takes_the_history_away(world: HubWorld):
    """With the next log entry the others' records leave the site's feed; its own stay."""
    one, other = world.site("a"), world.site("b")
    world.push(one.write(car(), visit()), other.write(visit("own")))
    world.clock.ms += ASSIGNMENT_TTL_MS + 1

    world.push_one(one.write(customer("later")))

    assert (evicted(world, other), list(rows_of(world, other))) == (["vehicle", "visit"], [("visit", record("own"))])
    assert assignments(world, other) == []


def test_an_assignment_lasts_to_its_last_moment(world: HubWorld):
    """At the very moment of its end it has ended, and not a millisecond before."""
    one, other = world.site("a"), world.site("b")
    world.push(one.write(car(), visit()), other.write(visit("own")))
    world.clock.ms += ASSIGNMENT_TTL_MS - 1
    world.push_one(one.write(customer("before")))
    before = evicted(world, other)
    world.clock.ms += 1

    world.push_one(one.write(customer("after")))

    assert (before, evicted(world, other)) == ([], ["vehicle", "visit"])


def test_many_expiries_are_spread_over_entries(world: HubWorld):
    """One log entry takes away no more than the bound; the next goes on."""
    one, other = world.site("a"), world.site("b")
    visits_of(world, other, known_cars(world, one, EXPIRIES_PER_ENTRY_MAX + 3))
    world.clock.ms += ASSIGNMENT_TTL_MS + 1

    left = []
    for number in range(3):
        world.push_one(one.write(customer(f"c{number}")))
        left.append(len(assignments(world, one)) + len(assignments(world, other)))

    assert left == [EXPIRIES_PER_ENTRY_MAX + 6, 6, 0]


def test_an_expired_history_closes_before_an_entry_has_ended_it(world: HubWorld):
    """More expire at once than one entry ends; a site that writes meanwhile, and has no ground left, loses it."""
    one, other = world.site("a"), world.site("b")
    vehicles = sorted(known_cars(world, one, EXPIRIES_PER_ENTRY_MAX + 3))
    last = vehicles[-1]
    world.push_one(one.write(visit("of one", vehicle_id=last)))
    seen = other.write(visit("own", vehicle_id=last))
    world.push(seen, other.write(*(visit(f"v {car_id.hex()}", vehicle_id=car_id) for car_id in vehicles[:-1])))
    world.push_one(other.write(draft_of("visit", record("own"), {"status": "void"}, based_on=(seen.op(0),))))
    world.clock.ms += ASSIGNMENT_TTL_MS + 1

    world.push_one(other.write(draft_of("vehicle", last, {"fuel": "petrol"})))

    (row,) = (row for row in world.page(other).rows if row.record == record("of one"))
    assert row.is_evicted


def test_a_fold_of_the_log_arrives_at_the_same_assignments(world: HubWorld, tmp_path: Path):
    """Grounds, shares, veils and expiries are a function of the log, also across the batches of a fold."""
    one, other = world.site("a"), world.site("b")
    world.push(one.write(car(), visit()), other.write(car(color="red")), other.write(visit("own")))
    world.clock.ms += ASSIGNMENT_TTL_MS // 2
    visits_of(world, other, known_cars(world, one, EXPIRIES_PER_ENTRY_MAX + 3))
    world.clock.ms += ASSIGNMENT_TTL_MS // 2 + 1
    world.push_one(one.write(customer("c")))
    world.clock.ms += ASSIGNMENT_TTL_MS // 2 + 1
    world.push(*(one.write(customer(f"c{number}")) for number in range(2)))
    digests = [site_digest(world.hub, site.dealer_id) for site in (one, other)]

    scratch = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    scratch.make_tables()
    report = check_projections(world.hub, scratch)
    rebuild_projections(world.hub)

    assert (report.difference_count, report.differences) == (0, ())
    assert [site_digest(world.hub, site.dealer_id) for site in (one, other)] == digests
