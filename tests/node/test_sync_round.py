"""A round sends what waits, fetches what is new, and ends in a named state whatever the line or the hub does."""

from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import pytest

from carnet_node.core.authoring import commit
from carnet_node.core.failures import AnotherSender, HubUnreachable
from carnet_node.core.node import Node
from carnet_node.core.records import HighWaterMark
from carnet_node.core.session import SyncPorts, say_hello
from carnet_node.core.store_failures import WritingStopped
from carnet_node.core.sync import RoundReport, run_round
from carnet_node.core.sync_state import SyncState, load_state
from carnet_protocol.changeset import ChangeSet, Draft
from carnet_protocol.errors import NotAuthentic, OutOfOrder
from carnet_protocol.ids import new_record_id
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.messages import PageRow, PushCode, Situation
from carnet_protocol.reasons import Reason
from support.node_builder import START_MS, TestHighWater, build_node
from support.protocol import signer
from support.scripted_hub import NO_LINE, TIMED_OUT, ScriptedHub, run_inline, sync_ports


def a_round(node: Node, hub: ScriptedHub, ports: SyncPorts | None = None) -> RoundReport:
    """One round with this hub."""

    async def once() -> RoundReport:
        return await run_round(node, ports or sync_ports(hub), software="test")

    return anyio.run(once)


def write_customers(node: Node, count: int) -> None:
    """Record customers, each in a set of its own."""
    for _ in range(count):
        record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(10))
        commit(node, [Draft(CUSTOMER, record, {"party_kind": "person", "full_name": "Test person"})])


def waiting(node: Node) -> int:
    """Sets without a verdict."""
    with node.store.read() as tx:
        return tx.unconfirmed()[0]


def state(node: Node) -> SyncState:
    """What is remembered about the line."""
    with node.store.read() as tx:
        return load_state(tx)


def foreign_customer(record: bytes) -> PageRow:
    """A base row without entries, as news."""
    return PageRow(CUSTOMER.number, record, b"d" * 16, 1, [], [], False)


def test_a_round_sends_everything_and_fetches_every_page(tmp_path: Path):
    """After a round nothing waits, and the report counts what happened."""
    node = build_node(tmp_path)
    write_customers(node, 3)
    hub = ScriptedHub(node, pages=[[foreign_customer(b"a" * 16)], [foreign_customer(b"b" * 16)]])

    report = a_round(node, hub)

    assert (report.push.sent, report.push.accepted, report.pages, report.rows) == (3, 3, 2, 2)
    assert (report.is_complete, waiting(node), report.situation) == (True, 0, Situation.GO)


def test_batches_and_pages_take_turns(tmp_path: Path):
    """A page comes after each batch, so a long queue does not hold back what is new."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node, pages=[[], [], []])

    a_round(node, hub)

    assert hub.calls == ["card", "hello", "push", "feed", "feed", "feed"]


def test_a_failed_push_does_not_stop_the_pages(tmp_path: Path):
    """Downloads never wait for uploads."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node, pages=[[foreign_customer(b"a" * 16)]], broken={"push": [NO_LINE]})

    report = a_round(node, hub)

    assert (report.rows, report.push_failure, report.is_complete) == (1, NO_LINE, False)


def test_a_line_that_breaks_in_mid_push_costs_nothing(tmp_path: Path):
    """The hub took the sets, the answer was lost: the next round gets the same receipts and changes nothing there."""
    node = build_node(tmp_path)
    write_customers(node, 2)
    hub = ScriptedHub(node, broken={"push": [NO_LINE]})
    a_round(node, hub)
    kept = waiting(node)

    report = a_round(node, hub)

    assert (kept, waiting(node), len(hub.received), report.push.accepted) == (2, 0, 2, 2)


def test_a_push_that_times_out_is_halved_until_it_passes(tmp_path: Path):
    """Each time-out halves the batch, and the round ends with everything sent."""
    node = build_node(tmp_path)
    write_customers(node, 300)
    hub = ScriptedHub(node, broken={"push": [TIMED_OUT, TIMED_OUT]})

    report = a_round(node, hub)

    assert (hub.batch_sizes, report.is_complete, waiting(node)) == ([300, 250, 125, 125, 50], True, 0)


def test_a_parked_and_a_refused_set_do_not_hold_back_the_others(tmp_path: Path):
    """The queue goes on behind a set the hub did not take, and each is counted."""
    node = build_node(tmp_path)
    write_customers(node, 3)

    def judge(one: ChangeSet) -> tuple[PushCode, str | None]:
        codes = {1: (PushCode.PARKED, "unknown-base"), 2: (PushCode.REFUSED, "bad-field")}
        return codes.get(one.header.seq, (PushCode.ACCEPTED, None))

    report = a_round(node, ScriptedHub(node, judge=judge))

    push = report.push
    assert (push.sent, push.accepted, push.parked, push.refused, report.is_complete) == (3, 1, 1, 1, True)


def test_a_gap_is_filled_from_where_the_hub_asks(tmp_path: Path):
    """A hub that lacks an earlier set gets it again, although it had answered it once."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    a_round(node, ScriptedHub(node))
    write_customers(node, 1)
    forgetful = ScriptedHub(node)
    forgetful.judge = lambda one: (
        (PushCode.ACCEPTED, None) if len(forgetful.received) + 1 == one.header.seq else (PushCode.GAP, "gap")
    )

    report = a_round(node, forgetful)

    assert ([one.header.seq for one in forgetful.received], report.push.is_drained) == ([1, 2], True)


def test_a_hub_that_asks_for_the_same_set_for_ever_ends_the_round(tmp_path: Path):
    """The same gap twice in a row stops sending for this round."""
    node = build_node(tmp_path)
    write_customers(node, 1)

    report = a_round(node, ScriptedHub(node, judge=lambda _: (PushCode.GAP, "gap")))

    assert (report.push.resend_from, report.is_complete, waiting(node)) == (1, False, 1)


@pytest.mark.parametrize(
    ("code", "reason", "stop"),
    [(PushCode.FORK, "fork", "fork"), (PushCode.REJECTED, "suspended-node", "suspended-node")],
)
def test_a_fork_or_a_rejection_stops_sending(tmp_path: Path, code: PushCode, reason: str, stop: str):
    """Nothing more is sent, nothing is lost, and the round says why."""
    node = build_node(tmp_path)
    write_customers(node, 2)

    report = a_round(node, ScriptedHub(node, judge=lambda _: (code, reason)))

    assert (report.push.stop, report.push.accepted, waiting(node)) == (stop, 0, 2)


@pytest.mark.parametrize("situation", [Situation.ROLLED_BACK, Situation.FORK, Situation.SUPERSEDED])
def test_nothing_is_sent_in_any_situation_but_go(tmp_path: Path, situation: Situation):
    """What the hub finds out about the chain stops sending and is remembered; pages still come."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node, hello_changes={"situation": int(situation)}, pages=[[foreign_customer(b"a" * 16)]])

    report = a_round(node, hub)

    assert (report.situation, hub.received, report.rows, waiting(node)) == (situation, [], 1, 1)
    assert state(node).situation is situation


def test_writing_stops_only_when_another_copy_has_taken_over(tmp_path: Path):
    """A superseded node refuses to record; what it recorded stays."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    a_round(node, ScriptedHub(node, hello_changes={"situation": int(Situation.SUPERSEDED)}))

    with pytest.raises(WritingStopped):
        write_customers(node, 1)

    assert waiting(node) == 1


def test_writing_goes_on_when_the_hub_says_so(tmp_path: Path):
    """The operator has sorted it out: the next live hello lets this copy record again."""
    node = build_node(tmp_path)
    a_round(node, ScriptedHub(node, hello_changes={"situation": int(Situation.SUPERSEDED)}))
    a_round(node, ScriptedHub(node))

    write_customers(node, 1)

    assert waiting(node) == 1


@pytest.mark.parametrize("situation", [Situation.ROLLED_BACK, Situation.FORK])
def test_the_desk_goes_on_while_a_restore_waits_for_healing(tmp_path: Path, situation: Situation):
    """In the other situations the desk still records; only sending waits."""
    node = build_node(tmp_path)
    a_round(node, ScriptedHub(node, hello_changes={"situation": int(situation)}))

    write_customers(node, 1)

    assert waiting(node) == 1


@pytest.mark.parametrize(
    ("held_seq", "held_hash", "situation"),
    [(9, b"h" * 32, Situation.ROLLED_BACK), (1, b"h" * 32, Situation.FORK), (0, bytes(32), Situation.GO)],
)
def test_the_node_checks_its_own_log_at_the_head_the_hub_holds(
    tmp_path: Path, held_seq: int, held_hash: bytes, situation: Situation
):
    """A hub that says go is still compared with the own log."""
    node = build_node(tmp_path)
    write_customers(node, 2)

    report = a_round(node, ScriptedHub(node, hello_changes={"held_seq": held_seq, "held_hash": held_hash}))

    assert report.situation is situation


def test_a_database_behind_its_high_water_mark_sends_nothing(tmp_path: Path):
    """What left the machine and is not in the log shows that the database was restored, whatever the hub says."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    assert isinstance(node.high_water, TestHighWater)
    with node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    node.high_water.write(HighWaterMark(chain.epoch, 7, b"h" * 32))
    hub = ScriptedHub(node)

    report = a_round(node, hub)

    assert (report.situation, report.push.stop, hub.received) == (Situation.ROLLED_BACK, "rolled-back", [])


def test_a_restored_hub_stops_the_round_before_anything_moves(tmp_path: Path):
    """Another hub epoch is named, remembered, and nothing is sent or fetched."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node, hello_changes={"hub_epoch": b"restored"})

    with pytest.raises(OutOfOrder) as caught:
        a_round(node, hub)

    assert (caught.value.reason, hub.calls, state(node).failure) == (
        Reason.HUB_EPOCH_CHANGED,
        ["card", "hello"],
        "hub-epoch-changed",
    )


def test_an_old_answer_to_a_hello_is_not_believed(tmp_path: Path):
    """An answer must repeat the challenge of this very hello."""
    node = build_node(tmp_path)

    with pytest.raises(NotAuthentic):
        a_round(node, ScriptedHub(node, hello_changes={"challenge": b"old"}))


@pytest.mark.parametrize("method", ["hello", "push", "feed"])
def test_messages_of_another_key_are_not_believed(tmp_path: Path, method: str):
    """Whoever has not the hub's key cannot answer a hello, give a receipt or hand out a page."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node)
    impostor = ScriptedHub(node, signer=signer("impostor"))
    setattr(hub, method, getattr(impostor, method))

    if method == "hello":
        with pytest.raises(NotAuthentic):
            a_round(node, hub)
    else:
        report = a_round(node, hub)
        failure = report.push_failure if method == "push" else report.pull_failure
        assert isinstance(failure, NotAuthentic)
    with node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    assert (feed.cursor == 0) == (method != "push")


def test_a_receipt_for_another_set_is_not_believed(tmp_path: Path):
    """A true receipt at the wrong place leaves both sets without a verdict."""
    node = build_node(tmp_path)
    write_customers(node, 2)
    hub = ScriptedHub(node)
    swapped = ScriptedHub(node)

    async def push(token: bytes, batch: bytes) -> bytes:
        await hub.push(token, batch)
        first, second = (hub.answers[one.nonce] for one in hub.received)
        swapped.answers = {hub.received[0].nonce: second, hub.received[1].nonce: first}
        return await ScriptedHub.push(swapped, token, batch)

    liar = ScriptedHub(node)
    liar.push = push  # type: ignore[method-assign]
    report = a_round(node, liar)

    assert (isinstance(report.push_failure, NotAuthentic), waiting(node)) == (True, 2)


@pytest.mark.parametrize("change", [{"node_id": b"n" * 16}, {"dealer_id": b"d" * 16}, {"cursor_from": 5}])
def test_a_page_for_somebody_else_or_another_question_is_not_applied(tmp_path: Path, change: dict[str, object]):
    """A signed page counts only for this node and for the cursor it was asked with."""
    node = build_node(tmp_path)

    report = a_round(node, ScriptedHub(node, page_changes=change))

    assert (isinstance(report.pull_failure, NotAuthentic), report.pages) == (True, 0)


def test_another_sender_on_this_machine_does_not_stop_the_pages(tmp_path: Path):
    """While the service is sending, a command still fetches, and remembers no failure."""
    node = build_node(tmp_path)
    write_customers(node, 1)

    class TakenLock:
        def hold(self) -> AbstractContextManager[None]:
            raise AnotherSender("sender.lock")

    hub = ScriptedHub(node, pages=[[foreign_customer(b"a" * 16)]])
    report = a_round(node, hub, SyncPorts(hub, run_inline, TakenLock()))

    assert (isinstance(report.push_failure, AnotherSender), report.rows, state(node).failure) == (True, 1, None)


def test_a_failure_is_remembered_until_the_hub_answers(tmp_path: Path):
    """Failures count up while the line is down, and a hello ends them."""
    node = build_node(tmp_path)
    hub = ScriptedHub(node, broken={"card": [NO_LINE, NO_LINE]})
    for _ in range(2):
        with pytest.raises(HubUnreachable):
            a_round(node, hub)
    while_down = state(node)

    a_round(node, hub)

    assert (while_down.failure, while_down.failures, while_down.complete_ms) == ("unreachable", 2, None)
    assert (state(node).failure, state(node).failures, state(node).complete_ms) == (None, 0, START_MS)


def test_catching_up_is_remembered_between_pages(tmp_path: Path):
    """A round broken off between two pages leaves the mark that more was waiting."""
    node = build_node(tmp_path)
    hub = ScriptedHub(node, pages=[[], [], []], broken={"feed": [None, NO_LINE]})

    a_round(node, hub)

    assert (state(node).is_catching_up, state(node).complete_ms) == (True, None)


def test_a_hello_states_where_the_node_stands(tmp_path: Path):
    """Head, queue and clock are what the operator sees of a node."""
    node = build_node(tmp_path)
    write_customers(node, 2)
    hub = ScriptedHub(node)

    anyio.run(lambda: say_hello(node, sync_ports(hub), software="carnet-node 1"))

    hello = hub.hellos[0]
    assert (hello.head_seq, hello.unsent_sets, hello.oldest_unsent_ms, hello.wall_ms, hello.software) == (
        2,
        2,
        START_MS,
        START_MS,
        "carnet-node 1",
    )


def test_a_clock_that_is_off_is_known_from_the_hello(tmp_path: Path):
    """The offset the hub measured is kept for the sets written next, and for the doctor."""
    node = build_node(tmp_path)

    a_round(node, ScriptedHub(node, hello_changes={"clock_offset_ms": -5000}))

    with node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    assert feed.clock_offset_ms == -5000


def test_a_token_is_not_used_in_its_last_half_minute(tmp_path: Path):
    """A session ends before its token does, by this node's clock."""
    node = build_node(tmp_path)

    session = anyio.run(lambda: say_hello(node, sync_ports(ScriptedHub(node)), software="test"))

    assert (session.is_usable(START_MS + 869_999), session.is_usable(START_MS + 870_000)) == (True, False)
