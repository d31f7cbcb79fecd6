"""From clean values to drafts: what is written, and what it is based on.

Decides which registers a save writes. A register is written as a whole, so a change of one field takes the others of
its group *as the author read them*; a register in which nothing changed is not written at all. `based_on` comes from
the heads the author read, never from what stands in the database by now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.heads import Heads
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.ops import Action
from carnet_protocol.registry import Kind, Register, Value

Drafts = tuple[Draft, ...]
NewId = Callable[[], RecordId]
"""A fresh record id each time it is called."""

CORRECTED: Final = "entered_in_error"
"""Why a fact is retracted when the order it was recorded with is corrected."""


@dataclass(frozen=True, slots=True)
class Read:
    """A record as its author had it before them.

    Attributes:
        heads: carried by the view and the form.
        values: by field name, as shown in that view; missing ones are None.
    """

    record: RecordId
    heads: Heads
    values: Mapping[str, Value]


def draft_new(kind: Kind, record: RecordId, values: Mapping[str, Value]) -> Draft:
    """A new record; fields without a value are left out.

    Args:
        values: clean.
    """
    stated = {name: value for name, value in values.items() if value is not None}
    return Draft(kind, record, in_registry_order(kind, stated))


def draft_edit(kind: Kind, read: Read, changes: Mapping[str, Value]) -> Draft | None:
    """What changes of a record that was read; None when nothing does.

    Args:
        changes: clean, by field name; None takes a value away.
    """
    written: dict[str, Value] = {}
    registers: list[int] = []
    for register in kind.registers:
        names = [one.name for one in register.fields]
        if not any(name in changes for name in names):
            continue
        before = {name: read.values.get(name) for name in names}
        after = {name: changes.get(name, before[name]) for name in names}
        if after == before:
            continue
        registers.append(register.number)
        written.update(_stated(register, after))
    if not written:
        return None
    return Draft(kind, read.record, written, read.heads.of(registers))


def draft_delete(kind: Kind, read: Read) -> Draft:
    """Take a record away, based on everything its author saw.

    Raises:
        CommandRefused: a fact (retract it), or a visit (void it).
    """
    if kind.is_fact or kind.name == "visit":
        how = "Retract it with a reason." if kind.is_fact else "Void it with a reason."
        raise refuse("id", ProblemCode.LOCKED, f"A {kind.name} is never deleted.", how)
    return Draft(kind, read.record, {}, read.heads.all(), Action.DELETE)


def draft_retraction(kind: Kind, read: Read, reason: str) -> Draft:
    """Take a fact back; it stays readable with the reason.

    Args:
        reason: one of the registry's codes for `retracted`.

    Raises:
        CommandRefused: no fact, no reason or one outside the list, or retracted already.
    """
    if not kind.is_fact:
        raise refuse("id", ProblemCode.LOCKED, f"A {kind.name} is no fact.", "Edit it instead.")
    if read.values.get("retracted"):
        raise refuse("retracted", ProblemCode.ALREADY_THERE, "It was retracted already.", "Nothing.")
    cleaned = checked_values(kind, {"retracted": reason})
    if not cleaned["retracted"]:
        raise refuse("retracted", ProblemCode.MISSING, "A retraction needs a reason.", "Say why it is wrong.")
    draft = draft_edit(kind, read, cleaned)
    assert draft is not None  # noqa: S101  (a reason where there was none is a change)
    return draft


def checked_values(kind: Kind, values: Mapping[str, Value], *, today: Today | None = None) -> dict[str, Value]:
    """Clean values.

    Args:
        today: at the site, by which days are judged; None where no day is known.

    Raises:
        CommandRefused: with every problem they have.
    """
    cleaned, problems = clean_values(kind, values, today=today)
    refuse_if_any(problems)
    return cleaned


def stated_anew(read: Read, changes: Mapping[str, Value]) -> dict[str, Value]:
    """Changes without what the record said already: that is not judged again, whatever has become a rule since."""
    return {name: one for name, one in changes.items() if name not in read.values or one != read.values[name]}


def missing(field: str, what: str) -> Problem:
    """A field that has to be filled in."""
    return Problem(field, ProblemCode.MISSING, what, "Fill it in.")


def in_registry_order(kind: Kind, values: Mapping[str, Value]) -> dict[str, Value]:
    """The same values in the order of their labels, so that equal commands make equal bytes."""
    return {name: values[name] for name in kind.labels if name in values}


def _stated(register: Register, after: Mapping[str, Value]) -> dict[str, Value]:
    """What is written of a register: its values, or one explicit null when all were taken away."""
    stated: dict[str, Value] = {name: value for name, value in after.items() if value is not None}
    return stated or {register.fields[0].name: None}
