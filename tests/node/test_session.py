"""A hello finds out where the chain stands: sending stops for anything but "go", and nothing is ever overwritten."""

from pathlib import Path

import anyio
import pytest

from carnet_node.core.line.session import say_hello
from carnet_node.core.records import HighWaterMark
from carnet_node.core.store_failures import Rejoining, WritingStopped
from carnet_protocol.errors import NotAuthentic, OutOfOrder
from carnet_protocol.hello import Situation
from carnet_protocol.reasons import Reason
from support.node_builder import START_MS, TestHighWater, build_node
from support.rounds import a_round, foreign_customer, state, waiting, write_customers
from support.scripted_hub import ScriptedHub, sync_ports

LOST: dict[str, object] = {"situation": int(Situation.ROLLED_BACK), "held_seq": 9}
"""A hub that holds more than this node, and returns none of it."""


def test_a_rolled_back_node_sends_and_writes_nothing_until_it_has_rejoined(tmp_path: Path):
    """What the hub holds beyond the log stops both, and is remembered; pages still come."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node, hello_changes=LOST, pages=[[foreign_customer(b"a" * 16)]])

    report = a_round(node, hub)

    assert (report.situation, hub.received, report.rows, waiting(node)) == (Situation.ROLLED_BACK, [], 1, 1)
    assert state(node).situation is Situation.ROLLED_BACK
    with pytest.raises(Rejoining):
        write_customers(node, 1)


@pytest.mark.parametrize("situation", [Situation.FORK, Situation.SUPERSEDED])
def test_what_waits_is_handed_over_in_other_situations(tmp_path: Path, situation: Situation):
    """After a fork, or from a copy that was superseded, sets are still offered; the hub says what it can take."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    hub = ScriptedHub(node, hello_changes={"situation": int(situation)})

    report = a_round(node, hub)

    assert (report.situation, len(hub.received), waiting(node)) == (situation, 1, 0)


def test_an_old_answer_from_a_stick_rolls_nothing_back(tmp_path: Path):
    """What the hub says it holds is compared with the own log: a node that has it all goes on."""
    node = build_node(tmp_path)
    hub = ScriptedHub(node, hello_changes={"situation": int(Situation.ROLLED_BACK)})

    report = a_round(node, hub)

    assert report.situation is Situation.GO


def test_writing_stops_only_when_another_copy_has_taken_over(tmp_path: Path):
    """A superseded node refuses to record; what it recorded stays."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    a_round(node, ScriptedHub(node, hello_changes={"situation": int(Situation.SUPERSEDED)}))

    with pytest.raises(WritingStopped):
        write_customers(node, 1)

    assert waiting(node) == 0


def test_writing_goes_on_when_the_hub_says_so(tmp_path: Path):
    """The operator has sorted it out: the next live hello lets this copy record again."""
    node = build_node(tmp_path)
    a_round(node, ScriptedHub(node, hello_changes={"situation": int(Situation.SUPERSEDED)}))
    a_round(node, ScriptedHub(node, position=10))

    write_customers(node, 1)

    assert waiting(node) == 1


def test_the_desk_goes_on_after_a_fork(tmp_path: Path):
    """A fork is the chain's matter; the desk still records."""
    node = build_node(tmp_path)
    a_round(node, ScriptedHub(node, hello_changes={"situation": int(Situation.FORK)}))

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


def test_a_database_behind_its_high_water_mark_opens_a_new_epoch_before_it_sends(tmp_path: Path):
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

    with node.store.read() as tx:
        opened = tx.chain()
    assert opened is not None
    assert (opened.epoch_ordinal, opened.origin.parent_epoch, opened.origin.parent_seq) == (2, chain.epoch, 7)
    assert (report.situation, [one.header.epoch for one in hub.received]) == (Situation.GO, [chain.epoch])


def test_a_hub_that_does_not_say_how_it_goes_on_from_ours_stops_the_round(tmp_path: Path):
    """Another hub epoch without its histories is named, remembered, and nothing is sent or fetched."""
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
