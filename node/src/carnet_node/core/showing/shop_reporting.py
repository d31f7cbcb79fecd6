"""What the workshop of this site did in a ten-day period or a month.

Decides which records a report is counted from: those of this site that stand in the tables now, read in one snapshot.
So a report is never kept and never old; whoever corrects an order corrects the report. Which record counts for which
figure, and how a report is split, is `carnet_protocol.shop_figures`, the same for hub and node.
"""

from collections.abc import Iterator
from datetime import date

from carnet_node.core.node import Node
from carnet_node.core.numbering import local_date, local_midnight, site_day
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.shop_ports import Span
from carnet_protocol.shop_figures import (
    DayOf,
    Entry,
    Grouping,
    ShopReport,
    entries_of_appointment,
    entries_of_completion,
    entries_of_settlement,
    entries_of_visit,
    shop_report,
)
from carnet_protocol.ten_days import Period, month_of, period_named

_DAY_MS = 24 * 3600 * 1000


def period_asked(node: Node, name: str | None) -> Period:
    """The period of a name; the month that it is at the site for None.

    Raises:
        BadValue: no name of a month or a ten-day period.
    """
    return month_of(site_day(node)) if name is None else period_named(name)


def report_of(node: Node, period: Period, by: Grouping) -> ShopReport:
    """The figures of a period, split by what was asked."""
    with node.store.read() as tx:
        return report_within(node, tx, period, by)


def report_within(node: Node, tx: ReadTransaction, period: Period, by: Grouping) -> ShopReport:
    """As `report_of`, inside a snapshot the caller has begun."""
    return shop_report(_entries(node, tx, period), period, by)


def _entries(node: Node, tx: ReadTransaction, period: Period) -> Iterator[Entry]:
    """Everything that may count in a period; one record after the other, so that memory stays small."""
    offset = node.settings.utc_offset_minutes
    last_ms = local_midnight(period.end, offset) + _DAY_MS
    span = Span(node.identity.dealer_id, local_midnight(period.start, offset), last_ms)

    def day_of(at_ms: int) -> date:
        """The calendar day of the site."""
        return local_date(at_ms, offset)

    yield from _of_orders(tx, span, day_of)
    for bill, order in tx.shop.counted_settlements(span):
        yield from entries_of_settlement(bill, order, day_of)
    for done, order in tx.shop.counted_completions(span):
        yield from entries_of_completion(done, order, day_of)
    for one in tx.shop.counted_appointments(span):
        yield from entries_of_appointment(one, day_of)


def _of_orders(tx: ReadTransaction, span: Span, day_of: DayOf) -> Iterator[Entry]:
    promises = tx.shop.counted_promises(span)
    for one in tx.shop.counted_orders(span):
        moved = promises.get(one.visit, ())
        yield from entries_of_visit(one.values, moved, day_of, has_settlement=one.has_settlement)
