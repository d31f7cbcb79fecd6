"""What a regulator may read without an account: published campaigns and their totals.

Public fields only, and no vehicles. The sums are kept beside the records and cost nothing; only where a member list is
missing a campaign is counted anew, so one worker looks at one campaign at a time and gives the same answer for a
minute. The answer says at which log position it was counted.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

import anyio
from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.campaigns.recall_export import describe_progress
from carnet_hub.core.campaigns.recalls import find_campaign
from carnet_hub.core.campaigns.report import public_campaign
from carnet_hub.core.limits import COUNT_TTL_MS, COUNTS_KEPT_MAX
from carnet_hub.core.ports import Clock
from carnet_protocol.errors import Refused
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.reasons import Reason

CampaignNo = Annotated[str, Path(min_length=1, max_length=CODE_CHARS_MAX)]
Values = dict[str, object]


class CountedOnce:
    """The last count of each campaign, shared by everybody who asks within a minute."""

    def __init__(self, clock: Clock, count: Callable[[str], Awaitable[Values]]) -> None:
        self._clock = clock
        self._count = count
        self._kept: dict[str, tuple[int, Values]] = {}
        self._turn = anyio.Lock()

    async def get(self, campaign_no: str) -> Values:
        """The count of a campaign, at most a minute old.

        Raises:
            Refused: whatever the count raises; nothing is kept then.
        """
        async with self._turn:
            now_ms = self._clock.now_ms()
            counted_ms, values = self._kept.get(campaign_no, (now_ms - COUNT_TTL_MS, {}))
            if not 0 <= now_ms - counted_ms < COUNT_TTL_MS:
                values = await self._count(campaign_no)
                if len(self._kept) >= COUNTS_KEPT_MAX:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[campaign_no] = (now_ms, values)
            return values


def regulator_routes(app: HubApp) -> APIRouter:
    """The routes of this hub."""
    router = APIRouter()
    hub = app.hub

    def describe(campaign_no: str) -> Values:
        """The public texts of a campaign, and the end of the log they were read at."""
        with hub.store.read() as snapshot:
            campaign = find_campaign(hub, snapshot, campaign_no)
            position = snapshot.head().position
        if campaign is None:
            raise Refused(Reason.NOT_FOUND, "campaign")
        return {"campaign": public_campaign(campaign.values), "log_position": position}

    def count(campaign_no: str) -> Values:
        """Progress from the sums that are kept; a campaign that does not exist is refused first."""
        describe(campaign_no)
        return describe_progress(hub, app.segments, campaign_no).values

    async def count_in_thread(campaign_no: str) -> Values:
        """The same from inside the event loop."""
        return await app.run_blocking(lambda: count(campaign_no))

    counted = CountedOnce(hub.clock, count_in_thread)

    # A campaign number may hold slashes, so the longer path comes first.
    @router.get("/v1/recalls/{campaign_no:path}/progress")
    async def progress(campaign_no: CampaignNo) -> Response:
        """Completed and open (VIN, campaign) pairs, as counted within the last minute; needs no token."""
        return JSONResponse(await counted.get(campaign_no))

    @router.get("/v1/recalls/{campaign_no:path}")
    async def recall(campaign_no: CampaignNo) -> Response:
        """The public texts of a campaign; needs no token."""
        return JSONResponse(await app.run_blocking(lambda: describe(campaign_no)))

    return router
