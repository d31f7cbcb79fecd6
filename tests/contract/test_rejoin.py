"""A restored, forked or copied node and its hub: nothing is lost, nothing is there twice, nobody overwrites anybody."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.rows import EvidenceRow, LogKind, LogRow
from carnet_node.bootstrap import Installation, create_installation, open_installation
from carnet_node.core.line.bundling import take_from_hub
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.log.rejoin import go_on_offline, mark_restored, take_over
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.store_failures import Rejoining, WritingStopped
from carnet_node.settings import NodeSettings
from carnet_protocol.hello import Situation
from support.hub_apps import TestHub
from support.joined import (
    back_up,
    copy_disk,
    enrol,
    moved_in,
    names,
    own_chain,
    restore_database,
    sync,
    waiting,
    write_customer,
)
from support.key_changes import answer_to, carry_stick, stick_of


def with_history(hub: TestHub, node: Installation, tmp_path: Path) -> tuple[Installation, Path]:
    """A node whose second and third customer reached the hub after its backup."""
    write_customer(node, 1, "first")
    sync(node, hub)
    backup = back_up(node, tmp_path / "backup.db")
    write_customer(node, 2, "second")
    write_customer(node, 3, "third")
    sync(node, hub)
    return node, backup


def admitted(hub: TestHub, node: Installation) -> Counter[bytes]:
    """How often each set of a node was folded at the hub, by nonce."""
    node_id = node.node().identity.node_id
    with hub.app.hub.store.read() as snapshot:
        return Counter(
            row.nonce for row in snapshot.scan(LogRow) if row.node_id == node_id and row.kind == LogKind.ADMIT
        )


def test_a_restored_database_takes_its_lost_work_back(hub: TestHub, node: Installation, tmp_path: Path):
    """What was recorded after the backup and reached the hub is back after one round, with its verdicts."""
    node, backup = with_history(hub, node, tmp_path)

    restored = restore_database(node, backup)
    report = sync(restored, hub)

    assert names(restored) == {1: "first", 2: "second", 3: "third"}
    assert (report.situation, report.is_complete, waiting(restored)) == (Situation.GO, True, 0)
    assert check_rebuild(restored.node()).differences == ()


def test_a_restored_database_goes_on_under_a_new_epoch(hub: TestHub, node: Installation, tmp_path: Path):
    """No place of the old epoch is used again: the first new set opens the next one."""
    node, backup = with_history(hub, node, tmp_path)
    restored = restore_database(node, backup)
    sync(restored, hub)

    write_customer(restored, 4, "fourth")
    sync(restored, hub)

    with hub.app.hub.store.read() as snapshot:
        epochs = sorted(snapshot.epochs([restored.node().identity.node_id]), key=lambda row: row.ordinal)
    assert own_chain(restored) == (2, 1)
    assert [(row.ordinal, row.head_seq) for row in epochs] == [(1, 3), (2, 1)]
    assert (epochs[1].parent_epoch, epochs[1].parent_seq) == (epochs[0].epoch, 3)


def test_nothing_is_written_before_a_restored_database_has_rejoined(hub: TestHub, node: Installation, tmp_path: Path):
    """The mark outside the database shows at the start that it was restored."""
    node, backup = with_history(hub, node, tmp_path)
    restored = restore_database(node, backup)

    with pytest.raises(Rejoining):
        write_customer(restored, 4, "fourth")

    assert names(restored) == {1: "first"}


def test_a_restore_that_lost_nothing_still_opens_a_new_epoch(hub: TestHub, node: Installation, tmp_path: Path):
    """Whoever has put a backup in place says so; nobody can know what else was written meanwhile."""
    write_customer(node, 1, "first")
    sync(node, hub)
    mark_restored(node.node())

    sync(node, hub)
    write_customer(node, 2, "second")

    assert own_chain(node) == (2, 1)


def test_without_a_line_the_desk_goes_on_and_is_reconciled_later(hub: TestHub, node: Installation, tmp_path: Path):
    """A new epoch at once, marked unreconciled; the next contact brings what was lost and takes the mark away."""
    node, backup = with_history(hub, node, tmp_path)
    restored = restore_database(node, backup)
    restored.node()
    go_on_offline(restored.node())
    write_customer(restored, 4, "fourth")
    with restored.store.read() as tx:
        before = load_rejoin(tx).is_unreconciled

    report = sync(restored, hub)

    with restored.store.read() as tx:
        after = load_rejoin(tx).is_unreconciled
    assert (before, after, report.is_complete) == (True, False, True)
    assert names(restored) == {1: "first", 2: "second", 3: "third", 4: "fourth"}
    assert check_rebuild(restored.node()).differences == ()


def test_work_that_had_not_left_before_the_restore_is_still_sent(hub: TestHub, node: Installation, tmp_path: Path):
    """A set in the backup that the hub never got goes out under its old epoch, before the new one."""
    write_customer(node, 1, "first")
    sync(node, hub)
    write_customer(node, 2, "second")
    restored = restore_database(node, back_up(node, tmp_path / "backup.db"))
    mark_restored(restored.node())
    go_on_offline(restored.node())
    write_customer(restored, 3, "third")

    sync(restored, hub)

    assert (waiting(restored), set(admitted(hub, restored).values())) == (0, {1})
    with hub.app.hub.store.read() as snapshot:
        epochs = snapshot.epochs([restored.node().identity.node_id])
    assert sorted((row.ordinal, row.head_seq) for row in epochs) == [(1, 2), (2, 1)]


def test_a_forked_node_emits_its_work_again_and_nothing_is_there_twice(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """A disk image that wrote on before it met the hub: both bodies stand, each set is folded once."""
    write_customer(node, 1, "first")
    sync(node, hub)
    image = copy_disk(node, tmp_path / "image")
    write_customer(node, 2, "second")
    sync(node, hub)
    write_customer(image, 3, "third")
    write_customer(image, 4, "fourth")

    report = sync(image, hub)

    assert (report.push.emitted_again, waiting(image)) == (2, 0)
    assert names(image) == {1: "first", 2: "second", 3: "third", 4: "fourth"}
    assert set(admitted(hub, image).values()) == {1}
    assert check_rebuild(image.node()).differences == ()


def test_both_bodies_of_a_fork_are_kept(hub: TestHub, node: Installation, tmp_path: Path):
    """The set that could not be taken is evidence at the hub; the one that stands there stays."""
    image = copy_disk(node, tmp_path / "image")
    write_customer(node, 1, "first")
    sync(node, hub)
    write_customer(image, 2, "second")

    sync(image, hub)

    with hub.app.hub.store.read() as snapshot:
        kept = list(snapshot.scan(EvidenceRow))
    assert [(row.seq, row.reason) for row in kept] == [(1, "fork")]


def test_the_older_copy_is_told_and_stops_writing(hub: TestHub, node: Installation, tmp_path: Path):
    """Once the other copy has opened an epoch, this one keeps its data readable and refuses to record."""
    image = copy_disk(node, tmp_path / "image")
    write_customer(node, 1, "first")
    sync(node, hub)
    write_customer(image, 2, "second")
    sync(image, hub)

    report = sync(node, hub)

    assert report.situation is Situation.SUPERSEDED
    assert names(node) == {1: "first", 2: "second"}
    with pytest.raises(WritingStopped):
        write_customer(node, 3, "third")


def test_a_superseded_copy_hands_its_work_over(hub: TestHub, node: Installation, tmp_path: Path):
    """What the old copy had recorded reaches the hub, emitted again if need be, and supersedes nobody."""
    image = copy_disk(node, tmp_path / "image")
    third = copy_disk(node, tmp_path / "third")
    for number, copy in enumerate((node, image, third), start=1):
        write_customer(copy, number, "somebody")
    sync(node, hub)
    sync(image, hub)

    sync(third, hub)
    final = sync(image, hub)

    assert (waiting(third), final.situation, set(admitted(hub, image).values())) == (0, Situation.GO, {1})
    assert names(image) == {1: "somebody", 2: "somebody", 3: "somebody"}


def test_the_copy_that_is_meant_takes_over(hub: TestHub, node: Installation, tmp_path: Path):
    """The dealer decides which machine goes on: it writes again, and the other one is told."""
    image = copy_disk(node, tmp_path / "image")
    write_customer(node, 1, "first")
    sync(node, hub)
    write_customer(image, 2, "second")
    sync(image, hub)
    sync(node, hub)

    take_over(node.node())
    write_customer(node, 3, "third")
    mine, other = sync(node, hub), sync(image, hub)

    assert (mine.situation, other.situation) == (Situation.GO, Situation.SUPERSEDED)
    assert names(node) == {1: "first", 2: "second", 3: "third"}


def test_many_lost_sets_come_back_in_pieces(hub: TestHub, node: Installation, tmp_path: Path):
    """More than one answer carries comes with the next hellos of the same round."""
    backup = back_up(node, tmp_path / "backup.db")
    for number in range(1, 251):
        write_customer(node, number, f"customer {number}", note="x" * 4000)
    sync(node, hub)

    restored = restore_database(node, backup)
    sync(restored, hub)

    assert (len(names(restored)), waiting(restored), own_chain(restored)) == (250, 0, (2, 0))


def test_a_new_machine_goes_on_with_the_database_of_a_lost_one(hub: TestHub, node: Installation, tmp_path: Path):
    """It enrols as another node of the site, emits again what the hub had not judged, and nothing is there twice."""
    write_customer(node, 1, "first")
    backup = back_up(node, tmp_path / "backup.db")
    sync(node, hub)
    write_customer(node, 2, "second")
    sync(node, hub)

    fresh = create_installation(NodeSettings(data_dir=tmp_path / "new"))
    shutil.copyfile(node.settings.keys_dir / "data.key", fresh.settings.keys_dir / "data.key")
    fresh = restore_database(fresh, backup)
    with fresh.store.write() as tx:
        chain = tx.chain()
        assert chain is not None
        tx.put_chain(replace(chain, is_rejoining=True))
    enrol(fresh, hub)
    report = sync(fresh, hub)
    write_customer(fresh, 3, "third")
    sync(fresh, hub)

    assert (report.is_complete, names(fresh)) == (True, {1: "first", 2: "second", 3: "third"})
    assert (own_chain(fresh), set(admitted(hub, node).values())) == ((1, 2), {1})
    assert check_rebuild(fresh.node()).differences == ()


def test_an_old_stick_stops_nobody_whom_people_let_go_on(hub: TestHub, node: Installation, tmp_path: Path):
    """An answer from before a copy was made the one that goes on does not say who leads now."""
    write_customer(node, 1, "first")
    sync(node, hub)
    twin = copy_disk(node, tmp_path / "twin")
    node = open_installation(node.settings)
    take_over(twin.node())
    write_customer(twin, 2, "of the twin")
    sync(twin, hub)
    old = answer_to(hub, stick_of(node))
    take_from_hub(node.node(), old)
    take_over(node.node())
    write_customer(node, 3, "third")
    for _ in range(2):
        carry_stick(hub, node)

    take_from_hub(node.node(), old)
    write_customer(node, 4, "fourth")

    assert names(node) == {1: "first", 2: "of the twin", 3: "third", 4: "fourth"}


def test_an_old_stick_of_an_epoch_that_the_hub_never_held_stops_nobody(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """Where the hub held nothing of the epoch that an answer is about, the time at which the hello was packed tells."""
    twin = copy_disk(node, tmp_path / "twin")
    node = open_installation(node.settings)
    for one, epochs in ((node, 1), (twin, 2)):
        for _ in range(epochs):
            take_over(one.node())
    write_customer(twin, 1, "of the twin")
    sync(twin, hub)
    old = answer_to(hub, stick_of(node))
    take_from_hub(node.node(), old)
    with pytest.raises(WritingStopped):
        write_customer(node, 2, "second")
    take_over(node.node())

    take_from_hub(node.node(), old)
    write_customer(node, 2, "second")

    assert waiting(node) == 1


def test_a_stick_stops_a_replaced_machine_whose_epoch_the_hub_never_held(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """A machine that wakes up is told by stick as well, though it had opened its last epoch without a line."""
    write_customer(node, 1, "first")
    sync(node, hub)
    take_over(node.node())
    write_customer(node, 2, "second")
    moved_in(hub, node, back_up(node, tmp_path / "node.db"), tmp_path / "new")

    carry_stick(hub, node)

    with pytest.raises(WritingStopped):
        write_customer(node, 3, "third")
