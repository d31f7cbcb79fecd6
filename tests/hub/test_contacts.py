"""Attempts to reach owners: what a set of facts comes to, whatever their order, and how the hub writes them down."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.adapters.report_making import KeptOutreach
from carnet_hub.adapters.store import open_store
from carnet_hub.core.campaigns.campaign_plans import ListedLine
from carnet_hub.core.campaigns.kept_counts import kept_sums
from carnet_hub.core.campaigns.noting_contacts import Noted, Tried, note_attempts, retract_attempt
from carnet_hub.core.campaigns.outreach import Telling
from carnet_hub.core.campaigns.plan_desk import load_plan
from carnet_hub.core.count_ports import OutreachCounts
from carnet_hub.core.counting.contacts import Attempt, campaign_attempts, count_outreach, reach_of, reaches_of
from carnet_hub.core.counting.progress import PairState, Sums
from carnet_hub.core.failures import ListRefused, Unusable
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_protocol.ids import OpId, RecordId, vehicle_id
from carnet_protocol.kinds import CONTACT_CHANNELS, CONTACT_RESULTS
from carnet_protocol.legal_days import legal_day
from carnet_protocol.reach import POSTED, RETURNED, Reach
from carnet_protocol.registry import ErasureGroup, Value
from support.authors import draft_of
from support.hub_cli import Printed, campaign_folder, refused, told
from support.owners import notices, own
from support.protocol import record
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import HOUR_MS, RecallWorld
from support.vins import make_vins

CAR, OTHER = MEMBERS[0], MEMBERS[1]
DAY_MS = 24 * 3600 * 1000


def attempt(result: str, day: int = 1, channel: str = "phone", **more: object) -> Attempt:
    """Somebody tried on a day."""
    number = f"{result} {day} {channel} {more}"
    values = {"stated_ms": day * DAY_MS, "admitted_ms": 1000 * DAY_MS, **more}
    return Attempt(record(number), OpId(record(number)), b"site", b"campaign", CAR, None, channel, result, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempts", "seen", "failed", "told_count", "returned"),
    [
        pytest.param([], [], 0, 0, 0, id="nothing"),
        pytest.param([attempt("sent", channel="post")], [], 0, 1, 0, id="a letter"),
        pytest.param([attempt("sent", 1, "post"), attempt("returned", 9, "post")], [], 1, 0, 1, id="it came back"),
        pytest.param([attempt("no_answer", 1), attempt("wrong_number", 2)], [], 2, 0, 0, id="two calls"),
        pytest.param([attempt("no_answer", 1), attempt("reached", 2)], [], 0, 1, 0, id="reached at last"),
        pytest.param([attempt("reached", 1), attempt("no_answer", 2)], [], 1, 1, 0, id="not reached again"),
        pytest.param([attempt("no_answer", 1), attempt("refused", 2)], [], 0, 1, 0, id="will not come"),
        pytest.param([attempt("no_answer", 1)], [2 * DAY_MS], 0, 0, 0, id="seen by a dealer"),
        pytest.param([attempt("no_answer", 3)], [2 * DAY_MS], 1, 0, 0, id="tried after that"),
        pytest.param([attempt("sent", 1, "sms"), attempt("sent", 2, "post")], [], 0, 2, 0, id="told twice"),
        pytest.param([attempt("no_answer", is_retracted=True)], [], 0, 0, 0, id="taken back"),
        pytest.param([attempt("no_answer", 2000), attempt("reached", 1000)], [], 0, 1, 0, id="a clock ahead"),
    ],
)
def test_what_attempts_come_to(attempts: list[Attempt], seen: list[int], failed: int, told_count: int, returned: int):
    """Failed tries count since the last contact; a letter that came back told nobody."""
    reach = reach_of(attempts, seen)

    assert (reach.failed_tries, reach.told_count, reach.returned_count) == (failed, told_count, returned)


ATTEMPTS = st.builds(
    attempt,
    st.sampled_from(CONTACT_RESULTS),
    st.integers(1, 1100),
    st.sampled_from(CONTACT_CHANNELS),
    is_retracted=st.booleans(),
)


@given(st.lists(ATTEMPTS, max_size=8), st.lists(st.integers(0, 1100), max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_arrival_plays_no_part(attempts: list[Attempt], seen_days: list[int], dice: object):
    """Any order of the same facts comes to the same."""
    seen = [day * DAY_MS for day in seen_days]
    shuffled, seen_otherwise = [*attempts], [*seen]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    dice.shuffle(seen_otherwise)  # type: ignore[attr-defined]

    assert reach_of(shuffled, seen_otherwise) == reach_of(attempts, seen)


@given(st.lists(ATTEMPTS, max_size=8))
def test_a_contact_after_everything_leaves_no_failed_try(attempts: list[Attempt]):
    """Whoever was reached last is reachable, whatever had failed."""
    assert reach_of([*attempts, attempt("reached", 1100)]).failed_tries == 0


def test_counts_add_up_cars_and_not_attempts():
    """A car told three times is told once and again; letters that came back are counted one by one."""
    counts = count_outreach(
        {
            "a": [attempt("sent", 1, "post"), attempt("sent", 2, "sms"), attempt("reached", 3)],
            "b": [attempt("sent", 1, "post"), attempt("returned", 2, "post")],
            "c": [attempt("no_answer")],
        }
    )

    assert counts == OutreachCounts(notified_once=1, notified_again=1, letters_returned=1)
    assert count_outreach({}) is None


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign whose first two cars have owners."""
    world = RecallWorld.begun(tmp_path)
    own(world, "A001", CAR, "wang", phone="13800010001", street="长沙路1号")
    own(world, "B001", OTHER, "li", phone="13800010002")
    return world


def lines(*vins: str) -> list[ListedLine]:
    """A list of cars."""
    return [ListedLine("list.txt", number, vin) for number, vin in enumerate(vins, start=1)]


def note(world: RecallWorld, result: str, *vins: str, days_ago: int = 0, channel: str = "post") -> Noted:
    """The hub notes an attempt for some cars."""
    app = world.hub.app
    day = legal_day(world.hub.clock.ms) - timedelta(days=days_ago)
    return note_attempts(app.hub, app.segments, NUMBER, lines(*vins), Tried(channel, result, day), watched=list)


def reaches(world: RecallWorld, tries_max: int = 3) -> dict[str, Reach]:
    """What was tried, by VIN."""
    hub, campaign = world.hub.app.hub, RecordId(world.campaigns[NUMBER].row.id)
    with hub.store.read() as snapshot:
        return reaches_of(hub, snapshot, campaign_attempts(hub, snapshot, campaign), tries_max)


def call_from(world: RecallWorld, site: str, vin: str, result: str, name: str) -> None:
    """A dealer calls an owner."""
    values: dict[str, Value] = {
        "campaign_id": world.campaigns[NUMBER].row.id,
        "vin": vin,
        "vehicle_id": vehicle_id(vin),
        "customer_id": record(name),
        "channel": "phone",
        "result": result,
        "contacted_at": world.hub.clock.ms,
    }
    world.say(site, draft_of("recall_contact", record(f"call {world.hub.clock.ms}"), values))


def test_a_list_given_twice_is_noted_once(world: RecallWorld):
    """Letters to two cars are two attempts, meant for their owners; the same list again writes nothing."""
    first = note(world, "sent", CAR, OTHER, CAR)
    again = note(world, "sent", CAR, OTHER)

    hub, campaign = world.hub.app.hub, RecordId(world.campaigns[NUMBER].row.id)
    with hub.store.read() as snapshot:
        attempts = campaign_attempts(hub, snapshot, campaign)
    assert (first, again) == (Noted(written=2, known=1), Noted(written=0, known=2))
    assert {vin: [one.customer for one in several] for vin, several in attempts.items()} == {
        CAR: [record("wang")],
        OTHER: [record("li")],
    }


def test_a_list_with_a_strange_car_is_refused_whole(world: RecallWorld):
    """A car outside the campaign is named with its line, and nothing is written."""
    with pytest.raises(ListRefused) as refusal:
        note(world, "sent", CAR, make_vins(5)[4])

    assert [one.line for one in refusal.value.faulty] == [2]
    assert reaches(world) == {}


def test_a_day_ahead_is_refused(world: RecallWorld):
    """Nobody has posted a letter tomorrow."""
    with pytest.raises(Unusable, match="lies ahead"):
        note(world, "sent", CAR, days_ago=-1)


@pytest.mark.parametrize("channel", [one for one in CONTACT_CHANNELS if one != POSTED])
def test_nothing_but_a_letter_comes_back(world: RecallWorld, channel: str):
    """A call or a message that was returned is refused as at a dealer's desk, and nothing is written."""
    with pytest.raises(Unusable, match="Only a letter comes back"):
        note(world, RETURNED, CAR, channel=channel)

    assert reaches(world) == {}


def test_an_owner_is_unreachable_after_so_many_tries_and_reachable_by_any_contact(world: RecallWorld):
    """A returned letter and a dealer's two calls make three; the next visit to any dealer begins anew."""
    note(world, "returned", CAR)
    call_from(world, "A001", CAR, "no_answer", "wang")
    call_from(world, "A001", CAR, "no_answer", "wang")
    given_up, again = notices(world)[CAR], notices(world, again=True)[CAR]

    world.check_in("B001", CAR)

    assert (given_up.telling, given_up.reach.failed_tries) == (Telling.UNREACHABLE, 3)
    assert again.telling is Telling.TELL
    assert notices(world)[CAR].telling is Telling.TELL


def test_another_owner_begins_anew(world: RecallWorld):
    """What failed with the former owner says nothing about the next one."""
    note(world, "returned", CAR)
    for _ in range(2):
        call_from(world, "A001", CAR, "no_answer", "wang")

    own(world, "B001", CAR, "zhao", phone="13800010003", from_on="2026-01-01")

    assert reaches(world)[CAR].failed_tries == 0
    assert notices(world)[CAR].telling is Telling.TELL


def test_an_attempt_that_was_taken_back_counts_nothing(world: RecallWorld):
    """A retracted attempt stays readable and is none."""
    note(world, "returned", CAR)
    hub, campaign = world.hub.app.hub, RecordId(world.campaigns[NUMBER].row.id)
    with hub.store.read() as snapshot:
        (noted,) = campaign_attempts(hub, snapshot, campaign)[CAR]

    retract_attempt(hub, noted.record, "entered_in_error")

    assert reaches(world)[CAR] == Reach()
    with pytest.raises(Unusable, match="already"):
        retract_attempt(hub, noted.record, "entered_in_error")


def both_counts(world: RecallWorld) -> Sums:
    """The sums as they are kept, which are those of counting anew."""
    app = world.hub.app
    with app.hub.store.read() as snapshot:
        kept = kept_sums(app.hub, app.segments, snapshot, NUMBER).sums
    assert kept == world.progress().sums
    return kept


def test_kept_sums_follow_attempts_visits_and_owners(world: RecallWorld):
    """After each step the kept sums are those of a recount, and the pair is unreachable when it should be."""
    states: list[int] = []

    def look() -> None:
        states.append(both_counts(world).totals[PairState.UNREACHABLE])

    look()
    note(world, "returned", CAR)
    call_from(world, "A001", CAR, "no_answer", "wang")
    look()
    call_from(world, "A001", CAR, "wrong_number", "wang")
    look()
    world.check_in("B001", CAR)
    look()
    world.void_last("B001")
    look()
    own(world, "B001", CAR, "zhao", phone="13800010003", from_on="2026-01-01")
    look()
    world.done("A001", CAR)
    look()

    assert states == [0, 0, 1, 0, 1, 0, 0]


def test_the_log_folds_to_the_same_counts(world: RecallWorld, tmp_path: Path):
    """What attempts made of the sums is a function of the log: folded into an empty store it is the same rows."""
    note(world, "returned", CAR)
    for _ in range(2):
        call_from(world, "A001", CAR, "no_answer", "wang")
    scratch = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    scratch.make_tables()

    report = check_projections(world.hub.app.hub, scratch)

    assert report.differences == ()
    assert both_counts(world).totals[PairState.UNREACHABLE] == 1


def test_an_erased_owner_leaves_the_attempts_and_no_name(world: RecallWorld, tmp_path: Path):
    """Attempts hold no personal value: they count on, the owner is named as erased, and the log folds to the same."""
    note(world, "sent", CAR)
    before = reaches(world)[CAR]

    erase_customer(world.hub.app.hub, record("wang"), frozenset(ErasureGroup), ground="request")

    scratch = open_store(f"sqlite:///{tmp_path / 'scratch.db'}")
    scratch.make_tables()
    assert reaches(world)[CAR] == before
    assert notices(world)[CAR].telling is Telling.ERASED
    assert check_projections(world.hub.app.hub, scratch).differences == ()


def test_the_same_facts_in_another_order_give_the_same_counts(tmp_path: Path):
    """Two hubs that hear of calls and letters in opposite order count alike."""
    counts = []
    for place, turn in enumerate((1, -1)):
        world = RecallWorld.begun(tmp_path / str(place))
        own(world, "A001", CAR, "wang", phone="13800010001", from_on="2020-01-01")
        facts = [("no_answer", 9), ("returned", 8), ("reached", 7), ("wrong_number", 6), ("no_answer", 5), ("sent", 4)]
        for result, days_ago in facts[::turn]:
            note(world, result, CAR, days_ago=days_ago)
        counts.append((both_counts(world), reaches(world)[CAR]))

    assert counts[0] == counts[1]


def test_a_campaign_may_say_after_how_many_tries(tmp_path: Path):
    """A plan that says one try makes an owner unreachable by the first letter that comes back."""
    world = RecallWorld.begun(tmp_path, texts={"unreachable_tries": 1})
    own(world, "A001", CAR, "wang", phone="13800010001")
    world.hub.clock.ms += HOUR_MS

    note(world, "returned", CAR)

    assert both_counts(world).totals[PairState.UNREACHABLE] == 1
    assert world.campaigns[NUMBER].values["unreachable_tries"] == 1


def test_a_plan_that_says_nothing_of_tries_keeps_its_document(tmp_path: Path):
    """The document of a plan is the same bytes as before plans could say it."""
    world = RecallWorld.begun(tmp_path)

    document = load_plan(world.hub.app.plans, NUMBER).document

    assert b"unreachable_tries" not in document


def test_reports_state_owners_told_and_letters_back_from_then_on(world: RecallWorld):
    """Nothing is stated before anybody noted an attempt, not even of an earlier position later on."""
    outreach = KeptOutreach(world.hub.app.hub)
    with world.hub.app.hub.store.read() as snapshot:
        before = snapshot.head().position
    note(world, "sent", CAR, OTHER)
    note(world, "returned", OTHER)
    with world.hub.app.hub.store.read() as snapshot:
        after = snapshot.head().position

    assert outreach.counts(NUMBER, before) is None
    assert outreach.counts(NUMBER, after) == OutreachCounts(1, 0, 1)
    assert outreach.counts("S0", after) is None


def test_the_commands_note_list_and_take_back(data: Path, tmp_path: Path, capsys: Printed):
    """A list is noted, listed with what came of it and exported; an attempt is taken back by its id."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    posted = tmp_path / "campaign" / "vins.txt"

    noted = told(capsys, data, "recalls", "contacted", NUMBER, posted, "--result", "sent")
    rows = told(capsys, data, "recalls", "contacts", NUMBER, "--xlsx", tmp_path / "contacts.xlsx")
    told(capsys, data, "recalls", "retract-contact", rows[0]["contact_id"])

    assert (noted["written"], noted["known"]) == (3, 0)
    assert {(row["channel"], row["result"], row["by"]) for row in rows} == {("post", "sent", "hub")}
    after = told(capsys, data, "recalls", "contacts", NUMBER)
    assert [row["retracted"] for row in after] == [True, False, False]
    assert (tmp_path / "contacts.xlsx").is_file()
    assert "Use one of" in str(refused(capsys, data, "recalls", "contacted", NUMBER, posted, "--result", "lost"))
