"""Attempts to tell owners of a recall, cars not sold before it is done, and after how many tries to give up."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TEXT, BIGINT, BLOB, BOOL = sa.String, sa.BigInteger, sa.LargeBinary, sa.Boolean


def upgrade() -> None:
    """Add a column and two empty tables; all are filled when the tables are folded again."""
    op.add_column("campaign", sa.Column("unreachable_tries", BIGINT))
    _make(
        "recall_contact",
        ("campaign_id", BLOB),
        ("vin", TEXT),
        ("vehicle_id", BLOB),
        ("customer_id", BLOB),
        ("channel", TEXT),
        ("result", TEXT),
        ("contacted_at", BIGINT),
        ("retracted", TEXT),
    )
    _make(
        "stop_sale",
        ("campaign_id", BLOB),
        ("vin", TEXT),
        ("vehicle_id", BLOB),
        ("plan_version", BIGINT),
        ("acknowledged_at", BIGINT),
        ("retracted", TEXT),
    )


def _make(name: str, *fields: tuple[str, type[sa.types.TypeEngine[Any]]]) -> None:
    """A projection table that is found by its car."""
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
    op.create_index(f"ix_{name}_vehicle_id", name, ["vehicle_id"])
    op.create_index(f"ix_{name}_contested", name, ["id"], sqlite_where=sa.text("is_contested"))


def downgrade() -> None:
    """Refuse: what an older program does not know would be lost with its values."""
    raise NotImplementedError("restore the backup made before the update")
