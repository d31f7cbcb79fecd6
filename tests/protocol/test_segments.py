"""The bytes of a recall list: one form per set of vehicles, and nothing else is read."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carnet_protocol.errors import BadValue, Malformed
from carnet_protocol.limits import SEGMENT_BYTES_MAX, SEGMENT_MEMBERS_MAX
from carnet_protocol.reasons import Reason
from carnet_protocol.segments import (
    SEGMENT_MAGIC,
    SERIAL_MAX,
    decode_segment,
    encode_segment,
    join_vin,
    segment_hash,
    split_vin,
)
from carnet_protocol.vin import normalise_vin
from support.vins import (
    PUBLISHED_VINS,
    VIN_CHARACTERS,
    make_vin,
    make_vins,
    right_digit,
    with_right_digit,
    with_wrong_digit,
)

PUBLISHED = PUBLISHED_VINS[0]
WRONG_DIGIT = with_wrong_digit(PUBLISHED)
FRAME_NUMBER = "JZX1001234567"
PREFIX = b"LSVAB2C3RA"
LATER_PREFIX = b"LSVAB2C3RB"

prefixes = st.text(VIN_CHARACTERS, min_size=10, max_size=10)
serials = st.integers(0, SERIAL_MAX)
regular_vins = st.builds(join_vin, st.sampled_from(["LSVAB2C3RA", "LSVAB2C3RB", "1M8GDM9AKP"]), serials)
frame_numbers = st.text(min_size=1, max_size=20).filter(lambda text: normalise_vin(text) != "")
identifiers = st.one_of(regular_vins, regular_vins.map(with_wrong_digit), regular_vins.map(str.lower), frame_numbers)
member_lists = st.lists(identifiers, max_size=30)


def row(label: str, *values: object):
    """One labelled row of a table of cases."""
    return pytest.param(*values, id=label)


def varint(number: int) -> bytes:
    """A number as the format writes it."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def group(prefix: bytes, *numbers: int) -> bytes:
    """One prefix with its first serial and the distances that follow."""
    return prefix + varint(len(numbers)) + b"".join(map(varint, numbers))


def listed(*groups: bytes, exceptions: tuple[bytes, ...] = ()) -> bytes:
    """A segment as a sender might write it, right or wrong."""
    tail = b"".join(varint(len(text)) + text for text in exceptions)
    return SEGMENT_MAGIC + varint(len(groups)) + b"".join(groups) + varint(len(exceptions)) + tail


def read_or_reason(segment: bytes) -> Any:
    """The decoded list, or why it was refused."""
    try:
        return decode_segment(segment)
    except Malformed as refusal:
        return refusal.reason


def test_the_bytes_are_the_ones_the_specification_shows():
    """A list of one regular VIN and one exception has these bytes and no others."""
    segment = encode_segment([PUBLISHED, FRAME_NUMBER])

    assert segment == (
        b"CSEG\x01"  # four letters and the version
        b"\x01"  # one prefix
        b"1M8GDM9AKP"  # positions 1-8, 10, 11
        b"\x01\xa4\xce\x02"  # one serial: 042788
        b"\x01\x0dJZX1001234567"  # one exception of 13 bytes
    )


def test_an_empty_list_has_bytes_too():
    """A list without members is two zeros behind the magic."""
    assert encode_segment([]) == SEGMENT_MAGIC + b"\x00\x00"


@given(member_lists)
def test_a_list_comes_back_as_the_set_it_was(vins: list[str]):
    """Decoding gives every identifier once, in normal form, and counts it."""
    segment = decode_segment(encode_segment(vins))

    assert sorted(segment) == sorted({normalise_vin(vin) for vin in vins})
    assert segment.count == len(list(segment))


@given(member_lists, st.randoms(use_true_random=False))
def test_order_repetition_and_typing_leave_no_trace(vins: list[str], rng):
    """Two lists of one set have one byte form."""
    other = [*vins, *vins]
    rng.shuffle(other)

    assert encode_segment([f" {vin.lower()}-" for vin in other]) == encode_segment([vin.lower() for vin in vins])


@given(member_lists, st.data())
@example([PUBLISHED, WRONG_DIGIT, FRAME_NUMBER], None)
def test_whatever_is_read_is_canonical(vins: list[str], data):
    """Damaged bytes are refused, or they are the canonical form of another set."""
    segment = bytearray(encode_segment(vins))
    if data is not None:
        place = data.draw(st.integers(0, len(segment) - 1))
        segment[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))

    outcome = read_or_reason(bytes(segment))

    assert outcome is Reason.BAD_SEGMENT or encode_segment(outcome) == segment


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_refused_or_canonical(tail: bytes):
    """Nothing but a typed refusal comes out of bytes that a stranger made up."""
    segment = SEGMENT_MAGIC + tail

    outcome = read_or_reason(segment)

    assert outcome is Reason.BAD_SEGMENT or encode_segment(outcome) == segment


def test_any_flipped_byte_is_refused_or_changes_set_and_hash():
    """No change of any single byte yields the same set or the same hash."""
    vins = [*make_vins(3), PUBLISHED, WRONG_DIGIT, FRAME_NUMBER]
    segment = encode_segment(vins)
    survivors = 0

    for place in range(len(segment)):
        for flip in range(1, 256):
            damaged = segment[:place] + bytes([segment[place] ^ flip]) + segment[place + 1 :]
            outcome = read_or_reason(damaged)
            assert segment_hash(damaged) != segment_hash(segment)
            assert outcome is Reason.BAD_SEGMENT or set(outcome) != set(vins)
            survivors += outcome is not Reason.BAD_SEGMENT

    assert survivors > 0


@pytest.mark.parametrize("kept", range(len(encode_segment([PUBLISHED, WRONG_DIGIT, FRAME_NUMBER]))))
def test_a_segment_cut_short_is_refused(kept: int):
    """No beginning of a segment is a segment."""
    segment = encode_segment([PUBLISHED, WRONG_DIGIT, FRAME_NUMBER])

    with pytest.raises(Malformed) as refusal:
        decode_segment(segment[:kept])

    assert refusal.value.reason is Reason.BAD_SEGMENT


def test_the_tables_of_this_file_write_what_the_encoder_writes():
    """The hand-made segment of the next test is right where it is not meant to be wrong."""
    by_hand = listed(group(PREFIX, 5, 0, 3), group(LATER_PREFIX, 5), exceptions=(b"A", b"B"))

    assert encode_segment(decode_segment(by_hand)) == by_hand


@pytest.mark.parametrize(
    ("segment", "detail"),
    [
        row("another magic", b"CSEH\x01\x00\x00", "another format or version"),
        row("another version", b"CSEG\x02\x00\x00", "another format or version"),
        row("bytes after the end", listed() + b"\x00", "bytes after the end"),
        row("prefixes the wrong way round", listed(group(LATER_PREFIX, 5), group(PREFIX, 5)), "prefixes not ascending"),
        row("prefix twice", listed(group(PREFIX, 5), group(PREFIX, 6)), "prefixes not ascending"),
        row("prefix without serials", listed(group(PREFIX)), "prefix without serials"),
        row("forbidden letter in a prefix", listed(group(b"LSVAB2C3RO", 5)), "impossible prefix"),
        row("lower case in a prefix", listed(group(b"lSVAB2C3RA", 5)), "impossible prefix"),
        row("no ASCII in a prefix", listed(group(b"\xffSVAB2C3RA", 5)), "impossible prefix"),
        row("serial too large", listed(group(PREFIX, SERIAL_MAX + 1)), "impossible serial"),
        row("distance beyond the last serial", listed(group(PREFIX, SERIAL_MAX, 0)), "impossible serial"),
        row("zero in two bytes", SEGMENT_MAGIC + b"\x80\x00\x00", "number not minimal"),
        row("five in two bytes", SEGMENT_MAGIC + b"\x01" + PREFIX + b"\x01\x85\x00\x00", "number not minimal"),
        row("five bytes of number", SEGMENT_MAGIC + b"\x80\x80\x80\x80\x01", "number too long"),
        row("regular VIN as exception", listed(exceptions=(PUBLISHED.encode(),)), "exception is a regular VIN"),
        row("exceptions the wrong way round", listed(exceptions=(b"B", b"A")), "exceptions not ascending"),
        row("exception twice", listed(exceptions=(b"A", b"A")), "exceptions not ascending"),
        row("empty exception", listed(exceptions=(b"",)), "exceptions not ascending"),
        row("exception in lower case", listed(exceptions=(b"a",)), "exception not in normal form"),
        row("exception with a dash", listed(exceptions=(b"A-1",)), "exception not in normal form"),
        row("exception no UTF-8", listed(exceptions=(b"\xff",)), "exception is not UTF-8"),
        row("exception of 65 characters", listed(exceptions=(b"A" * 65,)), "exception too long"),
        row("exception of 257 bytes", listed(exceptions=(b"A" * 257,)), "exception too long"),
        row("exception cut short", listed()[:-1] + b"\x01\x02A", "cut short"),
    ],
)
def test_any_other_way_to_write_a_list_is_refused(segment: bytes, detail: str):
    """Each deviation from the one form is refused and named."""
    with pytest.raises(Malformed) as refusal:
        decode_segment(segment)

    assert (refusal.value.reason, refusal.value.detail) == (Reason.BAD_SEGMENT, detail)


@pytest.mark.parametrize(
    ("count", "detail"),
    [
        row("as many as allowed", SEGMENT_MEMBERS_MAX, "cut short"),
        row("one more", SEGMENT_MEMBERS_MAX + 1, "too many members"),
    ],
)
@pytest.mark.parametrize(
    "claim",
    [
        row("exceptions", lambda count: listed()[:-1] + varint(count)),
        row("serials", lambda count: SEGMENT_MAGIC + b"\x01" + PREFIX + varint(count)),
        row("exceptions after a serial", lambda count: listed(group(PREFIX, 5))[:-1] + varint(count - 1)),
    ],
)
def test_a_claimed_count_beyond_the_bound_is_refused_unread(claim, count: int, detail: str):
    """Twenty million members are the bound of the whole list, whatever follows the claim."""
    with pytest.raises(Malformed) as refusal:
        decode_segment(claim(count))

    assert refusal.value.detail == detail


@pytest.mark.parametrize(
    ("surplus", "detail"),
    [row("one byte too many", 1, "larger than allowed"), row("largest", 0, "another format or version")],
)
def test_a_segment_has_a_bound_in_bytes(surplus: int, detail: str):
    """More bytes than the protocol allows are refused before one is looked at."""
    with pytest.raises(Malformed) as refusal:
        decode_segment(bytes(SEGMENT_BYTES_MAX + surplus))

    assert refusal.value.detail == detail


@pytest.mark.parametrize(
    ("distance", "written"),
    [
        row("neighbours", 1, b"\x00"),
        row("largest of one byte", 128, b"\x7f"),
        row("smallest of two bytes", 129, b"\x80\x01"),
        row("largest of two bytes", 16384, b"\xff\x7f"),
        row("smallest of three bytes", 16385, b"\x80\x80\x01"),
    ],
)
def test_a_distance_takes_as_few_bytes_as_it_can(distance: int, written: bytes):
    """The distance to the serial before is written minus one in minimal length, and read again."""
    vins = [join_vin("LSVAB2C3RA", 0), join_vin("LSVAB2C3RA", distance)]

    segment = encode_segment(vins)

    assert segment == SEGMENT_MAGIC + b"\x01" + PREFIX + b"\x02\x00" + written + b"\x00"
    assert list(decode_segment(segment)) == vins


@pytest.mark.parametrize(
    ("tail", "serial"),
    [
        row("first", "000000", 0),
        row("six digits", "042788", 42_788),
        row("tens of thousands carry into position 13", "090000", 90_000),
        row("letter after the digits", "0A0000", 100_000),
        row("position 12 counts 33", "100000", 330_000),
        row("last", "ZZ9999", SERIAL_MAX),
    ],
)
def test_the_serial_counts_positions_12_and_13_in_base_33(tail: str, serial: int):
    """Letters at positions 12 and 13 keep their own place among the serials."""
    vin = with_right_digit("LSVAB2C30RA" + tail)

    assert split_vin(vin) == ("LSVAB2C3RA", serial)


@pytest.mark.parametrize(
    "identifier",
    [
        row("wrong check digit", WRONG_DIGIT),
        row("letter at the check position", make_vin("LSV", 1)[:8] + "Z" + make_vin("LSV", 1)[9:]),
        row("letter at position 14", with_right_digit("LSVAB2C30RA12A345")),
        row("small maker", make_vin("LA910E", 1)),
        row("letter at position 17", with_right_digit("LSVAB2C30RA12345A")),
        row("forbidden letter", PUBLISHED[:2] + "O" + PUBLISHED[3:]),
        row("forbidden letter at position 12", PUBLISHED[:11] + "O" + PUBLISHED[12:]),
        row("lower case", PUBLISHED.lower()),
        row("full-width digits", PUBLISHED[:13] + "２７８８"),
        row("16 characters", PUBLISHED[:-1]),
        row("18 characters", PUBLISHED + "0"),
        row("frame number", FRAME_NUMBER),
        row("nothing", ""),
    ],
)
def test_what_is_not_regular_does_not_split(identifier: str):
    """Only 17 characters in normal form with the right digit and a numeric tail have a prefix and a serial."""
    assert split_vin(identifier) is None


@given(prefixes, serials)
def test_joining_and_splitting_undo_each_other(prefix: str, serial: int):
    """A prefix and a serial make one VIN, and that VIN gives both back."""
    vin = join_vin(prefix, serial)

    assert split_vin(vin) == (prefix, serial)
    assert vin[8] == right_digit(vin)


@given(st.text(VIN_CHARACTERS, min_size=17, max_size=17).map(with_right_digit))
def test_a_split_vin_is_joined_again_unchanged(vin: str):
    """Whatever splits is rebuilt to the character."""
    parts = split_vin(vin)

    assert parts is None or join_vin(*parts) == vin


@pytest.mark.parametrize(
    ("prefix", "serial"),
    [
        row("serial below the range", "LSVAB2C3RA", -1),
        row("serial above the range", "LSVAB2C3RA", SERIAL_MAX + 1),
        row("prefix too short", "LSVAB2C3R", 0),
        row("prefix too long", "LSVAB2C3RAA", 0),
        row("forbidden letter", "LSVAB2C3RO", 0),
    ],
)
def test_only_possible_parts_are_joined(prefix: str, serial: int):
    """A prefix or serial outside its range is refused."""
    with pytest.raises(BadValue) as refusal:
        join_vin(prefix, serial)

    assert refusal.value.reason is Reason.BAD_VIN


def test_a_wrong_check_digit_keeps_its_own_place():
    """A listed VIN with a wrong digit stands beside its right neighbour, and neither stands for the other."""
    segment = decode_segment(encode_segment([PUBLISHED, WRONG_DIGIT]))

    assert [len(group.serials) for group in segment.members] == [1]
    assert segment.exceptions == (WRONG_DIGIT,)


def test_exceptions_are_ordered_by_their_bytes():
    """Exceptions stand in the order of their UTF-8 bytes."""
    segment = decode_segment(encode_segment(["无车架号", "Z9", "10", "9"]))

    assert segment.exceptions == ("10", "9", "Z9", "无车架号")


@pytest.mark.parametrize(
    ("identifier", "detail"),
    [
        row("nothing", "", "vin: identifier 2 has 0 characters"),
        row("only dashes", " - ", "vin: identifier 2 has 0 characters"),
        row("65 characters", "A" * 65, "vin: identifier 2 has 65 characters"),
        row("half a surrogate pair", "\ud800", "vin: identifier 2 is no Unicode text"),
    ],
)
def test_an_identifier_that_cannot_be_listed_is_refused_with_its_place(identifier: str, detail: str):
    """The importer learns which line of the list is at fault, without the text being repeated."""
    with pytest.raises(BadValue) as refusal:
        encode_segment([PUBLISHED, identifier])

    assert (refusal.value.reason, refusal.value.detail) == (Reason.BAD_VIN, detail)


def test_the_longest_exception_is_listed():
    """An identifier of 64 characters, four bytes each, is kept."""
    longest = "\U00020000" * 64

    assert decode_segment(encode_segment([longest])).exceptions == (longest,)


def test_a_list_as_long_as_its_bound_is_encoded():
    """The bound counts the identifiers that are read."""
    vins = make_vins(3)

    assert decode_segment(encode_segment(vins, members_max=3)).count == 3


def test_a_list_longer_than_its_bound_is_refused():
    """One identifier more than the bound stops the reading."""
    with pytest.raises(BadValue) as refusal:
        encode_segment(make_vins(4), members_max=3)

    assert refusal.value.reason is Reason.TOO_LARGE


def test_a_segment_is_named_by_the_hash_of_its_bytes():
    """The name of a segment is SHA-256 over everything that travels."""
    segment = encode_segment([PUBLISHED])

    assert segment_hash(segment) == sha256(segment).digest()
