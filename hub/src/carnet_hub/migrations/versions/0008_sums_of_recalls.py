"""Sums of recalls: what speaks of which pair, which cars have left, who is listed where, pairs, sums and campaigns."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BLOB = sa.LargeBinary


def upgrade() -> None:
    """Make the tables, empty; they are filled when the log is folded again at the next start."""
    _create("pair_source", ("kind", "record"), ("kind", sa.SmallInteger), ("record", BLOB), ("pair", BLOB), "hangs_on")
    op.create_index("ix_pair_source_pair", "pair_source", ["pair"])
    where = sa.text("hangs_on IS NOT NULL")
    op.create_index("ix_pair_source_hangs_on", "pair_source", ["hangs_on"], sqlite_where=where, postgresql_where=where)
    left = (("vehicle", BLOB), ("vin", sa.Text), ("lifecycle", sa.Text), ("is_back", sa.Boolean))
    _create("left_car", ("vehicle",), *left)
    listed = (("campaign", BLOB), ("place", BLOB), ("members", BLOB), ("withdrawn", BLOB))
    _create("listed", ("campaign", "place"), *listed, has_rowid=True)
    op.create_index("ix_listed_place", "listed", ["place"])
    _create(
        "pair",
        ("pair",),
        ("pair", BLOB),
        ("standing", sa.SmallInteger),
        ("state", sa.Text),
        ("dealer", BLOB),
        ("work_day", BIG),
        ("fates", sa.Text),
        ("came_back", sa.Boolean),
    )
    _create("pair_sum", ("key",), ("key", BLOB), ("number", BIG))
    _create(
        "campaign_count",
        ("campaign",),
        ("campaign", BLOB),
        ("terms", BLOB),
        ("lists", BLOB),
        ("member_count", BIG),
        ("is_whole", sa.Boolean),
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


def _create(name: str, keys: tuple[str, ...], *columns: tuple[str, Any] | str, has_rowid: bool = False) -> None:
    """A table whose columns are all set, but for a reference that is only named."""
    op.create_table(
        name,
        *(
            sa.Column(one, BLOB, nullable=True) if isinstance(one, str) else sa.Column(*one, nullable=False)
            for one in columns
        ),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        sqlite_with_rowid=has_rowid,
    )
