"""The header that links a set to the one before, and how ops get their ids."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import (
    Draft,
    EpochOrigin,
    EpochReason,
    Link,
    build_ops,
    read_set,
    reread_set,
    seal_set,
    set_bytes,
)
from carnet_protocol.envelope import Purpose, envelope_hash, read_envelope, seal_envelope
from carnet_protocol.errors import BadValue, BrokenRule, Malformed, NotAllowed, NotAuthentic
from carnet_protocol.ids import HubId, OpId, index_of, nonce_of, op_id
from carnet_protocol.kinds import REGISTRY, SCHEMA_VERSION
from carnet_protocol.ops import Action, decode_ops, encode_ops
from carnet_protocol.reasons import Reason
from carnet_protocol.seals import EMPTY_OPENING
from support.protocol import (
    DEALER,
    EPOCH,
    HUB,
    HUB_EPOCH,
    NODE,
    OTHER_HUB,
    SOME_MS,
    first_origin,
    fixed,
    link,
    nonce,
    op,
    record,
    sealed_set,
    signer,
    visit_draft,
)

SET = sealed_set()
HEADER = SET.change_set.header


def read_header(**changes: Any) -> object:
    """Read a set whose header has some positions changed."""
    payload = cbor.encode_frame(msgspec.structs.replace(HEADER, **changes))
    envelope = read_envelope(seal_envelope(payload, Purpose.CHANGESET, HUB, signer()))
    return read_set(envelope, payload, HUB)


def test_a_set_says_who_wrote_it_where_it_stands_and_what_its_author_had_seen():
    """Every position of the header comes back as it was sealed."""
    assert msgspec.structs.asdict(HEADER) == {
        "version": 1,
        "hub_id": HUB,
        "dealer_id": DEALER,
        "node_id": NODE,
        "epoch": EPOCH,
        "epoch_ordinal": 1,
        "seq": 1,
        "prev": bytes(32),
        "origin": first_origin(),
        "schema": SCHEMA_VERSION,
        "hub_epoch": HUB_EPOCH,
        "hub_position": 7,
        "wall_ms": SOME_MS,
        "nonce": nonce(),
        "ops": encode_ops(SET.ops),
    }


def test_the_ops_of_a_set_are_numbered_from_zero():
    """An op's id is the set's nonce and its place."""
    found = SET.change_set

    assert found.ops == SET.ops
    assert [found.op_id(index) for index in range(2)] == [op_id(nonce(), 0), op_id(nonce(), 1)]
    assert (nonce_of(found.op_id(1)), index_of(found.op_id(1))) == (found.nonce, 1)


def test_the_hash_of_a_set_is_that_of_its_envelope():
    """What the next set names as `prev` is the hash over what was signed."""
    assert SET.change_set.set_hash == envelope_hash(read_envelope(SET.message), Purpose.CHANGESET, HUB)


def test_a_reemitted_set_keeps_nonce_and_ops():
    """Sealed again by another key under a new epoch, a set is recognised by nonce and ops hash, not by its own hash."""
    origin = EpochOrigin(EPOCH, 1, SET.change_set.set_hash, 1)
    moved = link(1, origin.parent_hash, epoch=fixed("second epoch", 8), epoch_ordinal=2, origin=origin)

    message = seal_set(HEADER.ops, SET.change_set.nonce, moved, signer("new machine"))
    again = reread_set(message, HUB)

    assert (again.nonce, again.ops_hash) == (SET.change_set.nonce, SET.change_set.ops_hash)
    assert again.set_hash != SET.change_set.set_hash


def test_our_own_log_is_read_without_verifying_again():
    """What was verified when it was written is only parsed afterwards."""
    assert reread_set(SET.message, HUB) == SET.change_set


def test_a_set_made_for_another_hub_is_refused():
    """The hub id stands in the header too, for readers who hold several logs."""
    envelope = read_envelope(SET.message)

    with pytest.raises(NotAuthentic) as refusal:
        read_set(envelope, envelope.payload, OTHER_HUB)

    assert refusal.value.reason is Reason.WRONG_HUB


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"version": 2}, id="another version"),
        pytest.param({"seq": 0}, id="seq 0"),
        pytest.param({"seq": 2}, id="an origin behind the first set"),
        pytest.param({"origin": None}, id="a first set without an origin"),
        pytest.param({"prev": fixed("other", 32)}, id="a first set that continues another than its origin"),
        pytest.param({"epoch": bytes(7)}, id="an epoch of 7 bytes"),
        pytest.param({"node_id": bytes(17)}, id="a node id of 17 bytes"),
        pytest.param({"prev": bytes(31)}, id="a hash of 31 bytes"),
        pytest.param({"nonce": bytes(13)}, id="a nonce of 13 bytes"),
        pytest.param({"schema": 0}, id="schema 0"),
        pytest.param({"hub_position": -1}, id="a negative position"),
        pytest.param({"wall_ms": 2**54}, id="a clock outside the range"),
        pytest.param({"ops": "text"}, id="text for ops"),
        pytest.param({"origin": EpochOrigin(bytes(8), 0, bytes(32), 4)}, id="an unknown reason for an epoch"),
    ],
)
def test_a_header_outside_its_frame_is_refused(change: dict[str, Any]):
    """Each position has its size and range, and origin, seq and prev belong together."""
    with pytest.raises(Malformed):
        read_header(**change)


@pytest.mark.parametrize("wall_ms", [-(2**53), 0, 2**53])
def test_any_clock_is_readable(wall_ms: int):
    """A clock decades off is information and no reason to refuse."""
    assert read_header(wall_ms=wall_ms)


def test_a_header_over_the_size_of_a_set_is_refused():
    """The bound holds for the payload too."""
    with pytest.raises(Malformed) as refusal:
        read_header(ops=bytes(limits.SET_BYTES_MAX))

    assert refusal.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(link(2, origin=first_origin()), id="an origin behind the first set"),
        pytest.param(link(1, origin=None), id="a first set without an origin"),
    ],
)
def test_sealing_at_an_impossible_place_is_a_bug(place: Link):
    """Our own code never makes what a reader would refuse."""
    with pytest.raises(BrokenRule):
        seal_set(HEADER.ops, nonce(), place, signer())


def test_the_reasons_of_an_epoch_keep_their_numbers():
    """They stand in signed bytes."""
    assert [(reason.name, int(reason)) for reason in EpochReason] == [
        ("ENROLLED", 0),
        ("RESTORED", 1),
        ("FORKED", 2),
        ("HUB_ASKED", 3),
    ]


def test_an_op_may_build_on_an_earlier_op_of_its_set():
    """A record may be created and completed in one transaction."""
    first = visit_draft()
    second = replace(visit_draft(status="completed"), based_on=(op_id(nonce(), 0),))

    assert sealed_set(first, second).change_set.ops[1].based_on == (op_id(nonce(), 0),)


@pytest.mark.parametrize("index", [0, 1, 7])
def test_an_op_that_waits_for_itself_or_a_later_one_is_refused(index: int):
    """Causes come first inside a set as well."""
    waiting = replace(visit_draft(), based_on=(op(1), op_id(nonce(), index)))
    found = sealed_set(waiting, visit_draft()).change_set

    with pytest.raises(Malformed, match="builds on itself"):
        _ = found.ops


def test_public_values_stand_in_the_op_and_personal_ones_in_the_opening():
    """A draft's values are parted by the registry."""
    ops, opening = build_ops((visit_draft(sender_name="测试乙"),), fixed("seed", 32))

    assert set(ops[0].fields) == {0, 8, 24, 32, 64}
    assert ops[0].sealed_registers == {10: 2}
    assert cbor.decode(opening)[1] == [cbor.encode({80: "测试乙"})]


def test_a_draft_without_personal_values_has_no_opening():
    """Nothing travels beside a public set."""
    assert build_ops((visit_draft(),), fixed("seed", 32))[1] == EMPTY_OPENING


def test_a_delete_is_an_op_without_values():
    """It names what its author saw and nothing else."""
    ops, _ = build_ops((Draft(REGISTRY["phone"], record(), {}, (op(1),), Action.DELETE),), bytes(32))

    assert (ops[0].action, ops[0].fields, ops[0].seals, ops[0].based_on) == (1, {}, {}, (op(1),))


@pytest.mark.parametrize(
    ("values", "field"),
    [({"wings": 2}, "wings"), ({"status": "flying"}, "status"), ({"sender_name": 7}, "sender_name")],
    ids=["unknown", "public", "personal"],
)
def test_a_bad_draft_is_refused_by_field(values: dict[str, Any], field: str):
    """Public or personal, a bad value is named before anything is signed."""
    with pytest.raises(BadValue) as refusal:
        build_ops((visit_draft(**values),), bytes(32))

    assert refusal.value.field == field


@pytest.mark.parametrize("count", [0, 501])
def test_a_set_holds_one_to_500_drafts(count: int):
    """Both ends of the bound are checked at the author."""
    with pytest.raises(Malformed) as refusal:
        build_ops((visit_draft(),) * count, bytes(32))

    assert refusal.value.reason is Reason.TOO_MANY_OPS


def test_500_drafts_make_a_set():
    """The bound is inside."""
    assert len(build_ops((visit_draft(),) * 500, bytes(32))[0]) == 500


def test_the_size_of_a_set_counts_its_opening():
    """The bound of 256 KiB is over both."""
    assert set_bytes(b"12345", b"678") == 8


def test_the_same_drafts_make_the_same_bytes():
    """Everything random is an argument."""
    assert sealed_set().message == sealed_set().message
    assert sealed_set(nonce_name="other").message != sealed_set().message


def test_ids_of_another_hub_give_another_message():
    """The hub stands in the header and in the signature."""
    message = seal_set(HEADER.ops, nonce(), link(hub_id=OTHER_HUB), signer())

    assert reread_set(message, HubId(OTHER_HUB)).header.hub_id == OTHER_HUB


@pytest.mark.parametrize(
    ("values", "action"),
    [({}, Action.WRITE), ({}, Action.RULING), ({"color": "red"}, Action.DELETE)],
    ids=["a write of nothing", "a ruling on nothing", "a delete with a value"],
)
def test_a_draft_that_no_reader_would_take_is_not_sealed(values: dict, action: Action):
    """An op that every reader calls malformed is refused while its author still stands at the desk."""
    with pytest.raises(Malformed):
        build_ops((Draft(REGISTRY["vehicle"], record(), values, (), action),), bytes(32))


def draft_on(count: int) -> Draft:
    """A draft whose author has read this many ops."""
    read = tuple(OpId(number.to_bytes(16, "big")) for number in range(count))
    return Draft(REGISTRY["vehicle"], record(), {"color": "red"}, read)


def test_a_draft_on_as_many_ops_as_one_op_can_name_is_read_again():
    """The bound of the frame is inside."""
    (op,), _ = build_ops((draft_on(limits.BASED_ON_PER_OP_MAX),), bytes(32))

    assert decode_ops(encode_ops((op,))) == (op,)


def test_a_draft_on_more_ops_than_one_op_can_name_is_not_sealed():
    """Sealed and logged, it could be read by nobody, its own author included."""
    with pytest.raises(NotAllowed) as refusal:
        build_ops((draft_on(limits.BASED_ON_PER_OP_MAX + 1),), bytes(32))

    assert refusal.value.reason is Reason.TOO_MANY_HEADS
