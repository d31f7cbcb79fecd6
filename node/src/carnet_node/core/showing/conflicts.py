"""Overruled values: what is open, what was settled, and how one is brought back.

Decides what the list of conflicts holds, what one of its values is, and what a restore writes. An *open* overruled
value is a concurrent head that is not shown; a *settled* one was read beside others by somebody who kept another. A
restore writes the overruled value again, based on all current heads of the register, so everybody sees it the same way;
what stood there is listed afterwards (the protocol's `restored_values`). It is open to whoever may write the record:
this site for its own, every assigned site for shared ones, only the hub for records of others.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from carnet_node.core.heads import Heads
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.log.authoring import SealedSet, commit_within, draw_nonce
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import SettledValue, StoredRecord
from carnet_node.core.refusals import CommandRefused, ProblemCode, refuse
from carnet_node.core.showing.record_view import RecordView, WrittenValue, is_known_here, view_record, written_value
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value, Writer
from carnet_protocol.resolvers import is_different
from carnet_protocol.restored_values import draft_restore
from carnet_protocol.state import Entry, Withheld, head_op_ids, heads_of, register_value


@dataclass(frozen=True, slots=True)
class OverruledValue:
    """One value that is not shown.

    Attributes:
        register: its name, or its number for one of a newer version.
        rule: the resolver that chose another, or None when a person did.
        shown: what is shown instead; None for a settled value whose register has no single one.
        settled_by: the op that overruled it knowingly; None while it is open.
        can_restore: whether this node may bring it back.
    """

    record: RecordView
    register: str
    rule: str | None
    shown: WrittenValue | None
    overruled: WrittenValue
    settled_by: OpId | None
    can_restore: bool


def list_conflicts(node: Node, *, limit: int = LIST_ROWS_MAX, with_settled: bool = False) -> tuple[OverruledValue, ...]:
    """Open overruled values of all records by kind and id, and on request settled ones behind them, newest first.

    Args:
        limit: 1 to `LIST_ROWS_MAX` values, for each of the two; what cannot be listed does not count.
    """
    with node.store.read() as tx:
        contested = (one for kind in REGISTRY.kinds for one in tx.contested(kind))
        found = (one for stored in contested for one in _open_values(tx, node, stored))
        settled = _settled_values(tx, node) if with_settled else ()
        return (*islice(found, limit), *islice(settled, limit))


def list_former(node: Node, *, limit: int = LIST_ROWS_MAX) -> tuple[OverruledValue, ...]:
    """Settled overruled values of all records that stand in their field no longer, newest first, each write once.

    Args:
        limit: 1 to `LIST_ROWS_MAX` values; what cannot be listed does not count.
    """
    with node.store.read() as tx:
        return tuple(islice(_former(tx, node, tx.settled()), limit))


def former_values(node: Node, records: Iterable[RecordView]) -> tuple[OverruledValue, ...]:
    """Settled overruled values of some records that stand in their field no longer, each write once."""
    with node.store.read() as tx:
        settled = (one for view in records for one in tx.settled_values(view.kind.number, view.id))
        return tuple(_former(tx, node, settled))


def restore_value(
    node: Node, kind: Kind, record: RecordId, register_name: str, op: OpId, *, read: Heads | None = None
) -> SealedSet:
    """Bring an overruled value back; what stood in its place is listed as overruled.

    Args:
        op: the write whose value is wanted: a head that is not shown, or a settled overruled value.
        read: the heads of the record in the list it was chosen from; None for an author who looks at it now.

    Raises:
        CommandRefused: no such value, its content is withheld here or partly unknown to this version, the record
            belongs to another site, or the register has changed since it was read.
        StoreBusy, StoreBroken, WritingStopped: nothing was written.
    """
    with node.store.write() as tx:
        stored = tx.record(kind, record)
        if register_name.isdecimal():
            raise _of_newer_version()
        register = next((one for one in kind.registers if one.name == register_name), None)
        if stored is None or register is None:
            raise refuse(
                "record", ProblemCode.NOT_FOUND, "There is no such record or field.", "Look at the list again."
            )
        if not _may_write(node, stored):
            raise refuse(
                "record",
                ProblemCode.FOREIGN,
                "The record belongs to another site.",
                "Ask that site or the hub operator.",
            )
        heads = head_op_ids(stored.entries, [register.number])
        if read is not None and set(read.of([register.number])) != set(heads):
            raise refuse(
                "based_on",
                ProblemCode.CHANGED,
                "Somebody else has changed it since it was read.",
                "Look at the list again.",
            )
        values = _whole_value(kind, _entry_of(tx, stored, register.number, op), register.number)
        nonce, listed = draw_nonce(node), [one.overruled for one in tx.settled_values(kind.number, record)]
        drafts = draft_restore(Draft(kind, record, values, heads), op, stored.entries, listed, nonce)
        return commit_within(node, tx, drafts, nonce=nonce)


def read_written(node: Node, kind: Kind, record: RecordId, field: str, op: OpId) -> Value:
    """What one write says in a field: one of several values that stand beside each other, or were settled.

    Args:
        field: of the kind.
        op: a head, or a settled overruled write.

    Raises:
        CommandRefused: no such write of this record, or its content is withheld here.
    """
    label = kind.labels[field]
    number = kind.by_label[label][0].number
    with node.store.read() as tx:
        stored = tx.record(kind, record)
        entry = None if stored is None else _entry_of(tx, stored, number, op)
        value = None if entry is None else register_value(entry, number)
    if value is None or isinstance(value, Withheld):
        raise _not_here()
    return value.get(label)


def _whole_value(kind: Kind, entry: Entry | None, register: int) -> dict[str, Value]:
    """What a write says in a register, by field name, with nothing left out: a restore brings back all or nothing."""
    value = None if entry is None else register_value(entry, register)
    if value is None or isinstance(value, Withheld):
        raise _not_here()
    if not is_known_here(kind, value):
        raise _of_newer_version()
    return {kind.by_label[label][1].name: one for label, one in value.items()}


def _not_here() -> CommandRefused:
    return refuse(
        "op",
        ProblemCode.NOT_FOUND,
        "That value is not here (erased, masked, or no overruled value).",
        "Look at the list again.",
    )


def _of_newer_version() -> CommandRefused:
    return refuse(
        "op",
        ProblemCode.NEWER_VERSION,
        "That value was written by a newer version of Carnet, and this one does not know all of it.",
        "Update this program, or ask the site that wrote it or the hub operator to bring it back.",
        Reason.SCHEMA_TOO_NEW,
    )


def _open_values(tx: ReadTransaction, node: Node, stored: StoredRecord) -> list[OverruledValue]:
    view = view_record(tx, node.identity, stored)
    if view is None:
        return []
    may_write = _may_write(node, stored)
    return [
        OverruledValue(view, contest.register, contest.rule, contest.shown, one, None, may_write and one.is_restorable)
        for contest in view.contests
        for one in contest.overruled
    ]


def _settled_values(tx: ReadTransaction, node: Node) -> Iterator[OverruledValue]:
    for one in tx.settled():
        stored = _settled_in(tx, one)
        value = None if stored is None else _settled_value(tx, node, stored, one)
        if value is not None:
            yield value


def _former(tx: ReadTransaction, node: Node, settled: Iterable[SettledValue]) -> Iterator[OverruledValue]:
    """Those that say something else than every value of today, so that somebody may miss them."""
    seen: set[tuple[RecordId, int, OpId]] = set()
    for one in settled:
        key = (one.record, one.register, OpId(one.overruled.op))
        stored = _settled_in(tx, one)
        if stored is None or key in seen or _stands_today(stored, one):
            continue
        value = _settled_value(tx, node, stored, one)
        if value is not None:
            seen.add(key)
            yield value


def _settled_in(tx: ReadTransaction, one: SettledValue) -> StoredRecord | None:
    """The record of a settled value; None for a kind or register of a newer version."""
    kind = REGISTRY.by_number.get(one.kind)
    return tx.record(kind, one.record) if kind is not None and one.register in kind.by_number else None


def _stands_today(stored: StoredRecord, one: SettledValue) -> bool:
    was = register_value(one.overruled, one.register)
    heads = [register_value(head, one.register) for head in _values_of(stored, one.register)]
    return any(not isinstance(head, Withheld) and not is_different(was, head) for head in heads)


def _values_of(stored: StoredRecord, register: int) -> list[Entry]:
    return [head for head in heads_of(stored.entries, register) if not head.is_delete]


def _settled_value(tx: ReadTransaction, node: Node, stored: StoredRecord, one: SettledValue) -> OverruledValue | None:
    kind, view = stored.kind, view_record(tx, node.identity, stored)
    if view is None:
        return None
    heads = _values_of(stored, one.register)
    shown = written_value(tx, node.identity, kind, heads[0], one.register) if len(heads) == 1 else None
    overruled = written_value(tx, node.identity, kind, one.overruled, one.register)
    can_restore = _may_write(node, stored) and overruled.is_restorable
    return OverruledValue(view, kind.by_number[one.register].name, None, shown, overruled, OpId(one.by), can_restore)


def _entry_of(tx: ReadTransaction, stored: StoredRecord, register: int, op: OpId) -> Entry | None:
    for entry in stored.entries:
        if entry.op == op and register in entry.registers():
            return entry
    settled = tx.settled_values(stored.kind.number, stored.record)
    return next((one.overruled for one in settled if one.overruled.op == op and one.register == register), None)


def _may_write(node: Node, stored: StoredRecord) -> bool:
    if stored.kind.writer is Writer.ANY_SITE:
        return True
    return stored.kind.writer is Writer.OWNER_SITE and stored.owner == node.identity.dealer_id
