"""An index of the few own sets that have no effect at the hub: counted by the status strip, listed for people."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the index; no row changes."""
    op.create_index(
        "ix_own_set_held_back",
        "own_set",
        ["verdict", "log_id"],
        sqlite_where=sa.text("verdict >= 2 OR voids > x'80'"),
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
