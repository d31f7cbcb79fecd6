"""`restored`: go on with a database that came out of a backup."""

import typer

from carnet_hub.bootstrap import open_restored_hub
from carnet_hub.entrypoints.cli.output import AsJson, emit, settings_of

restored_app = typer.Typer(rich_markup_mode=None, add_completion=False)


@restored_app.command()
def restored(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say that the database was restored: a new history begins at its end, and nodes offer again what is missing.

    Stop every process that serves this hub first, and run `rebuild --check` on the restored database. To run it twice
    does no harm: one more history begins.
    """
    app = open_restored_hub(settings_of(ctx))
    try:
        base = app.hub.histories[-1]
        result = {"hub_epoch": base.hub_epoch, "position": base.position, "histories": len(app.hub.histories)}
        text = (
            f"A new history begins behind position {base.position}.\n"
            "Nothing is lost that reached a node: each offers again what it has been told since, revocations and\n"
            "erasures first. Start `carnet-hub serve`, and look at `nodes list` until nobody is lagging.\n"
            "Decisions of yours after the backup that are no change sets (release, give up) have to be taken again."
        )
        emit(result, as_json=as_json, text=text)
    finally:
        app.close()
