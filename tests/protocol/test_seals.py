"""Personal values are bound by a signature without standing in signed bytes."""

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import cbor
from carnet_protocol.changeset import build_ops
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.ops import Op, encode_ops
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup, Value
from carnet_protocol.seals import (
    EMPTY_OPENING,
    Opening,
    SealPlace,
    commit,
    decode_values,
    encode_values,
    erase_from_opening,
    parse_opening,
    salts_of,
    seal_places,
)
from support.protocol import customer_draft, draft, fixed, visit_draft

SEED = fixed("seed", 32)
DRAFTS = (customer_draft(note="calls in the evening"), visit_draft(sender_name="测试乙", sender_phone="13000000000"))
OPS, OPENING = build_ops(DRAFTS, SEED)
PLACES = (SealPlace(0, 1), SealPlace(0, 3), SealPlace(0, 4), SealPlace(1, 2))

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


def commitments(ops: tuple[Op, ...]) -> list[bytes]:
    """Every commitment of a set."""
    return [seal[:32] for op in ops for seal in op.seals.values()]


def masked(ops: tuple[Op, ...]) -> bytes:
    """The signed bytes with every commitment blanked."""
    found = encode_ops(ops)
    for commitment in commitments(ops):
        found = found.replace(commitment, bytes(32))
    return found


def test_each_op_and_group_has_one_seal():
    """Identity, notes and secret of the customer, contact of the visit; the rest is public."""
    assert seal_places(OPS) == PLACES


def test_an_opening_yields_the_values():
    """What was sealed is read back, bound to its place."""
    opening = parse_opening(OPENING, OPS)

    assert {place: decode_values(one) for place, one in opening.values.items()} == {
        SealPlace(0, 1): {8: "测试甲", 24: "1970-01-01"},
        SealPlace(0, 3): {56: "calls in the evening"},
        SealPlace(0, 4): {17: "000000000000000000"},
        SealPlace(1, 2): {80: "测试乙", 81: "13000000000"},
    }


def test_the_construction_is_the_one_in_the_spec():
    """Salt and commitment are HMAC and SHA-256 over domain, place and values, as anybody can compute."""
    place = SealPlace(1, 2)
    value_bytes = cbor.encode({80: "测试乙", 81: "13000000000"})

    salt = hmac.digest(SEED, b"carnet/salt/v1\x00" + b"\x00\x01" + b"\x02", "sha256")
    commitment = hashlib.sha256(b"carnet/seal/v1\x00" + salt + b"\x00\x01" + b"\x02" + value_bytes).digest()

    assert salts_of(SEED).at(place) == salt
    assert commit(salt, place, value_bytes) == commitment
    assert OPS[1].seals == {2: commitment + bytes([10])}


@given(texts, texts, st.binary(min_size=32, max_size=32))
def test_a_personal_value_changes_nothing_but_its_commitment(one: str, other: str, seed: bytes):
    """With equal seeds, other personal values leave every signed byte outside the commitments as it was."""
    ops, opening = build_ops((customer_draft(full_name=one), visit_draft()), seed)
    changed, other_opening = build_ops((customer_draft(full_name=other), visit_draft()), seed)

    assert masked(ops) == masked(changed)
    assert (commitments(ops) == commitments(changed)) == (one == other)
    assert (opening == other_opening) == (one == other)


@given(texts, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_no_signed_byte_is_a_keyless_function_of_a_personal_value(value: str, seed: bytes, other_seed: bytes):
    """The same values under two seeds share no commitment, and nothing else signed depends on them."""
    drafts = (customer_draft(full_name=value, note=value), visit_draft(sender_name=value))

    ops, again = (build_ops(drafts, one)[0] for one in (seed, other_seed))

    assert masked(ops) == masked(again)
    if seed != other_seed:
        assert set(commitments(ops)).isdisjoint(commitments(again))


def test_equal_values_in_one_set_have_different_commitments():
    """Two customers with one name do not show that they share it."""
    ops, _ = build_ops((draft("customer", {"note": "x"}), draft("customer", {"note": "x"}, record_name="b")), SEED)

    assert len(set(commitments(ops))) == 2


@given(st.lists(texts, min_size=1, max_size=3))
def test_no_personal_text_stands_in_signed_bytes(values: list[str]):
    """Not even a part of a longer value."""
    long = [value for value in values if len(value.encode()) > 8]
    ops, _ = build_ops(tuple(draft("customer", {"full_name": value}) for value in values), SEED)

    assert [value for value in long if value.encode() in encode_ops(ops)] == []


def with_entries(change: dict[int, Any], seed: bytes | None = SEED) -> bytes:
    """The valid opening with some of its four entries replaced."""
    entries = cbor.decode(OPENING)[1]
    return cbor.encode([seed, [change.get(at, entry) for at, entry in enumerate(entries)]])


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param(with_entries({0: encode_values({8: "测试丙"})}), id="another value"),
        pytest.param(with_entries({1: cbor.decode(OPENING)[1][2], 2: cbor.decode(OPENING)[1][1]}), id="two exchanged"),
        pytest.param(with_entries({}, seed=fixed("another seed", 32)), id="another seed"),
        pytest.param(
            cbor.encode([None, [[bytes(32), one] for one in cbor.decode(OPENING)[1]]]), id="salts of zero bytes"
        ),
    ],
)
def test_an_opening_that_does_not_match_is_refused(opening: bytes):
    """A value counts only at its place, with its salt, as it was signed."""
    with pytest.raises(NotAuthentic) as refusal:
        parse_opening(opening, OPS)

    assert refusal.value.reason is Reason.OPENING_MISMATCH


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([SEED], id="no entries"),
        pytest.param([SEED, [b""] * 3], id="an entry missing"),
        pytest.param([SEED, [b""] * 5], id="an entry too many"),
        pytest.param([SEED[:31], [b""] * 4], id="a seed of 31 bytes"),
        pytest.param([SEED, [b"", b"", b"", None]], id="an entry missing although the seed is there"),
        pytest.param([None, [b""] * 4], id="values without salts"),
        pytest.param([None, [[bytes(31), b""]] * 4], id="a salt of 31 bytes"),
        pytest.param([None, [[bytes(32), "text"]] * 4], id="text for value bytes"),
        pytest.param([None, [["s" * 32, b""]] * 4], id="a salt of text"),
        pytest.param([None, [["s" * 32, "text"]] * 4], id="text for both"),
        pytest.param(["seed" * 8, [b""] * 4], id="a seed of text"),
        pytest.param({0: SEED}, id="a map"),
    ],
)
def test_an_opening_of_another_shape_is_refused(value: object):
    """One entry per seal, in one of two forms."""
    with pytest.raises(Malformed):
        parse_opening(cbor.encode(value), OPS)


def test_an_opening_without_a_seal_is_refused():
    """A set without personal values has no opening."""
    public, opening = build_ops((visit_draft(),), SEED)

    assert opening == EMPTY_OPENING
    assert parse_opening(EMPTY_OPENING, public) == Opening(None, {}, {})
    assert Opening(None, {}, {}).encode(()) == EMPTY_OPENING
    with pytest.raises(Malformed):
        parse_opening(cbor.encode([SEED, []]), public)


def test_the_seed_goes_with_the_first_erasure():
    """Afterwards the opening holds the surviving salts, and neither the seed nor the erased salt."""
    full = parse_opening(OPENING, OPS)

    erased = erase_from_opening(full, lambda place: place == PLACES[0])
    encoded = erased.encode(PLACES)

    assert (full.seed, erased.seed) == (SEED, None)
    assert SEED not in encoded
    assert salts_of(SEED).at(PLACES[0]) not in encoded
    assert erased.values == {place: full.values[place] for place in PLACES[1:]}


@given(st.sets(st.sampled_from(PLACES)), st.sets(st.sampled_from(PLACES)))
def test_what_survives_an_erasure_still_verifies(first: set[SealPlace], second: set[SealPlace]):
    """Surviving values prove themselves by their salts, after one erasure and after another."""
    full = parse_opening(OPENING, OPS)

    once = parse_opening(erase_from_opening(full, first.__contains__).encode(PLACES), OPS)
    twice = parse_opening(erase_from_opening(once, second.__contains__).encode(PLACES), OPS)

    assert twice.values == {place: one for place, one in full.values.items() if place not in first | second}
    assert (twice.seed is None) == bool(first | second)


def test_erasing_nothing_changes_nothing():
    """The opening stays the very same, seed included, so its bytes need not be written again."""
    full = parse_opening(OPENING, OPS)

    assert erase_from_opening(full, lambda _: False) is full
    assert full.encode(PLACES) == OPENING


def test_64_sealed_values_up_to_the_last_label_are_read():
    """The bounds on number and label are inside."""
    values: dict[int, Value] = {2047 - at: at for at in range(64)}

    assert decode_values(encode_values(values)) == values


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(cbor.encode([]), Reason.MALFORMED, id="an array"),
        pytest.param(cbor.encode({"name": 1}), Reason.MALFORMED, id="a name as label"),
        pytest.param(cbor.encode({2048: 1}), Reason.MALFORMED, id="label 2048"),
        pytest.param(cbor.encode({True: 1}), Reason.MALFORMED, id="true as label"),
        pytest.param(cbor.encode({8: 1.5}), Reason.FORBIDDEN_TYPE, id="a float"),
        pytest.param(cbor.encode({8: [1]}), Reason.FORBIDDEN_TYPE, id="an array as value"),
        pytest.param(cbor.encode(dict.fromkeys(range(65), 1)), Reason.MALFORMED, id="65 values"),
    ],
)
def test_sealed_values_are_a_map_of_the_wires_types(data: bytes, reason: Reason):
    """Behind a seal the same types hold as in the open."""
    with pytest.raises(Malformed) as refusal:
        decode_values(data)

    assert refusal.value.reason is reason


def test_every_erasure_group_can_be_sealed():
    """Identity, contact, notes and secret each have their own commitment."""
    drafts = (customer_draft(note="x"), draft("phone", {"number": "13000000000"}, record_name="phone"))

    ops, _ = build_ops(drafts, SEED)

    assert {place.group for place in seal_places(ops)} == set(map(int, ErasureGroup))
