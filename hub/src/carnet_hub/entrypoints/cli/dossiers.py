"""`dossiers`: what happened in a campaign before the law, and what is due when."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carnet_hub.core.campaigns.campaign_list import related_to
from carnet_hub.core.campaigns.dossiers import NOTED_EVENTS, CampaignEvent, Dossier, read_dossier, read_dossiers
from carnet_hub.core.campaigns.duties import Due, DutyFile, Standing, dues
from carnet_hub.core.campaigns.plan_desk import load_document
from carnet_hub.core.campaigns.recalls import file_plan, note, retract
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX
from carnet_hub.entrypoints.cli.days import parse_day
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of
from carnet_hub.entrypoints.cli.recalls import CampaignNo
from carnet_protocol.ids import parse_record_text
from carnet_protocol.kinds.fields import RETRACTION_REASONS
from carnet_protocol.legal_days import legal_day

if TYPE_CHECKING:
    from carnet_hub.bootstrap import HubApp

dossiers_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Campaigns before the law."
)

Country = Annotated[str, typer.Option(help="whose law")]
On = Annotated[str, typer.Option("--on", help="day, as 2026-09-25; today when left out", show_default=False)]
Reference = Annotated[str, typer.Option(help="number under which the paper is kept", show_default=False)]

_DUE_COLUMNS: Final = ("last_day", "campaign_no", "duty", "label_zh", "number", "standing", "done", "is_provisional")
_EVENT_COLUMNS: Final = (
    "happened_on",
    "event",
    "plan_version",
    "withdrawn_count",
    "reason",
    "explanation",
    "file_reference",
    "retracted",
    "id",
)
_RELATED: Final = {
    "supersedes": "It supersedes",
    "superseded_by": "It is superseded by",
    "parent": "It is a part of",
    "parts": "Its parts are",
}


@dossiers_app.command("list")
def list_(ctx: typer.Context, country: Country = "cn", as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every campaign in which something happened: its stage, and what is due next."""
    with hub_of(ctx) as app:
        rows = [_summary(one, _dues_of(app, one, country)) for one in _all(app).values()]
    columns = ("campaign_no", "stage", "versions", "events", "overdue", "next_duty", "next_day")
    emit_list("dossiers", rows, columns, as_json=as_json, xlsx=xlsx)


@dossiers_app.command("show")
def show(ctx: typer.Context, campaign_no: CampaignNo, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """What happened in a campaign, in the order of days."""
    with hub_of(ctx) as app:
        dossier = _one(app, campaign_no)
        related = related_to(app.hub, app.plans, campaign_no)
    rows = [_event_row(one) for one in dossier.events]
    result = {"campaign_no": campaign_no, "stage": dossier.stage, "related": related, "events": rows}
    if as_json:
        emit(result, as_json=True)
        return
    emit_list(f"{campaign_no}, stage {dossier.stage}", rows, _EVENT_COLUMNS, as_json=False, xlsx=xlsx)
    for name, numbers in related.items():
        if numbers:
            typer.echo(f"{_RELATED[name]} {', '.join(numbers)}.")


@dossiers_app.command("file")
def file(
    ctx: typer.Context, campaign_no: CampaignNo, on: On = "", reference: Reference = "", as_json: AsJson = False
) -> None:
    """Note that the imported plan was handed to the authority; its document is kept for ever."""
    with hub_of(ctx) as app:
        filed = file_plan(app.hub, app.plans, campaign_no, _day(app, on), file_reference=reference)
    text = f"{campaign_no}: plan version {filed.plan_version} filed on {filed.happened_on}, {filed.plan_hash.hex()}."
    emit(_event_row(filed), as_json=as_json, text=text)


@dossiers_app.command("note")
def note_(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    event: Annotated[str, typer.Argument(help=", ".join(NOTED_EVENTS))],
    *,
    on: On = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Write down what happened in a campaign."""
    with hub_of(ctx) as app:
        noted = note(app.hub, app.plans, campaign_no, event, _day(app, on), file_reference=reference)
    emit(_event_row(noted), as_json=as_json, text=f"{campaign_no}: {noted.event} on {noted.happened_on}.")


@dossiers_app.command("retract")
def retract_(
    ctx: typer.Context,
    event: Annotated[str, typer.Argument(help="id of the event, see `show`")],
    reason: Annotated[str, typer.Option(help=", ".join(RETRACTION_REASONS))] = "entered_in_error",
    as_json: AsJson = False,
) -> None:
    """Say that an event does not hold; it stays readable."""
    with hub_of(ctx) as app:
        found = retract(app.hub, parse_record_text(event), reason)
    emit(_event_row(found), as_json=as_json, text=f"{found.campaign_no}: {found.event} retracted ({found.retracted}).")


@dossiers_app.command("document")
def document(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    version: Annotated[int, typer.Argument(help="of the plan")],
    out: Annotated[Path, typer.Option(help="file to write", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Write the document of a plan that was filed or published, byte for byte."""
    with hub_of(ctx) as app:
        hashes = [name for name, number in _one(app, campaign_no).versions.items() if number == version]
        if not hashes:
            raise Unusable(f"{campaign_no} has no plan version {version}.", "Look at `dossiers show`.")
        app.files.replace(out, load_document(app.plans, hashes[0]), mode=0o644)
    result = {"campaign_no": campaign_no, "plan_version": version, "sha256": hashes[0], "file": out}
    emit(result, as_json=as_json, text=f"{out}: SHA-256 {hashes[0].hex()}")


@dossiers_app.command("due")
def due(
    ctx: typer.Context,
    campaign_no: Annotated[str, typer.Argument(help="one campaign; all when left out", show_default=False)] = "",
    *,
    country: Country = "cn",
    all_: Annotated[bool, typer.Option("--all", help="what was kept, too")] = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """What is due when, the overdue first."""
    with hub_of(ctx) as app:
        chosen = {campaign_no: _one(app, campaign_no)} if campaign_no else _all(app)
        rows = [
            {"campaign_no": number, **_due_row(one)}
            for number, dossier in chosen.items()
            for one in _dues_of(app, dossier, country)
            if all_ or one.standing in {Standing.WAITING, Standing.OVERDUE}
        ]
    rows.sort(key=lambda row: (row["last_day"], row["campaign_no"], row["duty"], row["number"]))
    emit_list("due", rows, _DUE_COLUMNS, as_json=as_json, xlsx=xlsx)


@dossiers_app.command("duties")
def duties(
    ctx: typer.Context,
    country: Country = "cn",
    source: Annotated[
        Path | None, typer.Option("--import", help="let the duties of this file count from now on")
    ] = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """What the law wants done in a recall, and where each term comes from."""
    with hub_of(ctx) as app:
        held = app.law.duties(country) if source is None else _import(app, source)
    rows = [{**asdict(one), "term": f"{one.term.count} {one.term.unit}"} for one in held.duties]
    columns = ("id", "label", "label_zh", "after", "term", "source", "is_verified")
    emit_list(f"duties of {held.country}, {held.version}", rows, columns, as_json=as_json, xlsx=xlsx)


def _import(app: "HubApp", source: Path) -> DutyFile:
    content = app.files.read(source, bytes_max=LAW_FILE_BYTES_MAX)
    if content is None:
        raise Unusable(f"There is no file {source}.", "Name the file of duties.")
    return app.law.put_duties(content)


def _all(app: "HubApp") -> Mapping[str, Dossier]:
    with app.hub.store.read() as snapshot:
        return read_dossiers(app.hub, snapshot)


def _one(app: "HubApp", campaign_no: str) -> Dossier:
    with app.hub.store.read() as snapshot:
        dossier = read_dossier(app.hub, snapshot, campaign_no)
    if not dossier.events:
        raise Unusable(f"Nothing happened in {campaign_no[:64]} yet.", "See `dossiers list`.")
    return dossier


def _dues_of(app: "HubApp", dossier: Dossier, country: str) -> tuple[Due, ...]:
    held = app.law.duties(country)
    return dues(held.duties, dossier.happened, app.law.calendar(country), legal_day(app.hub.clock.now_ms()))


def _day(app: "HubApp", text: str) -> date:
    return parse_day(text) if text else legal_day(app.hub.clock.now_ms())


def _summary(dossier: Dossier, found: tuple[Due, ...]) -> dict[str, Any]:
    waiting = next((one for one in found if one.standing is Standing.WAITING), None)
    return {
        "campaign_no": dossier.campaign_no,
        "stage": dossier.stage,
        "versions": len(dossier.versions),
        "events": len(dossier.standing),
        "overdue": sum(one.standing is Standing.OVERDUE for one in found),
        "next_duty": waiting.duty.label if waiting is not None else None,
        "next_day": waiting.last_day.isoformat() if waiting is not None else None,
    }


def _event_row(one: CampaignEvent) -> dict[str, Any]:
    return {
        "id": one.record,
        "campaign_no": one.campaign_no,
        "event": one.event,
        "happened_on": one.happened_on.isoformat(),
        "file_reference": one.file_reference or None,
        "plan_version": one.plan_version or None,
        "plan_hash": one.plan_hash.hex() or None,
        "withdrawn_count": one.withdrawn_count or None,
        "reason": one.grounds.reason or ", ".join(one.withdrawn_reasons) or None,
        "explanation": one.grounds.explanation or None,
        "retracted": one.retracted or None,
    }


def _due_row(one: Due) -> dict[str, Any]:
    return {
        "duty": one.duty.id,
        "label": one.duty.label,
        "label_zh": one.duty.label_zh,
        "number": one.number,
        "began": one.began.isoformat(),
        "last_day": one.last_day.isoformat(),
        "done": one.done.isoformat() if one.done is not None else None,
        "standing": one.standing.value,
        "source": one.duty.source,
        "is_provisional": one.is_provisional,
    }
