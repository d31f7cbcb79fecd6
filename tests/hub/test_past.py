"""Records at an earlier log position: as they stood, whatever has happened since."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.dossiers import read_dossiers
from carnet_hub.core.campaigns.recalls import Campaign, count_campaign, import_plan, publish_campaign
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.quarantine import release_parked
from carnet_hub.core.failures import Unusable
from carnet_hub.core.log.past import PastReads, last_position_on, reads_at
from carnet_hub.core.log.rebuild import exclude_sets
from carnet_hub.core.ports import RecordReads
from carnet_protocol.ids import RecordId, completion_id, vehicle_id
from carnet_protocol.legal_days import legal_day
from carnet_protocol.ops import Action
from carnet_protocol.state import Entry, pack_entries, unpack_entries
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_apps import NOW_MS, TestHub, make_hub
from support.protocol import fixed
from support.recall_plans import MEMBERS, NUMBER, plan

KINDS = ("campaign", "campaign_event", "dealer_site", "recall_completion", "vehicle")
DAY_MS = 24 * 3600 * 1000
State = dict[tuple[int, bytes], bytes]


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub without campaigns."""
    return make_hub(tmp_path / "hub")


def publish(hub: TestHub, vins: list[str] = MEMBERS, **changes: object) -> Campaign:
    """Import and publish a plan."""
    app = hub.app
    import_plan(app.hub, app.segments, app.plans, plan(vins, **changes))
    return publish_campaign(app.hub, app.segments, app.plans, NUMBER)


def push(hub: TestHub, made: MadeSet) -> MadeSet:
    """Send a set, whatever the hub says to it."""
    receive_sets(hub.app.hub, [made.pushed])
    return made


def complete(hub: TestHub, author: SiteAuthor, campaign: Campaign, vin: str) -> MadeSet:
    """A dealer's completion on a visit of its own."""
    visit = RecordId(fixed(f"visit {author.name} {vin}"))
    return push(
        hub,
        author.write(
            draft_of("visit", visit, {"vehicle_id": vehicle_id(vin), "status": "open"}),
            completion(campaign, vin, visit),
        ),
    )


def completion(campaign: Campaign, vin: str, visit: bytes):
    """A completion as a draft."""
    return draft_of(
        "recall_completion",
        completion_id(RecordId(campaign.row.id), vin, RecordId(visit)),
        {
            "campaign_id": campaign.row.id,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "visit_id": visit,
            "completed_at": NOW_MS,
            "method": "repaired",
        },
    )


def state(hub: TestHub, reads: RecordReads) -> State:
    """Every record of the counted kinds of which something is left."""
    numbers = [hub.app.hub.registry[name].number for name in KINDS]
    rows = (row for number in numbers for row in reads.records_of_kind(number))
    return {(row.kind, row.id): row.entries for row in rows if unpack_entries(row.entries)}


def now(hub: TestHub) -> tuple[int, State]:
    """The end of the log, and what is shown there."""
    with hub.app.hub.store.read() as snapshot:
        return snapshot.head().position, state(hub, snapshot)


def then(hub: TestHub, position: int) -> State:
    """What was shown at a position, asked today."""
    with hub.app.hub.store.read() as snapshot:
        return state(hub, PastReads(hub.app.hub, snapshot, position))


def entries_of(found: State, kind: str, hub: TestHub) -> list[tuple[Entry, ...]]:
    """The states of one kind."""
    number = hub.app.hub.registry[kind].number
    return [unpack_entries(packed) for (one, _), packed in found.items() if one == number]


def history(hub: TestHub) -> Iterator[None]:
    """What can happen to a campaign, a car and a completion; a step behind each."""
    campaign = publish(hub)
    yield
    desk, other = hub.enrol("desk", "A001").author(), hub.enrol("other", "B001").author()
    yield
    made = complete(hub, desk, campaign, MEMBERS[0])
    yield
    complete(hub, other, campaign, MEMBERS[0])
    yield
    record = completion_id(RecordId(campaign.row.id), MEMBERS[0], RecordId(fixed(f"visit desk {MEMBERS[0]}")))
    taken_back = push(hub, desk.write(draft_of("recall_completion", record, {"retracted": "duplicate"})))
    yield
    publish(hub, title="Brake hose, left")
    yield
    car = vehicle_id(MEMBERS[1])
    scrapped = push(
        hub,
        desk.write(
            draft_of("visit", fixed("visit"), {"vehicle_id": car, "status": "open"}),
            draft_of("vehicle", car, {"vin": MEMBERS[1], "lifecycle": "scrapped", "color": "red"}),
        ),
    )
    yield
    stolen = push(hub, other.write(draft_of("vehicle", car, {"lifecycle": "stolen"}, based_on=(scrapped.op(1),))))
    yield
    push(hub, desk.write(draft_of("vehicle", car, {"color": "blue"}, based_on=(scrapped.op(1),))))
    yield
    exclude_sets(hub.app.hub, [stolen.nonce], note="the key was stolen")
    yield
    exclude_sets(hub.app.hub, [taken_back.nonce, made.nonce], note="this one too")
    yield
    push(hub, desk.write(draft_of("vehicle", car, {}, based_on=(scrapped.op(1),), action=Action.DELETE)))
    yield
    hub.add_dealer("C001")


def test_every_position_is_as_it_was(hub: TestHub):
    """After retractions, plan versions, deletes and exclusions, each earlier position shows what it showed then."""
    seen = dict([now(hub)])
    for _ in history(hub):
        position, shown = now(hub)
        seen[position] = shown

    found = {position: then(hub, position) for position in seen}

    assert found == seen
    assert len({pack_entries(one) for one in entries_of(found[max(seen)], "vehicle", hub)}) == 1


def test_a_set_that_waited_counts_from_its_release(hub: TestHub):
    """A parked set is nowhere to be seen at positions in front of its release, and stays seen there once excluded."""
    publish(hub)
    desk = hub.enrol("desk").author()
    car = vehicle_id(MEMBERS[1])
    late = desk.write(
        draft_of("visit", fixed("visit"), {"vehicle_id": car, "status": "open"}),
        draft_of("vehicle", car, {"vin": MEMBERS[1], "lifecycle": "sold"}),
    )
    other = hub.enrol("other", "B001").author()
    early = push(hub, other.write(draft_of("vehicle", car, {"lifecycle": "scrapped"}, based_on=(late.op(1),))))
    parked = now(hub)
    push(hub, late)
    released = now(hub)
    exclude_sets(hub.app.hub, [early.nonce], note="the key was stolen")

    assert [then(hub, position) for position, _ in (parked, released)] == [parked[1], released[1]]
    assert parked[1] != released[1]


def test_an_op_that_was_declared_lost_is_void_from_then_on(hub: TestHub):
    """A set that an operator released without its base is seen from its release on, and not before."""
    publish(hub)
    desk = hub.enrol("desk").author()
    car = vehicle_id(MEMBERS[1])
    lost = desk.write(draft_of("vehicle", car, {"vin": MEMBERS[1]}))
    other = hub.enrol("other", "B001").author()
    built = push(hub, other.write(draft_of("vehicle", car, {"lifecycle": "scrapped"}, based_on=(lost.op(),))))
    parked = now(hub)
    release_parked(hub.app.hub, built.nonce, note="the disk is gone", lost=[lost.op()])
    released = now(hub)
    push(hub, other.write(draft_of("vehicle", car, {"lifecycle": "stolen"}, based_on=(built.op(),))))

    assert [then(hub, position) for position, _ in (parked, released)] == [parked[1], released[1]]
    assert len(entries_of(released[1], "vehicle", hub)) == 1


def test_progress_at_an_earlier_position_stays_what_it_was(hub: TestHub):
    """A count at a position is the same before and after more was reported."""
    campaign = publish(hub)
    desk = hub.enrol("desk").author()
    complete(hub, desk, campaign, MEMBERS[0])
    position, _ = now(hub)
    with hub.app.hub.store.read() as snapshot:
        before = count_campaign(hub.app.hub, hub.app.segments, snapshot, NUMBER)
    complete(hub, desk, campaign, MEMBERS[1])
    publish(hub, [*MEMBERS], title="Brake hose, left")

    with hub.app.hub.store.read() as snapshot:
        after = count_campaign(hub.app.hub, hub.app.segments, reads_at(hub.app.hub, snapshot, position), NUMBER)

    assert (after.progress, after.position, after.campaign.values) == (
        before.progress,
        before.position,
        before.campaign.values,
    )


def test_what_is_known_of_a_set_is_what_was_known(hub: TestHub):
    """A set that was excluded later was folded then, at the entry that took it in."""
    publish(hub)
    made = complete(hub, hub.enrol("desk").author(), publish(hub, title="Other"), MEMBERS[0])
    position, _ = now(hub)
    with hub.app.hub.store.read() as snapshot:
        before = snapshot.admissions([made.nonce])
    exclude_sets(hub.app.hub, [made.nonce], note="the key was stolen")

    with hub.app.hub.store.read() as snapshot:
        past = reads_at(hub.app.hub, snapshot, position)
        assert past.admissions([made.nonce]) == before != snapshot.admissions([made.nonce])
        assert past.head().position == position
        assert past.log_rows([position, position + 1]).keys() == {position}


def test_a_dossier_is_as_it_was(hub: TestHub):
    """An event that was noted later is in no earlier dossier."""
    publish(hub)
    position, _ = now(hub)
    publish(hub, title="Other")

    with hub.app.hub.store.read() as snapshot:
        events = read_dossiers(hub.app.hub, PastReads(hub.app.hub, snapshot, position))[NUMBER].events

    assert [(one.event, one.plan_version) for one in events] == [("published", 1)]


@pytest.mark.parametrize("position", [0, -1, 10_000])
def test_a_position_that_the_log_has_not_is_refused(hub: TestHub, position: int):
    """A position in front of the log or behind its end is an operator's mistake."""
    with hub.app.hub.store.read() as snapshot, pytest.raises(Unusable, match="no position"):
        reads_at(hub.app.hub, snapshot, position)


def test_the_end_of_the_log_is_the_snapshot_itself(hub: TestHub):
    """Nothing is folded again for the present."""
    with hub.app.hub.store.read() as snapshot:
        assert reads_at(hub.app.hub, snapshot, snapshot.head().position) is snapshot


def test_a_day_ends_at_its_last_position(hub: TestHub):
    """The position of a day is its last one, that of a quiet day the last one before, and midnight is Beijing's."""
    publish(hub)
    first, _ = now(hub)
    today = legal_day(NOW_MS)
    midnight = NOW_MS - (NOW_MS + 8 * 3600 * 1000) % DAY_MS + DAY_MS
    hub.clock.ms = midnight - 1
    publish(hub, title="Left")
    last, _ = now(hub)
    hub.clock.ms = midnight
    publish(hub, title="Right")
    next_day, _ = now(hub)

    with hub.app.hub.store.read() as snapshot:
        days = [last_position_on(snapshot, today + timedelta(more)) for more in (0, 1, 30)]

    assert first < last
    assert days == [last, next_day, next_day]


def test_a_day_before_the_log_is_refused(hub: TestHub):
    """There is nothing to count on a day on which the hub did not exist."""
    with hub.app.hub.store.read() as snapshot, pytest.raises(Unusable, match="Nothing was in the log"):
        last_position_on(snapshot, date(2020, 1, 1))


@pytest.mark.parametrize(
    "excluded", [None, "first", "second"], ids=["moved", "begun by an excluded set", "moved by one"]
)
def test_an_order_that_is_corrected_later_stays_where_it_was(hub: TestHub, excluded: str | None):
    """An order that names another car today, or that only an excluded set wrote, is found at the car it then named."""
    publish(hub)
    desk, order = hub.enrol("desk").author(), fixed("visit")
    cars = [vehicle_id(vin) for vin in MEMBERS[:2]]
    first = push(hub, desk.write(draft_of("visit", order, {"vehicle_id": cars[0], "status": "open"})))
    before, _ = now(hub)
    second = push(hub, desk.write(draft_of("visit", order, {"vehicle_id": cars[1]}, based_on=(first.op(),))))
    after, _ = now(hub)
    push(hub, desk.write(draft_of("visit", order, {"status": "void"}, based_on=(second.op(),))))
    if excluded is not None:
        exclude_sets(hub.app.hub, [{"first": first, "second": second}[excluded].nonce], note="the key was stolen")

    with hub.app.hub.store.read() as snapshot:
        found = [PastReads(hub.app.hub, snapshot, position).anchored(cars) for position in (before, after)]

    assert [[(car, record) for car, _, record in one] for one in found] == [[(cars[0], order)], [(cars[1], order)]]
