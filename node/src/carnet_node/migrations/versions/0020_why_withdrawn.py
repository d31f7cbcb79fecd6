"""Why a campaign or some of its members were withdrawn; which campaign replaces which, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns, filled when the tables are folded again, and build the index."""
    op.add_column("campaign_event", sa.Column("reason", sa.String))
    op.add_column("campaign_event", sa.Column("explanation", sa.String))
    op.add_column("campaign_event", sa.Column("withdrawn_members", sa.LargeBinary))
    op.add_column("campaign_event", sa.Column("withdrawn_count", sa.BigInteger))
    op.create_index("ix_campaign_supersedes_id", "campaign", ["supersedes_id"])


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
