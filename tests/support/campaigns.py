"""A published campaign at a hub of the tests."""

from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from support.hub_apps import TestHub
from support.recall_plans import NUMBER, plan


def publish(hub: TestHub, vins: list[str]) -> None:
    """A published campaign for these cars."""
    app = hub.app
    import_plan(app.hub, app.segments, app.plans, plan(vins))
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)
