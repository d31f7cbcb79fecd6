"""Member lists as files: text, CSV, and workbooks with several sheets, read line by line whatever their length.

Decides how a file becomes entries: its encoding, its sheets, which row an entry stood in. Does not decide which column
of a table counts nor what an entry is worth (`campaign_plans`).
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from carnet_hub.core.campaign_plans import ListedLine, read_lines, read_rows
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import CAMPAIGN_LIST_BYTES_MAX, LIST_PIECE_CHARS, SHEET_BOUNDS
from carnet_storage.adapters.sheets import SUFFIX, read_sheets
from carnet_storage.core.sheets import SheetRefused

_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_PIECE_BYTES: Final = 1024 * 1024


def read_listed(path: Path) -> Iterator[ListedLine]:
    """The entries of a list file.

    Args:
        path: `.xlsx`, `.csv`, or text with one entry a line; UTF-8 or GB 18030.

    Raises:
        Unusable: no such file, larger than `CAMPAIGN_LIST_BYTES_MAX`, or not readable as what its name says.
    """
    try:
        if path.stat().st_size > CAMPAIGN_LIST_BYTES_MAX:
            raise Unusable(f"{path.name} has more than {CAMPAIGN_LIST_BYTES_MAX} bytes.", "Split the campaign.")
        if path.suffix.lower() == SUFFIX:
            yield from _sheet_lines(path)
            return
        encoding = _encoding_of(path)
        with path.open(encoding=encoding, newline="") as text:
            yield from read_lines(path.name, iter(lambda: text.readline(LIST_PIECE_CHARS), ""))
    except OSError as error:
        raise Unusable(f"{path} cannot be read.", "Name the list of vehicles with --vins.") from error


def _sheet_lines(path: Path) -> Iterator[ListedLine]:
    """The entries of every sheet, named by file and sheet."""
    try:
        for sheet in read_sheets(path, SHEET_BOUNDS):
            rows = ((number, [str(cell) for cell in row]) for number, row in enumerate(sheet.cells, sheet.first_row))
            yield from read_rows(f"{path.name}, {sheet.name}", rows)
    except SheetRefused as refusal:
        raise Unusable(f"{path.name} {refusal}.", "Save it again, or as CSV.") from refusal


def _encoding_of(path: Path) -> str:
    """The first encoding in which the whole file is text."""
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as raw:
            try:
                while piece := raw.read(_PIECE_BYTES):
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
        return encoding
    raise Unusable(f"{path.name} is neither UTF-8 nor GB 18030 text.", "Save it as UTF-8.")
