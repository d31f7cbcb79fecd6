"""A hub restored from before an earlier restore: the history in between has ended, and is known all the same."""

from pathlib import Path

import pytest

from carnet_hub.bootstrap import open_hub
from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.exchange.revoking import revoke_compromised
from carnet_hub.core.rows import DealerRow
from carnet_hub.core.sets.histories import DatabaseBehind
from carnet_hub.core.upkeep.overview import NodeState, list_nodes
from carnet_hub.settings import HubSettings
from carnet_node.bootstrap import Installation
from carnet_protocol.errors import OutOfOrder, Refused
from carnet_protocol.ids import NodeId
from carnet_protocol.reasons import Reason
from support.hub_apps import TestHub, open_test_hub
from support.joined import (
    back_up_hub,
    enrol_by,
    join_site,
    names,
    put_back_hub,
    restore_hub,
    sync,
    unjoined,
    waiting,
    write_customer,
)
from support.key_changes import carry_stick


def position(hub: TestHub) -> int:
    """End of the hub's log."""
    with hub.app.hub.store.read() as snapshot:
        return snapshot.head().position


def gone_on(hub: TestHub, node: Installation, tmp_path: Path) -> tuple[TestHub, Path]:
    """A hub that was restored without losing anything, and a backup of long before that."""
    write_customer(node, 1, "first")
    sync(node, hub)
    old = back_up_hub(hub, tmp_path).rename(tmp_path / "old.db")
    write_customer(node, 2, "second")
    sync(node, hub)
    second = restore_hub(hub, back_up_hub(hub, tmp_path))
    sync(node, second)
    return second, old


def test_a_database_from_before_the_last_restore_is_not_served(hub: TestHub, node: Installation, tmp_path: Path):
    """Put back by hand it stays shut: what was confirmed since would be lost, and nobody would notice."""
    second, old = gone_on(hub, node, tmp_path)
    folder = put_back_hub(second, old)

    with pytest.raises(DatabaseBehind):
        open_hub(HubSettings(data_dir=folder))


def test_a_node_does_not_go_back_to_a_history_that_has_ended(hub: TestHub, node: Installation, tmp_path: Path):
    """Where the mark was lost with the disk, the node says that the hub is behind, and keeps everything."""
    second, old = gone_on(hub, node, tmp_path)
    folder = put_back_hub(second, old)
    (folder / "keys" / "high-water.json").unlink()
    write_customer(node, 3, "third")

    with pytest.raises(OutOfOrder) as caught:
        sync(node, open_test_hub(folder, hub.clock))

    assert (caught.value.reason, waiting(node)) == (Reason.HUB_BEHIND, 1)


def test_what_was_confirmed_comes_back_once_somebody_has_said_so(hub: TestHub, node: Installation, tmp_path: Path):
    """From the very backup that a node refuses to follow, `restored` leads on, with the mark lost or not."""
    second, old = gone_on(hub, node, tmp_path)
    put_back_hub(second, old)
    (second.app.settings.keys_dir / "high-water.json").unlink()

    third = restore_hub(second, old)
    sync(node, third)

    fresh = join_site(third, tmp_path / "fresh")
    sync(fresh, third)
    assert (waiting(node), names(fresh)) == (0, {1: "first", 2: "second"})


def test_work_from_before_both_restores_outlives_a_revocation(hub: TestHub, node: Installation, tmp_path: Path):
    """A revocation that was given in the forgotten history takes out what came behind its position, and no more."""
    stolen = join_site(hub, tmp_path / "stolen")
    write_customer(stolen, 1, "honest")
    sync(stolen, hub)
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    second = restore_hub(hub, backup)
    sync(stolen, second)
    honest_until = position(second)
    write_customer(stolen, 2, "invented")
    sync(stolen, second)
    lost = NodeId(stolen.node().identity.node_id)
    revoke_compromised(second.app.hub, lost, suspect_from=honest_until, reason="machine stolen")
    sync(node, second)

    third = restore_hub(second, backup)
    sync(node, third)
    sync(node, third)

    assert names(node) == {1: "honest"}


def test_a_site_with_sticks_alone_follows_a_second_restore(hub: TestHub, node: Installation, tmp_path: Path):
    """The hub's answer names the history that the site has read, though the restored database had never heard of it."""
    write_customer(node, 1, "first")
    carry_stick(hub, node)
    backup = back_up_hub(hub, tmp_path)
    second = restore_hub(hub, backup)
    write_customer(node, 2, "second")
    for _ in range(2):
        carry_stick(second, node)

    third = restore_hub(second, backup)
    write_customer(node, 3, "third")
    for _ in range(3):
        carry_stick(third, node)

    assert waiting(node) == 0


def test_nobody_is_healthy_before_a_restored_hub_has_heard_of_them(hub: TestHub, node: Installation, tmp_path: Path):
    """What the backup says of a node is of before the restore: the list says so until it has read the new history."""
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    write_customer(node, 1, "confirmed")
    sync(node, hub)

    restored = restore_hub(hub, backup)
    before = [line.state for line in list_nodes(restored.app.hub)]
    sync(node, restored)
    sync(node, restored)

    assert (before, [line.state for line in list_nodes(restored.app.hub)]) == (
        [NodeState.NOT_BACK],
        [NodeState.HEALTHY],
    )


def test_a_code_that_may_have_been_used_is_void_at_a_restored_hub(hub: TestHub, node: Installation, tmp_path: Path):
    """A machine had come in with it after the backup, and no second one does; a new code is good."""
    with hub.app.hub.store.read() as snapshot:
        (dealer_id,) = (row.dealer_id for row in snapshot.scan(DealerRow))
    code = invite_dealer(hub.app.hub, dealer_id).code
    backup = back_up_hub(hub, tmp_path)
    enrol_by(code, unjoined(tmp_path / "first"), hub)
    restored = restore_hub(hub, backup)

    with pytest.raises(Refused) as caught:
        enrol_by(code, unjoined(tmp_path / "second"), restored)

    assert caught.value.reason is Reason.CODE_EXPIRED
    enrol_by(invite_dealer(restored.app.hub, dealer_id).code, unjoined(tmp_path / "third"), restored)
