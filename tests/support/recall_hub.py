"""A hub in the middle of a recall: sites in provinces, vehicles completed over some months, some that left."""

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carnet_hub.adapters.profile_files import ProfileFolder
from carnet_hub.adapters.report_making import KeptOutreach, Made, ReportDesk, make_report
from carnet_hub.core.campaigns.profile_report import Ask
from carnet_hub.core.campaigns.recalls import Campaign, import_plan, note, publish_campaign
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.upkeep.dealers import SiteDetails, SitePlace, add_site
from carnet_protocol.ids import RecordId, completion_id, vehicle_id
from carnet_protocol.legal_days import legal_day
from carnet_protocol.messages import PushCode
from carnet_protocol.registry import Value
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_apps import TestHub, make_hub
from support.protocol import fixed
from support.recall_plans import NUMBER, plan
from support.vins import make_vins

DAY_MS = 24 * 3600 * 1000
VINS = make_vins(12)
PLAIN = {"producer": "Example Motor Co.", "title": "Brake hose", "authority_no": "26V123000"}


@dataclass
class RecallHub:
    """A hub, its campaign and the desks of its sites."""

    hub: TestHub
    campaign: Campaign
    desks: dict[str, SiteAuthor] = field(default_factory=dict)

    @property
    def desk(self) -> ReportDesk:
        """What making a report needs."""
        app = self.hub.app
        return ReportDesk(app.hub, app.segments, KeptOutreach(app.hub), app.keyring.export, app.reports, app.files)

    @property
    def profiles(self) -> ProfileFolder:
        """The profiles of this hub."""
        return self.hub.app.profiles

    @property
    def position(self) -> int:
        """The end of the log."""
        with self.hub.app.hub.store.read() as snapshot:
            return snapshot.head().position

    def days_pass(self, days: int) -> None:
        """Let the hub's clock go on."""
        self.hub.clock.ms += days * DAY_MS

    def open_site(self, code: str, province: str) -> SiteAuthor:
        """A site with a node."""
        add_site(self.hub.app.hub, SiteDetails(code, f"Site {code}", place=SitePlace(province, "", "Changsha")))
        self.desks[code] = self.hub.enrol(f"desk {code}", code).author()
        return self.desks[code]

    def complete(self, site: str, vin: str, *, method: str = "repaired", days_ago: int = 0) -> MadeSet:
        """A vehicle is done at a site."""
        author = self._desk(site)
        visit = RecordId(fixed(f"visit {site} {vin}"))
        done_ms = self.hub.clock.ms - days_ago * DAY_MS
        values: dict[str, Value] = {
            "campaign_id": self.campaign.row.id,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "visit_id": visit,
            "completed_at": done_ms,
            "method": method,
            "odometer_km": 12_000,
        }
        record = completion_id(RecordId(self.campaign.row.id), vin, visit)
        return self.push(
            author.write(
                draft_of("visit", visit, {"vehicle_id": vehicle_id(vin), "status": "open"}),
                draft_of("recall_completion", record, values),
            )
        )

    def take_back(self, site: str, vin: str, made: MadeSet) -> MadeSet:
        """A site says that it did not do a vehicle after all; `made` said that it did."""
        visit = RecordId(fixed(f"visit {site} {vin}"))
        record = completion_id(RecordId(self.campaign.row.id), vin, visit)
        back = draft_of("recall_completion", record, {"retracted": "wrong_record"}, based_on=(made.op(1),))
        return self.push(self._desk(site).write(back))

    def leave(self, site: str, vin: str, lifecycle: str) -> MadeSet:
        """A vehicle is exported, scrapped or stolen."""
        author = self._desk(site)
        visit = fixed(f"leaving {site} {vin}")
        return self.push(
            author.write(
                draft_of("visit", visit, {"vehicle_id": vehicle_id(vin), "status": "open"}),
                draft_of("vehicle", vehicle_id(vin), {"vin": vin, "lifecycle": lifecycle}),
            )
        )

    def call_in_vain(self, site: str, vin: str) -> MadeSet:
        """A site calls the owner of a vehicle, and nobody answers."""
        values: dict[str, Value] = {
            "campaign_id": self.campaign.row.id,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "channel": "phone",
            "result": "no_answer",
            "contacted_at": self.hub.clock.ms,
        }
        return self.push(self._desk(site).write(draft_of("recall_contact", fixed(f"call {site} {vin}"), values)))

    def _desk(self, site: str) -> SiteAuthor:
        self.desks[site].wall_ms = self.hub.clock.ms
        return self.desks[site]

    def push(self, made: MadeSet) -> MadeSet:
        """Send a set that the hub must accept."""
        (answer,) = receive_sets(self.hub.app.hub, [made.pushed])
        assert answer.code in (PushCode.ACCEPTED, PushCode.ACCEPTED_WITH_CONFLICTS), answer
        return made

    def note(self, event: str) -> None:
        """Something happens in the campaign today."""
        app = self.hub.app
        note(app.hub, app.plans, NUMBER, event, legal_day(self.hub.clock.ms))

    def publish(self, vins: list[str], **changes: object) -> None:
        """Publish another plan."""
        app = self.hub.app
        import_plan(app.hub, app.segments, app.plans, plan(vins, **{**PLAIN, **changes}))
        self.campaign = publish_campaign(app.hub, app.segments, app.plans, NUMBER)

    def make(self, profile: str, folder: Path, **asked: object) -> Made:
        """Make a report."""
        ask = Ask(self.profiles.profile(profile), NUMBER, **asked)  # type: ignore[arg-type]
        return make_report(self.desk, ask, folder, lambda members, _: members)


def begin_recall(folder: Path, vins: list[str] = VINS, **changes: object) -> RecallHub:
    """A hub whose campaign is published and has two sites, in Hunan and in Guangdong; nothing is done yet."""
    hub = make_hub(folder)
    app = hub.app
    import_plan(app.hub, app.segments, app.plans, plan(vins, **{**PLAIN, **changes}))
    recall = RecallHub(hub, publish_campaign(app.hub, app.segments, app.plans, NUMBER))
    recall.open_site("A001", "43")
    recall.open_site("B001", "44")
    return recall


def values(folder: Path) -> dict[str, Any]:
    """What `report.json` says."""
    return dict(json.loads((folder / "report.json").read_bytes()))


def table(folder: Path, name: str) -> list[list[str]]:
    """A CSV file of a report."""
    return list(csv.reader(io.StringIO((folder / name).read_text(encoding="utf-8-sig"), newline="")))


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """A file with one JSON value per line."""
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
