"""`recalls owners`, `notify`, `contacted`, `contacts`, `retract-contact`: who is told of a recall, and what was tried.

Decides that values of owners stand in the named folder alone: a list on the screen names cars and reasons.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from carnet_hub.adapters.member_files import read_listed
from carnet_hub.adapters.notice_files import POSTED_NAME, TEXTED_NAME, NoticeFolder
from carnet_hub.adapters.profile_files import province_names
from carnet_hub.core.campaigns.noting_contacts import Tried, note_attempts, retract_attempt
from carnet_hub.core.campaigns.outreach import Notice, Telling, begin_round
from carnet_hub.core.campaigns.recalls import require_campaign
from carnet_hub.core.campaigns.stop_sales import stopped_cars
from carnet_hub.core.counting.contacts import Attempt, campaign_attempts
from carnet_hub.core.outside.access_ledger import NOTICES, note_access, operator_access, refusals_noted
from carnet_hub.core.shown import shown_records
from carnet_hub.entrypoints.cli.days import parse_day
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text, with_progress
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import CONTACT_CHANNELS, CONTACT_RESULTS
from carnet_protocol.kinds.fields import RETRACTION_REASONS
from carnet_protocol.legal_days import legal_day
from carnet_storage.adapters.outputs import folder_to_make

outreach_app = typer.Typer(rich_markup_mode=None, add_completion=False)

CampaignNo = Annotated[str, typer.Argument(help="number of a published campaign", show_default=False)]
Again = Annotated[bool, typer.Option("--again", help="also those who could not be reached")]
_CONTACT_COLUMNS: Final = ("vin", "at", "channel", "result", "by", "retracted", "contact_id")
_STOPPED_COLUMNS: Final = ("vin", "site", "plan_version", "acknowledged_at", "staff_no")
_COLUMNS: Final = ("vin", "state", "telling", "site", "has_letter", "has_sms", "confidence", "as_of")


class Language(StrEnum):
    """What letters and text messages are written in."""

    ZH = "zh"
    EN = "en"


@outreach_app.command("owners")
def owners(
    ctx: typer.Context, campaign_no: CampaignNo, *, again: Again = False, as_json: AsJson = False, xlsx: Xlsx = None
) -> None:
    """Whether the owner of each open car can be told, and why not; without any name, number or address."""
    with hub_of(ctx) as app, app.hub.store.read() as snapshot:
        told = begin_round(app.hub, app.segments, snapshot, campaign_no, again=again)
        shown = with_progress("owners", told.notices, total=told.open_count, is_quiet=as_json)
        rows = [_row(one, told.site_codes.get(one.site or b"", "")) for one in shown]
    emit_list("owners", rows, _COLUMNS, as_json=as_json, xlsx=xlsx)


@outreach_app.command("notify")
def notify(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    out: Annotated[Path, typer.Option("--out", help="folder to make; it must not exist yet", callback=folder_to_make)],
    *,
    by: Annotated[str, typer.Option("--by", help="code of the person who takes them out", show_default=False)],
    language: Annotated[Language, typer.Option(help="of letters and text messages")] = Language.ZH,
    again: Again = False,
    has_sms: Annotated[bool, typer.Option("--sms/--no-sms", help="word text messages as well")] = True,
    as_json: AsJson = False,
) -> None:
    """Write letters to print, and a workbook for mail merge and text messages. Nobody but you can read the folder.

    It holds values of owners, so `regulator accesses` says who had it made, before the first of them is written.
    """
    counts: Counter[str] = Counter()
    access = operator_access(NOTICES, campaign_no, by)
    with hub_of(ctx) as app, app.hub.store.read() as snapshot:
        told = begin_round(app.hub, app.segments, snapshot, campaign_no, again=again)
        day = legal_day(app.hub.clock.now_ms())
        folder = NoticeFolder(out, told, day, language.value, provinces=province_names(), has_sms=has_sms)
        shown = with_progress("writing", told.notices, total=told.open_count, is_quiet=as_json)
        with refusals_noted(app.hub, access):
            note_access(app.hub, access)
            folder.write(_counted(one, counts) for one in shown)
    result = {
        "campaign_no": campaign_no,
        "folder": str(out),
        "log_position": told.position,
        "cars": sum(counts.values()),
        "letters": folder.letter_count,
        "letter_files": folder.file_count,
        "sms": folder.sms_count,
        "sms_segments": folder.segment_count,
        "telling": dict(sorted(counts.items())),
    }
    text = (
        f"{out}: {folder.letter_count} letters in {folder.file_count} files, {folder.sms_count} text messages; "
        f"{sum(counts.values())} cars in owners.xlsx. {_frame_numbers(counts)}"
        "It holds personal data: delete it when the letters are posted. "
        f"Next: {_next_step(campaign_no, out, folder)}."
    )
    emit(result, as_json=as_json, text=text)


def _frame_numbers(counts: Mapping[str, int]) -> str:
    """What is to be done about cars whose owners no list can name; nothing where there are none."""
    count = counts.get(Telling.FRAME_NUMBER.value, 0)
    if not count:
        return ""
    return f"{count} of them are listed by a frame number: their owners are at the dealers alone, so ask these. "


def _next_step(campaign_no: str, out: Path, folder: NoticeFolder) -> str:
    """What is typed once the letters and messages are on their way; only for what there is."""
    sent = (
        (folder.letter_count, POSTED_NAME, "post"),
        (folder.sms_count, TEXTED_NAME, "sms"),
    )
    typed = [
        f"`recalls contacted {campaign_no} {out / name} --channel {channel} --result sent`"
        for count, name, channel in sent
        if count
    ]
    return " and ".join(typed) or "nobody was written to; telephone those in owners.xlsx"


@outreach_app.command("contacted")
def contacted(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    source: Annotated[Path, typer.Argument(help="list of vehicles: .txt, .csv or .xlsx with a column VIN")],
    *,
    channel: Annotated[str, typer.Option(help=", ".join(CONTACT_CHANNELS))] = "post",
    result: Annotated[str, typer.Option(help=", ".join(CONTACT_RESULTS))] = "sent",
    on: Annotated[str, typer.Option(help="day, as 2026-09-25; today when left out", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Note what was tried for every vehicle of a list: letters posted, letters that came back."""
    with hub_of(ctx) as app:
        day = parse_day(on) if on else legal_day(app.hub.clock.now_ms())
        lines = read_listed(source)
        noted = note_attempts(
            app.hub,
            app.segments,
            campaign_no,
            lines,
            Tried(channel, result, day),
            watched=lambda vins: with_progress("noting", vins, total=len(vins), is_quiet=as_json),
        )
    told = {"campaign_no": campaign_no, "channel": channel, "result": result, "on": day.isoformat(), **asdict(noted)}
    text = f"{campaign_no}: {noted.written} noted as {channel} {result} on {day}, {noted.known} were noted before."
    emit(told, as_json=as_json, text=text)


@outreach_app.command("contacts")
def contacts(ctx: typer.Context, campaign_no: CampaignNo, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every attempt to reach an owner, by vehicle and day; without any name, number or address."""
    with hub_of(ctx) as app, app.hub.store.read() as snapshot:
        campaign = require_campaign(app.hub, snapshot, campaign_no)
        attempts = campaign_attempts(app.hub, snapshot, RecordId(campaign.row.id))
        sites = shown_records(app.hub.registry, snapshot, "dealer_site")
        codes = {row.id: str(values.get("site_code") or "") for row, values in sites} | {app.hub.hub_id: "hub"}
    listed = sorted((one for several in attempts.values() for one in several), key=lambda one: (one.vin, one.at_ms))
    rows = [_contact_row(one, codes) for one in listed]
    emit_list("contacts", rows, _CONTACT_COLUMNS, as_json=as_json, xlsx=xlsx)


@outreach_app.command("retract-contact")
def retract_contact(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="id of the attempt, see `contacts`")],
    reason: Annotated[str, typer.Option(help=", ".join(RETRACTION_REASONS))] = "entered_in_error",
    as_json: AsJson = False,
) -> None:
    """Say that an attempt did not happen; it stays readable."""
    with hub_of(ctx) as app:
        vin = retract_attempt(app.hub, parse_record_text(contact), reason)
    emit(
        {"contact_id": contact, "vin": vin, "retracted": reason}, as_json=as_json, text=f"{vin}: retracted ({reason})."
    )


@outreach_app.command("stop-sales")
def stop_sales(ctx: typer.Context, campaign_no: CampaignNo, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Unsold cars of a campaign, whose stock they are in, and which dealer has taken note when."""
    with hub_of(ctx) as app:
        found = stopped_cars(app.hub, app.segments, campaign_no)
    rows = [{**asdict(one), "acknowledged_at": moment_text(one.acknowledged_ms)} for one in found]
    emit_list("stopped sales", rows, _STOPPED_COLUMNS, as_json=as_json, xlsx=xlsx)


def _contact_row(one: Attempt, codes: Mapping[bytes, str]) -> dict[str, object]:
    return {
        "vin": one.vin,
        "at": moment_text(one.at_ms),
        "channel": one.channel,
        "result": one.result,
        "by": codes.get(one.author) or record_text(one.author),
        "retracted": one.is_retracted,
        "contact_id": record_text(one.record),
    }


def _counted(notice: Notice, counts: Counter[str]) -> Notice:
    counts[notice.telling.value] += 1
    return notice


def _row(notice: Notice, site: str) -> dict[str, object]:
    best = notice.place if notice.is_written_to else notice.phone
    return {
        "vin": notice.vin,
        "state": notice.state.value,
        "telling": notice.telling.value,
        "site": site,
        "has_letter": notice.is_written_to,
        "has_sms": notice.is_texted,
        "confidence": best.confidence.value if best is not None else None,
        "as_of": moment_text(best.as_of_ms) if best is not None else None,
    }
