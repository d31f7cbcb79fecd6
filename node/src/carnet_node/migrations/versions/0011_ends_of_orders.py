"""An index on the ends of repair orders' numbers: nobody types the site and the year."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the index; it is filled at once."""
    op.create_index("ix_visit_ro_no_tail4", "visit", [sa.text("substr(ro_no, -4)")])


def downgrade() -> None:
    """Take the index away; nothing else was changed."""
    op.drop_index("ix_visit_ro_no_tail4", "visit")
