"""Staff and what they did; a car's condition at check-in, the estimate, the old-part wish, promises that were moved."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT, BIGINT, BLOB, BOOL = sa.String, sa.BigInteger, sa.LargeBinary, sa.Boolean


def upgrade() -> None:
    """Add the columns, empty, and the tables of three new kinds; rows that are there stay as they are."""
    for name, of in (
        ("is_walked_round", BOOL),
        ("damage_outline", TEXT),
        ("damage_marks", TEXT),
        ("belongings", TEXT),
        ("old_part_wish", TEXT),
        ("estimate_fen", BIGINT),
    ):
        op.add_column("visit", sa.Column(name, of))
    op.add_column("job", sa.Column("estimate_fen", BIGINT))
    op.add_column("address", sa.Column("verified_at", BIGINT))
    _create_projection("staff", ("staff_no", TEXT), ("full_name", TEXT), ("role", TEXT), ("state", TEXT))
    _create_projection(
        "staff_action",
        ("staff_id", BLOB),
        ("action", TEXT),
        ("done_at", BIGINT),
        ("retracted", TEXT),
        parent="staff_id",
    )
    _create_projection(
        "promise_change",
        ("visit_id", BLOB),
        ("promised_before_at", BIGINT),
        ("promised_at", BIGINT),
        ("changed_at", BIGINT),
        ("reason", TEXT),
        ("retracted", TEXT),
        parent="visit_id",
    )


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


def _create_projection(kind: str, *fields: tuple[str, type[Any]], parent: str = "") -> None:
    op.create_table(
        kind,
        sa.Column("id", BLOB),
        sa.Column("owner", BLOB, nullable=False),
        sa.Column("entries", BLOB, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False),
        sa.Column("is_deleted", BOOL, nullable=False),
        sa.Column("is_contested", BOOL, nullable=False),
        sa.Column("is_hidden", BOOL, nullable=False),
        *(sa.Column(name, of) for name, of in fields),
        sa.PrimaryKeyConstraint("id", name=f"pk_{kind}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{kind}_contested", kind, ["id"], sqlite_where=sa.text("is_contested"))
    if parent:
        op.create_index(f"ix_{kind}_{parent}", kind, [parent])
