"""The one place where adapters are built and joined into a hub.

Decides which adapter stands behind which port, and what a new hub consists of: keys, tables, an id, an epoch and, as
the first entry of its log, its own public keys. Tests and the simulator call the same functions with ports of their
own.
"""

from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carnet_hub.adapters.activated_models import ActivatedModels
from carnet_hub.adapters.high_water import HubMarkFile
from carnet_hub.adapters.keyring import (
    DATA_FILE,
    EXCHANGE_FILE,
    EXPORT_FILE,
    SIGN_FILE,
    DataKeyBox,
    Keyring,
    create_keyring,
    finish_keyring,
    is_unfinished,
    load_keyring,
)
from carnet_hub.adapters.law_files import LawFolder
from carnet_hub.adapters.logging import LoggedAlarms
from carnet_hub.adapters.profile_files import ProfileFolder
from carnet_hub.adapters.recall_files import ListFolder, PlanFolder, ReportFolder, SegmentFolder
from carnet_hub.adapters.relink_scratch import sweep_scratch
from carnet_hub.adapters.schema import upgrade_schema
from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.adapters.system import DiskFiles, SystemClock, SystemEntropy, run_blocking
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.exchange.enrolment import PublicKeys
from carnet_hub.core.failures import AlreadyInitialised, DatabaseEmpty, HubFailure, KeysUnreadable, NotInitialised
from carnet_hub.core.hub import Hub
from carnet_hub.core.lineage import Branch
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.log.rebuild import note_fold, rebuild_if_outdated
from carnet_hub.core.ports import Alarms, Clock, Entropy, Files, RunBlocking
from carnet_hub.core.sets.histories import check_mark, load_branches, load_histories, open_new_hub_epoch
from carnet_hub.core.sets.present import HUB_EPOCH
from carnet_hub.core.upkeep.own_keys import DATA_KEY_CHECK, commit_to_data_key, foreign_keys, has_foreign_data_key
from carnet_hub.settings import HubSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.hello import HubEpoch
from carnet_protocol.ids import RECORD_RANDOM_BYTES, HubId, new_record_id
from carnet_protocol.kinds import REGISTRY
from carnet_storage.adapters.sqlite_files import Progress, settle_database

if TYPE_CHECKING:
    from carnet_hub.adapters.published_reports import PublishedReports
    from carnet_hub.adapters.restoring import Restored
    from carnet_storage.adapters.fetching import Choice, Stage
    from carnet_storage.adapters.service import BackupParts

HUB_ID: Final = "hub_id"
NODE_ID: Final = "node_id"

_FILE_OF: Final[Mapping[str, str]] = {"sign": SIGN_FILE, "exchange": EXCHANGE_FILE, "export": EXPORT_FILE}
_FOREIGN: Final = "it is not the key that this hub's database was begun with"
_SIZES: Final[Mapping[str, int]] = {HUB_ID: 16, HUB_EPOCH: 8, NODE_ID: 16}
"""What a hub is known by, and how many random bytes each is."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What a hub gets from outside; the defaults are the machine it runs on."""

    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    alarms: Alarms = field(default_factory=LoggedAlarms)
    files: Files = field(default_factory=DiskFiles)
    run_blocking: RunBlocking = run_blocking


@dataclass(frozen=True, slots=True)
class HubApp:
    """A hub with everything its entry points need.

    Attributes:
        keys: as an enrolment answer states them.
    """

    settings: HubSettings
    hub: Hub
    keyring: Keyring = field(repr=False)
    keys: PublicKeys
    segments: SegmentFolder
    lists: ListFolder
    plans: PlanFolder
    law: LawFolder
    profiles: ProfileFolder
    reports: ReportFolder
    files: Files
    store: SqlStore
    run_blocking: RunBlocking
    mark: HubMarkFile

    def backup_parts(self) -> "BackupParts":
        """What backups work with.

        Raises:
            PlanWrong: a target or file cannot be used, or the hub runs on PostgreSQL.
        """
        from carnet_hub.adapters.backups import backup_parts  # noqa: PLC0415  (most commands back nothing up)

        return backup_parts(self.settings, self.hub, self.keyring.data_key, run_blocking=self.run_blocking)

    def published_reports(self) -> "PublishedReports":
        """The reports that regulators may download."""
        from carnet_hub.adapters.published_reports import PublishedReports  # noqa: PLC0415  (most commands need none)

        return PublishedReports(self.settings.published_dir, self.files, self.keyring.export.public_pem())

    def close(self) -> None:
        """Note how far the log has come, and let go of the database.

        A mark that finds no room must not hide what a command ended with: it follows with the next hello.
        """
        try:
            with suppress(OSError):
                self.mark.raise_now(self.hub)
        finally:
            self.store.close()


def init_hub(settings: HubSettings, ports: Ports | None = None) -> HubApp:
    """Make a new hub in an empty folder and an empty database, or finish one that was cut short.

    Order: a mark beside the keys, the keys, one transaction with id, epoch and own public keys, the mark gone.

    Raises:
        AlreadyInitialised: keys lie there, or the database has an id; neither is touched.
        HubFailure: the database cannot be used; the same call again goes on.
    """
    ports = ports or Ports()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        store = _opened_store(settings, stack)
        identity = _identity(store)
        is_new = not all(identity.values())
        if not is_new and not is_unfinished(settings.keys_dir):
            raise AlreadyInitialised(str(settings.data_dir))
        keyring = create_keyring(settings.keys_dir, ports.files, ports.entropy)
        if is_new:
            identity = {name: ports.entropy.random_bytes(size) for name, size in _SIZES.items()}
        app = _join(settings, ports, store, keyring, identity)
        if is_new:
            _begin_log(app, identity)
        finish_keyring(settings.keys_dir)
        stack.pop_all()
    return app


def open_hub(settings: HubSettings, ports: Ports | None = None) -> HubApp:
    """The hub that lives in a folder and its database.

    Raises:
        NotInitialised: none does, or its `init` was cut short.
        DatabaseEmpty: its keys are there, its database is not.
        KeysUnreadable: a key is missing, damaged or open to others, or not the one its database was begun with.
        DatabaseBehind: it was restored, and nobody has said so yet.
        HubFailure: the database cannot be used.
    """
    app = _open(settings, ports)
    try:
        mark = app.mark.read()
        with app.store.read() as snapshot:
            check_mark(snapshot, app.hub.hub_epoch, mark)
        if mark is None or mark.hub_epoch != app.hub.hub_epoch:
            with suppress(OSError):  # nobody was told anything yet: it follows with the first hello
                app.mark.raise_now(app.hub)
    except HubFailure:
        app.store.close()
        raise
    return app


def open_restored_hub(settings: HubSettings, ports: Ports | None = None) -> HubApp:
    """The hub whose database was put in place from a backup: under a new hub epoch.

    Raises:
        HubFailure: as `open_hub`, whatever the mark says; with a damaged one, nothing was changed.
    """
    app = _open(settings, ports)
    try:
        mark = app.mark.read()
    except HubFailure:
        app.store.close()
        raise
    return replace(app, hub=open_new_hub_epoch(app.hub, () if mark is None else mark.branches))


def _open(settings: HubSettings, ports: Ports | None) -> HubApp:
    ports = ports or Ports()
    if not settings.keys_dir.is_dir():
        raise _without_keys(settings)
    sweep_scratch(settings.data_dir)
    is_lost = settings.database_file is not None and not settings.database_file.exists()
    if is_lost and not is_unfinished(settings.keys_dir):
        raise DatabaseEmpty(str(settings.keys_dir))  # looking would make an empty one
    with ExitStack() as stack:
        store = _opened_store(settings, stack)
        identity = _identity(store)
        is_known = all(identity.values())
        if is_known:
            finish_keyring(settings.keys_dir)
        elif is_unfinished(settings.keys_dir):
            raise NotInitialised(str(settings.data_dir))
        keyring = load_keyring(settings.keys_dir, ports.files)
        if not is_known:
            raise DatabaseEmpty(str(settings.keys_dir))
        with store.read() as snapshot:
            histories, branches = load_histories(snapshot), load_branches(snapshot)
        app = _join(settings, ports, store, keyring, identity, histories=histories, branches=branches)
        _require_own_keys(app)
        rebuild_if_outdated(app.hub)
        stack.pop_all()
    return app


def _without_keys(settings: HubSettings) -> HubFailure:
    """Keys in no folder: a hub that was never made here, or one whose keys are lost while its database is not."""
    if settings.database_file is not None and settings.database_file.exists():
        return KeysUnreadable(SIGN_FILE, "it is missing, and so are all others")
    return NotInitialised(str(settings.data_dir))


def _require_own_keys(app: HubApp) -> None:
    with app.store.read() as snapshot:
        foreign = foreign_keys(snapshot, app.hub.registry, _public_keys(app))
    if foreign:
        raise KeysUnreadable(_FILE_OF[foreign[0]], _FOREIGN)
    _require_data_key(app)
    commit_to_data_key(app.hub, app.keyring.data_key_check)


def _require_data_key(app: HubApp) -> None:
    with app.store.read() as snapshot:
        if has_foreign_data_key(snapshot, app.keyring.data_key_check):
            raise KeysUnreadable(DATA_FILE, _FOREIGN)


def _opened_store(settings: HubSettings, stack: ExitStack) -> SqlStore:
    """The database with its tables; closed with the stack."""
    store = open_store(settings.url, busy_ms=settings.busy_ms, is_replicated=settings.is_replicated)
    stack.callback(store.close)
    upgrade_schema(store)
    return store


def _identity(store: SqlStore) -> dict[str, bytes]:
    """Who the hub is; empty values for a database that has never heard of one."""
    with store.read() as snapshot:
        return {name: snapshot.setting(name) or b"" for name in _SIZES}


def _begin_log(app: HubApp, identity: Mapping[str, bytes]) -> None:
    """Id, epoch and own public keys, in one transaction: all of it or nothing."""
    with app.store.write() as transaction:
        for name, value in identity.items():
            transaction.set_setting(name, value)
        transaction.set_setting(DATA_KEY_CHECK, app.keyring.data_key_check)
        note_fold(transaction)
        write_in(app.hub, transaction, _own_keys(app))


def restore_hub(
    settings: HubSettings, choice: "Choice", *, stage: "Stage", progress: Progress, ports: Ports | None = None
) -> "Restored":
    """Bring a lost SQLite database back, for a hub whose keys are in place.

    Raises:
        KeysUnreadable: a key is missing, damaged or open to others, or not the one the backup was begun with.
        StorageFailure, HubFailure: see `adapters.restoring.restore_database`; nothing was placed.
    """
    from carnet_hub.adapters.backups import plan_of  # noqa: PLC0415  (most commands restore nothing)
    from carnet_hub.adapters.restoring import restore_database, stated_settings  # noqa: PLC0415  (likewise)

    ports = ports or Ports()
    if not settings.keys_dir.is_dir():
        raise KeysUnreadable(SIGN_FILE, "it is missing, and so are all others; keys are in no backup")
    keyring = load_keyring(settings.keys_dir, ports.files)
    move_empty_aside(settings)

    def hub_of(database: Path) -> Hub:
        """The hub that a restored database says it is, with the keys that are in place."""
        store = open_store(f"sqlite:///{database.resolve()}")
        stated = stated_settings(database, (HUB_ID, HUB_EPOCH, NODE_ID))
        app = _join(settings, ports, store, keyring, stated)
        try:
            _require_data_key(app)
        finally:
            store.close()  # what proves and places the file opens it by itself, and alone
        return app.hub

    mark = HubMarkFile(settings.keys_dir, ports.files).read()
    return restore_database(
        settings,
        plan_of(settings),
        hub_of,
        keyring.data_key,
        choice,
        outside=() if mark is None else mark.branches,
        stage=stage,
        progress=progress,
    )


def move_empty_aside(settings: HubSettings) -> Path | None:
    """Rename a database that never belonged to a hub: a command on a lost one has made it, and nothing is in it.

    Returns: its new name; None when there is none, or one that holds a hub.
    """
    database = settings.database_file
    if database is None or not database.exists():
        return None
    with closing(open_store(settings.url)) as store:
        upgrade_schema(store)
        with store.read() as snapshot:
            if snapshot.setting(HUB_ID) is not None or snapshot.head().position:
                return None
    settle_database(database)
    return database.rename(database.with_name(f"{database.name}.empty"))


def _join(
    settings: HubSettings,
    ports: Ports,
    store: SqlStore,
    keyring: Keyring,
    identity: Mapping[str, bytes],
    *,
    histories: tuple[HubEpoch, ...] = (),
    branches: tuple[Branch, ...] = (),
) -> HubApp:
    box = DataKeyBox(keyring.data_key, ports.entropy)
    segments = SegmentFolder(settings.segments_dir, ports.files)
    hub = Hub(
        HubId(identity[HUB_ID]),
        identity[HUB_EPOCH],
        identity[NODE_ID],
        keyring.sign.public_key,
        keyring.sign,
        store,
        ports.clock,
        ports.entropy,
        box,
        ports.alarms,
        histories=histories,
        branches=branches,
        weigher=ShippedWeigher(),
        models=ActivatedModels(HubId(identity[HUB_ID]), keyring.sign.public_key, ports.alarms),
        segments=segments,
        counts_superseded=settings.counts_superseded,
    )
    return HubApp(
        settings,
        hub,
        keyring,
        PublicKeys(keyring.exchange_public, keyring.export.public_key),
        segments,
        ListFolder(settings.lists_dir, ports.files),
        PlanFolder(settings.plans_dir, ports.files),
        LawFolder(settings.law_dir, ports.files),
        ProfileFolder(settings.profiles_dir, ports.files),
        ReportFolder(settings.reports_dir, ports.files),
        ports.files,
        store,
        ports.run_blocking,
        HubMarkFile(settings.keys_dir, ports.files),
    )


def _own_keys(app: HubApp) -> tuple[Draft, ...]:
    """The hub's public keys as records for every node."""
    now_ms = app.hub.clock.now_ms()
    return tuple(
        Draft(
            REGISTRY["hub_key"],
            new_record_id(now_ms, app.hub.entropy.random_bytes(RECORD_RANDOM_BYTES)),
            {"purpose": purpose, "public_key": key, "status": "active"},
        )
        for purpose, key in _public_keys(app).items()
    )


def _public_keys(app: HubApp) -> dict[str, bytes]:
    """The public halves of the keys that lie here, by purpose."""
    return {"sign": app.hub.public_key, "exchange": app.keys.exchange, "export": app.keys.export}
