"""The stage of the journey: one hub and two dealers' nodes, real databases, real HTTP applications, no sockets.

Decides only how they are put together; what happens on the stage stands in `test_keystroke_to_report`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from carnet_hub.bootstrap import HubApp, init_hub
from carnet_hub.core.campaigns.campaign_plans import CampaignPlan, ListedLine, parse_texts, read_members
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.upkeep.dealers import SiteDetails, add_site
from carnet_hub.entrypoints.http.app import create_api
from carnet_hub.settings import HubSettings
from carnet_node.adapters.joining import finish_enrolment, pending_enrolment
from carnet_node.bootstrap import Installation, create_installation
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_node.core.node import Node
from carnet_node.core.records import LoggedSet
from carnet_node.entrypoints.web.app import create_app
from carnet_node.settings import NodeSettings
from carnet_protocol.enrolment import parse_code

HUB_ADDRESS = "http://127.0.0.1:8410"
CAMPAIGN_NO = "R2026-001"
VIN = "LHGCP1686K2004711"
OTHER_VIN = "LHGCP1680P2100079"


@dataclass
class Dealer:
    """One dealership: a node, its page-facing application and its way to the hub."""

    installation: Installation
    to_hub: httpx.ASGITransport
    desk: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        api = httpx.ASGITransport(create_app(self.installation))
        bearer = {"Authorization": f"Bearer {self.installation.api_token()}"}
        self.desk = httpx.AsyncClient(transport=api, base_url="http://127.0.0.1:8420", headers=bearer)

    @property
    def node(self) -> Node:
        """The node behind the desk."""
        return self.installation.node()

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """What the desk's page sends, and the view it gets back."""
        answer = await self.desk.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def get(self, path: str) -> dict[str, Any]:
        """What the desk's page shows."""
        answer = await self.desk.get(path)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def sync(self) -> RoundReport:
        """One round with the hub."""
        async with self.installation.hub_client(HUB_ADDRESS, self.to_hub) as link:
            return await run_round(self.node, self.installation.sync_ports(link), software="journey")

    def last_set(self) -> LoggedSet:
        """The newest set of the node's own chain."""
        with self.node.store.read() as tx:
            chain = tx.chain()
            assert chain is not None
            return tx.sets_from(chain.epoch, chain.seq, 1)[0]


@dataclass
class Stage:
    """The hub and its dealers, and what later steps come back to."""

    folder: Path
    hub: HubApp = field(init=False)
    to_hub: httpx.ASGITransport = field(init=False)
    kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hub = init_hub(HubSettings(data_dir=self.folder / "hub"))
        self.to_hub = httpx.ASGITransport(create_api(self.hub))

    async def enrol(self, site_code: str, site_name: str) -> Dealer:
        """A dealership that has joined by a one-time code."""
        site = add_site(self.hub.hub, SiteDetails(site_code, site_name))
        code = parse_code(invite_dealer(self.hub.hub, site.dealer_id).code)
        installation = create_installation(NodeSettings(data_dir=self.folder / site_code))
        async with installation.hub_client(HUB_ADDRESS, self.to_hub) as link:
            pending = pending_enrolment(installation.joining(), code, await link.card(), "desk")
            answer = await link.enrol(pending.request_message)
        finish_enrolment(installation.joining(), code, pending, answer, HUB_ADDRESS)
        return Dealer(installation, self.to_hub)

    def publish_recall(self) -> None:
        """A campaign with two member vehicles."""
        texts = parse_texts(
            {
                "campaign_no": CAMPAIGN_NO,
                "title": "Brake booster hose",
                "producer": "Sample Motor Co.",
                "scope": "2019 to 2024",
                "defect": "The hose may crack in the cold.",
                "hazard": "Braking distance may grow.",
                "emergency_advice": "Slow down and call the dealer.",
                "remedy": "Replace the hose free of charge.",
                "hazard_level": "normal",
                "member_count": 2,
            }
        )
        lines = [ListedLine("vins.txt", number, vin) for number, vin in enumerate((VIN, OTHER_VIN), start=1)]
        plan = CampaignPlan(texts, read_members(lines, 2))
        import_plan(self.hub.hub, self.hub.segments, self.hub.plans, plan)
        publish_campaign(self.hub.hub, self.hub.segments, self.hub.plans, CAMPAIGN_NO)
