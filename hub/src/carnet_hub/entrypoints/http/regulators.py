"""What a regulator may read without an account: published campaigns and their totals.

Public fields only, and no vehicles.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.recalls import Campaign, count_campaign, find_campaign
from carnet_hub.core.report import ReportHead, campaign_values, public_campaign
from carnet_protocol.errors import Refused
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.reasons import Reason

CampaignNo = Annotated[str, Path(min_length=1, max_length=CODE_CHARS_MAX)]


def regulator_routes(app: HubApp) -> APIRouter:
    """The routes of this hub."""
    router = APIRouter()
    hub = app.hub

    def known(snapshot: Snapshot, campaign_no: str) -> Campaign:
        campaign = find_campaign(hub, snapshot, campaign_no)
        if campaign is None:
            raise Refused(Reason.NOT_FOUND, "campaign")
        return campaign

    def describe(campaign_no: str) -> dict[str, object]:
        with hub.store.read() as snapshot:
            return {
                "campaign": public_campaign(known(snapshot, campaign_no).values),
                "log_position": snapshot.head().position,
            }

    def count(campaign_no: str) -> dict[str, object]:
        with hub.store.read() as snapshot:
            known(snapshot, campaign_no)
            counted = count_campaign(hub, app.segments, snapshot, campaign_no)
        head = ReportHead(
            hub.hub_id,
            hub.hub_epoch,
            counted.campaign.values,
            counted.position,
            hub.clock.now_ms(),
            counted.site_codes,
        )
        return campaign_values(head, counted.progress)

    # A campaign number may hold slashes, so the longer path comes first.
    @router.get("/v1/recalls/{campaign_no:path}/progress")
    async def progress(campaign_no: CampaignNo) -> Response:
        return JSONResponse(await app.run_blocking(lambda: count(campaign_no)))

    @router.get("/v1/recalls/{campaign_no:path}")
    async def recall(campaign_no: CampaignNo) -> Response:
        return JSONResponse(await app.run_blocking(lambda: describe(campaign_no)))

    return router
