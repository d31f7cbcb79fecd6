"""Where own sets and base rows stood in a history of the hub that a restore has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column to own sets and base rows; empty means the present history."""
    op.add_column("own_set", sa.Column("former_position", sa.BigInteger))
    op.add_column("base_record", sa.Column("former_position", sa.BigInteger))


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
