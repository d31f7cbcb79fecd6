"""The heads a form carries are the heads its author read."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.heads import NOTHING_READ, Head, Heads, heads_from_text, heads_of_entries
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import DealerId, OpId
from carnet_protocol.state import Entries, Entry, head_op_ids

SITE = DealerId(b"d" * 16)
ONE, TWO, GONE = OpId(b"1" * 16), OpId(b"2" * 16), OpId(b"9" * 16)

ENTRIES: Entries = (
    Entry(ONE, 1, SITE, {0: "person", 8: "王"}),
    Entry(TWO, 2, SITE, {56: "note"}),
    Entry(GONE, 3, SITE, None, replaced_in=bytes([7])),
)


@pytest.mark.parametrize("registers", [[0], [1], [7], [0, 7], [5]])
def test_a_form_knows_the_same_heads_as_the_entries(registers: list[int]):
    """For any registers a form names exactly the heads that the entries have there."""
    heads = heads_of_entries(ENTRIES)

    assert heads.of(registers) == head_op_ids(ENTRIES, registers)


def test_heads_come_back_from_text_as_they_went():
    """What a page carries as text is read back without loss."""
    heads = heads_of_entries(ENTRIES)

    assert heads_from_text(heads.to_text()) == heads
    assert heads_from_text(NOTHING_READ.to_text()) == NOTHING_READ


HEADS = st.dictionaries(
    st.sampled_from([ONE, TWO, GONE, OpId(b"4" * 16)]), st.sets(st.integers(0, 5), min_size=1), max_size=4
).map(lambda found: Heads(tuple(Head(op, bytes(sorted(registers)), False) for op, registers in found.items())))


@given(HEADS, HEADS, st.sets(st.integers(0, 5)))
def test_some_registers_are_seen_as_they_are_now(read: Heads, now: Heads, anew: set[int]):
    """In those a write is based on what stands there, in all others on what its author read; no write twice."""
    merged = read.seen_anew(now, anew)

    for register in range(6):
        before = now if register in anew else read
        assert sorted(merged.of([register])) == sorted(before.of([register]))
    assert len({one.op for one in merged.read}) == len(merged.read)


def test_heads_in_a_form_hold_no_values():
    """The text of a form's heads does not contain what the record says."""
    text = heads_of_entries((Entry(ONE, 1, SITE, {8: "SECRETNAME"}),)).to_text()

    assert heads_from_text(text) == Heads((Head(ONE, bytes([1]), False),))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("%%%", id="no base64"),
        pytest.param("AAAA", id="no list"),
        pytest.param("k5ICAw", id="another shape"),
        pytest.param("kZPEATHEAADC", id="short op id"),
        pytest.param("A" * 70_000, id="too long"),
        pytest.param("é", id="not ASCII"),
    ],
)
def test_text_that_is_no_heads_is_refused(text: str):
    """A damaged or forged form is refused as malformed, never as a leaked ValueError."""
    with pytest.raises(Malformed):
        heads_from_text(text)


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda raw: urlsafe_b64encode(raw).decode().rstrip("=")))
def test_any_text_is_heads_or_is_refused(text: str):
    """Whatever a browser sends back, the only failure is the typed one, and what is accepted is read back the same."""
    try:
        heads = heads_from_text(text)
    except Malformed:
        return

    assert heads_from_text(heads.to_text()) == heads
