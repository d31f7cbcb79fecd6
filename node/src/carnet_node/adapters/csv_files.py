"""CSV files of a former system: read row by row, whatever wrote them; and the side file of rows that were left out.

Decides the encoding (UTF-8 with or without mark, UTF-16 with mark, GB 18030), the separator, and the bounds. Does not
know what a column means. A file is read twice: once to find the encoding and count its rows, once to hand them out.

A side file is opened in an office, so what looks like a formula gets an apostrophe in front there, and loses it when
the mended file is read. What is only digits and signs, such as a telephone number, runs nothing and stays as it is.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from carnet_node.adapters.system import PRIVATE_MODE
from carnet_node.core.exchange.import_columns import SIDE_HEADERS
from carnet_node.core.limits import CELLS_MAX, CSV_BYTES_MAX
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

_SEPARATORS: Final = ",;\t|"
_FORMULA: Final = re.compile(r"=|[+\-@\t\r\n](?![0-9 ().,\-]*\Z)")
"""How a cell begins that an office would run."""

_MADE_INERT: Final = re.compile(r"'(?=[=+\-@\t\r\n])")
_SNIFF_CHARS: Final = 64 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_WITHOUT_MARK: Final = ("utf-8", "gb18030")


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file that can be read.

    Attributes:
        headers: its first row.
        row_count: rows after the first, empty ones not counted.
    """

    path: Path
    encoding: str
    separator: str
    headers: tuple[str, ...]
    row_count: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(row number as a spreadsheet shows it, cells) of every row that is not empty, the first one left out."""
        with self.path.open(encoding=self.encoding, newline="") as source:
            for number, row in enumerate(csv.reader(source, delimiter=self.separator, strict=True), start=1):
                if number > 1 and any(cell.strip() for cell in row):
                    yield number, [_as_typed(cell) for cell in row[:CELLS_MAX]]


def open_csv(path: Path) -> CsvFile:
    """Find out how a file is written.

    Raises:
        BadValue: no such file, too large, no text in a known encoding, quotes that do not close, a cell of more than
            131,072 characters, or without a first row.
    """
    encoding = _find_encoding(path)
    line = 1
    try:
        with path.open(encoding=encoding, newline="") as source:
            separator = _find_separator(source.read(_SNIFF_CHARS).partition("\n")[0])
            source.seek(0)
            reader = csv.reader(source, delimiter=separator, strict=True)
            headers = tuple(_as_typed(cell) for cell in next(reader, ())[:CELLS_MAX])
            row_count, line = 0, reader.line_num + 1
            for row in reader:
                row_count += any(cell.strip() for cell in row)
                line = reader.line_num + 1
    except csv.Error as error:
        raise BadValue(
            Reason.BAD_FIELD,
            "file",
            f"cannot be read as a table from line {line} on: a quotation mark is open, or a cell is too long",
        ) from error
    except (OSError, UnicodeError) as error:
        raise BadValue(Reason.BAD_FIELD, "file", "cannot be read") from error
    if not any(header.strip() for header in headers):
        raise BadValue(Reason.BAD_FIELD, "file", "has no row of headers")
    return CsvFile(path, encoding, separator, headers, row_count)


class SideFile:
    """Rows that were left out, with their number and the reason; made when the first one comes, replaced by each run.

    Args:
        path: where to write it. It holds what the rows held, so it is private.
        headers: of the file that is imported.
        before: what stands before them, over row number and reason.
    """

    def __init__(self, path: Path, headers: Sequence[str], before: Sequence[str] = SIDE_HEADERS) -> None:
        self.path = path
        self.row_count = 0
        self._headers = (*before, *headers)
        self._target: io.TextIOWrapper | None = None

    def __enter__(self) -> "SideFile":
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._target is not None:
            self._target.close()

    def add(self, row_number: int, reason: str, cells: Sequence[str]) -> None:
        """Write one row down at once, so that an interrupted import leaves what it found."""
        if self._target is None:
            self.path.touch(mode=PRIVATE_MODE)
            self._target = self.path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._target).writerow([*map(_inert, self._headers)])
        csv.writer(self._target).writerow([row_number, reason, *map(_inert, cells)])
        self._target.flush()
        self.row_count += 1


def _inert(cell: str) -> str:
    """A cell as an office shows it and does not run it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_typed(cell: str) -> str:
    """A cell without the apostrophe of `_inert`."""
    return _MADE_INERT.sub("", cell, count=1) if cell.startswith("'") else cell


def _find_encoding(path: Path) -> str:
    """The first encoding in which the whole file is text; a mark at its beginning decides at once."""
    try:
        size = path.stat().st_size
        with path.open("rb") as source:
            start = source.read(4)
    except OSError as error:
        raise BadValue(Reason.BAD_FIELD, "file", "there is no such file, or it cannot be read") from error
    if size > CSV_BYTES_MAX:
        raise BadValue(Reason.BAD_FIELD, "file", f"more than {CSV_BYTES_MAX} bytes; split it")
    if start.startswith(codecs.BOM_UTF8):
        candidates: tuple[str, ...] = ("utf-8-sig",)
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ("utf-16",)
    else:
        candidates = _WITHOUT_MARK
    for encoding in candidates:
        if _is_text(path, encoding):
            return encoding
    raise BadValue(Reason.BAD_FIELD, "file", "is no text in UTF-8, UTF-16 or GB 18030; save it as CSV UTF-8")


def _is_text(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK_BYTES):
                if "\x00" in decoder.decode(chunk):
                    return False
            decoder.decode(b"", final=True)
    except (UnicodeError, OSError):
        return False
    return True


def _find_separator(header_line: str) -> str:
    """The separator that stands most often in the first line; a comma when none does."""
    return max(_SEPARATORS, key=header_line.count)
