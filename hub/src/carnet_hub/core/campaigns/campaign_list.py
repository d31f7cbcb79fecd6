"""Campaigns as an operator lists them: published ones beside the plans that lie on the desk.

Decides what a row of that list says. Does not decide what may be published (`recalls`).
"""

from dataclasses import dataclass
from hashlib import sha256

from carnet_hub.core.campaigns.campaign_plans import CampaignTexts
from carnet_hub.core.campaigns.plan_desk import StoredPlan, load_plan
from carnet_hub.core.campaigns.recalls import Campaign
from carnet_hub.core.hub import Hub
from carnet_hub.core.shelves import PlanShelf
from carnet_hub.core.shown import shown_records


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


def _row_of_plan(plan: StoredPlan) -> CampaignRow:
    texts = CampaignTexts(**plan.texts)  # type: ignore[arg-type]  # asdict of the very class
    return CampaignRow(
        texts.campaign_no, texts.title, "imported", 0, texts.member_count, texts.hazard_level, None, True
    )


def _differs(plan: StoredPlan, current: Campaign) -> bool:
    return current.values.get("plan_hash") != sha256(plan.document).digest()
