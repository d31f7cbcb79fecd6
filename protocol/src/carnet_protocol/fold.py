"""The fold: how one more op changes the state of its record.

Decides which heads an op replaces, buries or answers, and which values it overrules knowingly. The result is a function
of the *set* of ops folded, not of their arrival, as long as each op comes after the ops it is based on (`fold_record`
sees to that; hub and node park what comes early).

Rules:
- A write replaces, in each register it writes, exactly the heads its author read (`based_on`). What the author did not
  read stays beside it as a concurrent head, whatever the clocks say.
- A void op (refused, excluded, declared lost) has no effect and is transparent: `based_on` it means `based_on` what it
  was based on (`effective_based_on`).
- *Settled* overruled values: when an author read several different values of a register, those that differ from what
  they wrote. They are reported once per (overruled op, op that overruled it, register).
- At most 32 values stand in a register and 32 deletes in a record; the next concurrent write parks.
- Folding an op twice is the caller's mistake to avoid: the log's dedupe by nonce comes first.

    >>> fold_write(EMPTY, Write(OpId(bytes(16)), 0, bytes(16), {0: "x"})).entries[0].fields
    {0: 'x'}
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import NamedTuple

from carnet_protocol import limits
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import OpId
from carnet_protocol.reasons import Reason
from carnet_protocol.settled import Settled, settled_by
from carnet_protocol.state import EMPTY, Entries, Entry, entry_of, replace_entry, without_registers
from carnet_protocol.writes import Lookup, Write


class Folded(NamedTuple):
    """State after a write, and the overruled values the write settled."""

    entries: Entries
    settled: tuple[Settled, ...] = ()


def effective_based_on(
    based_on: tuple[OpId, ...], void_bases: Callable[[OpId], tuple[OpId, ...] | None]
) -> tuple[OpId, ...]:
    """What an op counts as based on when void ops are looked through.

    Args:
        based_on: as written by the author.
        void_bases: for a void op, what it was based on; None for every other op.

    Returns: op ids without repetition, in first-seen order.
    """
    seen: dict[OpId, None] = {}
    waiting = list(reversed(based_on))
    visited: set[OpId] = set()
    while waiting:
        one = waiting.pop()
        if one in visited:
            continue
        visited.add(one)
        bases = void_bases(one)
        if bases is None:
            seen[one] = None
        else:
            waiting.extend(reversed(bases))
    return tuple(seen)


def fold_write(entries: Entries, write: Write, lookup: Lookup | None = None) -> Folded:
    """Fold one op into the state of its record.

    Args:
        entries: state before; every op in `write.based_on` has been folded into it.
        write: not yet folded.
        lookup: the earlier ops of the record. Asked only when an author read several ops, some of which others have
            since replaced; without it such values are not reported as settled.

    Raises:
        NotAllowed: a register would hold more than 32 values, or the record more than 32 concurrent deletes; `entries`
            is unchanged and the set parks.
    """
    if not entries and write.fields is not None:
        return Folded((entry_of(write),))
    read = set(write.based_on)
    settled = settled_by(entries, write, lookup or _unknown) if len(read) > 1 else ()
    if write.fields is None:
        return Folded(_fold_delete(entries, write, read), settled)
    written = write.registers()
    kept: list[Entry] = []
    for entry in entries:
        if entry.op not in read:
            kept.append(entry)
        elif entry.is_delete:
            kept.append(replace_entry(entry, replaced_in=bytes(sorted(set(entry.replaced_in) | written))))
        elif not written & entry.registers():
            kept.append(entry)
        elif (rest := without_registers(entry, written)) is not None:
            kept.append(rest)
    _check_room(kept, written)
    kept.append(entry_of(write))
    return Folded(_ordered(kept), settled)


def fold_record(writes: Iterable[Write]) -> Folded:
    """The state of one record from a set of ops in any order, with any repetition.

    Args:
        writes: the non-void ops of the record; one whose `based_on` names an op outside the set is left out, as a
            parked op is.
    """
    waiting = {write.op: write for write in writes}
    done: dict[OpId, Write] = {}
    entries: Entries = EMPTY
    settled: list[Settled] = []
    progress = True
    while waiting and progress:
        ready = sorted(op for op, write in waiting.items() if all(base in done for base in write.based_on))
        progress = bool(ready)
        for op in ready:
            write = waiting.pop(op)
            folded = fold_write(entries, write, done.get)
            entries = folded.entries
            settled.extend(folded.settled)
            done[op] = write
    return Folded(entries, tuple(sorted(settled, key=lambda one: (one.register, one.overruled.op, one.by))))


def _fold_delete(entries: Entries, write: Write, read: set[OpId]) -> Entries:
    kept: list[Entry] = []
    for entry in entries:
        if entry.op not in read:
            kept.append(entry)
        elif not entry.is_delete:
            kept.append(entry if entry.is_buried else replace_entry(entry, is_buried=True))
    _check_room_for_delete(kept)
    kept.append(entry_of(write))
    return _ordered(kept)


def _check_room(entries: list[Entry], written: set[int]) -> None:
    """Room for one more value in each register; buried values count, because whoever edits has to name them."""
    if len(entries) < limits.HEADS_PER_REGISTER_MAX:
        return
    for register in written:
        standing = sum(1 for entry in entries if register in entry.registers())
        if standing >= limits.HEADS_PER_REGISTER_MAX:
            raise NotAllowed(Reason.TOO_MANY_HEADS, f"register {register} has {standing} values")


def _check_room_for_delete(entries: list[Entry]) -> None:
    """Room for one more tombstone."""
    deletes = sum(1 for entry in entries if entry.is_delete)
    if deletes >= limits.HEADS_PER_REGISTER_MAX:
        raise NotAllowed(Reason.TOO_MANY_HEADS, f"{deletes} deletes")


def _ordered(entries: list[Entry]) -> Entries:
    if len(entries) > 1:
        entries.sort(key=attrgetter("op"))
    return tuple(entries)


def _unknown(_: OpId) -> None:
    """No earlier op is known."""
