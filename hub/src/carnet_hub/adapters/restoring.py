"""Bringing a hub's database back from a replica or a copy, without ever writing over one.

Decides the order: everything happens to a scratch file; only a database whose integrity, log and tables are proved,
and in which a new hub epoch has begun, is renamed into the place of the lost one. A failure at any step leaves the
folder as it was, but for recall lists and plans that were missing there and are put back: trying again brings the same
ones. The keys are in no backup: they lie in the safe and must be in place before.

    no database in place, keys there -> fetch -> SQLite's check -> schema -> log and fold -> new hub epoch
                                     -> histories that ended and the hub's own orders, from newer backups -> renamed
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from carnet_hub.adapters.backups import folders_of, hub_on
from carnet_hub.adapters.newer_backups import NewerBackups
from carnet_hub.adapters.store import open_store, scratch_store
from carnet_hub.core.exchange.offers import take_from_backup
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.hub import Hub
from carnet_hub.core.lineage import Branch
from carnet_hub.core.log.restoring import examine_restored, open_epoch_after_restore
from carnet_hub.core.sets.histories import learn_branches, stated_branches
from carnet_hub.settings import HubSettings
from carnet_protocol.errors import Refused
from carnet_storage.adapters.attached import detach_folders
from carnet_storage.adapters.copying import scratch_folder
from carnet_storage.adapters.fetching import Choice, Stage, fetch_database, replica_of
from carnet_storage.adapters.placing import place_database, require_empty_place
from carnet_storage.adapters.sqlite_files import Progress, no_progress, settle_database
from carnet_storage.core.failures import DatabaseDamaged, NothingToRestore, PlanWrong, StorageFailure, WrongKey
from carnet_storage.core.limits import EPOCHS_PASSED_OVER
from carnet_storage.core.plan import Plan
from carnet_storage.core.sealing import Header
from carnet_storage.core.targets import Place


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that is in its place.

    Attributes:
        position: end of the restored log; nodes are asked for everything behind it.
        orders: sets of the hub's own that a newer backup brought.
        unread: newer backups that could not be opened, each with the reason.
        files: recall lists and plans that a copy brought back.
        knows_ended: whether histories of the hub were known beside its backups.
    """

    kind: str
    origin: str
    entries: int
    position: int
    orders: int
    unread: tuple[str, ...]
    files: int
    knows_ended: bool


def restore_database(
    settings: HubSettings,
    plan: Plan,
    hub_of: Callable[[Path], Hub],
    data_key: bytes,
    choice: Choice,
    *,
    outside: Sequence[Branch],
    stage: Stage,
    progress: Progress = no_progress,
) -> Restored:
    """Put a proved database into an empty place.

    Args:
        hub_of: the hub with its keys and the identity that a database file states.
        data_key: opens copies that were made without a passphrase.
        outside: histories of the hub that are known beside its backups.

    Raises:
        DatabaseExists: there is one already; it was not touched.
        StorageFailure, HubFailure: nothing fits, or what there is cannot be trusted; nothing was placed.
    """
    database = settings.database_file
    if database is None:
        raise PlanWrong("This hub runs on PostgreSQL.", "Restore it with PostgreSQL's own means.")
    require_empty_place(database)
    with scratch_folder(settings.backup_dir) as folder:
        scratch = folder / "restored.db"
        key_for = partial(_key_for, plan, data_key)
        fetched = fetch_database(plan, choice, folder, key_for, scratch, stage=stage, progress=progress)
        files = detach_folders(scratch, folders_of(settings))
        stage("checking log and fold")
        with hub_on(hub_of(scratch), scratch) as hub:
            entries = _proved_entries(hub, scratch)
            newest = _newest_replica(plan, folder, fetched.place)
            present = open_epoch_after_restore(hub, newest_replica=newest, outside=outside)
            stage("looking for later orders in newer backups")
            newer = NewerBackups(
                plan,
                folder,
                hub.hub_id.hex(),
                replica_too=choice.is_copy or choice.at_ms is not None,
                chosen_copy=fetched.origin if choice.is_copy else None,
                key_for=key_for,
            )
            orders = 0
            for path in newer.each():
                present, taken, put_back = _learn_from(present, hub_of, path, newer, folders_of(settings))
                orders, files = orders + taken, files + put_back
        settle_database(scratch)
        place_database(scratch, database, settings.backup_dir)
    position = present.histories[-1].position
    unread = tuple(newer.unread)
    return Restored(choice.kind, fetched.origin, entries, position, orders, unread, files, bool(outside))


def _proved_entries(hub: Hub, scratch: Path) -> int:
    """How many log entries a scratch database has, all of them proved."""
    try:
        with scratch_store(beside=scratch) as folded:
            entries, problem = examine_restored(hub, folded)
    except Refused as refusal:
        raise DatabaseDamaged("The restored database", f"it cannot be read ({refusal.reason.value})") from refusal
    if problem is not None:
        raise DatabaseDamaged("The restored database", problem)
    return entries


def _learn_from(
    present: Hub,
    hub_of: Callable[[Path], Hub],
    database: Path,
    newer: NewerBackups,
    folders: Mapping[str, Path],
) -> tuple[Hub, int, int]:
    """Take histories, the hub's own orders and its files from one newer backup; one that cannot be read is noted.

    Histories first: what an order says of positions is understood in the one it was given in.

    Returns: the hub as it is then, how many orders took effect, and how many files had been missing.
    """
    with ExitStack() as stack:
        try:
            put_back = detach_folders(database, folders)
            hub = stack.enter_context(hub_on(hub_of(database), database))
        except (HubFailure, StorageFailure, Refused) as failure:
            newer.unread.append(f"A newer backup cannot be read ({type(failure).__name__}).")
            return present, 0, 0
        if hub.hub_id != present.hub_id:
            return present, 0, put_back
        with hub.store.read() as snapshot:
            present = learn_branches(present, stated_branches(snapshot))
        return present, take_from_backup(present, hub), put_back


def _newest_replica(plan: Plan, folder: Path, fetched: Place) -> int:
    """The highest epoch that may have a replica, so that the restored hub takes another; at least that of its backup.

    While the target of the replicas cannot be asked, as many epochs are passed over as later restores may have used:
    two histories must never write to one place.
    """
    try:
        return max(replica_of(plan, folder).newest_epoch(fetched.source).ordinal, fetched.ordinal)
    except NothingToRestore:
        return fetched.ordinal
    except StorageFailure:
        return fetched.ordinal + EPOCHS_PASSED_OVER


def _key_for(plan: Plan, data_key: bytes, name: str, header: Header) -> bytes | str:
    if header.product != "hub":
        raise WrongKey(name, "it is the copy of a node")
    if header.key == "data-key":
        return data_key
    if plan.passphrase is None:
        raise WrongKey(name, "it was made with a backup passphrase, and none is set here")
    return plan.passphrase


def stated_settings(database: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """What a database file states about its hub.

    Raises:
        DatabaseDamaged: one of the names is missing.
    """
    with closing(open_store(f"sqlite:///{database.resolve()}")) as store:
        try:
            with store.read() as snapshot:
                found = {name: snapshot.setting(name) for name in names}
        except HubFailure as failure:
            raise DatabaseDamaged("The restored database", failure.what) from failure
    stated = {name: value for name, value in found.items() if value}
    if len(stated) != len(names):
        raise DatabaseDamaged("The restored database", "it does not say which hub it belongs to")
    return stated
