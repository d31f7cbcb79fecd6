"""`rebuild`: fold every record again, or check that it would change nothing."""

from typing import Annotated

import typer

from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.log.rebuild import rebuild as rebuild_all
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.wording import Exit
from carnet_protocol.ids import record_text

rebuild_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@rebuild_app.command()
def rebuild(
    ctx: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="compare only; exit code 1 when something differs")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold log and base rows again, and put the result in place of the tables."""
    node = node_of(ctx)
    report = check_rebuild(node) if check else rebuild_all(node)
    differences = [{"kind": one.kind, "id": record_text(one.record), "what": one.what} for one in report.differences]
    done = "differ" if check else "were mended"
    emit(
        {"records": report.records, "digest": report.digest.hex(), "differences": differences},
        as_json=as_json,
        text=f"{report.records} records, {len(differences)} {done}. Digest {report.digest.hex()}",
    )
    if check and differences:
        raise typer.Exit(Exit.REFUSED)
