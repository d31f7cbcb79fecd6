"""Whom a recall is told to: the present owner, by the latest confirmed contact over all dealers, or a named reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.campaign_plans import ListedLine, read_members
from carnet_hub.core.campaigns.outreach import Confidence, Telling, begin_round, confidence_of
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.counting.progress import PairState
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_hub.core.upkeep.purging import purge_all
from carnet_protocol.ops import Action
from carnet_protocol.registry import ErasureGroup, Value
from carnet_protocol.retention import bundled_text, parse_retention
from support.authors import draft_of
from support.hub_apps import NOW_MS
from support.owners import link, notices, own, say_of
from support.protocol import record
from support.recall_plans import MEMBERS, plan
from support.recall_world import RecallWorld

CAR, OTHER = MEMBERS[0], MEMBERS[1]
OLD = "S2026M0002"
YEAR_MS = 365 * 24 * 3600 * 1000


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign of four cars; nobody knows an owner yet."""
    return RecallWorld.begun(tmp_path)


def test_an_owner_nobody_knows_is_named_as_that(world: RecallWorld):
    """Each open car has one notice, and one without an owner says so."""
    found = notices(world)

    assert {vin: one.telling for vin, one in found.items()} == dict.fromkeys(MEMBERS, Telling.OWNER_UNKNOWN)


def test_a_car_that_is_listed_by_a_frame_number_is_named(tmp_path: Path):
    """Nobody's notice says that the owner is unknown where no list can know: it says that dealers have to be asked."""
    world = RecallWorld.begun(tmp_path)
    listed = read_members([ListedLine("vins.txt", 1, "JZX1001234567")], 1, keeps_faulty=True)
    app = world.hub.app
    import_plan(app.hub, app.segments, app.plans, replace(plan([CAR], campaign_no=OLD), members=listed))
    publish_campaign(app.hub, app.segments, app.plans, OLD)

    with app.hub.store.read() as snapshot:
        found = [(one.vin, one.telling) for one in begin_round(app.hub, app.segments, snapshot, OLD).notices]

    assert found == [("JZX1001234567", Telling.FRAME_NUMBER)]


def test_a_car_sold_twice_is_told_to_the_last_owner_beside_the_first(world: RecallWorld):
    """The notice names the present owner with contact and day; the first-sale owner stands apart."""
    own(world, "A001", CAR, "wang", phone="13800010001", from_on="2019-01-01", to_on="2021-01-01")
    own(world, "B001", CAR, "li", phone="13800010002", from_on="2021-01-01")
    own(world, "A001", CAR, "zhao", phone="13800010003", street="长沙路1号", from_on="2024-01-01")

    notice = notices(world)[CAR]

    assert (notice.telling, notice.name, notice.first_owner) == (Telling.TELL, "zhao", "wang")
    assert notice.phone is not None
    assert (notice.phone.values["number"], notice.phone.confidence) == ("13800010003", Confidence.HIGH)
    assert notice.place is not None
    assert notice.place.values["street"] == "长沙路1号"


def untie(world: RecallWorld, site: str, name: str) -> None:
    """A site deletes what it wrote last, the record by which the car is somebody's."""
    tie = world.authors[site].made[-1].op(0)
    world.say(site, draft_of("ownership", record(f"tie {CAR} {name}"), {}, based_on=(tie,), action=Action.DELETE))


def test_a_deleted_tie_makes_no_later_owner_the_first(world: RecallWorld):
    """Whoever the car was first sold to stays that when the record is deleted; the present owner is told."""
    own(world, "A001", CAR, "wang", phone="13800010001", from_on="2019-01-01")
    untie(world, "A001", "wang")
    own(world, "B001", CAR, "li", phone="13800010002", from_on="2021-01-01")

    notice = notices(world)[CAR]

    assert (notice.telling, notice.name, notice.first_owner) == (Telling.TELL, "li", "wang")


def test_who_is_left_by_a_deleted_tie_alone_is_told_nothing(world: RecallWorld):
    """A deleted record makes nobody the present owner, and the first-sale owner still stands beside the car."""
    own(world, "A001", CAR, "wang", phone="13800010001", from_on="2019-01-01")
    untie(world, "A001", "wang")

    notice = notices(world)[CAR]

    assert (notice.telling, notice.name, notice.first_owner) == (Telling.OWNER_UNKNOWN, "", "wang")


def test_an_erasure_takes_the_first_owner_of_a_deleted_tie(world: RecallWorld):
    """What the law erases is gone: no name is kept by a record that was deleted."""
    own(world, "A001", CAR, "wang", phone="13800010001", from_on="2019-01-01")
    untie(world, "A001", "wang")
    erase_customer(world.hub.app.hub, record("wang"), frozenset(ErasureGroup), ground="request")

    assert notices(world)[CAR].first_owner == ""


def test_two_dealers_with_different_phones_give_the_latest_confirmed_one(world: RecallWorld):
    """Of the numbers that two dealers have of one person, the one confirmed last is used."""
    own(world, "A001", CAR, "wang", phone="13800010001")
    own(world, "B001", OTHER, "wang b", phone="13800010009")
    link(world, "wang", "wang b")

    notice = notices(world)[CAR]

    assert notice.phone is not None
    assert notice.phone.values["number"] == "13800010009"
    assert notices(world)[OTHER].phone == notice.phone


def test_a_number_that_a_family_shares_reaches_the_owner_of_each_car(world: RecallWorld):
    """Two people with one telephone stay two owners, each told of the own car by that number."""
    own(world, "A001", CAR, "wang", phone="13800010001")
    own(world, "A001", OTHER, "li", phone="13800010001")

    found = notices(world)

    assert [found[vin].name for vin in (CAR, OTHER)] == ["wang", "li"]
    assert {found[vin].phone.values["number"] for vin in (CAR, OTHER)} == {"13800010001"}  # type: ignore[union-attr]


def test_an_erased_owner_is_named_as_erased(world: RecallWorld):
    """Who was erased has no name and no contact, and the reason says why."""
    own(world, "A001", CAR, "wang", phone="13800010001")
    erase_customer(world.hub.app.hub, record("wang"), frozenset(ErasureGroup), ground="request")

    notice = notices(world)[CAR]

    assert (notice.telling, notice.name, notice.phone, notice.first_owner) == (Telling.ERASED, "", None, "")


def test_an_owner_whose_messenger_name_was_purged_is_told(world: RecallWorld):
    """A purge of marketing takes an owner's messenger name and leaves the letter, the telephone and the name."""
    own(world, "A001", CAR, "wang", phone="13800010001", street="长沙路1号")
    world.say("A001", draft_of("customer", record("wang"), {"wechat": "wx-wang"}))
    hub = world.hub.app.hub
    world.hub.clock.ms += 4 * YEAR_MS

    purged = [*purge_all(hub, parse_retention(bundled_text("cn") or b""), "marketing")]

    assert [one.besides for one in purged] == [1]
    notice = notices(world)[CAR]
    assert (notice.telling, notice.name, notice.is_written_to, notice.is_texted) == (Telling.TELL, "wang", True, True)


@pytest.mark.parametrize(
    ("kind", "said", "telling"),
    [
        pytest.param("consent", {"purpose": "marketing", "statement": "withdrawn"}, Telling.TELL, id="no offers"),
        pytest.param("consent", {"purpose": "recall", "statement": "withdrawn"}, Telling.DECLINED, id="no recalls"),
        pytest.param("consent", {"purpose": "recall", "statement": "granted"}, Telling.TELL, id="recalls welcome"),
        pytest.param("contact_preference", {"do_not_contact": True}, Telling.TELL, id="quiet"),
    ],
)
def test_only_a_refusal_of_recall_contact_stops_a_notice(
    world: RecallWorld, kind: str, said: dict[str, Value], telling: Telling
):
    """Being told of recalls is a purpose of its own."""
    own(world, "A001", CAR, "wang", phone="13800010001", street="长沙路1号")
    stated = {"stated_at": NOW_MS} if kind == "consent" else {}
    say_of(world, "A001", "wang", kind, **said, **stated)

    assert notices(world)[CAR].telling is telling


def test_who_asks_for_quiet_is_written_to_and_not_texted(world: RecallWorld):
    """A general do-not-contact turns the message into a letter, and stays a message where there is no address."""
    own(world, "A001", CAR, "wang", phone="13800010001", street="长沙路1号")
    own(world, "A001", OTHER, "li", phone="13800010002")
    for name in ("wang", "li"):
        say_of(world, "A001", name, "contact_preference", do_not_contact=True)

    found = notices(world)

    assert [(found[vin].is_written_to, found[vin].is_texted) for vin in (CAR, OTHER)] == [(True, False), (False, True)]


def test_a_name_alone_is_no_contact(world: RecallWorld):
    """An owner with neither number nor street is counted apart."""
    own(world, "A001", CAR, "wang")

    assert notices(world)[CAR].telling is Telling.NO_CONTACT


def test_cars_that_left_or_are_unsold_or_done_are_told_to_nobody(world: RecallWorld):
    """Only open pairs have a notice."""
    for vin, lifecycle in zip(MEMBERS[:2], ("exported", "in_stock"), strict=True):
        own(world, "A001", vin, f"owner {lifecycle}", phone="13800010001")
        world.say_of_car("A001", vin, lifecycle)
    world.done("A001", MEMBERS[2])

    found = notices(world)

    assert {vin: one.state for vin, one in found.items()} == {MEMBERS[3]: PairState.OPEN}


@pytest.mark.parametrize(
    ("age_ms", "sites", "confidence"),
    [
        pytest.param(0, 1, Confidence.HIGH, id="today"),
        pytest.param(YEAR_MS, 1, Confidence.HIGH, id="a year"),
        pytest.param(2 * YEAR_MS, 1, Confidence.MEDIUM, id="two years"),
        pytest.param(2 * YEAR_MS, 2, Confidence.HIGH, id="two years, two sites"),
        pytest.param(4 * YEAR_MS, 1, Confidence.LOW, id="four years"),
        pytest.param(4 * YEAR_MS, 3, Confidence.MEDIUM, id="four years, three sites"),
    ],
)
def test_confidence_falls_with_age_and_rises_with_a_second_site(age_ms: int, sites: int, confidence: Confidence):
    """A contact is trusted by its age, and a step further when two sites have the same."""
    assert confidence_of(NOW_MS - age_ms, NOW_MS, sites) is confidence
