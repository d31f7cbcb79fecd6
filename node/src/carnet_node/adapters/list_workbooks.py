"""A list as a workbook (.xlsx) whose cells are what they are: numbers, money, days, moments, text.

Decides how a value becomes a cell. Text is always text, and runs nothing in an office (`workbooks` of the storage).
Moments are written in the site's own time, because a spreadsheet knows no zones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from carnet_node.adapters.csv_files import open_csv
from carnet_node.core.desk_limits import EXPORT_ROWS_MAX
from carnet_node.core.exchange.lists import CellKind, ListColumn, Row
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_storage.adapters.workbooks import sheet_name, styled_cell, text_cell

CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMATS: Final = {
    CellKind.WHOLE: "#,##0",
    CellKind.MONEY: "#,##0.00",
    CellKind.DAY: "yyyy-mm-dd",
    CellKind.MOMENT: "yyyy-mm-dd hh:mm",
}
_WIDTHS: Final = {CellKind.TEXT: 18, CellKind.MOMENT: 17, CellKind.DAY: 12, CellKind.MONEY: 12}
_FIRST_DAY, _LAST_DAY = date(1900, 3, 1), date(9999, 12, 31)
"""Between these a spreadsheet and a calendar agree."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """A finished file; `row_count` without the row of headers."""

    content: bytes
    row_count: int


def make_workbook(
    title: str,
    columns: Sequence[ListColumn],
    rows: Iterable[Row],
    *,
    header: Callable[[str], str],
    word: Callable[[ListColumn, str], str],
    utc_offset_minutes: int,
) -> Workbook:
    """A workbook of one sheet.

    Args:
        title: of the sheet; cut to what a workbook allows.
        header: what people call a column.
        word: what people call the code in a text cell; other text comes back as it is.
        utc_offset_minutes: of the site.

    Raises:
        BadValue: more rows than a sheet holds.
    """
    from openpyxl import Workbook as Book  # noqa: PLC0415  (a third of a second that most requests need not pay)
    from openpyxl.utils import get_column_letter  # noqa: PLC0415  (likewise)

    book = Book(write_only=True)
    sheet = book.create_sheet(sheet_name(title))
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column.kind, 10)
    sheet.append([text_cell(sheet, header(column.name)) for column in columns])
    count = 0
    for row in rows:
        count += 1
        if count > EXPORT_ROWS_MAX:
            raise BadValue(Reason.BAD_FIELD, "list", f"more than {EXPORT_ROWS_MAX} rows")
        pairs = zip(columns, row, strict=True)
        sheet.append([_cell(sheet, column, value, word, utc_offset_minutes) for column, value in pairs])
    content = BytesIO()
    book.save(content)
    return Workbook(content.getvalue(), count)


def side_workbook(path: Path) -> Workbook:
    """The side file of an import as a workbook: every cell as it stands there.

    Raises:
        BadValue: see `open_csv`; or more rows than a sheet holds.
    """
    table = open_csv(path)
    columns = [ListColumn(str(place)) for place in range(len(table.headers))]
    rows = (tuple((*cells, *[None] * len(columns))[: len(columns)]) for _, cells in table.rows())
    return make_workbook(
        path.stem,
        columns,
        rows,
        header=lambda place: table.headers[int(place)],
        word=lambda _, text: text,
        utc_offset_minutes=0,
    )


def _cell(
    sheet: Any, column: ListColumn, value: Value, word: Callable[[ListColumn, str], str], utc_offset_minutes: int
) -> Any:
    typed = _typed(column.kind, value, utc_offset_minutes)
    if typed is None or isinstance(typed, bool):
        return typed
    if isinstance(typed, str):
        return text_cell(sheet, word(column, typed))
    return styled_cell(sheet, typed, _FORMATS[column.kind])


def _typed(kind: CellKind, value: Value, utc_offset_minutes: int) -> bool | int | float | str | date | datetime | None:
    """A value as a spreadsheet knows it; what does not fit its column stays text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int):
        if kind is CellKind.MOMENT:
            return _moment(value, utc_offset_minutes)
        return value / 100 if kind is CellKind.MONEY else value if kind is CellKind.WHOLE else str(value)
    if kind is CellKind.DAY:
        return _day(value)
    return value


def _moment(at_ms: int, utc_offset_minutes: int) -> datetime | str:
    try:
        local = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(minutes=utc_offset_minutes)
    except (OverflowError, ValueError, OSError):
        return str(at_ms)
    return local.replace(tzinfo=None) if _FIRST_DAY <= local.date() <= _LAST_DAY else local.isoformat()


def _day(text: str) -> date | str:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return found if _FIRST_DAY <= found <= _LAST_DAY else text
