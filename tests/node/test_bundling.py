"""A stick carries what a line would have carried, is believed for its signatures, and is no news about the line."""

from pathlib import Path

import msgspec
import pytest

from carnet_node.core.line.bundling import pack_for_hub, take_from_hub
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.log.sync_state import Exchange, SyncState, Way, after_stick, load_state
from carnet_node.core.node import Node
from carnet_node.core.records import ChainState, HighWaterMark
from carnet_node.core.showing.status import Line, Sync, status_of
from carnet_node.core.store_failures import WritingStopped
from carnet_protocol.bundle import PartKind, pack_bundle, unpack_bundle
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import Malformed, NotAuthentic, OutOfOrder
from carnet_protocol.hello import HelloAnswer, HelloRequest, Situation
from carnet_protocol.ids import new_record_id
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.messages import (
    Page,
    PageRow,
    decode_batch,
    open_frame,
    sign_frame,
)
from carnet_protocol.recall_lists import decode_held
from carnet_protocol.segments import encode_segment, segment_hash
from support.model_hub import ModelHub
from support.node_builder import HUB, HUB_EPOCH, HUB_SIGNER, START_MS, build_node
from support.protocol import NamedSigner, signer
from support.recall_lists import announce, receive
from support.vins import make_vins

HUB_KEY = signer(HUB_SIGNER)
VINS = make_vins(3)


def write_customers(node: Node, count: int) -> None:
    """Record customers, each in a set of its own."""
    for _ in range(count):
        record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(10))
        commit(node, [Draft(CUSTOMER, record, {"party_kind": "person", "full_name": "Test person"})])


def hello_answer(node: Node, **changes: object) -> bytes:
    """What the hub answers to a hello from a stick."""
    answer = HelloAnswer(
        version=1,
        challenge=b"",
        node_id=node.identity.node_id,
        situation=int(Situation.GO),
        hub_epoch=HUB_EPOCH,
        position=0,
        held_seq=0,
        held_hash=bytes(32),
        lost_sets=[],
        own_epochs=[],
        clock_offset_ms=0,
        backup_position=0,
        hub_epochs=[],
        token=b"",
        token_expires_ms=0,
        now_ms=START_MS,
    )
    return sign_frame(msgspec.structs.replace(answer, **changes), Purpose.HELLO, HUB, HUB_KEY)


def page(node: Node, cursor_from: int, cursor_to: int, *, is_last: bool = True) -> bytes:
    """A page with one record as news."""
    row = PageRow(CUSTOMER.number, bytes([cursor_to]) * 16, b"d" * 16, cursor_to, [], [], False)
    identity = node.identity
    frame = Page(
        1, HUB_EPOCH, identity.dealer_id, identity.node_id, cursor_from, cursor_to, cursor_to, is_last, [row], [], []
    )
    return sign_frame(frame, Purpose.FEED, HUB, HUB_KEY)


def from_hub(
    node: Node,
    *parts: tuple[PartKind, bytes],
    by: NamedSigner = HUB_KEY,
    receiver: bytes | None = None,
    created_ms: int = START_MS,
) -> bytes:
    """A bundle from the hub to this node."""
    to = receiver or node.identity.node_id
    return pack_bundle(list(parts), sender=HUB, receiver=to, serial=1, created_ms=created_ms, hub=HUB, signer=by)


def cursor(node: Node) -> int:
    """How far the feed was read."""
    with node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    return feed.cursor


def chain_of(node: Node) -> ChainState:
    """The end of the own chain."""
    with node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    return chain


def state(node: Node) -> SyncState:
    """What is remembered about the line."""
    with node.store.read() as tx:
        return load_state(tx)


def test_a_bundle_says_where_the_node_stands_and_holds_what_waits(tmp_path: Path):
    """The hub finds a signed hello and every set it has not answered, in order."""
    node = build_node(tmp_path)
    write_customers(node, 3)
    assert isinstance(node.signer, NamedSigner)

    packed = pack_for_hub(node, software="test")

    _, parts = unpack_bundle(packed.plain, node.signer.public_key, HUB, HUB)
    hello = open_frame(parts[0][1], HelloRequest, node.signer.public_key, Purpose.HELLO, HUB)
    assert ([kind for kind, _ in parts], packed.sets, packed.is_whole) == (["hello", "batch"], 3, True)
    assert (hello.head_seq, hello.challenge, len(decode_batch(parts[1][1]))) == (3, b"", 3)


def test_a_long_queue_stands_in_several_batches(tmp_path: Path):
    """Batches keep their bound of 500 sets, and none is left out or doubled."""
    node = build_node(tmp_path)
    write_customers(node, 501)
    assert isinstance(node.signer, NamedSigner)

    packed = pack_for_hub(node, software="test")

    _, parts = unpack_bundle(packed.plain, node.signer.public_key, HUB, HUB)
    assert [len(decode_batch(body)) for kind, body in parts if kind == PartKind.BATCH] == [500, 1]


def test_packing_raises_the_mark_first(tmp_path: Path):
    """What lies on a stick has left the machine."""
    node = build_node(tmp_path)
    write_customers(node, 2)

    pack_for_hub(node, software="test")

    mark = node.high_water.read()
    assert mark is not None
    assert mark.seq == 2


def test_a_restored_database_packs_a_hello_alone(tmp_path: Path):
    """The mark outside the database is looked at before anything is packed; the answer brings what was lost."""
    node = build_node(tmp_path)
    write_customers(node, 1)
    with node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    node.high_water.write(HighWaterMark(chain.epoch, 4, b"h" * 32))

    packed = pack_for_hub(node, software="test")

    _, parts = unpack_bundle(packed.plain, signer("node 1").public_key, HUB, HUB)
    assert ([kind for kind, _ in parts], packed.sets) == ([PartKind.HELLO], 0)


def test_a_bundle_says_which_recall_lists_are_here(tmp_path: Path):
    """A list that is wanted and not here is not named, so that the answer brings it."""
    node, hub = build_node(tmp_path), ModelHub()
    here, lacking = encode_segment(VINS[:2]), encode_segment(VINS[2:])
    announce(hub, here, lacking, count=len(VINS))
    receive(node, hub, here)

    packed = pack_for_hub(node, software="test")

    _, parts = unpack_bundle(packed.plain, signer("node 1").public_key, HUB, HUB)
    assert [kind for kind, _ in parts] == [PartKind.HELLO, PartKind.HELD]
    assert decode_held(parts[1][1]) == {segment_hash(here)}


def test_pages_are_applied_in_order(tmp_path: Path):
    """The cursor stands where the last page ends, and the rows are counted."""
    node = build_node(tmp_path)

    report = take_from_hub(node, from_hub(node, (PartKind.PAGE, page(node, 0, 1)), (PartKind.PAGE, page(node, 1, 2))))

    assert (report.pages, report.rows, cursor(node)) == (2, 2, 2)


def test_a_page_beyond_the_cursor_stops_the_rest(tmp_path: Path):
    """A stick that skipped its predecessor is refused from there on; what came before it stays."""
    node = build_node(tmp_path)

    with pytest.raises(OutOfOrder):
        take_from_hub(node, from_hub(node, (PartKind.PAGE, page(node, 0, 1)), (PartKind.PAGE, page(node, 5, 6))))

    assert cursor(node) == 1


def test_a_bundle_taken_twice_changes_nothing(tmp_path: Path):
    """The second time every record and the cursor stay as they are."""
    node = build_node(tmp_path)
    bundle = from_hub(node, (PartKind.HELLO, hello_answer(node)), (PartKind.PAGE, page(node, 0, 1)))
    take_from_hub(node, bundle)
    before = check_rebuild(node)

    take_from_hub(node, bundle)

    assert (check_rebuild(node), cursor(node)) == (before, 1)


@pytest.mark.parametrize("wrong", ["signer", "receiver", "byte"])
def test_a_bundle_that_is_not_for_us_changes_nothing(tmp_path: Path, wrong: str):
    """Another signer, another receiver or one flipped byte is refused before any part is looked at."""
    node = build_node(tmp_path)
    part = (PartKind.PAGE, page(node, 0, 1))
    bundle = from_hub(
        node,
        part,
        by=signer("impostor") if wrong == "signer" else HUB_KEY,
        receiver=b"n" * 16 if wrong == "receiver" else None,
    )
    altered = bundle[:-1] + bytes([bundle[-1] ^ 1]) if wrong == "byte" else bundle

    with pytest.raises((NotAuthentic, Malformed)):
        take_from_hub(node, altered)

    assert cursor(node) == 0


def test_a_live_answer_is_none_for_a_stick(tmp_path: Path):
    """An answer to a challenge belongs to a line; on a stick it is refused."""
    node = build_node(tmp_path)

    with pytest.raises(NotAuthentic):
        take_from_hub(node, from_hub(node, (PartKind.HELLO, hello_answer(node, challenge=b"live"))))


def test_a_stick_says_what_the_hub_found_but_nothing_about_the_line(tmp_path: Path):
    """The situation is remembered; nobody was online."""
    node = build_node(tmp_path)

    take_from_hub(node, from_hub(node, (PartKind.HELLO, hello_answer(node, situation=int(Situation.FORK)))))

    assert (state(node).situation, state(node).contact_ms) == (Situation.FORK, None)


def test_an_old_stick_does_not_look_like_a_rolled_back_node(tmp_path: Path):
    """A hub that holds more than a stick's hello said holds nothing but our own sets: everything goes on."""
    node = build_node(tmp_path)
    write_customers(node, 2)
    with node.store.read() as tx:
        second = tx.sets_from(chain_of(node).epoch, 2, 1)[0]
    answer = hello_answer(node, situation=int(Situation.ROLLED_BACK), held_seq=2, held_hash=second.set_hash)

    take_from_hub(node, from_hub(node, (PartKind.HELLO, answer)))

    assert state(node).situation is Situation.GO
    assert pack_for_hub(node, software="test").sets == 2


def test_an_old_stick_does_not_let_a_stopped_copy_write(tmp_path: Path):
    """Only a live hello ends a stop: a stick may have been packed before it."""
    node = build_node(tmp_path)
    stop = hello_answer(node, situation=int(Situation.SUPERSEDED))
    take_from_hub(node, from_hub(node, (PartKind.HELLO, stop)))

    take_from_hub(node, from_hub(node, (PartKind.HELLO, hello_answer(node))))

    with pytest.raises(WritingStopped):
        write_customers(node, 1)


def test_data_from_a_stick_is_as_old_as_the_stick(tmp_path: Path):
    """A page that travelled for a day is a day old, and one from the future is not younger than now."""
    node = build_node(tmp_path)
    day_ms = 24 * 3600 * 1000

    old = take_from_hub(node, from_hub(node, (PartKind.PAGE, page(node, 0, 1)), created_ms=START_MS - day_ms))
    early = take_from_hub(node, from_hub(node, created_ms=START_MS + day_ms))

    with node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    assert (feed.as_of_ms, old.made_ms, early.made_ms) == (START_MS - day_ms, START_MS - day_ms, START_MS)


def test_a_stick_alone_is_an_exchange(tmp_path: Path):
    """With the hub's last page everything is synced, as of when the stick was made; the line stays unknown."""
    node = build_node(tmp_path)
    made_ms = START_MS - 3_600_000

    take_from_hub(node, from_hub(node, (PartKind.PAGE, page(node, 0, 1)), created_ms=made_ms))

    told = status_of(node)
    assert (told.line, told.sync, told.state.last_exchange) == (
        Line.UNKNOWN,
        Sync.COMPLETE,
        Exchange(made_ms, Way.STICK),
    )


def test_a_stick_that_did_not_hold_everything_leaves_the_node_catching_up(tmp_path: Path):
    """Where the hub had more than went onto the stick, the strip says so."""
    node = build_node(tmp_path)

    take_from_hub(node, from_hub(node, (PartKind.PAGE, page(node, 0, 1, is_last=False))))

    assert status_of(node).sync is Sync.CATCHING_UP


def test_a_stick_without_news_is_no_exchange(tmp_path: Path):
    """What brings no page says nothing about how far node and hub agree."""
    node = build_node(tmp_path)

    take_from_hub(node, from_hub(node, (PartKind.HELLO, hello_answer(node))))

    assert (status_of(node).sync, state(node).last_exchange) == (Sync.UNKNOWN, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SyncState(complete_ms=START_MS), Exchange(START_MS, Way.LINE), id="a later round"),
        pytest.param(SyncState(stick_ms=START_MS), Exchange(START_MS, Way.STICK), id="a later stick"),
        pytest.param(SyncState(complete_ms=START_MS - 2), Exchange(START_MS - 1, Way.STICK), id="an earlier round"),
    ],
)
def test_the_later_exchange_counts_whichever_way_it_came(before: SyncState, after: Exchange):
    """An old stick is welcome and makes nothing look older, nor the node as if it were catching up."""
    taken = after_stick(before, START_MS - 1, is_last=after.at_ms < START_MS)

    assert (taken.last_exchange, taken.is_catching_up) == (after, False)


def test_a_list_that_no_campaign_names_is_left_alone(tmp_path: Path):
    """A segment nobody asked for is neither stored nor a reason to stop."""
    node = build_node(tmp_path)

    report = take_from_hub(node, from_hub(node, (PartKind.SEGMENT, b"CSEG\x01"), (PartKind.PAGE, page(node, 0, 1))))

    assert (report.segments, report.pages) == (0, 1)
