"""A record of which a site only ever learned that it has lost sight of it."""

from pathlib import Path

import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE, VISIT
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind
from support.desk import record
from support.exchange import draft
from support.model_hub import ModelHub
from support.node_builder import DEALER_B, build_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def test_another_sites_record_is_refused_though_nothing_of_it_is_here(node: Node):
    """The base row says whose it is; the desk need not wait for the hub's refusal."""
    _lose_sight_of(node, VISIT, Draft(VISIT, record(1), {"status": "open"}))

    with pytest.raises(NotAllowed) as refusal:
        commit(node, [Draft(VISIT, record(1), {"fuel_level_percent": 4})])

    assert refusal.value.reason is Reason.FOREIGN_RECORD


def test_a_write_on_a_lost_record_leaves_the_owner_as_it_is(node: Node):
    """A shared record keeps its owner, in the saved projection and in the rebuilt one."""
    _lose_sight_of(node, VEHICLE, draft({"color": "red"}))

    commit(node, [draft({"color": "blue"})])

    with node.store.read() as tx:
        stored = tx.record(VEHICLE, RecordId(record(1)))
    assert stored is not None
    assert stored.owner == DEALER_B
    assert check_rebuild(node).differences == ()


def _lose_sight_of(node: Node, kind: Kind, made: Draft) -> None:
    """Another site's record was meant for this one, and is not any more, before any page was asked for."""
    hub = ModelHub()
    hub.write(made, author=DEALER_B)
    hub.evict(node, (kind.number, record(1)))
    apply_page(node, hub.page(node))
