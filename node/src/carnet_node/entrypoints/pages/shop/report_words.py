"""What documents, reports and their parts are called on pages and in workbooks.

Decides words only; what has none of its own is called as everywhere (`labels`).
"""

from collections.abc import Mapping
from typing import Final

from carnet_node.core.exchange.lists import ListColumn
from carnet_node.core.exchange.shop_lists import GROUP_COLUMNS, TOTAL
from carnet_node.core.showing.documents import RETRACTED
from carnet_node.entrypoints.pages.languages import later as _
from carnet_node.entrypoints.pages.rendering import Words
from carnet_protocol.shop_figures import Grouping

_COLUMNS: Final[Mapping[str, str]] = {
    "shop_report": _("Workshop report"),
    "documents": _("Documents"),
    "document_no": _("Number"),
    "day": _("Day"),
    "ten_days": _("Ten days"),
    "customer_name": _("Customer"),
    "amount_fen": _("Amount"),
    "visits": _("Cars in"),
    "promised": _("Done, with a promised time"),
    "promises_kept": _("Promises kept"),
    "customer_fen": _("Customer pays"),
    "warranty_fen": _("Warranty"),
    "internal_fen": _("Own site"),
    "recalls_done": _("Recalls done"),
    "appointments": _("Appointments"),
    "appointments_kept": _("Appointments kept"),
}
_KINDS: Final[Mapping[str, str]] = {
    "visit": _("Repair orders"),
    "appointment": _("Appointments"),
    "settlement": _("Settlements"),
    "recall_completion": _("Recalls done"),
}
_SPANS: Final[Mapping[str, str]] = {
    "today": _("Today"),
    "week": _("Last seven days"),
    "year": _("Last 365 days"),
    "ten_days": _("These ten days"),
    "last_ten_days": _("Ten days before"),
    "month": _("This month"),
    "last_month": _("Last month"),
}
_STATES: Final[Mapping[str, str]] = {"stands": _("stands"), "retracted": _("taken back")}
_TAKEN_BACK: Final[Mapping[str, str]] = {
    "settlement": _("settlement taken back"),
    "recall_completion": _("recall completion taken back"),
}
"""Where states of several kinds stand in one list, two that are called alike say what they are states of."""

_NOBODY: Final[Mapping[Grouping, str]] = {
    Grouping.ADVISOR: _("no advisor"),
    Grouping.VISIT_KIND: _("not stated"),
    Grouping.PAY_TYPE: _("without money"),
}
_TEXT_AS_IT_IS: Final = frozenset({"id", "document_no", "plate_no", "customer_name", "advisor_code", "day", "ten_days"})


class ReportWords:
    """The words of reports in one language.

    Args:
        words: of the page.
    """

    def __init__(self, words: Words) -> None:
        self._words = words

    def column(self, name: str) -> str:
        """What a column or a list is called."""
        return self._words.say(_COLUMNS[name]) if name in _COLUMNS else self._words.labels.column(name)

    def kind(self, name: str) -> str:
        """What documents of a kind are called."""
        return self._words.say(_KINDS[name])

    def span(self, name: str) -> str:
        """What days that move along are called."""
        return self._words.say(_SPANS[name])

    def state(self, code: str | None) -> str:
        """How far a document has come."""
        if not code:
            return ""
        return self._words.say(_STATES[code]) if code in _STATES else self._words.labels.code(code)

    def state_of(self, kind: str, code: str) -> str:
        """A state in the list of the states of all kinds."""
        return self._words.say(_TAKEN_BACK[kind]) if code == RETRACTED and kind in _TAKEN_BACK else self.state(code)

    def grouping(self, by: Grouping) -> str:
        """By what a report is split."""
        return self.column(GROUP_COLUMNS[by])

    def group(self, by: Grouping, key: str) -> str:
        """What one group is called."""
        if not key:
            return self._words.say(_NOBODY[by]) if by in _NOBODY else ""
        return key if GROUP_COLUMNS[by] in _TEXT_AS_IT_IS else self._words.labels.code(key)

    def cell(self, column: ListColumn, text: str) -> str:
        """A text cell of the workbook of documents in words."""
        return text if column.name in _TEXT_AS_IT_IS else self.state(text)

    def report_cell(self, by: Grouping, _column: ListColumn, text: str) -> str:
        """What stands in front of a row of a report, as on the page."""
        return self.total() if text == TOTAL else self.group(by, text)

    def total(self) -> str:
        """What the last row of a report is called."""
        return self._words.say(_("All of it"))
