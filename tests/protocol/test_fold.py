"""What one more op does to the state of its record, rule by rule."""

from itertools import permutations

import pytest
from msgspec import structs

from carnet_protocol.errors import NotAllowed
from carnet_protocol.fold import effective_based_on, fold_record, fold_write
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import Reason
from carnet_protocol.resolvers import Shown, show
from carnet_protocol.state import (
    EMPTY,
    Entries,
    head_op_ids,
    heads_of,
    is_deleted,
    pack_entries,
)
from carnet_protocol.writes import Write
from support.protocol import a_write, op

COLOR, FUEL = 5 * 8, 6 * 8
VEHICLE = REGISTRY["vehicle"]


def folded(*writes: Write) -> Entries:
    """The state after writes that arrive in this order."""
    entries = EMPTY
    for write in writes:
        entries = fold_write(entries, write).entries
    return entries


def colors(entries: Entries) -> list[object]:
    """The values of all heads of the colour, by op id."""
    return [(head.fields or {}).get(COLOR) for head in heads_of(entries, 5)]


def test_a_write_replaces_what_its_author_read():
    """Reading red and writing blue leaves blue alone."""
    entries = folded(a_write(1, {COLOR: "red"}), a_write(2, {COLOR: "blue"}, based_on=(1,)))

    assert colors(entries) == ["blue"]


def test_a_write_leaves_what_its_author_did_not_read():
    """Writing blue without having read red leaves both."""
    entries = folded(a_write(1, {COLOR: "red"}), a_write(2, {COLOR: "blue"}))

    assert colors(entries) == ["red", "blue"]


def test_a_wrong_clock_does_not_beat_causality():
    """A write that read red wins over it, although its clock stands years before."""
    red = a_write(2, {COLOR: "red"}, time_ms=2_000_000)
    blue = a_write(1, {COLOR: "blue"}, based_on=(2,), time_ms=-5)

    assert show(VEHICLE, folded(red, blue)).values == {COLOR: "blue"}


def test_an_edit_of_one_register_leaves_the_others_standing():
    """A new colour does not touch the fuel that stands in the same earlier op."""
    entries = folded(a_write(1, {COLOR: "red", FUEL: "petrol"}), a_write(2, {COLOR: "blue"}, based_on=(1,)))

    assert show(VEHICLE, entries).values == {COLOR: "blue", FUEL: "petrol"}
    assert [entry.replaced_in for entry in entries] == [bytes([5]), b""]


def test_a_write_that_is_replaced_everywhere_leaves_the_state():
    """State does not grow with history."""
    entries = folded(
        a_write(1, {COLOR: "red", FUEL: "petrol"}),
        a_write(2, {COLOR: "blue"}, based_on=(1,)),
        a_write(3, {FUEL: "electric"}, based_on=(1,)),
    )

    assert [entry.op for entry in entries] == [op(2), op(3)]


def test_a_late_write_based_on_an_old_value_stays_beside_the_new_one():
    """Two desks that edit the same old value are in conflict, whoever comes first."""
    old, here, there = (
        a_write(1, {COLOR: "red"}),
        a_write(2, {COLOR: "blue"}, based_on=(1,)),
        a_write(3, {COLOR: "white"}, based_on=(1,)),
    )

    assert pack_entries(folded(old, here, there)) == pack_entries(folded(old, there, here))
    assert colors(folded(old, here, there)) == ["blue", "white"]


def test_a_group_is_written_as_a_whole():
    """A label that is left out of a written register has no value afterwards."""
    model_code, model_year = 4 * 8, 4 * 8 + 1
    entries = folded(a_write(1, {model_code: "M1", model_year: 2021}), a_write(2, {model_code: "M2"}, based_on=(1,)))

    assert show(VEHICLE, entries).values == {model_code: "M2"}


def test_a_delete_hides_what_its_author_saw():
    """A deleted record shows nothing and keeps what it held."""
    entries = folded(a_write(1, {COLOR: "red"}), a_write(2, None, based_on=(1,)))

    assert show(VEHICLE, entries) == Shown({}, {}, (), True, False)
    assert [entry.op for entry in entries] == [op(1), op(2)]


DELETE_AGAINST_EDIT = (
    a_write(1, {COLOR: "red", FUEL: "petrol"}),
    a_write(2, None, based_on=(1,)),
    a_write(3, {COLOR: "blue"}, based_on=(1,)),
)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)], ids=["delete first", "edit first"])
def test_an_edit_keeps_a_deleted_record_visible_in_every_order(order: tuple[int, ...]):
    """Whoever edits without knowing of the delete keeps the whole record, with a mark."""
    entries = folded(*(DELETE_AGAINST_EDIT[at] for at in order))

    assert show(VEHICLE, entries) == Shown({COLOR: "blue", FUEL: "petrol"}, {}, (), False, True)


TANGLE = (
    a_write(1, {COLOR: "red", FUEL: "petrol"}),
    a_write(2, None, based_on=(1,)),
    a_write(3, {COLOR: "blue"}, based_on=(1,)),
    a_write(4, None, based_on=(1, 3)),
    a_write(5, {FUEL: "electric"}, based_on=(1, 2)),
    a_write(6, None, based_on=(1, 2, 5)),
)
"""Two desks delete, edit, delete again and bring back, each knowing only its own part."""


def causal_orders(writes: tuple[Write, ...]) -> list[tuple[Write, ...]]:
    """Every order of arrival in which causes come first."""

    def is_causal(order: tuple[Write, ...]) -> bool:
        return all(set(one.based_on) <= {earlier.op for earlier in order[:at]} for at, one in enumerate(order))

    return [order for order in permutations(writes) if is_causal(order)]


def test_deletes_and_edits_agree_in_every_causal_order():
    """However a tangle of deletes and edits arrives, the bytes of the state are the same, and the last delete holds."""
    orders = causal_orders(TANGLE)

    states = {pack_entries(folded(*order)) for order in orders}

    assert len(orders) == 10
    assert states == {pack_entries(fold_record(TANGLE).entries)}
    assert is_deleted(fold_record(TANGLE).entries)


def test_a_record_is_deleted_only_if_every_head_is_a_delete():
    """One desk's delete does not hide what another desk wrote at the same time."""
    one_deletes = folded(a_write(1, {COLOR: "red"}), a_write(2, {FUEL: "petrol"}), a_write(3, None, based_on=(1,)))
    both_gone = fold_write(one_deletes, a_write(4, None, based_on=(2,))).entries

    assert not is_deleted(one_deletes)
    assert is_deleted(both_gone)


def test_writing_on_a_deleted_record_brings_it_back():
    """An author who read the delete answers it; what it had buried shows again beside the new value."""
    entries = folded(
        a_write(1, {COLOR: "red", FUEL: "petrol"}),
        a_write(2, None, based_on=(1,)),
        a_write(3, {COLOR: "blue"}, based_on=(1, 2)),
    )

    assert show(VEHICLE, entries).values == {COLOR: "blue", FUEL: "petrol"}


def test_a_delete_that_read_another_takes_its_place():
    """Deleting again after an edit leaves one tombstone, not two."""
    entries = folded(
        a_write(1, {COLOR: "red"}),
        a_write(2, None, based_on=(1,)),
        a_write(3, {COLOR: "blue"}, based_on=(1,)),
        a_write(4, None, based_on=(1, 2, 3)),
    )

    assert [entry.op for entry in entries if entry.is_delete] == [op(4)]


def test_an_author_names_the_heads_of_the_registers_written():
    """What stands in other registers is not part of `based_on`."""
    entries = folded(a_write(1, {COLOR: "red"}), a_write(2, {FUEL: "petrol"}))

    assert head_op_ids(entries, [5]) == (op(1),)
    assert head_op_ids(entries, [6]) == (op(2),)
    assert head_op_ids(entries, [5, 6]) == (op(1), op(2))


def test_an_author_names_a_delete_and_what_it_buried():
    """Bringing a record back takes the place of what the delete had buried there, too."""
    entries = folded(a_write(1, {COLOR: "red"}), a_write(2, None, based_on=(1,)))

    assert head_op_ids(entries, [5]) == (op(1), op(2))


def test_an_op_whose_base_is_missing_waits():
    """The fold of a set leaves out what builds on an op outside the set."""
    waiting = a_write(2, {COLOR: "blue"}, based_on=(1,))

    assert fold_record([waiting]).entries == EMPTY
    assert colors(fold_record([waiting, a_write(1, {COLOR: "red"})]).entries) == ["blue"]


def test_an_op_counts_once():
    """Repetition in the input of a whole fold has no effect."""
    red = a_write(1, {COLOR: "red"})

    assert fold_record([red, red, red]) == fold_record([red])


@pytest.mark.parametrize(
    ("based_on", "expected"),
    [
        pytest.param((1,), (1,), id="no void op"),
        pytest.param((3,), (1, 2), id="a void op stands for its bases"),
        pytest.param((4,), (1, 2), id="through two void ops"),
        pytest.param((2, 3), (2, 1), id="each base once"),
        pytest.param((5,), (), id="a void op without bases"),
        pytest.param((), (), id="nothing read"),
        pytest.param((6,), (1,), id="two void ops that name each other"),
    ],
)
def test_void_ops_are_looked_through(based_on: tuple[int, ...], expected: tuple[int, ...]):
    """Being based on a void op means being based on what that one was based on."""
    void = {op(3): (op(1), op(2)), op(4): (op(3),), op(5): (), op(6): (op(7),), op(7): (op(6), op(1))}

    found = effective_based_on(tuple(map(op, based_on)), void.get)

    assert found == tuple(map(op, expected))


@pytest.mark.parametrize("kept", [31, 32], ids=["room for one more", "full"])
def test_a_register_holds_at_most_32_values(kept: int):
    """The thirty-third concurrent value is refused and the state stays as it was."""
    entries = folded(*(a_write(number, {COLOR: "red"}) for number in range(kept)))
    one_more = a_write(99, {COLOR: "blue"})

    if kept < 32:
        assert len(fold_write(entries, one_more).entries) == 32
        return
    with pytest.raises(NotAllowed) as refusal:
        fold_write(entries, one_more)
    assert refusal.value.reason is Reason.TOO_MANY_HEADS


def test_a_full_register_still_accepts_a_decision():
    """A write that read the thirty-two values resolves them, and other registers are open all the time."""
    entries = folded(*(a_write(number, {COLOR: "red"}) for number in range(32)))

    elsewhere = fold_write(entries, a_write(98, {FUEL: "petrol"})).entries
    decided = fold_write(elsewhere, a_write(99, {COLOR: "blue"}, based_on=tuple(range(32)))).entries

    assert show(VEHICLE, decided).values == {COLOR: "blue", FUEL: "petrol"}


def test_a_record_holds_at_most_32_concurrent_deletes():
    """Deletes that do not know of each other are bounded as values are, and one that read them takes their place."""
    entries = folded(*(a_write(number, None) for number in range(32)))

    with pytest.raises(NotAllowed):
        fold_write(entries, a_write(99, None))
    assert len(fold_write(entries, a_write(99, None, based_on=tuple(range(32)))).entries) == 1


def test_buried_values_count_towards_the_bound():
    """Writing and deleting without reading what was deleted before cannot grow a record without bound."""
    entries = EMPTY
    for number in range(0, 64, 2):
        gone = tuple(entry_number for entry_number in range(1, number, 2))[-1:]
        entries = fold_write(entries, a_write(number, {COLOR: "red"})).entries
        entries = fold_write(entries, a_write(number + 1, None, based_on=(number, *gone))).entries

    with pytest.raises(NotAllowed):
        fold_write(entries, a_write(99, {COLOR: "red"}))


def test_a_refused_fold_leaves_its_input_unchanged():
    """States are values: the one handed in is the same before and after."""
    entries = folded(*(a_write(number, {COLOR: "red"}) for number in range(32)))
    before = pack_entries(entries)

    with pytest.raises(NotAllowed):
        fold_write(entries, a_write(99, {COLOR: "blue"}))

    assert pack_entries(entries) == before


def test_the_set_time_is_part_of_the_state():
    """Two states that differ in a set time differ in bytes, because the time decides between concurrent heads."""
    red = a_write(1, {COLOR: "red"})

    assert pack_entries(folded(red)) != pack_entries(folded(structs.replace(red, time_ms=5)))
