"""Who is who: parties, keys, decisions, clusters, aliases and the queue of stewards."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BLOB = sa.LargeBinary


def upgrade() -> None:
    """Make the tables, empty; they are filled when the log is folded again at the next start."""
    _create(
        "party",
        ("customer",),
        ("customer", BLOB),
        ("dealer_id", BLOB),
        ("since", BIG),
        ("kind", sa.Text),
        ("is_live", sa.Boolean),
        ("identifiers", BLOB),
        ("keys", BLOB),
        ("features", BLOB),
    )
    _create("match_key", ("key", "customer"), ("key", BLOB), ("customer", BLOB))
    _create(
        "decision",
        ("customer", "other", "identity"),
        ("customer", BLOB),
        ("other", BLOB),
        ("identity", BLOB),
        ("position", BIG),
        ("op_index", sa.SmallInteger),
        ("effect", sa.Text),
        ("authority", sa.Text),
        ("cause", sa.Text),
        ("target", BLOB),
    )
    _create("member", ("customer",), ("customer", BLOB), ("golden", BLOB), ("since", BIG))
    op.create_index("ix_member_golden", "member", ["golden"])
    _create(
        "alias",
        ("former", "since"),
        ("former", BLOB),
        ("since", BIG),
        ("golden", BLOB),
        ("until", BIG),
        ("customer", BLOB),
    )
    _create(
        "proposal",
        ("one", "other"),
        ("one", BLOB),
        ("other", BLOB),
        ("identity", BLOB),
        ("position", BIG),
        ("cause", sa.Text),
    )
    op.create_index("ix_proposal_position", "proposal", ["position"])


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


def _create(name: str, key: tuple[str, ...], *columns: tuple[str, Any]) -> None:
    op.create_table(
        name,
        *(sa.Column(column, of, nullable=False) for column, of in columns),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
