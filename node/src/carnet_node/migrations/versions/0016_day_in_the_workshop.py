"""A day in the workshop: appointments, bays, hours, stages, settlements, dates of cars, reminders, cars taken on."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TEXT, BIGINT, BLOB, BOOL = sa.String, sa.BigInteger, sa.LargeBinary, sa.Boolean
Columns = tuple[tuple[str, type[sa.types.TypeEngine[Any]]], ...]

ADDED: Final[dict[str, Columns]] = {
    "visit": (
        ("stage", TEXT),
        ("hold_reason", TEXT),
        ("staged_at", BIGINT),
        ("delivered_at", BIGINT),
        ("next_service_on", TEXT),
        ("next_service_km", BIGINT),
        ("corrects_id", BLOB),
    ),
    "job": (
        ("approval_at", BIGINT),
        ("approval_channel", TEXT),
        ("offered_from_id", BLOB),
        ("is_dropped", BOOL),
    ),
}

MADE: Final[dict[str, Columns]] = {
    "appointment": (
        ("requested_at", BIGINT),
        ("channel", TEXT),
        ("caller_name", TEXT),
        ("caller_phone", TEXT),
        ("plate_no", TEXT),
        ("wish", TEXT),
        ("wished_at", BIGINT),
        ("vehicle_id", BLOB),
        ("customer_id", BLOB),
        ("starts_at", BIGINT),
        ("planned_minutes", BIGINT),
        ("bay_code", TEXT),
        ("advisor_code", TEXT),
        ("remind_at", BIGINT),
        ("status", TEXT),
        ("cancel_reason", TEXT),
        ("follows_id", BLOB),
        ("rebooked_because", TEXT),
        ("visit_id", BLOB),
        ("arrived_at", BIGINT),
    ),
    "bay": (
        ("bay_code", TEXT),
        ("bay_name", TEXT),
        ("place_no", BIGINT),
        ("is_in_use", BOOL),
    ),
    "booking_hours": (
        ("weekday", BIGINT),
        ("special_on", TEXT),
        ("opens_minute", BIGINT),
        ("closes_minute", BIGINT),
        ("slot_minutes", BIGINT),
        ("cars_per_slot_max", BIGINT),
        ("minutes_per_day_max", BIGINT),
    ),
    "board_stage": (
        ("stage", TEXT),
        ("stage_name", TEXT),
        ("place_no", BIGINT),
        ("stage_sense", TEXT),
        ("is_in_use", BOOL),
    ),
    "settlement": (
        ("visit_id", BLOB),
        ("settlement_no", TEXT),
        ("settled_at", BIGINT),
        ("customer_gross_fen", BIGINT),
        ("warranty_gross_fen", BIGINT),
        ("internal_gross_fen", BIGINT),
        ("customer_discount_fen", BIGINT),
        ("warranty_discount_fen", BIGINT),
        ("internal_discount_fen", BIGINT),
        ("discount_reason", TEXT),
        ("customer_credit_fen", BIGINT),
        ("warranty_credit_fen", BIGINT),
        ("internal_credit_fen", BIGINT),
        ("retracted", TEXT),
    ),
    "settlement_share": (
        ("visit_id", BLOB),
        ("settlement_id", BLOB),
        ("pay_type", TEXT),
        ("payer_kind", TEXT),
        ("customer_id", BLOB),
        ("share_fen", BIGINT),
        ("pay_method", TEXT),
        ("retracted", TEXT),
    ),
    "car_dates": (
        ("vehicle_id", BLOB),
        ("customer_id", BLOB),
        ("insurance_until_on", TEXT),
        ("inspection_until_on", TEXT),
    ),
    "reminder": (
        ("customer_id", BLOB),
        ("vehicle_id", BLOB),
        ("appointment_id", BLOB),
        ("channel", TEXT),
        ("result", TEXT),
        ("contacted_at", BIGINT),
        ("occasion", TEXT),
        ("due_on", TEXT),
    ),
    "adoption": (
        ("vehicle_id", BLOB),
        ("reason", TEXT),
        ("customer_id", BLOB),
        ("adopted_at", BIGINT),
        ("retracted", TEXT),
    ),
}

INDEXED: Final = (
    ("appointment", "customer_id"),
    ("appointment", "vehicle_id"),
    ("appointment", "visit_id"),
    ("settlement", "visit_id"),
    ("settlement_share", "visit_id"),
    ("car_dates", "vehicle_id"),
    ("car_dates", "customer_id"),
    ("reminder", "customer_id"),
    ("adoption", "vehicle_id"),
    ("appointment", "starts_at"),
)


def upgrade() -> None:
    """Add columns and empty tables; all are filled when the tables are folded again."""
    for name, columns in ADDED.items():
        for field, of in columns:
            op.add_column(name, sa.Column(field, of))
    for name, columns in MADE.items():
        _make(name, columns)
    for name, field in INDEXED:
        op.create_index(f"ix_{name}_{field}", name, [field])
    asked_for = sa.text("status = 'requested'")
    op.create_index("ix_appointment_requested", "appointment", ["requested_at"], sqlite_where=asked_for)


def _make(name: str, fields: Columns) -> None:
    op.create_table(
        name,
        sa.Column("id", BLOB),
        sa.Column("owner", BLOB, nullable=False),
        sa.Column("entries", BLOB, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False),
        sa.Column("is_deleted", BOOL, nullable=False),
        sa.Column("is_contested", BOOL, nullable=False),
        sa.Column("is_hidden", BOOL, nullable=False),
        *(sa.Column(field, of) for field, of in fields),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_contested", name, ["id"], sqlite_where=sa.text("is_contested"))


def downgrade() -> None:
    """Refuse: what an older program does not know would be lost with its values."""
    raise NotImplementedError("restore the backup made before the update")
