"""`report`: reports to an authority, made, listed, checked against the log, and reminded of."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carnet_hub.adapters.report_files import parse_manifest
from carnet_hub.adapters.report_making import (
    KeptOutreach,
    Made,
    ReportDesk,
    make_again,
    make_report,
    recount,
    restated_by,
)
from carnet_hub.core.campaigns.dossiers import read_dossiers
from carnet_hub.core.campaigns.profile_report import Ask
from carnet_hub.core.campaigns.profiles import Profile
from carnet_hub.core.campaigns.report_calendar import Reminder, ReportDue, report_dues
from carnet_hub.core.campaigns.report_items import missing_in, parse_stated
from carnet_hub.core.failures import ExportDiffers, Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX, STATED_BYTES_MAX
from carnet_hub.entrypoints.cli.days import parse_day
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, with_progress
from carnet_hub.entrypoints.cli.recalls import CampaignNo
from carnet_hub.entrypoints.cli.typed_ids import parse_id
from carnet_protocol.ids import HASH_BYTES
from carnet_protocol.legal_days import legal_day
from carnet_storage.adapters.outputs import folder_to_make
from carnet_storage.entrypoints.cli.showing import stages

if TYPE_CHECKING:
    from carnet_hub.bootstrap import HubApp

report_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Reports to an authority."
)

_MADE_COLUMNS: Final = ("campaign_no", "profile", "as_of", "log_position", "restates", "restated_by", "manifest")
_DUE_COLUMNS: Final = (
    "last_day",
    "days_left",
    "reminder",
    "campaign_no",
    "profile",
    "number",
    "period_start",
    "period_end",
    "filed",
    "is_provisional",
)


@report_app.command("make")
def make(
    ctx: typer.Context,
    profile: Annotated[str, typer.Argument(help="which report, see `profiles`", show_default=False)],
    campaign_no: CampaignNo,
    out: Annotated[Path, typer.Option("--out", help="folder to make; it must not exist yet", callback=folder_to_make)],
    *,
    as_of: Annotated[str, typer.Option(help="day, as 2026-09-25; today when left out", show_default=False)] = "",
    position: Annotated[int | None, typer.Option(help="of the log; the last of the day when left out")] = None,
    stated: Annotated[Path | None, typer.Option(help="TOML file of items that nobody can derive")] = None,
    restates: Annotated[Path | None, typer.Option(help="folder of the report that this one corrects")] = None,
    as_json: AsJson = False,
) -> None:
    """Count a campaign and write a signed report; the same question always gives the same bytes."""
    with hub_of(ctx) as app:
        chosen = app.profiles.profile(profile)
        ask = Ask(
            chosen,
            campaign_no,
            parse_day(as_of) if as_of else None,
            position,
            _stated(app, chosen, stated) if stated is not None else {},
            restated_by(app.files, restates, app.keyring.export.public_pem()) if restates is not None else None,
        )
        stages(is_quiet=as_json)(f"counting {campaign_no} ...")
        made = make_report(_desk(app), ask, out, _watched(is_quiet=as_json))
    emit(_made_result(made, out), as_json=as_json, text=_made_text(made, out))


@report_app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """The reports that were made here, and by which others each was restated, in the order of the log."""
    with hub_of(ctx) as app:
        facts = {name: parse_manifest(manifest)[0] for name, manifest in app.reports.manifests().items()}
    corrections: dict[str, list[str]] = {}
    for name, held in sorted(facts.items(), key=lambda one: (int(one[1].get("log-position", "0")), one[0])):
        corrections.setdefault(held.get("restates", ""), []).append(name)
    rows = [
        {
            "campaign_no": held.get("campaign"),
            "profile": held.get("profile"),
            "as_of": held.get("as-of"),
            "log_position": int(held.get("log-position", "0")),
            "restates": held.get("restates"),
            "restated_by": corrections.get(name, []),
            "manifest": name,
        }
        for name, held in facts.items()
    ]
    rows.sort(key=lambda row: (str(row["campaign_no"]), str(row["as_of"]), row["log_position"], row["manifest"]))
    emit_list("reports", rows, _MADE_COLUMNS, as_json=as_json, xlsx=xlsx)


@report_app.command("profiles")
def profiles(
    ctx: typer.Context,
    source: Annotated[
        Path | None, typer.Option("--import", help="let the profile in this file count from now on")
    ] = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Which reports can be made, for which authority, and where their items come from.

    Exit code 4: listed but for profiles whose files are damaged; they are named.
    """
    with hub_of(ctx) as app:
        if source is not None:
            app.profiles.put(_content(app, source, LAW_FILE_BYTES_MAX))
        rows, damaged = [_profile_row(one) for one in app.profiles.profiles()], app.profiles.damaged()
    columns = ("profile", "version", "country", "label_zh", "label", "items", "is_verified", "source")
    emit_list("profiles", rows, columns, as_json=as_json, xlsx=xlsx)
    _end_naming(damaged)


@report_app.command("due")
def due(
    ctx: typer.Context,
    within: Annotated[int | None, typer.Option(min=0, help="only what is overdue, or due in so many days")] = None,
    *,
    country: Annotated[str, typer.Option(help="whose law; the hub's own when left out", show_default=False)] = "",
    all_: Annotated[bool, typer.Option("--all", help="what was filed, too")] = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Which reports are due when, the overdue first: a reminder for whoever looks every morning.

    Exit code 4: listed but for reports of profiles whose files are damaged; they are named.
    """
    with hub_of(ctx) as app:
        whose = country or app.settings.country
        damaged = app.profiles.damaged()
        found = [one for chosen in app.profiles.profiles() if chosen.country == whose for one in _dues(app, chosen)]
    chosen_rows = [
        one
        for one in found
        if (all_ or one.reminder is not Reminder.DONE) and (within is None or one.days_left <= within)
    ]
    chosen_rows.sort(key=lambda one: (one.last_day, one.campaign_no, one.profile, one.number))
    emit_list("reports due", [_due_row(one) for one in chosen_rows], _DUE_COLUMNS, as_json=as_json, xlsx=xlsx)
    _end_naming(damaged)


@report_app.command("verify")
def verify(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="folder of a report that was made here")],
    as_json: AsJson = False,
) -> None:
    """Check a report of this hub, then count it again from the log and compare every file, byte for byte."""
    with hub_of(ctx) as app:
        pem = app.keyring.export.public_pem()
        stages(is_quiet=as_json)("counting again ...")
        found = recount(_desk(app), folder, pem, _watched(is_quiet=as_json))
    if found.differing:
        raise ExportDiffers(found.differing[0], "counted again from the log, it comes out otherwise")
    result = {"is_same": not found.drawn, "manifest": found.manifest, "drawn_otherwise": list(found.drawn)}
    text = f"{folder}: the same, counted again at position {found.ask.position}."
    if found.drawn:
        text += f"\nDrawn otherwise by this version, from the same figures: {', '.join(found.drawn)}."
    emit(result, as_json=as_json, text=text)


@report_app.command("again")
def again(
    ctx: typer.Context,
    report: Annotated[str, typer.Argument(help="SHA-256 of its manifest, see `report list`", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="folder to make; it must not exist yet", callback=folder_to_make)],
    as_json: AsJson = False,
) -> None:
    """Make a report once more whose folder was lost, byte for byte: after a restore, to publish it again."""
    name = parse_id(report, size=HASH_BYTES, called="SHA-256 of a manifest", listed_by="report list")
    with hub_of(ctx) as app:
        stages(is_quiet=as_json)("counting again ...")
        made = make_again(_desk(app), name, out, _watched(is_quiet=as_json))
    result = {"manifest": report, "folder": str(out), "is_same": made.is_same, "drawn_otherwise": list(made.drawn)}
    text = f"{out}: {made.ask.profile.name} of {made.ask.campaign_no}, the same in every byte."
    if not made.is_same:
        text = f"{out}: the same figures under another manifest"
        text += f", drawn otherwise by this version: {', '.join(made.drawn)}." if made.drawn else ", by another key."
    emit(result, as_json=as_json, text=text)


def _end_naming(damaged: Mapping[str, Unusable]) -> None:
    """End with 4 when profiles are damaged, each named on stderr: what else was asked for has been printed."""
    for name, failure in damaged.items():
        typer.echo(f"The profile {name} is left out. {failure.what} {failure.next}", err=True)
    if damaged:
        raise typer.Exit(Exit.INCOMPLETE)


def _desk(app: "HubApp") -> ReportDesk:
    return ReportDesk(app.hub, app.segments, KeptOutreach(app.hub), app.keyring.export, app.reports, app.files)


def _watched(*, is_quiet: bool) -> Any:
    def shown(members: Iterable[str], total: int) -> Iterable[str]:
        """The members with a bar beside them."""
        return with_progress("writing", members, total=total, is_quiet=is_quiet)

    return shown


def _stated(app: "HubApp", profile: Profile, source: Path) -> dict[str, Any]:
    try:
        text = _content(app, source, STATED_BYTES_MAX).decode()
    except UnicodeDecodeError as failure:
        raise Unusable(f"{source} is no UTF-8 text.", "Save it as UTF-8.") from failure
    return dict(parse_stated(text, profile))


def _content(app: "HubApp", source: Path, bytes_max: int) -> bytes:
    content = app.files.read(source, bytes_max=bytes_max)
    if content is None:
        raise Unusable(f"There is no file {source}.", "Name the file.")
    return content


def _dues(app: "HubApp", profile: Profile) -> list[ReportDue]:
    today = legal_day(app.hub.clock.now_ms())
    with app.hub.store.read() as snapshot:
        dossiers = read_dossiers(app.hub, snapshot)
    duties = app.law.duties(profile.country).duties if profile.duty else ()
    calendar = app.law.calendar("cn")
    return [
        one
        for held in dossiers.values()
        for one in report_dues(profile, held, duties, calendar, today, country=app.settings.country)
    ]


def _made_result(made: Made, out: Path) -> dict[str, Any]:
    report, withdrawal = made.report, made.report.dossier.withdrawal
    return {
        "profile": report.ask.profile.name,
        "campaign_no": report.ask.campaign_no,
        "folder": str(out),
        "as_of": report.moment.as_of.isoformat(),
        "log_position": report.moment.position,
        "report_no": report.period.number,
        "involved": report.progress.member_count,
        "remedied": report.progress.completed_count,
        "missing": missing_in(report.lines),
        "absent": list(report.record.absent),
        "campaign_withdrawn_on": withdrawal.happened_on.isoformat() if withdrawal is not None else None,
        "restates": report.ask.restated.manifest if report.ask.restated is not None else None,
        "manifest": made.manifest,
    }


def _made_text(made: Made, out: Path) -> str:
    report, missing = made.report, missing_in(made.report.lines)
    counts = f"{report.progress.completed_count} of {report.progress.member_count} remedied"
    lines = [f"{out}: {counts} as of {report.moment.as_of}, log position {report.moment.position}."]
    withdrawal = report.dossier.withdrawal
    if withdrawal is not None:
        reason = f" ({withdrawal.grounds.reason})" if withdrawal.grounds.reason else ""
        lines.append(f"The campaign was withdrawn on {withdrawal.happened_on}{reason}; the report says so.")
    if missing:
        lines.append(f"Required and not known: {', '.join(missing)}.")
    lines.append(f"Its manifest has the SHA-256 {made.manifest}.")
    return "\n".join(lines)


def _profile_row(profile: Profile) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "version": profile.version,
        "country": profile.country,
        "form": profile.form.value,
        "label": profile.label,
        "label_zh": profile.label_zh,
        "items": len(profile.items),
        "is_verified": profile.is_verified,
        "source": profile.source,
    }


def _due_row(one: ReportDue) -> dict[str, Any]:
    return {
        "campaign_no": one.campaign_no,
        "profile": one.profile,
        "number": one.number,
        "period_start": one.period_start.isoformat(),
        "period_end": one.period_end.isoformat(),
        "last_day": one.last_day.isoformat(),
        "days_left": one.days_left,
        "reminder": one.reminder.value,
        "standing": one.standing.value,
        "filed": one.filed.isoformat() if one.filed is not None else None,
        "is_provisional": one.is_provisional,
    }
