"""`calendar`: the working days that terms of recall law are counted in."""

from pathlib import Path
from typing import Annotated

import typer

from carnet_hub.core.campaigns.working_days import Term, Unit, WorkingDays
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX
from carnet_hub.entrypoints.cli.days import parse_day
from carnet_hub.entrypoints.cli.output import AsJson, emit, hub_of

calendar_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Working days.")

Country = Annotated[str, typer.Option(help="of whose notices")]


@calendar_app.command("show")
def show(ctx: typer.Context, country: Country = "cn", as_json: AsJson = False) -> None:
    """The years of which a holiday notice is known."""
    with hub_of(ctx) as app:
        _emit(app.law.calendar(country), as_json=as_json)


@calendar_app.command("import")
def import_(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="the present file with a year added")],
    as_json: AsJson = False,
) -> None:
    """Let a newer calendar count."""
    with hub_of(ctx) as app:
        content = app.files.read(source, bytes_max=LAW_FILE_BYTES_MAX)
        if content is None:
            raise Unusable(f"There is no file {source}.", "Name the calendar file.")
        _emit(app.law.put_calendar(content), as_json=as_json)


@calendar_app.command("deadline")
def deadline(
    ctx: typer.Context,
    day: Annotated[str, typer.Argument(help="on which it happened, as 2026-09-25")],
    count: Annotated[int, typer.Argument(help="length of the term")],
    *,
    unit: Annotated[Unit, typer.Option(help="of the term")] = Unit.WORKING_DAY,
    country: Country = "cn",
    as_json: AsJson = False,
) -> None:
    """The last day of a term that something sets off."""
    with hub_of(ctx) as app:
        found = app.law.calendar(country).after(parse_day(day), Term(count, unit))
    text = f"{found.day}" + (" (provisional: no holiday notice of that year is known yet)" * found.is_provisional)
    emit({"day": found.day.isoformat(), "is_provisional": found.is_provisional}, as_json=as_json, text=text)


def _emit(calendar: WorkingDays, *, as_json: bool) -> None:
    first, last = min(calendar.years), max(calendar.years)
    result = {
        "country": calendar.country,
        "version": calendar.version,
        "years": sorted(calendar.years),
        "off": sorted(day.isoformat() for day in calendar.off),
        "worked": sorted(day.isoformat() for day in calendar.worked),
    }
    text = (
        f"Calendar {calendar.version} of {calendar.country}: {first} to {last}, {len(calendar.off)} weekdays off, "
        f"{len(calendar.worked)} weekend days worked. Later years are counted by weekends alone."
    )
    emit(result, as_json=as_json, text=text)
