"""Several changes of a key are lost with their disks, or come late: the key that the hub takes signs again.

On a line the hub answers under that key; by stick its receipts name it. Nothing that was written is lost either way.
"""

from pathlib import Path

import pytest

from carnet_hub.core.rows import KeyRow, RecordRow
from carnet_node.adapters.rotating import ASIDE_FILE, present_public
from carnet_node.bootstrap import Installation
from carnet_node.core.failures import HubRefused
from carnet_node.core.line.bundling import take_from_hub
from carnet_node.core.log.rejoin import go_on_offline
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.showing.status import Status, status_of
from carnet_node.core.showing.sync_centre import sync_centre
from carnet_node.core.upkeep.doctor import Grade, examine_node
from carnet_protocol.envelope import key_id_of
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.reasons import Reason
from support.hub_apps import TestHub
from support.joined import (
    back_up,
    back_up_hub,
    copy_disk,
    customer_id,
    moved_in,
    names,
    restore_database,
    restore_hub,
    sync,
    waiting,
    write_customer,
)
from support.key_changes import (
    answer_to,
    carry_stick,
    change_key,
    held_keys,
    is_whole,
    key_files,
    started_again,
    stick_of,
)


def with_lost_changes(hub: TestHub, node: Installation, tmp_path: Path, count: int = 2) -> Installation:
    """A node of which several changes of the key were lost in a row; the hub knows the key before them alone."""
    if not names(node):
        write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    for _ in range(count - 1):
        node = restore_database(change_key(node), backup)
        sync(node, hub)
        node = started_again(node)
    return restore_database(change_key(node), backup)


def with_late_change(hub: TestHub, node: Installation, tmp_path: Path) -> tuple[Installation, bytes]:
    """A node that has changed its key twice: the first change was lost with its disk, and lies on a stick."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    node = change_key(node)
    stick = stick_of(node)
    node = restore_database(node, backup)
    sync(node, hub)
    node = change_key(started_again(node))
    write_customer(node, 2, "second")
    return node, stick


def status(node: Installation) -> Status:
    """What is told."""
    return status_of(node.node())


def customers_at(hub: TestHub) -> set[bytes]:
    """Ids of the customers the hub knows."""
    with hub.app.hub.store.read() as snapshot:
        return {row.id for row in snapshot.scan(RecordRow) if row.kind == CUSTOMER.number}


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_key_that_was_put_aside_signs_again(hub: TestHub, node: Installation, tmp_path: Path, count: int):
    """However many changes were lost in a row, the first round brings back the key that the hub knows."""
    restored = with_lost_changes(hub, node, tmp_path, count)

    sync(restored, hub)
    again = started_again(restored)
    write_customer(again, 2, "second")
    report = sync(again, hub)

    assert (report.push.accepted, waiting(again)) == (1, 0)
    assert names(again) == {1: "first", 2: "second"}
    assert is_whole(again)


def test_work_signed_offline_after_two_lost_changes_is_sealed_again(hub: TestHub, node: Installation, tmp_path: Path):
    """The desk went on without a line under a key that the hub has never heard of; that work arrives."""
    restored = with_lost_changes(hub, node, tmp_path)
    go_on_offline(restored.node())
    write_customer(restored, 2, "offline")

    report = sync(restored, hub)

    assert (report.is_complete, waiting(restored)) == (True, 0)
    assert customers_at(hub) == {customer_id(1), customer_id(2)}
    assert is_whole(started_again(restored))


def test_bringing_a_key_back_takes_none_away(hub: TestHub, node: Installation, tmp_path: Path):
    """The key of the lost change gives way in its place and lies aside: its change may come on a stick still."""
    restored = with_lost_changes(hub, node, tmp_path)
    before = held_keys(restored)

    sync(restored, hub)

    assert held_keys(restored) == before
    assert key_files(restored) == {"signing.key", "signing.previous"}


def test_a_power_cut_behind_the_file_that_was_brought_back_costs_nothing(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """The file is there and the database does not know it yet: the next round does the same again."""
    restored = with_lost_changes(hub, node, tmp_path)
    present = restored.node().signer.key_id
    (aside,) = held_keys(restored) - {one.key_id for one in restored.signing_keys.everyone()}

    restored.signing_keys.bring_back(aside)
    again = started_again(restored)
    sync(again, hub)
    write_customer(again, 2, "second")

    assert present in held_keys(again)
    assert sync(again, hub).push.accepted == 1


def test_the_key_can_be_changed_again_after_two_lost_changes(hub: TestHub, node: Installation, tmp_path: Path):
    """The key that was brought back certifies the next one, and only that one is left in the end."""
    restored = with_lost_changes(hub, node, tmp_path)
    sync(restored, hub)

    changed = change_key(started_again(restored))
    write_customer(changed, 2, "second")
    report = sync(changed, hub)
    changed.node()

    assert (report.push.accepted, waiting(changed)) == (2, 0)
    assert key_files(changed) == {"signing.key"}
    assert is_whole(changed)


def test_a_change_that_comes_late_stands_before_the_one_that_waits(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub has taken a change that was given up for lost; the newer one, certified by its key, goes through."""
    changed, stick = with_late_change(hub, node, tmp_path)
    newest = changed.keyring.key_id
    answer_to(hub, stick)

    first = sync(changed, hub)
    again = started_again(changed)
    write_customer(again, 3, "third")
    second = sync(again, hub)

    assert (first.push.accepted, second.push.accepted, waiting(again)) == (2, 1, 0)
    assert again.node().signer.key_id == newest
    assert names(again) == {1: "first", 2: "second", 3: "third"}
    assert is_whole(again)


def test_a_change_that_comes_late_is_followed_by_stick(hub: TestHub, node: Installation, tmp_path: Path):
    """Without a line two sticks do the same: one brings the late change, the other takes the work."""
    changed, stick = with_late_change(hub, node, tmp_path)
    answer_to(hub, stick)

    carry_stick(hub, changed)
    carry_stick(hub, started_again(changed))

    assert waiting(changed) == 0
    assert customers_at(hub) == {customer_id(1), customer_id(2)}
    assert is_whole(started_again(changed))


@pytest.mark.parametrize("count", [2, 3])
def test_work_in_doubt_arrives_by_stick(hub: TestHub, node: Installation, tmp_path: Path, count: int):
    """The first answer names the key by what the hub holds; the next stick carries the work under it."""
    restored = with_lost_changes(hub, node, tmp_path, count)
    go_on_offline(restored.node())
    write_customer(restored, 2, "offline")

    carry_stick(hub, restored)
    carry_stick(hub, started_again(restored))

    assert waiting(restored) == 0
    assert customers_at(hub) == {customer_id(1), customer_id(2)}
    assert is_whole(started_again(restored))


def test_a_stick_ends_a_doubt_when_the_hub_has_taken_something(hub: TestHub, node: Installation, tmp_path: Path):
    """The doubt lasts until an answer says that the hub holds what the key has signed."""
    restored = with_lost_changes(hub, node, tmp_path)
    carry_stick(hub, restored)
    write_customer(started_again(restored), 2, "second")

    told = []
    for _ in range(2):
        told.append(status(restored).is_key_in_doubt)
        carry_stick(hub, restored)
    told.append(status(restored).is_key_in_doubt)

    assert told == [True, True, False]


def test_no_key_goes_before_a_stick_has_ended_the_doubt(hub: TestHub, node: Installation, tmp_path: Path):
    """A stick may be older than what it is compared with; and the key is not changed meanwhile."""
    restored = with_lost_changes(hub, node, tmp_path)
    before = held_keys(restored)

    carry_stick(hub, restored)
    again = started_again(restored)
    again.node()

    assert held_keys(again) == before
    with pytest.raises(CommandRefused):
        change_key(again)


@pytest.mark.parametrize("is_by_stick", [False, True], ids=["line", "stick"])
def test_an_old_stick_only_costs_a_round(hub: TestHub, node: Installation, tmp_path: Path, *, is_by_stick: bool):
    """An answer from before a change names a key that the hub takes no more; the next answer corrects that."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    old = answer_to(hub, stick_of(node))
    node = change_key(node)
    sync(node, hub)
    node.node()
    restored = restore_database(change_key(node), backup)
    restored.node()

    take_from_hub(restored.node(), old)
    again = started_again(restored)
    write_customer(again, 2, "second")
    for _ in range(3):
        if is_by_stick:
            carry_stick(hub, again)
        else:
            sync(again, hub)

    assert waiting(again) == 0
    assert customers_at(hub) == {customer_id(1), customer_id(2)}
    assert is_whole(started_again(again))


def test_a_hub_restored_before_the_doubt_was_over_costs_nothing(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub has forgotten the one change it had taken, and knows the first key alone: all comes back to it."""
    write_customer(node, 1, "first")
    sync(node, hub)
    hub_backup = back_up_hub(hub, tmp_path)
    node = change_key(node)
    write_customer(node, 2, "second")
    sync(node, hub)
    node.node()
    restored = with_lost_changes(hub, started_again(node), tmp_path)
    go_on_offline(restored.node())
    write_customer(restored, 3, "offline")

    fresh = restore_hub(hub, hub_backup)
    for _ in range(3):
        sync(restored, fresh)
        restored = started_again(restored)

    assert waiting(restored) == 0
    assert customers_at(fresh) == {customer_id(1), customer_id(2), customer_id(3)}
    assert is_whole(restored)


def test_the_key_that_is_shown_is_the_one_that_signs(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub operator compares it with his own: the key of a lost change lies in its file still, and signs nothing."""
    restored = with_lost_changes(hub, node, tmp_path)

    sync(restored, hub)
    shown = sync_centre(restored.node()).key_id
    listed = key_id_of(present_public(restored.store, restored.keyring, restored.signing_keys)).hex()

    with hub.app.hub.store.read() as snapshot:
        (known,) = (row.key_id.hex() for row in snapshot.scan(KeyRow) if row.status == "active")
    assert (shown, listed) == (known[: len(shown)], known)


def test_a_doubt_is_told_until_it_is_over(hub: TestHub, node: Installation, tmp_path: Path):
    """Whoever looks is told that nothing is certain yet; after one round nothing is left to tell."""
    restored = with_lost_changes(hub, node, tmp_path)

    before = status(restored).doubt
    sync(restored, hub)

    assert before is not None
    assert status(restored).doubt is None


def test_a_key_that_is_nowhere_here_is_told_by_stick(hub: TestHub, node: Installation, tmp_path: Path):
    """A disk from before a change hears of it by stick: the hub goes on with a key that is not on this disk."""
    write_customer(node, 1, "first")
    sync(node, hub)
    image = copy_disk(node, tmp_path / "image")
    sync(change_key(started_again(node)), hub)

    carry_stick(hub, image)

    assert (status(image).is_key_gone, status(image).refusal) == (True, Reason.REPLACED_KEY)
    findings = {one.name: one.grade for one in examine_node(image.node())}
    assert findings["signing key"] is Grade.WRONG


def test_work_whose_key_is_nowhere_goes_on_at_a_new_node(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub knows none of the keys that are left; a new node of the site takes the database over, and all arrives."""
    restored = with_lost_changes(hub, node, tmp_path)
    go_on_offline(restored.node())
    write_customer(restored, 2, "offline")
    (restored.settings.keys_dir / ASIDE_FILE).unlink()

    with pytest.raises(HubRefused) as refused:
        sync(restored, hub)
    new = moved_in(hub, restored, back_up(restored, tmp_path / "moved.db"), tmp_path / "new")

    assert refused.value.reason is Reason.UNKNOWN_KEY
    assert (waiting(new), names(new)) == (0, {1: "first", 2: "offline"})
    assert customers_at(hub) == {customer_id(1), customer_id(2)}
    assert not status(new).is_key_in_doubt
