"""The first shape of the hub's tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BYTES, TEXT, SMALL, FLAG = sa.LargeBinary, sa.Text, sa.SmallInteger, sa.Boolean
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make every table; in an empty database only."""
    _create_log()
    _create_tables_of_sets()
    _create_tables_of_records()
    _create_tables_of_people()


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


def _table(name: str, key: tuple[str, ...], *columns: tuple[str, Any], nullable: tuple[str, ...] = ()) -> None:
    """A table whose columns are given in order; SQLite keeps it in one tree when its key is no number."""
    made: list[sa.Column[Any]] = [sa.Column(column, kind, nullable=column in nullable) for column, kind in columns]
    has_rowid = {"sqlite_with_rowid": False} if name not in ("log", "setting") else {}
    op.create_table(name, *made, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"), **has_rowid)


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = sa.text(where) if where is not None else None
    op.create_index(name, table, list(columns), sqlite_where=condition, postgresql_where=condition)


def _create_log() -> None:
    _table(
        "log",
        ("position",),
        ("position", BIG),
        ("kind", SMALL),
        ("hub_epoch", BYTES),
        ("received_ms", BIG),
        ("dealer_id", BYTES),
        ("node_id", BYTES),
        ("epoch", BYTES),
        ("seq", BIG),
        ("set_hash", BYTES),
        ("nonce", BYTES),
        ("ops_hash", BYTES),
        ("time_ms", BIG),
        ("verdict", SMALL),
        ("reason", TEXT),
        ("voids", BYTES),
        ("conflicts", BIG),
        ("message", BYTES),
        ("opening", BYTES),
        ("is_broadcast", FLAG),
        ("detail", BYTES),
        nullable=("reason", "message"),
    )
    _index("ix_log_broadcast", "log", "position", where="is_broadcast")


def _create_tables_of_sets() -> None:
    _table(
        "admission",
        ("nonce",),
        ("nonce", BYTES),
        ("dealer_id", BYTES),
        ("node_id", BYTES),
        ("ops_hash", BYTES),
        ("op_count", SMALL),
        ("stored_at", BIG),
        ("decided_at", BIG),
        ("state", SMALL),
        ("void_count", SMALL),
    )
    _index("ix_admission_node_id_decided_at", "admission", "node_id", "decided_at")
    _index("ix_admission_state", "admission", "state", "decided_at", where="state > 1")
    _table(
        "chain",
        ("node_id", "epoch", "seq"),
        ("node_id", BYTES),
        ("epoch", BYTES),
        ("seq", BIG),
        ("set_hash", BYTES),
        ("nonce", BYTES),
        ("position", BIG),
        ("is_repeat", FLAG),
    )
    _index("ix_chain_repeat", "chain", "node_id", "nonce", where="is_repeat")
    _table(
        "epoch",
        ("node_id", "epoch"),
        ("node_id", BYTES),
        ("epoch", BYTES),
        ("ordinal", BIG),
        ("reason", SMALL),
        ("parent_epoch", BYTES),
        ("parent_seq", BIG),
        ("parent_hash", BYTES),
        ("head_seq", BIG),
        ("head_hash", BYTES),
        ("opened_at", BIG),
    )
    _table("void_op", ("op",), ("op", BYTES), ("position", BIG), ("reason", TEXT), ("based_on", BYTES))
    _table("waiting", ("base", "nonce"), ("base", BYTES), ("nonce", BYTES), ("base_nonce", BYTES))
    _index("ix_waiting_base_nonce", "waiting", "base_nonce")
    _index("ix_waiting_nonce", "waiting", "nonce")


def _create_tables_of_records() -> None:
    _table(
        "record",
        ("kind", "id"),
        ("kind", SMALL),
        ("id", BYTES),
        ("owner", BYTES),
        ("changed", BIG),
        ("anchor", BYTES),
        ("parent", BYTES),
        ("contests", SMALL),
        ("entries", BYTES),
        nullable=("anchor", "parent"),
    )
    _index("ix_record_anchor", "record", "anchor", where="anchor IS NOT NULL")
    _index("ix_record_contested", "record", "kind", "id", where="contests > 0")
    _index("ix_record_parent", "record", "parent", where="parent IS NOT NULL")
    _table(
        "settled",
        ("kind", "id", "register_no", "overruled", "by"),
        ("kind", SMALL),
        ("id", BYTES),
        ("register_no", SMALL),
        ("overruled", BYTES),
        ("by", BYTES),
        ("position", BIG),
        ("entry", BYTES),
    )
    _index("ix_settled_position", "settled", "position")
    _table(
        "feed",
        ("dealer_id", "kind", "id"),
        ("dealer_id", BYTES),
        ("kind", SMALL),
        ("id", BYTES),
        ("place", BIG),
        ("is_evicted", FLAG),
    )
    _index("ix_feed_dealer_id_place", "feed", "dealer_id", "place")
    _table(
        "assignment",
        ("vehicle_id", "dealer_id"),
        ("vehicle_id", BYTES),
        ("dealer_id", BYTES),
        ("since", BIG),
        ("expires_ms", BIG),
        ("reason", TEXT),
    )
    _table("erased", ("record",), ("record", BYTES), ("groups", SMALL))
    _table("sealed", ("record", "position"), ("record", BYTES), ("position", BIG))


def _create_tables_of_people() -> None:
    _table("setting", ("name",), ("name", TEXT), ("value", BYTES))
    _table(
        "node_key",
        ("key_id",),
        ("key_id", BYTES),
        ("node_id", BYTES),
        ("dealer_id", BYTES),
        ("signing_key", BYTES),
        ("exchange_key", BYTES),
        ("status", TEXT),
    )
    _index("ix_node_key_node_id", "node_key", "node_id")
    _table("dealer", ("dealer_id",), ("dealer_id", BYTES), ("site_code", TEXT), ("status", TEXT))
    _table(
        "invite",
        ("code_id",),
        ("code_id", BYTES),
        ("dealer_id", BYTES),
        ("node_key", BYTES),
        ("hub_key", BYTES),
        ("created_ms", BIG),
        ("expires_ms", BIG),
        ("tries", SMALL),
        ("node_id", BYTES),
        ("asked_hash", BYTES),
        ("answer", BYTES),
    )
    _table(
        "evidence",
        ("set_hash",),
        ("set_hash", BYTES),
        ("node_id", BYTES),
        ("epoch", BYTES),
        ("seq", BIG),
        ("nonce", BYTES),
        ("reason", TEXT),
        ("received_ms", BIG),
        ("message", BYTES),
    )
    _index("ix_evidence_node_id", "evidence", "node_id", "received_ms")
    _table(
        "node_status",
        ("node_id",),
        ("node_id", BYTES),
        ("last_seen_ms", BIG),
        ("clock_offset_ms", BIG),
        ("situation", SMALL),
        ("epoch", BYTES),
        ("head_seq", BIG),
        ("cursor", BIG),
        ("unsent_sets", BIG),
        ("oldest_unsent_ms", BIG),
        ("schema_version", BIG),
        ("software", TEXT),
        ("failures", BIG),
        ("last_failure", TEXT),
        ("last_failure_ms", BIG),
    )
