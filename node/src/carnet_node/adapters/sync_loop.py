"""Syncing in the background of `serve`: one task fetches, one sends, and neither waits for the other.

Decides when the next step is taken: long polls while the line is up, pauses that grow and are spread at random while
it is down, a look at the outbox whenever somebody saved something, and every few seconds for what another process
saved. What a step does is `core.sync`. Ends only when it is cancelled; a failure is remembered for `status`, logged
by its code, and tried again.
"""

import anyio
import structlog

from carnet_node.core.failures import HubUnreachable, NodeFailure
from carnet_node.core.limits import LONG_POLL_S, OUTBOX_LOOK_S, PAGE_PAUSE_S
from carnet_node.core.line.list_fetching import fetch_lists
from carnet_node.core.line.schedule import dice_of, idle_delay_ms, retry_delay_ms
from carnet_node.core.line.session import Session, SyncPorts, say_hello
from carnet_node.core.line.sync import (
    failure_code,
    pull_step,
    push_step,
    remember_failure,
    smaller_batch,
)
from carnet_node.core.log.outbox import BatchSize
from carnet_node.core.log.rejoin import go_on_offline
from carnet_node.core.node import Node
from carnet_protocol.errors import Refused
from carnet_protocol.reasons import Reason

log = structlog.get_logger(__name__)


class _Contact:
    """How often a task reached the hub after it had failed to; wakes the other one, which may pause for minutes."""

    def __init__(self) -> None:
        self.times = 0
        self._next = anyio.Event()

    def note(self) -> int:
        """The hub answered again. Call it from the event loop; returns how often by now."""
        self.times += 1
        self._next.set()
        self._next = anyio.Event()
        return self.times

    async def wait_beyond(self, times: int) -> None:
        """Until the hub answered more often than so; at once when it has."""
        if self.times == times:
            await self._next.wait()


class BackgroundSync:
    """The two tasks and the session they share.

    Args:
        software: name and version, for the operator's list.
    """

    def __init__(self, node: Node, ports: SyncPorts, *, software: str) -> None:
        self._node = node
        self._ports = ports
        self._software = software
        self._session: Session | None = None
        self._hello = anyio.Lock()
        self._wake = anyio.Event()
        self._contact = _Contact()

    def wake(self) -> None:
        """Somebody saved something: look at the outbox now. Call from the event loop."""
        self._wake.set()

    async def run(self) -> None:
        """Sync until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._fetch)
            tasks.start_soon(self._send)

    async def _fetch(self) -> None:
        failures = 0
        wait_s = 0
        while True:
            seen = self._contact.times
            try:
                session = await self._usable_session()
                outcome = await pull_step(self._node, self._ports, session, wait_s=wait_s)
                if failures:
                    seen = self._contact.note()
                await fetch_lists(self._node, self._ports, session)
                failures = 0
                wait_s = LONG_POLL_S if outcome.is_last else 0
                if outcome.is_last:
                    await self._node.clock.sleep(PAGE_PAUSE_S)
            except (NodeFailure, Refused) as error:
                wait_s = 0
                await self._pause_after(error, failures, seen)
                failures += 1

    async def _send(self) -> None:
        failures = 0
        size = BatchSize()
        resend_from: int | None = None
        has_emitted = False
        while True:
            seen = self._contact.times
            try:
                if not await self._has_work():
                    await self._wait_for_work()
                    continue
                session = await self._usable_session()
                report = await push_step(self._node, self._ports, session, size, from_seq=resend_from)
                if failures:
                    self._contact.note()
                failures, size = 0, size.doubled()
                is_turning = resend_from is not None and report.resend_from == resend_from
                resend_from = report.resend_from
                is_forking_on = bool(report.emitted_again) and has_emitted
                has_emitted = bool(report.emitted_again)
                if has_emitted:
                    log.warning("emitted again under a new epoch", sets=report.emitted_again)
                    self._session = None
                if report.stop is not None or is_turning or is_forking_on:
                    log.warning("sending stopped", reason=report.stop or Reason.GAP.value)
                    await self._pause_while_stopped()
            except (NodeFailure, Refused) as error:
                size = smaller_batch(error, size) or size
                await self._pause_after(error, failures, seen)
                failures += 1

    async def _usable_session(self) -> Session:
        """The session both tasks use; a new hello when its token has run out."""
        async with self._hello:
            if self._session is None or not self._session.is_usable(self._node.clock.now_ms()):
                self._session = await say_hello(self._node, self._ports, software=self._software)
                log.info("hello", situation=self._session.situation.name)
            return self._session

    async def _has_work(self) -> bool:
        def look() -> bool:
            """Whether a set of this node waits for its verdict."""
            with self._node.store.read() as tx:
                return tx.unconfirmed()[0] > 0

        return await self._ports.run_blocking(look)

    async def _wait_for_work(self) -> None:
        with anyio.move_on_after(OUTBOX_LOOK_S):
            await self._wake.wait()
        self._wake = anyio.Event()

    async def _pause_while_stopped(self) -> None:
        """Somebody has to act; look again in a while, with a new hello."""
        self._session = None
        await self._node.clock.sleep(idle_delay_ms(dice=self._dice()) / 1000)

    async def _pause_after(self, error: Exception, failures: int, contacts: int) -> None:
        """Remember and log a failure, and wait before the next try.

        Args:
            contacts: of both tasks when the try began; a later one ends the pause, unless the hub asked for it.
        """
        is_stale_token = isinstance(error, Refused) and error.reason is Reason.BAD_TOKEN
        self._session = None
        if is_stale_token and failures == 0:
            return
        code = failure_code(error)
        if code is not None:
            log.warning("sync failed", reason=code, failures=failures + 1)
            await self._remember(error)
        if isinstance(error, HubUnreachable):
            await self._go_on_offline()
        asked_ms = getattr(error, "retry_after_ms", None)
        delay_ms = retry_delay_ms(failures=failures, dice=self._dice(), asked_ms=asked_ms)
        if asked_ms is not None:
            await self._node.clock.sleep(delay_ms / 1000)
        else:
            await self._sleep_until_contact(delay_ms / 1000, contacts)

    async def _sleep_until_contact(self, seconds: float, contacts: int) -> None:
        async with anyio.create_task_group() as tasks:

            async def end_at_contact() -> None:
                """The other task has reached the hub: there is nothing left to wait for."""
                await self._contact.wait_beyond(contacts)
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_at_contact)
            await self._node.clock.sleep(seconds)
            tasks.cancel_scope.cancel()

    async def _go_on_offline(self) -> None:
        """A restored node without a line opens a new epoch: the desk never waits for the network."""
        try:
            if await self._ports.run_blocking(lambda: go_on_offline(self._node)):
                log.warning("went on without a line in a new epoch; what was lost comes with the next contact")
        except NodeFailure as failure:
            log.warning("not rejoined", reason=failure_code(failure))

    async def _remember(self, error: Exception) -> None:
        try:
            await self._ports.run_blocking(lambda: remember_failure(self._node, error))
        except NodeFailure as failure:
            log.warning("failure not remembered", reason=failure_code(failure))

    def _dice(self) -> int:
        return dice_of(self._node.entropy.random_bytes(2))
