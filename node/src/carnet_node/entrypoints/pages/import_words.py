"""What a preview of an import says: values as every other page shows them, reasons at the headers of the file.

Decides which spelling belongs to which column. A value is shown as it would be recorded, so that a misread date or
amount is seen before it is in the books; of a row that cannot be read, the cells stand as they are in the file.
"""

from collections.abc import Mapping
from typing import Final

from carnet_node.core.exchange.import_cells import fen, instant, whole, yes
from carnet_node.core.exchange.import_columns import COLUMNS, Layout
from carnet_node.core.exchange.import_run import PreviewRow
from carnet_node.entrypoints.pages import formats
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.languages import Translate
from carnet_protocol.registry import Value

_READ_ON: Final = "odometer_at"
"""A reading is shown with its day everywhere."""

_PHONES: Final = frozenset({"phone", "phone_2", "sender_phone"})
_CODED: Final = frozenset(
    {
        *("party_kind", "sex", "birth_calendar", "id_type", "segment", "lead_source", "role"),
        *("plate_color", "color", "fuel", "status", "visit_kind", "pay_type"),
    }
)
"""Columns whose values are codes; any other text is shown as it is, even where it looks like one."""


class PreviewWords:
    """Cells of a preview in one language.

    Args:
        translate: one text of the catalogue.
        code: what a code means.
    """

    def __init__(self, layout: Layout, clockface: Clockface, translate: Translate, code: Translate) -> None:
        self._layout = layout
        self._clockface = clockface
        self._translate = translate
        self._code = code

    def cell(self, name: str, row: PreviewRow) -> str:
        """What stands in a column: the value, or the cell where there is none because the row cannot be read."""
        if row.values is None:
            place = self._layout.positions[name]
            return formats.or_dash(row.row.cells[place] if place < len(row.row.cells) else None)
        return self.value(name, row.values.get(name))

    def value(self, name: str, value: Value) -> str:
        """A value as it would be shown once it is recorded."""
        if value is None:
            return formats.NOTHING
        read = COLUMNS[self._layout.kind][name].read
        if read is instant:
            return self._clockface.day(value) if name == _READ_ON else self._clockface.moment(value)
        if read is fen:
            return formats.yuan(value)
        if read is whole and name.endswith("_km"):
            return f"{formats.kilometres(value)} km"
        if read is yes:
            return self._translate("yes") if value else self._translate("no")
        if name in _PHONES:
            return formats.phone(value)
        return self._code(str(value)) if name in _CODED else str(value)


def headers_by_column(layout: Layout | None, headers: tuple[str, ...]) -> Mapping[str, str]:
    """What each column is called in the file."""
    return {} if layout is None else {name: headers[place] for name, place in layout.positions.items()}
