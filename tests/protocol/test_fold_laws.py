"""The laws of the fold, held against a model that is computed from the definition.

Histories are made by several authors with wrong clocks, partial knowledge, deletes and void ops (see
`support.histories`).
"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.fold import Folded, effective_based_on, fold_record, fold_write
from carnet_protocol.ids import OpId
from carnet_protocol.resolvers import show
from carnet_protocol.state import EMPTY, Entries, Entry, heads_of, pack_entries
from carnet_protocol.writes import Write
from support.fold_model import Model, differ, model_of, names
from support.histories import History, any_order, causal_orders, effective, histories


def fold_as_it_arrives(writes: tuple[Write, ...]) -> tuple[Entries, set[Any]]:
    """One write after the other, as hub and node do."""
    entries: Entries = EMPTY
    settled: set[Any] = set()
    known: dict[OpId, Write] = {}
    for write in writes:
        folded = fold_write(entries, write, known.get)
        entries = folded.entries
        settled |= {(one.register, one.overruled.op, one.by) for one in folded.settled}
        known[write.op] = write
    return entries, settled


def settled_ids(folded: Folded) -> set[tuple[int, bytes, bytes]]:
    """What a fold settled, without the values."""
    return {(one.register, one.overruled.op, one.by) for one in folded.settled}


def expected_entries(model: Model) -> Entries:
    """The entries that the definition asks for."""
    return tuple(
        entry
        for _, write in sorted(model.writes.items())
        if (entry := _expected_delete(model, write) if write.fields is None else _expected_value(model, write))
    )


def _expected_delete(model: Model, write: Write) -> Entry | None:
    naming = [one for one in model.writes.values() if write.op in one.based_on]
    if any(one.fields is None for one in naming):
        return None
    answered = set().union(*(names(one) for one in naming)) if naming else set()
    return Entry(write.op, write.time_ms, write.author, None, {}, False, bytes(sorted(answered)))


def _expected_value(model: Model, write: Write) -> Entry | None:
    standing = {number for number in names(write) if write.op in model.standing(number)}
    if not standing:
        return None
    fields: dict[int, object] = {k: v for k, v in sorted((write.fields or {}).items()) if k // 8 in standing}
    withheld = {k: v for k, v in sorted(write.withheld.items()) if k in standing}
    is_buried = any(write.op in one.based_on and one.fields is None for one in model.writes.values())
    lost = bytes(sorted(names(write) - standing))
    return Entry(write.op, write.time_ms, write.author, fields, withheld, is_buried, lost)


@given(histories())
def test_the_state_is_what_the_definition_asks_for(history: History):
    """Entries, heads and buried values equal those of the model."""
    writes = effective(history)

    folded = fold_record(writes)

    assert folded.entries == expected_entries(model_of(writes))


@given(histories(), st.data())
def test_the_state_does_not_depend_on_order_or_repetition(history: History, data: st.DataObject):
    """A set of ops in any order, some of them twice, folds to the same bytes and the same settled values."""
    writes = effective(history)
    straight = fold_record(writes)

    shuffled = fold_record(data.draw(any_order(writes)))

    assert pack_entries(shuffled.entries) == pack_entries(straight.entries)
    assert shuffled.settled == straight.settled


@given(histories(), st.data())
def test_folding_as_it_arrives_equals_folding_the_set(history: History, data: st.DataObject):
    """Hub and node, which fold one op at a time in different orders, end with the bytes of the whole fold."""
    writes = effective(history)
    whole = fold_record(writes)

    entries, settled = fold_as_it_arrives(data.draw(causal_orders(writes)))

    assert pack_entries(entries) == pack_entries(whole.entries)
    assert settled == settled_ids(whole)


@given(histories())
def test_settled_values_are_what_the_definition_asks_for(history: History):
    """A value is settled exactly if an author read it beside a different one and did not keep it."""
    writes = effective(history)

    folded = fold_record(writes)

    assert settled_ids(folded) == model_of(writes).settled()
    assert len(folded.settled) == len(settled_ids(folded))


@given(histories())
def test_the_shown_value_is_what_the_resolver_asks_for(history: History):
    """Each register shows the value of the head its resolver prefers, or nothing if the record is deleted."""
    writes = effective(history)
    model = model_of(writes)

    shown = show(history.kind, fold_record(writes).entries)

    expected: dict[int, Any] = {}
    withheld = set()
    for register in model.registers_written():
        chosen = model.shown(history.kind, register)
        if chosen is None:
            continue
        if register in chosen.withheld:
            withheld.add(register)
        else:
            expected |= {k: v for k, v in (chosen.fields or {}).items() if k // 8 == register}
    assert shown.values == expected
    assert set(shown.withheld) == withheld
    assert shown.is_deleted == model.is_deleted()


@given(histories())
def test_no_value_disappears_silently(history: History):
    """Shown, open overruled, settled and knowingly replaced values are all values ever written."""
    writes = effective(history)
    model = model_of(writes)
    folded = fold_record(writes)
    shown = show(history.kind, folded.entries)
    contests = {contest.register: contest for contest in shown.contests}
    settled = settled_ids(folded)

    def is_visible(write: Write, register: int) -> bool:
        chosen = model.shown(history.kind, register)
        if chosen is None or write not in (model.value_heads(register) or model.buried(register)):
            return False
        contest = contests.get(register)
        listed = {contest.shown.op, *(one.op for one in contest.overruled)} if contest else {chosen.op}
        return write.op in listed or not differ(model.value_of(write, register), model.value_of(chosen, register))

    def is_answered(write: Write, register: int, by: Write) -> bool:
        read = model.read_as_heads(by, register)
        if write not in read:
            return False
        values = [model.value_of(one, register) for one in read]
        is_ordinary = not any(differ(one, other) for one in values for other in values)
        is_kept = by.fields is not None and not differ(model.value_of(write, register), model.value_of(by, register))
        return is_ordinary or is_kept or (register, write.op, by.op) in settled

    lost = [
        (register, write)
        for write in model.writes.values()
        for register in names(write)
        if not is_visible(write, register)
        and not any(is_answered(write, register, one) for one in model.replacers(write.op, register))
    ]
    assert lost == []


@given(histories(may_delete=False))
def test_a_write_never_loses_to_what_its_author_read(history: History):
    """Whatever the clocks say, a value that a later author read and replaced is neither shown nor a head."""
    writes = effective(history)

    entries = fold_record(writes).entries

    heads = {(number, head.op) for number in range(256) for head in heads_of(entries, number)}
    replaced = {(number, base) for one in writes for number in names(one) for base in one.based_on}
    assert heads.isdisjoint(replaced)


@given(histories())
def test_a_void_op_might_as_well_never_have_been_written(history: History):
    """Looking through void ops equals a history in which they never were and their readers read what they had read."""
    by_op = {write.op: write for write in history.written}

    def void_bases(op: OpId) -> tuple[OpId, ...] | None:
        return by_op[op].based_on if op in history.void else None

    looked_through = [
        Write(one.op, one.time_ms, one.author, one.fields, one.withheld, effective_based_on(one.based_on, void_bases))
        for one in history.written
        if one.op not in history.void
    ]

    assert fold_record(looked_through) == fold_record(effective(history))


@given(histories(may_be_void=False), st.data())
def test_what_has_not_arrived_only_waits(history: History, data: st.DataObject):
    """An op whose base is missing has no effect until the base arrives, and then the usual one."""
    missing = data.draw(st.sampled_from(history.written))
    rest = [one for one in history.written if one is not missing]

    early = fold_record(rest)

    assert early.entries == expected_entries(model_of(rest))
    assert fold_record([*rest, missing]) == fold_record(history.written)
