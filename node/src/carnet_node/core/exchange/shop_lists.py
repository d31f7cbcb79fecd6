"""Documents that were asked for and reports of the workshop, as lists that a workbook holds.

Decides columns and rows. A report has one row for each group and its total below them.
"""

from collections.abc import Iterator
from typing import Final

from carnet_node.core.exchange.lists import CellKind, ListColumn, Row, SiteList
from carnet_node.core.node import Node
from carnet_node.core.shop_ports import DocumentRow
from carnet_node.core.showing.documents import DocumentQuery, every_document
from carnet_protocol.ids import record_text
from carnet_protocol.shop_figures import FIGURES, MONEY, Figures, Grouping, ShopReport

TOTAL: Final = "Σ"
"""What stands in front of the total: a sign that needs no language."""

GROUP_COLUMNS: Final = {
    Grouping.ADVISOR: "advisor_code",
    Grouping.VISIT_KIND: "visit_kind",
    Grouping.PAY_TYPE: "pay_type",
    Grouping.DAY: "day",
    Grouping.TEN_DAYS: "ten_days",
}
"""What the first column of a report is called, by its grouping."""

_DOCUMENT_COLUMNS: Final = (
    ListColumn("id"),
    ListColumn("document_no"),
    ListColumn("at", CellKind.MOMENT),
    ListColumn("status"),
    ListColumn("plate_no", is_personal=True),
    ListColumn("customer_name", is_personal=True),
    ListColumn("advisor_code"),
    ListColumn("amount_fen", CellKind.MONEY),
)


def report_list(report: ShopReport) -> SiteList:
    """A report as a list, named by its period and what it is split by."""
    figures = (ListColumn(name, CellKind.MONEY if name in MONEY else CellKind.WHOLE) for name in FIGURES)
    columns = (ListColumn(GROUP_COLUMNS[report.by]), *figures)
    rows = [(key or "", *counted) for key, *counted in report_rows(report)]
    span = f"{report.period.name}-by-{report.by.value.replace('_', '-')}"
    return SiteList("shop_report", columns, lambda _node, _period: iter(rows), span=span)


def is_counted(by: Grouping, key: str, figure: str) -> bool:
    """Whether a group has a figure at all: a pay type has its money alone, and what has no pay type has no money."""
    if by is not Grouping.PAY_TYPE:
        return True
    return figure == f"{key}_fen" if key else figure not in MONEY


def report_rows(report: ShopReport) -> list[Row]:
    """One row for each group, empty where it has no such figure, and the total."""
    groups = [
        (key or None, *(getattr(one, name) if is_counted(report.by, key, name) else None for name in FIGURES))
        for key, one in report.groups.items()
    ]
    return [*groups, (TOTAL, *_numbers(report.total))]


def document_list(query: DocumentQuery) -> SiteList:
    """What a query finds, as a list."""

    def rows(node: Node, _period: object) -> Iterator[Row]:
        """All of it, newest first."""
        return (_document_row(one) for one in every_document(node, query))

    return SiteList("documents", _DOCUMENT_COLUMNS, rows)


def _document_row(one: DocumentRow) -> Row:
    shown = (one.number, one.at_ms, one.status, one.plate_no, one.customer_name, one.advisor_code, one.amount_fen)
    return record_text(one.record), *shown


def _numbers(figures: Figures) -> list[int]:
    return [getattr(figures, name) for name in FIGURES]
