"""Campaigns as an operator lists them: published ones beside the plans that lie on the desk.

Decides what a row of that list says, and which other campaigns one has to do with. Does not
decide what may be published (`recalls`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from carnet_hub.core.campaigns.campaign_plans import CampaignTexts
from carnet_hub.core.campaigns.plan_desk import StoredPlan, load_plan
from carnet_hub.core.campaigns.recalls import Campaign
from carnet_hub.core.hub import Hub
from carnet_hub.core.shelves import PlanShelf
from carnet_hub.core.shown import shown_records

_NAMED: Final = {"supersedes_id": ("supersedes", "superseded_by"), "parent_id": ("parent", "parts")}
"""How a campaign names another one, and what each is to the other."""


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


def related_numbers(seen: Sequence[Campaign], campaign: Campaign) -> dict[str, list[str]]:
    """Numbers of the campaigns that one replaces and belongs to, and of those that replace it or are its parts.

    A campaign that was taken back replaces none and is no part of one.

    Args:
        seen: the campaigns that the asker may see; no other one is named.
    """
    numbers = {one.row.id: str(one.values.get("campaign_no") or "") for one in seen}
    named = {name: numbers.get(record) for name in _NAMED if isinstance(record := campaign.values.get(name), bytes)}
    naming = {
        name: sorted(numbers[one.row.id] for one in seen if one.values.get(name) == campaign.row.id and _stands(one))
        for name in _NAMED
    }
    return {
        **{_NAMED[name][0]: [number] if (number := named.get(name)) else [] for name in _NAMED},
        **{_NAMED[name][1]: naming[name] for name in _NAMED},
    }


def related_to(hub: Hub, plans: PlanShelf, campaign_no: str) -> dict[str, list[str]]:
    """The same for an operator, who may see every campaign; of one that nobody published, what its plan names."""
    with hub.store.read() as snapshot:
        seen = [Campaign(row, values) for row, values in shown_records(hub.registry, snapshot, "campaign")]
    campaign = next((one for one in seen if one.values.get("campaign_no") == campaign_no), None)
    if campaign is not None:
        return related_numbers(seen, campaign)
    texts = load_plan(plans, campaign_no).texts if campaign_no in plans.campaign_nos() else {}
    return {name: [str(texts[name])] if texts.get(name) else [] for name in ("supersedes", "parent")}


def _stands(campaign: Campaign) -> bool:
    return campaign.values.get("state") == "published"


def _row_of_plan(plan: StoredPlan) -> CampaignRow:
    texts = CampaignTexts(**plan.texts)  # type: ignore[arg-type]  # asdict of the very class
    return CampaignRow(
        texts.campaign_no, texts.title, "imported", 0, texts.member_count, texts.hazard_level, None, True
    )


def _differs(plan: StoredPlan, current: Campaign) -> bool:
    return current.values.get("plan_hash") != sha256(plan.document).digest()
