"""Rounds with a scripted hub, and what a node shows afterwards."""

import anyio

from carnet_node.core.line.session import SyncPorts
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.sync_state import SyncState, load_state
from carnet_node.core.node import Node
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import new_record_id
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.messages import PageRow
from support.scripted_hub import ScriptedHub, sync_ports


def a_round(node: Node, hub: ScriptedHub, ports: SyncPorts | None = None) -> RoundReport:
    """One round with this hub."""

    async def once() -> RoundReport:
        return await run_round(node, ports or sync_ports(hub), software="test")

    return anyio.run(once)


def write_customers(node: Node, count: int) -> None:
    """Record customers, each in a set of its own."""
    for _ in range(count):
        record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(10))
        commit(node, [Draft(CUSTOMER, record, {"party_kind": "person", "full_name": "Test person"})])


def waiting(node: Node) -> int:
    """Sets without a verdict."""
    with node.store.read() as tx:
        return tx.unconfirmed()[0]


def state(node: Node) -> SyncState:
    """What is remembered about the line."""
    with node.store.read() as tx:
        return load_state(tx)


def foreign_customer(record: bytes) -> PageRow:
    """A base row without entries, as news."""
    return PageRow(CUSTOMER.number, record, b"d" * 16, 1, [], [], False)
