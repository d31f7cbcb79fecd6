"""`import FILE.csv`: take over customers, vehicles or visits of a former system."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from carnet_node.adapters.csv_files import SIDE_HEADERS, CsvFile, SideFile, open_csv
from carnet_node.core.import_columns import ImportKind, Layout, guess_kind, lay_out
from carnet_node.core.importing import BatchReport, SourceRow, check_source, import_batch
from carnet_node.core.limits import IMPORT_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.wording import Exit

import_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@import_app.command()
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV file; docs/import-template.md lists the columns")],
    *,
    kind: Annotated[
        ImportKind | None, typer.Option("--kind", help="what the rows are, if the headers leave it open")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="name of the former system")] = "former",
    as_json: AsJson = False,
) -> None:
    """Take over a file. Rows that cannot be taken go to FILE.rejected.csv; importing twice changes nothing."""
    node = node_of(ctx)
    check_source(source)
    table = open_csv(file)
    layout = lay_out(kind or guess_kind(table.headers), table.headers)
    side_path = file.with_name(f"{file.stem}.rejected.csv")
    with SideFile(side_path, table.headers) as side:
        imported, known = _import_all(node, table, layout, source, side, is_quiet=as_json)
    result = {
        "kind": layout.kind.value,
        "rows": table.row_count,
        "imported": imported,
        "known": known,
        "rejected": side.row_count,
        "rejected_file": str(side_path) if side.row_count else None,
        "ignored_columns": [one for one in layout.ignored if one not in SIDE_HEADERS],
        "encoding": table.encoding,
    }
    emit(result, as_json=as_json, text="\n".join(_sentences(result)))
    if side.row_count:
        raise typer.Exit(Exit.REFUSED)


def _sentences(result: dict[str, Any]) -> list[str]:
    """What came of a file, for people."""
    counts = f"{result['imported']} imported, {result['known']} known already, {result['rejected']} left out"
    said = [f"{result['rows']} rows of {result['kind']}: {counts}."]
    if result["rejected"]:
        said.append(f"{result['rejected_file']} holds what was left out, and why. Mend the rows and import that file.")
    if result["ignored_columns"]:
        said.append(f"Columns that mean nothing here: {', '.join(result['ignored_columns'])}.")
    if not result["encoding"].startswith("utf"):
        said.append(f"The file was read as {result['encoding'].upper()}: look whether the names are right.")
    return said


def _import_all(
    node: Node, table: CsvFile, layout: Layout, source: str, side: SideFile, *, is_quiet: bool
) -> tuple[int, int]:
    """Batch after batch, with a bar on stderr if somebody is watching it; (imported, known)."""
    imported = known = 0
    earlier: dict[str, int] = {}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    is_hidden = is_quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=is_hidden) as bar:
        task = bar.add_task(layout.kind.value, total=table.row_count)
        for batch in _batches(table):
            report = import_batch(node, layout, source, batch, earlier)
            _note(report, side)
            imported, known = imported + report.imported, known + report.known
            bar.advance(task, len(batch))
    return imported, known


def _batches(table: CsvFile) -> Iterator[list[SourceRow]]:
    rows = (SourceRow(number, cells) for number, cells in table.rows())
    while batch := list(islice(rows, IMPORT_ROWS_MAX)):
        yield batch


def _note(report: BatchReport, side: SideFile) -> None:
    for one in report.left_out:
        side.add(one.row.number, one.reason, one.row.cells)
