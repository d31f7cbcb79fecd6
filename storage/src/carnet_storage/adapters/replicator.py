"""The loop that keeps replication honest: asks Litestream every 15 seconds, and does what the watchdog decides.

Decides only the order of what `core.watchdog` asked for. Runs beside `serve` until it is cancelled; then it waits for
the last confirmation, with a bound, and ends Litestream. A failure here never stops the application: it is told in
the status and in the log, and an alarm is raised once.
"""

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio
import structlog

from carnet_storage.adapters.marking import require_target
from carnet_storage.adapters.sqlite_files import is_scrub_due, scrub, truncate_wal, wal_bytes
from carnet_storage.core.failures import PlaceTaken, StorageFailure, TargetMissing
from carnet_storage.core.limits import PROBE_S, STOP_WAIT_S, SYNC_WAIT_S, WAL_ALONE_BYTES_MAX, WATCH_S
from carnet_storage.core.ports import Child, Clock, Control, RunBlocking, Source
from carnet_storage.core.status import ReplicationStatus, refusal_of
from carnet_storage.core.targets import FolderTarget, Place, S3Target, SftpTarget, Target
from carnet_storage.core.watchdog import (
    Step,
    Watch,
    after_confirmation,
    after_error,
    after_exit,
    after_refusal,
    lag_ms,
)

_HTTPS_PORT: Final = 443

log = structlog.get_logger(__name__)

Told = Callable[[ReplicationStatus], Awaitable[None]]


class Replicator:
    """Supervises one Litestream.

    Args:
        told: called with the status after every turn.
        claim: makes sure that a replica at a place is nobody else's before anything is sent there.
        require_there: makes sure that the target is still the one it was; Litestream would make a missing folder anew.
        is_reachable: whether the target can be reached at all.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        child: Child,
        control: Control,
        *,
        clock: Clock,
        run_blocking: RunBlocking,
        told: Told,
        is_elsewhere: bool,
        claim: Callable[[Place], None] = lambda _place: None,
        require_there: Callable[[], None] | None = None,
        is_reachable: Callable[[], bool] | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._child = child
        self._control = control
        self._clock = clock
        self._run = run_blocking
        self._told = told
        self._is_elsewhere = is_elsewhere
        self._claim = claim
        self._require_there = require_there or (lambda: require_target(target))
        self._is_reachable = is_reachable or (lambda: is_target_reachable(target))
        self._place: Place | None = None
        self._is_started = False
        self.watch = Watch()

    async def run(self) -> None:
        """Supervise until cancelled; then one last confirmation and a clean end."""
        try:
            while True:
                await self.turn()
                await self._clock.sleep(WATCH_S)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(SYNC_WAIT_S + 2 * STOP_WAIT_S):
                await self._run(self._finish)
                await self._tell()

    async def turn(self) -> None:
        """One look: start what does not run, ask, and do what the watchdog says."""
        try:
            step = await self._run(self._look)
        except StorageFailure as failure:  # the database itself has no answer now; that says nothing of Litestream
            self.watch = replace(self.watch, last_error=failure.what)
            step = Step.WAIT
        if step is not Step.WAIT:
            tell = log.info if step is Step.SCRUB else log.warning
            tell("replication", step=step.value, error=self.watch.last_error, alarm=self.watch.is_alarm)
            await self._run(lambda: self._take(step))
        await self._tell()

    def _look(self) -> Step:
        try:
            place = self._source.place()
        except StorageFailure:
            self._child.stop()  # nobody may write to a replica while it is not known which
            self._place, self._is_started = None, False
            raise
        try:
            self._require_there()
        except TargetMissing as gone:
            return self._failed(gone)
        if place != self._place or not self._is_started:
            self._place = place
            return self._begin(place)
        code = self._child.exit_code()
        if code is not None:
            self.watch, step = after_exit(self.watch, code)
            return step
        return self._ask()

    def _begin(self, place: Place) -> Step:
        """Start, and ask at once, so that a backup is known to work before work begins."""
        try:
            self._start(place)
        except StorageFailure as failure:
            return self._failed(failure)
        return self._ask()

    def _start(self, place: Place) -> None:
        self._is_started = False
        self._child.stop()
        self._claim(place)
        self._child.start(place)
        self._is_started = True

    def _ask(self) -> Step:
        head = self._source.head()
        try:
            txid, replicated = self._control.sync()
            self._require_there()  # an answer about another disk confirms nothing
        except StorageFailure as failure:
            return self._failed(failure)
        is_news = head > self.watch.confirmed_head
        self.watch = after_confirmation(
            self.watch, now_ms=self._clock.now_ms(), head=head, txid=txid, replicated_txid=replicated
        )
        if is_news:
            self._source.confirmed(head, is_elsewhere=self._is_elsewhere)
        return Step.SCRUB if is_scrub_due(self._source.database) else Step.WAIT

    def _failed(self, failure: StorageFailure) -> Step:
        """What follows from a failure; where nothing may be sent, nothing runs that would."""
        if isinstance(failure, (PlaceTaken, TargetMissing)):
            self._child.stop()
            self._is_started = False
            self.watch = after_refusal(self.watch, refusal_of(failure))
            self._keep_log_short()
            return Step.WAIT
        self.watch, step = after_error(self.watch, failure.what, is_target_reachable=self._is_reachable())
        return step

    def _keep_log_short(self) -> None:
        """While nothing replicates, nobody else empties the write-ahead log: no other connection checkpoints."""
        if wal_bytes(self._source.database) > WAL_ALONE_BYTES_MAX:
            with suppress(StorageFailure):
                truncate_wal(self._source.database)

    def _take(self, step: Step) -> None:
        """Do what was decided. A start that fails is noted and tried again at the next turn."""
        if step is Step.WAIT or self._place is None:
            return
        self._child.stop()
        try:
            if step is Step.SCRUB:
                scrub(self._source.database)
            elif step is not Step.START:
                truncate_wal(self._source.database)
            if step is Step.RESET:
                self._child.forget()
            self._start(self._place)
        except StorageFailure as failure:
            self._failed(failure)

    def _finish(self) -> None:
        if self._is_started and self._child.exit_code() is None:
            with suppress(StorageFailure):
                self._ask()
        self._child.stop()

    async def _tell(self) -> None:
        await self._told(await self._run(self.status))

    def status(self) -> ReplicationStatus:
        """What is known now."""
        watch = self.watch
        try:
            head = self._source.head()
        except StorageFailure:
            head = watch.confirmed_head
        return ReplicationStatus(
            target=self._target.shown,
            epoch=0 if self._place is None else self._place.ordinal,
            confirmed_at_ms=watch.confirmed_at_ms,
            confirmed_head=watch.confirmed_head,
            lag_ms=lag_ms(watch, now_ms=self._clock.now_ms(), head=head),
            txid=watch.txid,
            replicated_txid=watch.replicated_txid,
            wal_bytes=wal_bytes(self._source.database),
            state_dir_bytes=self._child.state_bytes(),
            last_error=watch.last_error,
            heals=watch.heals,
            resets=watch.resets,
            is_alarm=watch.is_alarm,
            refusal=watch.refusal,
        )


def is_target_reachable(target: Target) -> bool:
    """Whether the target is there at all: a folder that can be written, a port that answers."""
    match target:
        case FolderTarget():
            return _is_writable(target.path)
        case S3Target():
            return _answers(*_endpoint_of(target))
        case SftpTarget():
            return _answers(target.host, target.port)


def _endpoint_of(target: S3Target) -> tuple[str, int]:
    from urllib.parse import urlsplit  # noqa: PLC0415  (for stores only)

    parts = urlsplit(target.endpoint or f"https://s3.{target.region}.amazonaws.com")
    return parts.hostname or "", parts.port or _HTTPS_PORT


def _is_writable(folder: Path) -> bool:
    probe = folder / ".carnet-probe"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return False
    return True


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=PROBE_S).close()
    except OSError:
        return False
    return True
