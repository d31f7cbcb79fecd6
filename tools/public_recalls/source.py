"""Transport Canada's file of vehicle recalls, read as the publisher hands it out: one row per model and model year.

Decides what one recall of the file is. Does not decide what becomes of it (`campaigns`). The file itself is no part of
this project (LICENSES.md): somebody who has it names it.

Rules
1. A recall is the rows of one number, which need not stand together.
2. The units affected stand in every row of a recall, as text with thousands separators: they are read, never added up.
   Rows that differ in them refuse the file.
3. The texts stand in every row too; a file that was split has them in a second file, once per recall.
4. A row that cannot be read refuses the file by its line, and nothing is loaded.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
"""The publisher's full file had 207 MB in 2026."""

RECALLS_MAX: Final = 2_000
"""Recalls of one load: the file of the last 60 days has some hundred, the full one 18,000, more than a demo shows."""

UNITS_MAX: Final = 50_000_000
YEAR_FIRST: Final = 1950
YEAR_LAST: Final = 2079
"""Model years that the file can mean."""

_NUMBER: Final = "RECALL_NUMBER_NUM"
_ENGLISH: Final = "COMMENT_ETXT"
_FRENCH: Final = "COMMENT_FTXT"
_COLUMNS: Final = (_NUMBER, "YEAR", "MAKE_NAME_NM", "MODEL_NAME_NM", "UNIT_AFFECTED_NBR", "SYSTEM_TYPE_ETXT")
_MAKER: Final = "MANUFACTURER_NAME_NM"
"""Not in every edition of the file; the make stands in for it."""


class SourceRefused(Exception):
    """The file is not what it should be; says at which line."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one model year."""

    make: str
    name: str
    year: int


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall of the file.

    Attributes:
        units: vehicles affected, as published.
        english, french: description, risk and correction in one text each.
    """

    number: str
    maker: str
    system: str
    units: int
    models: tuple[Model, ...]
    english: str
    french: str


def read_recalls(rows: Path, texts: Path | None = None) -> tuple[Recall, ...]:
    """Every recall of the publisher's file, by number.

    Args:
        rows: the file.
        texts: where the texts are, when the file was split.

    Raises:
        SourceRefused: not such a file, or a row that cannot be read.
    """
    said = _texts(texts) if texts is not None else {}
    found: dict[str, Recall] = {}
    for line, row in _table(rows, _COLUMNS if texts is not None else (*_COLUMNS, _ENGLISH, _FRENCH)):
        recall = _recall(rows, line, row, said)
        known = found.get(recall.number)
        if known is None:
            found[recall.number] = recall
        elif known.units != recall.units:
            raise SourceRefused(f"{rows.name}, line {line}: {recall.number} has other units affected than before.")
        else:
            found[recall.number] = _with_models(known, recall.models)
        if len(found) > RECALLS_MAX:
            raise SourceRefused(f"{rows.name} has more than {RECALLS_MAX} recalls. Use the file of the last 60 days.")
    if not found:
        raise SourceRefused(f"{rows.name} has no recall.")
    return tuple(found[number] for number in sorted(found))


def _with_models(known: Recall, more: tuple[Model, ...]) -> Recall:
    models = tuple(dict.fromkeys((*known.models, *more)))
    return Recall(known.number, known.maker, known.system, known.units, models, known.english, known.french)


def _recall(path: Path, line: int, row: dict[str, str], said: dict[str, tuple[str, str]]) -> Recall:
    number = row[_NUMBER]
    if not number.isalnum() or not number.isascii():
        raise SourceRefused(f"{path.name}, line {line}: the recall has no number.")
    english, french = said.get(number, (row.get(_ENGLISH, ""), row.get(_FRENCH, "")))
    if not english:
        raise SourceRefused(f"{path.name}, line {line}: there is no English text of {number}.")
    year = _whole(path, line, row["YEAR"], YEAR_FIRST, YEAR_LAST)
    units = _whole(path, line, row["UNIT_AFFECTED_NBR"], 1, UNITS_MAX)
    models = (Model(row["MAKE_NAME_NM"], row["MODEL_NAME_NM"], year),)
    maker = row.get(_MAKER) or row["MAKE_NAME_NM"]
    return Recall(number, maker, row["SYSTEM_TYPE_ETXT"], units, models, english, french)


def _whole(path: Path, line: int, text: str, least: int, most: int) -> int:
    """A whole number that may be written as 40,915.00."""
    digits = text.removesuffix(".00").replace(",", "")
    if (
        not digits.isdecimal()
        or not digits.isascii()
        or not least <= int(digits[:10]) <= most
        or len(digits) > len(str(most))
    ):
        raise SourceRefused(f"{path.name}, line {line}: {text[:20]!r} is no number from {least} to {most}.")
    return int(digits)


def _texts(path: Path) -> dict[str, tuple[str, str]]:
    return {row[_NUMBER]: (row[_ENGLISH], row[_FRENCH]) for _, row in _table(path, (_NUMBER, _ENGLISH, _FRENCH))}


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file with their lines, every value stripped."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise SourceRefused(f"{path.name} has more than {FILE_BYTES_MAX} bytes.")
        with path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, restval="")
            if missing := [one for one in columns if one not in (reader.fieldnames or ())]:
                raise SourceRefused(f"{path.name} lacks the column {missing[0]}.")
            for row in reader:
                yield reader.line_num, {name: value.strip() for name, value in row.items() if isinstance(value, str)}
    except OSError as error:
        raise SourceRefused(f"{path.name} cannot be read.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceRefused(f"{path.name} is no CSV file in UTF-8: {error}.") from error
