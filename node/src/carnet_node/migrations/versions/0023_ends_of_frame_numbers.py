"""Endings of frame numbers, by which people read out an older car."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Build the index; no row changes."""
    op.create_index("ix_vehicle_chassis_no_tail6", "vehicle", [sa.text("substr(chassis_no, -6)")])


def downgrade() -> None:
    """Refuse: a database is never taken back to an older shape."""
    raise NotImplementedError("restore the backup made before the update")
