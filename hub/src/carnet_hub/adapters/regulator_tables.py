"""The tables of `core.regulator_rows`: one per row type, same columns, same order.

The ledger's key begins with the time, so reading it in the order of its key is reading it in the order of time.
"""

from typing import Final

from sqlalchemy import Table
from sqlmodel import Field

from carnet_hub.adapters.tables import BIG, BY_KEY, BYTES, SMALL, TEXT, HubTable, table_of
from carnet_hub.core import regulator_rows, rows


class RegulatorToken(HubTable, table=True):
    """See `regulator_rows.RegulatorTokenRow`."""

    __tablename__ = "regulator_token"
    __table_args__ = (BY_KEY,)
    token_id: bytes = Field(primary_key=True, sa_type=BYTES)
    name: str = Field(sa_type=TEXT)
    secret_hash: bytes = Field(sa_type=BYTES)
    scopes: str = Field(sa_type=TEXT)
    campaigns: str = Field(sa_type=TEXT)
    networks: str = Field(sa_type=TEXT)
    hub_epoch: bytes = Field(sa_type=BYTES)
    created_ms: int = Field(sa_type=BIG)
    expires_ms: int = Field(sa_type=BIG)
    revoked_ms: int = Field(sa_type=BIG)


class RegulatorAccess(HubTable, table=True):
    """See `regulator_rows.RegulatorAccessRow`."""

    __tablename__ = "regulator_access"
    __table_args__ = (BY_KEY,)
    at_ms: int = Field(primary_key=True, sa_type=BIG)
    access_id: bytes = Field(primary_key=True, sa_type=BYTES)
    token_id: bytes = Field(sa_type=BYTES)
    way: str = Field(sa_type=TEXT)
    scope: str = Field(sa_type=TEXT)
    subject: str = Field(sa_type=TEXT)
    outcome: str = Field(sa_type=TEXT)
    operator: str = Field(sa_type=TEXT)


class NamedExport(HubTable, table=True):
    """See `regulator_rows.NamedExportRow`."""

    __tablename__ = "named_export"
    __table_args__ = (BY_KEY,)
    request_id: bytes = Field(primary_key=True, sa_type=BYTES)
    token_id: bytes = Field(sa_type=BYTES)
    asked_by: str = Field(sa_type=TEXT)
    campaign_no: str = Field(sa_type=TEXT)
    case_no: str = Field(sa_type=TEXT)
    vins: bytes = Field(sa_type=BYTES)
    vin_count: int = Field(sa_type=SMALL)
    asked_ms: int = Field(sa_type=BIG)
    decided_by: str = Field(sa_type=TEXT)
    decided_ms: int = Field(sa_type=BIG)
    is_refused: int = Field(sa_type=SMALL)
    read_ms: int = Field(sa_type=BIG)
    vehicles: str = Field(sa_type=TEXT)


REGULATOR_TABLES: Final[dict[type[rows.Row], Table]] = {
    regulator_rows.RegulatorTokenRow: table_of(RegulatorToken),
    regulator_rows.RegulatorAccessRow: table_of(RegulatorAccess),
    regulator_rows.NamedExportRow: table_of(NamedExport),
}
"""The table of each of these row types."""
