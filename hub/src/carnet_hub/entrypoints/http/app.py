"""The hub's HTTP application: routes, problem documents and counters put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import structlog
from fastapi import FastAPI

from carnet_hub.adapters.system import make_turn
from carnet_hub.bootstrap import HubApp, open_hub
from carnet_hub.core.campaigns.offline_lists import make_due_lists
from carnet_hub.core.exchange.freeing import free_forgotten
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.limits import FORGOTTEN_EVERY_S
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.ports import StoreError
from carnet_hub.core.sets.following_counts import count_again
from carnet_hub.core.upkeep.erasing import scrub_files
from carnet_hub.entrypoints.http.metrics import CountRequests, RequestCounts, metric_routes
from carnet_hub.entrypoints.http.nodes import feed_routes, joining_routes, sync_routes
from carnet_hub.entrypoints.http.problem_response import answer_problems
from carnet_hub.entrypoints.http.regulator_api import regulator_api
from carnet_hub.entrypoints.http.regulators import regulator_routes
from carnet_hub.entrypoints.site.named_export_pages import named_export_pages
from carnet_hub.entrypoints.site.public_check import public_check
from carnet_hub.entrypoints.site.regulator_pages import regulator_pages
from carnet_hub.settings import HubSettings
from carnet_storage.adapters.service import BackupService, checked_service


def create_api(app: HubApp, backups: BackupService | None = None) -> FastAPI:
    """The ASGI application of a hub; it closes the hub when the server stops.

    Args:
        backups: run from the start of the server to its end; None for none.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Run what goes on beside the server, and close the hub after it: that notes how far the log has come."""
        async with anyio.create_task_group() as tasks:
            if backups is not None:
                tasks.start_soon(backups.run)
            tasks.start_soon(_look_after_now_and_then, app)
            yield
            tasks.cancel_scope.cancel()
        app.close()

    # No generated documentation pages: they load scripts from elsewhere, and docs/spec/http.md says more.
    api = FastAPI(title="Carnet hub", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    counts = RequestCounts()
    api.add_middleware(CountRequests, counts=counts)
    answer_problems(api)
    for routes in (joining_routes, sync_routes, feed_routes, regulator_routes):
        api.include_router(routes(app))
    door = Door(app.hub, make_turn(), workers=app.settings.workers)
    for pages in (regulator_api, regulator_pages, named_export_pages, public_check):
        api.include_router(pages(app, door))
    api.include_router(metric_routes(app, counts))
    return api


async def _look_after_now_and_then(app: HubApp) -> None:
    """Free parked sets that have what they waited for, scrub the files, make recall lists, while the server runs."""
    while True:
        await app.hub.clock.sleep(FORGOTTEN_EVERY_S)
        await app.run_blocking(lambda: scrub_files(app.hub))
        await app.run_blocking(lambda: _look_after_recalls(app))
        try:
            found = await app.run_blocking(lambda: free_forgotten(app.hub))
        except StoreError:
            continue  # the database is away or busy: requests say so, and the next look comes
        if found.judged:
            counts = {"judged": found.judged, "released": len(found.released)}
            structlog.get_logger("carnet_hub").info("forgotten_sets_freed", **counts)


def _look_after_recalls(app: HubApp) -> None:
    """Count campaigns whose member lists are back, and make the lists that nodes hold when they are due.

    Whatever stops it is said, and the former lists stand.
    """
    log = structlog.get_logger("carnet_hub")
    try:
        for one in count_again(app.hub):
            if one.is_back:
                log.info("campaign_counted_again", campaign_no=one.campaign_no)
            else:
                log.warning("member_list_missing", campaign_no=one.campaign_no)
        made = make_due_lists(app.hub, app.segments, app.lists)
    except (HubFailure, OSError) as failure:
        log.warning("recall_lists_not_made", why=type(failure).__name__)
        return
    if made is not None:
        log.info("recall_lists_made", position=made.position, changed=made.changed)
        for late in made.late:
            log.warning("recall_lists_late", campaign_no=late.campaign_no, why=late.what)


def create_from_environment() -> FastAPI:
    """The application of the hub that `CARNET_HUB_*` describes; each worker process calls this once."""
    app = open_hub(HubSettings())
    return create_api(app, backups_of(app))


def backups_of(app: HubApp) -> BackupService | None:
    """The backups that the settings ask for, checked; None when they ask for none.

    Raises:
        StorageFailure: they can never work here.
    """
    return checked_service(app.backup_parts())
