"""Which site looked up whose car, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
FLAG = sa.Boolean(create_constraint=False)


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "look_up",
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("look_up_id", sa.LargeBinary, nullable=False),
        sa.Column("dealer_id", sa.LargeBinary, nullable=False),
        sa.Column("node_id", sa.LargeBinary, nullable=False),
        sa.Column("staff_id", sa.LargeBinary, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("sought", sa.Text, nullable=False),
        sa.Column("vehicle", sa.Text, nullable=False),
        sa.Column("is_linked", FLAG, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("cars", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("at_ms", "look_up_id", name="pk_look_up"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_look_up_dealer_id_at_ms", "look_up", ["dealer_id", "at_ms"])


def downgrade() -> None:
    """Refuse: a table that an older program does not know would be lost with its values."""
    raise NotImplementedError("restore the backup made before the update")
