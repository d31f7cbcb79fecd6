"""Member lists as files: text, CSV, and workbooks with several sheets, read line by line whatever their length.

Decides how a file becomes entries: its encoding, its sheets, which row an entry stood in. Does not decide which column
of a table counts nor what an entry is worth (`campaign_plans`).
"""

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from carnet_hub.core.campaigns.campaign_plans import ListedLine, read_lines, read_rows
from carnet_hub.core.counting.withdrawals import read_withdrawn
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
    if path.suffix.lower() == SUFFIX:
        for name, rows in _sheets(path):
            yield from read_rows(name, rows)
        return
    with _opened(path) as text:
        yield from read_lines(path.name, iter(lambda: text.readline(LIST_PIECE_CHARS), ""))


def read_withdrawal_file(path: Path) -> dict[str, str]:
    """The reason by VIN of members that a plan leaves out.

    Args:
        path: `.csv`, or `.xlsx` with one sheet or more.

    Raises:
        Unusable: as for `read_listed`, or the columns are not there.
        ListRefused: see `withdrawals.read_withdrawn`.
    """
    if path.suffix.lower() == SUFFIX:
        found: dict[str, str] = {}
        for name, rows in _sheets(path):
            found |= read_withdrawn(name, rows)
        return found
    with _opened(path) as text:
        reader = csv.reader(iter(lambda: text.readline(LIST_PIECE_CHARS), ""))
        try:
            return read_withdrawn(path.name, ((reader.line_num, row) for row in reader))
        except csv.Error as error:
            raise Unusable(f"{path.name} is no table: {error}.", "Save it as CSV with VIN and reason.") from error


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        _require_size(path)
        with path.open(encoding=_encoding_of(path), newline="") as text:
            yield text
    except OSError as error:
        raise Unusable(f"{path} cannot be read.", "Look whether it is there, or name the list with --vins.") from error


def _sheets(path: Path) -> Iterator[tuple[str, Iterator[tuple[int, list[str]]]]]:
    """The rows of every sheet that holds something, with the name of file and sheet."""
    try:
        _require_size(path)
        for sheet in read_sheets(path, SHEET_BOUNDS):
            if sheet.cells:
                numbered = enumerate(sheet.cells, sheet.first_row)
                yield f"{path.name}, {sheet.name}", ((number, [str(cell) for cell in row]) for number, row in numbered)
    except OSError as error:
        raise Unusable(f"{path} cannot be read.", "Look whether it is there.") from error
    except SheetRefused as refusal:
        raise Unusable(f"{path.name} {refusal}.", "Save it again, or as CSV.") from refusal


def _require_size(path: Path) -> None:
    if path.stat().st_size > CAMPAIGN_LIST_BYTES_MAX:
        raise Unusable(f"{path.name} has more than {CAMPAIGN_LIST_BYTES_MAX} bytes.", "Split the campaign.")


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
