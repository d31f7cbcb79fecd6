"""What a campaign demanded before, and since when an item is no part of it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; they are filled when the tables are folded again."""
    op.add_column("campaign", sa.Column("former_evidence", sa.LargeBinary))
    op.add_column("campaign_item", sa.Column("former_numbers", sa.LargeBinary))
    op.add_column("campaign_item", sa.Column("left_out_at", sa.BigInteger))


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
