"""Which operator looked at owners, beside the accesses of tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; of earlier lines of the command line nobody knows who it was."""
    op.add_column("regulator_access", sa.Column("operator", sa.Text, nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Refuse: a column that an older program does not know would be lost with its values."""
    raise NotImplementedError("restore the backup made before the update")
