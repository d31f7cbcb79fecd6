"""Which of several concurrent heads is shown, and which are overruled.

Decides the shown value of every register of a record. Concurrency itself is decided before (`fold`): the heads that
arrive here are writes that none of the others replaced, whatever the clocks say. Everything here is a function of the
entries.

- ``latest``: the highest rank (set time, op id).
- ``steward``: the same, with a mark: a person at the hub decides.
- ``once``: the lowest rank; a different second value is an exception for the hub.
- ``restrictive``: the most restrictive by the registry's order; a later statement of the customer has replaced what it
  was based on and so never meets it here.
- ``forward``: the furthest state by the registry's total rank.

Every head with another value is an *open overruled value*.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from carnet_protocol.registry import Kind, Register, Resolver, Value
from carnet_protocol.state import Entries, Entry, Withheld, buried_in, heads_of, is_deleted, register_value


@dataclass(frozen=True, slots=True)
class Contest:
    """A register with several different heads.

    Attributes:
        register: its number.
        rule: the resolver that chose.
        shown: the head whose value is shown.
        overruled: the heads with another value, by ascending rank.
    """

    register: int
    rule: Resolver
    shown: Entry
    overruled: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as people see it.

    Attributes:
        values: shown value by label; erased and masked registers have none.
        withheld: why a register has no values.
        contests: registers with open overruled values.
        is_deleted: all heads are deletes; then there are no values.
        is_edit_after_delete: a concurrent edit keeps a deleted record visible.
    """

    values: dict[int, Value]
    withheld: dict[int, Withheld]
    contests: tuple[Contest, ...]
    is_deleted: bool
    is_edit_after_delete: bool


def show(kind: Kind, entries: Entries) -> Shown:
    """What a record's entries show.

    Args:
        kind: of the record; registers it does not declare are resolved as `latest`.
        entries: the record's state, in any number.
    """
    if len(entries) == 1 and entries[0].fields is not None:
        only = entries[0]
        return Shown(dict(only.fields), _codes(only), (), False, False)  # type: ignore[arg-type]
    if is_deleted(entries):
        return Shown({}, {}, (), True, False)
    values: dict[int, Value] = {}
    withheld: dict[int, Withheld] = {}
    contests: list[Contest] = []
    is_edit_after_delete = False
    for register in sorted(set().union(*(entry.registers() for entry in entries))):
        current = heads_of(entries, register)
        heads = [entry for entry in current if not entry.is_delete]
        is_edit_after_delete |= len(heads) < len(current)
        contest = resolve(kind.by_number.get(register), register, heads or buried_in(entries, register))
        shown_value = register_value(contest.shown, register)
        if isinstance(shown_value, Withheld):
            withheld[register] = shown_value
        else:
            values.update(shown_value)
        if contest.overruled:
            contests.append(contest)
    return Shown(values, withheld, tuple(contests), False, is_edit_after_delete)


def resolve(register: Register | None, number: int, heads: list[Entry]) -> Contest:
    """Choose among the heads of one register.

    Args:
        register: its declaration, None when this version does not know it.
        number: the register's number.
        heads: at least one value head.
    """
    rule = register.resolver if register is not None else Resolver.LATEST
    if len(heads) == 1:
        return Contest(number, rule, heads[0], ())
    shown = max(heads, key=_preference(rule, register, number))
    shown_value = register_value(shown, number)
    others = [head for head in heads if is_different(register_value(head, number), shown_value)]
    return Contest(number, rule, shown, tuple(sorted(others, key=lambda head: head.rank)))


def is_different(one: dict[int, Value] | Withheld, other: dict[int, Value] | Withheld) -> bool:
    """Whether two register values differ as far as can be known: withheld values are not compared."""
    if isinstance(one, Withheld) or isinstance(other, Withheld):
        return False
    return _stated(one) != _stated(other)


def is_legal_step(register: Register, read: list[str | None], written: str) -> bool:
    """Whether a forward register may go from what its author read to what was written.

    Args:
        register: with a transition table; without one every step is legal.
        read: the values of the heads named in the op's own `based_on`; empty for a new record.
        written: the new state.
    """
    if register.transitions is None:
        return True
    codes = register.fields[0].codes
    known = [value for value in read if value in codes]
    current = max(known, key=codes.index) if known else None
    return written == current or written in register.transitions[current]


def _codes(entry: Entry) -> dict[int, Withheld]:
    return {number: Withheld(code) for number, code in entry.withheld.items()}


def _stated(value: dict[int, Value]) -> dict[int, Value]:
    """A register value without labels that state nothing: leaving a label out and writing null are the same."""
    return {label: one for label, one in value.items() if one is not None}


def _preference(rule: Resolver, register: Register | None, number: int) -> Callable[[Entry], tuple[int, int, bytes]]:
    """A sort key whose maximum is shown; ties in the resolver's order fall back to the rank."""
    if rule is Resolver.ONCE:
        return lambda head: (0, -head.time_ms, bytes(255 - byte for byte in head.op))
    if rule in (Resolver.RESTRICTIVE, Resolver.FORWARD) and register is not None:
        return lambda head: (_order(register, register_value(head, number)), head.time_ms, head.op)
    return lambda head: (0, head.time_ms, head.op)


def _order(register: Register, value: dict[int, Value] | Withheld) -> int:
    """Place of a value in the register's order; unknown or missing values come first."""
    if isinstance(value, Withheld):
        return _UNKNOWN
    stated = value.get(register.label(0))
    if isinstance(stated, bool):
        return int(stated)
    codes = register.fields[0].codes
    return codes.index(stated) if isinstance(stated, str) and stated in codes else _UNKNOWN


_UNKNOWN: Final = -1
