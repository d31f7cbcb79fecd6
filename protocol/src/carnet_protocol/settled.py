"""Settled overruled values: what an author read beside others and did not keep.

Decides, for an op whose `based_on` names several heads of a register with different values, which of those values it
overruled. A function of the ops, not of arrival: a head that somebody else has replaced in the meantime still counts,
and a value that one of the *read* ops had itself replaced does not (its author had seen it go).

    read of a register     | op wrote   | settled
    -----------------------+------------+-----------
    A: red, B: blue        | blue       | A: red
    A: red, B: blue        | green      | A: red, B: blue
    A: red, B: red         | green      | nothing: an ordinary edit
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from carnet_protocol.ids import OpId
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import is_different
from carnet_protocol.state import Entries, Entry, Withheld, entry_of, heads_of, register_value
from carnet_protocol.writes import Lookup, Write


@dataclass(frozen=True, slots=True)
class Settled:
    """A value that an author read beside others and did not keep.

    Attributes:
        register: where.
        overruled: the write whose value was not kept, with its values in that register only.
        by: the op that overruled it.
    """

    register: int
    overruled: Entry
    by: OpId


def settled_by(entries: Entries, write: Write, lookup: Lookup) -> tuple[Settled, ...]:
    """The values one op overrules knowingly.

    Args:
        entries: state of the record before the op.
        write: the op.
        lookup: earlier ops of the record; asked only where the record has a head that the author had not read.

    Returns: one item per overruled value, by register and then op id.
    """
    read = set(write.based_on)
    live = {entry.op: entry for entry in entries if entry.op in read}
    registers = write.registers() if write.fields is not None else _registers_read(write, live, lookup)
    own = entry_of(write)
    settled: list[Settled] = []
    for register in sorted(registers):
        heads = _heads_read(register, entries, read, live, lookup)
        values = [register_value(head, register) for head in heads]
        if not any(is_different(one, other) for one, other in combinations(values, 2)):
            continue
        kept = register_value(own, register) if write.fields is not None else None
        settled.extend(
            Settled(register, _only(head, register, value), write.op)
            for head, value in zip(heads, values, strict=True)
            if kept is None or is_different(value, kept)
        )
    return tuple(settled)


def _heads_read(
    register: int, entries: Entries, read: set[OpId], live: Mapping[bytes, Entry], lookup: Lookup
) -> list[Entry]:
    """The values of a register that the author read and had not seen replaced, by op id.

    An author who read every head of today has seen everything else go: each replaced op leads to one of them.
    """
    heads = heads_of(entries, register)
    if all(head.op in read for head in heads):
        return [head for head in heads if not head.is_delete]
    gone = _replaced_by(register, read, lookup)
    found = [_value_read(register, op, live, lookup) for op in sorted(read - gone)]
    return [entry for entry in found if entry is not None]


def _value_read(register: int, op: OpId, live: Mapping[bytes, Entry], lookup: Lookup) -> Entry | None:
    """What an op wrote in a register, as far as it is known; None for nothing or a delete."""
    entry = live.get(op)
    if entry is None or register in entry.replaced_in:
        earlier = lookup(op)
        entry = entry_of(earlier) if earlier is not None else None
    return entry if entry is not None and register in entry.registers() else None


def _replaced_by(register: int, ops: Iterable[OpId], lookup: Lookup) -> set[OpId]:
    """Everything that some of these ops, as far as they write a register, had replaced there, however indirectly."""
    found: set[OpId] = set()
    waiting = list(ops)
    while waiting:
        one = lookup(waiting.pop())
        if one is None or not one.touches(register):
            continue
        fresh = [base for base in one.based_on if base not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return found


def _registers_read(write: Write, live: Mapping[bytes, Entry], lookup: Lookup) -> set[int]:
    """For a delete: every register that something in its `based_on` wrote."""
    registers: set[int] = set()
    for op in write.based_on:
        entry = live.get(op)
        if entry is not None:
            registers |= entry.registers() | (set() if entry.is_delete else set(entry.replaced_in))
        elif (earlier := lookup(op)) is not None:
            registers |= earlier.registers()
    return registers


def _only(head: Entry, register: int, value: dict[int, Value] | Withheld) -> Entry:
    """One register of what an op wrote, as the record of an overruled value keeps it."""
    if isinstance(value, Withheld):
        return Entry(head.op, head.time_ms, head.author, {}, {register: int(value)})
    return Entry(head.op, head.time_ms, head.author, dict(value))
