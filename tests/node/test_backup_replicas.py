"""A node's replica: what it gives back, and that no two branches of one history ever share one."""

import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from carnet_node.bootstrap import open_installation
from carnet_node.settings import NodeSettings
from carnet_storage.core.failures import NotNow
from support.cli_node import CliNode
from support.node_backups import add_customer, lose_database, supervise_until_confirmed

LISTED_TO_S = 1.1
"""A replica's moments are listed to the second."""


@pytest.mark.skipif(os.name == "nt", reason="Litestream is not built for Windows")
def test_what_litestream_confirmed_comes_back(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """Work confirmed while `serve` supervises is there after a restore from the replica, and its child has ended."""
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))
    customer = add_customer(node)

    supervise_until_confirmed(node.data, head=1)

    lose_database(node)
    restored = node("restore")
    assert (restored["kind"], restored["sets"], restored["origin"][-7:]) == ("litestream", 1, "epoch-1")
    assert node("customers", "show", customer)["customer"]["id"] == customer
    assert not (node.data / "backup" / "litestream.pid").exists()


def test_an_older_state_is_listed_for_litestream(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """`backup list` says which span a replica covers, and `backup status` how it goes."""
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))
    add_customer(node)
    supervise_until_confirmed(node.data, head=1)

    (row,) = node("backup", "list")

    assert (row["kind"], row["epoch"]) == ("litestream", 1)
    told = node("backup", "status")["litestream"]
    assert (told["lag_seconds"], told["last_error"], told["heals"]) == (0, None, 0)
    assert told["last_confirmed_at"] is not None


def test_no_connection_checkpoints_beside_litestream(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """With replication on, no connection of the node copies the write-ahead log back by itself."""
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))

    installation = open_installation(NodeSettings(data_dir=node.data))

    with installation.store.write() as tx:
        (pages,) = tx._connection.execute("PRAGMA wal_autocheckpoint").fetchone()
    assert pages == 0


def test_a_restored_desk_replicates_only_into_its_next_epoch(
    node: CliNode, copies: Path, monkeypatch: pytest.MonkeyPatch
):
    """Until a restored node has rejoined nothing is sent to the replica of its former self; then it has its own."""
    add_customer(node)
    node("backup", "now")
    lose_database(node)
    node("restore")
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))
    source = open_installation(NodeSettings(data_dir=node.data)).backup_parts().source

    with pytest.raises(NotNow):
        source.place()
    node("rejoin", "--offline")

    add_customer(node, "After the restore")
    supervise_until_confirmed(node.data, head=2)
    (folder,) = (node.folder / "replica").iterdir()
    assert [one.name for one in folder.iterdir() if one.is_dir()] == ["epoch-2"]


def a_second_after(instant: str) -> str:
    """The moment behind a listed one, which was rounded down."""
    return (datetime.fromisoformat(instant) + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")


def test_a_moment_before_the_last_epoch_comes_out_of_the_replica_of_then(
    node: CliNode, copies: Path, monkeypatch: pytest.MonkeyPatch
):
    """Every epoch's span is listed, and a restore to a time takes the epoch that was open then."""
    add_customer(node)
    node("backup", "now")
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))
    supervise_until_confirmed(node.data, head=1)
    time.sleep(LISTED_TO_S)
    lose_database(node)
    node("restore", "--from", "litestream")
    node("rejoin", "--offline")
    add_customer(node, "In the second epoch")
    supervise_until_confirmed(node.data, head=2)
    listed = [one for one in node("backup", "list") if one["kind"] == "litestream"]
    lose_database(node)

    restored = node("restore", "--from", "litestream", "--at", a_second_after(listed[-1]["to"]))

    assert [one["epoch"] for one in listed] == [2, 1]
    assert (restored["sets"], restored["origin"][-7:]) == (1, "epoch-1")


def test_two_restores_of_one_copy_never_share_a_replica(node: CliNode, copies: Path, monkeypatch: pytest.MonkeyPatch):
    """A copy restored twice without a line gives two branches; each has an epoch, and so a replica, of its own."""
    add_customer(node)
    name = node("backup", "now")["name"]
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))

    for branch in ("one", "two"):
        lose_database(node)
        node("restore", "--name", name)
        node("rejoin", "--offline")
        add_customer(node, f"Branch {branch}")
        supervise_until_confirmed(node.data, head=2)

    (folder,) = (node.folder / "replica").iterdir()
    assert sorted(one.name for one in folder.iterdir() if one.is_dir()) == ["epoch-2", "epoch-3"]


def test_two_machines_with_one_copy_never_share_a_replica(node: CliNode, copies: Path, monkeypatch: pytest.MonkeyPatch):
    """The same copy restored on two disks, with the same keys: the second one finds the replica of the first."""
    add_customer(node)
    node("backup", "now")
    lose_database(node)
    shutil.copytree(node.data, node.folder / "twin" / "data")
    twin = CliNode(node.folder / "twin", node.capsys)
    (node.folder / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(node.folder / "replica"))

    for machine in (node, twin):
        machine("restore", "--from", "copy")
        machine("rejoin", "--offline")
        add_customer(machine, "Somebody")
        supervise_until_confirmed(machine.data, head=2)

    (folder,) = (node.folder / "replica").iterdir()
    assert sorted(one.name for one in folder.iterdir() if one.is_dir()) == ["epoch-2", "epoch-3"]
