"""The node's one web application: the front desk's pages, and the JSON API beside them.

Decides which routers stand where, what runs beside them, and that every request passes the guard. Decides no rule of
the desk: those are the commands' (`core.commands`), reached through `core.desk`. The pages are `entrypoints.pages`.

    GET  /healthz         GET  /api/status      POST /api/sync       POST /api/search     POST /api/recalls/check
    /api/customers        /api/vehicles         /api/visits          GET  /api/conflicts  POST /api/conflicts/restore
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import anyio
from fastapi import FastAPI

from carnet_node.adapters.system import run_blocking
from carnet_node.adapters.upkeep import Upkeep
from carnet_node.bootstrap import Installation
from carnet_node.core.desk_limits import READINGS_AFTER_S
from carnet_node.core.line.session import SyncPorts
from carnet_node.core.name_keys import load_readings
from carnet_node.entrypoints.examining import examine_installation
from carnet_node.entrypoints.pages.site import add_pages, pages_of
from carnet_node.entrypoints.sticks import Sticks
from carnet_node.entrypoints.web import (
    appointments,
    board,
    conflicts,
    customers,
    look_ups,
    reminders,
    search,
    shop_reports,
    sync,
    vehicles,
    visits,
    work,
)
from carnet_node.entrypoints.web.desk import Background, Desk
from carnet_node.entrypoints.web.guards import Guard, allowed_hosts
from carnet_node.entrypoints.web.problem_response import answer_problems
from carnet_node.entrypoints.web.schemas import describe

_ROUTERS: Final = (
    sync.router,
    search.router,
    customers.router,
    vehicles.router,
    board.router,
    appointments.of_orders,
    reminders.router,
    look_ups.router,
    shop_reports.router,
    visits.router,
    work.router,
    appointments.router,
    appointments.arranging,
    conflicts.router,
)


def create_app(
    installation: Installation,
    *,
    ports: SyncPorts | None = None,
    background: Background | None = None,
    host: str | None = None,
) -> FastAPI:
    """The application of an enrolled node.

    Args:
        ports: for "sync now"; None when no hub address is known.
        background: runs from the start of the server to its end, and is woken by every save; None to sync elsewhere.
        host: the address it listens on, when it is not the one in the settings.

    Raises:
        NotEnrolled, KeysUnreadable: there is no node to serve.
        OSError: the data folder cannot be written, so programs would have no token.
    """
    names = () if host is None else (host,)
    node = installation.node()
    desk = Desk(
        node,
        run_blocking,
        ports,
        background,
        installation.settings.backup_dir,
        examine=partial(examine_installation, installation, node),
        uploads=installation.settings.data_dir / "imports",
        sticks=Sticks(installation.keyring.exchange, installation.high_water),
    )
    upkeep = Upkeep(installation.store, installation.clock, run_blocking)
    return create_api(
        desk,
        hosts=allowed_hosts(installation.settings, *names),
        token=installation.api_token(),
        more=(upkeep.run, partial(_be_ready_for_names, desk)),
    )


def create_api(
    desk: Desk, *, hosts: frozenset[str], token: str, more: Sequence[Callable[[], Coroutine[Any, Any, object]]] = ()
) -> FastAPI:
    """The application around a desk.

    Args:
        hosts: names under which browsers may reach it; see `guards.allowed_hosts`.
        token: with which programs prove themselves below `/api`.
        more: what else runs from the start of the server to its end.
    """

    @asynccontextmanager
    async def beside(_: FastAPI) -> AsyncIterator[None]:
        """Run what runs in the background from the start of the server to its end."""
        async with anyio.create_task_group() as tasks:
            for work in more:
                tasks.start_soon(work)
            if desk.background is not None:
                tasks.start_soon(desk.background.run)
            yield
            tasks.cancel_scope.cancel()

    # No generated documentation pages: they load scripts from elsewhere. The description itself is served.
    api = FastAPI(
        title="Carnet node",
        version=version("carnet-node"),
        lifespan=beside,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    api.add_middleware(Guard, hosts=hosts, token=token)
    answer_problems(api)
    for router in _ROUTERS:
        api.include_router(router)
    add_pages(api)
    describe(api)
    ask_of(api, desk)
    return api


def ask_of(api: FastAPI, desk: Desk) -> None:
    """Let the routes of an application ask a desk, and its pages."""
    api.state.desk, api.state.pages = desk, pages_of(desk)


async def _be_ready_for_names(desk: Desk) -> None:
    """Load the dictionary of readings once the port is open and the first page is out."""
    await desk.node.clock.sleep(READINGS_AFTER_S)
    await desk.read(load_readings)
