"""Overruled values: what was written concurrently and is not shown, and how to bring it back.

Decides what the lists hold and what a restore writes. *Open* overruled values are heads that are not shown; *settled*
ones were read beside others and not kept. A restore is an ordinary write of the hub, based on all current heads of the
register; on a record of a site it is a ruling. What stood there is listed afterwards (the protocol's
`restored_values`), so a restore can itself be overruled and restored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from carnet_hub.core.at_rest import plain_entries, plain_settled
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LIST_ROWS_MAX
from carnet_hub.core.log.authoring import HubWrite, draw_nonce, write_hub_set
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow, SettledPlace, SettledRow
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue, NotAllowed
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Resolver, Value, Writer
from carnet_protocol.resolvers import Contest, show
from carnet_protocol.restored_values import draft_restore
from carnet_protocol.state import Entries, Entry, Withheld, head_op_ids, register_value


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """What one op wrote in one register.

    Attributes:
        author: dealer site, or the hub.
        time_ms: set time.
        values: by field name; empty when withheld.
        withheld: why there are none.
    """

    op: OpId
    author: bytes
    time_ms: int
    values: Mapping[str, Value]
    withheld: Withheld | None


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """A register with several different heads.

    Attributes:
        register: name, or its number for a register of a newer version.
        rule: the resolver that chose.
    """

    kind: str
    record: RecordId
    owner: bytes
    register: str
    rule: Resolver
    shown: WrittenValue
    overruled: tuple[WrittenValue, ...]


@dataclass(frozen=True, slots=True)
class SettledValue:
    """A value that an author read beside others and did not keep.

    Attributes:
        by: the op that overruled it.
        position: log entry in which that happened.
    """

    kind: str
    record: RecordId
    register: str
    overruled: WrittenValue
    by: OpId
    position: int


@dataclass(frozen=True, slots=True)
class RecordConflicts:
    """Every overruled value of one record."""

    open: tuple[OpenConflict, ...]
    settled: tuple[SettledValue, ...]


def list_conflicts(hub: Hub, *, after: tuple[int, bytes] = (0, b""), limit: int = LIST_ROWS_MAX) -> list[OpenConflict]:
    """Open conflicts, by kind and record.

    Args:
        after: (kind number, record id) of the last record seen.
        limit: records, 1 to `LIST_ROWS_MAX`.
    """
    with hub.store.read() as snapshot:
        rows = snapshot.contested(after, min(limit, LIST_ROWS_MAX))
    return [conflict for row in rows for conflict in _open_conflicts(hub, row)]


def every_conflict(hub: Hub, *, batch: int = LIST_ROWS_MAX) -> Iterator[OpenConflict]:
    """All open conflicts, by kind and record.

    Args:
        batch: records per look-up, 1 to `LIST_ROWS_MAX`.
    """
    after = (0, b"")
    while found := list_conflicts(hub, after=after, limit=batch):
        yield from found
        after = (hub.registry[found[-1].kind].number, found[-1].record)


def every_settled(hub: Hub, *, batch: int = LIST_ROWS_MAX) -> Iterator[SettledValue]:
    """All settled overruled values, in the order in which they were overruled.

    Args:
        batch: values per look-up, 1 to `LIST_ROWS_MAX`.
    """
    after: SettledPlace = (0, 0, b"", 0, b"", b"")
    while rows := _settled_after(hub, after, batch):
        yield from (_settled_value(hub, row) for row in rows)
        after = (rows[-1].position, *rows[-1][:5])


def _settled_after(hub: Hub, after: SettledPlace, limit: int) -> list[SettledRow]:
    with hub.store.read() as snapshot:
        return snapshot.settled_after(after, min(limit, LIST_ROWS_MAX))


def show_conflicts(hub: Hub, kind: Kind, record: bytes) -> RecordConflicts:
    """Every overruled value of one record, open and settled.

    Raises:
        NotAllowed: NOT_FOUND, there is no such record.
    """
    with hub.store.read() as snapshot:
        row = _record(snapshot, kind, record)
        settled = snapshot.settled(kind.number, [record])
    return RecordConflicts(tuple(_open_conflicts(hub, row)), tuple(_settled_value(hub, one) for one in settled))


def restore_value(hub: Hub, kind: Kind, record: bytes, *, register: str, op: OpId) -> HubWrite:
    """Make an overruled value the shown one again.

    Args:
        register: name of the register.
        op: the op that wrote the value; one of `show_conflicts`.

    Raises:
        BadValue: no such register, or the op has no overruled value there.
        NotAllowed: NOT_FOUND, there is no such record; or the value was erased.
        Refused, StoreError: as `write_hub_set`.
    """
    declared = next((one for one in kind.registers if one.name == register), None)
    if declared is None:
        raise BadValue(Reason.BAD_FIELD, register, f"{kind.name} has no such register")
    with hub.store.read() as snapshot:
        row = _record(snapshot, kind, record)
        settled = snapshot.settled(kind.number, [record])
    entries = plain_entries(hub.box, kind.number, record, row.entries)
    wanted = _find_overruled(hub, entries, settled, declared.number, op)
    value = register_value(wanted, declared.number)
    if isinstance(value, Withheld):
        raise NotAllowed(Reason.NOT_FOUND, "the value was erased")
    based_on = head_op_ids(entries, [declared.number])
    action = Action.RULING if kind.writer is Writer.OWNER_SITE else Action.WRITE
    plain = Draft(kind, RecordId(record), _by_name(kind, value), based_on, action)
    listed = [plain_settled(hub.box, one.kind, one.id, one.entry) for one in settled]
    nonce = draw_nonce(hub)
    return write_hub_set(hub, draft_restore(plain, op, entries, listed, nonce), nonce=nonce)


def _record(snapshot: Snapshot, kind: Kind, record: bytes) -> RecordRow:
    row = snapshot.records(kind.number, [record]).get(record)
    if row is None:
        raise NotAllowed(Reason.NOT_FOUND, f"no such {kind.name}")
    return row


def _find_overruled(hub: Hub, entries: Entries, settled: list[SettledRow], register: int, op: OpId) -> Entry:
    """The entry that holds a value: a head, or what a settled row kept."""
    for entry in entries:
        if entry.op == op and register in entry.registers():
            return entry
    for row in settled:
        if row.overruled == op and row.register_no == register:
            return plain_settled(hub.box, row.kind, row.id, row.entry)
    raise BadValue(Reason.BAD_FIELD, "op", "it has no overruled value in this register")


def _by_name(kind: Kind, value: Mapping[int, Value]) -> dict[str, Value]:
    unknown = value.keys() - kind.by_label.keys()
    if unknown:
        raise BadValue(Reason.SCHEMA_TOO_NEW, str(min(unknown)), "a field of a newer version")
    return {kind.by_label[label][1].name: one for label, one in value.items()}


def _open_conflicts(hub: Hub, row: RecordRow) -> list[OpenConflict]:
    kind = hub.rules[row.kind].kind
    entries = plain_entries(hub.box, row.kind, row.id, row.entries)
    return [_open_conflict(kind, row, contest) for contest in show(kind, entries).contests]


def _open_conflict(kind: Kind, row: RecordRow, contest: Contest) -> OpenConflict:
    return OpenConflict(
        kind.name,
        RecordId(row.id),
        row.owner,
        _register_name(kind, contest.register),
        contest.rule,
        _written(kind, contest.shown, contest.register),
        tuple(_written(kind, entry, contest.register) for entry in contest.overruled),
    )


def _settled_value(hub: Hub, row: SettledRow) -> SettledValue:
    kind = hub.rules[row.kind].kind
    entry = plain_settled(hub.box, row.kind, row.id, row.entry)
    name = _register_name(kind, row.register_no)
    written = _written(kind, entry, row.register_no)
    return SettledValue(kind.name, RecordId(row.id), name, written, OpId(row.by), row.position)


def _written(kind: Kind, entry: Entry, register: int) -> WrittenValue:
    value = register_value(entry, register)
    if isinstance(value, Withheld):
        return WrittenValue(OpId(entry.op), entry.author, entry.time_ms, {}, value)
    named = {
        kind.by_label[label][1].name if label in kind.by_label else str(label): one for label, one in value.items()
    }
    return WrittenValue(OpId(entry.op), entry.author, entry.time_ms, named, None)


def _register_name(kind: Kind, number: int) -> str:
    register = kind.by_number.get(number)
    return register.name if register is not None else str(number)
