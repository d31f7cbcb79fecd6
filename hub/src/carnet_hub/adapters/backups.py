"""Backups of this hub: its settings as a plan, its database as a source, its data key as a sealer.

Decides what a backup of a hub is measured by (its log) and what a confirmed one does: once a copy lies on another
machine, nodes are told how far it reaches. A hub on PostgreSQL is backed up with PostgreSQL's own means.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from carnet_hub.adapters.schema import upgrade_schema
from carnet_hub.adapters.store import open_store, scratch_store
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.restoring import backup_epoch, examine_restored, note_backup
from carnet_hub.core.ports import RunBlocking, StoreError
from carnet_hub.settings import HubSettings
from carnet_protocol.errors import Refused
from carnet_storage.adapters import planning
from carnet_storage.adapters.copying import Sealer
from carnet_storage.adapters.service import BackupParts
from carnet_storage.adapters.sqlite_files import opened
from carnet_storage.core.drill import LogFacts
from carnet_storage.core.failures import NotNow, PlanWrong
from carnet_storage.core.plan import Plan
from carnet_storage.core.targets import Place

PRODUCT: Final = "hub"


@dataclass(frozen=True)
class HubSource:
    """`carnet_storage.core.ports.Source` of a hub on SQLite."""

    hub: Hub
    database: Path

    def place(self) -> Place:
        """Id of the hub, and which replica it writes to."""
        with _answering(), self.hub.store.read() as snapshot:
            return Place(self.hub.hub_id.hex(), backup_epoch(snapshot))

    def head(self) -> int:
        """Position of the last log entry."""
        with _answering(), self.hub.store.read() as snapshot:
            return snapshot.head().position

    def facts(self, database: Path, up_to: int | None) -> LogFacts:
        """Count, head and digest over (position, kind, nonce, hash) of log entries; none of these ever changes."""
        head = entries = 0
        digest = hashlib.sha256()
        statement = "SELECT position, kind, nonce, coalesce(set_hash, x'') FROM log"
        bound = "" if up_to is None else " WHERE position <= ?"
        values = () if up_to is None else (up_to,)
        with opened(database, "The database") as connection:
            for head, kind, nonce, set_hash in connection.execute(f"{statement}{bound} ORDER BY position", values):
                digest.update(head.to_bytes(8, "big") + bytes([kind]) + nonce + set_hash)
                entries += 1
        return LogFacts(head, entries, digest.digest())

    def examine(self, database: Path) -> str | None:
        """What is wrong with the log and the tables of a scratch database."""
        try:
            with hub_on(self.hub, database) as hub, scratch_store(beside=database) as scratch:
                _, problem = examine_restored(hub, scratch)
        except (HubFailure, StoreError, Refused) as failure:
            return f"it cannot be read: {type(failure).__name__}"
        return problem

    def confirmed(self, head: int, *, is_elsewhere: bool) -> None:
        """Tell nodes how far a copy on another machine reaches."""
        if is_elsewhere:
            with _answering():
                note_backup(self.hub, head)


@contextmanager
def _answering() -> Iterator[None]:
    """A hub's database that has no answer now, as a failure of the backup and not of the hub."""
    try:
        yield
    except StoreError as error:
        raise NotNow("it does not answer") from error


def plan_of(settings: HubSettings) -> Plan:
    """What the settings ask for.

    Raises:
        PlanWrong: a target or file cannot be used, or the hub runs on PostgreSQL.
    """
    is_asked = bool(settings.backup_replicate_to or settings.backup_copy_to)
    if is_asked and settings.database_file is None:
        raise PlanWrong(
            "Backups are set, and the hub runs on PostgreSQL.",
            "Take the settings away and use PostgreSQL's own backups (pg_basebackup and WAL archiving).",
        )
    return planning.plan_of(settings)


def folders_of(settings: HubSettings) -> dict[str, Path]:
    """The folders whose files travel with a copy, which no database holds.

    Recall lists and imported plans; the operator's calendar, duties and report profiles; manifests of the reports made,
    with what each can be made again from.
    """
    return {
        "segments": settings.segments_dir,
        "plans": settings.plans_dir,
        "law": settings.law_dir,
        "profiles": settings.profiles_dir,
        "reports": settings.reports_dir,
    }


def backup_parts(settings: HubSettings, hub: Hub, data_key: bytes, *, run_blocking: RunBlocking) -> BackupParts:
    """What backups of a hub work with.

    Raises:
        PlanWrong: see `plan_of`.
    """
    plan = plan_of(settings)
    return BackupParts(
        plan=plan,
        source=HubSource(hub, settings.database_file or Path()),
        sealer=Sealer(PRODUCT, plan.passphrase or data_key, {}, settings.backup_dir, hub.entropy, folders_of(settings)),
        folder=settings.backup_dir,
        clock=hub.clock,
        run_blocking=run_blocking,
    )


@contextmanager
def hub_on(hub: Hub, database: Path) -> Iterator[Hub]:
    """The same hub on another database file, brought to this program's schema; closed afterwards.

    Raises:
        StoreError: newer than this program, or not readable.
    """
    store = open_store(f"sqlite:///{database.resolve()}")
    try:
        upgrade_schema(store)
        yield replace(hub, store=store)
    finally:
        store.close()
