"""The tables behind the sums of campaigns: one per row type of `core.count_rows`, same columns, same order.

Decides keys and indexes, as `tables` does for the rest. A car finds the campaigns that list it by its place, a pair
what speaks of it by itself, and an order what names it.
"""

from typing import Final

from sqlalchemy import Index, Table
from sqlmodel import Field

from carnet_hub.adapters.tables import BIG, BY_KEY, BYTES, FLAG, SMALL, TEXT, HubTable, partial_index, table_of
from carnet_hub.core import count_rows, rows


class PairSource(HubTable, table=True):
    """See `count_rows.PairSourceRow`."""

    __tablename__ = "pair_source"
    __table_args__ = (
        Index("ix_pair_source_pair", "pair"),
        partial_index("ix_pair_source_hangs_on", "hangs_on", where="hangs_on IS NOT NULL"),
        BY_KEY,
    )
    kind: int = Field(primary_key=True, sa_type=SMALL)
    record: bytes = Field(primary_key=True, sa_type=BYTES)
    pair: bytes = Field(sa_type=BYTES)
    hangs_on: bytes | None = Field(default=None, sa_type=BYTES)


class LeftCar(HubTable, table=True):
    """See `count_rows.LeftCarRow`."""

    __tablename__ = "left_car"
    __table_args__ = (BY_KEY,)
    vehicle: bytes = Field(primary_key=True, sa_type=BYTES)
    vin: str = Field(sa_type=TEXT)
    lifecycle: str = Field(sa_type=TEXT)
    is_back: bool = Field(sa_type=FLAG)


class Listed(HubTable, table=True):
    """See `count_rows.ListedRow`."""

    __tablename__ = "listed"
    __table_args__ = (Index("ix_listed_place", "place"),)
    campaign: bytes = Field(primary_key=True, sa_type=BYTES)
    place: bytes = Field(primary_key=True, sa_type=BYTES)
    members: bytes = Field(sa_type=BYTES)
    withdrawn: bytes = Field(sa_type=BYTES)


class Pair(HubTable, table=True):
    """See `count_rows.PairRow`."""

    __tablename__ = "pair"
    __table_args__ = (BY_KEY,)
    pair: bytes = Field(primary_key=True, sa_type=BYTES)
    standing: int = Field(sa_type=SMALL)
    state: str = Field(sa_type=TEXT)
    dealer: bytes = Field(sa_type=BYTES)
    work_day: int = Field(sa_type=BIG)
    fates: str = Field(sa_type=TEXT)
    came_back: bool = Field(sa_type=FLAG)


class PairSum(HubTable, table=True):
    """See `count_rows.SumRow`."""

    __tablename__ = "pair_sum"
    __table_args__ = (BY_KEY,)
    key: bytes = Field(primary_key=True, sa_type=BYTES)
    number: int = Field(sa_type=BIG)


class CampaignCount(HubTable, table=True):
    """See `count_rows.CountRow`."""

    __tablename__ = "campaign_count"
    __table_args__ = (BY_KEY,)
    campaign: bytes = Field(primary_key=True, sa_type=BYTES)
    terms: bytes = Field(sa_type=BYTES)
    lists: bytes = Field(sa_type=BYTES)
    member_count: int = Field(sa_type=BIG)
    is_whole: bool = Field(sa_type=FLAG)


COUNT_TABLES: Final[dict[type[rows.Row], Table]] = {
    count_rows.PairSourceRow: table_of(PairSource),
    count_rows.LeftCarRow: table_of(LeftCar),
    count_rows.ListedRow: table_of(Listed),
    count_rows.PairRow: table_of(Pair),
    count_rows.SumRow: table_of(PairSum),
    count_rows.CountRow: table_of(CampaignCount),
}
"""The table of each row type."""
