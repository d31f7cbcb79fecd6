"""The name under which a customer is reached in WeChat."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; it is filled when the tables are folded again."""
    op.add_column("customer", sa.Column("wechat", sa.String))


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
