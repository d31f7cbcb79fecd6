"""What people at a hub decided after its backup still holds after the restore: nodes hand it back."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import scratch_store
from carnet_hub.core.exchange.revoking import revoke_compromised
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.log.conflicts import restore_value, show_conflicts
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections, site_digest
from carnet_hub.core.log.restoring import note_backup
from carnet_hub.core.rows import AdmissionRow, SetState
from carnet_hub.core.upkeep.dealers import list_sites, suspend_site
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_node.adapters.rotating import ASIDE_FILE, rotate
from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.failures import HubRefused
from carnet_node.core.line.bundling import take_from_hub
from carnet_node.core.log.rebuild import check_rebuild
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import OutOfOrder
from carnet_protocol.ids import NodeId, RecordId
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup
from support.hub_apps import TestHub
from support.joined import back_up_hub, customer_id, join_site, names, restore_hub, sync, waiting, write_customer
from support.key_changes import answer_to, carry_stick, stick_of


@pytest.fixture
def desk(pair: tuple[TestHub, Installation]) -> Installation:
    """The honest machine."""
    return pair[1]


@pytest.fixture
def stolen(hub: TestHub, tmp_path: Path) -> Installation:
    """A second machine of the same site, in wrong hands."""
    return join_site(hub, tmp_path / "stolen")


@pytest.fixture
def other(hub: TestHub, tmp_path: Path) -> Installation:
    """A second machine of the same site."""
    return join_site(hub, tmp_path / "other")


def id_of(node: Installation) -> NodeId:
    """The id of a node."""
    return NodeId(node.node().identity.node_id)


def position(hub: TestHub) -> int:
    """End of the hub's log."""
    with hub.app.hub.store.read() as snapshot:
        return snapshot.head().position


def states_of(hub: TestHub, node: Installation) -> list[SetState]:
    """Where each set of a node stands at the hub, in the order of the log."""
    with hub.app.hub.store.read() as snapshot:
        rows = [row for row in snapshot.scan(AdmissionRow) if row.node_id == id_of(node)]
    return [SetState(row.state) for row in sorted(rows, key=lambda row: row.stored_at)]


def is_sound(hub: TestHub) -> bool:
    """Whether log and tables of the hub are what they should be."""
    with scratch_store() as scratch:
        report = check_projections(hub.app.hub, scratch)
    return not report.difference_count and not verify_log(hub.app.hub).fault_count


def agree(hub: TestHub, node: Installation) -> bool:
    """Whether hub and node show one state."""
    return check_rebuild(node.node()).digest == site_digest(hub.app.hub, node.node().identity.dealer_id)


def rule(hub: TestHub, number: int) -> str:
    """An operator makes the overruled name of a customer the shown one; returns it."""
    (conflict,) = show_conflicts(hub.app.hub, CUSTOMER, customer_id(number)).open
    (overruled,) = conflict.overruled
    restore_value(hub.app.hub, CUSTOMER, customer_id(number), register="name", op=overruled.op)
    return str(overruled.values["full_name"])


def with_a_conflict(hub: TestHub, desk: Installation, other: Installation) -> None:
    """Two machines of one site name customer 1 at the same time."""
    write_customer(desk, 1, "first")
    write_customer(other, 1, "second")
    for node in (desk, other, desk):
        sync(node, hub)


def test_what_a_thief_wrote_is_taken_out_again(hub: TestHub, desk: Installation, stolen: Installation, tmp_path: Path):
    """A revocation from a position comes back from an honest node, and takes the suspect sets out again."""
    write_customer(stolen, 1, "honest")
    sync(stolen, hub)
    honest_until = position(hub)
    write_customer(stolen, 2, "invented")
    sync(stolen, hub)
    sync(desk, hub)
    backup = back_up_hub(hub, tmp_path)
    revoke_compromised(hub.app.hub, id_of(stolen), suspect_from=honest_until, reason="machine stolen")
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)

    assert states_of(restored, stolen) == [SetState.FOLDED, SetState.EXCLUDED]
    assert (names(desk), is_sound(restored), agree(restored, desk)) == ({1: "honest"}, True, True)
    with pytest.raises(HubRefused) as caught:
        sync(stolen, restored)
    assert caught.value.reason is Reason.SUSPENDED_NODE


def test_a_ruling_comes_back_from_its_site(hub: TestHub, desk: Installation, other: Installation, tmp_path: Path):
    """A ruling on a site's record is kept by the site's nodes, and rules again at the restored hub."""
    with_a_conflict(hub, desk, other)
    backup = back_up_hub(hub, tmp_path)
    ruled = rule(hub, 1)
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)

    assert (names(desk), agree(restored, desk), is_sound(restored)) == ({1: ruled}, True, True)
    assert show_conflicts(restored.app.hub, CUSTOMER, customer_id(1)).open == ()


def test_a_ruling_waits_for_what_it_was_about(hub: TestHub, desk: Installation, other: Installation, tmp_path: Path):
    """A ruling that comes back before the values it was about is parked, and counts as soon as they are back."""
    backup = back_up_hub(hub, tmp_path)
    with_a_conflict(hub, desk, other)
    ruled = rule(hub, 1)
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)
    before = names(desk)
    sync(other, restored)
    sync(desk, restored)

    assert (before, ruled) == ({1: "first"}, "second")
    assert (names(desk), agree(restored, desk), is_sound(restored)) == ({1: ruled}, True, True)


def test_a_ruling_waits_for_the_record_it_is_about(hub: TestHub, desk: Installation, tmp_path: Path):
    """A ruling that builds on no value is kept by its node until the record is back, and is not refused for good."""
    backup = back_up_hub(hub, tmp_path)
    write_customer(desk, 1, "first")
    sync(desk, hub)
    ruling = Draft(CUSTOMER, RecordId(customer_id(1)), {"segment": "taxi"}, (), Action.RULING)
    written = write_hub_set(hub.app.hub, [ruling])
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    for _ in range(2):
        sync(desk, restored)

    with restored.app.hub.store.read() as snapshot:
        (admission,) = (row for row in snapshot.scan(AdmissionRow) if row.nonce == written.nonce)
    assert SetState(admission.state) is SetState.FOLDED
    assert (agree(restored, desk), is_sound(restored)) == (True, True)


def test_a_ruling_is_not_told_to_other_sites(hub: TestHub, desk: Installation, other: Installation, tmp_path: Path):
    """A ruling on one site's customer stands in no feed but that site's."""
    hub.add_dealer("B001")
    stranger = join_site(hub, tmp_path / "stranger", "B001")
    with_a_conflict(hub, desk, other)
    rule(hub, 1)

    kept = []
    for node in (desk, other, stranger):
        sync(node, hub)
        with node.store.read() as tx:
            kept.append(len(tx.hub_sets_with_values()))

    assert kept == [1, 1, 0]


def test_an_erased_ruling_comes_back_without_its_value(
    hub: TestHub, desk: Installation, other: Installation, tmp_path: Path
):
    """A ruling whose value was erased later is taken back without it: orders for everybody come first."""
    with_a_conflict(hub, desk, other)
    backup = back_up_hub(hub, tmp_path)
    rule(hub, 1)
    sync(desk, hub)
    erase_customer(hub.app.hub, RecordId(customer_id(1)), frozenset({ErasureGroup.IDENTITY}), ground="request")
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)

    assert (names(desk), agree(restored, desk), is_sound(restored)) == ({1: None}, True, True)
    assert show_conflicts(restored.app.hub, CUSTOMER, customer_id(1)).open == ()


def test_a_key_that_the_hub_has_forgotten_comes_back(hub: TestHub, desk: Installation, tmp_path: Path):
    """A node whose key was changed after the hub's backup says hello under the former one, and brings the change."""
    write_customer(desk, 1, "first")
    sync(desk, hub)
    backup = back_up_hub(hub, tmp_path)
    rotate(desk.node(), desk.keyring, desk.signing_keys, desk.entropy)
    changed = open_installation(desk.settings)
    write_customer(changed, 2, "second")
    for _ in range(2):
        sync(changed, hub)

    restored = restore_hub(hub, backup)
    sync(changed, restored)
    sync(changed, restored)

    assert (names(changed), agree(restored, changed), is_sound(restored)) == ({1: "first", 2: "second"}, True, True)
    with restored.app.hub.store.read() as snapshot:
        assert sorted(key.status for key in snapshot.keys_of([id_of(changed)])) == ["active", "retired"]


def test_two_changes_of_keys_come_back(hub: TestHub, desk: Installation, tmp_path: Path):
    """A node whose key was changed twice since the hub's backup says hello under the first, and brings both changes."""
    write_customer(desk, 1, "first")
    sync(desk, hub)
    backup = back_up_hub(hub, tmp_path)
    changed = desk
    for number in (2, 3):
        rotate(changed.node(), changed.keyring, changed.signing_keys, changed.entropy)
        changed = open_installation(changed.settings)
        write_customer(changed, number, f"under key {number}")
        for _ in range(2):
            sync(changed, hub)

    restored = restore_hub(hub, backup)
    for _ in range(2):
        sync(open_installation(changed.settings), restored)

    assert names(changed) == {1: "first", 2: "under key 2", 3: "under key 3"}
    assert (waiting(changed), agree(restored, changed), is_sound(restored)) == (0, True, True)


def test_a_changed_key_comes_back_by_stick(hub: TestHub, desk: Installation, tmp_path: Path):
    """Where there is no line, sticks bring a restored hub the change of keys it has forgotten, and what came after."""
    write_customer(desk, 1, "first")
    carry_stick(hub, desk)
    backup = back_up_hub(hub, tmp_path)
    rotate(desk.node(), desk.keyring, desk.signing_keys, desk.entropy)
    changed = open_installation(desk.settings)
    write_customer(changed, 2, "second")
    for _ in range(2):
        carry_stick(hub, changed)

    restored = restore_hub(hub, backup)
    for _ in range(3):
        carry_stick(restored, changed)

    assert (names(changed), waiting(changed)) == ({1: "first", 2: "second"}, 0)
    assert (is_sound(restored), agree(restored, changed)) == (True, True)


def test_the_former_key_goes_when_the_hubs_backup_has_the_change(hub: TestHub, desk: Installation):
    """As soon as the hub says how far its backup reaches, nothing of the former private key is kept."""
    sync(desk, hub)
    rotate(desk.node(), desk.keyring, desk.signing_keys, desk.entropy)
    changed = open_installation(desk.settings)
    sync(changed, hub)
    sync(changed, hub)
    changed.node()
    kept = (changed.settings.keys_dir / ASIDE_FILE).exists()
    note_backup(hub.app.hub, position(hub))
    sync(changed, hub)
    changed.node()

    assert (kept, (changed.settings.keys_dir / ASIDE_FILE).exists()) == (True, False)


def test_a_dealer_who_only_has_sticks_heals_a_restored_hub(hub: TestHub, desk: Installation, tmp_path: Path):
    """Two sticks bring back what the hub had confirmed, its own decisions first, and the machine is in step again."""
    write_customer(desk, 1, "first")
    carry_stick(hub, desk)
    backup = back_up_hub(hub, tmp_path)
    write_customer(desk, 2, "second")
    carry_stick(hub, desk)
    hub.add_dealer("B001")
    suspend_site(hub.app.hub, "B001")
    carry_stick(hub, desk)

    restored = restore_hub(hub, backup)
    write_customer(desk, 3, "third")
    for _ in range(3):
        carry_stick(restored, desk)

    assert (names(desk), waiting(desk)) == ({1: "first", 2: "second", 3: "third"}, 0)
    assert (is_sound(restored), agree(restored, desk)) == (True, True)
    assert [one.status for one in list_sites(restored.app.hub) if one.site_code == "B001"] == ["suspended"]
    with desk.store.read() as tx:
        assert tx.former_hub_sets() == []


def test_an_old_stick_leads_nobody_back(hub: TestHub, desk: Installation, tmp_path: Path):
    """An answer from before the restore, taken after it, is refused: its history has ended."""
    write_customer(desk, 1, "first")
    carry_stick(hub, desk)
    backup = back_up_hub(hub, tmp_path)
    old = answer_to(hub, stick_of(desk))
    restored = restore_hub(hub, backup)
    carry_stick(restored, desk)

    with pytest.raises(OutOfOrder) as caught:
        take_from_hub(desk.node(), old)

    assert caught.value.reason is Reason.HUB_EPOCH_CHANGED
    assert agree(restored, desk)
