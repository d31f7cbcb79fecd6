"""Is this state what the writes mean? The fold by definition (`support.fold_model`) against real entries.

Decides how entries are compared with a set of writes, one register at a time: heads, buried values, what is shown, and
the values themselves.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from carnet_hub.core.sets.masking import NOBODY
from carnet_protocol.ids import OpId
from carnet_protocol.registry import Kind, Resolver
from carnet_protocol.resolvers import show
from carnet_protocol.state import Entries, Withheld, buried_in, heads_of, register_value
from carnet_protocol.writes import Write
from support.fold_model import Model, model_of

Difference = tuple[str, str]
"""The invariant that does not hold, and what is different."""

_LEAKS: Final = {int(Withheld.ERASED): "I15", int(Withheld.MASKED): "I12"}
"""What it means when a value stands where none may."""


def masked(kind: Kind, all_writes: Iterable[Write]) -> list[Write]:
    """The writes as another site may see them: heads without the values of masked registers."""
    hidden = {register.number for register in kind.registers if register.masked}
    return [_mask(write, hidden) for write in all_writes]


def veiled(kind: Kind, all_writes: Iterable[Write], dealer: bytes) -> list[Write]:
    """The writes as a site without a ground may see them: of others' only that they are there, and what is compared."""
    stays = {register.number for register in kind.registers if register.resolver is Resolver.ONCE}
    hidden = {register.number for register in kind.registers} - stays
    return [one if one.author == dealer else replace(_mask(one, hidden), author=NOBODY) for one in all_writes]


def first_difference(kind: Kind, entries: Entries, all_writes: Iterable[Write]) -> Difference | None:
    """The first way in which entries are not what the writes mean; None when they are.

    Args:
        all_writes: whatever they are based on is among them.
    """
    model = model_of(all_writes)
    known = {write.op for write in model.writes.values()}
    strangers = [entry.op for entry in entries if entry.op not in known]
    if strangers:
        return "I13", f"{len(strangers)} entries of ops that do not count"
    registers = model.registers_written().union(*(entry.registers() for entry in entries))
    for register in sorted(registers):
        difference = _register_difference(model, entries, register)
        if difference is not None:
            return difference[0], f"register {register}: {difference[1]}"
    return _shown_difference(kind, entries, model, registers)


def _register_difference(model: Model, entries: Entries, register: int) -> Difference | None:
    heads = sorted(entry.op for entry in heads_of(entries, register))
    meant = sorted(one.op for one in model.heads(register))
    if heads != meant:
        return "I7", f"{len(heads)} heads instead of {len(meant)} ({len(set(heads) & set(meant))} in common)"
    if sorted(entry.op for entry in buried_in(entries, register)) != sorted(one.op for one in model.buried(register)):
        return "I6", "other buried values"
    for entry in entries:
        write = model.writes[OpId(entry.op)]
        if (entry.time_ms, entry.author) != (write.time_ms, write.author):
            return "I17", "another rank or author"
        if register in entry.registers() and _stated(register_value(entry, register)) != model.value_of(
            write, register
        ):
            return _LEAKS.get(write.withheld.get(register, 0), "I7"), "another value"
    return None


def _shown_difference(kind: Kind, entries: Entries, model: Model, registers: Iterable[int]) -> Difference | None:
    shown = show(kind, entries)
    if shown.is_deleted != model.is_deleted():
        return "I7", "deleted or not"
    if shown.is_deleted:
        return ("I7", "a deleted record shows values") if shown.values or shown.withheld else None
    for register in registers:
        meant = model.shown(kind, register)
        values = {} if meant is None else model.value_of(meant, register)
        stated = {label: one for label, one in shown.values.items() if label >> 3 == register}
        actual: object = shown.withheld.get(register, stated)
        if _stated(actual) != values:
            return "I8", f"register {register} shows another value"
    return None


def _stated(value: object) -> object:
    if isinstance(value, Withheld):
        return "withheld"
    assert isinstance(value, dict)
    return {label: one for label, one in value.items() if one is not None}


def _mask(write: Write, hidden: set[int]) -> Write:
    if write.fields is None:
        return write
    hit = {label >> 3 for label in write.fields} & hidden
    kept = {label: value for label, value in write.fields.items() if label >> 3 not in hit}
    codes = {**write.withheld, **dict.fromkeys(hit, int(Withheld.MASKED))}
    return Write(write.op, write.time_ms, write.author, kept, codes, write.based_on)
