"""Which bytes are CBOR of this protocol, and why the others are refused."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import EpochOrigin
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason

REFUSED = [
    pytest.param("", Reason.MALFORMED, id="nothing"),
    pytest.param("19", Reason.MALFORMED, id="an integer cut short"),
    pytest.param("82 01", Reason.MALFORMED, id="an array cut short"),
    pytest.param("44 010203", Reason.MALFORMED, id="a byte string cut short"),
    pytest.param("5b ffffffffffffffff", Reason.MALFORMED, id="a byte string of 2**64 bytes"),
    pytest.param("9b ffffffffffffffff", Reason.MALFORMED, id="an array of 2**64 items"),
    pytest.param("bb ffffffffffffffff", Reason.MALFORMED, id="a map of 2**64 pairs"),
    pytest.param("9f 01 ff", Reason.MALFORMED, id="an array of indefinite length"),
    pytest.param("bf 01 02 ff", Reason.MALFORMED, id="a map of indefinite length"),
    pytest.param("5f 41 61 41 62 ff", Reason.MALFORMED, id="a byte string of indefinite length"),
    pytest.param("7f 61 61 ff", Reason.MALFORMED, id="text of indefinite length"),
    pytest.param("ff", Reason.MALFORMED, id="a break"),
    pytest.param("1c", Reason.MALFORMED, id="a reserved length"),
    pytest.param("62 c328", Reason.MALFORMED, id="text that is no UTF-8"),
    pytest.param("63 eda080", Reason.MALFORMED, id="text with half a surrogate pair"),
    pytest.param("00 00", Reason.TRAILING_BYTES, id="bytes after the end"),
    pytest.param("80 f6", Reason.TRAILING_BYTES, id="a null after the end"),
    pytest.param("a2 01 02 01 03", Reason.DUPLICATE_KEY, id="one key twice"),
    pytest.param("a2 01 02 1801 03", Reason.DUPLICATE_KEY, id="one key twice, spelled differently"),
    pytest.param("c0 74" + b"2020-01-01T00:00:00Z".hex(), Reason.FORBIDDEN_TYPE, id="tag 0, a date"),
    pytest.param("c1 00", Reason.FORBIDDEN_TYPE, id="tag 1, a time"),
    pytest.param("c2 49 010000000000000000", Reason.FORBIDDEN_TYPE, id="tag 2, a bignum"),
    pytest.param("c3 49 010000000000000000", Reason.FORBIDDEN_TYPE, id="tag 3, a negative bignum"),
    pytest.param("c4 82 01 02", Reason.FORBIDDEN_TYPE, id="tag 4, a decimal fraction"),
    pytest.param("d81c 80", Reason.FORBIDDEN_TYPE, id="tag 28, shareable"),
    pytest.param("d81d 00", Reason.FORBIDDEN_TYPE, id="tag 29, shared"),
    pytest.param("d9 0100 80", Reason.FORBIDDEN_TYPE, id="tag 256, string references"),
    pytest.param("d9 0102 80", Reason.FORBIDDEN_TYPE, id="tag 258, a set"),
    pytest.param("d9 d9f7 00", Reason.FORBIDDEN_TYPE, id="tag 55799, self-described"),
    pytest.param("d9 ffff 00", Reason.FORBIDDEN_TYPE, id="a tag nobody knows"),
    pytest.param("81 d2 80", Reason.FORBIDDEN_TYPE, id="a tag inside an array"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_bytes_outside_the_subset_are_refused(text: str, reason: Reason):
    """Each cause has its reason, and each is a refusal of malformed input."""
    with pytest.raises(Malformed) as refusal:
        cbor.decode(bytes.fromhex(text))

    assert refusal.value.reason is reason


@pytest.mark.parametrize("depth", [limits.CBOR_DEPTH_MAX - 1, limits.CBOR_DEPTH_MAX])
def test_containers_nest_up_to_the_bound(depth: int):
    """Eight levels are read."""
    assert str(cbor.decode(b"\x81" * depth + b"\x01")).count("[") == depth


@pytest.mark.parametrize("opener", [b"\x81", b"\xa1\x01"], ids=["arrays", "maps"])
def test_deeper_nesting_is_refused(opener: bytes):
    """Nine levels are not, nor are ten thousand."""
    for depth in (limits.CBOR_DEPTH_MAX + 1, 10_000):
        with pytest.raises(Malformed) as refusal:
            cbor.decode(opener * depth + b"\x01")

        assert refusal.value.reason is Reason.TOO_DEEP


def test_a_message_over_the_bound_is_refused_before_it_is_decoded():
    """Size is looked at first, so even nonsense of that size is only too large."""
    with pytest.raises(Malformed) as refusal:
        cbor.decode(b"\xff" * 11, bytes_max=10)

    assert refusal.value.reason is Reason.TOO_LARGE


def test_a_message_at_the_bound_is_read():
    """The bound itself is inside."""
    assert cbor.decode(b"\x49" + bytes(9), bytes_max=10) == bytes(9)


@pytest.mark.parametrize("tags", [range(1200), range(42_990, 43_010), [55_799, 65_535, 2**32, 2**64 - 1]])
def test_no_tag_is_read_whatever_it_means(tags: Iterable[int]):
    """Tags that the decoder would turn into dates, sets or references are refused like the others."""
    passed = []
    for tag in tags:
        for content in (b"\x00", b"\x80", b"\x60", b"\x40", b"\xa0", b"\x81\x00"):
            try:
                cbor.decode(b"\xdb" + tag.to_bytes(8, "big") + content)
            except Malformed as refusal:
                if refusal.reason is Reason.FORBIDDEN_TYPE:
                    continue
            passed.append((tag, content))

    assert passed == []


def test_a_sender_need_not_be_deterministic():
    """Integers spelled longer than necessary and unsorted keys are read; what is signed is the bytes."""
    assert cbor.decode(bytes.fromhex("a2 1902 00 02 1801 03".replace(" ", ""))) == {512: 2, 1: 3}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "00"),
        (24, "1818"),
        (-1, "20"),
        (2**64 - 1, "1bffffffffffffffff"),
        (b"\x01", "4101"),
        ("甲", "63e794b2"),
        ([1, [2]], "82018102"),
        ({1: None, 2: True, 3: False}, "a301f602f503f4"),
    ],
)
def test_our_encoder_writes_the_shortest_form(value: object, text: str):
    """Equal values have equal bytes, and reading gives the value back."""
    assert cbor.encode(value) == bytes.fromhex(text)
    assert cbor.decode(bytes.fromhex(text)) == value


ORIGIN = EpochOrigin(bytes(8), 0, bytes(32), 0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([bytes(8), 0, bytes(32)], id="a position missing"),
        pytest.param([bytes(8), 0, bytes(32), 0, 0], id="a position too many"),
        pytest.param([bytes(7), 0, bytes(32), 0], id="a byte string too short"),
        pytest.param([bytes(9), 0, bytes(32), 0], id="a byte string too long"),
        pytest.param(["a" * 8, 0, bytes(32), 0], id="text for bytes"),
        pytest.param([bytes(8), -1, bytes(32), 0], id="below the range"),
        pytest.param([bytes(8), 2**53 + 1, bytes(32), 0], id="above the range"),
        pytest.param([bytes(8), 1.0, bytes(32), 0], id="a float for an integer"),
        pytest.param([bytes(8), True, bytes(32), 0], id="a boolean for an integer"),
        pytest.param([bytes(8), "0", bytes(32), 0], id="text for an integer"),
        pytest.param([bytes(8), None, bytes(32), 0], id="null for an integer"),
        pytest.param({0: bytes(8)}, id="a map for an array"),
        pytest.param(7, id="no array"),
        pytest.param(None, id="null"),
    ],
)
def test_a_frame_has_exactly_its_positions_and_types(value: object):
    """A fixed-position frame is refused for one position more, one less, or another type at one of them."""
    with pytest.raises(Malformed) as refusal:
        cbor.to_frame(value, EpochOrigin)

    assert refusal.value.reason is Reason.MALFORMED


def test_a_frame_comes_back_as_it_went():
    """Encoding and decoding a frame are inverse."""
    assert cbor.decode_frame(cbor.encode_frame(ORIGIN), EpochOrigin) == ORIGIN


def depth_of(value: object) -> int:
    """How many containers stand inside each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


WIRE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 99), inner, max_size=3),
    max_leaves=12,
).filter(lambda value: depth_of(value) <= limits.CBOR_DEPTH_MAX)


@given(WIRE)
def test_what_we_encode_we_decode(value: object):
    """Every value of the subset survives a round trip."""
    assert cbor.decode(cbor.encode(value)) == value
