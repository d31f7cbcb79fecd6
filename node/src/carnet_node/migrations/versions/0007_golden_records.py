"""What the hub knows of one person across sites: golden records, and which ids lead to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT, BIGINT, BLOB, BOOL = sa.String, sa.BigInteger, sa.LargeBinary, sa.Boolean


def upgrade() -> None:
    """Make the tables, empty; the rows come with the next pages of the feed."""
    _create_projection(
        "identity",
        ("one_id", BLOB),
        ("other_id", BLOB),
        ("effect", TEXT),
        ("authority", TEXT),
        ("cause", TEXT),
        ("target_id", BLOB),
        ("decided_by", TEXT),
        ("weight_nanobits", BIGINT),
        ("levels", BLOB),
        ("model_id", BLOB),
        ("retracted", TEXT),
    )
    _create_projection(
        "golden",
        ("own_record_ids", BLOB),
        ("former_ids", BLOB),
        ("record_count", BIGINT),
        ("site_count", BIGINT),
        ("party_kind", TEXT),
        ("do_not_contact", BOOL),
        *_sourced("name", ("full_name", TEXT), ("salutation", TEXT), ("sex", TEXT)),
        *_sourced("birth", ("birth_on", TEXT), ("birth_calendar", TEXT), ("birth_leap_month", BOOL)),
        *_sourced("company", ("company_name", TEXT), ("credit_code", TEXT), ("company_contact", TEXT)),
        *_sourced("phone", ("phone", TEXT), ("phone_kind", TEXT)),
        *_sourced("phone_2", ("phone_2", TEXT), ("phone_2_kind", TEXT)),
        *_sourced("phone_3", ("phone_3", TEXT), ("phone_3_kind", TEXT)),
        *_sourced(
            "place",
            ("province_code", TEXT),
            ("city_code", TEXT),
            ("district_code", TEXT),
            ("street", TEXT),
            ("postcode", TEXT),
        ),
    )
    op.create_table(
        "golden_link",
        sa.Column("record", BLOB, nullable=False),
        sa.Column("golden", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("record", "golden", name="pk_golden_link"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_golden_link_golden", "golden_link", ["golden"])


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


def _sourced(of: str, *fields: tuple[str, type[Any]]) -> tuple[tuple[str, type[Any]], ...]:
    return (*fields, (f"{of}_site_id", BLOB), (f"{of}_record_id", BLOB), (f"{of}_at", BIGINT))


def _create_projection(kind: str, *fields: tuple[str, type[Any]]) -> None:
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
