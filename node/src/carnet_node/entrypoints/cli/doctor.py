"""`doctor`: look for everything that could be wrong; exit code 1 when something is."""

import typer
from rich.console import Console

from carnet_node.adapters.examining import measure_system
from carnet_node.adapters.system import DiskFiles, SystemClock
from carnet_node.bootstrap import open_installation, require_installation
from carnet_node.core.failures import NodeFailure, NotEnrolled
from carnet_node.core.upkeep.doctor import (
    Finding,
    Grade,
    SystemFacts,
    examine_node,
    is_something_wrong,
    judge_backups,
    judge_system,
)
from carnet_node.entrypoints.cli.opening import settings_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.wording import Exit, explain_failure
from carnet_node.settings import NodeSettings
from carnet_storage.adapters.planning import missing_targets
from carnet_storage.adapters.small_files import read_status

doctor_app = typer.Typer(add_completion=False, rich_markup_mode=None)

_SIGNS = {Grade.FINE: "ok   ", Grade.WATCH: "watch", Grade.WRONG: "WRONG"}


@doctor_app.command()
def doctor(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Keys, database, disk, chain, queue, clock, line and backups, in plain words."""
    settings = settings_of(ctx)
    if not settings.keys_dir.exists():
        require_installation(settings)
    facts = measure_system(settings.keys_dir, settings.database, DiskFiles())
    status, now_ms = read_status(settings.backup_dir), SystemClock().now_ms()
    gone = missing_targets(settings)
    backups = judge_backups(status, now_ms, is_target_set=settings.has_target, gone=gone)
    findings = [*judge_system(facts), *_examine(settings, facts), *backups]
    if as_json:
        rows = [{"name": one.name, "grade": one.grade.value, "what": one.what, "next": one.next} for one in findings]
        emit({"is_fine": not is_something_wrong(findings), "findings": rows}, as_json=True)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for one in findings:
            console.print(f"{_SIGNS[one.grade]}  {one.name}: {one.what} {one.next}".rstrip(), markup=False)
    if is_something_wrong(findings):
        raise typer.Exit(Exit.REFUSED)


def _examine(settings: NodeSettings, facts: SystemFacts) -> list[Finding]:
    """Findings about the node itself, as far as it can be opened."""
    if facts.key_problem is not None or facts.integrity != "ok":
        return []
    try:
        installation = open_installation(settings)
        return examine_node(installation.node(), *installation.signing_keys.public())
    except NotEnrolled:
        return [Finding("site", Grade.WATCH, "This machine belongs to no site yet.", "Run `carnet-node enrol`.")]
    except NodeFailure as failure:
        told = explain_failure(failure)
        return [Finding("node", Grade.WRONG, told.what, told.next)]
