"""By which number a plate is found, and which operator ended an adoption."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table, empty: it is filled when the log is folded again. No look-up so far was an operator's word."""
    op.create_table(
        "plate_key",
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("record", name="pk_plate_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_plate_key_key", "plate_key", ["key"])
    op.add_column("look_up", sa.Column("operator", sa.Text, nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Refuse: a table and a column that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
