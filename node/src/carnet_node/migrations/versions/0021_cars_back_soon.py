"""Which cars are back soon after a repair: an index on when each car's work was done."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Build the index; no row changes."""
    done = sa.text("status IN ('completed', 'settled', 'closed')")
    op.create_index(
        "ix_visit_done", "visit", ["vehicle_id", sa.text("coalesce(completed_at, opened_at)")], sqlite_where=done
    )


def downgrade() -> None:
    """Refuse: a database is never taken back to an older shape."""
    raise NotImplementedError("restore the backup made before the update")
