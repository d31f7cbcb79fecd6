"""The part of the hub's contract about the sums of recalls that are kept in tables."""

from abc import ABC, abstractmethod
from dataclasses import replace
from hashlib import sha256
from threading import Barrier, Thread

import pytest

from carnet_hub.adapters.store import SqlStore, scratch_store
from carnet_hub.core.campaigns.kept_counts import KeptSums, kept_sums
from carnet_hub.core.campaigns.recalls import Campaign, count_campaign, import_plan, publish_campaign
from carnet_hub.core.count_rows import CountRow, ListedRow, PairRow, PairSourceRow, SumRow
from carnet_hub.core.counting.progress import PairState, Progress
from carnet_hub.core.log.rebuild import check_projections, rebuild_projections
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, completion_id, vehicle_id
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import HubWorld
from support.protocol import fixed
from support.recall_plans import NUMBER, plan
from support.vins import make_vins

VINS = make_vins(20)


class MemoryLists:
    """Member lists in memory."""

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}

    def put(self, segment: bytes) -> bytes:
        """See `SegmentShelf`."""
        name = sha256(segment).digest()
        self._held[name] = segment
        return name

    def get(self, name: bytes) -> bytes | None:
        """See `SegmentShelf`."""
        return self._held.get(name)


class MemoryPlans:
    """Plans in memory."""

    def __init__(self) -> None:
        self._plans: dict[str, bytes] = {}
        self._documents = MemoryLists()

    def put(self, campaign_no: str, plan: bytes) -> None:
        """See `PlanShelf`."""
        self._plans[campaign_no] = plan

    def get(self, campaign_no: str) -> bytes | None:
        """See `PlanShelf`."""
        return self._plans.get(campaign_no)

    def drop(self, campaign_no: str) -> None:
        """See `PlanShelf`."""
        self._plans.pop(campaign_no, None)

    def campaign_nos(self) -> list[str]:
        """See `PlanShelf`."""
        return sorted(self._plans)

    def keep(self, document: bytes) -> bytes:
        """See `PlanShelf`."""
        return self._documents.put(document)

    def kept(self, name: bytes) -> bytes | None:
        """See `PlanShelf`."""
        return self._documents.get(name)


class RecalledWorld:
    """A hub with member lists at hand, and its campaign."""

    def __init__(self, world: HubWorld) -> None:
        self.shelf, self._plans = MemoryLists(), MemoryPlans()
        world.hub = replace(world.hub, segments=self.shelf)
        self.world = world
        self.campaign = self.publish(VINS)

    def publish(self, vins: list[str]) -> Campaign:
        """Publish a plan."""
        import_plan(self.world.hub, self.shelf, self._plans, plan(vins))
        return publish_campaign(self.world.hub, self.shelf, self._plans, NUMBER)

    def work(self, site: SiteAuthor, vin: str) -> tuple[Draft, Draft]:
        """An order for a car, and that the campaign was done on it."""
        visit = RecordId(fixed(f"visit {site.name} {vin}"))
        campaign = RecordId(self.campaign.row.id)
        values: dict[str, Value] = {
            "campaign_id": campaign,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "visit_id": visit,
            "method": "repaired",
        }
        return (
            draft_of("visit", visit, {"vehicle_id": vehicle_id(vin), "status": "open"}),
            draft_of("recall_completion", completion_id(campaign, vin, visit), values),
        )

    def kept(self) -> KeptSums:
        """What the tables say."""
        with self.world.hub.store.read() as snapshot:
            return kept_sums(self.world.hub, self.shelf, snapshot, NUMBER)

    def progress(self) -> Progress:
        """The same, counted anew."""
        with self.world.hub.store.read() as snapshot:
            return count_campaign(self.world.hub, self.shelf, snapshot, NUMBER).progress

    def row_counts(self) -> list[int]:
        """How many rows each table has that a campaign fills."""
        with self.world.hub.store.read() as snapshot:
            tables = (PairSourceRow, ListedRow, PairRow, SumRow, CountRow)
            return [sum(1 for _ in snapshot.scan(row_type)) for row_type in tables]


class HubCountsContract(ABC):
    """Inherited beside `HubContract`, which brings the hub."""

    @abstractmethod
    def open_worker(self) -> SqlStore:
        """See `HubContract`."""

    @pytest.fixture
    def recalled(self, world: HubWorld) -> RecalledWorld:
        """A hub with a campaign of twenty cars."""
        return RecalledWorld(world)

    def test_sums_are_kept_with_the_set_that_changes_them(self, recalled: RecalledWorld):
        """Two dealers do one car, another is scrapped: the tables say so, and equal a new count and a new fold."""
        world = recalled.world
        one, other = world.site("a"), world.site("b")
        gone = draft_of("vehicle", vehicle_id(VINS[1]), {"vin": VINS[1], "lifecycle": "scrapped"})
        away = draft_of("visit", fixed("visit"), {"vehicle_id": vehicle_id(VINS[1]), "status": "open"})
        world.push(one.write(*recalled.work(one, VINS[0])), other.write(*recalled.work(other, VINS[0])))
        world.push(other.write(away, gone))

        found = recalled.kept()

        assert found.sums == recalled.progress().sums
        assert (found.sums.completed_count, found.sums.totals[PairState.SCRAPPED]) == (1, 1)
        assert list(found.dealers.values()) == list(found.days.values()) == [1]
        with scratch_store() as scratch:
            assert check_projections(world.hub, scratch).differences == ()

    def test_workers_that_write_at_once_add_to_one_sum(self, recalled: RecalledWorld):
        """Completions that two workers take in side by side are all in the sums of both, and of a third that starts."""
        world = recalled.world
        workers = [world.as_worker(self.open_worker()) for _ in range(2)]
        sites = [world.site("a"), world.site("b")]
        start = Barrier(2)

        def take_in(worker: HubWorld, site: SiteAuthor, vins: list[str]) -> None:
            start.wait()
            for vin in vins:
                worker.push(site.write(*recalled.work(site, vin)))

        threads = [
            Thread(target=take_in, args=(worker, site, VINS[at::2]))
            for at, (worker, site) in enumerate(zip(workers, sites, strict=True))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for worker in (*workers, world.as_worker(self.open_worker())):
            with worker.hub.store.read() as snapshot:
                found = kept_sums(worker.hub, recalled.shelf, snapshot, NUMBER)
            assert (found.sums.completed_count, sorted(found.dealers.values())) == (20, [10, 10])
        assert recalled.kept().sums == recalled.progress().sums

    def test_a_fold_from_the_log_makes_the_same_rows(self, recalled: RecalledWorld):
        """Folded again, every table has the same rows: two plans and what was done between leave no trace."""
        world = recalled.world
        site = world.site("a")
        world.push(site.write(*recalled.work(site, VINS[0])), site.write(*recalled.work(site, make_vins(21)[20])))
        recalled.publish(make_vins(21))
        before = world.digest()

        rebuild_projections(world.hub)

        assert world.digest() == before
        assert recalled.row_counts()[0] == recalled.row_counts()[2] == 2
        assert recalled.kept().sums.completed_count == 2
