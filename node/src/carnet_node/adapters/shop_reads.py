"""What the core asks of the node's database about a day in the workshop.

Decides how rows become the core's values. Runs inside a snapshot that `store` has begun; every statement is bounded,
and goes by an index.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from carnet_node.adapters import document_statements as found
from carnet_node.adapters import figure_statements as figures
from carnet_node.adapters import shop_statements as sql
from carnet_node.adapters.statements import Statement
from carnet_node.core.shop_limits import CUSTOMERS_MEANT_MAX
from carnet_node.core.shop_ports import Counted, CountedOrder, DocumentFilter, DocumentRow, ShopCar, Span
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

    def corrections(self, owner: bytes, limit: int) -> list[RecordId]:
        """Orders of a site that correct another one and are not closed, the one opened last first."""
        return [RecordId(one) for (one,) in self._all(sql.corrections(), owner=owner, row_limit=limit)]

    def dated(self, kind: Kind, field: str, since: date, until: date, limit: int) -> list[RecordId]:
        """Visible records whose day lies in a span, both ends included, by day."""
        span = {"since": since.isoformat(), "until": until.isoformat()}
        return [RecordId(one) for (one,) in self._all(sql.dated(kind.name, field), **span, row_limit=limit)]

    def returned_orders(self, owner: bytes, within_ms: int, limit: int) -> list[tuple[RecordId, RecordId]]:
        """Orders of a site in the shop whose car had left so few ms before, with an order that had been done then."""
        rows = self._all(sql.returned_orders(), owner=owner, within=within_ms, row_limit=limit)
        return [(RecordId(again), RecordId(before)) for again, before in rows]

    def counted_orders(self, span: Span) -> Iterator[CountedOrder]:
        """Visible orders that were opened, completed or settled in a span, each once."""
        for visit, has_settlement, *values in self._in(figures.counted_orders(), span):
            shown = dict(zip(figures.ORDER_FIELDS, values, strict=True))
            yield CountedOrder(RecordId(visit), shown, bool(has_settlement))

    def counted_promises(self, span: Span) -> Mapping[RecordId, list[Counted]]:
        """By order: changes of the promise of those that were completed in a span."""
        found: dict[RecordId, list[Counted]] = {}
        for visit, *values in self._in(figures.counted_promises(), span):
            shown = dict(zip(figures.PROMISE_FIELDS, values, strict=True))
            found.setdefault(RecordId(visit), []).append(shown)
        return found

    def counted_settlements(self, span: Span) -> Iterator[tuple[Counted, Counted]]:
        """Visible settlements made in a span, retracted ones too, each with its order."""
        return self._with_order(figures.counted_settlements(), figures.SETTLEMENT_FIELDS, span)

    def counted_completions(self, span: Span) -> Iterator[tuple[Counted, Counted]]:
        """Visible recalls done in a span, whatever became of them, each with its order."""
        return self._with_order(figures.counted_completions(), figures.COMPLETION_FIELDS, span)

    def counted_appointments(self, span: Span) -> Iterator[Counted]:
        """Visible appointments whose slot begins in a span."""
        for row in self._in(figures.counted_appointments(), span):
            yield dict(zip(figures.APPOINTMENT_FIELDS, row, strict=True))

    def documents(self, kind: Kind, asked: DocumentFilter, limit: int) -> list[DocumentRow]:
        """Visible documents of a kind, the newest first."""
        conditions = frozenset(name for name in found.CONDITIONS if getattr(asked, name) is not None)
        rows = self._all(found.documents(kind.name, conditions), **_asked_of(asked), row_limit=limit)
        return [DocumentRow(*row) for row in rows]

    def _with_order(
        self, statement: Statement, fields: tuple[str, ...], span: Span
    ) -> Iterator[tuple[Counted, Counted]]:
        for row in self._in(statement, span):
            own, order = row[: len(fields)], row[len(fields) :]
            yield dict(zip(fields, own, strict=True)), dict(zip(figures.OF_ORDER, order, strict=True))

    def _in(self, statement: Statement, span: Span) -> Iterator[Any]:
        values = {"owner": span.owner, "since": span.since_ms, "before": span.before_ms}
        yield from self._connection.execute(statement.sql, statement.arguments(values))

    def _all(self, statement: Statement, **values: Any) -> list[Any]:
        return self._connection.execute(statement.sql, statement.arguments(values)).fetchall()


def _asked_of(asked: DocumentFilter) -> dict[str, Any]:
    """The values of a filter by the names that statements have for them."""
    meant = asked.customers or ()
    behind_ms, behind_id = asked.behind or (0, b"")
    places = {f"customer_{place}": meant[place] if place < len(meant) else None for place in range(CUSTOMERS_MEANT_MAX)}
    return {
        "owner": asked.span.owner,
        "since": asked.span.since_ms,
        "before": asked.span.before_ms,
        "plate": asked.plate,
        "status": asked.status,
        "advisor_code": asked.advisor_code,
        "least_fen": asked.least_fen,
        "most_fen": asked.most_fen,
        "text": _anywhere(asked.text),
        "caller": _anywhere(asked.caller),
        "behind_ms": behind_ms,
        "behind_id": behind_id,
        **places,
    }


def _anywhere(text: str | None) -> str | None:
    """The pattern of a text that stands somewhere; what has a meaning in patterns is itself."""
    if text is None:
        return None
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%"
