"""A published campaign at a hub of the tests."""

from carnet_hub.core.campaign_plans import CampaignPlan, ListedLine, parse_texts, read_members
from carnet_hub.core.recalls import import_plan, publish_campaign
from support.hub_apps import TestHub

CAMPAIGN_NO = "S2026M0001"


def publish(hub: TestHub, vins: list[str]) -> None:
    """A published campaign for these cars."""
    texts = {
        "campaign_no": CAMPAIGN_NO,
        "title": "Brake hose",
        "producer": "Example Motor Co.",
        "scope": "Built in May 2024",
        "defect": "The hose may crack.",
        "hazard": "Longer braking distance.",
        "emergency_advice": "Drive slowly.",
        "remedy": "Replaced free of charge.",
        "member_count": len(vins),
    }
    lines = [ListedLine("vins.txt", number, vin) for number, vin in enumerate(vins, start=1)]
    app = hub.app
    import_plan(app.hub, app.segments, app.plans, CampaignPlan(parse_texts(texts), read_members(lines, len(vins))))
    publish_campaign(app.hub, app.segments, app.plans, CAMPAIGN_NO)
