"""Where the hub folded an own set: kept beside the verdict, which an exclusion replaces."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

# Verdicts 0 and 1 are the accepted ones.
_OF_ACCEPTED = "UPDATE own_set SET folded_at = verdict_position WHERE verdict <= 1"


def upgrade() -> None:
    """Add the column; of sets that were excluded before this, the hub says it again when it has to."""
    op.add_column("own_set", sa.Column("folded_at", sa.BigInteger))
    op.execute(_OF_ACCEPTED)


def downgrade() -> None:
    """Refuse: a database is never taken back to an older shape."""
    raise NotImplementedError("restore the backup made before the update")
