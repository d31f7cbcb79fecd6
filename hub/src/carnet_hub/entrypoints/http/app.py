"""The hub's HTTP application: routes, problem documents and counters put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from carnet_hub.bootstrap import HubApp, open_hub
from carnet_hub.entrypoints.http.metrics import CountRequests, RequestCounts, metric_routes
from carnet_hub.entrypoints.http.nodes import feed_routes, joining_routes, sync_routes
from carnet_hub.entrypoints.http.problem_response import answer_problems
from carnet_hub.entrypoints.http.regulators import regulator_routes
from carnet_hub.settings import HubSettings


def create_api(app: HubApp) -> FastAPI:
    """The ASGI application of a hub; it closes the hub when the server stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        app.close()

    # No generated documentation pages: they load scripts from elsewhere, and docs/spec/http.md says more.
    api = FastAPI(title="Carnet hub", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    counts = RequestCounts()
    api.add_middleware(CountRequests, counts=counts)
    answer_problems(api)
    for routes in (joining_routes, sync_routes, feed_routes, regulator_routes):
        api.include_router(routes(app))
    api.include_router(metric_routes(app, counts))
    return api


def create_from_environment() -> FastAPI:
    """The application of the hub that `CARNET_HUB_*` describes; each worker process calls this once."""
    return create_api(open_hub(HubSettings()))
