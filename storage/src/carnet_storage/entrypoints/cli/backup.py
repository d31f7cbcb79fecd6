"""`backup`: what backups there are and whether they work, for every program that makes them.

A program supplies who it is (`BackupCommands`) and adds its own `restore`, because only it knows what a database that
came back must prove. Decides that `backup status` ends in failure when something about the backups is wrong, and
`backup drill` when a drill failed.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, Protocol, TypeVar

import typer

from carnet_storage.adapters.planning import missing_targets
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.failures import FolderMissing
from carnet_storage.core.plan import Plan
from carnet_storage.core.ports import Clock
from carnet_storage.core.telling import Json, drill_json, drill_line, status_json, status_lines
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent
from carnet_storage.entrypoints.cli.showing import AsJson, Xlsx, counting, working
from carnet_storage.settings import BackupSettings

if TYPE_CHECKING:
    from carnet_storage.adapters.service import BackupParts

Origin = Annotated[str, typer.Option("--from", help="litestream or copy; litestream when it is set")]
At = Annotated[str | None, typer.Option("--at", help="the newest state not younger, as 2026-11-22T17:30:00Z")]
CopyName = Annotated[str | None, typer.Option("--name", help="exactly this copy")]
Anew = Annotated[
    bool, typer.Option("--anew", help="give up the replica whose disk is gone, and begin another; asks first")
]
Source = Annotated[str | None, typer.Option("--source", help="id of the machine, when a target holds several")]

_COLUMNS: Final = ("kind", "name", "source", "epoch", "from", "to")
_LITESTREAM: Final = "litestream"
_COPY: Final = "copy"
_GIVEN_UP: Final = (
    "A new replica begins in the folder, and the one on the missing disk is not continued. "
    "That disk stays as it is: what it holds can still be restored from it."
)

S = TypeVar("S", bound=BackupSettings)


class Emit(Protocol):
    """How the program prints one result."""

    def __call__(self, result: Any, *, as_json: bool, text: str | None = None) -> None:
        """Print `result` for programs, or `text` for people."""
        ...


class EmitList(Protocol):
    """How the program prints a list."""

    def __call__(
        self, title: str, rows: Sequence[Json], columns: Sequence[str], *, as_json: bool, xlsx: Path | None
    ) -> None:
        """Print the rows, and write them to a workbook if one was named."""
        ...


@dataclass(frozen=True, slots=True)
class BackupCommands(Generic[S]):
    """The commands of one program.

    Attributes:
        settings_of: of this call.
        plan_of: what they ask for.
        parts_of: what backups of the living database work with; let go of afterwards.
        found_wrong: exit code when something is wrong with the backups.
    """

    settings_of: Callable[[typer.Context], S]
    plan_of: Callable[[S], Plan]
    parts_of: Callable[[typer.Context], AbstractContextManager["BackupParts"]]
    clock: Clock
    emit: Emit
    emit_list: EmitList
    found_wrong: int

    def add_to(self, group: typer.Typer) -> None:
        """Put `status`, `prepare`, `now`, `drill` and `list` into a group."""
        group.command("status")(self.show_status)
        group.command("prepare")(self.prepare)
        group.command("now")(self.make_now)
        group.command("drill")(self.drill)
        group.command("list")(self.list_backups)

    def show_status(self, ctx: typer.Context, *, as_json: AsJson = False) -> None:
        """What is confirmed, how far behind it is, and when a restore was last tried."""
        settings, now_ms = self.settings_of(ctx), self.clock.now_ms()
        if not settings.data_dir.is_dir():
            raise FolderMissing(str(settings.data_dir))
        status, is_set, gone = read_status(settings.backup_dir), settings.has_target, missing_targets(settings)
        told = status_json(status, now_ms, is_target_set=is_set, gone=gone)
        text = "\n".join(status_lines(status, now_ms, is_target_set=is_set, gone=gone))
        self.emit(told, as_json=as_json, text=text)
        if any(one["is_wrong"] for one in told["concerns"]):
            raise typer.Exit(self.found_wrong)

    def prepare(self, ctx: typer.Context, *, anew: Anew = False, yes: Yes = False, as_json: AsJson = False) -> None:
        """Make the folders that backups go to; nothing else makes them, because a missing one may be a missing disk."""
        from carnet_storage.adapters.preparing import prepare_folders  # noqa: PLC0415  (as below)

        plan = self.plan_of(self.settings_of(ctx))
        aside = self._give_up(ctx, plan, is_agreed=yes, as_json=as_json) if anew else None
        made = prepare_folders(plan)
        lines = [f"{one.folder} {'was made.' if one.is_new else 'is there.'}" for one in made]
        lines += [] if aside is None else [f"What lay there was set aside as {aside}."]
        lines += ["A new replica begins there at the next `serve`."] if anew else []
        told = {
            "folders": [{"folder": str(one.folder), "is_new": one.is_new} for one in made],
            "is_anew": anew,
            "set_aside": None if aside is None else str(aside),
        }
        self.emit(told, as_json=as_json, text="\n".join(lines))

    def _give_up(self, ctx: typer.Context, plan: Plan, *, is_agreed: bool, as_json: bool) -> Path | None:
        from carnet_storage.adapters.preparing import forget_replica  # noqa: PLC0415  (as below)

        settings = self.settings_of(ctx)
        if not settings.data_dir.is_dir():
            raise FolderMissing(str(settings.data_dir))
        require_consent(_GIVEN_UP, is_agreed=is_agreed, as_json=as_json)
        return forget_replica(plan, settings.backup_dir)

    def make_now(self, ctx: typer.Context, *, as_json: AsJson = False) -> None:
        """Make an encrypted copy now."""
        from carnet_storage.adapters.service import copy_now  # noqa: PLC0415  (a status needs no client of a store)

        with self.parts_of(ctx) as parts, counting("copying the database", is_quiet=as_json) as progress:
            made = copy_now(parts, progress)
        self.emit(
            {"name": made.name.text, "bytes": made.bytes, "removed": made.removed},
            as_json=as_json,
            text=f"{made.name.text} is stored ({made.bytes // 1024} KiB); {made.removed} old ones are gone.",
        )

    def drill(self, ctx: typer.Context, *, as_json: AsJson = False) -> None:
        """Restore the newest backup of every target into a scratch file and compare it with the living database."""
        from carnet_storage.adapters.service import drill_now  # noqa: PLC0415  (as above)

        with self.parts_of(ctx) as parts, working("restoring into a scratch file and comparing", is_quiet=as_json):
            reports = drill_now(parts)
        self.emit(
            {"drills": [drill_json(one) for one in reports]},
            as_json=as_json,
            text="\n".join(map(drill_line, reports)),
        )
        if any(one.problem is not None for one in reports):
            raise typer.Exit(self.found_wrong)

    def list_backups(
        self, ctx: typer.Context, *, source: Source = None, as_json: AsJson = False, xlsx: Xlsx = None
    ) -> None:
        """Every moment that can be restored; what a target without an answer holds is missing, and said so."""
        from carnet_storage.adapters.listing import backup_rows  # noqa: PLC0415  (as above)

        settings = self.settings_of(ctx)
        with working("asking the targets", is_quiet=as_json):
            rows, missing = backup_rows(self.plan_of(settings), settings.backup_dir, source)
        self.emit_list("backups", rows, _COLUMNS, as_json=as_json, xlsx=xlsx)
        if missing is not None:
            for sentence in (missing.what, missing.safe, missing.next):
                typer.echo(sentence, err=True)
            raise typer.Exit(self.found_wrong)


def is_copy_wanted(origin: str, copy_name: str | None, settings: BackupSettings) -> bool:
    """Whether a restore comes from an encrypted copy: it was named, or nothing else was asked for or set.

    Raises:
        BadParameter: `origin` is neither empty nor one of the two words.
    """
    if origin not in ("", _LITESTREAM, _COPY):
        raise typer.BadParameter(f"give --from {_LITESTREAM} or --from {_COPY}")
    return origin == _COPY or copy_name is not None or (not origin and not settings.backup_replicate_to)
