"""Recall campaigns at the hub: imported as a plan, published as a change set, counted from facts.

Decides when a plan may be published and what the change set says, and puts together what a progress count needs. Does
not decide what a valid list is (`campaign_plans`), how pairs are counted (`progress`) or what an export says
(`report`).

Rules
1. An imported plan lies on the operator's desk; no node hears of it before it is published.
2. Filing and publishing make the plan on the desk a version: its document is kept under its hash for ever, and the
   campaign's dossier says when (`dossiers`). Publishing also writes one hub change set for every node that names the
   segments by hash.
3. A plan whose segments are not all at hand is not published, and one that changes nothing is refused.
4. A withdrawn campaign stays withdrawn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_hub.core.campaigns.campaign_plans import CampaignPlan, root_hash_of
from carnet_hub.core.campaigns.dossiers import (
    CampaignEvent,
    Grounds,
    Stage,
    add_event,
    note_event,
    read_dossier,
    retract_event,
)
from carnet_hub.core.campaigns.plan_desk import StoredPlan, check_named, load_plan, put_plan
from carnet_hub.core.counting.campaign_work import evidence_values, item_drafts
from carnet_hub.core.counting.completions import car_facts, completion_reports, terms_of
from carnet_hub.core.counting.contacts import campaign_attempts, reaches_of, with_tries
from carnet_hub.core.counting.progress import Progress
from carnet_hub.core.counting.tallies import count_progress
from carnet_hub.core.counting.withdrawals import (
    Withdrawn,
    split_hashes,
    unpack_withdrawals,
    withdraw_members,
)
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import TEXT_CHARS_MAX
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.ports import RecordReads, Transaction
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shelves import PlanShelf, SegmentShelf
from carnet_hub.core.shown import shown_records
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id
from carnet_protocol.kinds import CAMPAIGN_WITHDRAWAL_REASONS
from carnet_protocol.legal_days import legal_day
from carnet_protocol.registry import Kind, Value
from carnet_protocol.segments import decode_segment, segment_hash
from carnet_protocol.state import head_op_ids, unpack_entries

_PLAN_FIELDS: Final = ("title", "defect", "hazard", "emergency_advice", "remedy", "scope", "producer", "hazard_level")
_LATER_FIELDS: Final = ("authority_no", "remedy_state", "interim_remedy", "unreachable_tries")
"""What plans of earlier versions of this program do not say."""

Watched = Callable[[Iterable[str]], Iterable[str]]
"""Goes through VINs as they are, for somebody who waits."""


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


def import_plan(
    hub: Hub,
    segments: SegmentShelf,
    plans: PlanShelf,
    plan: CampaignPlan,
    withdrawn: Mapping[str, str] | None = None,
) -> tuple[Withdrawn, ...]:
    """Put a plan on the operator's desk; an earlier one that was not published is replaced.

    A list of the published plan that is missing or damaged is written again when this plan has it too.

    Args:
        withdrawn: reason by VIN, of members of the published plan that this one leaves out.

    Returns: everybody who was a member once and is withdrawn, by reason.

    Raises:
        ListRefused: the list leaves out somebody without a reason; the desk is as it was.
        Unusable: it names a campaign that is not here, or a segment of the published plan is missing, and this plan
            has another.
    """
    with hub.store.read() as snapshot:
        check_named(hub, snapshot, plans, plan.texts)
        current = find_campaign(hub, snapshot, plan.texts.campaign_no)
    published = current.segment_hashes if current is not None else []
    for one in plan.members.segments:
        if segment_hash(one) in published:
            segments.put(one)
    earlier = withdrawn_of(segments, current) if current is not None else {}
    former = list(held_segments(segments, published))
    gone = withdraw_members(former, earlier, plan.members.segments, withdrawn or {})
    put_plan(segments, plans, plan, gone)
    return gone


def file_plan(
    hub: Hub, plans: PlanShelf, campaign_no: str, filed_on: date | None = None, *, file_reference: str = ""
) -> CampaignEvent:
    """Note that the plan on the desk was handed to the authority, and keep its document for ever.

    Args:
        filed_on: today when left out.

    Raises:
        Unusable: no such plan, the very plan that was filed last, a withdrawn campaign, or a day ahead; nothing
            changed but the document on the shelf.
    """
    plan = load_plan(plans, campaign_no)
    plan_hash = plans.keep(plan.document)
    with hub.store.write() as transaction:
        dossier = read_dossier(hub, transaction, campaign_no)
        filed = [one.plan_hash for one in dossier.standing if one.event == "plan_filed"]
        if filed and filed[-1] == plan_hash:
            raise Unusable(f"{campaign_no} is filed as it stands.", "Import a plan that changes something first.")
        if dossier.stage in {Stage.WITHDRAWN, Stage.REPORTED}:
            raise Unusable(f"{campaign_no} is at the stage {dossier.stage}.", "File a new plan under a new number.")
        version = dossier.number_of(plan_hash, _version_of(find_campaign(hub, transaction, campaign_no)))
        return add_event(
            hub,
            transaction,
            campaign_no,
            "plan_filed",
            filed_on or legal_day(hub.clock.now_ms()),
            file_reference=file_reference,
            plan=plan.named(version, plan_hash),
        )


def publish_campaign(hub: Hub, segments: SegmentShelf, plans: PlanShelf, campaign_no: str) -> Campaign:
    """Make an imported plan the campaign's newest version, for every node.

    Raises:
        Unusable: no such plan, a segment that is not on the shelf, nothing new, or a withdrawn campaign; nothing
        changed.
    """
    plan = load_plan(plans, campaign_no)
    if any(segments.get(one) is None for one in plan.segment_hashes):
        raise Unusable(f"A segment of {campaign_no} is missing.", "Import the campaign again, then publish it.")
    plan_hash = plans.keep(plan.document)
    with hub.store.write() as transaction:
        current = find_campaign(hub, transaction, campaign_no)
        dossier = read_dossier(hub, transaction, campaign_no)
        version = dossier.number_of(plan_hash, _version_of(current))
        said, from_ms = ({}, 0) if current is None else (current.values, _next_instant(hub, transaction))
        values = _plan_values(hub, transaction, plan, version, plan_hash)
        values |= evidence_values(plan.work, said, from_ms)
        draft = _first_draft(hub, campaign_no, values) if current is None else _next_draft(hub, current, values)
        items = item_drafts(hub, transaction, RecordId(draft.record), plan.work, from_ms)
        write_in(hub, transaction, [draft, *items])
        today = legal_day(hub.clock.now_ms())
        add_event(hub, transaction, campaign_no, "published", today, plan=plan.named(version, plan_hash))
        return require_campaign(hub, transaction, campaign_no)


def _next_instant(hub: Hub, transaction: Transaction) -> int:
    """The first ms in which nothing can have been done that the log holds already, whatever became of the clock."""
    return max(hub.clock.now_ms(), transaction.head().received_ms) + 1


def note(
    hub: Hub, plans: PlanShelf, campaign_no: str, event: str, happened_on: date, *, file_reference: str = ""
) -> CampaignEvent:
    """Write down what happened in a campaign; what owners and dealers have to know of it goes to every node.

    Raises:
        Unusable: see `dossiers.note_event`; nothing changed.
        StoreBusy, StoreError: see `ports`.
    """
    with hub.store.write() as transaction:
        current = find_campaign(hub, transaction, campaign_no)
        is_known = current is not None or plans.get(campaign_no) is not None
        noted = note_event(
            hub, transaction, campaign_no, event, happened_on, is_known=is_known, file_reference=file_reference
        )
        if event == "outreach_closed" and current is not None:
            _tell_outreach(hub, transaction, current, happened_on)
    return noted


def retract(hub: Hub, record: bytes, reason: str) -> CampaignEvent:
    """Say that a noted event does not hold.

    Raises:
        Unusable: see `dossiers.retract_event`; nothing changed.
        StoreBusy, StoreError: see `ports`.
    """
    with hub.store.write() as transaction:
        retracted = retract_event(hub, transaction, record, reason)
        current = find_campaign(hub, transaction, retracted.campaign_no)
        if retracted.event == "outreach_closed" and current is not None:
            _tell_outreach(hub, transaction, current, None)
    return retracted


def _tell_outreach(hub: Hub, transaction: Transaction, current: Campaign, closed_on: date | None) -> None:
    """Owners are sought no longer, or again."""
    values: dict[str, Value] = {"outreach_closed_on": closed_on.isoformat() if closed_on is not None else None}
    write_in(hub, transaction, [_draft(hub.registry["campaign"], current, values)])


def withdraw_campaign(hub: Hub, campaign_no: str, grounds: Grounds, *, file_reference: str = "") -> Campaign:
    """Take a published campaign back; its members and completions stay on record, and the dossier says why.

    Args:
        file_reference: number under which the authority's order or the producer's decision is kept; may be empty.

    Raises:
        Unusable: no such campaign, withdrawn before, or no reason that the list has; nothing changed.
    """
    if grounds.reason not in CAMPAIGN_WITHDRAWAL_REASONS:
        raise Unusable("The reason is none of the list.", f"Name one of: {', '.join(CAMPAIGN_WITHDRAWAL_REASONS)}.")
    if grounds.reason == "other" and not grounds.explanation.strip():
        raise Unusable("The reason is said to be another one, and not which.", "Say it in words, with --explanation.")
    with hub.store.write() as transaction:
        current = require_campaign(hub, transaction, campaign_no)
        if current.values.get("state") == "withdrawn":
            raise Unusable(f"{campaign_no} is withdrawn already.", "Nothing is left to do.")
        write_in(hub, transaction, [_draft(hub.registry["campaign"], current, {"state": "withdrawn"})])
        today = legal_day(hub.clock.now_ms())
        add_event(hub, transaction, campaign_no, "withdrawn", today, file_reference=file_reference, grounds=grounds)
        return require_campaign(hub, transaction, campaign_no)


def find_campaign(hub: Hub, snapshot: RecordReads, campaign_no: str) -> Campaign | None:
    """The published campaign with a number; None when there is none."""
    found = [
        Campaign(row, values)
        for row, values in shown_records(hub.registry, snapshot, "campaign")
        if values.get("campaign_no") == campaign_no
    ]
    return min(found, key=lambda one: one.row.id, default=None)


def require_campaign(hub: Hub, snapshot: RecordReads, campaign_no: str) -> Campaign:
    """As `find_campaign`.

    Raises:
        Unusable: no such campaign.
    """
    campaign = find_campaign(hub, snapshot, campaign_no)
    if campaign is None:
        number = campaign_no[:TEXT_CHARS_MAX]
        raise Unusable(f"There is no published campaign {number}.", "Look the number up with `recalls list`.")
    return campaign


def count_campaign(
    hub: Hub, segments: SegmentShelf, snapshot: RecordReads, campaign_no: str, watched: Watched = iter
) -> Counted:
    """How far a campaign has come, as of a snapshot.

    Args:
        watched: goes through the members, for somebody who waits.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    campaign = require_campaign(hub, snapshot, campaign_no)
    progress = count_pairs(hub, segments, snapshot, campaign, watched)
    sites = shown_records(hub.registry, snapshot, "dealer_site")
    site_codes = {row.id: str(values.get("site_code") or "") for row, values in sites}
    return Counted(campaign, progress, snapshot.head().position, site_codes)


def count_pairs(
    hub: Hub, segments: SegmentShelf, snapshot: RecordReads, campaign: Campaign, watched: Watched = iter
) -> Progress:
    """The same for a campaign that was read already, without its sites.

    Raises:
        Unusable: a segment is missing.
    """
    record = RecordId(campaign.row.id)
    terms = terms_of(hub, snapshot, record, campaign.values)
    reaches = reaches_of(hub, snapshot, campaign_attempts(hub, snapshot, record), terms.tries_max)
    cars = with_tries(car_facts(hub, snapshot, watched(members_of(segments, campaign))), reaches)
    reports = completion_reports(hub, snapshot, record)
    return count_progress(members_of(segments, campaign), reports, cars, withdrawn_of(segments, campaign), terms)


def members_of(segments: SegmentShelf, campaign: Campaign) -> Iterator[str]:
    """Every member VIN of the newest plan, in the order of its segments.

    Raises:
        Unusable: a segment is missing.
    """
    for segment in held_segments(segments, campaign.segment_hashes):
        yield from decode_segment(segment)


def withdrawn_of(segments: SegmentShelf, campaign: Campaign) -> dict[str, str]:
    """By VIN, why somebody who was a member once is none any more.

    Raises:
        Unusable: a segment is missing.
    """
    named = unpack_withdrawals(campaign.values.get("withdrawn_members"))
    held = held_segments(segments, [name for _, name in named])
    return {vin: reason for (reason, _), segment in zip(named, held, strict=True) for vin in decode_segment(segment)}


def held_segments(segments: SegmentShelf, names: Iterable[bytes]) -> Iterator[bytes]:
    """Member lists by their hashes, one after the other.

    Raises:
        Unusable: one is missing.
    """
    for name in names:
        segment = segments.get(name)
        if segment is None:
            raise Unusable(
                f"Segment {name.hex()} is missing.", "Put it back from a backup, or import the same list again."
            )
        yield segment


def _plan_values(
    hub: Hub, transaction: Transaction, plan: StoredPlan, version: int, plan_hash: bytes
) -> dict[str, Value]:
    texts = plan.texts
    return {
        "plan_version": version,
        "plan_hash": plan_hash,
        **{name: texts[name] for name in _PLAN_FIELDS},
        **{name: texts.get(name) or None for name in _LATER_FIELDS},
        "segment_hashes": b"".join(plan.segment_hashes),
        "member_count": texts["member_count"],
        "root_hash": root_hash_of(plan.segment_hashes),
        "withdrawn_members": plan.withdrawn_members or None,
        "withdrawn_count": plan.withdrawn_count or None,
        "parent_id": _named_campaign(hub, transaction, texts.get("parent")),
        "supersedes_id": _named_campaign(hub, transaction, texts.get("supersedes")),
    }


def _named_campaign(hub: Hub, transaction: Transaction, campaign_no: object) -> bytes | None:
    return require_campaign(hub, transaction, str(campaign_no)).row.id if campaign_no else None


def _first_draft(hub: Hub, campaign_no: str, plan_values: Mapping[str, Value]) -> Draft:
    now_ms = hub.clock.now_ms()
    values: dict[str, Value] = {
        "campaign_no": campaign_no,
        **plan_values,
        "state": "published",
        "published_at": now_ms,
    }
    record = new_record_id(now_ms, hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    return Draft(hub.registry["campaign"], record, values)


def _next_draft(hub: Hub, current: Campaign, values: dict[str, Value]) -> Draft:
    number = str(current.values.get("campaign_no"))
    if current.values.get("state") == "withdrawn":
        raise Unusable(f"{number} was withdrawn.", "Publish the new plan under a new number.")
    if current.values.get("plan_hash") == values["plan_hash"]:
        raise Unusable(f"{number} is published as it stands.", "Import a plan that changes something first.")
    return _draft(hub.registry["campaign"], current, values)


def _version_of(current: Campaign | None) -> int:
    """The version that nodes have; 0 for a campaign that was never published."""
    version = current.values.get("plan_version") if current is not None else None
    return version if isinstance(version, int) else 0


def _draft(kind: Kind, current: Campaign, values: dict[str, Value]) -> Draft:
    registers = {kind.register_of(name).number for name in values}
    return Draft(kind, current.row.id, values, head_op_ids(unpack_entries(current.row.entries), registers))
