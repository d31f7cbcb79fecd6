"""What the core asks of the node's database about a day in the workshop.

Decides how rows become the core's values. Runs inside a snapshot that `store` has begun; every statement is bounded,
and goes by an index.
"""

from datetime import date
from typing import Any

from carnet_node.adapters import shop_statements as sql
from carnet_node.adapters.statements import Statement
from carnet_node.core.shop_ports import ShopCar
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Kind


class SqlShopReads:
    """One snapshot of the node's database; see `core.shop_ports.ShopReads`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def cars_in_shop(self, owner: bytes, limit: int) -> dict[RecordId, ShopCar]:
        """By order of a site: the cars that have not been handed over, those that are worked on first."""
        rows = self._all(sql.cars_to_do(), owner=owner, row_limit=limit)
        if len(rows) < limit:
            rows += self._all(sql.cars_settled(), owner=owner, row_limit=limit - len(rows))
        return {RecordId(visit): ShopCar(RecordId(car), vin or "", model or "") for visit, car, vin, model in rows}

    def dated(self, kind: Kind, field: str, since: date, until: date, limit: int) -> list[RecordId]:
        """Visible records whose day lies in a span, both ends included, by day."""
        span = {"since": since.isoformat(), "until": until.isoformat()}
        return [RecordId(one) for (one,) in self._all(sql.dated(kind.name, field), **span, row_limit=limit)]

    def returned_orders(self, owner: bytes, within_ms: int, limit: int) -> list[tuple[RecordId, RecordId]]:
        """Orders of a site in the shop whose car had left so few ms before, with an order that had been done then."""
        rows = self._all(sql.returned_orders(), owner=owner, within=within_ms, row_limit=limit)
        return [(RecordId(again), RecordId(before)) for again, before in rows]

    def _all(self, statement: Statement, **values: Any) -> list[Any]:
        return self._connection.execute(statement.sql, statement.arguments(values)).fetchall()
