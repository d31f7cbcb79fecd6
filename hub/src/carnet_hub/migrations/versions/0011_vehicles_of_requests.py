"""Which vehicles a named export was about, as they stand in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; what was read before is found by its request alone, what waits gets it with its next step."""
    op.add_column("named_export", sa.Column("vehicles", sa.Text, nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Refuse: a column that an older program does not know would be lost with its values."""
    raise NotImplementedError("restore the backup made before the update")
