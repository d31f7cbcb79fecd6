"""The node's tables, declared with SQLModel on a registry of their own.

Decides columns, types and indexes. Two groups: bookkeeping (own log, base rows, outcomes, cursor, recall lists),
written out below, and one *projection table per record kind*, generated from the protocol's registry. So a new field
needs its registry line and one migration; nothing in this module changes.

A projection table has a typed column per field, named after it, and for everybody the same seven more: `id`, `owner`,
`entries` (the state the columns were resolved from), `mark`, `is_deleted`, `is_contested`, `is_hidden`. A secret field
is stored encrypted and, if it is a text, has a column `<field>_index` with a keyed hash beside it. Fields that point at
other records are indexed, and so is what the search box asks (`SEARCHED`).

Nothing here is read or written through ORM objects in the product: `statements` compiles SQL from these tables once.
"""

from functools import cache
from threading import Lock
from types import new_class
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from carnet_node.adapters.indexed_fields import LINKED, SEARCHED, SELDOM, Searched
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Field as RegistryField
from carnet_protocol.registry import Kind, Privacy, Register, ValueType

NODE_METADATA: Final = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
)

FIXED_COLUMNS: Final = ("id", "owner", "entries", "mark", "is_deleted", "is_contested", "is_hidden")
"""Columns of every projection table; no field may be called like one of them."""

_BLOB: Final = LargeBinary
_MAKING: Final = Lock()
"""Two threads that ask for one table at once must not both declare it."""


class NodeTable(SQLModel, registry=registry(metadata=NODE_METADATA)):
    """Root of this application's tables; keeps them apart from anybody else's in the same process."""


class OwnSet(NodeTable, table=True):
    """The node's log: its own change sets as sealed, and what the hub judged."""

    __tablename__ = "own_set"
    log_id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True))
    nonce: bytes = Field(sa_column=Column(_BLOB, nullable=False, unique=True))
    epoch: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    set_hash: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    message: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    opening: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    has_secret: bool = Field(sa_column=Column(Boolean, nullable=False))
    time_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    is_sent: bool = Field(sa_column=Column(Boolean, nullable=False))
    verdict: int | None = Field(sa_column=Column(Integer))
    reason: str | None = Field(sa_column=Column(String))
    verdict_position: int | None = Field(sa_column=Column(BigInteger))
    verdict_ms: int | None = Field(sa_column=Column(BigInteger))
    voids: bytes | None = Field(sa_column=Column(_BLOB))
    conflicts: int | None = Field(sa_column=Column(Integer))
    receipt: bytes | None = Field(sa_column=Column(_BLOB))
    folded_at: int | None = Field(sa_column=Column(BigInteger))


class OwnOp(NodeTable, table=True):
    """Which own ops touch a record."""

    __tablename__ = "own_op"
    __table_args__ = {"sqlite_with_rowid": False}
    record: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    kind: int = Field(sa_column=Column(Integer, primary_key=True))
    log_id: int = Field(sa_column=Column(Integer, primary_key=True))
    op_index: int = Field(sa_column=Column(Integer, primary_key=True))


class BaseRecord(NodeTable, table=True):
    """Records as the hub last sent them."""

    __tablename__ = "base_record"
    __table_args__ = {"sqlite_with_rowid": False}
    kind: int = Field(sa_column=Column(Integer, primary_key=True))
    record: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    owner: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    changed: int = Field(sa_column=Column(BigInteger, nullable=False))
    entries: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    is_evicted: bool = Field(sa_column=Column(Boolean, nullable=False))
    former_position: int | None = Field(sa_column=Column(BigInteger))
    former_epoch: bytes | None = Field(sa_column=Column(_BLOB))
    former_sets: bytes | None = Field(sa_column=Column(_BLOB))


class SettledRow(NodeTable, table=True):
    """Settled overruled values, sent by the hub or found while folding own work."""

    __tablename__ = "settled_value"
    kind: int = Field(sa_column=Column(Integer, primary_key=True))
    record: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    register_no: int = Field(sa_column=Column(Integer, primary_key=True))
    overruled: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    settled_by: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    is_own: bool = Field(sa_column=Column(Boolean, primary_key=True))
    entry: bytes = Field(sa_column=Column(_BLOB, nullable=False))


class NodeState(NodeTable, table=True):
    """One row each of small facts about this node: identity, chain head, cursor, settings."""

    __tablename__ = "node_state"
    name: str = Field(sa_column=Column(String, primary_key=True))
    value: bytes = Field(sa_column=Column(_BLOB, nullable=False))


class ErasedGroups(NodeTable, table=True):
    """What may never be shown again: erasure groups by record, as a bit mask."""

    __tablename__ = "erased_groups"
    record: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    groups: int = Field(sa_column=Column(Integer, nullable=False))


class HubSetTable(NodeTable, table=True):
    """The hub's own change sets, kept for a hub that was restored."""

    __tablename__ = "hub_set"
    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    time_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    message: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    opening: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    offered_in: bytes | None = Field(sa_column=Column(_BLOB))


class SeriesNumber(NodeTable, table=True):
    """Last number given out of a local series (repair orders of a day)."""

    __tablename__ = "series_number"
    series: str = Field(sa_column=Column(String, primary_key=True))
    last: int = Field(sa_column=Column(Integer, nullable=False))


class FormerId(NodeTable, table=True):
    """Which record a record of a former system became at import; never synced."""

    __tablename__ = "former_id"
    source: str = Field(sa_column=Column(String, primary_key=True))
    kind: str = Field(sa_column=Column(String, primary_key=True))
    former_id: str = Field(sa_column=Column(String, primary_key=True))
    record: bytes = Field(sa_column=Column(_BLOB, nullable=False))


class KeptAnswerTable(NodeTable, table=True):
    """Requests that were carried out under a key of their own, and their answers, encrypted; never synced."""

    __tablename__ = "kept_answer"
    key: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    taken_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    asked: bytes = Field(sa_column=Column(_BLOB, nullable=False))
    answer: bytes | None = Field(default=None, sa_column=Column(_BLOB))


class WantedList(NodeTable, table=True):
    """Segments of the lists of published campaigns, and former ones that are in use."""

    __tablename__ = "wanted_list"
    campaign: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    kind: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    segment_hash: bytes = Field(sa_column=Column(_BLOB, primary_key=True, index=True))
    is_former: int = Field(sa_column=Column(Integer, nullable=False))


class RecallEntry(NodeTable, table=True):
    """What the hub's manifest says of a recall list."""

    __tablename__ = "recall_entry"
    campaign: bytes = Field(sa_column=Column(_BLOB, primary_key=True))
    kind: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    entry: bytes = Field(sa_column=Column(_BLOB, nullable=False))


class Segment(NodeTable, table=True):
    """Segments of recall lists whose rows are here."""

    __tablename__ = "segment"
    segment_no: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True))
    segment_hash: bytes = Field(sa_column=Column(_BLOB, nullable=False, unique=True))
    member_count: int = Field(sa_column=Column(Integer, nullable=False))


class RecallBitmap(NodeTable, table=True):
    """Serials of one VIN prefix in one segment (see core/bitmaps)."""

    __tablename__ = "recall_bitmap"
    prefix: str = Field(sa_column=Column(String, primary_key=True))
    segment_no: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    bitmap: bytes = Field(sa_column=Column(_BLOB, nullable=False))


class RecallException(NodeTable, table=True):
    """Identifiers in a segment that have no prefix and serial."""

    __tablename__ = "recall_exception"
    identifier: str = Field(sa_column=Column(String, primary_key=True))
    segment_no: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))


IN_SHOP: Final = text("status IN ('draft', 'open', 'completed', 'settled')")
"""Orders whose car has not been handed over; few of all orders there ever were."""

IN_WORK: Final = text("status IN ('draft', 'open')")
"""Of those, the ones whose work is not done: past their promised time they are overdue."""

DONE: Final = text("status IN ('completed', 'settled', 'closed')")
"""Orders whose work is done."""

REQUESTED: Final = text("status = 'requested'")
"""Appointments that nobody has given a slot yet; they have no place on any day."""

SETTLED: Final[ColumnElement[str]] = literal_column("'settled'")
"""The state of those nobody has to work on any more; where a site never closes its orders, they are most of them."""

_COLUMN_TYPES: Final[dict[ValueType, type[TypeEngine[Any]]]] = {
    ValueType.TEXT: String,
    ValueType.CODE: String,
    ValueType.DATE: String,
    ValueType.INT: BigInteger,
    ValueType.INSTANT: BigInteger,
    ValueType.BOOL: Boolean,
    ValueType.REF: LargeBinary,
    ValueType.BYTES: LargeBinary,
}


def index_column(field_name: str) -> str:
    """The column with the keyed hash of a secret field."""
    return f"{field_name}_index"


def has_keyed_hash(register: Register, one: RegistryField) -> bool:
    """Whether a field is found by a keyed hash: secret texts are, secret codes are not (few values tell too much)."""
    return register.privacy is Privacy.SECRET and one.type is ValueType.TEXT


def _field_columns(kind: Kind, register: Register, one: RegistryField) -> list[Column[Any]]:
    if has_keyed_hash(register, one):
        return [Column(one.name, LargeBinary), Column(index_column(one.name), LargeBinary)]
    if register.privacy is Privacy.SECRET:
        return [Column(one.name, LargeBinary)]
    return [Column(one.name, _COLUMN_TYPES[one.type], index=(kind.name, one.name) in LINKED or one.name == kind.parent)]


def projection_columns(kind: Kind) -> list[Column[Any]]:
    """The columns of a kind's projection table: the fixed ones, then each field's, in registry order."""
    fixed: list[Column[Any]] = [
        Column("id", LargeBinary, primary_key=True),
        Column("owner", LargeBinary, nullable=False),
        Column("entries", LargeBinary, nullable=False),
        Column("mark", Integer, nullable=False),
        *(Column(name, Boolean, nullable=False) for name in FIXED_COLUMNS[4:]),
    ]
    fields = [
        column
        for register in kind.registers
        for one in register.fields
        for column in _field_columns(kind, register, one)
    ]
    return fixed + fields


def _projection_model(kind: Kind) -> type[NodeTable]:
    """A SQLModel class for a kind, as if it had been written out by hand."""
    columns = projection_columns(kind)
    body: dict[str, Any] = {
        "__module__": __name__,
        "__tablename__": kind.name,
        "__table_args__": {"sqlite_with_rowid": False},
        "__doc__": f"Projection of `{kind.name}` records, generated from the registry.",
        "__annotations__": {column.name: column.type.python_type | None for column in columns},
        **{column.name: Field(default=None, sa_column=column) for column in columns},
    }
    name = "".join(part.capitalize() for part in kind.name.split("_")) + "Record"
    return new_class(name, (NodeTable,), {"table": True}, lambda namespace: namespace.update(body))


@cache
def _make_projection(name: str) -> type[NodeTable]:
    kind = REGISTRY[name]
    model = _projection_model(kind)
    made = NODE_METADATA.tables[name]
    Index(f"ix_{name}_contested", made.c.id, sqlite_where=made.c.is_contested)
    for searched in SEARCHED:
        if searched.kind == name:
            _add_search_indexes(made, searched)
    if name == "appointment":
        Index("ix_appointment_requested", made.c.requested_at, sqlite_where=REQUESTED)
    if name == "visit":
        Index("ix_visit_in_shop", made.c.promised_at, sqlite_where=IN_SHOP)
        Index("ix_visit_in_shop_opened", made.c.opened_at, sqlite_where=IN_SHOP)
        Index("ix_visit_done", made.c.vehicle_id, done_at(made), sqlite_where=DONE)
    for field in SELDOM.get(name, ()):
        Index(f"ix_{name}_{field}", made.c[field], sqlite_where=made.c[field].is_not(None))
    for register, one in kind.by_label.values():
        if has_keyed_hash(register, one):
            column = made.c[index_column(one.name)]
            Index(f"ix_{name}_{column.name}", column, sqlite_where=column.is_not(None))
    return model


def projection_table(name: str) -> Table:
    """The projection table of a kind, with its indexes.

    Made when it is first asked for: a command touches three of the kinds, and all of them take a tenth of a second.

    Args:
        name: of the kind.
    """
    with _MAKING:
        _make_projection(name)
    return NODE_METADATA.tables[name]


def done_at(order: FromClause) -> ColumnElement[int]:
    """When the work of an order was done; of one that never said so, when it was opened."""
    return func.coalesce(order.c.completed_at, order.c.opened_at)


def _add_search_indexes(of: Table, searched: Searched) -> None:
    """One index per way the search box asks; an index on an ending is an index on an expression.

    Records without a value stand in none of them: most customers are no companies and have no number of a document.
    """
    column = of.c[searched.field]
    for length in searched.tails:
        name = f"ix_{searched.kind}_{searched.field}" + (f"_tail{length}" if length else "")
        asked = func.substr(column, literal_column(str(-length))) if length else column
        beside = (column, of.c.is_deleted, of.c.is_hidden) if length and searched.is_crowded else ()
        Index(name, asked, *beside, sqlite_where=None if length else column.is_not(None))


own_set = NODE_METADATA.tables["own_set"]
Index("ix_own_set_place", own_set.c.epoch, own_set.c.seq, unique=True)
HELD_BACK: Final = text("verdict >= 2 OR voids > x'80'")
"""Own sets that the hub has parked or refused, or of which some op is void (`voids` is msgpack, and x'80' is none)."""

Index("ix_own_set_held_back", own_set.c.verdict, own_set.c.log_id, sqlite_where=HELD_BACK)
Index("ix_own_set_unconfirmed", own_set.c.epoch, own_set.c.seq, sqlite_where=own_set.c.verdict.is_(None))
