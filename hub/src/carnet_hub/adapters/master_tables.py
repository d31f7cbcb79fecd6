"""The tables of the customer master: one per row type of `core.master_rows`, same columns, same order.

Decides keys and indexes, as `tables` does for the rest. A decision stands twice, once from each side, so that a cluster
is walked with look-ups by one column. Keys and their customers are one narrow table: matching asks it for every record
that arrives.
"""

from typing import Final

from sqlalchemy import Index, Table
from sqlmodel import Field

from carnet_hub.adapters.count_tables import COUNT_TABLES
from carnet_hub.adapters.look_up_tables import LOOK_UP_TABLES
from carnet_hub.adapters.regulator_tables import REGULATOR_TABLES
from carnet_hub.adapters.tables import BIG, BY_KEY, BYTES, FLAG, SMALL, TABLES, TEXT, HubTable, table_of
from carnet_hub.core import master_rows, rows


class Party(HubTable, table=True):
    """See `master_rows.PartyRow`."""

    __tablename__ = "party"
    __table_args__ = (BY_KEY,)
    customer: bytes = Field(primary_key=True, sa_type=BYTES)
    dealer_id: bytes = Field(sa_type=BYTES)
    since: int = Field(sa_type=BIG)
    kind: str = Field(sa_type=TEXT)
    is_live: bool = Field(sa_type=FLAG)
    identifiers: bytes = Field(sa_type=BYTES)
    keys: bytes = Field(sa_type=BYTES)
    features: bytes = Field(sa_type=BYTES)


class MatchKey(HubTable, table=True):
    """See `master_rows.MatchKeyRow`."""

    __tablename__ = "match_key"
    __table_args__ = (BY_KEY,)
    key: bytes = Field(primary_key=True, sa_type=BYTES)
    customer: bytes = Field(primary_key=True, sa_type=BYTES)


class Decision(HubTable, table=True):
    """See `master_rows.DecisionRow`."""

    __tablename__ = "decision"
    __table_args__ = (BY_KEY,)
    customer: bytes = Field(primary_key=True, sa_type=BYTES)
    other: bytes = Field(primary_key=True, sa_type=BYTES)
    identity: bytes = Field(primary_key=True, sa_type=BYTES)
    position: int = Field(sa_type=BIG)
    op_index: int = Field(sa_type=SMALL)
    effect: str = Field(sa_type=TEXT)
    authority: str = Field(sa_type=TEXT)
    cause: str = Field(sa_type=TEXT)
    target: bytes = Field(sa_type=BYTES)


class Member(HubTable, table=True):
    """See `master_rows.MemberRow`."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_golden", "golden"), BY_KEY)
    customer: bytes = Field(primary_key=True, sa_type=BYTES)
    golden: bytes = Field(sa_type=BYTES)


class Alias(HubTable, table=True):
    """See `master_rows.AliasRow`."""

    __tablename__ = "alias"
    __table_args__ = (BY_KEY,)
    former: bytes = Field(primary_key=True, sa_type=BYTES)
    customer: bytes = Field(sa_type=BYTES)


class Proposal(HubTable, table=True):
    """See `master_rows.ProposalRow`."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_position", "position"), BY_KEY)
    one: bytes = Field(primary_key=True, sa_type=BYTES)
    other: bytes = Field(primary_key=True, sa_type=BYTES)
    identity: bytes = Field(sa_type=BYTES)
    position: int = Field(sa_type=BIG)
    cause: str = Field(sa_type=TEXT)


class MatchingModel(HubTable, table=True):
    """See `master_rows.ModelRow`."""

    __tablename__ = "matching_model"
    number: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    party_kind: str = Field(sa_type=TEXT)
    model_id: bytes = Field(sa_type=BYTES)
    data: bytes = Field(sa_type=BYTES)
    signature: bytes = Field(sa_type=BYTES)
    by: str = Field(sa_type=TEXT)
    at_ms: int = Field(sa_type=BIG)


ALL_TABLES: Final[dict[type[rows.Row], Table]] = {
    **TABLES,
    master_rows.PartyRow: table_of(Party),
    master_rows.MatchKeyRow: table_of(MatchKey),
    master_rows.DecisionRow: table_of(Decision),
    master_rows.MemberRow: table_of(Member),
    master_rows.AliasRow: table_of(Alias),
    master_rows.ProposalRow: table_of(Proposal),
    master_rows.ModelRow: table_of(MatchingModel),
    **REGULATOR_TABLES,
    **LOOK_UP_TABLES,
    **COUNT_TABLES,
}
"""The table of each row type of the hub."""
