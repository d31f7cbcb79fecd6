"""Who is on a recall list: members are read back one after the other, as they are by themselves."""

from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.segments import SERIAL_MAX, decode_segment, encode_segment, join_vin

serials = st.integers(0, SERIAL_MAX) | st.integers(9_990, 10_010)
"""Anywhere, or where the letters before the last four digits change."""


@given(st.sets(serials, min_size=1, max_size=20))
def test_neighbours_on_a_list_are_what_they_are_alone(numbers: set[int]):
    """Every serial of one prefix is the VIN on the list that it is by itself, however far apart they are."""
    vins = [join_vin("LSVAB2C3RA", number) for number in sorted(numbers)]

    assert list(decode_segment(encode_segment(vins))) == vins
