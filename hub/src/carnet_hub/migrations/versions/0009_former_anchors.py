"""Which vehicles records have named and name no longer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table, empty; it is filled when the log is folded again."""
    op.create_table(
        "former_anchor",
        sa.Column("vehicle", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("id", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("vehicle", "kind", "id", name="pk_former_anchor"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: a table that an older program does not know would be lost."""
    raise NotImplementedError("restore the backup made before the update")
