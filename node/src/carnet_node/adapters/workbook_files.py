"""Workbooks of a former system (.xlsx): every sheet a table, read by a library made for it.

Decides what a cell is as text, so that the same columns mean the same as in a CSV file: whole numbers without a point
(a telephone stored as a number keeps its digits), dates and times as ISO, yes and no. A number of more than 15 digits
has lost its last ones when the workbook was saved; a row with one is at fault, because nobody can guess them back.

How a workbook is opened, and what is measured before, is the storage's (`carnet_storage.adapters.sheets`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from carnet_node.core.desk_limits import (
    SHEET_CELLS_MAX,
    SHEETS_MAX,
    WORKBOOK_BYTES_MAX,
    WORKBOOK_DIGITS_MAX,
    WORKBOOK_INFLATED_BYTES_MAX,
)
from carnet_node.core.exchange.importing import SourceRow
from carnet_node.core.limits import CELLS_MAX
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_storage.adapters.sheets import SUFFIX, Cell, Sheet, read_sheets
from carnet_storage.core.sheets import SheetBounds, SheetRefused

__all__ = ["SUFFIX", "SheetTable", "cell_text", "open_workbook"]

_BOUNDS: Final = SheetBounds(WORKBOOK_BYTES_MAX, WORKBOOK_INFLATED_BYTES_MAX, SHEET_CELLS_MAX, SHEETS_MAX)


@dataclass(frozen=True, slots=True)
class SheetTable:
    """One sheet whose first row with anything in it holds headers.

    Attributes:
        first_row: number of the row of headers, as a spreadsheet shows it.
        row_count: rows below it, empty ones not counted.
    """

    name: str
    headers: tuple[str, ...]
    first_row: int
    row_count: int
    cells: Sequence[Sequence[Cell]]

    def rows(self) -> Iterator[SourceRow]:
        """Every row below the headers that is not empty."""
        for number, row in enumerate(self.cells[1:], self.first_row + 1):
            shown = [cell_text(cell) for cell in row[:CELLS_MAX]]
            if any(one.strip() for one in shown):
                yield SourceRow(number, shown, _fault(row[:CELLS_MAX], self.headers))


def open_workbook(path: Path) -> tuple[SheetTable, ...]:
    """The sheets of a workbook that hold something, in their order.

    Raises:
        BadValue: no such file, no workbook, protected by a password, or larger than can be read.
    """
    try:
        tables = [_table(sheet) for sheet in read_sheets(path, _BOUNDS)]
    except SheetRefused as refusal:
        raise BadValue(Reason.BAD_FIELD, "file", str(refusal)) from refusal
    return tuple(one for one in tables if one is not None)


def cell_text(cell: Cell) -> str:
    """A cell as somebody would type it."""
    match cell:
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case float():
            return format(cell, f".{WORKBOOK_DIGITS_MAX}g")
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds") if cell.time() != time() else cell.date().isoformat()
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _table(sheet: Sheet) -> SheetTable | None:
    rows = sheet.cells
    headers = tuple(cell_text(cell) for cell in rows[0][:CELLS_MAX]) if rows else ()
    if not any(header.strip() for header in headers):
        return None
    count = sum(any(cell_text(cell).strip() for cell in row[:CELLS_MAX]) for row in rows[1:])
    return SheetTable(sheet.name, headers, sheet.first_row, count, rows)


def _fault(row: Sequence[Cell], headers: Sequence[str]) -> str | None:
    """Why a row cannot be trusted; None when it can."""
    for place, cell in enumerate(row):
        if isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= 10**WORKBOOK_DIGITS_MAX:
            column = headers[place] if place < len(headers) else str(place + 1)
            return (
                f"{column}: the workbook keeps 15 digits of a number, and this one had more. "
                "Format the column as text and enter it again."
            )
    return None
