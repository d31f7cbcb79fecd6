"""Recall lists by kind, what is in use beside what is wanted, and what the hub's manifest says of each."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BLOB = sa.LargeBinary


def upgrade() -> None:
    """Take the member lists over as they are; the other kinds come with the next round."""
    op.create_table(
        "wanted_list",
        sa.Column("campaign", BLOB),
        sa.Column("kind", sa.Integer),
        sa.Column("segment_hash", BLOB),
        sa.Column("is_former", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "kind", "segment_hash", name="pk_wanted_list"),
    )
    op.create_index("ix_wanted_list_segment_hash", "wanted_list", ["segment_hash"])
    op.execute("INSERT INTO wanted_list SELECT campaign, 0, segment_hash, 0 FROM wanted_segment")
    op.drop_table("wanted_segment")
    op.create_table(
        "recall_entry",
        sa.Column("campaign", BLOB),
        sa.Column("kind", sa.Integer),
        sa.Column("entry", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "kind", name="pk_recall_entry"),
    )


def downgrade() -> None:
    """Keep the member lists; what is in use is wanted again."""
    op.create_table(
        "wanted_segment",
        sa.Column("campaign", BLOB),
        sa.Column("segment_hash", BLOB),
        sa.PrimaryKeyConstraint("campaign", "segment_hash", name="pk_wanted_segment"),
    )
    op.create_index("ix_wanted_segment_segment_hash", "wanted_segment", ["segment_hash"])
    op.execute("INSERT INTO wanted_segment SELECT campaign, segment_hash FROM wanted_list WHERE kind = 0")
    op.drop_table("wanted_list")
    op.drop_table("recall_entry")
