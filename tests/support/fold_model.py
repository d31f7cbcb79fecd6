"""The fold by definition: what a set of writes means, computed the slow way.

An oracle for `carnet_protocol.fold`, `state`, `settled` and `resolvers`. It looks at all writes at once, one register
at a time, and shares no code with them. A delete writes every register; it is called a tombstone there.

- *replaces*: v replaces u in r if v's author read u and both write r.
- *head of r*: a write of r that no other replaces in r.
- *buried in r*: a value that only tombstones replace in r.
- *read as head*: of the writes of r that v's author read, those that none of the others had replaced, however
  indirectly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from carnet_protocol.ids import OpId
from carnet_protocol.registry import Kind, Resolver
from carnet_protocol.writes import Write

RegisterValue = Mapping[int, Any] | str
"""Labels and what they state, or why nothing is stated here."""


@dataclass
class Model:
    """All writes of one record, none of them void.

    Attributes:
        writes: by op id; each op read is among them.
    """

    writes: dict[OpId, Write] = field(default_factory=dict)

    def add(self, write: Write) -> None:
        """One more write."""
        self.writes[write.op] = write

    def value_of(self, write: Write, register: int) -> RegisterValue:
        """What a write states in a register; null is the same as nothing."""
        if register in write.withheld:
            return "withheld"
        return {k: v for k, v in (write.fields or {}).items() if k // 8 == register and v is not None}

    def registers_written(self) -> set[int]:
        """Every register that any write names."""
        return set().union(*(names(write) for write in self.writes.values()))

    def replacers(self, op: OpId, register: int) -> list[Write]:
        """The writes of a register whose authors read this one."""
        return [one for one in self.writes.values() if op in one.based_on and writes(one, register)]

    def heads(self, register: int) -> list[Write]:
        """Values and tombstones that nothing replaces in a register."""
        return [one for one in self.writes.values() if writes(one, register) and not self.replacers(one.op, register)]

    def value_heads(self, register: int) -> list[Write]:
        """The heads that are values."""
        return [one for one in self.heads(register) if one.fields is not None]

    def buried(self, register: int) -> list[Write]:
        """The values that tombstones, and nothing else, replace in a register."""
        return [
            one
            for one in self.writes.values()
            if register in names(one)
            and (replacing := self.replacers(one.op, register))
            and all(other.fields is None for other in replacing)
        ]

    def standing(self, register: int) -> list[OpId]:
        """What somebody who edits a register has to have read: its heads, and what tombstones buried."""
        return sorted(one.op for one in [*self.heads(register), *self.buried(register)])

    def is_deleted(self) -> bool:
        """Whether every head is a tombstone."""
        return bool(self.writes) and not any(self.value_heads(register) for register in self.registers_written())

    def read_as_heads(self, write: Write, register: int) -> list[Write]:
        """The values of a register that a write's author read and had not seen replaced."""
        read = [self.writes[op] for op in set(write.based_on) if writes(self.writes[op], register)]
        gone = set().union(*(self.replaced_by(one, register) for one in read)) if read else set()
        return sorted((one for one in read if one.fields is not None and one.op not in gone), key=lambda one: one.op)

    def replaced_by(self, write: Write, register: int) -> set[OpId]:
        """Everything that one write of a register replaced there, directly or not."""
        found: set[OpId] = set()
        waiting = [write]
        while waiting:
            for op in waiting.pop().based_on:
                if op not in found and writes(self.writes[op], register):
                    found.add(op)
                    waiting.append(self.writes[op])
        return found

    def settled(self) -> set[tuple[int, OpId, OpId]]:
        """(register, overruled op, op that overruled it), each once."""
        return {
            (register, read.op, write.op)
            for write in self.writes.values()
            for register in self.registers_decided_by(write)
            for read in self.overruled_knowingly(write, register)
        }

    def registers_decided_by(self, write: Write) -> set[int]:
        """The registers a write decides; a tombstone decides those its author read something in."""
        if write.fields is not None:
            return names(write)
        return set().union(*(names(self.writes[op]) for op in write.based_on))

    def overruled_knowingly(self, write: Write, register: int) -> list[Write]:
        """Of several different values read, those that are not what was written."""
        read = self.read_as_heads(write, register)
        if not any(differ(self.value_of(a, register), self.value_of(b, register)) for a in read for b in read):
            return []
        if write.fields is None:
            return read
        written = self.value_of(write, register)
        return [one for one in read if differ(self.value_of(one, register), written)]

    def shown(self, kind: Kind, register: int) -> Write | None:
        """The write whose value a register shows; None if it shows nothing."""
        candidates = self.value_heads(register) or self.buried(register)
        if self.is_deleted() or not candidates:
            return None
        by_rank = sorted(candidates, key=lambda one: (one.time_ms, one.op))
        declared = {one.number: one for one in kind.registers}.get(register)
        rule = declared.resolver if declared else Resolver.LATEST
        if rule is Resolver.ONCE:
            return by_rank[0]
        if declared is None or rule in (Resolver.LATEST, Resolver.STEWARD):
            return by_rank[-1]
        order = declared.fields[0].codes or (False, True)
        label = register * 8

        def place(one: Write) -> int:
            stated = (one.fields or {}).get(label)
            return order.index(stated) if stated in order else -1

        return max(by_rank, key=place) if place(max(by_rank, key=place)) > place(by_rank[-1]) else by_rank[-1]


def model_of(all_writes: Iterable[Write]) -> Model:
    """The model of the writes whose causes are all present."""
    model = Model()
    waiting = {write.op: write for write in all_writes}
    while ready := [one for one in waiting.values() if set(one.based_on) <= model.writes.keys()]:
        for one in ready:
            model.add(waiting.pop(one.op))
    return model


def names(write: Write) -> set[int]:
    """The registers a write names; none for a tombstone."""
    return {label // 8 for label in write.fields or {}} | set(write.withheld)


def writes(write: Write, register: int) -> bool:
    """Whether a write writes a register; a tombstone writes every one."""
    return write.fields is None or register in names(write)


def differ(one: RegisterValue, other: RegisterValue) -> bool:
    """Whether two values are known to be different."""
    return "withheld" not in (one, other) and one != other
