"""`log` and `rebuild`: is the log what authors signed, and are the tables what the log says?"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from carnet_hub.core.campaigns.recall_export import cited_set
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections, rebuild_projections, site_digest
from carnet_hub.core.sets.following_counts import are_askew
from carnet_hub.core.upkeep.dealers import require_site
from carnet_hub.entrypoints.cli.conflicts import op_from_text
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_hub.entrypoints.cli.output import AsJson, emit, hub_of, working
from carnet_storage.adapters.outputs import file_to_write

log_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="The hub's log.")
rebuild_app = typer.Typer(rich_markup_mode=None, add_completion=False)

_UNCOUNTED: Final = (
    "The count of recalls failed on an entry, so the kept sums stay empty.",
    "Every other table is folded, and recalls are counted from the records whenever somebody asks.",
    "Send `recall_count_failed` in the log of this command to the maintainers; after an upgrade run `rebuild`.",
)


@log_app.callback()
def log_group() -> None:
    """The hub's log: every change set as its author signed it."""


@log_app.command("verify")
def verify(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check every entry: signatures, chains, hashes, openings, positions without holes. Changes nothing."""
    with hub_of(ctx) as app, working("reading the log", is_quiet=as_json):
        report = verify_log(app.hub)
    faults = [f"position {fault.position}: {fault.problem}" for fault in report.faults]
    verdict = f"{report.fault_count} faults" if report.fault_count else "no fault"
    text = "\n".join(
        [*faults, f"{report.entries} entries, {report.sets} signed sets up to position {report.head}: {verdict}."]
    )
    emit({"is_valid": not report.fault_count, **asdict(report)}, as_json=as_json, text=text)
    if report.fault_count:
        raise typer.Exit(Exit.REFUSED)


@log_app.command("show")
def show(
    ctx: typer.Context,
    op: Annotated[str, typer.Argument(help="op id, as a report's row cites it", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", help="write the signed bytes to this file", callback=file_to_write)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The change set that an op stands in, as its author signed it, without personal values."""
    with hub_of(ctx) as app:
        found = cited_set(app.hub, op_from_text(op))
        if out is not None:
            app.files.replace(out, found.message)
    result = {**asdict(found), "message": found.message.hex()}
    emit(result if out is None else {**result, "message": out}, as_json=as_json)


@rebuild_app.command()
def rebuild(
    ctx: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="only compare with what the log says; changes nothing")
    ] = False,
    digest: Annotated[str | None, typer.Option(help="also give the digest of what this site receives")] = None,
    as_json: AsJson = False,
) -> None:
    """Drop every table that follows from the log and fold it again; or check that it would give the same.

    Exit code 1: some row differs. 4: all is folded, or equal, but for the sums of recalls, on which the count failed.
    """
    with hub_of(ctx) as app, working("folding the log", is_quiet=as_json):
        result: dict[str, object] = {}
        if digest is not None:
            result["digest"] = site_digest(app.hub, require_site(app.hub, digest).dealer_id).hex()
        if check:
            from carnet_hub.adapters.store import scratch_store  # noqa: PLC0415  (a help page opens no database)

            with scratch_store() as scratch:
                report = check_projections(app.hub, scratch)
            result |= {"is_equal": not report.difference_count, **asdict(report)}
            lines = [f"{one.table} {' '.join(one.key)}: {one.problem}" for one in report.differences]
            verdict = f"{report.difference_count} rows differ" if report.difference_count else "all equal"
            lines.append(f"{report.entries} entries folded, {report.rows} rows compared: {verdict}.")
        else:
            result["entries"] = rebuild_projections(app.hub)
            with app.hub.store.read() as snapshot:
                result["is_counted"] = not are_askew(snapshot)
            lines = [f"{result['entries']} entries folded again."]
    if digest is not None:
        lines.append(f"digest of {digest}: {result['digest']}")
    if not result["is_counted"]:
        lines += _UNCOUNTED
    emit(result, as_json=as_json, text="\n".join(lines))
    if result.get("difference_count"):
        raise typer.Exit(Exit.REFUSED)
    if not result["is_counted"]:
        raise typer.Exit(Exit.INCOMPLETE)
