"""What a workshop did in a time: indexes on the days that its reports count by."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Build indexes; no row changes."""
    for field in ("completed_at", "settled_at"):
        op.create_index(f"ix_visit_{field}", "visit", [field], sqlite_where=sa.text(f"{field} IS NOT NULL"))
    op.create_index("ix_settlement_settled_at", "settlement", ["settled_at"])
    op.create_index("ix_recall_completion_completed_at", "recall_completion", ["completed_at"])


def downgrade() -> None:
    """Refuse: a database is never taken back to an older shape."""
    raise NotImplementedError("restore the backup made before the update")
