"""Bringing a node's database back from a replica or a copy, without ever writing over one.

Decides the order: everything happens to a scratch file in a private folder, and only a database whose integrity, log
and tables are proved, and in which every known erasure is applied, is renamed into the place of the lost one. A
failure at any step leaves the folder as it was.

    no database in place -> fetch -> SQLite's check -> the data key -> schema -> log and fold -> known erasures
                         -> marked as restored -> renamed
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from carnet_node.adapters.backups import read_recovery, upgraded_store
from carnet_node.adapters.high_water import HighWaterFile
from carnet_node.adapters.keyring import DATA_FILE, Keyring, open_keyring
from carnet_node.adapters.recovery import KeyFolder, unwrap_data_key
from carnet_node.adapters.rotating import SigningKeys
from carnet_node.adapters.system import DiskFiles, SystemClock, SystemEntropy
from carnet_node.core.failures import KeysUnreadable, NotEnrolled
from carnet_node.core.node import Node
from carnet_node.core.rebuild import reproject_if_outdated
from carnet_node.core.records import OWN_KEY_ID
from carnet_node.core.rejoin import mark_restored
from carnet_node.core.restoring import RestoredFacts, apply_known_erasures, examine_restored
from carnet_node.core.store_failures import StoreBroken
from carnet_node.settings import NodeSettings
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import Refused
from carnet_protocol.ids import RecordId
from carnet_storage.adapters.copying import copies_at, find_copy, open_copy, scratch_folder
from carnet_storage.adapters.placing import place_database, require_empty_place
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.sqlite_files import Progress, connect, no_progress, settle_database
from carnet_storage.core.failures import CopyDamaged, DatabaseDamaged, NothingToRestore, WrongKey
from carnet_storage.core.plan import Plan
from carnet_storage.core.ports import Copies
from carnet_storage.core.sealing import Header

Stage = Callable[[str], None]
"""Called with what is being done now, for people."""


@dataclass(frozen=True)
class Choice:
    """What somebody wants back.

    Attributes:
        is_copy: from an encrypted copy instead of the replica.
        source: id of the node as hexadecimal text; None when the target holds backups of one only.
        at_ms: the newest state that is not younger; None for the newest.
        copy_name: exactly this copy.
        recovery: the printed passphrase, for a folder without the data key.
    """

    is_copy: bool
    source: str | None = None
    at_ms: int | None = None
    copy_name: str | None = None
    recovery: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that is in its place.

    Attributes:
        kind: `litestream` or `copy`.
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
    choice: Choice,
    *,
    stage: Stage,
    progress: Progress = no_progress,
) -> Restored:
    """Put a proved database into an empty place.

    Args:
        plan: where backups lie.

    Raises:
        DatabaseExists: there is one already; it was not touched.
        StorageFailure: nothing fits, or what there is cannot be trusted; nothing was placed.
        KeysUnreadable: the data key is not to be had; nothing was placed.
    """
    require_empty_place(settings.database)
    with scratch_folder(settings.backup_dir) as folder:
        scratch = folder / "restored.db"
        fetched = _Fetch(settings, plan, choice, stage, progress)
        origin = fetched.into(scratch)
        keyring, data_key, wrappings = fetched.keys(scratch)
        later = fetched.later_erasures(folder)
        stage("checking signatures, chain and fold")
        restored = _prove(settings, scratch, keyring, data_key, later=later, origin=origin, choice=choice)
        settle_database(scratch)
        if keyring is None:
            KeyFolder(settings.keys_dir, DiskFiles()).put_back(data_key, wrappings, SystemEntropy())
        place_database(scratch, settings.database, settings.backup_dir)
    return restored


class _Fetch:
    """Where a database comes from, and with which key it is read."""

    def __init__(self, settings: NodeSettings, plan: Plan, choice: Choice, stage: Stage, progress: Progress) -> None:
        self._settings = settings
        self._plan = plan
        self._choice = choice
        self._stage = stage
        self._progress = progress
        self._unwrapped: bytes | None = None

    def into(self, scratch: Path) -> str:
        """Fetch the database; its place of origin in words."""
        return self._from_copy(scratch) if self._choice.is_copy else self._from_replica(scratch, self._choice.at_ms)

    def keys(self, scratch: Path) -> tuple[Keyring | None, bytes, dict[str, bytes]]:
        """The keys of this folder if it has its data key, the data key, and its wrapped copies from the backup."""
        keyring = self._own_keys()
        with closing(upgraded_store(scratch, bytes(32), SystemEntropy())) as store, store.read() as tx:
            _, wrappings = read_recovery(tx)
        if keyring is not None:
            return keyring, keyring.data_key, wrappings
        if self._unwrapped is None:
            self._unwrapped = self._unwrap(wrappings)
        return None, self._unwrapped, wrappings

    def later_erasures(self, folder: Path) -> list[tuple[RecordId, int]]:
        """Erasures that the newest backup knows and the wanted moment does not."""
        if self._choice.at_ms is None and self._choice.copy_name is None:
            return []
        self._stage("looking for erasures that came later")
        newest = folder / "newest.db"
        if not self._choice.is_copy:
            self._from_replica(newest, None)
            return erasures_in(newest)
        return erasures_in(newest) if self._open_newest(newest) else []

    def _open_newest(self, newest: Path) -> bool:
        """Open the newest copy that is whole; False when the wanted one is the newest of these."""
        copies, target = self._copies()
        wanted = find_copy(copies, target, self._choice.source, at_ms=self._choice.at_ms, name=self._choice.copy_name)
        for name in copies.list(wanted.place.source):
            if name.made_at_ms <= wanted.made_at_ms:
                break
            try:
                open_copy(copies, name, partial(self._key_for, name.text), newest)
            except (CopyDamaged, DatabaseDamaged):
                continue
            return True
        return False

    def _from_replica(self, scratch: Path, at_ms: int | None) -> str:
        target = self._plan.replicate_to
        if target is None:
            raise NothingToRestore("Litestream", "no target is set for it")
        replica = Replica(target, self._plan.secrets, self._settings.backup_dir)
        source = self._choice.source or replica.only_source()
        found = replica.newest_epoch(source)
        self._stage(f"restoring from {target.shown}/{found.replica_path}")
        replica.restore(found, scratch, at_ms=at_ms)
        return f"{target.shown}/{found.replica_path}"

    def _from_copy(self, scratch: Path) -> str:
        copies, target = self._copies()
        choice = self._choice
        name = find_copy(copies, target, choice.source, at_ms=choice.at_ms, name=choice.copy_name)
        self._stage(f"opening {name.text}")
        open_copy(copies, name, partial(self._key_for, name.text), scratch, self._progress)
        return name.text

    def _copies(self) -> tuple[Copies, str]:
        target = self._plan.copy_to
        if target is None:
            raise NothingToRestore("encrypted copies", "no target is set for them")
        return copies_at(target, self._plan.secrets), target.shown

    def _key_for(self, name: str, header: Header) -> bytes | str:
        keyring = self._own_keys()
        if keyring is None:
            self._unwrapped = self._unwrap(header.wrappings)
        if header.key == "passphrase":
            if self._plan.passphrase is None:
                raise WrongKey(name, "it was made with a backup passphrase, and none is set here")
            return self._plan.passphrase
        return keyring.data_key if keyring is not None else self._unwrapped or b""

    def _own_keys(self) -> Keyring | None:
        if not (self._settings.keys_dir / DATA_FILE).exists():
            return None
        return open_keyring(self._settings.keys_dir, DiskFiles())

    def _unwrap(self, wrappings: dict[str, bytes]) -> bytes:
        """The data key of a lost machine, by the printed passphrase."""
        if self._choice.recovery is None:
            raise KeysUnreadable(DATA_FILE, "it is not in this folder; give the printed recovery passphrase")
        return unwrap_data_key(wrappings, self._choice.recovery)


def erasures_in(database: Path) -> list[tuple[RecordId, int]]:
    """Every erasure a database knows: (record, groups as a bit mask)."""
    with closing(connect(database)) as connection:
        rows = connection.execute("SELECT record, groups FROM erased_groups ORDER BY record").fetchall()
    return [(RecordId(record), groups) for record, groups in rows]


def _prove(
    settings: NodeSettings,
    scratch: Path,
    keyring: Keyring | None,
    data_key: bytes,
    *,
    later: list[tuple[RecordId, int]],
    origin: str,
    choice: Choice,
) -> Restored:
    """Check a scratch database, apply erasures, mark it."""
    entropy = SystemEntropy()
    with closing(upgraded_store(scratch, data_key, entropy)) as store:
        with store.read() as tx:
            identity, own_key_id, (named, _) = tx.identity(), tx.setting(OWN_KEY_ID), read_recovery(tx)
        here = SigningKeys(settings.keys_dir, DiskFiles()).public()
        if identity is None:
            raise DatabaseDamaged("The restored database", "it belongs to no dealer site")
        if named is None and not here:
            raise NotEnrolled("the backup does not name its signing key")
        signer = keyring if keyring is not None else _NoSigner()
        high_water = HighWaterFile(settings.keys_dir, DiskFiles())
        node = Node(identity, store, SystemClock(), entropy, signer, high_water)
        facts = _facts_of(node, *here, *(() if named is None else (named,)))
        erasures = apply_known_erasures(node, [*erasures_in(scratch), *later])
        mark_restored(node)
    is_same = own_key_id is not None and own_key_id in map(key_id_of, here)
    kind = "copy" if choice.is_copy else "litestream"
    return Restored(kind, origin, facts, identity.site_code, is_same, erasures)


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
