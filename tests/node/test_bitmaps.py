"""Rows of serials: written and read without a library, and understood by the library of the format."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from carnet_node.core.recalls.bitmaps import contains, pack, unpack
from carnet_protocol.errors import Malformed
from carnet_protocol.segments import SERIAL_MAX

runs = st.builds(
    lambda start, length, step: set(range(start, min(start + length * step, SERIAL_MAX + 1), step)),
    st.integers(0, SERIAL_MAX),
    st.integers(1, 5_000),
    st.integers(1, 9),
)
serial_sets = st.lists(st.one_of(runs, st.sets(st.integers(0, SERIAL_MAX), min_size=1)), min_size=1, max_size=3).map(
    lambda parts: set[int]().union(*parts)
)

A_FEW = settings(max_examples=30, deadline=None)
"""Sets of thousands take a while to draw."""


def plain(row: bytes) -> bytes:
    """The bitmap in a row."""
    return zlib.decompress(row) if row[:1] == b"\x78" else row


@A_FEW
@given(serial_sets)
def test_the_library_of_the_format_reads_what_is_written(serials: set[int]):
    """Arrays, bits and runs: its bitmap of the bytes is the set."""
    row = pack(sorted(serials))

    assert set(BitMap.deserialize(plain(row))) == serials


@A_FEW
@given(serial_sets, st.booleans())
def test_what_the_library_writes_is_read(serials: set[int], has_runs: bool):
    """Rows of earlier versions, with and without runs, give the same set and the same answers."""
    row = BitMap(serials, optimize=has_runs).serialize()
    asked = {*list(serials)[:50], *(serial + 1 for serial in list(serials)[:50])}

    assert set(unpack(row)) == serials
    assert {serial for serial in asked if contains(row, serial)} == asked & serials


@A_FEW
@given(serial_sets)
def test_a_row_comes_back_as_the_set_it_was(serials: set[int]):
    """Unpacked in order, and packed again to the same bytes."""
    row = pack(sorted(serials))

    assert list(unpack(row)) == sorted(serials)
    assert pack(unpack(row)) == row


@A_FEW
@given(serial_sets, st.integers(-1, SERIAL_MAX + 70_000))
def test_membership_is_exact(serials: set[int], asked: int):
    """A serial is in a row if and only if it was put there, whatever is asked for."""
    row = pack(sorted(serials))

    assert contains(row, asked) is (asked in serials)
    assert all(contains(row, one) for one in list(serials)[:20])


@A_FEW
@given(serial_sets, st.data())
def test_a_row_that_is_cut_is_no_answer(serials: set[int], data: st.DataObject):
    """Wherever it ends too early, reading is refused."""
    row = pack(sorted(serials))
    cut = row[: data.draw(st.integers(0, len(row) - 1))]

    with pytest.raises(Malformed):
        contains(cut, min(serials))


@given(st.binary(max_size=40))
def test_noise_is_read_or_refused_by_name(noise: bytes):
    """No other exception comes out of bytes that nobody wrote."""
    try:
        unpack(noise)
    except Malformed:
        return


def test_a_row_that_inflates_beyond_any_list_is_refused():
    """The largest row there can be has 1.4 MB; a small file that claims more is not unpacked."""
    with pytest.raises(Malformed):
        contains(zlib.compress(b"\x00" * 50_000_000), 1)


@pytest.mark.parametrize(
    ("serials", "size"),
    [
        pytest.param(range(300_000), 75, id="a run of production"),
        pytest.param(range(0, 300_000, 2), 300, id="every other car"),
        pytest.param([7], 18, id="one car"),
    ],
)
def test_regular_lists_are_small(serials, size: int):
    """Lines that run through cost next to nothing."""
    assert len(pack(serials)) <= size
