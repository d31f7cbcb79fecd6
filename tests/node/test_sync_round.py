"""A round sends what waits, fetches what is new, and ends in a named state whatever the line or the hub does."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from carnet_node.core.failures import AnotherSender, HubUnreachable
from carnet_node.core.line.session import SyncPorts
from carnet_protocol.changeset import ChangeSet
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.hello import Situation
from carnet_protocol.messages import (
    PushCode,
)
from support.node_builder import START_MS, build_node
from support.protocol import signer
from support.rounds import a_round, foreign_customer, state, waiting, write_customers
from support.scripted_hub import NO_LINE, TIMED_OUT, ScriptedHub, run_inline


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
    forgetful = ScriptedHub(node, position=10)
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


def test_a_page_that_leads_no_further_ends_the_round(tmp_path: Path):
    """A hub that always has one more empty page is not asked for it for ever."""
    node = build_node(tmp_path)
    still: dict[str, object] = {"cursor_to": 0, "position": 0, "is_last": False}

    report = a_round(node, ScriptedHub(node, pages=[[], [], []], page_changes=still))

    assert (isinstance(report.pull_failure, Malformed), report.pages, report.is_complete) == (True, 0, False)


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
