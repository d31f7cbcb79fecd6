"""What a regulator reads: campaigns, the versions of a plan with their signatures, progress over time.

Decides which fields leave the hub and that a token sees its campaigns alone: one outside its scope is not there, not in
lists, not by number, not by the hash of its plan. Public fields and figures only: of persons there is nothing here to
leave out. Does not decide who asks (`regulators`), what is said of one vehicle (`vehicle_recalls`), nor what changed
(`regulator_changes`).
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from carnet_hub.core.campaigns.campaign_list import related_numbers, row_of
from carnet_hub.core.campaigns.dossiers import CampaignEvent, Dossier, read_dossier, read_dossiers
from carnet_hub.core.campaigns.kept_counts import kept_sums
from carnet_hub.core.campaigns.recall_export import cite, cited_set
from carnet_hub.core.campaigns.recalls import Campaign, find_campaign
from carnet_hub.core.campaigns.report import ReportHead, campaign_values, citation_values, instant_text, public_campaign
from carnet_hub.core.counting.campaign_work import CampaignWork, demands_on, work_document
from carnet_hub.core.counting.progress import Sums
from carnet_hub.core.counting.trends import (
    DayCount,
    SiteCount,
    completed_by_province,
    cumulated,
    named_sites,
    read_sites,
)
from carnet_hub.core.hub import Hub
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.vehicle_recalls import covered_campaigns
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.shelves import PlanShelf, SegmentShelf
from carnet_protocol.demands import Demands
from carnet_protocol.ids import OpId, RecordId, record_text
from carnet_protocol.kinds import CAMPAIGN_EVENT
from carnet_protocol.remedy import EVIDENCE
from carnet_protocol.state import unpack_entries

Values = dict[str, object]
Covers = Callable[[str], bool]
"""Whether a campaign number is one that the asker may see."""


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far a campaign has come, and how.

    Attributes:
        days: completions by day of work, ascending.
        sites: most completions first.
    """

    head: ReportHead
    sums: Sums
    days: tuple[DayCount, ...]
    sites: tuple[SiteCount, ...]


def list_for(hub: Hub, covers: Covers) -> Values:
    """The campaigns somebody may see, by number, with what a list shows of them."""
    with hub.store.read() as snapshot:
        position = snapshot.head().position
        rows = [row_of(one) for one in covered_campaigns(hub, snapshot, covers)]
    shown = [
        {
            "campaign_no": row.campaign_no,
            "title": row.title,
            "state": row.state,
            "hazard_level": row.hazard_level,
            "plan_version": row.plan_version,
            "member_count": row.member_count,
            "published_at": None if row.published_at_ms is None else instant_text(row.published_at_ms),
        }
        for row in rows
    ]
    return {"hub_epoch": hub.hub_epoch.hex(), "log_position": position, "campaigns": shown}


def campaign_for(hub: Hub, covers: Covers, campaign_no: str) -> Values:
    """One campaign: its public fields, what it replaces and belongs to, work, versions, events with citations.

    Raises:
        AccessRefused: NOT_FOUND.
    """
    with hub.store.read() as snapshot:
        campaign = _require(hub, snapshot, covers, campaign_no)
        dossier = read_dossier(hub, snapshot, campaign_no)
        demands = demands_on(hub, snapshot, RecordId(campaign.row.id), campaign.values)
        written = {one.record: _first_op(snapshot, one.record) for one in dossier.events}
        cited = cite(snapshot, written.values())
        related = related_numbers(covered_campaigns(hub, snapshot, covers), campaign)
        position = snapshot.head().position
    return {
        "campaign": public_campaign(campaign.values),
        "related": related,
        "stage": dossier.stage.value,
        "work": work_document(CampaignWork(_asked(demands), demands.listed)),
        "plans": [
            {"version": version, "sha256": name.hex()}
            for name, version in sorted(dossier.versions.items(), key=lambda one: one[1])
        ],
        "events": [{**_event_values(one), **citation_values(cited.get(written[one.record]))} for one in dossier.events],
        "log_position": position,
    }


def plan_document(hub: Hub, plans: PlanShelf, covers: Covers, name: bytes) -> bytes:
    """The document of a plan that was filed or published, by its SHA-256.

    Raises:
        AccessRefused: NOT_FOUND.
    """
    _require_plan(hub, covers, name)
    document = plans.kept(name)
    if document is None:
        raise AccessRefused(Refusal.NOT_FOUND)
    return document


def plan_signature(hub: Hub, covers: Covers, name: bytes) -> Values:
    """The signed change set that names a plan by its hash, as its author signed it.

    Raises:
        AccessRefused: NOT_FOUND.
    """
    event = _require_plan(hub, covers, name)
    with hub.store.read() as snapshot:
        op = _first_op(snapshot, event.record)
    signed = cited_set(hub, op)
    return {
        "sha256": name.hex(),
        "version": event.plan_version,
        "event": event.event,
        "node_id": record_text(signed.node_id),
        "log_position": signed.position,
        "set_hash": signed.set_hash.hex(),
        "signing_key": signed.signing_key.hex(),
        "cose_sign1": base64.b64encode(signed.message).decode(),
    }


def progress_for(hub: Hub, segments: SegmentShelf, covers: Covers, campaign_no: str) -> ProgressView:
    """How far a campaign has come and how it has come there.

    Raises:
        AccessRefused: NOT_FOUND.
        Unusable: a segment is missing.
    """
    with hub.store.read() as snapshot:
        _require(hub, snapshot, covers, campaign_no)
        found = kept_sums(hub, segments, snapshot, campaign_no)
        sites = named_sites(found.dealers, read_sites(hub, snapshot))
    head = ReportHead(hub.hub_id, hub.hub_epoch, found.campaign.values, found.position, hub.clock.now_ms(), {})
    return ProgressView(head, found.sums, tuple(cumulated(found.days)), tuple(sites))


def progress_values(view: ProgressView) -> Values:
    """The same for programs: the record, and completions by day, site and province."""
    return {
        "record": campaign_values(view.head, view.sums),
        "days": [
            {"day": one.day.isoformat(), "completed": one.completed, "cumulative": one.cumulative} for one in view.days
        ],
        "sites": [
            {"site_code": one.site.code, "province_code": one.site.province, "completed": one.completed}
            for one in view.sites
        ],
        "provinces": [{"province_code": code, "completed": count} for code, count in completed_by_province(view.sites)],
    }


def _require(hub: Hub, snapshot: Snapshot, covers: Covers, campaign_no: str) -> Campaign:
    campaign = find_campaign(hub, snapshot, campaign_no) if covers(campaign_no) else None
    if campaign is None:
        raise AccessRefused(Refusal.NOT_FOUND)
    return campaign


def _require_plan(hub: Hub, covers: Covers, name: bytes) -> CampaignEvent:
    """The last event that names a plan of a published campaign that the asker may see."""
    with hub.store.read() as snapshot:
        dossiers: Mapping[str, Dossier] = read_dossiers(hub, snapshot)
        shown = [number for number in dossiers if covers(number) and find_campaign(hub, snapshot, number) is not None]
    found = [event for number in shown for event in dossiers[number].standing if event.plan_hash == name]
    if not found:
        raise AccessRefused(Refusal.NOT_FOUND)
    return found[-1]


def _asked(demands: Demands) -> tuple[str, ...]:
    """The evidence that is owed now, by name."""
    return tuple(name for place, name in enumerate(EVIDENCE) if demands.evidence_bits >> place & 1)


def _first_op(snapshot: Snapshot, record: RecordId) -> OpId:
    """The op that wrote an event down."""
    row = snapshot.records(CAMPAIGN_EVENT.number, [record])[record]
    return OpId(min(unpack_entries(row.entries), key=lambda one: one.time_ms).op)


def _event_values(event: CampaignEvent) -> Values:
    return {
        "event": event.event,
        "happened_on": event.happened_on.isoformat(),
        "file_reference": event.file_reference,
        "plan_version": event.plan_version or None,
        "plan_sha256": event.plan_hash.hex() or None,
        "noted_at": instant_text(event.noted_ms),
        "retracted": event.retracted,
        "reason": event.grounds.reason,
        "explanation": event.grounds.explanation,
        "withdrawn_reasons": list(event.withdrawn_reasons),
        "withdrawn_count": event.withdrawn_count,
    }
