"""Which values an author overruled knowingly."""

import pytest

from carnet_protocol.fold import fold_record, fold_write
from carnet_protocol.ids import OpId
from carnet_protocol.settled import Settled
from carnet_protocol.state import EMPTY, Entry, Withheld
from carnet_protocol.writes import Write
from support.protocol import a_write, fixed, op

COLOR, FUEL = 5 * 8, 6 * 8
RED, BLUE, SAME = a_write(1, {COLOR: "red"}), a_write(2, {COLOR: "blue"}), a_write(3, {COLOR: "red"})


def settled(*writes: Write) -> list[tuple[int, OpId, OpId]]:
    """(register, overruled, by) of everything that these writes settle in this order."""
    known: dict[OpId, Write] = {}
    entries, found = EMPTY, []
    for write in writes:
        folded = fold_write(entries, write, known.get)
        entries = folded.entries
        found += [(one.register, OpId(one.overruled.op), one.by) for one in folded.settled]
        known[write.op] = write
    return found


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        pytest.param(a_write(9, {COLOR: "blue"}, based_on=(1, 2)), [1], id="kept blue, overruled red"),
        pytest.param(a_write(9, {COLOR: "green"}, based_on=(1, 2)), [1, 2], id="overruled both"),
        pytest.param(a_write(9, {COLOR: None}, based_on=(1, 2)), [1, 2], id="cleared, overruled both"),
        pytest.param(a_write(9, None, based_on=(1, 2)), [1, 2], id="deleted, overruled both"),
        pytest.param(a_write(9, {COLOR: "green"}, based_on=(1, 3)), [], id="read the same value twice"),
        pytest.param(a_write(9, {COLOR: "green"}, based_on=(1,)), [], id="read one of them"),
        pytest.param(a_write(9, {COLOR: "green"}), [], id="read nothing"),
        pytest.param(a_write(9, {FUEL: "petrol"}, based_on=(1, 2)), [], id="wrote another register"),
        pytest.param(a_write(9, {COLOR: "red"}, based_on=(1, 2, 3)), [2], id="kept the value of two"),
    ],
)
def test_a_value_read_beside_a_different_one_and_not_kept_is_settled(write: Write, expected: list[int]):
    """An author who read several different values overrules those that are not what was written."""
    found = settled(RED, BLUE, SAME, write)

    assert found == [(5, op(number), op(9)) for number in expected]


def test_a_settled_value_keeps_author_time_and_value():
    """What was overruled can be shown and restored: who wrote it, when, and what."""
    folded = fold_record([RED, BLUE, a_write(9, {COLOR: "blue"}, based_on=(1, 2))])

    assert folded.settled == (Settled(5, Entry(op(1), 1, fixed("dealer"), {COLOR: "red"}), op(9)),)


def test_only_the_register_overruled_is_kept():
    """Of an op that wrote two registers, the record of the overruled value holds one."""
    both = a_write(1, {COLOR: "red", FUEL: "petrol"})

    folded = fold_record([both, BLUE, a_write(9, {COLOR: "blue"}, based_on=(1, 2))])

    assert [one.overruled.fields for one in folded.settled] == [{COLOR: "red"}]


def test_arrival_does_not_matter_when_somebody_else_has_replaced_a_value_meanwhile():
    """A value read as a head counts as overruled, even if another desk's edit of it arrives first."""
    meanwhile = a_write(4, {COLOR: "white"}, based_on=(1,))
    decision = a_write(9, {COLOR: "blue"}, based_on=(1, 2))

    assert settled(RED, BLUE, decision, meanwhile) == [(5, op(1), op(9))]
    assert settled(RED, BLUE, meanwhile, decision) == [(5, op(1), op(9))]


def test_a_delete_counts_values_that_others_have_replaced_meanwhile():
    """A stale delete overrules the values its author saw, although none of them stands any more."""
    meanwhile = a_write(4, {COLOR: "white"}, based_on=(1,)), a_write(5, {COLOR: "black"}, based_on=(2,))

    assert settled(RED, BLUE, *meanwhile, a_write(9, None, based_on=(1, 2))) == [(5, op(1), op(9)), (5, op(2), op(9))]


def test_values_that_still_stand_are_settled_without_earlier_ops():
    """A node that holds no earlier ops reports what it can see: heads that were read and are still there."""
    entries = fold_record([RED, BLUE, a_write(4, {COLOR: "white"})]).entries

    found = fold_write(entries, a_write(9, {COLOR: "blue"}, based_on=(1, 2))).settled

    assert [(one.register, one.overruled.op) for one in found] == [(5, op(1))]


def test_a_value_that_its_reader_had_seen_go_is_not_settled():
    """Naming an old op because it still stands in another register does not overrule its replaced value."""
    both = a_write(1, {COLOR: "red", FUEL: "petrol"})
    newer = a_write(2, {COLOR: "blue"}, based_on=(1,))
    form = a_write(9, {COLOR: "green", FUEL: "electric"}, based_on=(1, 2))

    assert settled(both, newer, form) == []


def test_a_value_that_its_reader_had_seen_go_is_not_settled_when_others_write_too():
    """The same holds if a third desk's concurrent value stands in the register."""
    both = a_write(1, {COLOR: "red", FUEL: "petrol"})
    newer = a_write(2, {COLOR: "blue"}, based_on=(1,))
    elsewhere = a_write(4, {COLOR: "white"}, based_on=(1,))
    form = a_write(9, {COLOR: "green", FUEL: "electric"}, based_on=(1, 2))

    assert settled(both, newer, elsewhere, form) == []


def test_a_value_that_a_read_delete_buried_is_not_settled():
    """Whoever reads a delete and a concurrent edit has seen the deleted value go."""
    edit = a_write(2, {COLOR: "blue"})
    delete = a_write(3, None, based_on=(1,))
    decision = a_write(9, {COLOR: "green"}, based_on=(1, 2, 3))

    assert settled(RED, edit, delete, decision) == []


@pytest.mark.parametrize("code", list(Withheld), ids=lambda code: code.name.lower())
def test_withheld_values_are_not_compared(code: Withheld):
    """An erased or masked value neither overrules nor is overruled."""
    hidden = a_write(1, {}, withheld={5: code})

    assert settled(hidden, BLUE, a_write(9, {COLOR: "green"}, based_on=(1, 2))) == []


def test_a_withheld_value_does_not_hide_that_two_others_differ():
    """Beside an erased value, two different ones are still settled."""
    hidden = a_write(0, {}, withheld={5: Withheld.ERASED})
    decision = a_write(9, {COLOR: "green"}, based_on=(0, 1, 2))

    assert settled(hidden, RED, BLUE, decision) == [(5, op(1), op(9)), (5, op(2), op(9))]


def test_a_delete_overrules_withheld_values_too():
    """What a delete overruled beside two different values is kept as withheld, with its author and time."""
    hidden = a_write(0, {}, withheld={5: Withheld.ERASED})

    folded = fold_record([hidden, RED, BLUE, a_write(9, None, based_on=(0, 1, 2))])

    assert folded.settled[0] == Settled(5, Entry(op(0), 0, fixed("dealer"), {}, {5: 1}), op(9))
    assert [one.overruled.op for one in folded.settled] == [op(0), op(1), op(2)]


def test_earlier_ops_are_asked_for_only_beside_an_unread_head():
    """An author who read every head costs no look-up."""
    asked: list[OpId] = []

    def lookup(one: OpId) -> None:
        asked.append(one)

    entries = fold_record([a_write(1, {COLOR: "red", FUEL: "petrol"})]).entries
    entries = fold_write(entries, a_write(2, {COLOR: "blue"}, based_on=(1,)), lookup).entries
    fold_write(entries, a_write(3, {COLOR: "green", FUEL: "gas"}, based_on=(1, 2)), lookup)

    assert asked == []
