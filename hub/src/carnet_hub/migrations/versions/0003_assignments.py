"""What an assignment stands on, when it ends, and how many opened on a day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add op, share and end to assignments, and the counter of a day; rows that are there have no end."""
    op.add_column("assignment", sa.Column("op", sa.LargeBinary, nullable=False, server_default=sa.text("''")))
    op.add_column("assignment", sa.Column("is_shared", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_assignment_expires_ms", "assignment", ["expires_ms"])
    op.create_table(
        "assignment_day",
        sa.Column("day", BIG, nullable=False),
        sa.Column("dealer_id", sa.LargeBinary, nullable=False),
        sa.Column("granted", BIG, nullable=False),
        sa.Column("put_off", BIG, nullable=False),
        sa.PrimaryKeyConstraint("day", "dealer_id", name="pk_assignment_day"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
