"""What one node keeps about the people at its desk: credentials, sessions, drafts, the access log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT, INTEGER, BIGINT, BLOB, BOOL = sa.String, sa.Integer, sa.BigInteger, sa.LargeBinary, sa.Boolean


def upgrade() -> None:
    """Make the tables; nobody has a password or a session yet."""
    _create_login()
    op.create_table(
        "form_draft",
        sa.Column("staff", BLOB, nullable=False),
        sa.Column("form", TEXT, nullable=False),
        sa.Column("record", BLOB),
        sa.Column("content", BLOB, nullable=False),
        sa.Column("saved_ms", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("staff", "form", name="pk_form_draft"),
    )
    op.create_index("ix_form_draft_record", "form_draft", ["record"])
    op.create_table(
        "access_entry",
        sa.Column("entry_no", INTEGER, nullable=False),
        sa.Column("staff", BLOB),
        sa.Column("access", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("row_count", INTEGER, nullable=False),
        sa.Column("at_ms", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("entry_no", name="pk_access_entry"),
    )
    op.create_index("ix_access_entry_at_ms", "access_entry", ["at_ms"])
    op.create_index("ix_access_entry_staff", "access_entry", ["staff", "at_ms"])
    op.create_table(
        "not_same",
        sa.Column("first", BLOB, nullable=False),
        sa.Column("second", BLOB, nullable=False),
        sa.Column("staff", BLOB),
        sa.Column("at_ms", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("first", "second", name="pk_not_same"),
    )
    op.create_index("ix_not_same_second", "not_same", ["second"])


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


def _create_login() -> None:
    op.create_table(
        "staff_credential",
        sa.Column("staff", BLOB, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.Column("code_hash", BLOB, nullable=False),
        sa.Column("code_until_ms", BIGINT, nullable=False),
        sa.Column("changed_ms", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("staff", name="pk_staff_credential"),
    )
    op.create_table(
        "login_failure",
        sa.Column("name_hash", BLOB, nullable=False),
        sa.Column("count", INTEGER, nullable=False),
        sa.Column("last_ms", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name="pk_login_failure"),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", BLOB, nullable=False),
        sa.Column("staff", BLOB, nullable=False),
        sa.Column("opened_ms", BIGINT, nullable=False),
        sa.Column("seen_ms", BIGINT, nullable=False),
        sa.Column("is_locked", BOOL, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_staff", "staff_session", ["staff"])
