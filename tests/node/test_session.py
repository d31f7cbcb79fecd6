"""A hello finds out where the chain stands: sending stops for anything but "go", and nothing is ever overwritten."""

from pathlib import Path

import anyio
import pytest

from carnet_node.core.records import HighWaterMark
from carnet_node.core.session import say_hello
from carnet_node.core.store_failures import WritingStopped
from carnet_protocol.errors import NotAuthentic, OutOfOrder
from carnet_protocol.messages import Situation
from carnet_protocol.reasons import Reason
from support.node_builder import START_MS, TestHighWater, build_node
from support.rounds import a_round, foreign_customer, state, waiting, write_customers
from support.scripted_hub import ScriptedHub, sync_ports


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
