"""Names of things: sizes, derivations that are frozen, and text forms."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import ids
from carnet_protocol.errors import BadValue, Malformed
from carnet_protocol.ids import (
    NAMESPACE,
    Nonce,
    RecordId,
    completion_id,
    handover_reading_id,
    index_of,
    new_record_id,
    nonce_of,
    op_id,
    ownership_id,
    parse_record_text,
    record_text,
    settlement_id,
    settlement_share_id,
    split_op_ids,
    vehicle_id,
)
from carnet_protocol.reasons import Reason
from support.protocol import fixed, op, record

VIN = "LSVAA49J132047371"


@given(st.binary(min_size=14, max_size=14), st.integers(0, 65_535))
def test_an_op_id_is_the_nonce_and_the_index(nonce: bytes, index: int):
    """Sixteen bytes name an op; nonce and index can be read off them."""
    found = op_id(Nonce(nonce), index)

    assert (len(found), nonce_of(found), index_of(found)) == (16, nonce, index)


def test_sizes_are_frozen():
    """The lengths of names are part of the wire format."""
    sizes = (ids.RECORD_ID_BYTES, ids.OP_ID_BYTES, ids.NONCE_BYTES, ids.EPOCH_BYTES, ids.HASH_BYTES, ids.VIN_CHARS)

    assert sizes == (16, 16, 14, 8, 32, 17)
    assert bytes(32) == ids.NO_HASH


def test_the_namespace_is_frozen():
    """Another namespace would give two sites two records for one car."""
    assert str(UUID(bytes=NAMESPACE)) == "6f0c3f0e-5d0b-5e0a-9d6e-c0ffee0ca12e"


def test_derived_ids_are_name_based_uuids():
    """A vehicle's id is the UUIDv5 that any library computes from namespace and name."""
    assert UUID(bytes=vehicle_id(VIN)) == uuid5(UUID(bytes=NAMESPACE), "vehicle\x00" + VIN)
    assert UUID(bytes=vehicle_id(VIN)).version == 5


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(VIN.lower(), id="lower case"),
        pytest.param("ＬＳＶＡＡ４９Ｊ１３２０４７３７１", id="full width"),
    ],
)
def test_spelling_does_not_change_a_vehicle(typed: str):
    """Case and width are normalised, so every desk meets the same record."""
    assert vehicle_id(typed) == vehicle_id(VIN)


def test_validity_plays_no_part_in_a_vehicle_id():
    """A wrong check digit, or a letter no VIN may hold, makes another vehicle and no refusal."""
    assert len({vehicle_id(VIN), vehicle_id("LSVAA49J032047371"), vehicle_id("O" * 17)}) == 3


@pytest.mark.parametrize("vin", ["", VIN[:-1], VIN + "1", VIN + " ", "0" * 16 + "\ud800"])
def test_a_vehicle_id_needs_seventeen_characters(vin: str):
    """Nothing is trimmed or padded, and half a character is none."""
    with pytest.raises(BadValue) as refusal:
        vehicle_id(vin)

    assert refusal.value.reason in (Reason.BAD_VIN, Reason.BAD_FIELD)


def test_each_part_of_a_derived_id_counts():
    """Another vehicle, customer, role, campaign, visit or place makes another record."""
    a, b, c = record("a"), record("b"), record("c")

    assert len({ownership_id(*parts) for parts in [(a, b, "owner"), (b, a, "owner"), (a, b, "driver")]}) == 3
    assert len({completion_id(a, VIN, b), completion_id(a, VIN, c), completion_id(c, VIN, b)}) == 3
    assert len({settlement_id(a), settlement_id(b), settlement_share_id(a, 0), settlement_share_id(a, 1)}) == 4
    assert len({handover_reading_id(a), handover_reading_id(b), settlement_id(a), settlement_id(b)}) == 4
    assert UUID(bytes=ownership_id(a, b, "owner")).version == UUID(bytes=completion_id(a, VIN, b)).version == 5


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_new_record_id_is_a_uuid_of_version_7(now_ms: int, random10: bytes):
    """Time stands first, so ids sort by creation; version and variant are those of RFC 9562."""
    found = UUID(bytes=new_record_id(now_ms, random10))

    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert int.from_bytes(found.bytes[:6], "big") == now_ms


@pytest.mark.parametrize(("now_ms", "stamp"), [(-5, 0), (2**48, 2**48 - 1)])
def test_a_wrong_clock_does_not_stop_a_dealer(now_ms: int, stamp: int):
    """Times outside the range are clamped to it."""
    assert int.from_bytes(new_record_id(now_ms, bytes(10))[:6], "big") == stamp


def test_text_and_id_are_two_forms_of_one():
    """People see hyphenated text; surrounding space does not matter when they type it back."""
    known = RecordId(fixed("record"))

    assert parse_record_text(f" {record_text(known)}\n") == known


@pytest.mark.parametrize("text", ["", "x", "018f0000-0000-7000-8000-00000000000", "测试"])
def test_other_text_is_no_record_id(text: str):
    """Anything but a UUID is refused for the field `id`."""
    with pytest.raises(BadValue) as refusal:
        parse_record_text(text)

    assert refusal.value.field == "id"


def test_op_ids_are_read_off_their_concatenation():
    """A `based_on` is a whole number of op ids."""
    assert split_op_ids(op(1) + op(2)) == (op(1), op(2))
    with pytest.raises(Malformed):
        split_op_ids(bytes(17))
