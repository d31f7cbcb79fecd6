"""What somebody wrote, and what became of it: the words the account is kept in.

Decides nothing about the hub; `archive` reads its log. What an op means without erased values, what it refers to and
whether one more value fits are functions of the op alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.limits import HEADS_PER_REGISTER_MAX
from carnet_protocol.opened import OpenedOp
from carnet_protocol.registry import Kind, Value, ValueType, Writer
from carnet_protocol.state import Withheld
from carnet_protocol.writes import Write
from support.fold_model import Model

Key = tuple[int, bytes]
"""Kind number and record id."""

HUB_AUTHOR: Final = "hub"


@dataclass(frozen=True, slots=True)
class AuthoredOp:
    """One op as its author wrote it: `fields` is None for a delete, `withheld` names what was erased before."""

    op: OpId
    kind: Kind
    record: bytes
    action: int
    fields: Mapping[int, Value] | None
    withheld: Mapping[int, int]
    based_on: tuple[OpId, ...]

    @property
    def key(self) -> Key:
        """The record it is about."""
        return self.kind.number, self.record


@dataclass(frozen=True, slots=True)
class AuthoredSet:
    """One change set as its author sealed it."""

    author: str
    dealer: bytes
    nonce: bytes
    ops: tuple[AuthoredOp, ...]


@dataclass
class Standing:
    """What the hub's log says about a set; positions are those of log entries, None for what never happened."""

    time_ms: int
    parked_at: int | None = None
    folded_at: int | None = None
    refused_at: int | None = None
    excluded_at: int | None = None
    voids: Mapping[int, str] = field(default_factory=dict)
    parked_reason: str | None = None
    repeats: int = 0

    @property
    def is_waiting(self) -> bool:
        """Parked, and nothing decided since."""
        return self.folded_at is None and self.refused_at is None


def has_room(model: Model, write: Write) -> bool:
    """Whether one more value fits into every register it names, beside those its author had not read."""
    read = set(write.based_on)
    beside = ([op for op in model.standing(number) if op not in read] for number in write.registers())
    values = ([op for op in ops if model.writes[op].fields is not None] for ops in beside)
    return all(len(ops) < HEADS_PER_REGISTER_MAX for ops in values)


def without_erased(one: AuthoredOp, bits: int, *, time_ms: int, dealer: bytes, based_on: tuple[OpId, ...]) -> Write:
    """An op as a write, its values gone where an erasure covers them."""
    if one.fields is None:
        return Write(one.op, time_ms, dealer, None, {}, based_on)
    gone = {
        register.number
        for register in one.kind.registers
        if register.group is not None and bits >> (register.group - 1) & 1
    }
    kept = {label: value for label, value in one.fields.items() if label >> 3 not in gone}
    hit = {label >> 3 for label in one.fields} & gone
    withheld = {**one.withheld, **dict.fromkeys(hit, int(Withheld.ERASED))}
    return Write(one.op, time_ms, dealer, kept, withheld, based_on)


def authored(op: OpId, one: OpenedOp) -> AuthoredOp:
    return AuthoredOp(op, one.kind, one.op.record, one.op.action, one.fields, one.withheld, one.op.based_on)


def references(one: AuthoredOp) -> list[Key]:
    """Records of kinds with an owner that an op names."""
    found = []
    for label, value in (one.fields or {}).items():
        declared = one.kind.by_label[label][1]
        if declared.type is ValueType.REF and declared.refers_to is not None and isinstance(value, bytes):
            target = REGISTRY[declared.refers_to]
            if target.writer is Writer.OWNER_SITE:
                found.append((target.number, value))
    return found


def index_of(op: OpId) -> int:
    return int.from_bytes(op[-2:], "big")
