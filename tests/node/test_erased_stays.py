"""What was erased from a record is not entered again."""

from pathlib import Path

import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER, ERASURE
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup, Value
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import build_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with a customer whose identity was erased."""
    made = build_node(tmp_path)
    commit(made, [Draft(CUSTOMER, record(1), {"party_kind": "person", "full_name": "测试甲"})])
    hub = ModelHub()
    order = ErasureOrder((RecordId(record(1)),), frozenset({ErasureGroup.IDENTITY}))
    hub.write(Draft(ERASURE, record(2), {**order.fields(), "ground": "request"}))
    apply_page(made, hub.page(made))
    return made


@pytest.mark.parametrize("values", [{"full_name": "测试乙"}, {"segment": "taxi", "birth_on": "1970-01-01"}])
def test_an_erased_group_takes_no_value(node: Node, values: dict[str, Value]):
    """The value would be dropped unread everywhere, so the desk is told instead of losing it."""
    with pytest.raises(CommandRefused) as refusal:
        commit(node, [Draft(CUSTOMER, record(1), values)])

    assert [one.code for one in refusal.value.problems] == [ProblemCode.LOCKED]
    assert check_rebuild(node).differences == ()


def test_other_groups_of_the_record_go_on(node: Node):
    """Public values and groups that were not erased are written as before."""
    commit(node, [Draft(CUSTOMER, record(1), {"segment": "taxi", "note": "calls back"})])

    with node.store.read() as tx:
        columns = tx.columns(CUSTOMER, RecordId(record(1)))
    assert columns is not None
    assert (columns["segment"], columns["note"], columns["full_name"]) == ("taxi", "calls back", None)
    assert check_rebuild(node).differences == ()
