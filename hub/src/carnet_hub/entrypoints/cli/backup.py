"""`backup` and `restore`: what backups the hub has, whether they work, and the way back.

Exit codes as everywhere: 0 done; 1 refused or found wrong, nothing changed; 2 wrong usage; 3 busy. `backup status` ends
with 1 when something about the backups is wrong, `backup drill` when a drill failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from carnet_hub.adapters.system import SystemClock
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_hub.entrypoints.cli.output import AsJson, emit, emit_list, hub_of, settings_of
from carnet_hub.entrypoints.cli.restored import CODES_ENDED, NO_MARK
from carnet_hub.settings import HubSettings
from carnet_storage.core.telling import Json, parse_instant
from carnet_storage.entrypoints.cli.backup import At, BackupCommands, CopyName, Origin, Source, is_copy_wanted
from carnet_storage.entrypoints.cli.showing import counting, stages

if TYPE_CHECKING:
    from carnet_hub.adapters.restoring import Restored
    from carnet_storage.adapters.service import BackupParts
    from carnet_storage.core.plan import Plan

backup_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Backups of the hub's database."
)
restore_app = typer.Typer(rich_markup_mode=None, add_completion=False)


def _plan_of(settings: HubSettings) -> "Plan":
    from carnet_hub.adapters.backups import plan_of  # noqa: PLC0415  (a status looks at no target)

    return plan_of(settings)


@contextmanager
def _parts_of(ctx: typer.Context) -> Iterator["BackupParts"]:
    with hub_of(ctx) as app:
        yield app.backup_parts()


def restore(
    ctx: typer.Context,
    *,
    origin: Origin = "",
    at: At = None,
    name: CopyName = None,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Bring a lost database back, prove it, begin a new hub epoch; never overwrites one. The keys must be there."""
    from carnet_hub.bootstrap import restore_hub  # noqa: PLC0415  (a status restores nothing)
    from carnet_storage.adapters.fetching import Choice  # noqa: PLC0415  (likewise)

    settings = settings_of(ctx)
    choice = Choice(
        is_copy=is_copy_wanted(origin, name, settings),
        source=source,
        at_ms=None if at is None else parse_instant(at),
        copy_name=name,
    )
    with counting("restoring", is_quiet=as_json) as progress:
        restored = restore_hub(settings, choice, stage=stages(is_quiet=as_json), progress=progress)
    emit(_restored_json(restored), as_json=as_json, text="\n".join(_restored_lines(restored)))


BackupCommands(
    settings_of,
    _plan_of,
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
        "entries": restored.entries,
        "position": restored.position,
        "orders": restored.orders,
        "unread": list(restored.unread),
        "files": restored.files,
        "knows_ended": restored.knows_ended,
    }


def _orders_line(count: int) -> str:
    if not count:
        return "No newer backup knows a later order of the hub; what nodes have read of yours they bring back."
    return f"{count} later orders of the hub were taken from newer backups and hold again."


def _restored_lines(restored: "Restored") -> list[str]:
    unread = restored.unread
    return [
        f"The hub's database is back, from {restored.origin}.",
        f"{restored.entries} log entries verify, and the tables agree with them, up to position {restored.position}.",
        _orders_line(restored.orders),
        f"{restored.files} recall lists and plans were put back beside it.",
        *([] if restored.knows_ended else [NO_MARK]),
        *(f"{one} An order that stands only there and that no node has read has to be given again." for one in unread),
        "A new hub epoch has begun: nodes notice, and offer again what lies behind that position.",
        "Parked sets that you released or gave up since then have to be decided again: `carnet-hub quarantine list`.",
        CODES_ENDED,
        "Next: carnet-hub serve, and look at `carnet-hub nodes list` until no node is `not back` or lagging.",
    ]
