"""What a node answers when a car arrives and the cable is out: exactly the list, nothing more and nothing less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.recalls.bitmaps import contains
from carnet_node.core.recalls.open_recalls import (
    BitmapKey,
    CampaignRows,
    ExceptionKey,
    campaign_rows,
    find_key,
    is_listed,
)
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason
from carnet_protocol.segments import SERIAL_MAX, decode_segment, encode_segment, join_vin
from support.vins import PUBLISHED_VINS, make_vin, with_wrong_digit

PREFIX = "LSVAB2C3RA"
OTHER_PREFIX = "LSVAB2C3RB"
PUBLISHED = PUBLISHED_VINS[0]
FRAME_NUMBER = "JZX1001234567"

# Two small ranges, on either side of the 65,536 at which a bitmap starts another container, and the last serial.
serials = st.one_of(st.integers(0, 40), st.integers(65_500, 65_570), st.just(SERIAL_MAX))
vehicles = st.builds(join_vin, st.sampled_from([PREFIX, OTHER_PREFIX]), serials)
identifiers = st.one_of(vehicles, vehicles.map(with_wrong_digit), st.sampled_from([FRAME_NUMBER, "GX81-0001"]))


def row(label: str, *values: object):
    """One labelled row of a table of cases."""
    return pytest.param(*values, id=label)


def rows_of(*vins: str) -> CampaignRows:
    """The rows of a campaign with these members."""
    return campaign_rows(decode_segment(encode_segment(vins)))


@given(st.sets(vehicles), st.sets(vehicles))
def test_a_vehicle_is_found_if_and_only_if_it_is_listed(listed: set[str], others: set[str]):
    """Every member answers yes and every other vehicle answers no."""
    rows = rows_of(*listed)

    assert {vin for vin in listed | others if is_listed(rows, vin)} == listed


@given(st.sets(identifiers), identifiers)
def test_a_wrong_check_digit_hits_only_what_was_listed_with_it(listed: set[str], asked: str):
    """Right and wrong digits, frame numbers and VINs never answer for each other."""
    assert is_listed(rows_of(*listed), asked) is (asked in listed)


def test_a_mistyped_check_digit_does_not_find_the_listed_car():
    """A car on the list is not found under a digit that is not its own."""
    rows = rows_of(PUBLISHED)

    assert not is_listed(rows, with_wrong_digit(PUBLISHED))


def test_a_car_listed_with_a_wrong_check_digit_is_found_under_it():
    """A maker's slip in the list still stops the car that carries it, and no other."""
    rows = rows_of(with_wrong_digit(PUBLISHED))

    assert is_listed(rows, with_wrong_digit(PUBLISHED))
    assert not is_listed(rows, PUBLISHED)


@pytest.mark.parametrize(
    ("listed", "typed"),
    [
        row("lower case at the desk", PUBLISHED, "1m8gdm9axkp042788"),
        row("lower case in the list", "1m8gdm9axkp042788", PUBLISHED),
        row("full width at the desk", PUBLISHED, "１Ｍ８ＧＤＭ９ＡＸＫＰ０４２７８８"),
        row("frame number with a dash in the list", "JZX100-1234567", FRAME_NUMBER),
        row("frame number with a space at the desk", FRAME_NUMBER, "JZX100 1234567"),
    ],
)
def test_typing_style_does_not_hide_a_recall(listed: str, typed: str):
    """List and desk meet in one normal form."""
    assert is_listed(rows_of(listed), typed)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        row("regular", PUBLISHED, BitmapKey("1M8GDM9AKP", 42_788)),
        row("regular, as typed", " 1m8gdm9axkp042788", BitmapKey("1M8GDM9AKP", 42_788)),
        row("wrong check digit", "1M8GDM9A1KP042788", ExceptionKey("1M8GDM9A1KP042788")),
        row("small maker", make_vin("LA910E", 1), ExceptionKey(make_vin("LA910E", 1))),
        row("frame number", "JZX100-1234567", ExceptionKey(FRAME_NUMBER)),
        row("nothing", "", ExceptionKey("")),
    ],
)
def test_an_identifier_has_one_place_to_look(text: str, key: BitmapKey | ExceptionKey):
    """A regular VIN is asked of the bitmaps and everything else of the exceptions."""
    assert find_key(text) == key


def test_each_prefix_has_one_row():
    """The rows of a campaign are its prefixes, and its exceptions stand apart."""
    rows = rows_of(join_vin(PREFIX, 1), join_vin(PREFIX, 2), join_vin(OTHER_PREFIX, 1), FRAME_NUMBER)

    assert set(rows.bitmaps) == {PREFIX, OTHER_PREFIX}
    assert rows.exceptions == {FRAME_NUMBER}


@pytest.mark.parametrize(
    ("serial", "is_in"),
    [
        row("below the range", -1, False),
        row("first", 0, True),
        row("between", 1, False),
        row("last of a container", 65_535, True),
        row("first of the next", 65_536, False),
        row("last", SERIAL_MAX, True),
        row("above the range", SERIAL_MAX + 1, False),
        row("above 32 bits", 2**32, False),
    ],
)
def test_a_bitmap_answers_for_every_serial(serial: int, is_in: bool):
    """Membership is exact at the edges, and no number outside the range is a member or an error."""
    bitmap = rows_of(*(join_vin(PREFIX, member) for member in (0, 65_535, SERIAL_MAX))).bitmaps[PREFIX]

    assert contains(bitmap, serial) is is_in


@pytest.mark.parametrize("bitmap", [row("no bytes", b""), row("no bitmap", b"\x00" * 16), row("cut short", None)])
def test_bytes_that_are_no_bitmap_are_not_an_answer(bitmap: bytes | None):
    """Rather than answer no, an unreadable row is refused."""
    stored = rows_of(join_vin(PREFIX, 1)).bitmaps[PREFIX][:-1] if bitmap is None else bitmap

    with pytest.raises(Malformed) as refusal:
        contains(stored, 1)

    assert refusal.value.reason is Reason.BAD_SEGMENT
