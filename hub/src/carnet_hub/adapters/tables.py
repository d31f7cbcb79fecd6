"""The hub's tables: one per row type of `core.rows`, same columns, same order.

Decides column types, keys and indexes, on a registry of its own (a node in the same process has another). Does not
validate: rows come from the core. Migrations and these declarations must agree; a test compares them.

Choices that cost or save time on the ingest path:

- SQLite keeps a table with a byte-string key `WITHOUT ROWID`: one tree instead of two.
- `anchor` and `parent` are indexed only where they are set.
- State is one blob per record (`entries`), never a row per field.
"""

from typing import Final, cast

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from carnet_hub.core import rows
from carnet_hub.core.anchor_rows import FormerAnchorRow, PlateKeyRow

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

METADATA: Final = MetaData(naming_convention=NAMING)

BIG = BigInteger().with_variant(Integer, "sqlite")
BYTES = LargeBinary()
SMALL = SmallInteger()
TEXT = Text()
FLAG = Boolean(create_constraint=False)
BY_KEY = {"sqlite_with_rowid": False}


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index over the rows that satisfy a condition."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class HubTable(SQLModel, registry=registry(metadata=METADATA)):
    """Base of all tables of the hub."""


class Setting(HubTable, table=True):
    """Facts of the hub itself: who it is and which history it is in."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True, sa_type=TEXT)
    value: bytes = Field(sa_type=BYTES)


class Log(HubTable, table=True):
    """See `rows.LogRow`."""

    __tablename__ = "log"
    __table_args__ = (partial_index("ix_log_broadcast", "position", where="is_broadcast"),)
    position: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    kind: int = Field(sa_type=SMALL)
    hub_epoch: bytes = Field(sa_type=BYTES)
    received_ms: int = Field(sa_type=BIG)
    dealer_id: bytes = Field(sa_type=BYTES)
    node_id: bytes = Field(sa_type=BYTES)
    epoch: bytes = Field(sa_type=BYTES)
    seq: int = Field(sa_type=BIG)
    set_hash: bytes = Field(sa_type=BYTES)
    nonce: bytes = Field(sa_type=BYTES)
    ops_hash: bytes = Field(sa_type=BYTES)
    time_ms: int = Field(sa_type=BIG)
    verdict: int = Field(sa_type=SMALL)
    reason: str | None = Field(default=None, sa_type=TEXT)
    voids: bytes = Field(sa_type=BYTES)
    conflicts: int = Field(sa_type=BIG)
    message: bytes | None = Field(default=None, sa_type=BYTES)
    opening: bytes = Field(sa_type=BYTES)
    is_broadcast: bool = Field(sa_type=FLAG)
    detail: bytes = Field(sa_type=BYTES)


class Admission(HubTable, table=True):
    """See `rows.AdmissionRow`."""

    __tablename__ = "admission"
    __table_args__ = (
        Index("ix_admission_node_id_decided_at", "node_id", "decided_at"),
        partial_index("ix_admission_state", "state", "decided_at", where="state > 1"),
        BY_KEY,
    )
    nonce: bytes = Field(primary_key=True, sa_type=BYTES)
    dealer_id: bytes = Field(sa_type=BYTES)
    node_id: bytes = Field(sa_type=BYTES)
    ops_hash: bytes = Field(sa_type=BYTES)
    op_count: int = Field(sa_type=SMALL)
    stored_at: int = Field(sa_type=BIG)
    decided_at: int = Field(sa_type=BIG)
    state: int = Field(sa_type=SMALL)
    void_count: int = Field(sa_type=SMALL)


class Chain(HubTable, table=True):
    """See `rows.ChainRow`."""

    __tablename__ = "chain"
    __table_args__ = (
        partial_index("ix_chain_repeat", "node_id", "nonce", where="is_repeat"),
        BY_KEY,
    )
    node_id: bytes = Field(primary_key=True, sa_type=BYTES)
    epoch: bytes = Field(primary_key=True, sa_type=BYTES)
    seq: int = Field(primary_key=True, sa_type=BIG)
    set_hash: bytes = Field(sa_type=BYTES)
    nonce: bytes = Field(sa_type=BYTES)
    position: int = Field(sa_type=BIG)
    is_repeat: bool = Field(sa_type=FLAG)


class Epoch(HubTable, table=True):
    """See `rows.EpochRow`."""

    __tablename__ = "epoch"
    __table_args__ = (BY_KEY,)
    node_id: bytes = Field(primary_key=True, sa_type=BYTES)
    epoch: bytes = Field(primary_key=True, sa_type=BYTES)
    ordinal: int = Field(sa_type=BIG)
    reason: int = Field(sa_type=SMALL)
    parent_epoch: bytes = Field(sa_type=BYTES)
    parent_seq: int = Field(sa_type=BIG)
    parent_hash: bytes = Field(sa_type=BYTES)
    head_seq: int = Field(sa_type=BIG)
    head_hash: bytes = Field(sa_type=BYTES)
    opened_at: int = Field(sa_type=BIG)


class Record(HubTable, table=True):
    """See `rows.RecordRow`."""

    __tablename__ = "record"
    __table_args__ = (
        partial_index("ix_record_anchor", "anchor", where="anchor IS NOT NULL"),
        partial_index("ix_record_parent", "parent", where="parent IS NOT NULL"),
        partial_index("ix_record_contested", "kind", "id", where="contests > 0"),
        BY_KEY,
    )
    kind: int = Field(primary_key=True, sa_type=SMALL)
    id: bytes = Field(primary_key=True, sa_type=BYTES)
    owner: bytes = Field(sa_type=BYTES)
    changed: int = Field(sa_type=BIG)
    anchor: bytes | None = Field(default=None, sa_type=BYTES)
    parent: bytes | None = Field(default=None, sa_type=BYTES)
    contests: int = Field(sa_type=SMALL)
    entries: bytes = Field(sa_type=BYTES)


class Settled(HubTable, table=True):
    """See `rows.SettledRow`."""

    __tablename__ = "settled"
    __table_args__ = (Index("ix_settled_position", "position"), BY_KEY)
    kind: int = Field(primary_key=True, sa_type=SMALL)
    id: bytes = Field(primary_key=True, sa_type=BYTES)
    register_no: int = Field(primary_key=True, sa_type=SMALL)
    overruled: bytes = Field(primary_key=True, sa_type=BYTES)
    by: bytes = Field(primary_key=True, sa_type=BYTES)
    position: int = Field(sa_type=BIG)
    entry: bytes = Field(sa_type=BYTES)


class Feed(HubTable, table=True):
    """See `rows.FeedRow`."""

    __tablename__ = "feed"
    __table_args__ = (Index("ix_feed_dealer_id_place", "dealer_id", "place"), BY_KEY)
    dealer_id: bytes = Field(primary_key=True, sa_type=BYTES)
    kind: int = Field(primary_key=True, sa_type=SMALL)
    id: bytes = Field(primary_key=True, sa_type=BYTES)
    place: int = Field(sa_type=BIG)
    is_evicted: bool = Field(sa_type=FLAG)


class FormerAnchor(HubTable, table=True):
    """See `anchor_rows.FormerAnchorRow`."""

    __tablename__ = "former_anchor"
    __table_args__ = (BY_KEY,)
    vehicle: bytes = Field(primary_key=True, sa_type=BYTES)
    kind: int = Field(primary_key=True, sa_type=SMALL)
    id: bytes = Field(primary_key=True, sa_type=BYTES)


class PlateKey(HubTable, table=True):
    """See `anchor_rows.PlateKeyRow`."""

    __tablename__ = "plate_key"
    __table_args__ = (Index("ix_plate_key_key", "key"), BY_KEY)
    record: bytes = Field(primary_key=True, sa_type=BYTES)
    key: bytes = Field(sa_type=BYTES)


class Assignment(HubTable, table=True):
    """See `rows.AssignmentRow`."""

    __tablename__ = "assignment"
    __table_args__ = (Index("ix_assignment_expires_ms", "expires_ms"), BY_KEY)
    vehicle_id: bytes = Field(primary_key=True, sa_type=BYTES)
    dealer_id: bytes = Field(primary_key=True, sa_type=BYTES)
    since: int = Field(sa_type=BIG)
    expires_ms: int = Field(sa_type=BIG)
    reason: str = Field(sa_type=TEXT)
    op: bytes = Field(sa_type=BYTES)
    is_shared: bool = Field(sa_type=FLAG)


class AssignmentDay(HubTable, table=True):
    """See `rows.AssignmentDayRow`."""

    __tablename__ = "assignment_day"
    __table_args__ = (BY_KEY,)
    day: int = Field(primary_key=True, sa_type=BIG)
    dealer_id: bytes = Field(primary_key=True, sa_type=BYTES)
    granted: int = Field(sa_type=BIG)
    put_off: int = Field(sa_type=BIG)


class VoidOp(HubTable, table=True):
    """See `rows.VoidRow`."""

    __tablename__ = "void_op"
    __table_args__ = (BY_KEY,)
    op: bytes = Field(primary_key=True, sa_type=BYTES)
    position: int = Field(sa_type=BIG)
    reason: str = Field(sa_type=TEXT)
    based_on: bytes = Field(sa_type=BYTES)


class Waiting(HubTable, table=True):
    """See `rows.WaitingRow`."""

    __tablename__ = "waiting"
    __table_args__ = (Index("ix_waiting_base_nonce", "base_nonce"), Index("ix_waiting_nonce", "nonce"), BY_KEY)
    base: bytes = Field(primary_key=True, sa_type=BYTES)
    nonce: bytes = Field(primary_key=True, sa_type=BYTES)
    base_nonce: bytes = Field(sa_type=BYTES)


class Erased(HubTable, table=True):
    """See `rows.ErasedRow`."""

    __tablename__ = "erased"
    __table_args__ = (BY_KEY,)
    record: bytes = Field(primary_key=True, sa_type=BYTES)
    groups: int = Field(sa_type=SMALL)


class Sealed(HubTable, table=True):
    """See `rows.SealedRow`."""

    __tablename__ = "sealed"
    __table_args__ = (BY_KEY,)
    record: bytes = Field(primary_key=True, sa_type=BYTES)
    position: int = Field(primary_key=True, sa_type=BIG)


class NodeKey(HubTable, table=True):
    """See `rows.KeyRow`."""

    __tablename__ = "node_key"
    __table_args__ = (Index("ix_node_key_node_id", "node_id"), BY_KEY)
    key_id: bytes = Field(primary_key=True, sa_type=BYTES)
    node_id: bytes = Field(sa_type=BYTES)
    dealer_id: bytes = Field(sa_type=BYTES)
    signing_key: bytes = Field(sa_type=BYTES)
    exchange_key: bytes = Field(sa_type=BYTES)
    status: str = Field(sa_type=TEXT)


class Dealer(HubTable, table=True):
    """See `rows.DealerRow`."""

    __tablename__ = "dealer"
    __table_args__ = (BY_KEY,)
    dealer_id: bytes = Field(primary_key=True, sa_type=BYTES)
    site_code: str = Field(sa_type=TEXT)
    status: str = Field(sa_type=TEXT)


class Evidence(HubTable, table=True):
    """See `rows.EvidenceRow`."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_node_id", "node_id", "received_ms"), BY_KEY)
    set_hash: bytes = Field(primary_key=True, sa_type=BYTES)
    node_id: bytes = Field(sa_type=BYTES)
    epoch: bytes = Field(sa_type=BYTES)
    seq: int = Field(sa_type=BIG)
    nonce: bytes = Field(sa_type=BYTES)
    reason: str = Field(sa_type=TEXT)
    received_ms: int = Field(sa_type=BIG)
    message: bytes = Field(sa_type=BYTES)


class NodeStatus(HubTable, table=True):
    """See `rows.NodeStatusRow`."""

    __tablename__ = "node_status"
    __table_args__ = (BY_KEY,)
    node_id: bytes = Field(primary_key=True, sa_type=BYTES)
    last_seen_ms: int = Field(sa_type=BIG)
    clock_offset_ms: int = Field(sa_type=BIG)
    situation: int = Field(sa_type=SMALL)
    epoch: bytes = Field(sa_type=BYTES)
    head_seq: int = Field(sa_type=BIG)
    cursor: int = Field(sa_type=BIG)
    unsent_sets: int = Field(sa_type=BIG)
    oldest_unsent_ms: int = Field(sa_type=BIG)
    schema_version: int = Field(sa_type=BIG)
    software: str = Field(sa_type=TEXT)
    failures: int = Field(sa_type=BIG)
    last_failure: str = Field(sa_type=TEXT)
    last_failure_ms: int = Field(sa_type=BIG)


class Hello(HubTable, table=True):
    """See `rows.HelloRow`."""

    __tablename__ = "hello"
    __table_args__ = (BY_KEY,)
    node_id: bytes = Field(primary_key=True, sa_type=BYTES)
    received_ms: int = Field(sa_type=BIG)
    message: bytes = Field(sa_type=BYTES)


class Invite(HubTable, table=True):
    """See `rows.InviteRow`."""

    __tablename__ = "invite"
    __table_args__ = (BY_KEY,)
    code_id: bytes = Field(primary_key=True, sa_type=BYTES)
    dealer_id: bytes = Field(sa_type=BYTES)
    node_key: bytes = Field(sa_type=BYTES)
    hub_key: bytes = Field(sa_type=BYTES)
    created_ms: int = Field(sa_type=BIG)
    expires_ms: int = Field(sa_type=BIG)
    tries: int = Field(sa_type=SMALL)
    node_id: bytes = Field(sa_type=BYTES)
    asked_hash: bytes = Field(sa_type=BYTES)
    answer: bytes = Field(sa_type=BYTES)


def table_of(model: type[HubTable]) -> Table:
    """The SQLAlchemy table behind a declaration."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


TABLES: Final[dict[type[rows.Row], Table]] = {
    rows.LogRow: table_of(Log),
    rows.AdmissionRow: table_of(Admission),
    rows.ChainRow: table_of(Chain),
    rows.EpochRow: table_of(Epoch),
    rows.RecordRow: table_of(Record),
    rows.SettledRow: table_of(Settled),
    rows.FeedRow: table_of(Feed),
    FormerAnchorRow: table_of(FormerAnchor),
    PlateKeyRow: table_of(PlateKey),
    rows.AssignmentRow: table_of(Assignment),
    rows.AssignmentDayRow: table_of(AssignmentDay),
    rows.VoidRow: table_of(VoidOp),
    rows.WaitingRow: table_of(Waiting),
    rows.ErasedRow: table_of(Erased),
    rows.SealedRow: table_of(Sealed),
    rows.KeyRow: table_of(NodeKey),
    rows.DealerRow: table_of(Dealer),
    rows.EvidenceRow: table_of(Evidence),
    rows.NodeStatusRow: table_of(NodeStatus),
    rows.HelloRow: table_of(Hello),
    rows.InviteRow: table_of(Invite),
}
"""The table of each row type."""

SETTINGS: Final = table_of(Setting)
