"""Workbooks of a former system (.xlsx): every sheet a table, read by a library made for it.

Decides what a cell is as text, so that the same columns mean the same as in a CSV file: whole numbers without a point
(a telephone stored as a number keeps its digits), dates and times as ISO, yes and no. A number of more than 15 digits
has lost its last ones when the workbook was saved; a row with one is at fault, because nobody can guess them back.

A workbook is a packed file. What it unpacks to, and how far apart its cells stand, is measured before anything is read:
one cell at the far corner of an empty sheet would take all memory there is.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from carnet_node.core.desk_limits import (
    SHEET_CELLS_MAX,
    SHEETS_MAX,
    WORKBOOK_BYTES_MAX,
    WORKBOOK_DIGITS_MAX,
    WORKBOOK_INFLATED_BYTES_MAX,
)
from carnet_node.core.importing import SourceRow
from carnet_node.core.limits import CELLS_MAX
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

SUFFIX: Final = ".xlsx"
_CHUNK_BYTES: Final = 1024 * 1024

_PLACE: Final = re.compile(rb"""\br\s{0,8}=\s{0,8}["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_PLACE_BYTES: Final = 32
_NO_SHEET: Final = "xl/sharedStrings.xml"
"""The part that holds what people typed; any other may be a sheet, because a workbook names its parts as it likes."""

Cell = int | float | str | bool | time | date | datetime | timedelta


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
    _measure(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names[:SHEETS_MAX]
        tables = [_table(name, book.get_sheet_by_name(name)) for name in names]
    except PasswordError as error:
        raise _unreadable("is protected by a password; save it without one") from error
    except (CalamineError, OSError) as error:
        raise _unreadable("cannot be read as a workbook; save it again as .xlsx") from error
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


def _table(name: str, sheet: CalamineSheet) -> SheetTable | None:
    rows: list[list[Cell]] = sheet.to_python(skip_empty_area=True)
    headers = tuple(cell_text(cell) for cell in rows[0][:CELLS_MAX]) if rows else ()
    if not any(header.strip() for header in headers):
        return None
    count = sum(any(cell_text(cell).strip() for cell in row[:CELLS_MAX]) for row in rows[1:])
    first_row = (sheet.start[0] if sheet.start is not None else 0) + 1
    return SheetTable(name, headers, first_row, count, rows)


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


def _measure(path: Path) -> None:
    """Refuse what would not fit into memory, before a library tries."""
    try:
        if path.stat().st_size > WORKBOOK_BYTES_MAX:
            raise _unreadable(f"has more than {WORKBOOK_BYTES_MAX} bytes; split it")
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            if sum(part.file_size for part in parts) > WORKBOOK_INFLATED_BYTES_MAX:
                raise _unreadable("unpacks to more than can be read; split it, or save it as CSV")
            for part in parts:
                if part.filename.endswith(".xml") and part.filename != _NO_SHEET:
                    _measure_sheet(book, part)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, UnicodeDecodeError) as error:
        raise _unreadable("is not there, or is no .xlsx workbook; save it again as .xlsx") from error


def _measure_sheet(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuse a sheet whose cells stand too far apart; the part says itself how far, cell by cell."""
    width = height = 0
    kept = b""
    with book.open(part) as sheet:
        while chunk := sheet.read(_CHUNK_BYTES):
            text = kept + chunk
            for column, row in _PLACE.findall(text):
                width, height = max(width, _column_number(column)), max(height, int(row))
            if width * height > SHEET_CELLS_MAX:
                raise _unreadable("has cells far from the others; delete empty rows and columns, and save it again")
            kept = text[-_PLACE_BYTES:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _unreadable(why: str) -> BadValue:
    return BadValue(Reason.BAD_FIELD, "file", why)
