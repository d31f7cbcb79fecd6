"""The sums of a campaign that are kept in tables answer like a count made anew, after everything that can change it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from carnet_hub.adapters.store import SqlStore, scratch_store
from carnet_hub.core.campaigns.kept_counts import KeptSums, kept_sums
from carnet_hub.core.campaigns.recalls import withdraw_campaign
from carnet_hub.core.count_rows import COUNT_PROJECTIONS, CountRow, PairRow
from carnet_hub.core.counting.campaign_work import CampaignWork
from carnet_hub.core.counting.kept_sums import read_sums, sums_of
from carnet_hub.core.counting.progress import PairState
from carnet_hub.core.counting.trends import completed_by_day, cumulated
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.log.rebuild import RebuildReport, check_projections, rebuild_projections
from carnet_hub.core.ports import Transaction
from carnet_hub.core.sets.following_counts import are_askew, count_again
from carnet_hub.core.shelves import NO_SEGMENTS
from carnet_protocol.demands import WorkItem
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import PushCode
from support.authors import draft_of
from support.protocol import fixed
from support.recall_plans import MEMBERS, NO_DEFECT, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

CAR, OTHER = MEMBERS[0], MEMBERS[1]


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign that one dealer has done on a car, beside one that was scrapped."""
    world = RecallWorld.begun(tmp_path)
    world.done("A001", CAR)
    world.say_of_car("A001", OTHER, "scrapped")
    return world


def complete_another(world: RecallWorld) -> None:
    """One more car is done."""
    world.done("B001", MEMBERS[2], method="software")


def race(world: RecallWorld) -> None:
    """A second dealer has done the same car, and earlier."""
    world.done("B001", CAR, completed_at=world.hub.clock.ms - 1)


def take_back(world: RecallWorld) -> None:
    """A completion is retracted."""
    world.retract("A001", *world.done("A001", MEMBERS[2]))


def scrap(world: RecallWorld) -> None:
    """A car leaves."""
    world.say_of_car("B001", MEMBERS[2], "stolen")


def leave_without_vin(world: RecallWorld) -> None:
    """A car leaves whose record says nothing of its VIN."""
    world.check_in("B001", MEMBERS[2])
    world.say("B001", draft_of("vehicle", vehicle_id(MEMBERS[2]), {"lifecycle": "exported"}))


def leave_under_another_vin(world: RecallWorld) -> None:
    """A car leaves whose record shows the VIN of another member."""
    world.check_in("B001", MEMBERS[2])
    values = {"vin": MEMBERS[3], "lifecycle": "exported"}
    world.say("B001", draft_of("vehicle", vehicle_id(MEMBERS[2]), values))


def come_back(world: RecallWorld) -> None:
    """A car that had left is checked in."""
    world.check_in("B001", OTHER)


def leave_again(world: RecallWorld) -> None:
    """The order that brought a car back turns out to be another car's."""
    made = world.authors["B001"].made[-1]
    visit = fixed(f"visit {world.visits}")
    world.say("B001", draft_of("visit", visit, {"vehicle_id": vehicle_id(CAR)}, based_on=(made.op(0),)))


def void_order(world: RecallWorld) -> None:
    """The order that brought a car back never counted."""
    world.void_last("B001")


def move_order(world: RecallWorld) -> None:
    """The order on which a car was done is another car's after all."""
    made = world.authors["A001"].made[0]
    world.say("A001", draft_of("visit", fixed("visit 1"), {"vehicle_id": vehicle_id(OTHER)}, based_on=(made.op(0),)))


def extend(world: RecallWorld) -> None:
    """A plan version adds a car."""
    world.publish([*MEMBERS, make_vins(5)[4]])


def ask_more(world: RecallWorld) -> None:
    """A plan version adds an item."""
    world.work = CampaignWork((), (WorkItem(1, "left"), WorkItem(2, "right")))
    world.publish()


def withdraw(world: RecallWorld) -> None:
    """The campaign is taken back."""
    withdraw_campaign(world.hub.app.hub, NUMBER, NO_DEFECT)


ACTS = [
    pytest.param((complete_another,), id="another car is done"),
    pytest.param((race,), id="two dealers race"),
    pytest.param((take_back,), id="a completion is taken back"),
    pytest.param((scrap,), id="a car leaves"),
    pytest.param((leave_without_vin,), id="a car without a VIN leaves"),
    pytest.param((leave_under_another_vin,), id="a car leaves that shows another VIN"),
    pytest.param((come_back,), id="a car comes back"),
    pytest.param((come_back, leave_again), id="the order of a car that came back is corrected"),
    pytest.param((come_back, void_order), id="the order of a car that came back is voided"),
    pytest.param((move_order,), id="the order of a completion is corrected"),
    pytest.param((extend,), id="the plan is extended"),
    pytest.param((ask_more,), id="the plan adds items"),
    pytest.param((withdraw,), id="the campaign is withdrawn"),
]


def kept(world: RecallWorld, number: str = NUMBER) -> KeptSums:
    """What the tables say of a campaign."""
    app = world.hub.app
    with app.hub.store.read() as snapshot:
        assert snapshot.counts([world.campaigns[number].row.id])[world.campaigns[number].row.id].is_whole
        return kept_sums(app.hub, app.segments, snapshot, number)


def folded(world: RecallWorld) -> RebuildReport:
    """The tables beside those of a fold from the log."""
    with scratch_store() as scratch:
        return check_projections(world.hub.app.hub, scratch)


@pytest.mark.parametrize("acts", ACTS)
def test_kept_sums_equal_a_new_count(world: RecallWorld, acts: tuple[Callable[[RecallWorld], None], ...]):
    """Whatever enters the log, the tables hear it in the same transaction."""
    before = kept(world)

    for act in acts:
        act(world)
        after = kept(world)
        progress = world.progress()
        assert after.sums == progress.sums
        assert cumulated(after.days) == completed_by_day(progress)
        assert after.dealers == Counter(one.dealer for one in progress.counted.values())

    with world.hub.app.hub.store.read() as snapshot:
        head = snapshot.head().position
    assert before.sums.completed_count == 1
    assert after.position == head


@pytest.mark.parametrize("acts", ACTS)
def test_a_fold_from_the_log_ends_with_the_same_rows(
    world: RecallWorld, acts: tuple[Callable[[RecallWorld], None], ...]
):
    """The tables follow from the log and the member lists alone, byte for byte."""
    for act in acts:
        act(world)

    assert folded(world).differences == ()


def test_a_missing_list_leaves_nothing_half_counted(world: RecallWorld):
    """Without its member list a campaign is in no table, and everything else is still compared."""
    app = world.hub.app
    bare = replace(app.hub, segments=NO_SEGMENTS)

    with scratch_store() as scratch:
        report = check_projections(bare, scratch)
        rebuild_projections(bare)
        with app.hub.store.read() as snapshot:
            (count,) = snapshot.scan(CountRow)
            pairs = list(snapshot.scan(PairRow))

    assert report.differences == ()
    assert (count.is_whole, count.member_count, pairs) == (False, 0, [])


def test_a_campaign_is_counted_again_when_its_list_is_back(world: RecallWorld):
    """Nobody has to fold the log: the rows are those of a fold, and a car's answer is given again."""
    app = world.hub.app
    believed = kept(world)
    rebuild_projections(replace(app.hub, segments=NO_SEGMENTS))
    world.done("A002", MEMBERS[2])

    lacking = count_again(replace(app.hub, segments=NO_SEGMENTS))
    found = count_again(app.hub)

    assert [(one.campaign_no, one.is_back) for one in (*lacking, *found)] == [(NUMBER, False), (NUMBER, True)]
    assert (count_again(app.hub), folded(world).differences) == ([], ())
    assert kept(world).sums == world.progress().sums != believed.sums


def test_a_campaign_that_is_in_no_table_is_counted_anew(world: RecallWorld):
    """When its list is back the answer is right even before the log is folded again, and quick afterwards."""
    app = world.hub.app
    rebuild_projections(replace(app.hub, segments=NO_SEGMENTS))

    with app.hub.store.read() as snapshot:
        found = kept_sums(app.hub, app.segments, snapshot, NUMBER)
    rebuild_projections(app.hub)

    assert found.sums == world.progress().sums
    assert kept(world) == replace(found, is_kept=True)


class Deaf:
    """A transaction in which nothing can be asked about pairs."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def pair_sources_on(self, visits: Collection[bytes]) -> NoReturn:
        """A failure of the hub's own."""
        raise RuntimeError(len(visits))


class DeafStore:
    """A store on which every count fails."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Any]:
        """See `ports.HubStore`."""
        with self._store.write() as transaction:
            yield Deaf(transaction)


def test_a_set_on_which_the_count_fails_is_admitted(world: RecallWorld):
    """Nobody's work waits for a sum: the set counts, no kept sum is believed, and a fold from the log mends it."""
    app = world.hub.app
    visit = world.check_in("A001", MEMBERS[2])
    made = world.authors["A001"].write(world.completion(MEMBERS[2], visit))

    (answer,) = receive_sets(replace(app.hub, store=DeafStore(app.store)), [made.pushed])

    with app.hub.store.read() as snapshot:
        stale = sums_of(read_sums(snapshot.sums_in(world.campaigns[NUMBER].row.id)), 4, PairState.OPEN)
        assert are_askew(snapshot)
    believed = kept(world)
    rebuild_projections(app.hub)
    assert (answer.code, world.hub.alarms.nonces) == (PushCode.ACCEPTED, [made.nonce])
    assert (stale.completed_count, believed.sums.completed_count, believed.is_kept) == (1, 2, False)
    assert kept(world) == replace(believed, is_kept=True)
    with app.hub.store.read() as snapshot:
        assert not are_askew(snapshot)


def test_a_fold_comes_past_a_set_on_which_the_count_fails(world: RecallWorld):
    """The hub starts all the same: records are folded to the end, sums stay empty, and no kept sum is believed."""
    app = world.hub.app
    believed = kept(world)

    entries = rebuild_projections(replace(app.hub, store=DeafStore(app.store)))

    with app.hub.store.read() as snapshot:
        head, rows = snapshot.head().position, [list(snapshot.scan(one)) for one in COUNT_PROJECTIONS]
        assert are_askew(snapshot)
    assert (entries, rows, world.hub.alarms.positions) == (head, [[]] * len(COUNT_PROJECTIONS), [head])
    with app.hub.store.read() as snapshot:
        assert kept_sums(app.hub, app.segments, snapshot, NUMBER).sums == believed.sums
    rebuild_projections(app.hub)
    assert kept(world) == believed


def test_a_check_says_nothing_of_sums_that_cannot_be_counted(world: RecallWorld):
    """Every other table is compared, and the report says that the sums were not."""
    with scratch_store() as scratch:
        report = check_projections(world.hub.app.hub, DeafStore(scratch))

    assert (report.differences, report.is_counted) == ((), False)
