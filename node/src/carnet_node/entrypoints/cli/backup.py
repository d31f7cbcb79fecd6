"""`backup` and `restore`: what backups there are, whether they work, and the way back.

Exit codes as everywhere: 0 done; 1 refused or found wrong, nothing changed; 2 wrong usage; 3 busy. `backup status` ends
with 1 when something about the backups is wrong, `backup drill` when a drill failed.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from carnet_node.adapters.restoring import Choice, Restored, restore_database
from carnet_node.adapters.system import SystemClock
from carnet_node.entrypoints.cli.opening import installation_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list
from carnet_node.entrypoints.wording import Exit
from carnet_node.settings import NodeSettings
from carnet_storage.adapters.listing import backup_rows
from carnet_storage.adapters.planning import plan_of
from carnet_storage.adapters.service import copy_now, drill_now
from carnet_storage.adapters.small_files import read_passphrase, read_status
from carnet_storage.adapters.sqlite_files import Progress as Counted
from carnet_storage.core.telling import (
    Json,
    drill_json,
    drill_line,
    parse_instant,
    status_json,
    status_lines,
)

backup_app = one_group()
restore_app = typer.Typer(add_completion=False, rich_markup_mode=None)

_COLUMNS: Final = ("kind", "name", "source", "epoch", "from", "to")

Source = Annotated[str | None, typer.Option("--source", help="id of the node, when a target holds several")]


@backup_app.command("status")
def show_status(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """What is confirmed, how far behind it is, and when a restore was last tried."""
    settings = NodeSettings.load(ctx.find_root().obj)
    status, now_ms = read_status(settings.backup_dir), SystemClock().now_ms()
    told = status_json(status, now_ms)
    emit(told, as_json=as_json, text="\n".join(status_lines(status, now_ms)))
    if any(one["is_wrong"] for one in told["concerns"]):
        raise typer.Exit(Exit.REFUSED)


@backup_app.command("now")
def make_now(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Make an encrypted copy now."""
    parts = installation_of(ctx).backup_parts()
    with counting("copying the database", is_quiet=as_json) as progress:
        made = copy_now(parts, progress)
    emit(
        {"name": made.name.text, "bytes": made.bytes, "removed": made.removed},
        as_json=as_json,
        text=f"{made.name.text} is stored ({made.bytes // 1024} KiB); {made.removed} old ones are gone.",
    )


@backup_app.command("drill")
def drill(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Restore the newest backup of every target into a scratch file and compare it with the living database."""
    parts = installation_of(ctx).backup_parts()
    with working("restoring into a scratch file and comparing", is_quiet=as_json):
        reports = drill_now(parts)
    emit(
        {"drills": [drill_json(one) for one in reports]},
        as_json=as_json,
        text="\n".join(map(drill_line, reports)),
    )
    if any(one.problem is not None for one in reports):
        raise typer.Exit(Exit.REFUSED)


@backup_app.command("list")
def list_backups(ctx: typer.Context, *, source: Source = None, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every moment that can be restored."""
    settings = NodeSettings.load(ctx.find_root().obj)
    with working("asking the targets", is_quiet=as_json):
        rows = list(backup_rows(plan_of(settings), settings.backup_dir, source))
    emit_list("backups", rows, _COLUMNS, as_json=as_json, xlsx=xlsx)


def restore(
    ctx: typer.Context,
    *,
    origin: Annotated[str, typer.Option("--from", help="litestream or copy; litestream when it is set")] = "",
    at: Annotated[
        str | None, typer.Option("--at", help="the newest state not younger, as 2026-11-22T17:30:00Z")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="exactly this copy")] = None,
    source: Source = None,
    recovery_file: Annotated[
        Path | None, typer.Option("--recovery-file", help="the printed recovery passphrase, in a file of mode 600")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a lost database back, prove it, and put it into its empty place; never overwrites one."""
    settings = NodeSettings.load(ctx.find_root().obj)
    if origin not in ("", "litestream", "copy"):
        raise typer.BadParameter("give --from litestream or --from copy")
    plan = plan_of(settings)
    is_copy = origin == "copy" or name is not None or (not origin and plan.replicate_to is None)
    choice = Choice(
        is_copy=is_copy,
        source=source,
        at_ms=None if at is None else parse_instant(at),
        copy_name=name,
        recovery=None if recovery_file is None else read_passphrase(recovery_file),
    )
    console = Console(stderr=True, quiet=as_json, highlight=False, soft_wrap=True)
    with counting("restoring", is_quiet=as_json) as progress:
        restored = restore_database(
            settings, plan, choice, stage=lambda doing: console.print(doing, markup=False), progress=progress
        )
    emit(_restored_json(restored), as_json=as_json, text="\n".join(_restored_lines(restored)))


backup_app.command("restore")(restore)
restore_app.command()(restore)


@contextmanager
def counting(title: str, *, is_quiet: bool) -> Iterator[Counted]:
    """A bar on stderr when somebody is watching."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def working(title: str, *, is_quiet: bool) -> Iterator[None]:
    """A sign of life on stderr around work whose length nobody knows."""
    if is_quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(title):
        yield


def _restored_json(restored: Restored) -> Json:
    return {
        "kind": restored.kind,
        "origin": restored.origin,
        "site_code": restored.site_code,
        "sets": restored.facts.sets,
        "records": restored.facts.records,
        "unsent_sets": restored.facts.unsent,
        "erasures": restored.erasures,
        "is_same_machine": restored.is_same_machine,
    }


def _restored_lines(restored: Restored) -> list[str]:
    facts = restored.facts
    then = (
        "Next: carnet-node serve or sync: it fetches what the hub has of this node, and then opens for writing. "
        "Without a line: carnet-node rejoin --offline."
        if restored.is_same_machine
        else "The keys here are not those it was written with: another machine's, or older than a change of keys. "
        "Next: carnet-node enrol with a new code; this machine becomes a new node of the same site."
    )
    return [
        f"The database of {restored.site_code} is back, from {restored.origin}.",
        f"{facts.sets} change sets verify and {facts.records} records agree; {facts.unsent} sets had not been judged.",
        f"{restored.erasures} erasures were applied again.",
        "Nothing is written here until what may be missing is back.",
        then,
    ]
