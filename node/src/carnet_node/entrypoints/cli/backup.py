"""`backup` and `restore`: what backups there are, whether they work, and the way back.

Exit codes as everywhere: 0 done; 1 refused or found wrong, nothing changed; 2 wrong usage; 3 busy. `backup status` ends
with 1 when something about the backups is wrong, `backup drill` when a drill failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carnet_node.adapters.system import SystemClock
from carnet_node.entrypoints.cli.opening import installation_of, one_group, settings_of
from carnet_node.entrypoints.cli.output import AsJson, emit, emit_list
from carnet_node.entrypoints.wording import Exit
from carnet_storage.adapters.planning import plan_of
from carnet_storage.adapters.small_files import read_passphrase
from carnet_storage.core.telling import Json, parse_instant
from carnet_storage.entrypoints.cli.backup import At, BackupCommands, CopyName, Origin, Source, is_copy_wanted
from carnet_storage.entrypoints.cli.showing import counting, stages

if TYPE_CHECKING:
    from carnet_node.adapters.restoring import Restored
    from carnet_storage.adapters.service import BackupParts

backup_app = one_group()
restore_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@contextmanager
def _parts_of(ctx: typer.Context) -> Iterator["BackupParts"]:
    yield installation_of(ctx).backup_parts()


def restore(
    ctx: typer.Context,
    *,
    origin: Origin = "",
    at: At = None,
    name: CopyName = None,
    source: Source = None,
    recovery_file: Annotated[
        Path | None, typer.Option("--recovery-file", help="the printed recovery passphrase, in a file of mode 600")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a lost database back, prove it, and put it into its empty place; never overwrites one."""
    from carnet_node.adapters.fetching import RestoreFrom  # noqa: PLC0415  (a status restores nothing)
    from carnet_node.adapters.recovery import passphrase_unwrap  # noqa: PLC0415  (likewise)
    from carnet_node.adapters.restoring import restore_database  # noqa: PLC0415  (likewise)
    from carnet_storage.adapters.fetching import Choice  # noqa: PLC0415  (likewise)

    settings = settings_of(ctx)
    backup = Choice(
        is_copy=is_copy_wanted(origin, name, settings),
        source=source,
        at_ms=None if at is None else parse_instant(at),
        copy_name=name,
    )
    unwrap = None if recovery_file is None else passphrase_unwrap(read_passphrase(recovery_file))
    with counting("restoring", is_quiet=as_json) as progress:
        restored = restore_database(
            settings,
            plan_of(settings),
            RestoreFrom(backup, unwrap=unwrap),
            stage=stages(is_quiet=as_json),
            progress=progress,
        )
    emit(_restored_json(restored), as_json=as_json, text="\n".join(_restored_lines(restored)))


BackupCommands(
    settings_of,
    plan_of,
    _parts_of,
    clock=SystemClock(),
    emit=emit,
    emit_list=emit_list,
    found_wrong=Exit.REFUSED,
).add_to(backup_app)
backup_app.command("restore")(restore)
restore_app.command()(restore)


def _restored_json(restored: "Restored") -> Json:
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


def _restored_lines(restored: "Restored") -> list[str]:
    facts = restored.facts
    then = (
        "Next: carnet-node serve or sync: it fetches what the hub has of this node, and then opens for writing. "
        "Without a line: carnet-node rejoin --offline."
        if restored.is_same_machine
        else "The keys here are not those it was written with: another machine's, or older than a change of keys. "
        "Next: carnet-node enrol --recover with a new code; this machine becomes a new node of the same site."
    )
    return [
        f"The database of {restored.site_code} is back, from {restored.origin}.",
        f"{facts.sets} change sets verify and {facts.records} records agree; {facts.unsent} sets had not been judged.",
        f"{restored.erasures} erasures were applied again.",
        "Nothing is written here until what may be missing is back.",
        then,
    ]
