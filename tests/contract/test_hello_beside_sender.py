"""A hello while another process of the same machine is sending: the hub then holds more than the hello has stated."""

import anyio
import httpx

from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.line.bundling import pack_for_hub
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.log.sync_state import load_state
from carnet_protocol.hello import Situation
from support.hub_apps import TestHub
from support.joined import own_chain, sync, transport_to, waiting, write_customer


class Overtaken(httpx.AsyncBaseTransport):
    """A line on which another process of the machine saves and sends while the first hello is on its way."""

    def __init__(self, hub: TestHub, other: Installation) -> None:
        self._inner = transport_to(hub)
        self._hub, self._other = hub, other
        self._is_first = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The other process saves and has a whole round before the hub sees the hello."""
        if self._is_first and request.url.path.endswith("/hello"):
            self._is_first = False
            write_customer(self._other, 2, "second")
            await a_round(self._other, transport_to(self._hub))
        return await self._inner.handle_async_request(request)


async def a_round(node: Installation, line: httpx.AsyncBaseTransport) -> RoundReport:
    """One round over a line."""
    async with node.hub_client("http://hub", line) as link:
        return await run_round(node.node(), node.sync_ports(link), software="test")


def overtaken_round(hub: TestHub, node: Installation) -> RoundReport:
    """A round whose hello is overtaken by another process that saves one more customer and sends both."""
    sync(node, hub)
    write_customer(node, 1, "first")
    other = open_installation(node.settings)
    try:
        return anyio.run(a_round, node, Overtaken(hub, other))
    finally:
        other.store.close()


def test_a_node_that_was_overtaken_is_not_rolled_back(hub: TestHub, node: Installation):
    """The hub says that it holds more; the node finds those sets in its own log and goes on in its epoch."""
    report = overtaken_round(hub, node)

    with node.store.read() as tx:
        situation, rejoin, chain = load_state(tx).situation, load_rejoin(tx), tx.chain()
    assert (report.situation, situation, report.is_complete) == (Situation.GO, Situation.GO, True)
    assert chain is not None
    assert (chain.is_rejoining, rejoin.restored_ms, own_chain(node), waiting(node)) == (False, None, (1, 2), 0)


def test_a_stick_can_be_packed_afterwards(hub: TestHub, node: Installation):
    """What is recorded next goes onto a stick: nobody takes the database for a restored one."""
    overtaken_round(hub, node)
    write_customer(node, 3, "third")

    packed = pack_for_hub(node.node(), software="test")

    assert (packed.sets, packed.is_whole) == (1, True)
