"""What a campaign asks as proof, the items it does on a car, and what a completion shows of both."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TEXT, BIGINT, BLOB, BOOL = sa.String, sa.BigInteger, sa.LargeBinary, sa.Boolean


def upgrade() -> None:
    """Add the columns and an empty table; both are filled when the tables are folded again."""
    op.add_column("campaign", sa.Column("evidence_bits", BIGINT))
    op.add_column("campaign", sa.Column("evidence_asked_at", BIGINT))
    for name, of in (
        ("software_version", TEXT),
        ("photo_hash", BLOB),
        ("signature_hash", BLOB),
        ("items_done", BIGINT),
        ("proof_level", TEXT),
    ):
        op.add_column("recall_completion", sa.Column(name, of))
    op.create_table(
        "campaign_item",
        sa.Column("id", BLOB),
        sa.Column("owner", BLOB, nullable=False),
        sa.Column("entries", BLOB, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False),
        sa.Column("is_deleted", BOOL, nullable=False),
        sa.Column("is_contested", BOOL, nullable=False),
        sa.Column("is_hidden", BOOL, nullable=False),
        sa.Column("campaign_id", BLOB),
        sa.Column("item_no", BIGINT),
        sa.Column("label", TEXT),
        sa.Column("part_no", TEXT),
        sa.Column("software_version", TEXT),
        sa.Column("is_required", BOOL),
        sa.Column("numbers_asked_at", BIGINT),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_item"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaign_item_campaign_id", "campaign_item", ["campaign_id"])
    op.create_index("ix_campaign_item_contested", "campaign_item", ["id"], sqlite_where=sa.text("is_contested"))


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
