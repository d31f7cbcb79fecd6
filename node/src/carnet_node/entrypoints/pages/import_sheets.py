"""The sheets of a file that is imported: what they hold, which are taken, which one comes next.

Decides what is offered after a sheet: those that are not taken yet, in the order in which rows refer to each other
(customers, vehicles, visits), and behind them those whose headers say nothing, for a person to say. The file is kept
until somebody removes it. Which row becomes what is `core.import_run`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from carnet_node.adapters.csv_files import open_csv
from carnet_node.adapters.workbook_files import SUFFIX, open_workbook
from carnet_node.core.exchange.import_columns import ImportKind, in_import_order, kind_or_none
from carnet_node.core.exchange.import_run import Progress
from carnet_node.core.exchange.importing import Remarks, SourceRow
from carnet_node.entrypoints.wording import Explained


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file, or one sheet of a workbook; `name` is that of the sheet."""

    name: str
    headers: tuple[str, ...]
    row_count: int
    rows: Iterable[SourceRow]


@dataclass(frozen=True, slots=True)
class Taken:
    """A sheet that was taken over to its end, and what became of its rows."""

    sheet: int
    name: str
    kind: ImportKind
    progress: Progress
    remarks: Remarks


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A sheet as a page lists it.

    Attributes:
        kind: what its rows are; None when its headers do not say it.
    """

    sheet: int
    name: str
    kind: ImportKind | None
    row_count: int
    is_taken: bool


@dataclass
class ImportRun:
    """How far the import of this node is; one at a time.

    Attributes:
        total: rows of the table; None while nothing runs.
        failure: what ended it; what was taken over before stays.
        sheet: the one that is taken, or was taken last.
        taken: sheets of the same file that are through, the first one first.
        remarks: on rows of the one that is taken.
    """

    total: int | None = None
    progress: Progress = field(default_factory=lambda: Progress(0, 0, 0, 0))
    is_done: bool = False
    failure: Explained | None = None
    sheet: int = 0
    taken: tuple[Taken, ...] = ()
    remarks: Remarks = field(default_factory=Remarks)

    def remarked(self) -> list[tuple[str, Remarks]]:
        """The sheets with rows that deserve a look, by name: those that are through, and one that was broken off."""
        through = [(one.name, one.remarks) for one in self.taken]
        broken_off = [] if any(one.sheet == self.sheet for one in self.taken) else [("", self.remarks)]
        return [(name, remarks) for name, remarks in through + broken_off if remarks.count]

    def finish(self, table: Table, kind: ImportKind) -> None:
        """Note that a sheet is through; taken again, it is listed once."""
        others = tuple(one for one in self.taken if one.sheet != self.sheet)
        self.taken = (*others, Taken(self.sheet, table.name, kind, self.progress, self.remarks))


def tables_of(path: Path) -> list[Table]:
    """What a file holds.

    Raises:
        BadValue: neither a CSV file nor a workbook that can be read.
    """
    if path.suffix != SUFFIX:
        table = open_csv(path)
        rows = (SourceRow(number, cells) for number, cells in table.rows())
        return [Table("", table.headers, table.row_count, rows)]
    return [Table(one.name, one.headers, one.row_count, one.rows()) for one in open_workbook(path)]


def sheet_lines(tables: Sequence[Table], taken: Sequence[Taken]) -> tuple[SheetLine, ...]:
    """Every sheet, in the order in which they are taken; those that say nothing of themselves stand last."""
    through = {one.sheet: one.kind for one in taken}
    kinds = [through.get(sheet) or kind_or_none(table.headers) for sheet, table in enumerate(tables)]
    known = in_import_order(kinds)
    silent = (sheet for sheet in range(len(tables)) if sheet not in known)
    return tuple(
        SheetLine(sheet, tables[sheet].name, kinds[sheet], tables[sheet].row_count, sheet in through)
        for sheet in (*known, *silent)
    )


def next_sheet(lines: Sequence[SheetLine]) -> SheetLine | None:
    """The one to take next; one that says nothing of itself only when no other is left."""
    return next((one for one in lines if not one.is_taken), None)


def sheet_before(lines: Sequence[SheetLine], sheet: int) -> SheetLine | None:
    """A sheet of another kind that should be taken before this one; None when this one's turn has come."""
    kinds = tuple(ImportKind)
    kind = next((one.kind for one in lines if one.sheet == sheet), None)
    first = next_sheet(lines)
    if kind is None or first is None or first.kind is None:
        return None
    return first if kinds.index(first.kind) < kinds.index(kind) else None
