"""A node confirms an erasure when its files hold the value no more, whatever was restored before."""

from pathlib import Path

from carnet_hub.core.upkeep.erasing import ReceiptState, erase_customer, show_receipts
from carnet_node.bootstrap import Installation
from carnet_node.core.log.rejoin import hold_if_behind
from carnet_node.core.upkeep.restoring import apply_known_erasures
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import ErasureGroup
from support.canaries import hiding_in
from support.hub_apps import TestHub
from support.joined import (
    back_up,
    back_up_hub,
    customer_id,
    heads,
    restore_database,
    restore_hub,
    sync,
    write_customer,
)

CANARY = "canary of the erased"


def erase(hub: TestHub, *groups: ErasureGroup) -> RecordId:
    """Order the erasure of customer 1; the id of the order."""
    wanted = frozenset(groups or ErasureGroup)
    return erase_customer(hub.app.hub, customer_id(1), wanted, ground="request").orders[0]


def confirmation(hub: TestHub, order: RecordId) -> ReceiptState:
    """What the one node has said about an order."""
    (receipt,) = show_receipts(hub.app.hub, order)
    return receipt.state


def hides(node: Installation) -> list[str]:
    """The files of a node that hold the value."""
    return hiding_in([node.settings.data_dir], [CANARY])


def test_a_scrub_that_is_due_stays_due_in_the_next_history(hub: TestHub, node: Installation, tmp_path: Path):
    """While somebody reads the files nothing is confirmed, wherever the order stands in the restored hub."""
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    for number, name in ((1, CANARY), (2, "other"), (3, "other"), (4, "other")):
        write_customer(node, number, name)
    for _ in range(2):
        sync(node, hub)
    order = erase(hub)

    with node.store.read() as reader:
        reader.chain()
        for _ in range(2):
            sync(node, hub)
        states = [confirmation(hub, order)]
        restored = restore_hub(hub, backup)
        for _ in range(3):
            sync(node, restored)
        states.append(confirmation(restored, order))
    for _ in range(2):
        sync(node, restored)

    assert states == [ReceiptState.MISSING, ReceiptState.MISSING]
    assert (confirmation(restored, order), hides(node)) == (ReceiptState.CONFIRMED, [])


def test_a_value_that_a_lost_set_shows_as_erased_leaves_the_files(hub: TestHub, node: Installation, tmp_path: Path):
    """A restored node scrubs before it confirms, though its own sets had told it of the erasure before the order."""
    write_customer(node, 1, CANARY)
    for _ in range(2):
        sync(node, hub)
    backup = back_up(node, tmp_path / "node.db")
    write_customer(node, 1, "another name", *heads(node, 1))
    sync(node, hub)
    order = erase(hub, ErasureGroup.IDENTITY)

    restored = restore_database(node, backup)
    hold_if_behind(restored.node())
    for _ in range(3):
        sync(restored, hub)

    assert (confirmation(hub, order), hides(restored)) == (ReceiptState.CONFIRMED, [])


def test_a_value_that_a_restore_erases_leaves_the_files(hub: TestHub, node: Installation, tmp_path: Path):
    """What was erased since a backup is scrubbed behind the restore, before the node confirms it."""
    write_customer(node, 1, CANARY)
    for _ in range(2):
        sync(node, hub)
    backup = back_up(node, tmp_path / "node.db")
    order = erase(hub)

    restored = restore_database(node, backup)
    apply_known_erasures(restored.node(), [(customer_id(1), (1 << len(ErasureGroup)) - 1)])
    with restored.store.read() as reader:
        reader.chain()
        for _ in range(2):
            sync(restored, hub)
        before = confirmation(hub, order)
    for _ in range(2):
        sync(restored, hub)

    assert before is ReceiptState.MISSING
    assert (confirmation(hub, order), hides(restored)) == (ReceiptState.CONFIRMED, [])
