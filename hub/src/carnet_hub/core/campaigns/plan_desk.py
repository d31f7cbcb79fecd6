"""The operator's desk: plans that were imported, and the documents of those that were filed or published.

Decides how a plan lies on the desk and what its document is, which other campaigns it may name, and when it may be
dropped. Does not decide what a plan may say besides (`campaign_plans`) nor when it becomes a version (`recalls`,
`dossiers`).

A document is JSON, UTF-8, keys in order, nothing between tokens: the texts, the count and the hashes of the member
lists as hex. It holds no version and no date, so the same plan is the same document. Its SHA-256 stands in signed sets.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Final

import msgspec

from carnet_hub.core.campaigns.campaign_plans import CampaignPlan, CampaignTexts
from carnet_hub.core.campaigns.dossiers import NamedPlan
from carnet_hub.core.counting.campaign_work import CampaignWork, pack_items, unpack_items, work_document
from carnet_hub.core.counting.withdrawals import Withdrawn, pack_withdrawals
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import TEXT_CHARS_MAX
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.shelves import PlanShelf, SegmentShelf
from carnet_hub.core.shown import shown_records
from carnet_protocol import cbor
from carnet_protocol.registry import Value

_FORM: Final = "carnet-campaign-plan-v1"
_NAMING: Final = ("supersedes", "parent")
"""Texts of a plan that name another campaign."""


class StoredPlan(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A plan on the operator's desk: texts, and the hashes of segments that are on the shelf."""

    texts: dict[str, str | int]
    segment_hashes: list[bytes]
    repeated: int
    faulty_count: int
    withdrawn: list[tuple[str, bytes, int]] = msgspec.field(default_factory=list)
    """Reason, segment hash and count of members that earlier plans had."""
    evidence: list[str] = msgspec.field(default_factory=list)
    items: list[tuple[int, str, str, str, bool]] = msgspec.field(default_factory=list)
    """What is done on a car, see `campaign_work`."""

    @property
    def work(self) -> CampaignWork:
        """What is done on a car, and what is shown for it."""
        return CampaignWork(tuple(self.evidence), unpack_items(self.items))

    @property
    def withdrawn_members(self) -> bytes:
        """Reasons and segment hashes as a campaign and its events name them; empty where nobody is withdrawn."""
        return pack_withdrawals((reason, name) for reason, name, _ in self.withdrawn)

    @property
    def withdrawn_count(self) -> int:
        """How many members of earlier plans are none of this one."""
        return sum(count for _, _, count in self.withdrawn)

    def named(self, version: int, plan_hash: bytes) -> NamedPlan:
        """The plan as an event names it that files or publishes it."""
        return NamedPlan(version, plan_hash, self.withdrawn_members, self.withdrawn_count)

    @property
    def document(self) -> bytes:
        """The canonical bytes that are kept once the plan is a version."""
        said: dict[str, object] = {
            "form": _FORM,
            "texts": {name: value for name, value in self.texts.items() if value not in ("", 0)},
            "segments": sorted(one.hex() for one in self.segment_hashes),
            "repeated_lines": self.repeated,
            "faulty_lines": self.faulty_count,
            **work_document(self.work),
        }
        if self.withdrawn:
            said["withdrawn"] = {
                reason: {"segment": name.hex(), "count": count} for reason, name, count in self.withdrawn
            }
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def put_plan(segments: SegmentShelf, plans: PlanShelf, plan: CampaignPlan, withdrawn: Sequence[Withdrawn] = ()) -> None:
    """Put a plan on the operator's desk and its segments on the shelf; an earlier unpublished plan is replaced.

    Args:
        withdrawn: everybody who was a member of an earlier plan and is none of this one.
    """
    hashes = [segments.put(segment) for segment in plan.members.segments]
    gone = [(one.reason, segments.put(one.segment), one.count) for one in withdrawn]
    work = (list(plan.work.evidence), pack_items(plan.work.items))
    stored = StoredPlan(asdict(plan.texts), hashes, plan.members.repeated, plan.members.faulty_count, gone, *work)
    plans.put(plan.texts.campaign_no, cbor.encode_frame(stored))


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


def drop_plan(hub: Hub, plans: PlanShelf, campaign_no: str) -> None:
    """Take a plan that was never published off the desk; what was filed of it stays, and so does a published one.

    Raises:
        Unusable: there is none, it is published as it lies there, or another plan on the desk names a campaign that is
            this plan alone; nothing changed.
    """
    plan = load_plan(plans, campaign_no)
    with hub.store.read() as snapshot:
        published = {values.get("campaign_no"): values.get("plan_hash") for values in _campaigns(hub, snapshot)}
    if published.get(campaign_no) == sha256(plan.document).digest():
        raise Unusable(
            f"{campaign_no} is published as it was imported; no other plan of it waits.",
            "Look at `recalls list`; `recalls withdraw` takes a published campaign back.",
        )
    naming = [] if campaign_no in published else _named_by(plans, campaign_no)
    if naming:
        raise Unusable(
            f"{naming[0]} names {campaign_no[:TEXT_CHARS_MAX]} and could not be published without this plan.",
            f"Drop {naming[0]} first, or import it again without that entry.",
        )
    plans.drop(campaign_no)


def _named_by(plans: PlanShelf, campaign_no: str) -> list[str]:
    """Numbers of the other plans on the desk that name a campaign, sorted."""
    others = (one for one in plans.campaign_nos() if one != campaign_no)
    return [one for one in others if campaign_no in map(load_plan(plans, one).texts.get, _NAMING)]


def check_named(hub: Hub, snapshot: RecordReads, plans: PlanShelf, texts: CampaignTexts) -> None:
    """Go on where each campaign that a plan names is published, or waits on the desk to be published first.

    Raises:
        Unusable: one is neither.
    """
    for what, number in zip(_NAMING, (texts.supersedes, texts.parent), strict=True):
        if number and plans.get(number) is None and not _is_published(hub, snapshot, number):
            raise Unusable(
                f"{what} names {number[:TEXT_CHARS_MAX]}, and there is no such campaign, imported or published.",
                "Look the number up with `recalls list`, correct the campaign file and import again.",
            )


def _is_published(hub: Hub, snapshot: RecordReads, campaign_no: str) -> bool:
    return any(values.get("campaign_no") == campaign_no for values in _campaigns(hub, snapshot))


def _campaigns(hub: Hub, snapshot: RecordReads) -> Iterator[Mapping[str, Value]]:
    return (values for _, values in shown_records(hub.registry, snapshot, "campaign"))


def load_document(plans: PlanShelf, plan_hash: bytes) -> bytes:
    """The document of a plan that was filed or published.

    Raises:
        Unusable: it is not here, or damaged.
    """
    document = plans.kept(plan_hash)
    if document is None:
        raise Unusable(
            f"The document of the plan {plan_hash.hex()} is missing.", "Put it back from a backup of the folder plans."
        )
    return document
