"""By which letters a name is found, and indexes for the day's lists: cars in the shop, cars taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make table and indexes; the names are filled in when the tables are folded again."""
    op.create_table(
        "name_key",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", "record", name="pk_name_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_name_key_record", "name_key", ["record"])
    in_shop = "status IN ('draft', 'open', 'completed', 'settled')"
    op.create_index("ix_visit_in_shop", "visit", ["promised_at"], sqlite_where=sa.text(in_shop))
    op.create_index("ix_visit_opened_at", "visit", ["opened_at"])


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
