"""A reader of NHTSA's recall report files, made from the published field lists alone.

It shares no line with the writer and knows no profile: order, widths and types below are those of `RCL_Qtrly_Rpts`
(2016-05-20) and `RCL_Annual_Rpts` (2023-11-14). TAB delimited; dates YYYYMMDD; a maximum record length.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

QUARTERLY: Final = """
1        MFGTXT        CHAR(40)
2        CAMPNO        CHAR(12)
3        MFGCAMPNO     CHAR(20)
4        RCLSUBJ       CHAR(50)
5        ODATE         CHAR(8)
6        ODATEEND      CHAR(8)
7        RPTNO         NUMBER(9)
8        RPTQTR        CHAR(9)
9        INVOLVED      NUMBER(9)
10       TTLREMEDIED   NUMBER(9)
11       TTLUNREACH    NUMBER(9)
12       TTLREMOVED    NUMBER(9)
13       SUBMDATE      CHAR(8)
"""
ANNUAL: Final = QUARTERLY.replace("RPTQTR        CHAR(9)", "RPT_PERIOD    CHAR(16)")
RECORD_MAX: Final = {QUARTERLY: 200, ANNUAL: 207}

_LINE: Final = re.compile(r"(\d+)\s+(\w+)\s+(CHAR|NUMBER)\((\d+)\)")
_QUARTER: Final = r"[12]\d{3}-[1-4]"
_SHAPES: Final = {"RPTQTR": _QUARTER, "RPT_PERIOD": f"{_QUARTER} to {_QUARTER}"}
_DATES: Final = frozenset({"ODATE", "ODATEEND", "SUBMDATE"})


class BrokenFile(ValueError):
    """The file is not as the published list says."""


@dataclass(frozen=True)
class PublishedField:
    """One line of a published list."""

    name: str
    is_number: bool
    width: int


def fields_of(published: str) -> list[PublishedField]:
    """A published list as fields, in its order."""
    found = _LINE.findall(published)
    assert [int(number) for number, *_ in found] == list(range(1, 14))
    return [PublishedField(name, kind == "NUMBER", int(width)) for _, name, kind, width in found]


def read_records(content: bytes, published: str) -> list[dict[str, str | int]]:
    """Every record of a file.

    Raises:
        BrokenFile: naming the line and the field.
    """
    text = content.decode("ascii")
    if text and not text.endswith("\n"):
        raise BrokenFile("the last record is cut off")
    records = [_record(number, line, published) for number, line in enumerate(text.splitlines(), start=1)]
    if not records:
        raise BrokenFile("no record")
    return records


def _record(number: int, line: str, published: str) -> dict[str, str | int]:
    fields, cells = fields_of(published), line.split("\t")
    if len(line) > RECORD_MAX[published]:
        raise BrokenFile(f"line {number}: longer than {RECORD_MAX[published]}")
    if len(cells) != len(fields):
        raise BrokenFile(f"line {number}: {len(cells)} fields instead of {len(fields)}")
    return {one.name: _value(number, one, cell) for one, cell in zip(fields, cells, strict=True)}


def _value(number: int, field: PublishedField, cell: str) -> str | int:
    if len(cell) > field.width:
        raise BrokenFile(f"line {number}: {field.name} is longer than {field.width}")
    if field.is_number:
        if not re.fullmatch(r"\d+", cell):
            raise BrokenFile(f"line {number}: {field.name} is no number")
        return int(cell)
    if field.name in _DATES and cell:
        try:
            datetime.strptime(cell, "%Y%m%d").astimezone()
        except ValueError as failure:
            raise BrokenFile(f"line {number}: {field.name} is no date") from failure
    if field.name in _SHAPES and not re.fullmatch(_SHAPES[field.name], cell):
        raise BrokenFile(f"line {number}: {field.name} names no quarter")
    return cell
