"""A campaign at a real hub with dealers who have cars in, say what they did, and what became of a car.

world = RecallWorld.begun(tmp_path, items=(WorkItem(1, "left"), WorkItem(2, "right")))
world.done("A001", CAR, items_done=item_bits([1]))
world.progress().state_of(CAR)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from carnet_hub.core.campaigns.recalls import Campaign, count_campaign, import_plan, publish_campaign
from carnet_hub.core.counting.campaign_work import CampaignWork
from carnet_hub.core.counting.progress import Progress, ReportFate
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_protocol.changeset import Draft
from carnet_protocol.demands import WorkItem
from carnet_protocol.ids import Nonce, OpId, RecordId, completion_id, staff_action_id, vehicle_id
from carnet_protocol.messages import PushCode
from carnet_protocol.registry import Value
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_apps import TestHub, make_hub
from support.protocol import fixed
from support.recall_plans import MEMBERS, NUMBER, plan

HOUR_MS = 3600 * 1000


@dataclass
class RecallWorld:
    """A hub, a campaign and its dealers; each act happens an hour after the one before.

    Attributes:
        campaigns: published ones by number.
    """

    hub: TestHub
    work: CampaignWork
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    authors: dict[str, SiteAuthor] = field(default_factory=dict)
    visits: int = 0

    @classmethod
    def begun(
        cls,
        folder: Path,
        *items: WorkItem,
        evidence: tuple[str, ...] = (),
        texts: dict[str, Any] | None = None,
        settings: dict[str, object] | None = None,
    ) -> "RecallWorld":
        """A hub with one published campaign for `MEMBERS`."""
        world = cls(make_hub(folder / "hub", **(settings or {})), CampaignWork(evidence, items))
        world.publish(**(texts or {}))
        return world

    def publish(
        self, vins: list[str] | None = None, *, withdrawn: Mapping[str, str] | None = None, **texts: object
    ) -> Campaign:
        """Publish a plan, a newer version when its number is known; by VIN, why it leaves somebody out."""
        app = self.hub.app
        given = replace(plan(MEMBERS if vins is None else vins, **texts), work=self.work)
        import_plan(app.hub, app.segments, app.plans, given, withdrawn)
        number = given.texts.campaign_no
        self.campaigns[number] = publish_campaign(app.hub, app.segments, app.plans, number)
        return self.campaigns[number]

    def progress(self, number: str = NUMBER) -> Progress:
        """How far a campaign has come."""
        app = self.hub.app
        with app.hub.store.read() as snapshot:
            return count_campaign(app.hub, app.segments, snapshot, number).progress

    def fates(self, number: str = NUMBER) -> list[ReportFate]:
        """What became of each report, by VIN and day."""
        return [one.fate for one in self.progress(number).judged]

    def check_in(self, site: str, vin: str, status: str = "open") -> bytes:
        """A dealer opens an order for a car; its id."""
        self.visits += 1
        visit = fixed(f"visit {self.visits}")
        self.say(site, draft_of("visit", visit, {"vehicle_id": vehicle_id(vin), "status": status}))
        return visit

    def void_last(self, site: str) -> None:
        """The order that a dealer wrote last, as its last set, never counted."""
        made = self.authors[site].made[-1]
        self.say(site, draft_of("visit", fixed(f"visit {self.visits}"), {"status": "void"}, based_on=(made.op(0),)))

    def done(
        self, site: str, vin: str, *, number: str = NUMBER, visit: bytes | None = None, **values: Value
    ) -> tuple[Draft, MadeSet]:
        """A dealer says that a campaign was done on a car, on an order of its own unless one is given."""
        order = self.check_in(site, vin) if visit is None else visit
        draft = self.completion(vin, order, number=number, **values)
        return draft, self.say(site, draft)

    def completion(self, vin: str, visit: bytes, *, number: str = NUMBER, **values: Value) -> Draft:
        """That a campaign was done on a car, on an order."""
        campaign = RecordId(self.campaigns[number].row.id)
        stated: dict[str, Value] = {
            "campaign_id": campaign,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "visit_id": visit,
            "completed_at": self.hub.clock.ms,
            "method": "replaced",
            **values,
        }
        return draft_of("recall_completion", completion_id(campaign, vin, RecordId(visit)), stated)

    def call_in_vain(self, site: str, vin: str) -> MadeSet:
        """A dealer calls the owner of a car, and nobody answers."""
        self.visits += 1
        values: dict[str, Value] = {
            "campaign_id": self.campaigns[NUMBER].row.id,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "channel": "phone",
            "result": "no_answer",
            "contacted_at": self.hub.clock.ms,
        }
        return self.say(site, draft_of("recall_contact", fixed(f"call {self.visits}"), values))

    def retract(self, site: str, draft: Draft, made: MadeSet, *others: Draft) -> None:
        """A dealer takes a completion back, in one set with what it says instead."""
        back = replace(draft, values={"retracted": "wrong_record"}, based_on=(made.op(0),))
        self.say(site, back, *others)

    def say_of_car(self, site: str, vin: str, lifecycle: str, based_on: tuple[OpId, ...] = ()) -> MadeSet:
        """A dealer that has the car in says what became of it."""
        values: dict[str, Value] = {"lifecycle": lifecycle} if based_on else {"vin": vin, "lifecycle": lifecycle}
        self.check_in(site, vin)
        return self.say(site, draft_of("vehicle", vehicle_id(vin), values, based_on=based_on))

    def acted_by(self, site: str, staff: bytes) -> Draft:
        """Who makes the next set of a dealer, to stand in that set."""
        author = self._author(site)
        nonce = Nonce(fixed(f"nonce {author.name} {len(author.made) + 1}", 14))
        values: dict[str, Value] = {"staff_id": staff, "action": "stop_sale", "done_at": self.hub.clock.ms}
        return draft_of("staff_action", staff_action_id(nonce), values)

    def say(self, site: str, *drafts: Draft) -> MadeSet:
        """One change set of a dealer, which the hub must accept."""
        self.hub.clock.ms += HOUR_MS
        author = self._author(site)
        author.wall_ms = self.hub.clock.ms
        made = author.write(*drafts)
        (answer,) = receive_sets(self.hub.app.hub, [made.pushed])
        assert answer.code in (PushCode.ACCEPTED, PushCode.ACCEPTED_WITH_CONFLICTS), answer
        return made

    def _author(self, site: str) -> SiteAuthor:
        if site not in self.authors:
            self.authors[site] = self.hub.enrol(f"desk {site}", site).author()
        return self.authors[site]
