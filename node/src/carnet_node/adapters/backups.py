"""Backups of this node: its database as a source, its keys as a sealer.

Decides what a backup of a node is measured by (its own log) and what it is sealed with (the data key, or the
passphrase an operator has set). The two wrappings of the data key travel with every backup: in the header of a copy,
and as a local fact inside the database, where a replica finds them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from carnet_node.adapters.keyring import DataKeyBox, Keyring
from carnet_node.adapters.recovery import RECOVERY, KeyFolder, recovery_fact
from carnet_node.adapters.rotating import SigningKeys
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.core.failures import NodeFailure
from carnet_node.core.log.rebuild import reproject_if_outdated
from carnet_node.core.node import Node
from carnet_node.core.ports import Files
from carnet_node.core.upkeep.restoring import examine_restored
from carnet_node.settings import NodeSettings
from carnet_protocol.errors import Refused
from carnet_storage.adapters.copying import Sealer
from carnet_storage.adapters.planning import plan_of
from carnet_storage.adapters.service import BackupParts
from carnet_storage.adapters.sqlite_files import opened
from carnet_storage.core.drill import LogFacts
from carnet_storage.core.failures import NotNow
from carnet_storage.core.ports import Clock, Entropy, RunBlocking
from carnet_storage.core.targets import Place

PRODUCT: Final = "node"


@dataclass(frozen=True)
class NodeSource:
    """`carnet_storage.core.ports.Source` of an enrolled node."""

    node: Node
    database: Path
    signing_keys: tuple[bytes, ...]
    store_of: Callable[[Path], SqliteNodeStore]

    def place(self) -> Place:
        """Id of the node, and the ordinal of its present epoch."""
        try:
            with self.node.store.read() as tx:
                chain = tx.chain()
        except NodeFailure as failure:
            raise NotNow("it does not answer") from failure
        if chain is None or chain.is_rejoining:
            raise NotNow("this node was restored and has not rejoined yet; its next epoch has a replica of its own")
        return Place(self.node.identity.node_id.hex(), chain.epoch_ordinal)

    def head(self) -> int:
        """The last own set's number in the log."""
        with opened(self.database, "The database") as connection:
            (head,) = connection.execute("SELECT coalesce(max(log_id), 0) FROM own_set").fetchone()
        return int(head)

    def facts(self, database: Path, up_to: int | None) -> LogFacts:
        """Count, head and digest over (number, nonce, hash) of own sets; none of these ever changes."""
        head = entries = 0
        digest = hashlib.sha256()
        statement = "SELECT log_id, nonce, set_hash FROM own_set"
        bound = "" if up_to is None else " WHERE log_id <= ?"
        values = () if up_to is None else (up_to,)
        with opened(database, "The database") as connection:
            for head, nonce, set_hash in connection.execute(f"{statement}{bound} ORDER BY log_id", values):
                digest.update(head.to_bytes(8, "big") + nonce + set_hash)
                entries += 1
        return LogFacts(head, entries, digest.digest())

    def examine(self, database: Path) -> str | None:
        """What is wrong with the log and the tables of a scratch database."""
        store = self.store_of(database)
        try:
            scratch = replace(self.node, store=store)
            reproject_if_outdated(scratch)
            _, problem = examine_restored(scratch, *self.signing_keys)
        except (NodeFailure, Refused) as failure:
            return f"it cannot be read: {type(failure).__name__}"
        finally:
            store.close()
        return problem

    def confirmed(self, head: int, *, is_elsewhere: bool) -> None:
        """Nobody waits for it at a node: the hub is its second backup."""


def backup_parts(
    settings: NodeSettings,
    node: Node,
    keyring: Keyring,
    files: Files,
    *,
    entropy: Entropy,
    clock: Clock,
    run_blocking: RunBlocking,
) -> BackupParts:
    """What backups of an enrolled node work with.

    Raises:
        PlanWrong: see `plan_of`.
        StoreBusy, StoreBroken: the wrappings cannot be kept in the database.
    """
    plan = plan_of(settings)
    wrappings = KeyFolder(settings.keys_dir, files).wrappings()
    keep_recovery(node, keyring.signing_public, wrappings)

    def store_of(database: Path) -> SqliteNodeStore:
        """The store on a scratch file, with this node's data key."""
        return SqliteNodeStore(database, DataKeyBox(keyring.data_key, entropy))

    return BackupParts(
        plan=plan,
        source=NodeSource(node, settings.database, SigningKeys(settings.keys_dir, files).public(), store_of),
        sealer=Sealer(PRODUCT, plan.passphrase or keyring.data_key, wrappings, settings.backup_dir, entropy),
        folder=settings.backup_dir,
        clock=clock,
        run_blocking=run_blocking,
    )


def keep_recovery(node: Node, signing_key: bytes, wrappings: dict[str, bytes]) -> None:
    """Keep in the database what a restore on another machine needs; writes only when it is news."""
    value = recovery_fact(signing_key, wrappings)
    with node.store.read() as tx:
        if tx.setting(RECOVERY) == value:
            return
    with node.store.write() as writing:
        writing.put_setting(RECOVERY, value)


def upgraded_store(database: Path, data_key: bytes, entropy: Entropy) -> SqliteNodeStore:
    """The store on a restored database, brought to this program's schema.

    Raises:
        StoreBroken: it is newer than this program, or a step failed.
    """
    upgrade(database)
    return SqliteNodeStore(database, DataKeyBox(data_key, entropy))
