"""The table of `core.look_up_rows`: same columns, same order.

The key begins with the time, so reading in the order of the key is reading in the order of time; a second index brings
the last look-ups of one site.
"""

from typing import Final

from sqlalchemy import Index, Table
from sqlmodel import Field

from carnet_hub.adapters.tables import BIG, BY_KEY, BYTES, FLAG, SMALL, TEXT, HubTable, table_of
from carnet_hub.core import look_up_rows, rows


class LookUp(HubTable, table=True):
    """See `look_up_rows.LookUpRow`."""

    __tablename__ = "look_up"
    __table_args__ = (Index("ix_look_up_dealer_id_at_ms", "dealer_id", "at_ms"), BY_KEY)
    at_ms: int = Field(primary_key=True, sa_type=BIG)
    look_up_id: bytes = Field(primary_key=True, sa_type=BYTES)
    dealer_id: bytes = Field(sa_type=BYTES)
    node_id: bytes = Field(sa_type=BYTES)
    staff_id: bytes = Field(sa_type=BYTES)
    way: str = Field(sa_type=TEXT)
    reason: str = Field(sa_type=TEXT)
    sought: str = Field(sa_type=TEXT)
    vehicle: str = Field(sa_type=TEXT)
    is_linked: bool = Field(sa_type=FLAG)
    outcome: str = Field(sa_type=TEXT)
    cars: int = Field(sa_type=SMALL)
    operator: str = Field(sa_type=TEXT)


LOOK_UP_TABLES: Final[dict[type[rows.Row], Table]] = {look_up_rows.LookUpRow: table_of(LookUp)}
"""The table of this row type."""
