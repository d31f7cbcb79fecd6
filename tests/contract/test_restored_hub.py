"""A hub restored from an old backup and its nodes: what the hub had confirmed is back, with the ranks it had given."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore, scratch_store
from carnet_hub.bootstrap import open_hub
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections, site_digest
from carnet_hub.core.rows import AdmissionRow, LogKind, LogRow, SetState
from carnet_hub.core.sets.histories import DatabaseBehind
from carnet_hub.core.upkeep.dealers import suspend_site
from carnet_hub.settings import HubSettings
from carnet_node.bootstrap import Installation
from carnet_node.core.failures import HubRefused
from carnet_node.core.log.rebuild import check_rebuild
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import OutOfOrder
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ERASURE
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup
from support.hub_apps import TestHub, open_test_hub
from support.joined import (
    back_up_hub,
    copy_disk,
    customer_id,
    heads,
    join_site,
    names,
    own_chain,
    put_back_hub,
    restore_hub,
    sync,
    waiting,
    write_customer,
)


def set_times(hub: TestHub) -> dict[bytes, int]:
    """The set time of every folded set of a site, by nonce."""
    with hub.app.hub.store.read() as snapshot:
        return {row.nonce: row.time_ms for row in snapshot.scan(LogRow) if row.kind == LogKind.ADMIT}


def digest_at_hub(hub: TestHub, node: Installation) -> bytes:
    """What the hub says the node's site receives."""
    return site_digest(hub.app.hub, node.node().identity.dealer_id)


def is_sound(hub: TestHub) -> bool:
    """Whether log and tables of the hub are what they should be."""
    with scratch_store() as scratch:
        assert isinstance(scratch, SqlStore)
        report = check_projections(hub.app.hub, scratch)
    return not report.difference_count and not verify_log(hub.app.hub).fault_count


def with_history(hub: TestHub, node: Installation, tmp_path: Path) -> Path:
    """A hub that has confirmed two customers and a change after its backup; returns the backup."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    hub.clock.ms += 60_000
    write_customer(node, 2, "second")
    write_customer(node, 1, "renamed", *heads(node, 1))
    sync(node, hub)
    hub.clock.ms += 60_000
    return backup


def test_a_restored_hub_gets_back_what_it_had_confirmed(hub: TestHub, node: Installation, tmp_path: Path):
    """One round after the restore the hub has every set again, under the set time of its own receipt."""
    backup = with_history(hub, node, tmp_path)
    before = set_times(hub)

    restored = restore_hub(hub, backup)
    report = sync(node, restored)

    assert set_times(restored) == before
    assert (report.is_complete, waiting(node), is_sound(restored)) == (True, 0, True)
    assert names(node) == {1: "renamed", 2: "second"}
    assert check_rebuild(node.node()).digest == digest_at_hub(restored, node)


def test_the_node_ends_where_a_fold_from_nothing_ends(hub: TestHub, node: Installation, tmp_path: Path):
    """Going over to the new history leaves the projections that a rebuild gives, before and after the pages."""
    backup = with_history(hub, node, tmp_path)
    restored = restore_hub(hub, backup)

    sync(node, restored)

    assert check_rebuild(node.node()).differences == ()


def test_what_others_recorded_stays_visible_and_comes_back(hub: TestHub, node: Installation, tmp_path: Path):
    """A record of another desk that changed after the backup is shown all the time, and is exact later."""
    other = join_site(hub, tmp_path / "two")
    write_customer(other, 1, "first")
    sync(other, hub)
    backup = back_up_hub(hub, tmp_path)
    write_customer(other, 1, "renamed", *heads(other, 1))
    write_customer(other, 2, "second")
    sync(other, hub)
    sync(node, hub)
    restored = restore_hub(hub, backup)

    sync(node, restored)
    between = names(node)
    sync(other, restored)
    sync(node, restored)

    assert between == {1: "first", 2: "second"}
    assert names(node) == {1: "renamed", 2: "second"}
    assert check_rebuild(node.node()).digest == digest_at_hub(restored, node)


def test_work_in_the_meantime_is_not_mistaken(hub: TestHub, node: Installation, tmp_path: Path):
    """A hub that went on after the restore has given old positions to other entries: nobody takes one for the other."""
    other = join_site(hub, tmp_path / "two")
    sync(other, hub)
    backup = with_history(hub, node, tmp_path)
    sync(other, hub)
    restored = restore_hub(hub, backup)
    for number in range(10, 16):
        write_customer(other, number, "meanwhile")
    sync(other, restored)

    sync(node, restored)
    sync(other, restored)

    expected = {1: "renamed", 2: "second", **dict.fromkeys(range(10, 16), "meanwhile")}
    assert names(node) == names(other) == expected
    assert check_rebuild(node.node()).digest == check_rebuild(other.node()).digest == digest_at_hub(restored, node)


def test_a_suspension_after_the_backup_still_holds(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub's own sets come back from any node that had read them, before that node's work."""
    hub.add_dealer("B001")
    other = join_site(hub, tmp_path / "two", "B001")
    sync(other, hub)
    backup = back_up_hub(hub, tmp_path)
    suspend_site(hub.app.hub, "B001")
    sync(node, hub)
    restored = restore_hub(hub, backup)

    sync(node, restored)

    with pytest.raises(HubRefused) as caught:
        sync(other, restored)
    assert (caught.value.reason, is_sound(restored)) == (Reason.SUSPENDED_NODE, True)


def test_an_erasure_after_the_backup_still_holds(hub: TestHub, node: Installation, tmp_path: Path):
    """What was erased is erased again in the restored log, and the canary is in none of its files."""
    write_customer(node, 1, "canary-of-the-erased")
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    order = ErasureOrder((RecordId(customer_id(1)),), frozenset({ErasureGroup.IDENTITY}))
    write_hub_set(hub.app.hub, [Draft(ERASURE, RecordId(b"e" * 16), order.fields())])
    sync(node, hub)
    restored = restore_hub(hub, backup)

    sync(node, restored)

    files = b"".join(path.read_bytes() for path in restored.app.settings.data_dir.glob("hub.db*"))
    assert (b"canary-of-the-erased" in files, is_sound(restored)) == (False, True)
    assert names(node) == {1: None}


def test_a_second_restore_is_healed_like_the_first(hub: TestHub, node: Installation, tmp_path: Path):
    """Two restores in a row, the second one from the older backup: everything confirmed is back."""
    write_customer(node, 1, "first")
    sync(node, hub)
    older = back_up_hub(hub, tmp_path).rename(tmp_path / "older.db")
    write_customer(node, 2, "second")
    sync(node, hub)
    newer = back_up_hub(hub, tmp_path)
    write_customer(node, 3, "third")
    sync(node, hub)
    once = restore_hub(hub, newer)
    sync(node, once)
    write_customer(node, 4, "fourth")
    sync(node, once)

    twice = restore_hub(once, older)
    sync(node, twice)

    assert (waiting(node), is_sound(twice), len(names(node))) == (0, True, 4)
    assert check_rebuild(node.node()).digest == digest_at_hub(twice, node)


def test_a_database_behind_what_was_told_is_not_served(hub: TestHub, node: Installation, tmp_path: Path):
    """Without the operator's word a restored database stays shut: its next positions mean something to others."""
    backup = with_history(hub, node, tmp_path)
    folder = put_back_hub(hub, backup)

    with pytest.raises(DatabaseBehind) as caught:
        open_hub(HubSettings(data_dir=folder))

    assert "carnet-hub restored" in caught.value.next


def test_a_node_goes_no_further_with_a_hub_that_forgot(hub: TestHub, node: Installation, tmp_path: Path):
    """Even if the mark was lost with the disk, a node that had read further says so and keeps everything."""
    backup = with_history(hub, node, tmp_path)
    folder = put_back_hub(hub, backup)
    (folder / "keys" / "high-water.json").unlink()
    write_customer(node, 3, "third")

    with pytest.raises(OutOfOrder) as caught:
        sync(node, open_test_hub(folder, hub.clock))

    assert (caught.value.reason, waiting(node), own_chain(node)) == (Reason.HUB_BEHIND, 1, (1, 4))


def test_a_set_that_was_sealed_again_keeps_its_set_time(hub: TestHub, node: Installation, tmp_path: Path):
    """A copy of the disk took its number at the restored hub, so the node went on in another epoch with it."""
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    twin = copy_disk(node, tmp_path / "twin")
    write_customer(node, 1, "first")
    sync(node, hub)
    node_id = node.node().identity.node_id
    with hub.app.hub.store.read() as snapshot:
        confirmed = {row.nonce: row.time_ms for row in snapshot.scan(LogRow) if row.node_id == node_id}
    restored = restore_hub(hub, backup)
    restored.clock.ms += 3_600_000
    write_customer(twin, 2, "of the twin")
    sync(twin, restored)

    for _ in range(3):
        sync(node, restored)

    found = set_times(restored)
    assert confirmed
    assert {nonce: found.get(nonce) for nonce in confirmed} == confirmed


def test_no_set_is_folded_twice(hub: TestHub, node: Installation, tmp_path: Path):
    """Offering again what the hub has by now changes nothing."""
    backup = with_history(hub, node, tmp_path)
    restored = restore_hub(hub, backup)
    sync(node, restored)
    sync(node, restored)

    with restored.app.hub.store.read() as snapshot:
        states = [row.state for row in snapshot.scan(AdmissionRow)]
        admitted = [row.nonce for row in snapshot.scan(LogRow) if row.kind == LogKind.ADMIT]

    assert set(states) == {SetState.FOLDED}
    assert len(admitted) == len(set(admitted))
