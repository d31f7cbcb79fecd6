"""What a desk goes on showing of a history that a restore of the hub has ended, and for how long."""

from pathlib import Path

import msgspec
import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.histories import enter_history
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.showing.views import one_record
from carnet_protocol.hello import HubEpoch
from carnet_protocol.kinds import CUSTOMER, VEHICLE
from carnet_protocol.registry import Kind, Value
from support.desk import record
from support.exchange import draft
from support.model_hub import ModelHub
from support.node_builder import DEALER_A, DEALER_B, HUB_EPOCH, build_node

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}
TAXI: dict[str, Value] = {"segment": "taxi"}
ANEW = b"restored"
"""The hub epoch after the restore."""


@pytest.fixture
def node(tmp_path: Path, hub: ModelHub) -> Node:
    """A node that has read three records at position 3: a car of position 1, a car of 2, a customer of its own of 3."""
    node = build_node(tmp_path)
    hub.write(draft(RED, 1), author=DEALER_B)
    hub.write(draft(BLUE, 2), author=DEALER_B)
    hub.write(draft(TAXI, 3, CUSTOMER), author=DEALER_A)
    apply_page(node, hub.page(node))
    return node


def restore_hub_to(node: Node, position: int, known: int = 0) -> None:
    """The hub goes on from a backup that ends at a position, and the node enters that history."""
    with node.store.write() as tx:
        feed = tx.feed()
        assert feed is not None
        epoch = ANEW if not known else ANEW[::-1]
        middle = [HubEpoch(ANEW, known, known)] if known else []
        enter_history(node, tx, feed, [HubEpoch(HUB_EPOCH, 0, 0), *middle, HubEpoch(epoch, position, position)])


def read_all(node: Node, hub: ModelHub, *numbers: int, hub_epoch: bytes = ANEW) -> None:
    """The last page of the new history: these records come anew and no other."""
    page = hub.page(node, cursor=0)
    rows = [row for row in page.rows if row.record in {record(number) for number in numbers}]
    apply_page(node, msgspec.structs.replace(page, hub_epoch=hub_epoch, rows=rows))


def is_shown(node: Node, number: int, kind: Kind = VEHICLE) -> bool:
    """Whether a desk sees a record."""
    return one_record(node, kind, record(number)) is not None


def test_everything_stays_on_the_screen_until_it_was_read_again(node: Node):
    """Going over to the new history takes nothing off."""
    restore_hub_to(node, 1)

    assert (is_shown(node, 1), is_shown(node, 2), is_shown(node, 3, CUSTOMER)) == (True, True, True)


def test_outcomes_are_asked_for_from_the_beginning(node: Node):
    """Of a set that was folded before the backup and excluded after it, the first verdict is not here any more."""
    restore_hub_to(node, 2)

    with node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    assert (feed.position, feed.outcomes_after) == (2, 0)


def test_what_others_wrote_goes_when_it_does_not_come_anew(node: Node, hub: ModelHub):
    """A record of another site may have been seen on a ground that the hub has lost: it is taken off."""
    restore_hub_to(node, 1)

    read_all(node, hub, 1)

    assert (is_shown(node, 1), is_shown(node, 2)) == (True, False)
    assert check_rebuild(node).differences == ()


def test_a_row_that_had_not_changed_since_the_backup_is_doubted_too(node: Node, hub: ModelHub):
    """It may have come by an assignment made after the backup, which the hub does not know of."""
    restore_hub_to(node, 1)

    read_all(node, hub)

    assert is_shown(node, 1) is False


def test_records_of_the_own_site_stay(node: Node, hub: ModelHub):
    """Whoever wrote them may be away, and nobody else shows them."""
    restore_hub_to(node, 1)

    read_all(node, hub)

    assert is_shown(node, 3, CUSTOMER)


def test_settled_values_stay_and_go_with_their_row(node: Node, hub: ModelHub):
    """They stay through two restores, as the row does, and go when everything was read and it did not come anew."""
    hub.write(draft(RED, 5), author=DEALER_B)
    (blue,) = hub.write(draft(BLUE, 5), author=DEALER_B)
    heads = [entry.op for entry in hub.records[VEHICLE.number, record(5)].entries]
    hub.write(draft({"color": "green"}, 5, based_on=tuple(heads)), author=DEALER_B)
    apply_page(node, hub.page(node))
    with node.store.read() as tx:
        before = tx.settled_values(VEHICLE.number, record(5))

    restore_hub_to(node, 2)
    restore_hub_to(node, 1, known=2)

    with node.store.read() as tx:
        between = tx.settled_values(VEHICLE.number, record(5))
    read_all(node, hub, hub_epoch=ANEW[::-1])

    with node.store.read() as tx:
        after = tx.settled_values(VEHICLE.number, record(5))
    assert blue
    assert (len(before) > 0, list(between), list(after)) == (True, list(before), [])
