"""Who may look from outside, and who did: tokens of regulators, the ledger of their accesses, named exports."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, empty: nobody is let in until an operator makes a token."""
    op.create_table(
        "regulator_token",
        sa.Column("token_id", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("campaigns", sa.Text, nullable=False),
        sa.Column("networks", sa.Text, nullable=False),
        sa.Column("hub_epoch", sa.LargeBinary, nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("expires_ms", BIG, nullable=False),
        sa.Column("revoked_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_regulator_token"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "regulator_access",
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("access_id", sa.LargeBinary, nullable=False),
        sa.Column("token_id", sa.LargeBinary, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("at_ms", "access_id", name="pk_regulator_access"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "named_export",
        sa.Column("request_id", sa.LargeBinary, nullable=False),
        sa.Column("token_id", sa.LargeBinary, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("campaign_no", sa.Text, nullable=False),
        sa.Column("case_no", sa.Text, nullable=False),
        sa.Column("vins", sa.LargeBinary, nullable=False),
        sa.Column("vin_count", sa.SmallInteger, nullable=False),
        sa.Column("asked_ms", BIG, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_ms", BIG, nullable=False),
        sa.Column("is_refused", sa.SmallInteger, nullable=False),
        sa.Column("read_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_named_export"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
