"""An own set that the hub folded, then excluded, and whose exclusion a restore of the hub took back."""

from pathlib import Path

import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.histories import enter_history
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.records import SetVerdict
from carnet_node.core.showing.views import feed_state
from carnet_protocol.hello import HubEpoch
from carnet_protocol.messages import Verdict
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.exchange import answer, deliver, draft, shown
from support.model_hub import ModelHub
from support.node_builder import HUB_EPOCH, START_MS, build_node

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}
NEXT_EPOCH = b"restored"
EXCLUDED_AT = 9
FOLDED_BY = 4
"""Everything was folded by here; the exclusion stands behind it."""


@pytest.fixture
def node(tmp_path: Path, hub: ModelHub) -> Node:
    """A node whose two saves of one colour, the second built on the first, are in the row that the hub has sent."""
    node = build_node(tmp_path)
    commit(node, [draft(RED)])
    commit(node, [draft(BLUE, based_on=shown(node).heads.all())])
    answer(node, *deliver(node, hub))
    apply_page(node, hub.page(node))
    return node


def excluded(node: Node) -> None:
    """The hub excludes the first set; what the record is without it has not come yet."""
    with node.store.write() as tx:
        verdict = SetVerdict(Verdict.REFUSED, Reason.EXCLUDED.value, EXCLUDED_AT, START_MS, {}, 0)
        tx.put_verdict(1, verdict)


def restored(node: Node, position: int) -> None:
    """The hub comes back from a backup, and the node hears of it."""
    feed = feed_state(node)
    assert feed is not None
    with node.store.write() as tx:
        enter_history(node, tx, feed, [HubEpoch(HUB_EPOCH, 0, 0), HubEpoch(NEXT_EPOCH, position, 1)])


def test_a_value_that_was_replaced_before_does_not_come_back(node: Node):
    """The row holds the first save and what replaced it: nothing is contested, and a rebuild agrees."""
    excluded(node)

    restored(node, FOLDED_BY)

    assert (shown(node).values, shown(node).contests) == (BLUE, ())
    assert check_rebuild(node).differences == ()


def test_a_former_row_that_held_it_holds_it_still(node: Node):
    """A row that was received behind the backup is noted to hold the first save too."""
    excluded(node)

    restored(node, 0)

    assert (shown(node).values, shown(node).contests) == (BLUE, ())
    assert check_rebuild(node).differences == ()


def test_where_a_set_was_folded_is_forgotten_with_its_history(node: Node):
    """Positions behind the backup are given to other sets."""
    restored(node, 0)

    with node.store.read() as tx:
        assert [tx.set_by_id(number).folded_at for number in (1, 2)] == [None, None]
