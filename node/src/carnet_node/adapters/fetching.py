"""Getting a node's database out of a replica, a copy or another machine's folder, into a scratch file.

Decides where it comes from, with which key it is read, and where else somebody may know of erasures that came later.
Which backup a choice means is decided in `carnet_storage.adapters.fetching`. Places nothing and proves nothing
(`restoring`).

    chosen                 fetched from                                   erasures that came later
    ---------------------  ---------------------------------------------  -------------------------------------------
    a replica              the newest epoch begun by then, at a moment    every backup that is newer than the moment,
    a copy                 the newest not younger, or the one named       of either form, as far as it can be asked
    another folder         its database, as it is now                     the same
"""

from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from carnet_node.adapters.backups import upgraded_store
from carnet_node.adapters.keyring import DATA_FILE, Keyring, open_keyring, read_data_key
from carnet_node.adapters.recovery import KeyFolder, read_recovery
from carnet_node.adapters.system import DiskFiles, SystemEntropy
from carnet_node.core.failures import KeysUnreadable
from carnet_node.settings import NodeSettings
from carnet_protocol.ids import RecordId
from carnet_storage.adapters.copying import open_copy
from carnet_storage.adapters.fetching import Choice, Stage, copies_of, fetch_database, replica_of
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.sqlite_files import Progress, check_integrity, connect, copy_database, remove_database
from carnet_storage.core.failures import NothingToRestore, StorageFailure, WrongKey
from carnet_storage.core.plan import Plan
from carnet_storage.core.sealing import Header

Unwrap = Callable[[Mapping[str, bytes]], bytes]
"""The data key behind its wrapped copies, by file name; raises what it likes when it has none."""

_SECOND_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class RestoreFrom:
    """Where a lost database is to come from.

    Attributes:
        backup: which of the backups; not looked at beside `former`, but for the source.
        former: the data folder of another machine, instead of a backup.
        unwrap: how a folder without the data key gets it; None when nobody has said.
    """

    backup: Choice
    former: Path | None = None
    unwrap: Unwrap | None = None

    @property
    def kind(self) -> str:
        """For programs: `folder`, `copy` or `litestream`."""
        return self.backup.kind if self.former is None else "folder"


class Fetch:
    """One database on its way into a scratch file."""

    def __init__(
        self, settings: NodeSettings, plan: Plan, wanted: RestoreFrom, stage: Stage, progress: Progress
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._from = wanted
        self._stage = stage
        self._progress = progress
        self._unwrapped: bytes | None = None
        self._moment_ms = 0
        self._source = wanted.backup.source

    def into(self, scratch: Path) -> str:
        """Fetch the database; its place of origin in words.

        Raises:
            StorageFailure, KeysUnreadable: see `restoring.restore_database`.
        """
        if self._from.former is not None:
            return self._from_folder(self._from.former, scratch)
        return self._from_backup(scratch)

    def keys(self, scratch: Path) -> tuple[Keyring | None, bytes, Mapping[str, bytes]]:
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
        """Erasures that a newer backup knows. One that cannot be asked is named, and does not hold up the restore.

        Args:
            folder: for the newer databases.
        """
        found: list[tuple[RecordId, int]] = []
        for which, fetch in (("copy", self._newer_copy), ("replica", self._newer_replica)):
            newer = folder / f"newer-{which}.db"
            try:
                found += erasures_in(newer) if fetch(newer) else []
            except StorageFailure as failure:
                self._stage(f"no newer {which} could be asked for erasures: {failure.what}")
            finally:
                remove_database(newer)
        return found

    def highest_ordinal(self) -> int:
        """The highest epoch of which the targets hold anything, so that a replica is never shared; 0 when none says."""
        found = [0]
        with suppress(StorageFailure):
            found += [one.place.ordinal for one in copies_of(self._plan)[0].list(self._source) if self._source]
        with suppress(StorageFailure):
            replica, source = self._replica()
            found.append(replica.newest_epoch(source).ordinal)
        return max(found)

    def _newer_copy(self, to: Path) -> bool:
        """Open the newest copy that is whole and newer than what was chosen."""
        if self._plan.copy_to is None:
            return False
        copies, _ = copies_of(self._plan)
        names = [one for one in copies.list(self._source) if one.made_at_ms > self._moment_ms]
        if len({one.place.source for one in names}) != 1:
            return False
        self._stage("looking for erasures that came later")
        for name in names:
            try:
                open_copy(copies, name, partial(self._key_for, name.text), to)
            except StorageFailure:
                continue
            return True
        return False

    def _newer_replica(self, to: Path) -> bool:
        """Restore the newest replica when it ends after what was chosen."""
        is_newest = self._from.kind == "litestream" and self._from.backup.at_ms is None
        if self._plan.replicate_to is None or is_newest:
            return False
        replica, source = self._replica()
        place = replica.newest_epoch(source)
        if replica.history(place).to_ms <= self._moment_ms:
            return False
        self._stage("looking for erasures that came later")
        replica.restore(place, to)
        return True

    def _from_folder(self, former: Path, scratch: Path) -> str:
        database = self._former_settings(former).database
        if not database.is_file():
            raise NothingToRestore(str(former), f"there is no {database.name}")
        self._stage(f"copying {database}")
        copy_database(database, scratch, self._progress)
        check_integrity(scratch, f"The database in {former}")
        self._moment_ms = int(database.stat().st_mtime * _SECOND_MS)
        return str(former)

    def _former_settings(self, former: Path) -> NodeSettings:
        return self._settings.model_copy(update={"data_dir": former})

    def _from_backup(self, scratch: Path) -> str:
        folder, stage = self._settings.backup_dir, self._stage
        fetched = fetch_database(
            self._plan, self._from.backup, folder, self._key_for, scratch, stage=stage, progress=self._progress
        )
        self._source = fetched.place.source
        if fetched.moment_ms is None:
            self._moment_ms = replica_of(self._plan, folder).history(fetched.place).to_ms
        else:
            self._moment_ms = fetched.moment_ms
        return fetched.origin

    def _replica(self) -> tuple[Replica, str]:
        replica = replica_of(self._plan, self._settings.backup_dir)
        return replica, self._source or replica.only_source()

    def _key_for(self, name: str, header: Header) -> bytes | str:
        keyring = self._own_keys()
        if keyring is None and self._unwrapped is None:
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

    def _unwrap(self, wrappings: Mapping[str, bytes]) -> bytes:
        """The data key of a lost machine: from its folder, by the printed passphrase, or through the hub."""
        former = None if self._from.former is None else self._former_settings(self._from.former).keys_dir
        if former is not None and (former / DATA_FILE).exists():
            return read_data_key(former, DiskFiles())
        if self._from.unwrap is None:
            raise KeysUnreadable(DATA_FILE, "it is not in this folder; give the printed recovery passphrase")
        beside = KeyFolder(former, DiskFiles()).wrappings() if former is not None else {}
        return self._from.unwrap({**wrappings, **beside})


def erasures_in(database: Path) -> list[tuple[RecordId, int]]:
    """Every erasure a database knows: (record, groups as a bit mask)."""
    with closing(connect(database)) as connection:
        rows = connection.execute("SELECT record, groups FROM erased_groups ORDER BY record").fetchall()
    return [(RecordId(record), groups) for record, groups in rows]
