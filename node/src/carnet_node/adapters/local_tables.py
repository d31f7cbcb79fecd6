"""Tables that belong to one node alone: the people at its desk.

Decides columns and indexes. None of them is a projection, none is synced, and `rebuild` leaves them alone.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String
from sqlmodel import Field

from carnet_node.adapters.tables import NODE_METADATA, NodeTable, projection_table
from carnet_protocol.kinds import REGISTRY


class StaffCredentialRow(NodeTable, table=True):
    """How somebody proves who they are here."""

    __tablename__ = "staff_credential"
    staff: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    password_hash: str = Field(sa_column=Column(String, nullable=False))
    code_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    code_until_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    changed_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class LoginFailureRow(NodeTable, table=True):
    """Wrong passwords by name; the name as a hash, for it may be anything."""

    __tablename__ = "login_failure"
    name_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    count: int = Field(sa_column=Column(Integer, nullable=False))
    last_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class StaffSessionRow(NodeTable, table=True):
    """Who is logged in at which browser."""

    __tablename__ = "staff_session"
    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    staff: bytes = Field(sa_column=Column(LargeBinary, nullable=False, index=True))
    opened_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    seen_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    is_locked: bool = Field(sa_column=Column(Boolean, nullable=False))


class FormDraftRow(NodeTable, table=True):
    """What was typed and not saved; `content` is encrypted with the data key."""

    __tablename__ = "form_draft"
    staff: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    form: str = Field(sa_column=Column(String, primary_key=True))
    record: bytes | None = Field(default=None, sa_column=Column(LargeBinary, index=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    saved_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class AccessEntryRow(NodeTable, table=True):
    """Who saw or took out how many rows of what."""

    __tablename__ = "access_entry"
    entry_no: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True))
    staff: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    access: str = Field(sa_column=Column(String, nullable=False))
    subject: str = Field(sa_column=Column(String, nullable=False))
    row_count: int = Field(sa_column=Column(Integer, nullable=False))
    at_ms: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class NotSameRow(NodeTable, table=True):
    """Two records that somebody here said are two."""

    __tablename__ = "not_same"
    first: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    second: bytes = Field(sa_column=Column(LargeBinary, primary_key=True, index=True))
    staff: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class NameKeyRow(NodeTable, table=True):
    """By which letters a customer's name is found; derived from the projection, and made and dropped with it."""

    __tablename__ = "name_key"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy's own way to say it)
    key: str = Field(sa_column=Column(String, primary_key=True))
    record: bytes = Field(sa_column=Column(LargeBinary, primary_key=True, index=True))


class GoldenLinkRow(NodeTable, table=True):
    """Which golden record an id leads to: a source record of this site, or a golden id from before a merge.

    Derived from the projection, and made and dropped with it.
    """

    __tablename__ = "golden_link"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy's own way to say it)
    record: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    golden: bytes = Field(sa_column=Column(LargeBinary, primary_key=True, index=True))


_access = NODE_METADATA.tables["access_entry"]
Index("ix_access_entry_staff", _access.c.staff, _access.c.at_ms)


def whole_metadata() -> MetaData:
    """Every table of the database, for migrations: bookkeeping, projections, and these."""
    for kind in REGISTRY.kinds:
        projection_table(kind.name)
    return NODE_METADATA
