"""What people at a desk write: new records, edits of what they see or saw some time ago, deletes, retractions.

Decides the drafts only, by the product's own rules (`commands.drafting`): an edit takes its heads and values from a
form, and a form may be old. What is committed, and when, is the schedule's business.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.drafting import Read, draft_delete, draft_edit, draft_new, draft_retraction
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.showing.record_view import view_record
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import new_record_id, ownership_id, vehicle_id
from carnet_protocol.kinds import REGISTRY, VISIT_STATES, VISIT_TRANSITIONS
from carnet_protocol.registry import Field, Kind, Register, Value, ValueType, Writer
from simulation.world import Machine
from support.vins import make_vins

ROWS_MAX: Final = 40
"""Records of a kind that a desk looks through; a schedule makes fewer."""

VINS: Final = tuple(make_vins(4, seed=7))
"""Four cars; each desk begins with two at most, and learns of the others."""

OWN_KINDS: Final = ("customer", "phone", "address", "contact_preference", "consent", "visit", "job", "labour_line")
SHARED_KINDS: Final = ("vehicle", "plate", "ownership", "odometer_reading")

NEW_KINDS: Final = (*OWN_KINDS, *SHARED_KINDS, "visit", "vehicle", "odometer_reading")

WORDS: Final = ("甲", "乙", "丙")
CANARY: Final = "忘"
"""How a personal text begins that nobody else ever writes: an erased one can be looked for in every file."""
CANARIES: Final = 0.5
"""How many personal texts are such; the others are a few words, so that authors often agree."""
_DATES: Final = ("2020-01-01", "2021-06-30", None)

_SINCE_TAPES: Final = frozenset({"shop_stage", "delivered_at", "next_service", "answer", "is_dropped"})
"""Registers that came when tapes had been kept: a tape holds dice and no values, so drawing these would change them."""


@dataclass(frozen=True, slots=True)
class Form:
    """A record as somebody had it before them, perhaps long ago."""

    kind: Kind
    read: Read


def look_at(tx: ReadTransaction, machine: Machine, kind: Kind) -> list[Form]:
    """A form for every record of a kind that the node shows and its site may write."""
    identity = machine.node.identity
    found = []
    for stored in tx.list_records(kind, None, ROWS_MAX):
        view = view_record(tx, identity, stored)
        if view is not None and (view.is_own or kind.writer is Writer.ANY_SITE):
            found.append(Form(kind, view.read()))
    return found


def any_form(tx: ReadTransaction, machine: Machine, dice: random.Random, kinds: Sequence[str]) -> Form | None:
    """A form of one of these kinds, as the node shows it now; None when there is nothing."""
    for name in dice.sample(list(kinds), len(kinds)):
        forms = look_at(tx, machine, REGISTRY[name])
        if forms:
            return dice.choice(forms)
    return None


def new_draft(tx: ReadTransaction, machine: Machine, dice: random.Random, name: str) -> Draft | None:
    """A new record of a kind that hangs together with what the node shows; None when its parent is missing."""
    kind = REGISTRY[name]
    if name == "vehicle":
        vin = dice.choice(VINS)
        return draft_new(kind, vehicle_id(vin), {"vin": vin, **_some_values(dice, kind)})
    parents = {one: any_form(tx, machine, dice, [one]) for one in _references(kind)}
    if any(form is None for form in parents.values()):
        return None
    named = {field: parents[target].read.record for field, target in _reference_fields(kind)}  # type: ignore[union-attr]
    record = new_record_id(machine.clock.now_ms(), machine.node.entropy.random_bytes(10))
    values: dict[str, Value] = {**_some_values(dice, kind), **named}
    if name == "ownership":
        values["role"] = dice.choice(("owner", "driver"))
        record = ownership_id(named["vehicle_id"], named["customer_id"], str(values["role"]))
    if name == "visit":
        values["status"] = dice.choice(("draft", "open"))
    return draft_new(kind, record, values)


def draft_at_car(machine: Machine, dice: random.Random, name: str, vehicle: bytes) -> Draft:
    """A plate of a car, or a visit of it that names nobody."""
    kind = REGISTRY[name]
    values: dict[str, Value] = {**_some_values(dice, kind), "vehicle_id": vehicle}
    if name == "visit":
        values["status"] = dice.choice(("draft", "open"))
    return draft_new(kind, new_record_id(machine.clock.now_ms(), machine.node.entropy.random_bytes(10)), values)


def edit_draft(form: Form, dice: random.Random, only: Mapping[int, object] | None = None) -> Draft | None:
    """A change of one or two registers of a form; None when nothing changes, or nothing may.

    Args:
        only: labels whose registers may change; default all.
    """
    registers = [one for one in form.kind.registers if _is_free(form.kind, one)]
    if only is not None:
        registers = [one for one in registers if not only.keys().isdisjoint(one.labels)]
    if not registers:
        return None
    changes: dict[str, Value] = {}
    for register in dice.sample(registers, min(len(registers), dice.randint(1, 2))):
        changes.update(_values_of(dice, register))
    return draft_edit(form.kind, form.read, changes)


def step_draft(form: Form, dice: random.Random, *, is_legal: bool) -> Draft | None:
    """The next state of a visit from what the form shows, or one that may not follow it."""
    shown = form.read.values.get("status")
    allowed = VISIT_TRANSITIONS.get(str(shown) if shown is not None else None, frozenset())
    states = [one for one in VISIT_STATES if (one in allowed) == is_legal and one != shown]
    return draft_edit(form.kind, form.read, {"status": dice.choice(states)}) if states else None


def move_draft(tx: ReadTransaction, machine: Machine, form: Form, dice: random.Random) -> Draft | None:
    """A visit that was written down for the wrong car."""
    other = any_form(tx, machine, dice, ["vehicle"])
    return None if other is None else draft_edit(form.kind, form.read, {"vehicle_id": other.read.record})


def delete_draft(form: Form) -> Draft | None:
    """Take a record away; None for what is retracted or voided instead."""
    if form.kind.is_fact or form.kind.name == "visit":
        return None
    return draft_delete(form.kind, form.read)


def retraction(form: Form) -> Draft | None:
    """Take a fact back; None for what is no fact, or was retracted already."""
    if not form.kind.is_fact or form.read.values.get("retracted"):
        return None
    return draft_retraction(form.kind, form.read, "entered_in_error")


def register_values(kind: Kind, dice: random.Random) -> tuple[Register, dict[str, Value]]:
    """Values for one register of a kind that anybody who may write the kind may write."""
    register = dice.choice([one for one in kind.registers if _is_free(kind, one)])
    return register, {name: value for name, value in _values_of(dice, register).items() if value is not None} or {
        register.fields[0].name: None
    }


def _some_values(dice: random.Random, kind: Kind) -> dict[str, Value]:
    """Values for about half of the registers, all of a fact's."""
    chosen: dict[str, Value] = {}
    for register in kind.registers:
        if (kind.is_fact and register.name != "retracted") or (_is_free(kind, register) and dice.random() < 0.5):
            chosen.update(_values_of(dice, register))
    return chosen


def _is_free(kind: Kind, register: Register) -> bool:
    """Whether a register can take any value of its type: no references, no VIN, no status, no retraction."""
    is_special = register.name in ("vin", "status", "retracted", "ro_no") or register.name in _SINCE_TAPES
    is_link = any(one.type is ValueType.REF for one in register.fields)
    return not is_special and not is_link and not kind.is_fact


def _values_of(dice: random.Random, register: Register) -> dict[str, Value]:
    values = {one.name: _value_of(dice, one) for one in register.fields}
    if register.group is not None and dice.random() < CANARIES:
        for one in register.fields:
            if one.type is ValueType.TEXT:
                values[one.name] = f"{CANARY}{dice.getrandbits(40):010x}"
    return values


def _value_of(dice: random.Random, one: Field) -> Value:
    """One of two to six values, so that authors often agree."""
    match one.type:
        case ValueType.CODE if one.codes:
            return dice.choice(one.codes)
        case ValueType.CODE | ValueType.TEXT:
            return dice.choice((*WORDS, None))
        case ValueType.INT:
            return max(one.minimum, 0) + dice.randint(0, 5)
        case ValueType.INSTANT:
            return 1_790_000_000_000 + dice.randint(0, 3)
        case ValueType.DATE:
            return dice.choice(_DATES)
        case ValueType.BOOL:
            return dice.choice((True, False))
        case _:
            return None


def _references(kind: Kind) -> list[str]:
    return sorted({target for _, target in _reference_fields(kind)})


def _reference_fields(kind: Kind) -> list[tuple[str, str]]:
    """Fields of a kind that name other records, without optional ones."""
    optional: Mapping[str, set[str]] = {
        "odometer_reading": {"visit_id"},
        "job": {"campaign_id", "offered_from_id"},
        "labour_line": {"job_id"},
        "visit": {"corrects_id"},
    }
    return [
        (one.name, one.refers_to)
        for register in kind.registers
        for one in register.fields
        if one.refers_to is not None and one.name not in optional.get(kind.name, set())
    ]
