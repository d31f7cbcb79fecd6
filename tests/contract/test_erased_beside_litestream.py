"""A person is erased at hub and node while the real Litestream replicates the node: the receipt waits for the scrub."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from carnet_hub.core.upkeep.erasing import ReceiptState, erase_customer, show_receipts
from carnet_node.bootstrap import Installation, open_installation
from carnet_node.settings import NodeSettings
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import ErasureGroup
from carnet_storage.adapters.litestream_process import LitestreamChild
from carnet_storage.core.ports import Source
from carnet_storage.core.targets import FolderTarget
from support.canaries import hiding_in
from support.hub_apps import TestHub
from support.joined import customer_id, joined_pair, sync, write_customer
from support.supervising import replica_of, settings_of, supervise

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Litestream is not built for Windows")

CANARY = "Kanarienvogel-7Q4XZ"


@dataclass
class Replicated:
    """A node that leaves its write-ahead log to Litestream, and what replicates it."""

    node: Installation
    source: Source
    target: FolderTarget
    child: LitestreamChild

    def look(self) -> None:
        """One look of the supervisor that `serve` runs."""
        supervise(self.source, self.target, self.child, self.child.control, turns=1)

    @property
    def own_files(self) -> list[Path]:
        """The database and what SQLite keeps beside it."""
        return sorted(self.source.database.parent.glob("node.db*"))


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one site; its node lies beside it."""
    hub, node = joined_pair(tmp_path)
    node.store.close()
    return hub


@pytest.fixture
def site(hub: TestHub, tmp_path: Path) -> Iterator[Replicated]:
    """The node, replicated, with a person whom hub and replica know."""
    target = FolderTarget(tmp_path / "replica")
    target.path.mkdir()
    node = open_installation(NodeSettings(data_dir=tmp_path / "one", backup_replicate_to=str(target.path)))
    source = node.backup_parts().source
    child = LitestreamChild(settings_of(source, target))
    site = Replicated(node, source, target, child)
    write_customer(node, 1, CANARY)
    sync(node, hub)
    site.look()
    yield site
    child.release()


def erase(hub: TestHub) -> RecordId:
    """The operator erases everything about the person."""
    (order,) = erase_customer(hub.app.hub, customer_id(1), frozenset(ErasureGroup), ground="request").orders
    return order


def state_of(hub: TestHub, order: RecordId) -> ReceiptState:
    """What the hub says of the one node."""
    (receipt,) = show_receipts(hub.app.hub, order)
    return receipt.state


def test_a_node_confirms_when_its_log_is_empty(hub: TestHub, site: Replicated):
    """Until the supervisor's next look the value stands in the log and the node is missing; then both is over."""
    order = erase(hub)
    for _ in range(2):
        sync(site.node, hub)
    before = (state_of(hub, order), hiding_in(site.own_files, [CANARY]))

    site.look()
    sync(site.node, hub)

    assert before == (ReceiptState.MISSING, ["node.db-wal"])
    assert (state_of(hub, order), hiding_in(site.own_files, [CANARY])) == (ReceiptState.CONFIRMED, [])


def test_what_is_replicated_after_the_receipt_is_free_of_the_value(hub: TestHub, site: Replicated, tmp_path: Path):
    """The database that the replica gives back, and every file it got since, do not hold what its older files hold."""
    order = erase(hub)
    sync(site.node, hub)
    site.look()
    sync(site.node, hub)
    site.look()
    older = {path for path in site.target.path.rglob("*") if path.is_file()}

    write_customer(site.node, 2, "Somebody else")
    site.look()
    replica_of(site.source, site.target).restore(site.source.place(), tmp_path / "back.db")
    newer = {path for path in site.target.path.rglob("*") if path.is_file()} - older

    assert state_of(hub, order) is ReceiptState.CONFIRMED
    assert hiding_in(older, [CANARY]) != []
    assert newer != set()
    assert hiding_in([*newer, tmp_path / "back.db"], [CANARY]) == []
