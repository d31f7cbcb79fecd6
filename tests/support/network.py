"""A real node and a real hub in one process: the product's own code on both sides, and only the sockets left out."""

from pathlib import Path

import anyio
import httpx

from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.rows import DealerRow
from carnet_node.adapters.joining import finish_enrolment, pending_enrolment
from carnet_node.bootstrap import Installation
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_protocol.enrolment import parse_code
from support.hub_apps import TestHub
from support.joined import unjoined


class LossyTransport(httpx.AsyncBaseTransport):
    """The hub's application behind a line that loses some answers after the hub has acted.

    Args:
        lost: path beginnings whose next answer is lost, one each.
    """

    def __init__(self, hub: TestHub, *lost: str) -> None:
        self._inner = httpx.ASGITransport(hub.api, raise_app_exceptions=False)
        self._lost = list(lost)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        for path in self._lost:
            if request.url.path.startswith(path):
                self._lost.remove(path)
                raise httpx.ReadTimeout("the answer was lost", request=request)
        return response


def join(hub: TestHub, folder: Path, site_code: str = "A001") -> Installation:
    """A new node of a site, enrolled over HTTP."""
    installation = unjoined(folder)
    with hub.app.hub.store.read() as snapshot:
        dealers = {row.site_code: row.dealer_id for row in snapshot.scan(DealerRow)}
    code = parse_code(invite_dealer(hub.app.hub, dealers[site_code]).code)

    async def ask() -> None:
        async with installation.hub_client("http://hub", LossyTransport(hub)) as link:
            pending = pending_enrolment(installation.joining(), code, await link.card(), "desk")
            finish_enrolment(
                installation.joining(), code, pending, await link.enrol(pending.request_message), "http://hub"
            )

    anyio.run(ask)
    return installation


def a_round(installation: Installation, hub: TestHub, *lost: str) -> RoundReport:
    """One round; answers to some requests are lost."""

    async def once() -> RoundReport:
        async with installation.hub_client("http://hub", LossyTransport(hub, *lost)) as link:
            return await run_round(installation.node(), installation.sync_ports(link), software="test")

    return anyio.run(once)
