"""Recall campaigns at the hub: imported as a plan, published as a change set, counted from facts.

Decides when a plan may be published and what the change set says, and puts together what a progress count needs. Does
not decide what a valid list is (`campaign_plans`), how pairs are counted (`progress`) or what an export says
(`report`).

Rules
1. An imported plan lies on the operator's desk; no node hears of it before it is published.
2. Publishing writes one hub change set that names the segments by hash. Publishing again raises the plan version; the
   earlier versions stand in the log for ever.
3. A plan whose segments are not all at hand is not published, and one that changes nothing is refused.
4. A withdrawn campaign stays withdrawn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import msgspec

from carnet_hub.core.authoring import write_in
from carnet_hub.core.campaign_plans import CampaignPlan, CampaignTexts, root_hash_of
from carnet_hub.core.completions import completion_reports, lifecycles_of_the_gone
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import TEXT_CHARS_MAX
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.progress import Progress, count_progress
from carnet_hub.core.rows import DealerRow, RecordRow
from carnet_hub.core.shelves import PlanShelf, SegmentShelf
from carnet_hub.core.shown import shown_records
from carnet_protocol import cbor
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import HASH_BYTES, RECORD_RANDOM_BYTES, RecordId, new_record_id
from carnet_protocol.registry import Kind, Value
from carnet_protocol.segments import decode_segment
from carnet_protocol.state import head_op_ids, unpack_entries

_PLAN_FIELDS: Final = ("title", "defect", "hazard", "emergency_advice", "remedy")


class StoredPlan(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A plan on the operator's desk: texts, and the hashes of segments that are on the shelf."""

    texts: dict[str, str | int]
    segment_hashes: list[bytes]
    repeated: int
    faulty_count: int


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign as an operator lists it.

    Attributes:
        state: `imported` for a plan that was never published, else as published.
        plan_version: 0 for a plan that was never published.
        has_newer_plan: an imported plan differs from what is published.
    """

    campaign_no: str
    title: str
    state: str
    plan_version: int
    member_count: int
    hazard_level: str
    published_at_ms: int | None
    has_newer_plan: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """A published campaign with its record."""

    row: RecordRow
    values: Mapping[str, Value]

    @property
    def segment_hashes(self) -> list[bytes]:
        """The segments of its newest plan."""
        return split_hashes(self.values.get("segment_hashes"))


@dataclass(frozen=True, slots=True)
class Counted:
    """A campaign and its progress at one log position."""

    campaign: Campaign
    progress: Progress
    position: int
    site_codes: Mapping[bytes, str]


def import_plan(segments: SegmentShelf, plans: PlanShelf, plan: CampaignPlan) -> None:
    """Put a plan on the operator's desk and its segments on the shelf; an earlier unpublished plan is replaced."""
    hashes = [segments.put(segment) for segment in plan.members.segments]
    stored = StoredPlan(asdict(plan.texts), hashes, plan.members.repeated, plan.members.faulty_count)
    plans.put(plan.texts.campaign_no, cbor.encode_frame(stored))


def publish_campaign(hub: Hub, segments: SegmentShelf, plans: PlanShelf, campaign_no: str) -> Campaign:
    """Make an imported plan the campaign's newest version, for every node.

    Raises:
        Unusable: no such plan, a segment that is not on the shelf, nothing new, or a withdrawn campaign; nothing
        changed.
    """
    plan = load_plan(plans, campaign_no)
    if any(segments.get(one) is None for one in plan.segment_hashes):
        raise Unusable(f"A segment of {campaign_no} is missing.", "Import the campaign again, then publish it.")
    with hub.store.write() as transaction:
        current = find_campaign(hub, transaction, campaign_no)
        draft = _first_draft(hub, plan) if current is None else _next_draft(hub, plan, current)
        write_in(hub, transaction, [draft])
        return require_campaign(hub, transaction, campaign_no)


def withdraw_campaign(hub: Hub, campaign_no: str) -> Campaign:
    """Take a published campaign back; its members and completions stay on record.

    Raises:
        Unusable: no such campaign, or withdrawn before; nothing changed.
    """
    with hub.store.write() as transaction:
        current = require_campaign(hub, transaction, campaign_no)
        if current.values.get("state") == "withdrawn":
            raise Unusable(f"{campaign_no} is withdrawn already.", "Nothing is left to do.")
        write_in(hub, transaction, [_draft(hub.registry["campaign"], current, {"state": "withdrawn"})])
        return require_campaign(hub, transaction, campaign_no)


def list_campaigns(hub: Hub, plans: PlanShelf) -> list[CampaignRow]:
    """Published campaigns and imported plans, by number."""
    imported = {number: load_plan(plans, number) for number in plans.campaign_nos()}
    with hub.store.read() as snapshot:
        published = {
            str(values.get("campaign_no")): Campaign(row, values)
            for row, values in shown_records(hub.registry, snapshot, "campaign")
        }
    rows = [row_of(campaign, imported.get(number)) for number, campaign in published.items()]
    rows += [_row_of_plan(plan) for number, plan in imported.items() if number not in published]
    return sorted(rows, key=lambda row: row.campaign_no)


def find_campaign(hub: Hub, snapshot: Snapshot, campaign_no: str) -> Campaign | None:
    """The published campaign with a number; None when there is none."""
    found = [
        Campaign(row, values)
        for row, values in shown_records(hub.registry, snapshot, "campaign")
        if values.get("campaign_no") == campaign_no
    ]
    return min(found, key=lambda one: one.row.id, default=None)


def require_campaign(hub: Hub, snapshot: Snapshot, campaign_no: str) -> Campaign:
    """As `find_campaign`.

    Raises:
        Unusable: no such campaign.
    """
    campaign = find_campaign(hub, snapshot, campaign_no)
    if campaign is None:
        number = campaign_no[:TEXT_CHARS_MAX]
        raise Unusable(f"There is no published campaign {number}.", "Look the number up with `recalls list`.")
    return campaign


def load_plan(plans: PlanShelf, campaign_no: str) -> StoredPlan:
    """An imported plan.

    Raises:
        Unusable: there is none.
    """
    stored = plans.get(campaign_no)
    if stored is None:
        number = campaign_no[:TEXT_CHARS_MAX]
        raise Unusable(f"No plan {number} was imported.", "Import it with `recalls import` first.")
    return cbor.decode_frame(stored, StoredPlan)


def count_campaign(hub: Hub, segments: SegmentShelf, snapshot: Snapshot, campaign_no: str) -> Counted:
    """How far a campaign has come, as of a snapshot.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    campaign = require_campaign(hub, snapshot, campaign_no)
    reports = list(completion_reports(hub, snapshot, RecordId(campaign.row.id)))
    gone = lifecycles_of_the_gone(hub, snapshot, members_of(segments, campaign))
    progress = count_progress(members_of(segments, campaign), reports, gone)
    site_codes = {dealer.dealer_id: dealer.site_code for dealer in snapshot.scan(DealerRow)}
    return Counted(campaign, progress, snapshot.head().position, site_codes)


def members_of(segments: SegmentShelf, campaign: Campaign) -> Iterator[str]:
    """Every member VIN of the newest plan, in the order of its segments.

    Raises:
        Unusable: a segment is missing.
    """
    for sha256 in campaign.segment_hashes:
        segment = segments.get(sha256)
        if segment is None:
            raise Unusable(f"Segment {sha256.hex()} is missing.", "Put it back from a backup, or publish again.")
        yield from decode_segment(segment)


def split_hashes(joined: Value) -> list[bytes]:
    """The segment hashes in a campaign's field; none for a campaign without members."""
    if not isinstance(joined, bytes):
        return []
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def _plan_values(plan: StoredPlan, version: int) -> dict[str, Value]:
    return {
        "plan_version": version,
        **{name: plan.texts[name] for name in _PLAN_FIELDS},
        "segment_hashes": b"".join(plan.segment_hashes),
        "member_count": plan.texts["member_count"],
        "scope": plan.texts["scope"],
        "producer": plan.texts["producer"],
        "hazard_level": plan.texts["hazard_level"],
        "root_hash": root_hash_of(plan.segment_hashes),
    }


def _first_draft(hub: Hub, plan: StoredPlan) -> Draft:
    now_ms = hub.clock.now_ms()
    values: dict[str, Value] = {
        "campaign_no": plan.texts["campaign_no"],
        **_plan_values(plan, 1),
        "state": "published",
        "published_at": now_ms,
    }
    record = new_record_id(now_ms, hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    return Draft(hub.registry["campaign"], record, values)


def _next_draft(hub: Hub, plan: StoredPlan, current: Campaign) -> Draft:
    number = plan.texts["campaign_no"]
    if current.values.get("state") == "withdrawn":
        raise Unusable(f"{number} was withdrawn.", "Publish the new plan under a new number.")
    if not _differs(plan, current):
        raise Unusable(f"{number} is published as it stands.", "Import a plan that changes something first.")
    version = current.values.get("plan_version")
    return _draft(hub.registry["campaign"], current, _plan_values(plan, version + 1 if isinstance(version, int) else 1))


def _differs(plan: StoredPlan, current: Campaign) -> bool:
    values = _plan_values(plan, 0)
    return any(current.values.get(name) != value for name, value in values.items() if name != "plan_version")


def _draft(kind: Kind, current: Campaign, values: dict[str, Value]) -> Draft:
    registers = {kind.register_of(name).number for name in values}
    return Draft(kind, current.row.id, values, head_op_ids(unpack_entries(current.row.entries), registers))


def row_of(campaign: Campaign, plan: StoredPlan | None = None) -> CampaignRow:
    """A published campaign as an operator lists it, beside the plan that was imported for it last."""
    values = campaign.values
    version, count, published = values.get("plan_version"), values.get("member_count"), values.get("published_at")
    return CampaignRow(
        str(values.get("campaign_no") or ""),
        str(values.get("title") or ""),
        str(values.get("state") or ""),
        version if isinstance(version, int) else 0,
        count if isinstance(count, int) else 0,
        str(values.get("hazard_level") or ""),
        published if isinstance(published, int) else None,
        plan is not None and _differs(plan, campaign),
    )


def _row_of_plan(plan: StoredPlan) -> CampaignRow:
    texts = CampaignTexts(**plan.texts)  # type: ignore[arg-type]  # asdict of the very class
    return CampaignRow(
        texts.campaign_no, texts.title, "imported", 0, texts.member_count, texts.hazard_level, None, True
    )
