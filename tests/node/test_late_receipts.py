"""Receipts that arrive late, and the digest two machines compare."""

from pathlib import Path

import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.registry import Value
from support.desk import record
from support.exchange import answer, deliver, draft
from support.model_hub import ModelHub, Treatment, signed
from support.node_builder import DEALER_B, build_node

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def test_a_late_receipt_replaces_no_later_one(node: Node):
    """When a parked set was released, its first receipt, arriving again, leaves the later one in its place."""
    hub = ModelHub()
    sealed = commit(node, [draft(RED)])
    (parked,) = deliver(node, hub, Treatment.PARK)
    hub.decide(sealed.nonce, Treatment.ACCEPT)
    (released,) = deliver(node, hub)
    answer(node, released)

    answer(node, parked)

    with node.store.read() as tx:
        logged = tx.set_by_nonce(sealed.nonce)
    assert logged is not None
    assert logged.receipt == signed(released)


def test_an_early_receipt_is_better_than_none(node: Node):
    """A page may bring the final verdict first; the proof of delivery that comes after it is kept all the same."""
    hub = ModelHub()
    sealed = commit(node, [draft(RED)])
    (parked,) = deliver(node, hub, Treatment.PARK)
    hub.decide(sealed.nonce, Treatment.ACCEPT)
    apply_page(node, hub.page(node))

    answer(node, parked)

    with node.store.read() as tx:
        logged = tx.set_by_nonce(sealed.nonce)
    assert logged is not None
    assert logged.receipt == signed(parked)


def test_a_hidden_record_is_not_in_the_digest(node: Node, tmp_path: Path):
    """A record this site has lost sight of counts for nothing: the hub, which compares, has not got it either."""
    hub = ModelHub()
    hub.write(draft(BLUE, 2), author=DEALER_B)
    apply_page(node, hub.page(node))
    before = check_rebuild(node).digest
    hub.write(draft(RED), author=DEALER_B)
    apply_page(node, hub.page(node))
    hub.evict(node, (VEHICLE.number, RecordId(record(1))))

    apply_page(node, hub.page(node))

    assert check_rebuild(node).digest == before
