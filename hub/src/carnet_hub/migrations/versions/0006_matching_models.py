"""Matching models that a person has activated: file, signature, who and when."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table, empty: the models that come with the program are in use."""
    op.create_table(
        "matching_model",
        sa.Column("number", BIG, nullable=False, autoincrement=False),
        sa.Column("party_kind", sa.Text, nullable=False),
        sa.Column("model_id", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_matching_model"),
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
