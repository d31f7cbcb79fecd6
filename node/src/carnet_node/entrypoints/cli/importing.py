"""`import FILE`: take over customers, vehicles or visits of a former system, from CSV or from a workbook."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from carnet_node.adapters.csv_files import SideFile, open_csv
from carnet_node.core.exchange.import_columns import ImportKind, Layout, guess_kind, in_import_order, kind_or_none
from carnet_node.core.exchange.import_mapping import lay_out_mapped, mapping_of
from carnet_node.core.exchange.import_run import run_import
from carnet_node.core.exchange.importing import LeftOut, Remarks, SourceRow, check_source
from carnet_node.core.node import Node
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.wording import Exit

import_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class _Table:
    """A CSV file, or one sheet of a workbook.

    Attributes:
        name: of the sheet; empty for a file.
        encoding: how the file was read.
    """

    name: str
    headers: tuple[str, ...]
    row_count: int
    rows: Iterable[SourceRow]
    encoding: str


@import_app.command()
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx file; docs/import-template.md lists the columns")],
    *,
    kind: Annotated[
        ImportKind | None, typer.Option("--kind", help="what the rows are, if the headers leave it open")
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="of a workbook, only this sheet")] = None,
    source: Annotated[str, typer.Option("--source", help="name of the former system")] = "former",
    as_json: AsJson = False,
) -> None:
    """Take over a file. Rows that cannot be taken go to FILE.rejected.csv; importing twice changes nothing."""
    node = node_of(ctx)
    check_source(source)
    tables = [one for one in _tables_of(file) if sheet in (None, one.name)]
    results = [_import_table(node, file, one, source, is_quiet=as_json) for one in _in_order(tables, kind)]
    if not results:
        raise typer.BadParameter("no such sheet, or no sheet whose headers say what its rows are: name it with --kind")
    result = results[0] if len(results) == 1 else {"sheets": results}
    emit(result, as_json=as_json, text="\n".join(line for one in results for line in _sentences(one)))
    if any(one["rejected"] for one in results):
        raise typer.Exit(Exit.REFUSED)


def _tables_of(file: Path) -> list[_Table]:
    from carnet_node.adapters.workbook_files import SUFFIX, open_workbook  # noqa: PLC0415  (most commands read none)

    if file.suffix.lower() != SUFFIX:
        table = open_csv(file)
        rows = (SourceRow(number, cells) for number, cells in table.rows())
        return [_Table("", table.headers, table.row_count, rows, table.encoding)]
    return [_Table(one.name, one.headers, one.row_count, one.rows(), "utf-8") for one in open_workbook(file)]


def _in_order(tables: list[_Table], kind: ImportKind | None) -> Iterator[tuple[ImportKind, _Table]]:
    """Customers before their cars before their visits. Of several sheets, those that are none of these are left."""
    if len(tables) == 1:
        yield kind or guess_kind(tables[0].headers), tables[0]
        return
    kinds = [kind_or_none(table.headers) for table in tables]
    for place in in_import_order([found if kind in (None, found) else None for found in kinds]):
        if (found := kinds[place]) is not None:
            yield found, tables[place]


def _import_table(
    node: Node, file: Path, found: tuple[ImportKind, _Table], source: str, *, is_quiet: bool
) -> dict[str, Any]:
    """Take one table over; what came of it."""
    kind, table = found
    layout = lay_out_mapped(kind, table.headers, mapping_of(node, source, kind))
    name = f"{file.stem}.{table.name}" if table.name else file.stem
    side_path = file.with_name(f"{name.replace('/', '_')}.rejected.csv")
    with SideFile(side_path, table.headers) as side:
        imported, known, remarks = _import_all(node, table, layout, source, side, is_quiet=is_quiet)
    told = ((row.number, why) for row in remarks.rows for why in row.remarks)
    return {
        **({"sheet": table.name} if table.name else {}),
        "kind": kind.value,
        "rows": table.row_count,
        "imported": imported,
        "known": known,
        "rejected": side.row_count,
        "remarked": remarks.count,
        "remarks": [{"row": number, "column": why.column, "remark": why.text} for number, why in told],
        "rejected_file": str(side_path) if side.row_count else None,
        "ignored_columns": list(layout.ignored),
        "encoding": table.encoding,
    }


def _sentences(result: dict[str, Any]) -> list[str]:
    """What came of a table, for people."""
    counts = f"{result['imported']} imported, {result['known']} known already, {result['rejected']} left out"
    said = [f"{result['rows']} rows of {result['kind']}: {counts}."]
    if result["rejected"]:
        said.append(f"{result['rejected_file']} holds what was left out, and why. Mend the rows and import that file.")
    if result["remarked"]:
        said.append(f"{result['remarked']} rows were taken over with a remark:")
        said += [f"Row {one['row']}, {one['column']}: {one['remark']}" for one in result["remarks"]]
    if result["ignored_columns"]:
        said.append(f"Columns that mean nothing here: {', '.join(result['ignored_columns'])}.")
    if not result["encoding"].startswith("utf"):
        said.append(f"The file was read as {result['encoding'].upper()}: look whether the names are right.")
    return said


def _import_all(
    node: Node, table: _Table, layout: Layout, source: str, side: SideFile, *, is_quiet: bool
) -> tuple[int, int, Remarks]:
    """Batch after batch, with a bar on stderr if somebody is watching it; (imported, known, taken with a remark)."""
    imported = known = 0
    remarks = Remarks()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    is_hidden = is_quiet or not console.is_terminal

    def note(one: LeftOut) -> None:
        """Keep a row that was left out, with its reason, in the side file."""
        side.add(one.row.number, one.reason, one.row.cells)

    with Progress(*columns, console=console, transient=True, disable=is_hidden) as bar:
        task = bar.add_task(layout.kind.value, total=table.row_count)
        for done in run_import(node, layout, source, table.rows, note, remark=remarks.add):
            imported, known = done.imported, done.known
            bar.update(task, completed=done.rows)
    return imported, known, remarks
