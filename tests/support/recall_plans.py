"""Plans of recall campaigns as a producer hands them over."""

from carnet_hub.core.campaigns.campaign_plans import CampaignPlan, ListedLine, parse_texts, read_members
from carnet_hub.core.campaigns.dossiers import Grounds
from support.vins import make_vins

MEMBERS = make_vins(4)
NUMBER = "S2026M0001"
NO_DEFECT = Grounds("no_defect")
"""Why a campaign is taken back where nothing hangs on it."""


def plan(vins: list[str] = MEMBERS, **changes: object) -> CampaignPlan:
    """A plan for these vehicles."""
    texts = {
        "campaign_no": NUMBER,
        "title": "Brake hose",
        "producer": "Example Motor Co.",
        "scope": "Built in May 2024",
        "defect": "The hose may crack.",
        "hazard": "Longer braking distance.",
        "emergency_advice": "Drive slowly.",
        "remedy": "Replaced free of charge.",
        "member_count": len(vins),
        **changes,
    }
    lines = [ListedLine("vins.txt", number, vin) for number, vin in enumerate(vins, start=1)]
    return CampaignPlan(parse_texts(texts), read_members(lines, len(vins)))
