"""A database restored from before a change of keys finds the newer key of its machine, and nothing is lost."""

import shutil
from pathlib import Path

import pytest

from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.failures import ForeignKeys, HubRefused
from carnet_node.core.log.rejoin import emit_unconfirmed_again, go_on_offline
from carnet_node.core.store_failures import Rejoining
from carnet_protocol.reasons import Reason
from support.hub_apps import TestHub
from support.joined import back_up, names, restore_database, sync, waiting, write_customer
from support.key_changes import change_key, is_whole, key_files


def with_confirmed_change(hub: TestHub, node: Installation, tmp_path: Path) -> tuple[Installation, Path]:
    """A node whose key was changed after its backup, confirmed by the hub, and used."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    write_customer(node, 2, "second")
    node = change_key(node)
    write_customer(node, 3, "third")
    sync(node, hub)
    node.node()
    return node, backup


def test_the_newer_key_goes_on_after_a_confirmed_change(hub: TestHub, node: Installation, tmp_path: Path):
    """With the old key gone for good, the restored database takes up the one that replaced it, and rejoins."""
    node, backup = with_confirmed_change(hub, node, tmp_path)
    before = key_files(node)

    restored = restore_database(node, backup)
    report = sync(restored, hub)
    write_customer(restored, 4, "fourth")
    after = sync(restored, hub)

    assert before == {"signing.key"}
    assert names(restored) == {1: "first", 2: "second", 3: "third", 4: "fourth"}
    assert (report.is_complete, after.push.accepted, waiting(restored)) == (True, 1, 0)
    assert is_whole(restored)


def test_nothing_is_written_before_the_change_is_back(hub: TestHub, node: Installation, tmp_path: Path):
    """A database older than the keys beside it was restored, whatever the mark of what left says."""
    node, backup = with_confirmed_change(hub, node, tmp_path)
    (node.settings.keys_dir / "high-water.json").unlink()

    restored = restore_database(node, backup)

    with pytest.raises(Rejoining):
        write_customer(restored, 4, "fourth")


def test_the_newer_key_works_offline_too(hub: TestHub, node: Installation, tmp_path: Path):
    """Without a line the desk goes on under the newer key; the next contact brings the rest, the change included."""
    node, backup = with_confirmed_change(hub, node, tmp_path)
    restored = restore_database(node, backup)
    go_on_offline(restored.node())
    write_customer(restored, 4, "fourth")

    report = sync(restored, hub)

    assert (report.is_complete, waiting(restored)) == (True, 0)
    assert names(restored) == {1: "first", 2: "second", 3: "third", 4: "fourth"}
    assert is_whole(restored)


def test_the_old_key_is_not_forgotten_while_the_database_needs_it(hub: TestHub, node: Installation, tmp_path: Path):
    """A change that never left the lost disk is unknown to the hub: the old key has to stay."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    node = change_key(node)
    restored = restore_database(node, backup)

    restored.node()
    report = sync(open_installation(restored.settings), hub)

    assert key_files(restored) == {"signing.key", "signing.previous"}
    assert report.is_complete
    assert is_whole(open_installation(restored.settings))


def test_the_hub_may_know_the_newer_key_alone(hub: TestHub, node: Installation, tmp_path: Path):
    """With both keys here and the hub on the newer one, the hello succeeds and the change comes back."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    old = node.settings.keys_dir / "signing.key"
    old_bytes = old.read_bytes()
    node = change_key(node)
    sync(node, hub)
    node.node()
    (node.settings.keys_dir / "signing.previous").write_bytes(old_bytes)
    (node.settings.keys_dir / "signing.previous").chmod(0o600)

    restored = restore_database(node, backup)
    report = sync(restored, hub)
    again = open_installation(restored.settings)
    write_customer(again, 2, "second")

    assert report.is_complete
    assert sync(again, hub).push.accepted == 1
    assert key_files(again) == {"signing.key"}
    assert is_whole(again)


def test_work_signed_offline_with_the_old_key_is_sealed_again(hub: TestHub, node: Installation, tmp_path: Path):
    """What was written under a key that the hub had already replaced is emitted again under the newer one."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    old_bytes = (node.settings.keys_dir / "signing.key").read_bytes()
    node = change_key(node)
    sync(node, hub)
    node.node()
    (node.settings.keys_dir / "signing.previous").write_bytes(old_bytes)
    (node.settings.keys_dir / "signing.previous").chmod(0o600)
    restored = restore_database(node, backup)
    go_on_offline(restored.node())
    write_customer(restored, 2, "offline")

    report = sync(restored, hub)

    assert (report.is_complete, waiting(restored)) == (True, 0)
    assert names(restored) == {1: "first", 2: "offline"}
    assert is_whole(open_installation(restored.settings))


def test_a_disk_image_from_before_the_change_is_told_what_is_missing(hub: TestHub, node: Installation, tmp_path: Path):
    """When the newer key is nowhere, the hub says that the key was replaced, and nothing is written."""
    write_customer(node, 1, "first")
    sync(node, hub)
    node.store.close()
    shutil.copytree(node.settings.data_dir, tmp_path / "image")
    node = change_key(open_installation(node.settings))
    sync(node, hub)
    image = open_installation(node.settings.model_copy(update={"data_dir": tmp_path / "image"}))

    with pytest.raises(HubRefused) as refusal:
        sync(image, hub)

    assert refusal.value.reason is Reason.REPLACED_KEY
    assert names(image) == {1: "first"}


def with_lost_change(hub: TestHub, node: Installation, tmp_path: Path) -> Installation:
    """A node restored from before two changes of its key, of which the second went with its disk."""
    node, backup = with_confirmed_change(hub, node, tmp_path)
    node = change_key(node)
    return restore_database(node, backup)


def test_the_key_that_the_hub_knows_signs_again_when_the_change_behind_it_is_lost(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """The newest key lies here and is certified in nobody's log, so the one before it goes on."""
    restored = with_lost_change(hub, node, tmp_path)

    restored.node()
    sync(restored, hub)
    again = open_installation(restored.settings)
    write_customer(again, 4, "fourth")
    report = sync(again, hub)

    assert (report.push.accepted, waiting(again)) == (1, 0)
    assert names(again) == {1: "first", 2: "second", 3: "third", 4: "fourth"}
    assert is_whole(again)


def test_work_signed_offline_with_a_key_whose_change_is_lost_is_sealed_again(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """The desk went on without a line under the newest key; the hub takes that work under the key it knows."""
    restored = with_lost_change(hub, node, tmp_path)
    go_on_offline(restored.node())
    write_customer(restored, 4, "offline")

    report = sync(restored, hub)

    assert (report.is_complete, waiting(restored)) == (True, 0)
    assert names(restored) == {1: "first", 2: "second", 3: "third", 4: "offline"}
    assert is_whole(open_installation(restored.settings))


@pytest.mark.parametrize("is_second", [False, True], ids=["only change lost", "second change lost"])
def test_the_key_can_be_changed_again_after_a_change_was_lost(
    hub: TestHub, node: Installation, tmp_path: Path, *, is_second: bool
):
    """The key of the lost change lies in the folder still; the one that signs certifies the next."""
    if is_second:
        restored = with_lost_change(hub, node, tmp_path)
    else:
        backup = back_up(node, tmp_path / "backup.db")
        restored = restore_database(change_key(node), backup)
    restored.node()
    sync(restored, hub)

    changed = change_key(open_installation(restored.settings))
    write_customer(changed, 4, "fourth")
    report = sync(changed, hub)
    changed.node()

    assert (report.push.accepted, waiting(changed)) == (2, 0)
    assert key_files(changed) == {"signing.key"}
    assert is_whole(changed)


def test_work_is_sealed_again_while_the_change_behind_a_lost_one_waits(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """The key that the hub knows was put aside by then, and still seals the change itself."""
    backup = back_up(node, tmp_path / "backup.db")
    restored = restore_database(change_key(node), backup)
    restored.node()
    sync(restored, hub)
    changed = change_key(open_installation(restored.settings))
    write_customer(changed, 4, "fourth")

    emit_unconfirmed_again(changed.node())
    report = sync(changed, hub)

    assert (report.push.accepted, waiting(changed)) == (2, 0)
    assert is_whole(open_installation(changed.settings))


def test_no_key_goes_before_the_hub_has_answered_a_restored_database(hub: TestHub, node: Installation, tmp_path: Path):
    """However often the node is started: one of the former keys may be the only one that the hub knows."""
    restored = with_lost_change(hub, node, tmp_path)
    before = {one.key_id for one in restored.signing_keys.for_hellos()}

    restored.node()
    restored.node()

    assert {one.key_id for one in restored.signing_keys.for_hellos()} == before


def test_keys_of_another_machine_are_not_taken_up(hub: TestHub, node: Installation, tmp_path: Path):
    """A database beside keys that never replaced its own stays closed, and is as it was."""
    write_customer(node, 1, "first")
    backup = back_up(node, tmp_path / "backup.db")
    other = node.settings.keys_dir / "signing.key"
    other.write_bytes(bytes(range(32)))
    restored = restore_database(node, backup)

    with pytest.raises(ForeignKeys):
        restored.node()

    assert names(restored) == {1: "first"}
