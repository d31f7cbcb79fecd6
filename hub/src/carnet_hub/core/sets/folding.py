"""What one change set does to its records, worked out in memory before anything is written.

Decides, op by op in the order of the set, which are void, what state each record has afterwards, which overruled
values the set settles and in how many registers it met a different concurrent value. The whole set folds or none of
it. Does not decide whether the set may be folded (`admission`) nor who gets to see the result (`routing`).

Rules:
- A void op has no effect and is transparent: `based_on` it means `based_on` what it was based on. An op that was
  declared lost hides what it was based on for ever: who built on it has been folded without that knowledge.
- A forward step is judged only from the values of the ops in its own `based_on`, wherever these ops stand today, so the
  judgement does not depend on what arrived in between.
- A fold from the log (`rebuild`) takes the void ops from the log entry: admission decided them once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from carnet_hub.core.kind_rules import KindRules
from carnet_hub.core.limits import RECORD_BYTES_MAX
from carnet_hub.core.sets.record_book import Key, RecordState
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.errors import NotAllowed
from carnet_protocol.fold import effective_based_on, fold_write
from carnet_protocol.ids import NONCE_BYTES, OpId
from carnet_protocol.opened import OpenedOp, OpenedSet
from carnet_protocol.ops import Op
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import is_different, is_legal_step, resolve, show
from carnet_protocol.settled import Settled
from carnet_protocol.state import EMPTY, Entries, heads_of, pack_entries, register_value
from carnet_protocol.writes import Write

_ENTRIES_WEIGHED_FROM: Final = 16
"""States with fewer entries cannot reach the bound on their bytes: a set has 256 KiB."""


@dataclass(slots=True)
class Change:
    """One record as a set leaves it.

    Attributes:
        before: its state in the workspace, None for a new record.
        registers: numbers of registers written to a record that was there; None once a delete was among the writes.
    """

    rules: KindRules
    key: Key
    before: RecordState | None
    entries: Entries
    registers: set[int] | None
    settled: tuple[Settled, ...] = ()


@dataclass(slots=True)
class Folding:
    """What a set does.

    Attributes:
        voids: reason by op index.
        void_bases: `based_on` by op id, of the void ops.
        writes: the ops that count, by op id, with their record.
        conflicts: registers in which the set met a different concurrent value.
    """

    changes: dict[Key, Change] = field(default_factory=dict)
    voids: dict[int, str] = field(default_factory=dict)
    void_bases: dict[OpId, tuple[OpId, ...]] = field(default_factory=dict)
    writes: dict[OpId, tuple[Key, Write]] = field(default_factory=dict)
    conflicts: int = 0


def fold_set(
    workspace: Workspace,
    opened: OpenedSet,
    *,
    author: bytes,
    time_ms: int,
    recorded_voids: Mapping[int, str] | None = None,
) -> Folding:
    """Fold one set in memory.

    Args:
        workspace: unchanged.
        opened: every op it is based on is known.
        author: dealer site or hub.
        time_ms: set time.
        recorded_voids: void ops as the log entry names them; None to judge them now.

    Raises:
        NotAllowed: a register would hold more than 32 heads, or a record more bytes than a page carries; the set parks.
    """
    folding = Folding()
    nonce = opened.change_set.header.nonce
    rules_by_kind = workspace.hub.rules
    for one in opened.ops:
        op = one.op
        rules = rules_by_kind[op.kind]
        op_id = OpId(nonce + one.index.to_bytes(2, "big"))
        based_on = _based_on(workspace, folding, op, nonce) if op.based_on_joined else ()
        if recorded_voids is not None:
            reason = recorded_voids.get(one.index)
        elif rules.steps or workspace.lost:
            reason = _void_reason(workspace, folding, rules, one, op_id=op_id, based_on=based_on)
        else:
            reason = None
        if reason is None:
            _fold_op(workspace, folding, rules, (op.kind, op.record), one.write(op_id, time_ms, author, based_on))
        else:
            folding.voids[one.index] = reason
            folding.void_bases[op_id] = () if reason == Reason.BASE_LOST.value else op.based_on
    for change in folding.changes.values():
        if len(change.entries) >= _ENTRIES_WEIGHED_FROM:
            _check_size(change)
    return folding


def count_contests(kind: Kind, entries: Entries) -> int:
    """Registers of a record with open overruled values."""
    if len(entries) <= 1:
        return 0
    seen: set[int] = set()
    shared: set[int] = set()
    for entry in entries:
        if entry.is_delete or entry.is_buried:
            return len(show(kind, entries).contests)
        registers = entry.registers()
        shared |= seen & registers
        seen |= registers
    return sum(1 for one in shared if resolve(kind.by_number.get(one), one, heads_of(entries, one)).overruled)


def _based_on(workspace: Workspace, folding: Folding, op: Op, nonce: bytes) -> tuple[OpId, ...]:
    """Effective `based_on`: void ops looked through."""
    read = op.based_on
    ledger = workspace.ledger
    if not folding.void_bases and not any(ledger.has_voids(base) for base in read if base[:NONCE_BYTES] != nonce):
        return read

    def void_bases(op: OpId) -> tuple[OpId, ...] | None:
        """What a void op was based on; None for an op that counts, this set's own included."""
        if op in folding.writes:
            return None
        return folding.void_bases[op] if op in folding.void_bases else ledger.void_bases(op)

    return effective_based_on(read, void_bases)


def _void_reason(
    workspace: Workspace, folding: Folding, rules: KindRules, one: OpenedOp, *, op_id: OpId, based_on: tuple[OpId, ...]
) -> str | None:
    """Why an op has no effect; None when it has."""
    lost = workspace.lost.get(op_id)
    if lost is not None or one.fields is None:
        return lost
    for register, label in rules.steps:
        if label not in one.fields:
            continue
        written = one.fields[label]
        key = (one.op.kind, one.op.record)
        read = [_state_read(workspace, folding, key, base, label) for base in based_on]
        known: list[str | None] = [value for value in read if isinstance(value, str)]
        if not isinstance(written, str) or not is_legal_step(register, known, written):
            return Reason.ILLEGAL_TRANSITION.value
    return None


def _state_read(workspace: Workspace, folding: Folding, key: Key, base: OpId, label: int) -> object:
    """What an op in `based_on` wrote under a label of this record; None for nothing."""
    for entry in _entries(workspace, folding, key):
        if entry.op == base:
            if entry.fields is not None and label in entry.fields:
                return entry.fields[label]
            if label >> 3 not in entry.replaced_in:
                return None
    earlier = _earlier(workspace, folding, key, base)
    return earlier.fields.get(label) if earlier is not None and earlier.fields is not None else None


def _entries(workspace: Workspace, folding: Folding, key: Key) -> Entries:
    change = folding.changes.get(key)
    if change is not None:
        return change.entries
    state = workspace.book.state(key)
    return state.entries if state is not None else EMPTY


def _earlier(workspace: Workspace, folding: Folding, key: Key, op: OpId) -> Write | None:
    """An earlier op of one record, from this set, this transaction or the log."""
    own = folding.writes.get(op)
    if own is not None:
        return own[1] if own[0] == key else None
    return workspace.earlier_write(key, op)


def _fold_op(workspace: Workspace, folding: Folding, rules: KindRules, key: Key, write: Write) -> None:
    change = folding.changes.get(key)
    if change is None:
        before = workspace.book.state(key)
        change = Change(rules, key, before, before.entries if before is not None else EMPTY, set())
        folding.changes[key] = change
    lookup = partial(_earlier, workspace, folding, key) if len(write.based_on) > 1 else None
    folded = fold_write(change.entries, write, lookup)
    change.entries = folded.entries
    if folded.settled:
        change.settled += folded.settled
    if write.fields is None:
        change.registers = None
    elif change.before is not None and change.registers is not None:
        change.registers |= write.registers()
    folding.writes[write.op] = (key, write)
    if len(folded.entries) > 1:
        folding.conflicts += _conflicts(folded.entries, write)


def _conflicts(entries: Entries, write: Write) -> int:
    """Registers in which a write stands beside a different head."""
    own = next(entry for entry in entries if entry.op == write.op)
    others = [entry for entry in entries if entry is not own]
    if own.is_delete:
        standing = [entry.registers() for entry in others if not entry.is_delete and not entry.is_buried]
        return len(set().union(*standing))
    registers = own.registers()
    if not any(other.is_delete for other in others):
        registers = registers & set().union(*(other.registers() for other in others))
    count = 0
    for register in registers:
        value = register_value(own, register)
        heads = [head for head in heads_of(entries, register) if head is not own]
        count += any(head.is_delete or is_different(register_value(head, register), value) for head in heads)
    return count


def _check_size(change: Change) -> None:
    size = len(pack_entries(change.entries))
    if size > RECORD_BYTES_MAX:
        raise NotAllowed(Reason.TOO_MANY_HEADS, f"a record of {size} bytes")
