"""Cells and sheets of a workbook (.xlsx) that an office may open without harm.

Decides that text is always text: what looks like a formula is stored as text and stays text when somebody edits the
cell, so a name that begins with `=` runs nothing. Decides what no workbook can hold, and where its parts lie while it
is written. Which cells there are is the caller's to say.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from carnet_storage.core.limits import SHEET_CELL_CHARS_MAX, SHEET_NAME_CHARS_MAX

_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no workbook can hold."""

_NOT_IN_A_NAME: Final = re.compile(r"[\[\]:*?/\\]")
_TEXT: Final = "@"
"""The number format of a cell that stays text."""


@contextmanager
def parts_in(folder: Path) -> Iterator[None]:
    """Let the sheets that are written inside lie in a folder until their workbook is saved.

    The library writes each sheet to a file of its own first, where the system keeps such files: a killed program would
    leave there what only `folder` may hold. For a program that does one thing at a time: the place is the process's.
    """
    former = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = former


def sheet_name(title: str) -> str:
    """A title as the name of a sheet; cut to what a workbook allows."""
    return _NOT_IN_A_NAME.sub(" ", title)[:SHEET_NAME_CHARS_MAX]


def text_cell(sheet: Any, text: str) -> Any:
    """A text as a cell of a sheet that is written row by row; what no workbook can hold is left out."""
    plain = _UNPRINTABLE.sub("", text)[:SHEET_CELL_CHARS_MAX]
    if not plain.startswith(_FORMULA_SIGNS):
        return plain
    cell = styled_cell(sheet, plain, _TEXT)
    cell.data_type = "s"
    return cell


def styled_cell(sheet: Any, value: object, number_format: str) -> Any:
    """A value as a cell with a number format, such as `#,##0.00`."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  (a third of a second that most programs need not pay)

    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell
