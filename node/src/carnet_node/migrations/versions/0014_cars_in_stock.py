"""An index on the state of cars: those in stock are asked for whenever somebody looks for stopped sales."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the index; it is filled at once, and most cars stand in no state."""
    op.create_index("ix_vehicle_lifecycle", "vehicle", ["lifecycle"], sqlite_where=sa.text("lifecycle IS NOT NULL"))


def downgrade() -> None:
    """Take the index away; nothing else was changed."""
    op.drop_index("ix_vehicle_lifecycle", "vehicle")
