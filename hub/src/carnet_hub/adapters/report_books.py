"""A report as a workbook whose bytes depend on its content alone.

Decides which tables it has and that neither clock nor compression shows in its bytes: the times inside are the
report's, and the parts are stored as they are. Long lists stand in the files beside it; a sheet could not hold them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from carnet_hub.core.campaigns.profile_report import PreparedReport
from carnet_hub.core.campaigns.report import ReportFile
from carnet_hub.core.campaigns.report_parts import item_rows, province_rows, series_rows, site_rows
from carnet_storage.adapters.workbooks import sheet_name, text_cell

WORKBOOK_NAME: Final = "report.xlsx"

_NUMBERS: Final = frozenset({"value", "completed", "cumulative"})
_CORE: Final = "docProps/core.xml"
_TIMES: Final = re.compile(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)")


def report_workbook(report: PreparedReport) -> ReportFile:
    """The tables of a report as sheets of one workbook."""
    from openpyxl import Workbook  # noqa: PLC0415  (a third of a second that most commands need not pay)

    book = Workbook(write_only=True)
    for title, rows in (
        ("项目 items", item_rows(report)),
        ("按日 by day", series_rows(report)),
        ("按省 by province", _named(report, province_rows(report))),
        ("按单位 by site", _named(report, site_rows(report))),
    ):
        sheet = book.create_sheet(sheet_name(title))
        for cells in _typed(rows):
            sheet.append([text_cell(sheet, one) if isinstance(one, str) else one for one in cells])
    content = BytesIO()
    book.save(content)
    return ReportFile(WORKBOOK_NAME, [_settled(content, report.moment.created_ms)], has_rows=False)


def _named(report: PreparedReport, rows: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """The same rows with both names behind each province's code."""
    header = next(rows)
    place = header.index("province_code") + 1
    yield (*header[:place], "province_zh", "province", *header[place:])
    for cells in rows:
        names = (report.province_name(cells[place - 1], language) for language in (0, 1))
        yield (*cells[:place], *names, *cells[place:])


def _typed(rows: Iterator[tuple[str, ...]]) -> Iterable[Sequence[str | int]]:
    """The same rows with counts as numbers."""
    header = next(rows)
    yield header
    for cells in rows:
        yield [
            int(cell) if name in _NUMBERS and cell.isdecimal() and cell.isascii() else cell
            for name, cell in zip(header, cells, strict=True)
        ]


def _settled(content: BytesIO, created_ms: int) -> bytes:
    """The same workbook, with the report's time in place of the clock's."""
    moment = datetime.fromtimestamp(created_ms / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    settled = BytesIO()
    with ZipFile(content) as parts, ZipFile(settled, "w", ZIP_STORED) as kept:
        for part in parts.infolist():
            held = parts.read(part)
            if part.filename == _CORE:
                held = _TIMES.sub(rf"\g<1>{moment}\g<2>", held.decode()).encode()
            kept.writestr(ZipInfo(part.filename), held)
    return settled.getvalue()
