"""In the background one task fetches and one sends: neither waits for the other, and neither ever gives up."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest

from carnet_node.adapters.sync_loop import BackgroundSync
from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.hub_link import FeedQuery
from carnet_node.core.limits import LONG_POLL_S, PAGE_PAUSE_S
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.sync_state import load_state
from carnet_node.core.node import Node
from carnet_protocol.changeset import Draft
from carnet_protocol.hello import Situation
from carnet_protocol.ids import new_record_id
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.messages import (
    PushCode,
)
from carnet_protocol.reasons import Reason
from support.node_builder import START_MS, build_node
from support.scripted_hub import NO_LINE, TIMED_OUT, ScriptedHub, sync_ports


@dataclass
class QuickClock:
    """A clock on which waiting takes one turn of the event loop, and is noted."""

    ms: int = START_MS
    waited: list[float] = field(default_factory=list)

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        await anyio.sleep(0.001)


@dataclass
class HeldClock(QuickClock):
    """A quick clock on which one pause after a failure, the first or a later one, never ends by itself."""

    held: int = 1

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if seconds != PAGE_PAUSE_S:
            self.held -= 1
            await (anyio.sleep(0.001) if self.held else anyio.sleep_forever())


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node on which waiting is quick."""
    return replace(build_node(tmp_path), clock=QuickClock())


def clock_of(node: Node) -> QuickClock:
    """The node's clock."""
    assert isinstance(node.clock, QuickClock)
    return node.clock


def write_customer(node: Node) -> None:
    """Record a customer."""
    record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(10))
    commit(node, [Draft(CUSTOMER, record, {"party_kind": "person", "full_name": "Test person"})])


def waiting(node: Node) -> int:
    """Sets without a verdict."""
    with node.store.read() as tx:
        return tx.unconfirmed()[0]


def run_until(node: Node, hub: ScriptedHub, is_done: Callable[[], bool], *, wake: bool = False) -> None:
    """Sync in the background until something is true; at most five seconds."""

    async def both() -> None:
        background = BackgroundSync(node, sync_ports(hub), software="test")
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(background.run)
                if wake:
                    await anyio.sleep(0.05)
                    write_customer(node)
                    background.wake()
                while not is_done():  # noqa: ASYNC110  (looked at from outside, on purpose)
                    await anyio.sleep(0.005)
                tasks.cancel_scope.cancel()

    anyio.run(both)


def test_what_waits_at_the_start_is_sent(node: Node):
    """Work of an offline day leaves as soon as the service runs."""
    write_customer(node)

    run_until(node, ScriptedHub(node), lambda: waiting(node) == 0)

    assert waiting(node) == 0


def test_a_save_wakes_the_sender(node: Node):
    """What is saved while the service runs leaves at once, not with the next look."""
    hub = ScriptedHub(node)

    run_until(node, hub, lambda: len(hub.received) == 1, wake=True)

    assert len(hub.received) == 1


def test_pages_come_while_a_push_hangs(node: Node):
    """A slow upload does not hold back what is new."""
    write_customer(node)
    hub = ScriptedHub(node, pages=[[], [], []])

    async def hang(token: bytes, batch: bytes) -> bytes:
        hub.calls.append("push")
        await anyio.sleep_forever()
        raise AssertionError(token, batch)

    hub.push = hang  # type: ignore[method-assign]
    run_until(node, hub, lambda: hub.calls.count("feed") >= 3 and "push" in hub.calls)

    assert (hub.pages, waiting(node)) == ([], 1)


def test_an_up_to_date_node_polls_long(node: Node):
    """Behind the last page the hub is asked to wait, so that news come at once without many questions."""
    hub = ScriptedHub(node, pages=[[], []])
    asked: list[int] = []

    async def feed(token: bytes, query: FeedQuery) -> bytes:
        asked.append(query.wait_s)
        return await ScriptedHub.feed(hub, token, query)

    hub.feed = feed  # type: ignore[method-assign]
    run_until(node, hub, lambda: len(asked) >= 4)

    assert asked[:4] == [0, 0, LONG_POLL_S, LONG_POLL_S]


def test_pauses_grow_while_the_line_is_down(node: Node):
    """Each failure in a row at least doubles the range of the pause; the failures are remembered for the strip."""
    hub = ScriptedHub(node, broken={"card": [NO_LINE] * 40})

    run_until(node, hub, lambda: len(clock_of(node).waited) >= 6)

    waited = clock_of(node).waited[:6]
    assert all(0.25 * 2**number <= pause < 0.5 * 2**number for number, pause in enumerate(waited))
    with node.store.read() as tx:
        state = load_state(tx)
    assert (state.failure, state.failures >= 5) == ("unreachable", True)


def test_a_hub_that_asks_for_time_gets_it(node: Node):
    """Retry-After is obeyed when it is longer than the own pause."""
    busy = HubUnreachable("busy", status=503, retry_after_ms=9000)
    hub = ScriptedHub(node, broken={"card": [busy]})

    run_until(node, hub, lambda: bool(clock_of(node).waited))

    assert clock_of(node).waited[0] == 9.0


def test_the_line_that_comes_back_is_used(node: Node):
    """After a failure everything goes on by itself."""
    write_customer(node)
    hub = ScriptedHub(node, broken={"card": [NO_LINE, NO_LINE], "push": [NO_LINE]})

    run_until(node, hub, lambda: waiting(node) == 0)

    with node.store.read() as tx:
        assert load_state(tx).failure is None


def fail_after_a_pause(node: Node, hub: ScriptedHub, first: str, second: str, error: Exception = NO_LINE) -> None:
    """One call fails at once; the other fails once too, but only when the first one's task has paused."""
    pauses = clock_of(node).waited
    hub.broken[first] = [error]
    answer = getattr(hub, second)
    failures = [NO_LINE]

    async def fail_late(*args: object) -> bytes:
        if failures:
            while not pauses:  # noqa: ASYNC110  (the pause of the other task is what is waited for)
                await anyio.sleep(0.001)
            raise failures.pop()
        return await answer(*args)

    setattr(hub, second, fail_late)


@pytest.mark.parametrize(("first", "second"), [("push", "feed"), ("feed", "push")], ids=["sender", "fetcher"])
def test_who_reaches_the_hub_again_wakes_who_pauses(node: Node, first: str, second: str):
    """A task that pauses after a failure goes on as soon as the other one has reached the hub again."""
    node = replace(node, clock=HeldClock())
    write_customer(node)
    hub = ScriptedHub(node, pages=[[], [], []])
    fail_after_a_pause(node, hub, first, second)

    run_until(node, hub, lambda: hub.calls.count(first) >= 2)

    assert hub.calls.count(first) >= 2


def test_a_contact_does_not_cut_short_what_the_hub_asked_for(node: Node):
    """A task that was asked to wait waits, though the other one reaches the hub again."""
    node = replace(node, clock=HeldClock())
    write_customer(node)
    hub = ScriptedHub(node, pages=[[], [], []])
    fail_after_a_pause(node, hub, "push", "feed", HubUnreachable("busy", status=503, retry_after_ms=9000))

    run_until(node, hub, lambda: hub.calls.count("feed") >= 3)

    assert hub.calls.count("push") == 1


def test_a_contact_during_a_try_that_fails_is_not_missed(node: Node):
    """A try that began before the other task reached the hub, and fails after it, is followed by another at once."""
    node = replace(node, clock=HeldClock(held=2))
    write_customer(node)
    hub = ScriptedHub(node, pages=[[], [], []], broken={"feed": [NO_LINE]})
    answer = hub.push
    failures = [NO_LINE]

    async def fail_after_contact(token: bytes, batch: bytes) -> bytes:
        if not failures:
            return await answer(token, batch)
        while hub.calls.count("feed") < 3:  # noqa: ASYNC110  (the contact of the other task is what is waited for)
            await anyio.sleep(0.001)
        raise failures.pop()

    hub.push = fail_after_contact  # type: ignore[method-assign]
    run_until(node, hub, lambda: waiting(node) == 0)

    assert waiting(node) == 0


def test_a_stale_token_leads_to_a_new_hello_at_once(node: Node):
    """A session that ran out is no failure: nothing is remembered and nobody waits."""
    stale = HubRefused(Reason.BAD_TOKEN, "expired", 401)
    hub = ScriptedHub(node, broken={"feed": [stale]})

    run_until(node, hub, lambda: hub.calls.count("hello") >= 2 and hub.calls.count("feed") >= 2)

    with node.store.read() as tx:
        assert load_state(tx).failures == 0


def test_a_push_that_times_out_is_sent_in_smaller_batches(node: Node):
    """The sender learns from a time-out and gets everything through."""
    for _ in range(300):
        write_customer(node)
    hub = ScriptedHub(node, broken={"push": [TIMED_OUT, TIMED_OUT]})

    run_until(node, hub, lambda: waiting(node) == 0)

    assert hub.batch_sizes[:3] == [300, 250, 125]


def test_a_fork_stops_sending_and_is_looked_at_again(node: Node):
    """Nothing is sent in a circle: the sender waits its idle time and says hello anew."""
    write_customer(node)
    hub = ScriptedHub(node, judge=lambda _: (PushCode.FORK, "fork"))

    run_until(node, hub, lambda: hub.calls.count("push") >= 2)

    assert any(45 <= pause <= 75 for pause in clock_of(node).waited)
    assert waiting(node) == 1


def test_nothing_is_sent_while_the_situation_is_not_go(node: Node):
    """A node that was rolled back fetches and does not send."""
    write_customer(node)
    hub = ScriptedHub(node, hello_changes={"situation": int(Situation.ROLLED_BACK), "held_seq": 9})

    run_until(node, hub, lambda: hub.calls.count("feed") >= 3)

    assert ("push" in hub.calls, waiting(node)) == (False, 1)
