"""The last signed hello of each node: its receipt for what it has read and erased."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table of hellos, empty: each node says hello again by itself."""
    op.create_table(
        "hello",
        sa.Column("node_id", sa.LargeBinary, nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("node_id", name="pk_hello"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
