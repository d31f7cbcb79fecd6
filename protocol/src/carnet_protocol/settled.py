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

from dataclasses import dataclass

from carnet_protocol.ids import OpId
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import is_different
from carnet_protocol.state import Entries, Entry, Withheld, entry_of, register_value
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
        lookup: earlier ops of the record; asked only for ops in `based_on` that are no longer heads where it matters.

    Returns: one item per overruled value, by register and then op id.
    """
    live = {entry.op: entry for entry in entries}
    registers = write.registers() if write.fields is not None else _registers_read(write, live, lookup)
    own = entry_of(write)
    settled: list[Settled] = []
    for register in sorted(registers):
        heads = _heads_read(register, write, live, lookup)
        values = [register_value(head, register) for head in heads]
        if not any(is_different(values[0], value) for value in values[1:]):
            continue
        kept = register_value(own, register) if write.fields is not None else None
        settled.extend(
            Settled(register, _only(head, register, value), write.op)
            for head, value in zip(heads, values, strict=True)
            if kept is None or is_different(value, kept)
        )
    return tuple(settled)


def _heads_read(register: int, write: Write, live: dict[bytes, Entry], lookup: Lookup) -> list[Entry]:
    """The heads of a register that the author read, by op id."""
    current: list[Entry] = []
    replaced: list[Write] = []
    for op in sorted(set(write.based_on)):
        entry = live.get(op)
        if entry is not None and (entry.is_delete or register not in entry.replaced_in):
            if register in entry.registers():
                current.append(entry)
        elif (earlier := lookup(op)) is not None and register in earlier.registers():
            replaced.append(earlier)
    seen_going = _ancestors(register, [OpId(entry.op) for entry in current] + [one.op for one in replaced], lookup)
    heads = current + [entry_of(one) for one in replaced if one.op not in seen_going]
    return sorted(heads, key=lambda entry: entry.op)


def _ancestors(register: int, ops: list[OpId], lookup: Lookup) -> set[OpId]:
    """Every write of a register that some of these ops had replaced, however indirectly."""
    if len(ops) <= 1:
        return set()
    found: set[OpId] = set()
    waiting = list(ops)
    while waiting:
        one = lookup(waiting.pop())
        if one is None or register not in one.registers():
            continue
        fresh = [base for base in one.based_on if base not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return found


def _registers_read(write: Write, live: dict[bytes, Entry], lookup: Lookup) -> set[int]:
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
