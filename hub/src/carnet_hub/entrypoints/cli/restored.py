"""`restored`: go on with a database that came out of a backup."""

from typing import Final

import typer

from carnet_hub.entrypoints.cli.output import AsJson, emit, settings_of
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

CONSEQUENCE: Final = (
    "A new history of this hub begins at the end of this database, and there is no way back to the one before. Every "
    "node reads all of it again. This is for a database that came out of a backup, and for nothing else."
)

NO_MARK: Final = (
    "No list of this hub's histories lay in keys/high-water.json: one that began after this backup, and that no newer "
    "backup knows, is unknown. Nothing is lost by that; a site that has only sticks needs a line once."
)
CODES_ENDED: Final = "One-time codes that nobody had used before this backup are void: hand out new ones."

restored_app = typer.Typer(rich_markup_mode=None, add_completion=False)


@restored_app.command()
def restored(ctx: typer.Context, yes: Yes = False, as_json: AsJson = False) -> None:
    """Say that the database was restored: a new history begins at its end, and nodes offer again what is missing.

    Run `rebuild --check` on the restored database first. A process that still serves the history before turns everybody
    away until it is started anew. To run it twice does no harm: one more history begins.
    """
    from carnet_hub.bootstrap import open_restored_hub  # noqa: PLC0415  (a help page opens no database)

    require_consent(CONSEQUENCE, is_agreed=yes, as_json=as_json)
    app = open_restored_hub(settings_of(ctx))
    try:
        base, mark = app.hub.histories[-1], app.mark.read()
        knows_ended = mark is not None and bool(mark.branches)
        result = {
            "hub_epoch": base.hub_epoch,
            "position": base.position,
            "histories": len(app.hub.known_histories),
            "knows_ended": knows_ended,
        }
        text = (
            f"A new history begins behind position {base.position}.\n"
            "Nothing is lost that reached a node: each offers again what it has been told since, revocations and\n"
            "erasures first. Start `carnet-hub serve`, and look at `nodes list` until none is `not back` or lagging.\n"
            f"Parked sets that you released or gave up after the backup have to be decided again.\n{CODES_ENDED}"
        )
        text += "" if knows_ended else f"\n{NO_MARK}"
        emit(result, as_json=as_json, text=text)
    finally:
        app.close()
