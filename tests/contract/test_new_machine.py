"""A machine is lost and a new one of its site goes on: nothing is lost, and the old one, should it wake up, is told.

Node and hub are the product's own; only the sockets are left out.
"""

from pathlib import Path

import pytest

from carnet_hub.core.exchange.bundling import take_bundle
from carnet_node.adapters.rotating import rotate
from carnet_node.bootstrap import Installation, create_installation
from carnet_node.core.line.bundling import pack_for_hub
from carnet_node.core.log.rejoin import go_on_offline, take_over
from carnet_node.core.log.rejoin_state import OwnEpoch, RejoinState, save_rejoin
from carnet_node.core.store_failures import WritingStopped
from carnet_node.core.upkeep.doctor import verify_chain
from carnet_node.settings import NodeSettings
from carnet_protocol.hello import Situation
from support.hub_apps import TestHub
from support.joined import (
    back_up,
    back_up_hub,
    enrol,
    enrolled_with,
    moved_in,
    names,
    restore_database,
    restore_hub,
    sync,
    waiting,
    write_customer,
)


@pytest.fixture
def lost(pair: tuple[TestHub, Installation]) -> Installation:
    """The machine that is going to be lost."""
    return pair[1]


def test_the_old_machine_is_told_that_it_was_succeeded(hub: TestHub, lost: Installation, tmp_path: Path):
    """At its next contact the lost machine stops writing; what it had recorded meanwhile arrives all the same."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    backup = back_up(lost, tmp_path / "backup.db")
    new = moved_in(hub, lost, backup, tmp_path / "new")
    write_customer(lost, 2, "second")

    report = sync(lost, hub)
    sync(new, hub)

    assert (report.situation, waiting(lost)) == (Situation.SUPERSEDED, 0)
    assert names(new) == {1: "first", 2: "second"}
    with pytest.raises(WritingStopped):
        write_customer(lost, 3, "third")


def test_the_old_machine_takes_receipts_of_its_successor(hub: TestHub, lost: Installation, tmp_path: Path):
    """A set that both machines hold and the new one has sent is settled for the old one too, which is told plainly."""
    write_customer(lost, 1, "sent")
    sync(lost, hub)
    write_customer(lost, 2, "in the backup, never sent")
    moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")

    report = sync(lost, hub)

    assert (report.situation, report.push_failure, waiting(lost)) == (Situation.SUPERSEDED, None, 0)
    assert names(lost) == {1: "sent", 2: "in the backup, never sent"}


def test_the_new_machine_is_not_held_up_by_the_old_one(hub: TestHub, lost: Installation, tmp_path: Path):
    """Whatever the lost machine says, the new one goes on."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    new = moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")
    sync(lost, hub)
    write_customer(new, 2, "second")

    report = sync(new, hub)

    assert (report.situation, report.push.accepted, report.is_complete) == (Situation.GO, 1, True)


def test_people_may_let_the_old_machine_go_on(hub: TestHub, lost: Installation, tmp_path: Path):
    """After a take-over the old machine writes again, and the new one stays a machine of its own."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    new = moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")
    sync(lost, hub)

    take_over(lost.node())
    write_customer(lost, 2, "second")
    old, other = sync(lost, hub), sync(new, hub)

    assert (old.situation, other.situation) == (Situation.GO, Situation.GO)
    assert names(new) == {1: "first", 2: "second"}


@pytest.mark.parametrize(
    "was_sent", [pytest.param(False, id="which no line has seen"), pytest.param(True, id="which the hub has forgotten")]
)
def test_the_old_machine_is_told_whatever_its_last_epoch(
    hub: TestHub, lost: Installation, tmp_path: Path, *, was_sent: bool
):
    """It had been restored and worked on in an epoch that the hub does not hold: its successor states it."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    database, hub_database = back_up(lost, tmp_path / "before.db"), back_up_hub(hub, tmp_path)
    write_customer(lost, 2, "second")
    sync(lost, hub)
    restored = restore_database(lost, database)
    go_on_offline(restored.node())
    write_customer(restored, 3, "in its second epoch")
    if was_sent:
        sync(restored, hub)
        hub = restore_hub(hub, hub_database)
    new = moved_in(hub, restored, back_up(restored, tmp_path / "backup.db"), tmp_path / "new")
    sync(new, hub)

    reports = [sync(restored, hub) for _ in range(2)]

    assert Situation.SUPERSEDED in [one.situation for one in reports]


def test_epochs_of_its_own_do_not_count_for_the_old_machine(hub: TestHub, lost: Installation, tmp_path: Path):
    """A restored hub does not know what the new machine has closed; people let the old one go on all the same."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    new = enrolled_with(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")
    enrolled = back_up_hub(hub, tmp_path)
    sync(new, hub)
    for number in (2, 3):
        database = back_up(new, tmp_path / f"{number}.db")
        write_customer(new, number, "in a closed epoch")
        sync(new, hub)
        new = restore_database(new, database)
        go_on_offline(new.node())
    hub = restore_hub(hub, enrolled)
    sync(new, hub)
    take_over(lost.node())

    reports = [sync(lost, hub) for _ in range(2)]

    assert [one.situation for one in reports] == [Situation.GO, Situation.GO]


def test_a_machine_of_another_site_succeeds_nobody(hub: TestHub, lost: Installation, tmp_path: Path):
    """What a node states about epochs of a foreign site changes nothing there."""
    hub.add_dealer("B002")
    write_customer(lost, 1, "first")
    sync(lost, hub)
    stranger = create_installation(NodeSettings(data_dir=tmp_path / "stranger"))
    enrol(stranger, hub, "B002")
    with lost.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    with stranger.store.write() as tx:
        save_rejoin(tx, RejoinState(former_epochs=(OwnEpoch(chain.epoch, chain.epoch_ordinal),)))
    sync(stranger, hub)

    assert sync(lost, hub).situation is Situation.GO


def test_an_old_stick_of_the_lost_machine_is_welcome(hub: TestHub, lost: Installation, tmp_path: Path):
    """A bundle that lay in a drawer is taken after another machine has gone on, and its work shows there."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    backup = back_up(lost, tmp_path / "backup.db")
    write_customer(lost, 2, "on the stick")
    stick = pack_for_hub(lost.node(), software="test").plain
    new = moved_in(hub, lost, backup, tmp_path / "new")

    take_bundle(hub.app.hub, stick)
    sync(new, hub)

    assert names(new) == {1: "first", 2: "on the stick"}


def test_a_change_of_keys_that_never_left_is_not_in_the_way(hub: TestHub, lost: Installation, tmp_path: Path):
    """The lost machine had changed its key and not sent that: its successor has a key of its own, and goes on."""
    write_customer(lost, 1, "first")
    sync(lost, hub)
    rotate(lost.node(), lost.keyring, lost.signing_keys, lost.entropy)
    write_customer(lost, 2, "second")
    new = moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")
    write_customer(new, 3, "third")

    report = sync(new, hub)

    assert (report.is_complete, waiting(new)) == (True, 0)
    assert names(new) == {1: "first", 2: "second", 3: "third"}
    assert verify_chain(new.node(), *new.signing_keys.public())[1] is None
