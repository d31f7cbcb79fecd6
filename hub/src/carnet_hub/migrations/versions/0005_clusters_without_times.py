"""Clusters and aliases without positions: what an erasure takes away could not be told again by a fold from the log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the two tables anew, empty; they are filled when the log is folded again at the next start."""
    op.drop_index("ix_member_golden", "member")
    op.drop_table("member")
    op.drop_table("alias")
    op.create_table(
        "member",
        sa.Column("customer", sa.LargeBinary, nullable=False),
        sa.Column("golden", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("customer", name="pk_member"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_member_golden", "member", ["golden"])
    op.create_table(
        "alias",
        sa.Column("former", sa.LargeBinary, nullable=False),
        sa.Column("customer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("former", name="pk_alias"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
