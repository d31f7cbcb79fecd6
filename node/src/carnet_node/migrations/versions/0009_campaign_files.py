"""What a campaign says of its plan, its remedy and other campaigns; what happened in one (the hub's alone)."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT, BIGINT, BLOB, BOOL = sa.String, sa.BigInteger, sa.LargeBinary, sa.Boolean


def upgrade() -> None:
    """Add the columns and an empty table; both are filled when the tables are folded again."""
    for name, of in (
        ("plan_hash", BLOB),
        ("authority_no", TEXT),
        ("parent_id", BLOB),
        ("supersedes_id", BLOB),
        ("remedy_state", TEXT),
        ("interim_remedy", TEXT),
        ("outreach_closed_on", TEXT),
        ("withdrawn_members", BLOB),
        ("withdrawn_count", BIGINT),
    ):
        op.add_column("campaign", sa.Column(name, of))
    op.create_table(
        "campaign_event",
        sa.Column("id", BLOB),
        sa.Column("owner", BLOB, nullable=False),
        sa.Column("entries", BLOB, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False),
        sa.Column("is_deleted", BOOL, nullable=False),
        sa.Column("is_contested", BOOL, nullable=False),
        sa.Column("is_hidden", BOOL, nullable=False),
        sa.Column("campaign_no", TEXT),
        sa.Column("event", TEXT),
        sa.Column("happened_on", TEXT),
        sa.Column("file_reference", TEXT),
        sa.Column("plan_version", BIGINT),
        sa.Column("plan_hash", BLOB),
        sa.Column("retracted", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_event"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaign_event_contested", "campaign_event", ["id"], sqlite_where=sa.text("is_contested"))


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
