"""`master relink`: all customers weighed again, the differences proposed.

Exit codes: 0 the run has ended, whatever it proposed; 1 packages are missing, another run has the folder, another model
became active meanwhile, or the engine gave up; 3 the database is busy; 130 stopped with Ctrl-C. After 1, 3 and 130 the
same command goes on where it was.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from carnet_hub.adapters.relink_opening import Engine, open_engine, require_packages
from carnet_hub.adapters.relink_scratch import PRIVATE_FOLDER_MODE, NoteFile, scratch_folder
from carnet_hub.core.failures import Unusable
from carnet_hub.core.identities.own_frequencies import learn_frequencies
from carnet_hub.core.stewardship.models_in_use import files_in_use
from carnet_hub.core.stewardship.relinking import Relinked, Stage, Tell, relink
from carnet_hub.entrypoints.cli.output import AsJson, emit, hub_of, working

_SAYS = {
    Stage.EXPORT: "reading customers",
    Stage.PAIRS: "weighing pairs",
    Stage.LINKS: "looking at links",
}


def relink_(
    ctx: typer.Context,
    *,
    engine: Annotated[Engine, typer.Option("--engine", help="duckdb on this machine, or Spark")] = Engine.DUCKDB,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="only count what would be proposed")] = False,
    spark_master: Annotated[
        str, typer.Option("--spark-master", envvar="CARNET_HUB_SPARK_MASTER", help="URL of a cluster")
    ] = "",
    train: Annotated[
        Path | None, typer.Option("--train", help="only write models with this hub's own names into a folder")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Weigh all customers again and propose the differences; nothing is linked or taken apart by it."""
    if train is not None:
        _train(ctx, train, as_json=as_json)
        return
    require_packages(engine)
    with hub_of(ctx) as app, scratch_folder(app.settings.data_dir) as folder, _told(is_quiet=as_json) as tell:
        opened = open_engine(engine, folder, files_in_use(app.hub), app.hub.entropy, spark_master=spark_master)
        with closing(opened):
            notes = NoteFile(app.settings.data_dir, app.files)
            outcome = relink(app.hub, opened, notes, tell=tell, is_dry=is_dry)
    emit(_row(outcome), as_json=as_json, text=_text(outcome))


def _train(ctx: typer.Context, folder: Path, *, as_json: bool) -> None:
    """Write the models in use with this hub's own frequencies of names; none of them weighs anybody yet."""
    with hub_of(ctx) as app, working("counting names", is_quiet=as_json):
        learned = learn_frequencies(app.hub, files_in_use(app.hub))
        paths = {kind: folder / f"{kind}.json" for kind in learned}
        taken = next((path for path in paths.values() if path.exists()), None)
        if taken is not None:
            raise Unusable(f"{taken} is there already.", "Name another folder.")
        folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        for kind, path in paths.items():
            app.files.replace(path, learned[kind].content)
    told = {
        kind: {"file": str(paths[kind]), "customers": one.parties, "names": one.names} for kind, one in learned.items()
    }
    lines = [f"{path}: learned from {learned[kind].parties} customers." for kind, path in paths.items()]
    lines += ["Nobody is weighed by it yet: `master model check`, `sign` and `activate` come next."] if lines else []
    emit(
        {"trained": told},
        as_json=as_json,
        text="\n".join(lines) or "Too few customers to learn from; the models in use stay.",
    )


def _row(outcome: Relinked) -> dict[str, Any]:
    return {
        "position": outcome.position,
        "resumed": outcome.is_resumed,
        "dry_run": outcome.is_dry,
        "looked_at": outcome.looked_at,
        "proposed": dict(outcome.proposed),
        "proposed_before": outcome.before,
    }


def _text(outcome: Relinked) -> str:
    causes = ", ".join(f"{cause} {count}" for cause, count in outcome.proposed.items())
    total = sum(outcome.proposed.values())
    would = "would be proposed" if outcome.is_dry else "proposed"
    lines = [f"{total} pairs {would}{f': {causes}' if causes else ''}. Nothing was linked or taken apart."]
    if outcome.is_resumed:
        lines.append(f"This run went on where another had stopped; that one had proposed {outcome.before}.")
    if total and not outcome.is_dry:
        lines.append("They wait in `master queue`.")
    return "\n".join(lines)


@contextmanager
def _told(*, is_quiet: bool) -> Iterator[Tell]:
    """Bars on stderr when somebody is watching."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console  # noqa: PLC0415  (nobody watches a job of the night)
    from rich.progress import Progress, TaskID  # noqa: PLC0415  (likewise)

    with Progress(console=Console(stderr=True)) as bars:
        tasks: dict[Stage, TaskID] = {}

        def tell(stage: Stage, done: int, total: int) -> None:
            """Show how far a stage has come, in a bar of its own."""
            if stage not in tasks:
                tasks[stage] = bars.add_task(_SAYS[stage], total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield tell
