"""The sheets of a workbook (.xlsx), by a library made for them, after the file was measured.

What a workbook unpacks to, and how far apart its cells stand, is measured before anything is read: one cell at the far
corner of an empty sheet would take all memory there is. What a cell means is its reader's business.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from carnet_storage.core.sheets import SheetBounds, SheetRefused

SUFFIX: Final = ".xlsx"
_CHUNK_BYTES: Final = 1024 * 1024

_PLACE: Final = re.compile(rb"""\br\s{0,8}=\s{0,8}["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_PLACE_BYTES: Final = 32
_NO_SHEET: Final = "xl/sharedStrings.xml"
"""The part that holds what people typed; any other may be a sheet, because a workbook names its parts as it likes."""

Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        first_row: number of the first row that holds something, as a spreadsheet shows it.
        cells: from that row on; empty for an empty sheet.
    """

    name: str
    first_row: int
    cells: Sequence[Sequence[Cell]]


def read_sheets(path: Path, bounds: SheetBounds) -> Iterator[Sheet]:
    """The sheets of a workbook in their order, one after the other.

    Raises:
        SheetRefused: no such file, no workbook, protected by a password, or larger than the bounds.
    """
    _measure(path, bounds)
    try:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names[: bounds.sheets]:
            sheet = book.get_sheet_by_name(name)
            cells: list[list[Cell]] = sheet.to_python(skip_empty_area=True)
            yield Sheet(name, (sheet.start[0] if sheet.start is not None else 0) + 1, cells)
    except PasswordError as error:
        raise SheetRefused("is protected by a password; save it without one") from error
    except (CalamineError, OSError) as error:
        raise SheetRefused("cannot be read as a workbook; save it again as .xlsx") from error


def _measure(path: Path, bounds: SheetBounds) -> None:
    """Refuse what would not fit into memory, before a library tries."""
    try:
        if path.stat().st_size > bounds.file_bytes:
            raise SheetRefused(f"has more than {bounds.file_bytes} bytes; split it")
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            if sum(part.file_size for part in parts) > bounds.inflated_bytes:
                raise SheetRefused("unpacks to more than can be read; split it, or save it as CSV")
            for part in parts:
                if part.filename.endswith(".xml") and part.filename != _NO_SHEET:
                    _measure_sheet(book, part, bounds.cells)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, UnicodeDecodeError) as error:
        raise SheetRefused("is not there, or is no .xlsx workbook; save it again as .xlsx") from error


def _measure_sheet(book: zipfile.ZipFile, part: zipfile.ZipInfo, cells_max: int) -> None:
    """Refuse a sheet whose cells stand too far apart; the part says itself how far, cell by cell."""
    width = height = 0
    kept = b""
    with book.open(part) as sheet:
        while chunk := sheet.read(_CHUNK_BYTES):
            text = kept + chunk
            for column, row in _PLACE.findall(text):
                width, height = max(width, _column_number(column)), max(height, int(row))
            if width * height > cells_max:
                raise SheetRefused("has cells far from the others; delete empty rows and columns, and save it again")
            kept = text[-_PLACE_BYTES:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
