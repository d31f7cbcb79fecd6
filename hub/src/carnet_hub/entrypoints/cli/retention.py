"""`retention`: what is held and how long it stays, and a purge of what has outlived its term."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX
from carnet_hub.core.upkeep.erasing import scrub_files
from carnet_hub.core.upkeep.purging import Purged, purge_all, purge_customer
from carnet_hub.core.upkeep.retention_report import retention_rows
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, with_progress, working
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, parse_record_text
from carnet_protocol.retention import RetentionFile
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

retention_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="What is held, and how long."
)

COLUMNS: Final = ("class", "held", "verdict", "age_years", "count", "years", "is_statutory", "source")
CLASS_COLUMNS: Final = ("class", "purpose", "label", "label_zh", "years", "is_statutory", "source", "is_verified")

CONSEQUENCE: Final = (
    "What has outlived its term goes from the log, the tables and the files of this hub and of every node, for ever. "
    "There is no way back. What a law has kept stays."
)


@retention_app.command("report")
def report(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """What is held, counted by class and age: what has to stay, what may go. Nobody is named in it."""
    with hub_of(ctx) as app:
        classes = app.law.retention(app.settings.country)
        watched = partial(with_progress, "records", total=None, is_quiet=as_json)
        found = retention_rows(app.hub, classes, watched)
    rows = [
        {
            "class": one.governed_by.id,
            "held": one.held,
            "verdict": one.verdict,
            "age_years": one.age_years,
            "count": one.count,
            "years": one.governed_by.years,
            "is_statutory": one.governed_by.is_statutory,
            "source": one.governed_by.source,
        }
        for one in found
    ]
    emit_list("retention", rows, COLUMNS, as_json=as_json, xlsx=xlsx)


@retention_app.command("classes")
def classes(
    ctx: typer.Context,
    source: Annotated[Path | None, typer.Option("--import", help="let this file count from now on")] = None,
    *,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """How long what is held has to stay, and on what ground."""
    with hub_of(ctx) as app:
        if source is None:
            found = app.law.retention(app.settings.country)
        else:
            content = app.files.read(source, bytes_max=LAW_FILE_BYTES_MAX)
            if content is None:
                raise Unusable(f"There is no file {source}.", "Name the file of classes.")
            found = app.law.put_retention(content)
    emit_list("classes", _rows_of(found), CLASS_COLUMNS, as_json=as_json, xlsx=xlsx)


@retention_app.command("purge")
def purge(
    ctx: typer.Context,
    purpose: Annotated[str, typer.Option("--purpose", help="of the class, as `retention classes` names it")],
    *,
    customer: Annotated[str | None, typer.Option(help="id; of this customer alone, or refused with the reason")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take away what one purpose has no use for any more, here and at every node, for ever. No law's term is cut."""
    chosen = _record(customer) if customer is not None else None
    require_consent(CONSEQUENCE, is_agreed=yes, as_json=as_json)
    with hub_of(ctx) as app:
        found = app.law.retention(app.settings.country)
        if chosen is not None:
            steps = [purge_customer(app.hub, found, purpose, chosen)]
        else:
            watched = partial(with_progress, "customers", total=None, is_quiet=as_json)
            steps = list(purge_all(app.hub, found, purpose, watched))
        with working("scrubbing", is_quiet=as_json):
            scrub_files(app.hub)
    result = _sum(steps)
    text = (
        f"Purged at this hub: {result['persons']} customers as a whole, notes and messenger names of "
        f"{result['besides']} others, in {result['orders']} orders. Nodes follow with their next sync: `erasures list`."
    )
    emit({"purpose": purpose, **result}, as_json=as_json, text=text)


def _sum(steps: list[Purged]) -> dict[str, int]:
    return {
        "persons": sum(one.persons for one in steps),
        "besides": sum(one.besides for one in steps),
        "records": sum(one.records for one in steps),
        "orders": sum(one.orders for one in steps),
    }


def _rows_of(found: RetentionFile) -> list[dict[str, Any]]:
    return [
        {
            "class": one.id,
            "purpose": one.purpose,
            "label": one.label,
            "label_zh": one.label_zh,
            "years": one.years,
            "is_statutory": one.is_statutory,
            "source": one.source,
            "is_verified": one.is_verified,
        }
        for one in found.classes
    ]


def _record(text: str) -> RecordId:
    try:
        return parse_record_text(text)
    except BadValue as error:
        raise Unusable(f"{text[:40]} is no record id.", "Copy the customer's id from the dealer's list.") from error
