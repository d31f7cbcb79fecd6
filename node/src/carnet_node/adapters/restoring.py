"""Bringing a node's database back from a replica or a copy, without ever writing over one.

Decides the order: everything happens to a scratch file in a private folder, and only a database whose integrity, log
and tables are proved, and in which every known erasure is applied, is renamed into the place of the lost one. A
failure at any step leaves the folder as it was.

    no database in place -> fetch -> SQLite's check -> the data key -> schema -> log and fold -> known erasures
                         -> marked as restored -> renamed
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from carnet_node.adapters.backups import upgraded_store
from carnet_node.adapters.fetching import Fetch, RestoreFrom, erasures_in
from carnet_node.adapters.high_water import HighWaterFile
from carnet_node.adapters.keyring import Keyring, data_key_check_of
from carnet_node.adapters.recovery import KeyFolder, read_recovery
from carnet_node.adapters.rotating import SigningKeys
from carnet_node.adapters.system import DiskFiles, SystemClock, SystemEntropy
from carnet_node.core.failures import NotEnrolled
from carnet_node.core.log.own_keys import require_data_key
from carnet_node.core.log.rebuild import reproject_if_outdated
from carnet_node.core.log.rejoin import mark_restored
from carnet_node.core.node import Node
from carnet_node.core.records import OWN_KEY_ID
from carnet_node.core.store_failures import StoreBroken
from carnet_node.core.upkeep.restoring import RestoredFacts, apply_known_erasures, examine_restored
from carnet_node.settings import NodeSettings
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import Refused
from carnet_protocol.ids import RecordId
from carnet_storage.adapters.copying import scratch_folder
from carnet_storage.adapters.fetching import Stage
from carnet_storage.adapters.placing import place_database, require_empty_place
from carnet_storage.adapters.sqlite_files import Progress, no_progress, settle_database
from carnet_storage.core.failures import DatabaseDamaged
from carnet_storage.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that is in its place.

    Attributes:
        kind: `litestream`, `copy` or `folder`.
        is_same_machine: the key it signed with is here, or was replaced here.
        erasures: orders that were applied to it.
    """

    kind: str
    origin: str
    facts: RestoredFacts
    site_code: str
    is_same_machine: bool
    erasures: int


def restore_database(
    settings: NodeSettings,
    plan: Plan,
    wanted: RestoreFrom,
    *,
    stage: Stage,
    progress: Progress = no_progress,
) -> Restored:
    """Put a proved database into an empty place.

    Args:
        plan: where backups lie.
        wanted: which of them, or another folder.

    Raises:
        DatabaseExists: there is one already; it was not touched.
        StorageFailure: nothing fits, or what there is cannot be trusted; nothing was placed.
        KeysUnreadable: the data key is not to be had, or is another database's; nothing was placed.
    """
    require_empty_place(settings.database)
    with scratch_folder(settings.backup_dir) as folder:
        scratch = folder / "restored.db"
        fetched = Fetch(settings, plan, wanted, stage, progress)
        origin = fetched.into(scratch)
        keyring, data_key, wrappings = fetched.keys(scratch)
        later, highest = fetched.later_erasures(folder), fetched.highest_ordinal()
        stage("checking signatures, chain and fold")
        restored = _prove(
            settings, scratch, keyring, data_key, later=later, highest_ordinal=highest, origin=origin, wanted=wanted
        )
        settle_database(scratch)
        if keyring is None:
            KeyFolder(settings.keys_dir, DiskFiles()).put_back(data_key, wrappings, SystemEntropy())
        place_database(scratch, settings.database, settings.backup_dir)
    return restored


def _prove(
    settings: NodeSettings,
    scratch: Path,
    keyring: Keyring | None,
    data_key: bytes,
    *,
    later: list[tuple[RecordId, int]],
    highest_ordinal: int,
    origin: str,
    wanted: RestoreFrom,
) -> Restored:
    """Check a scratch database, apply erasures, mark it."""
    entropy = SystemEntropy()
    with closing(upgraded_store(scratch, data_key, entropy)) as store:
        require_data_key(store, data_key_check_of(data_key))
        with store.read() as tx:
            identity, own_key_id, (named, _) = tx.identity(), tx.setting(OWN_KEY_ID), read_recovery(tx)
        here = SigningKeys(settings.keys_dir, DiskFiles()).public()
        if identity is None:
            raise DatabaseDamaged("The restored database", "it belongs to no dealer site")
        known = (*here, *_former_keys(settings, wanted), *(() if named is None else (named,)))
        if not known:
            raise NotEnrolled("the backup does not name its signing key")
        signer = keyring if keyring is not None else _NoSigner()
        high_water = HighWaterFile(settings.keys_dir, DiskFiles())
        node = Node(identity, store, SystemClock(), entropy, signer, high_water)
        facts = _facts_of(node, *known)
        erasures = apply_known_erasures(node, [*erasures_in(scratch), *later])
        mark_restored(node, highest_ordinal=highest_ordinal)
    is_same = own_key_id is not None and own_key_id in map(key_id_of, here)
    return Restored(wanted.kind, origin, facts, identity.site_code, is_same, erasures)


def _former_keys(settings: NodeSettings, wanted: RestoreFrom) -> tuple[bytes, ...]:
    """The public keys beside the database of another machine."""
    if wanted.former is None:
        return ()
    folder = settings.model_copy(update={"data_dir": wanted.former}).keys_dir
    return SigningKeys(folder, DiskFiles()).public()


def _facts_of(node: Node, *signing_keys: bytes) -> RestoredFacts:
    """What is in a restored database, all of it proved.

    Raises:
        DatabaseDamaged: it cannot be read, or does not verify.
    """
    try:
        reproject_if_outdated(node)
        facts, problem = examine_restored(node, *signing_keys)
    except (StoreBroken, Refused) as error:
        raise DatabaseDamaged("The restored database", f"it cannot be read ({type(error).__name__})") from error
    if problem is not None:
        raise DatabaseDamaged("The restored database", problem)
    return facts


class _NoSigner:
    """A node that is only looked at signs nothing."""

    key_id = bytes(16)

    def sign(self, message: bytes) -> bytes:
        """See `carnet_protocol.envelope.Signer`."""
        raise AssertionError(f"a restored database signs nothing ({len(message)} bytes)")
