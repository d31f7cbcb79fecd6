"""Indexes on the ends of repair orders' numbers, and on the cars in the shop by when they came."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the indexes; they are filled at once."""
    tail = [sa.text(one) for one in ("substr(ro_no, -4)", "ro_no", "is_deleted", "is_hidden")]
    op.create_index("ix_visit_ro_no_tail4", "visit", tail)
    in_shop = sa.text("status IN ('draft', 'open', 'completed', 'settled')")
    op.create_index("ix_visit_in_shop_opened", "visit", ["opened_at"], sqlite_where=in_shop)


def downgrade() -> None:
    """Take the indexes away; nothing else was changed."""
    op.drop_index("ix_visit_in_shop_opened", "visit")
    op.drop_index("ix_visit_ro_no_tail4", "visit")
