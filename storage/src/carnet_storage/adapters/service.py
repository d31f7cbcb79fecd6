"""Everything about backups that runs beside `serve`: replication, copies, a daily drill, the status file.

Decides when. What is done stands in `replicator`, `copying` and `drilling`. Ends only when it is cancelled; what
fails is told in the status and in the log, and tried again.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import structlog

from carnet_storage.adapters.claiming import claim_place
from carnet_storage.adapters.copying import MadeCopy, Sealer, copies_at, make_copy, remove_leftovers
from carnet_storage.adapters.drilling import LITESTREAM, drill_copy, drill_replica
from carnet_storage.adapters.expiring import expire_replicas
from carnet_storage.adapters.library import SQLITE_VERSION
from carnet_storage.adapters.litestream_process import ChildSettings, LitestreamChild, find_program
from carnet_storage.adapters.marking import require_same_target
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.replicator import Replicator
from carnet_storage.adapters.small_files import read_status, write_status
from carnet_storage.adapters.sqlite_files import Progress, no_progress
from carnet_storage.core.drill import DrillReport
from carnet_storage.core.failures import PlanWrong, StorageFailure, TargetMissing
from carnet_storage.core.library import require_safe_library
from carnet_storage.core.limits import DRILL_EVERY_MS, FIRST_DRILL_MS, RETRY_COPY_MS, WATCH_S
from carnet_storage.core.plan import Plan
from carnet_storage.core.ports import Clock, RunBlocking, Source
from carnet_storage.core.status import (
    BackupStatus,
    CopyStatus,
    DrillStatus,
    ReplicationStatus,
    refusal_of,
    with_drill,
)
from carnet_storage.core.targets import Place

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BackupParts:
    """What backups of one installation work with.

    Attributes:
        folder: private, beside the database: status, locks, scratch files.
    """

    plan: Plan
    source: Source
    sealer: Sealer
    folder: Path
    clock: Clock
    run_blocking: RunBlocking


class BackupService:
    """The tasks and the status they share."""

    def __init__(self, parts: BackupParts) -> None:
        self._parts = parts
        self._status = read_status(parts.folder) or BackupStatus()
        self._started_ms = parts.clock.now_ms()

    def check(self) -> None:
        """Refuse at start what can never work.

        Raises:
            LibraryUnsafe, ReplicatorMissing: with replication on.
        """
        if self._parts.plan.replicate_to is not None:
            require_safe_library(SQLITE_VERSION)
            find_program()

    async def run(self) -> None:
        """Keep backups until cancelled."""
        parts = self._parts
        await parts.run_blocking(lambda: remove_leftovers(parts.folder))
        self._forget_what_is_off()
        async with anyio.create_task_group() as tasks:
            if parts.plan.replicate_to is not None:
                tasks.start_soon(self._replicate)
            if parts.plan.is_on:
                tasks.start_soon(self._keep_times)

    async def _replicate(self) -> None:
        parts, plan = self._parts, self._parts.plan
        target = plan.replicate_to
        if target is None:
            return
        settings = ChildSettings(parts.source.database, parts.folder, target, plan.secrets, plan.sync_interval_ms)
        child = LitestreamChild(settings)
        replica = Replica(target, plan.secrets, parts.folder)
        try:
            await Replicator(
                parts.source,
                target,
                child,
                child.control,
                clock=parts.clock,
                run_blocking=parts.run_blocking,
                told=self._told,
                is_elsewhere=plan.is_elsewhere(target),
                claim=lambda place: claim_place(parts.folder, target, replica, place),
                require_there=lambda: require_same_target(parts.folder, target),
            ).run()
        finally:
            child.release()

    async def _keep_times(self) -> None:
        tried_ms = 0
        while True:
            now_ms = self._parts.clock.now_ms()
            if self._is_copy_due(now_ms) and now_ms - tried_ms >= RETRY_COPY_MS:
                tried_ms = now_ms
                await self._copy()
            if self._is_drill_due(now_ms):
                await self._drill()
            await self._parts.clock.sleep(WATCH_S)

    async def _copy(self) -> None:
        try:
            await self._parts.run_blocking(lambda: copy_now(self._parts))
        except (StorageFailure, OSError) as failure:
            log.warning("copy failed", error=str(failure))
        self._reread()

    async def _drill(self) -> None:
        for report in await self._parts.run_blocking(lambda: drill_now(self._parts)):
            told = log.info if report.problem is None else log.error
            told("drill", kind=report.kind, entries=report.entries, problem=report.problem)
            if report.kind == LITESTREAM and report.problem is None:
                await self._expire()
        self._reread()

    async def _expire(self) -> None:
        try:
            removed = await self._parts.run_blocking(lambda: expire_now(self._parts))
        except (StorageFailure, OSError) as failure:
            log.warning("old replicas not removed", error=str(failure))
        else:
            for place in removed:
                log.info("old replica removed", epoch=place.ordinal)

    async def _told(self, replication: ReplicationStatus) -> None:
        self._reread()
        self._status = replace(self._status, replication=replication, written_at_ms=self._parts.clock.now_ms())
        try:
            await self._parts.run_blocking(lambda: write_status(self._parts.folder, self._status))
        except OSError as error:
            log.warning("status not written", error=type(error).__name__)

    def _reread(self) -> None:
        """Take up what a command or another task has written meanwhile."""
        self._status = read_status(self._parts.folder) or self._status

    def _forget_what_is_off(self) -> None:
        plan = self._parts.plan
        self._status = replace(
            self._status,
            replication=self._status.replication if plan.replicate_to is not None else None,
            copies=self._status.copies if plan.copy_to is not None else None,
        )

    def _is_copy_due(self, now_ms: int) -> bool:
        plan, copies = self._parts.plan, self._status.copies
        if plan.copy_to is None:
            return False
        made_at_ms = None if copies is None else copies.made_at_ms
        return made_at_ms is None or not 0 <= now_ms - made_at_ms < plan.copy_every_ms

    def _is_drill_due(self, now_ms: int) -> bool:
        if now_ms - self._started_ms < FIRST_DRILL_MS:
            return False
        last = max((one.at_ms for one in (self._status.drills or {}).values()), default=0)
        return not 0 <= now_ms - last < DRILL_EVERY_MS


def copy_now(parts: BackupParts, progress: Progress = no_progress) -> MadeCopy:
    """Make one copy, store it, rotate, and say so in the status.

    Raises:
        StorageFailure, OSError: see `make_copy`; the status says so too.
    """
    plan, source = parts.plan, parts.source
    target = plan.copy_to
    if target is None:
        raise _nowhere()
    head, now_ms = source.head(), parts.clock.now_ms()
    status = read_status(parts.folder) or BackupStatus()
    known = status.copies or CopyStatus(target.shown, plan.copy_every_ms)
    try:
        made = make_copy(
            source.database,
            source.place(),
            parts.sealer,
            copies_at(target, plan.secrets),
            now_ms=now_ms,
            kept_days=plan.copies_kept_days,
            progress=progress,
        )
    except (StorageFailure, OSError) as failure:
        told = replace(
            known,
            target=target.shown,
            every_ms=plan.copy_every_ms,
            last_error=str(failure),
            refusal=refusal_of(failure) if isinstance(failure, TargetMissing) else None,
        )
        write_status(parts.folder, replace(status, copies=told))
        raise
    told = CopyStatus(target.shown, plan.copy_every_ms, now_ms, made.name.text, made.bytes, head)
    write_status(parts.folder, replace(read_status(parts.folder) or status, copies=told))
    source.confirmed(head, is_elsewhere=plan.is_elsewhere(target))
    return made


def expire_now(parts: BackupParts) -> list[Place]:
    """Remove the replicas of ended epochs whose history is over; see `expire_replicas`."""
    plan, target = parts.plan, parts.plan.replicate_to
    if target is None:
        return []
    replica = Replica(target, plan.secrets, parts.folder)
    return expire_replicas(target, plan.secrets, replica, parts.source.place(), now_ms=parts.clock.now_ms())


def drill_now(parts: BackupParts) -> list[DrillReport]:
    """Restore the newest state of every target into a scratch file and compare it; say so in the status."""
    plan = parts.plan
    reports: list[DrillReport] = []
    if plan.replicate_to is not None:
        replica = Replica(plan.replicate_to, plan.secrets, parts.folder)
        status = read_status(parts.folder) or BackupStatus()
        reports.append(drill_replica(parts.source, replica, status.replication, folder=parts.folder, clock=parts.clock))
    if plan.copy_to is not None:
        copies = copies_at(plan.copy_to, plan.secrets)
        reports.append(
            drill_copy(parts.source, copies, parts.sealer, plan.copy_to.shown, folder=parts.folder, clock=parts.clock)
        )
    if not reports:
        raise _nowhere()
    status = read_status(parts.folder) or BackupStatus()
    for report in reports:
        status = with_drill(status, DrillStatus(report.at_ms, report.kind, report.problem))
    write_status(parts.folder, status)
    return reports


def checked_service(parts: BackupParts) -> BackupService | None:
    """The backups that were asked for, checked before anything runs; None when none were.

    Raises:
        StorageFailure: they can never work here.
    """
    if not parts.plan.is_on:
        return None
    service = BackupService(parts)
    service.check()
    return service


def _nowhere() -> StorageFailure:
    return PlanWrong("No backup target is set.", "Set one; the operator's guide names the settings.")
