"""A key gives way while epochs are closed and opened: what waits is sealed again where the hub can take it."""

from pathlib import Path

import anyio
import msgspec
import pytest

from carnet_hub.core.exchange.hello import answer_hello
from carnet_node.bootstrap import Installation
from carnet_node.core.line.session import say_hello, state_ourselves, take_answer
from carnet_node.core.log.rejoin import go_on_offline, mark_restored
from carnet_node.core.refusals import CommandRefused
from carnet_protocol.envelope import Purpose
from carnet_protocol.messages import sign_frame
from support.hub_apps import TestHub
from support.joined import (
    back_up,
    back_up_hub,
    names,
    restore_database,
    restore_hub,
    sync,
    transport_to,
    waiting,
    write_customer,
)
from support.key_changes import answer_to, change_key, is_whole, started_again, stick_of


async def only_hello(node: Installation, hub: TestHub) -> None:
    """A round of which nothing but the hello gets through."""
    async with node.hub_client("http://hub", transport_to(hub)) as link:
        await say_hello(node.node(), node.sync_ports(link), software="test")


def take_one_lost_set(node: Installation, hub: TestHub) -> None:
    """A hello whose answer carries one of several lost sets, as when there are more than it has room for."""
    machine = node.node()
    request = state_ourselves(machine, b"", "test")
    message = sign_frame(request, Purpose.HELLO, machine.identity.hub_id, machine.signer)
    answer = answer_hello(hub.app.hub, request, message)
    take_answer(machine, msgspec.structs.replace(answer, lost_sets=answer.lost_sets[:1]), contact_ms=None)


def test_an_epoch_of_which_the_hub_knows_nothing_is_no_parent(hub: TestHub, node: Installation, tmp_path: Path):
    """The last unsent set stands in an epoch that never left; it is sealed again, and the new epoch does without it."""
    write_customer(node, 1, "first")
    sync(node, hub)
    node = started_again(node)
    mark_restored(node.node())
    sync(node, hub)
    write_customer(node, 2, "unsent")
    backup = back_up(node, tmp_path / "backup.db")
    for _ in range(2):
        node = restore_database(change_key(node), backup)

    for _ in range(2):
        sync(node, hub)
        node = started_again(node)

    assert (waiting(node), names(node)) == (0, {1: "first", 2: "unsent"})
    assert is_whole(node)


def test_a_fork_that_a_replaced_key_has_signed_ends(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub refuses such a set for its key, not for its place; it is sealed again under the key that counts."""
    write_customer(node, 1, "first")
    sync(node, hub)
    before = back_up(node, tmp_path / "before.db")
    write_customer(node, 2, "unsent")
    behind = back_up(node, tmp_path / "behind.db")
    node = restore_database(node, before)
    sync(node, hub)
    write_customer(node, 3, "third")
    node = change_key(node)
    for _ in range(2):
        sync(node, hub)
        node.node()
    node = restore_database(started_again(node), behind)

    for _ in range(2):
        sync(node, hub)
        node = started_again(node)

    assert (waiting(node), names(node)) == (0, {1: "first", 2: "unsent", 3: "third"})
    assert is_whole(node)


def test_no_change_is_made_while_a_forgotten_one_waits(hub: TestHub, node: Installation, tmp_path: Path):
    """A restored hub brings an old key back, and the line breaks behind its hello: the change that waits is first."""
    write_customer(node, 1, "first")
    sync(node, hub)
    hub_backup = back_up_hub(hub, tmp_path)
    node = change_key(node)
    sync(node, hub)
    node.node()
    backup = back_up(node, tmp_path / "backup.db")
    for _ in range(2):
        node = restore_database(change_key(node), backup)
    go_on_offline(node.node())
    fresh = restore_hub(hub, hub_backup)
    anyio.run(only_hello, node, fresh)
    node = started_again(node)

    with pytest.raises(CommandRefused):
        change_key(node)
    for _ in range(2):
        sync(node, fresh)
        node = started_again(node)

    assert sync(change_key(node), fresh).push.accepted == 1


def test_work_is_sealed_again_behind_the_last_of_several_answers(hub: TestHub, node: Installation, tmp_path: Path):
    """The first answer brings a late change, behind which the one that waits has to stand; the second the rest."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    node = change_key(node)
    write_customer(node, 2, "late")
    stick = stick_of(node)
    node = restore_database(node, backup)
    sync(node, hub)
    node = change_key(started_again(node))
    write_customer(node, 3, "third")
    mark_restored(node.node())
    answer_to(hub, stick)

    take_one_lost_set(node, hub)
    for _ in range(2):
        node = started_again(node)
        sync(node, hub)

    assert (waiting(node), names(node)) == (0, {1: "first", 2: "late", 3: "third"})
    assert is_whole(node)
