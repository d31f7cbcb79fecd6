"""Taking another dealer's car on: its history opens for a month, ends visibly, and loses nothing."""

import pytest

from carnet_hub.core.exchange.quarantine import explain_parked, give_up_parked, list_parked, release_parked
from carnet_hub.core.limits import ADOPTION_RENEWAL_MS, ASSIGNMENT_TTL_MS, SHARED_HISTORIES_PER_DAY_MAX
from carnet_hub.core.log.rebuild import rebuild_projections
from carnet_hub.core.rows import AssignmentRow, SetState
from carnet_hub.core.sets.assigning import DAY_MS
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.limits import ADOPTION_MS
from carnet_protocol.messages import PageRow, PushCode
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.look_ups import assigned, look_up
from support.protocol import record

TIE = draft_of("ownership", record("tie"), {"vehicle_id": CAR, "customer_id": record("c"), "role": "owner"})


def adoption(name: str = "adoption", /, **values: Value) -> Draft:
    """A site takes the car on."""
    stated: dict[str, Value] = {"vehicle_id": CAR, "reason": "at_desk", "adopted_at": 1}
    return draft_of("adoption", record(name), {**stated, **values})


def known(world: HubWorld) -> SiteAuthor:
    """A site that has a visit and a plate of the car."""
    home = world.site("home")
    plate = draft_of("plate", record("plate"), {"vehicle_id": CAR})
    world.push_one(home.write(car(color="blue"), visit(customer_fen=5), plate))
    return home


def received(world: HubWorld, site: SiteAuthor, *, evicted: bool = False) -> set[str]:
    """Kinds of the rows about cars that a site has, or of those taken from it."""
    rows: list[PageRow] = [row for row in world.page(site).rows if row.is_evicted is evicted]
    return {REGISTRY.by_number[row.kind].name for row in rows} - {"dealer_site", "node"}


def pass_time(world: HubWorld, site: SiteAuthor, ms: int) -> None:
    """Time passes, and somebody writes something."""
    world.clock.ms += ms
    world.push_one(site.write(customer(f"at {world.clock.ms}")))


def only(rows: list[AssignmentRow]) -> AssignmentRow:
    """The one assignment of a site."""
    (row,) = rows
    return row


def test_an_adoption_opens_the_history_for_a_month(world: HubWorld):
    """Everything that is anchored to the car comes; ground, op and end stand in the assignment."""
    known(world)
    away = world.site("away")

    made = away.write(adoption())
    world.push_one(made)

    assert {"vehicle", "visit", "plate"} <= received(world, away)
    row = only(assigned(world, away))
    assert (row.reason, row.op, row.expires_ms) == ("adoption", made.op(), world.clock.ms + ADOPTION_MS)
    assert [one.is_followed for one in look_up(world, away).cars] == [True]


def test_an_adoption_for_another_site_s_customer_is_refused(world: HubWorld):
    """Somebody else's customer at the desk refuses the set, and opens nothing."""
    home = known(world)
    world.push_one(home.write(customer("holder")))
    away = world.site("away")

    answer = world.push_one(away.write(adoption(customer_id=record("holder"))))

    assert (answer.code, answer.reason) == (PushCode.REFUSED, Reason.FOREIGN_RECORD)
    assert assigned(world, away) == []


def test_others_learn_that_a_car_was_taken_on_and_not_why(world: HubWorld):
    """Reason, customer and time of an adoption are masked for other sites."""
    home = known(world)
    world.push_one(world.site("away").write(adoption()))

    (row,) = (one for one in world.page(home).rows if REGISTRY.by_number[one.kind].name == "adoption")

    assert "at_desk" not in repr(row.entries)


@pytest.mark.parametrize(("ms", "is_over"), [(ADOPTION_MS - 1, False), (ADOPTION_MS, True)])
def test_an_adoption_ends_by_itself(world: HubWorld, ms: int, is_over: bool):
    """On the last moment of its month it stands; then everything leaves the feed, marked, but for own records."""
    home = known(world)
    away = world.site("away")
    world.push_one(away.write(adoption()))

    pass_time(world, home, ms)

    assert received(world, away, evicted=True) == ({"vehicle", "visit", "plate"} if is_over else set())
    assert only(assigned(world, away)).reason == ("lapsed" if is_over else "adoption")
    assert "adoption" in received(world, away)


def test_what_has_ended_is_remembered_as_long_as_a_visit_counts(world: HubWorld):
    """A lapsed adoption is forgotten after three years; that sends nothing."""
    home = known(world)
    away = world.site("away")
    world.push_one(away.write(adoption()))
    pass_time(world, home, ADOPTION_MS)
    before = world.page(away).rows

    pass_time(world, home, ASSIGNMENT_TTL_MS)

    assert assigned(world, away) == []
    assert world.page(away).rows == before


@pytest.mark.parametrize("at", ["before", "in the same set", "behind"])
def test_a_visit_takes_the_place_of_an_adoption(world: HubWorld, at: str):
    """An order that begins before the month is over keeps the assignment: it does not end while the order is open."""
    home = known(world)
    away = world.site("away")
    orders: dict[str, list[tuple[Draft, ...]]] = {
        "before": [(visit("own"),), (adoption(),)],
        "in the same set": [(adoption(), visit("own"))],
        "behind": [(adoption(),), (visit("own"),)],
    }
    for drafts in orders[at]:
        world.push_one(away.write(*drafts))

    pass_time(world, home, ADOPTION_MS + 1)

    assert only(assigned(world, away)).reason == "visit"
    assert received(world, away, evicted=True) == set()


@pytest.mark.parametrize(("later_ms", "is_longer"), [(ADOPTION_RENEWAL_MS - 1, False), (ADOPTION_RENEWAL_MS, True)])
def test_taking_on_again_lasts_from_then(world: HubWorld, later_ms: int, is_longer: bool):
    """A second adoption counts when it adds a day."""
    known(world)
    away = world.site("away")
    world.push_one(away.write(adoption()))
    first = only(assigned(world, away)).expires_ms
    world.clock.ms += later_ms

    world.push_one(away.write(adoption("again")))

    assert only(assigned(world, away)).expires_ms == first + (later_ms if is_longer else 0)


def test_another_write_makes_an_adoption_last_no_longer(world: HubWorld):
    """Typing a colour every week keeps no car."""
    known(world)
    away = world.site("away")
    world.push_one(away.write(adoption()))
    first = only(assigned(world, away)).expires_ms
    world.clock.ms += 20 * DAY_MS

    world.push_one(away.write(draft_of("vehicle", CAR, {"color": "red"})))

    assert only(assigned(world, away)).expires_ms == first


def test_an_adoption_that_was_taken_back_opens_nothing_any_more(world: HubWorld):
    """A retraction in the same set leaves no ground."""
    known(world)
    away = world.site("away")

    world.push_one(away.write(adoption(retracted="entered_in_error")))

    assert "visit" not in received(world, away)


def test_adoptions_count_against_the_share_of_a_day(world: HubWorld):
    """A site that takes on too many cars of others is put off, and gets them with a write of the next day."""
    home, away = world.site("home"), world.site("away")
    cars = [vehicle_id(f"LSVAB2C34RA{number:06}") for number in range(SHARED_HISTORIES_PER_DAY_MAX + 1)]
    for at in range(0, len(cars), 400):
        some = cars[at : at + 400]
        world.push_one(home.write(*(draft_of("vehicle", one, {"color": "red"}) for one in some)))
    for at in range(0, len(cars), 400):
        some = cars[at : at + 400]
        world.push_one(away.write(*(adoption(f"a {one.hex()}", vehicle_id=one) for one in some)))
    assert [row.reason for row in assigned(world, away)].count("put off") == 1
    world.clock.ms += DAY_MS

    world.push_one(away.write(draft_of("vehicle", cars[-1], {"fuel": "petrol"})))

    assert {row.reason for row in assigned(world, away)} == {"adoption"}
    assert max(row.expires_ms for row in assigned(world, away)) == world.clock.ms - DAY_MS + ADOPTION_MS


def lapsed(world: HubWorld) -> SiteAuthor:
    """A site that had taken the car on; the next entry of the log ends it."""
    known(world)
    away = world.site("away")
    world.push_one(away.write(adoption()))
    world.clock.ms += ADOPTION_MS
    return away


@pytest.mark.parametrize("is_ended", [True, False], ids=["ended by an entry", "ended by nobody yet"])
def test_a_late_write_parks_as_a_proposal(world: HubWorld, is_ended: bool):
    """What a site changes on a car that it follows no more waits for a person, complete, with its reason."""
    away = lapsed(world)
    if is_ended:
        world.push_one(world.sites["home"].write(customer("somebody")))

    answer = world.push_one(away.write(draft_of("vehicle", CAR, {"color": "red"})))

    assert (answer.code, answer.reason) == (PushCode.PARKED, Reason.NO_LONGER_FOLLOWED)
    assert world.shown("vehicle", CAR)["color"] == "blue"
    assert [one.reason for one in list_parked(world.hub)] == [Reason.NO_LONGER_FOLLOWED]


@pytest.mark.parametrize(
    "drafts",
    [
        pytest.param((visit("own"),), id="a visit"),
        pytest.param((adoption("again"),), id="another adoption"),
        pytest.param((customer("c"), TIE), id="a tie"),
    ],
)
def test_a_late_write_with_a_ground_counts(world: HubWorld, drafts: tuple[Draft, ...]):
    """A visit, a tie or another adoption in the same set is a ground of its own."""
    away = lapsed(world)

    answer = world.push_one(away.write(draft_of("vehicle", CAR, {"color": "red"}), *drafts))

    assert answer.code in (PushCode.ACCEPTED, PushCode.ACCEPTED_WITH_CONFLICTS)
    assert "visit" in received(world, away)


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param(customer("mine", note="x"), id="an own customer"),
        pytest.param(
            draft_of("adoption", record("adoption"), {"retracted": "entered_in_error"}), id="the own adoption"
        ),
        pytest.param(draft_of("plate", record("new plate"), {"vehicle_id": CAR}), id="a new plate"),
    ],
)
def test_own_work_goes_on(world: HubWorld, draft: Draft):
    """Own and new records are taken after the end as before."""
    away = lapsed(world)

    assert world.push_one(away.write(draft)).code == PushCode.ACCEPTED


def test_a_site_that_never_took_the_car_on_is_judged_as_before(world: HubWorld):
    """A write on a car that a site has nothing to do with counts, and opens nothing."""
    known(world)
    other = world.site("other")

    answer = world.push_one(other.write(draft_of("vehicle", CAR, {"color": "red"})))

    assert answer.code != PushCode.PARKED
    assert only(assigned(world, other)).reason == "own"


def test_a_steward_releases_a_proposal(world: HubWorld):
    """What waits would succeed, and counts once somebody says so."""
    away = lapsed(world)
    made = away.write(draft_of("vehicle", CAR, {"fuel": "petrol"}))
    world.push_one(made)
    assert explain_parked(world.hub, made.nonce).obstacle is None

    release_parked(world.hub, made.nonce, note="asked the dealer")

    assert world.shown("vehicle", CAR)["fuel"] == "petrol"


def test_a_steward_refuses_a_proposal(world: HubWorld):
    """What was refused has no effect, and nothing waits any more."""
    away = lapsed(world)
    made = away.write(draft_of("vehicle", CAR, {"color": "red"}))
    world.push_one(made)

    give_up_parked(world.hub, made.nonce, note="not this car")

    assert world.shown("vehicle", CAR)["color"] == "blue"
    with world.hub.store.read() as snapshot:
        assert snapshot.set_counts(SetState.PARKED) == {}


def test_a_fold_from_the_log_arrives_at_the_same(world: HubWorld):
    """Adoption, end, proposal and release come out of the log as they went in."""
    away = lapsed(world)
    made = away.write(draft_of("vehicle", CAR, {"color": "red"}))
    world.push(made, away.write(draft_of("plate", record("plate"), {"plate_no": "湘A00001"})))
    release_parked(world.hub, made.nonce, note="asked the dealer")
    world.push_one(away.write(adoption("again")))
    before = world.digest()

    rebuild_projections(world.hub)

    assert world.digest() == before
