"""`serve`, `sync` and `status`: the node's life with its hub."""

from typing import Annotated, Final

import anyio
import typer

from carnet_node.bootstrap import Installation
from carnet_node.core.line.enrolment import check_hub_url
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_node.core.showing.status import Status, status_of
from carnet_node.entrypoints.cli.opening import installation_of, node_of, settings_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.presenting import instant_text, round_json, status_json
from carnet_node.entrypoints.software import SOFTWARE
from carnet_node.entrypoints.wording import Exit, explain_failure
from carnet_protocol.hello import Situation
from carnet_protocol.reasons import explain
from carnet_storage.adapters.planning import missing_targets
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.status import BackupStatus, concerns
from carnet_storage.core.telling import status_json as backup_json
from carnet_storage.entrypoints.cli.starting import loading

_SUPERSEDED: Final = (
    "Another machine has taken over; nothing can be saved here. What waits is handed over.",
    "If this is the machine that should go on: `carnet-node rejoin --take-over`.",
)

serve_app = typer.Typer(add_completion=False, rich_markup_mode=None)
sync_app = typer.Typer(add_completion=False, rich_markup_mode=None)
status_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@serve_app.command()
def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str | None, typer.Option("--host", help="address to listen on; 127.0.0.1 by default")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free one")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="do not sync in the background")] = False,
    tls: Annotated[bool, typer.Option("--tls", help="encrypt on this machine too; the LAN always is")] = False,
) -> None:
    """Serve the front desk's pages and the JSON API, and sync in the background, until stopped."""
    with loading():
        from carnet_node.adapters.logging import configure_logging  # noqa: PLC0415  (no other command logs)
        from carnet_node.entrypoints.web.server import serve_node  # noqa: PLC0415  (sync and status need no web server)

    installation = installation_of(ctx)
    configure_logging(as_json=installation.settings.log_json)
    serve_node(installation, host=host, port=port, is_syncing=not offline, is_encrypted=tls)


@sync_app.command()
def sync(
    ctx: typer.Context,
    *,
    hub: Annotated[str | None, typer.Option("--hub", help="where the hub is from now on; remembered")] = None,
    as_json: AsJson = False,
) -> None:
    """Send what waits and fetch what is new, once."""
    installation = installation_of(ctx)
    if hub is not None:
        installation.set_hub_url(check_hub_url(hub))
    report = anyio.run(_round, installation)
    emit(round_json(report), as_json=as_json, text="\n".join(round_lines(report)))
    code = _round_code(report)
    if code is not Exit.OK:
        raise typer.Exit(code)


@status_app.command()
def status(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Line, sync and what waits; unknown where nobody can know."""
    node = node_of(ctx)
    found = status_of(node)
    settings, now_ms = settings_of(ctx), node.clock.now_ms()
    backups, gone = read_status(settings.backup_dir), missing_targets(settings)
    lines = status_lines(found, node.settings.utc_offset_minutes)
    wrong = concerns(backups or BackupStatus(), now_ms, gone=gone)
    lines += [f"backups:  {' '.join(filter(None, (one.what, one.safe, one.next)))}" for one in wrong]
    told = {**status_json(found), "backup": backup_json(backups, now_ms, is_target_set=settings.has_target, gone=gone)}
    emit(told, as_json=as_json, text="\n".join(lines))


async def _round(installation: Installation) -> RoundReport:
    async with installation.hub_client() as link:
        return await run_round(installation.node(), installation.sync_ports(link), software=SOFTWARE)


def status_lines(found: Status, offset_minutes: int) -> list[str]:
    """The status, for people; times by the clocks they look at."""
    instants = (found.state.complete_ms, found.state.stick_ms, found.feed_as_of_ms)
    complete, stick, as_of = (_at(at_ms, offset_minutes) for at_ms in instants)
    by_stick = "" if found.state.stick_ms is None else f", last stick {stick}"
    waiting = ", ".join(f"{count} {kind}" for kind, count in found.waiting.documents.items()) or "nothing"
    lines = [
        f"{found.site_code} {found.site_name}",
        f"line:     {found.line.value}" + (f" ({found.state.failure})" if found.state.failure else ""),
        *_refusal_lines(found),
        f"sync:     {found.sync.value}, last complete {complete}{by_stick}",
        f"waiting:  {'at least ' if found.waiting.is_at_least else ''}{waiting}",
        f"data as of {as_of}",
    ]
    if found.parked or found.refused:
        lines.append(f"the hub has parked {found.parked} and refused {found.refused} change sets")
    if found.is_writing_stopped:
        lines += _SUPERSEDED
    if found.is_rejoining:
        lines.append("This database was restored and has not rejoined yet; nothing can be saved here.")
        lines.append("Run `carnet-node sync`, or `carnet-node rejoin --offline` to work before the line is back.")
    if found.is_unreconciled:
        lines.append("Restored without a line: own earlier work may be missing until the next contact.")
    if found.doubt is not None:
        lines += (found.doubt.what, found.doubt.safe, found.doubt.next)
    return lines


def _refusal_lines(found: Status) -> list[str]:
    if found.refusal is None:
        return []
    said = explain(found.refusal)
    return [f"          {text}" for text in (said.what, said.safe, said.next)]


def round_lines(report: RoundReport) -> list[str]:
    """How a round ended, for people."""
    push = report.push
    fates = {
        "accepted": push.accepted,
        "accepted with conflicts": push.with_conflicts,
        "parked": push.parked,
        "refused": push.refused,
    }
    told = ", ".join(f"{count} {fate}" for fate, count in fates.items() if count)
    lines = [
        f"change sets sent: {push.sent}" + (f" ({told})" if told else ""),
        f"records fetched: {report.rows}, recall lists: {report.segments}",
    ]
    if report.situation is Situation.SUPERSEDED:
        lines += _SUPERSEDED
    if push.stop is not None:
        lines.append(f"Sending has stopped: {push.stop}. Everything recorded here is kept.")
    for failure in (report.push_failure, report.pull_failure):
        if failure is not None:
            lines += explain_failure(failure).lines()
    return lines


def _round_code(report: RoundReport) -> Exit:
    """The graver of both sides."""
    codes = [explain_failure(one).exit_code for one in (report.push_failure, report.pull_failure) if one is not None]
    if report.push.stop is not None or Exit.REFUSED in codes:
        return Exit.REFUSED
    return Exit.BUSY if codes or not report.is_complete else Exit.OK


def _at(at_ms: int | None, offset_minutes: int) -> str:
    return "never" if at_ms is None else instant_text(at_ms, offset_minutes)
