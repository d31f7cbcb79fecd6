"""Whom to remind on a day: indexes on months and days of birth, and on the days of cars."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Build indexes; no row changes."""
    op.create_index("ix_customer_birth_on_tail5", "customer", [sa.text("substr(birth_on, -5)")])
    for table, field in (
        ("visit", "next_service_on"),
        ("car_dates", "insurance_until_on"),
        ("car_dates", "inspection_until_on"),
    ):
        op.create_index(f"ix_{table}_{field}", table, [field], sqlite_where=sa.text(f"{field} IS NOT NULL"))


def downgrade() -> None:
    """Refuse: a database is never taken back to an older shape."""
    raise NotImplementedError("restore the backup made before the update")
