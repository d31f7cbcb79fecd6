"""How the state of a record is held, stored and sent."""

from typing import Any

import pytest
from hypothesis import given

from carnet_protocol import cbor
from carnet_protocol.errors import Malformed
from carnet_protocol.fold import fold_record
from carnet_protocol.state import (
    EMPTY,
    Entry,
    Withheld,
    buried_in,
    entries_from_wire,
    entries_to_wire,
    heads_of,
    pack_entries,
    register_value,
    unpack_entries,
    withhold,
)
from support.histories import History, effective, histories
from support.protocol import a_write, fixed, op

COLOR, FUEL = 5 * 8, 6 * 8
AUTHOR = fixed("dealer")


@given(histories())
def test_entries_come_back_from_store_and_wire(history: History):
    """Whatever a record went through, its entries survive packing and a page."""
    entries = fold_record(effective(history)).entries

    assert unpack_entries(pack_entries(entries)) == entries
    assert entries_from_wire(cbor.decode(cbor.encode(entries_to_wire(entries)))) == entries


def test_no_entries_are_a_state_too():
    """A record of which nothing is left packs to an empty array."""
    assert unpack_entries(pack_entries(EMPTY)) == EMPTY
    assert entries_from_wire([]) == EMPTY


def wire(**changes: Any) -> list[object]:
    """The positions of a valid entry in a page."""
    parts: dict[str, object] = {
        "op": op(1),
        "time_ms": 5,
        "author": AUTHOR,
        "fields": {COLOR: "red"},
        "withheld": {},
        "is_buried": False,
        "replaced_in": b"",
    }
    return list((parts | changes).values())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"op": bytes(15)}, id="an op id of 15 bytes"),
        pytest.param({"author": bytes(17)}, id="an author of 17 bytes"),
        pytest.param({"time_ms": 2**63}, id="a time over 64 bits"),
        pytest.param({"fields": {COLOR: 1.5}}, id="a float"),
        pytest.param({"fields": {COLOR: [1]}}, id="an array as value"),
        pytest.param({"fields": {COLOR: 2**63}}, id="a number over 64 bits"),
        pytest.param({"fields": {COLOR: "甲" * 1366}}, id="a text over 4 KiB"),
        pytest.param({"fields": {2048: 1}}, id="label 2048"),
        pytest.param({"fields": {}}, id="an entry that stands nowhere"),
        pytest.param({"withheld": {7: 0}}, id="an unknown reason to withhold"),
        pytest.param({"withheld": {7: 3}}, id="another one"),
        pytest.param({"withheld": {256: 1}}, id="register 256"),
        pytest.param({"withheld": {5: 1}}, id="a register with values and withheld"),
        pytest.param({"fields": None, "withheld": {5: 1}}, id="a delete with a register"),
        pytest.param({"fields": None, "is_buried": True}, id="a buried delete"),
        pytest.param({"replaced_in": b"\x07\x06"}, id="replaced registers unsorted"),
        pytest.param({"replaced_in": b"\x06\x06"}, id="a replaced register twice"),
        pytest.param({"replaced_in": b"\x05"}, id="a register replaced and standing"),
        pytest.param({"is_buried": 1}, id="a number for yes"),
    ],
)
def test_an_entry_that_no_fold_produces_is_refused(change: dict[str, Any]):
    """A page holds nothing that could not have come out of a fold."""
    with pytest.raises(Malformed):
        entries_from_wire([wire(**change)])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="a value"),
        pytest.param({"withheld": {7: 1, 1: 2}}, id="withheld registers"),
        pytest.param({"fields": {}, "withheld": {7: 2}}, id="nothing but withheld registers"),
        pytest.param({"fields": None, "replaced_in": b"\x05\x06"}, id="an answered delete"),
        pytest.param({"is_buried": True, "replaced_in": b"\x06"}, id="a buried value, replaced elsewhere"),
    ],
)
def test_an_entry_of_a_fold_is_read(change: dict[str, Any]):
    """Values, deletes, buried and withheld registers all pass."""
    assert len(entries_from_wire([wire(**change)])) == 1


@pytest.mark.parametrize("ops", [(2, 1), (1, 1)], ids=["unsorted", "twice"])
def test_entries_are_sorted_and_each_there_once(ops: tuple[int, int]):
    """Equal states have equal bytes only if everybody sorts."""
    with pytest.raises(Malformed):
        entries_from_wire([wire(op=op(number)) for number in ops])


def test_masking_keeps_heads_and_hides_values():
    """Another site learns that a value exists, who wrote it and when, and not what it is."""
    entries = fold_record([a_write(1, {COLOR: "red", FUEL: "gas"}), a_write(2, {COLOR: "blue"})]).entries

    hidden = withhold(entries, frozenset({5}), Withheld.MASKED)

    assert [head.op for head in heads_of(hidden, 5)] == [op(1), op(2)]
    assert [register_value(head, 5) for head in heads_of(hidden, 5)] == [Withheld.MASKED] * 2
    assert register_value(hidden[0], 6) == {FUEL: "gas"}


def test_withholding_what_is_not_there_changes_nothing():
    """The same object comes back, so nothing is written anew."""
    entries = fold_record([a_write(1, {COLOR: "red"}), a_write(2, None)]).entries

    assert withhold(entries, frozenset({6, 7}), Withheld.ERASED) is entries


def test_erasing_after_masking_says_erased():
    """The latest reason stands."""
    entries = fold_record([a_write(1, {COLOR: "red"})]).entries

    both = withhold(withhold(entries, frozenset({5}), Withheld.MASKED), frozenset({5}), Withheld.ERASED)

    assert register_value(both[0], 5) is Withheld.ERASED


def test_buried_values_are_known():
    """What a delete hides can be found."""
    entries = fold_record([a_write(1, {COLOR: "red"}), a_write(2, None, based_on=(1,))]).entries

    assert [entry.op for entry in buried_in(entries, 5)] == [op(1)]
    assert buried_in(entries, 6) == []
    assert [entry.op for entry in entries] == [op(1), op(2)]


def test_rank_is_set_time_then_op_id():
    """Time decides first, the op id between equal times."""
    early, late, last = (Entry(op(n), t, AUTHOR, {COLOR: "x"}) for n, t in [(9, 1), (1, 2), (2, 2)])

    assert sorted([last, late, early], key=lambda entry: entry.rank) == [early, late, last]
