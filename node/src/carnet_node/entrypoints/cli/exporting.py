"""`export`: a list of the site as a workbook."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from carnet_node.core.exchange.lists import LISTS, Period
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, emit
from carnet_node.entrypoints.exporting import export_list
from carnet_storage.adapters.outputs import file_to_write

export_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@export_app.command()
def export(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=f"{', '.join(LISTS)}")],
    file: Annotated[
        Path | None, typer.Argument(help="where to; the list and the day when left out", callback=file_to_write)
    ] = None,
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="first day, of visits")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last day")] = None,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
) -> None:
    """Take a list out as .xlsx; it is noted in the access log."""
    if (first is None) != (last is None):
        raise typer.BadParameter("give --from and --to, or neither")
    period = None if first is None or last is None else Period(first.date(), last.date())
    made = export_list(node_of(ctx), name, show_personal=show_personal, period=period)
    path = file or Path(made.name)
    path.write_bytes(made.content)
    emit({"file": str(path), "rows": made.row_count}, as_json=as_json, text=f"{made.row_count} rows are in {path}.")
