"""`recalls`: import, drop, publish, lists, check, withdraw, list, progress, exceptions, signals; also `outreach`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carnet_hub.adapters.member_files import read_listed, read_withdrawal_file
from carnet_hub.core.campaigns.campaign_list import list_campaigns, row_of
from carnet_hub.core.campaigns.campaign_plans import (
    CampaignPlan,
    CampaignTexts,
    decode_text,
    parse_texts,
    read_members,
)
from carnet_hub.core.campaigns.dossiers import Grounds
from carnet_hub.core.campaigns.list_check import ListBook
from carnet_hub.core.campaigns.offline_lists import LateLists, make_lists
from carnet_hub.core.campaigns.plan_desk import drop_plan
from carnet_hub.core.campaigns.recall_exceptions import list_exceptions
from carnet_hub.core.campaigns.recall_export import describe_progress, recount_progress
from carnet_hub.core.campaigns.recall_signals import read_signals
from carnet_hub.core.campaigns.recalls import Campaign, import_plan, publish_campaign, withdraw_campaign
from carnet_hub.core.campaigns.toml_text import read_toml
from carnet_hub.core.counting.campaign_work import WORK_ENTRIES, CampaignWork, parse_work
from carnet_hub.core.failures import HubFailure, Unusable
from carnet_hub.core.limits import CAMPAIGN_TEXT_BYTES_MAX
from carnet_hub.core.sets.following_counts import count_again
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_hub.entrypoints.cli.output import (
    AsJson,
    Row,
    Xlsx,
    cell_text,
    emit,
    emit_list,
    hub_of,
    moment_text,
    with_progress,
    working,
    write_workbook,
)
from carnet_hub.entrypoints.cli.outreach import outreach_app
from carnet_hub.entrypoints.cli.telling import tell_failure
from carnet_protocol.kinds import CAMPAIGN_WITHDRAWAL_REASONS
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent
from carnet_storage.entrypoints.cli.showing import print_table

if TYPE_CHECKING:
    from carnet_hub.bootstrap import HubApp

recalls_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Recall campaigns.")
recalls_app.add_typer(outreach_app)

TEXT_NAMES: Final = ("campaign.toml", "campaign.json")
LIST_NAMES: Final = ("vins.txt", "vins.csv", "vins.xlsx")
_WITHDRAWN_FOR_GOOD: Final = (
    "a withdrawn campaign stays withdrawn. Every dealer stops its work, the public is told of no recall, and no duty "
    "of it is due any more. A recall that goes on needs a new plan under a new number."
)
_DROPPED: Final = (
    "its imported plan goes from the desk and has to be imported again if it is wanted. What is published stays as it "
    "is, and what was filed stays in the dossier."
)
WITHDRAWN_NAMES: Final = ("withdrawn.csv", "withdrawn.xlsx")
_KEPT: Final = "kept sums"
_RECORDS: Final = "every record"
CampaignNo = Annotated[str, typer.Argument(help="number of the campaign", show_default=False)]


@recalls_app.command("import")
def import_(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="folder with campaign.toml (or .json) and vins.txt (or .csv, .xlsx)")],
    *,
    vins: Annotated[Path | None, typer.Option(help="the list, when it lies elsewhere")] = None,
    withdrawn: Annotated[
        Path | None, typer.Option(help="VIN and reason of vehicles that the published plan had and this one has not")
    ] = None,
    keep_faulty: Annotated[
        bool,
        typer.Option("--keep-faulty", help="take lines that are no valid VIN or outside vin_scope as listed"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read a campaign's texts and vehicles, and put them on the desk; no dealer hears of it yet."""
    with hub_of(ctx) as app:
        texts_path = _find(source, TEXT_NAMES)
        texts, work = read_texts(app, texts_path)
        list_path = vins if vins is not None else _find(texts_path.parent, LIST_NAMES)
        lines = with_progress("reading", read_listed(list_path), total=texts.member_count, is_quiet=as_json)
        named, scope = texts.campaign_no, texts.declared
        members = read_members(lines, texts.member_count, campaign_no=named, scope=scope, keeps_faulty=keep_faulty)
        stated = read_withdrawal_file(withdrawn) if withdrawn is not None else _withdrawn_beside(texts_path)
        gone = import_plan(app.hub, app.segments, app.plans, CampaignPlan(texts, members, work), stated)
    result = {
        "campaign_no": texts.campaign_no,
        "members": members.count,
        "repeated_lines": members.repeated,
        "faulty_lines": members.faulty_count,
        "faulty": [asdict(one) for one in members.faulty],
        "segments": [one.hex() for one in members.hashes],
        "withdrawn": {one.reason: one.count for one in gone},
        "evidence": work.evidence,
        "items": [asdict(one) for one in work.items],
    }
    faulty = [f"{one.file_name}:{one.line}: {one.problem}: {one.text}" for one in members.faulty]
    summary = (
        f"{texts.campaign_no}: {members.count} vehicles. Repeated lines: {members.repeated}; "
        f"faulty lines taken as listed: {members.faulty_count}; "
        f"withdrawn vehicles: {sum(one.count for one in gone)}. Next: `recalls publish {texts.campaign_no}`."
    )
    emit(result, as_json=as_json, text="\n".join([*faulty, summary]))


@recalls_app.command("drop")
def drop(ctx: typer.Context, campaign_no: CampaignNo, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Take an imported plan off the desk that was never published. Asks first."""
    with hub_of(ctx) as app:
        require_consent(f"{campaign_no}: {_DROPPED}", is_agreed=yes, as_json=as_json)
        drop_plan(app.hub, app.plans, campaign_no)
    emit({"campaign_no": campaign_no, "dropped": True}, as_json=as_json, text=f"{campaign_no}: the plan is dropped.")


@recalls_app.command("publish")
def publish(ctx: typer.Context, campaign_no: CampaignNo, as_json: AsJson = False) -> None:
    """Make an imported plan the campaign's newest version, for every node.

    Exit code 4: it is published, and lists that were to be made of it are named.
    """
    with hub_of(ctx) as app:
        campaign = publish_campaign(app.hub, app.segments, app.plans, campaign_no)
        row = row_of(campaign)
        text = f"{campaign_no}: plan version {row.plan_version}, {row.member_count} vehicles. Nodes hear of it next."
        result = {"campaign_no": campaign_no, "campaign_id": campaign.row.id, **asdict(row)}
        _emit_with_lists(app, campaign_no, result, text, as_json=as_json)


@recalls_app.command("lists")
def lists(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Make the lists that every node holds: who is a member, done, gone. `serve` does it once a day.

    Exit code 4: all are made but those of the campaigns that are named; they stay as they were.
    """
    with hub_of(ctx) as app:

        def watched(found: list[Campaign]) -> Iterator[Campaign]:
            """The campaigns, with a bar."""
            return with_progress("campaigns", found, total=len(found), is_quiet=as_json)

        count_again(app.hub)
        made = make_lists(app.hub, app.segments, app.lists, watched)
    rows = [asdict(one) for one in made.facts]
    columns = ("campaign_no", "kind", "members", "whole_bytes", "newest_bytes", "steps", "changed")
    if xlsx is not None:
        write_workbook(xlsx, "lists", rows, columns)
    if not as_json:
        print_table(f"lists: {len(rows)}", [[cell_text(row[column]) for column in columns] for row in rows], columns)
    said = f"{made.changed} changed; they stand for log position {made.position}."
    result = {**asdict(made), "facts": rows, "late": [asdict(one) for one in made.late]}
    emit(result, as_json=as_json, text="\n".join([said, *map(_late_text, made.late)]))
    if made.late:
        raise typer.Exit(Exit.INCOMPLETE)


@recalls_app.command("check")
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="VINs or frame numbers: .csv, .xlsx, or text with one a line")],
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Hit, clear or unknown for every car in a file, as each dealer's node says with the lists that were made last.

    What is wrong with a number stands beside its answer, listed or not; such a one is never clear unless it is listed.

    People see the cars that are not clear; workbook and --json hold all.
    """
    with hub_of(ctx) as app:
        book = ListBook(app.hub, app.segments, app.lists)
        lines = with_progress("checking", read_listed(file), total=None, is_quiet=as_json)
        listed = list(lines)
        answers = book.check(line.text for line in listed)
        rows = [{"line": line.line, **asdict(one)} for line, one in zip(listed, answers, strict=True)]
    columns = ("line", "identifier", "state", "open", "done", "gone", "because", "problems")
    if xlsx is not None:
        write_workbook(xlsx, "recalls", rows, columns)
    counts = {state: sum(row["state"] == state for row in rows) for state in ("hit", "clear", "unknown")}
    if not as_json:
        shown = [[cell_text(row[column]) for column in columns] for row in rows if row["state"] != "clear"]
        print_table(f"not clear: {len(shown)}", shown, columns)
    result = {"position": book.position, "made_at": moment_text(book.made_ms), **counts, "rows": rows}
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    emit(
        result,
        as_json=as_json,
        text=f"{len(rows)} cars: {said}, by the lists that were made at {moment_text(book.made_ms)}.",
    )


@recalls_app.command("withdraw")
def withdraw(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    *,
    reason: Annotated[str, typer.Option(help=", ".join(CAMPAIGN_WITHDRAWAL_REASONS), show_default=False)],
    explanation: Annotated[str, typer.Option(help="why, in words that name no person; needed for other")] = "",
    reference: Annotated[str, typer.Option(help="number under which the order or decision is kept")] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take a campaign back, for good; vehicles and completions stay on record, the dossier says why. Asks first.

    Exit code 4: it is withdrawn, and lists that were to be made of it are named.
    """
    with hub_of(ctx) as app:
        require_consent(f"{campaign_no}: {_WITHDRAWN_FOR_GOOD}", is_agreed=yes, as_json=as_json)
        campaign = withdraw_campaign(app.hub, campaign_no, Grounds(reason, explanation), file_reference=reference)
        result = {"campaign_no": campaign_no, "state": campaign.values.get("state"), "reason": reason}
        text = f"{campaign_no} is withdrawn ({reason}). Nodes hear of it next."
        _emit_with_lists(app, campaign_no, result, text, as_json=as_json)


@recalls_app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every campaign, published or imported."""
    with hub_of(ctx) as app:
        found = list_campaigns(app.hub, app.plans)
    rows = [{**asdict(one), "published_at": moment_text(one.published_at_ms)} for one in found]
    columns = (
        "campaign_no",
        "title",
        "state",
        "plan_version",
        "member_count",
        "hazard_level",
        "published_at",
        "has_newer_plan",
    )
    emit_list("campaigns", rows, columns, as_json=as_json, xlsx=xlsx)


@recalls_app.command("progress")
def progress(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    recount: Annotated[bool, typer.Option("--recount", help="count every record anew; slow")] = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """How far a campaign has come: each vehicle in exactly one state."""
    with hub_of(ctx) as app:
        if recount:
            watched = partial(with_progress, "vehicles", total=None, is_quiet=as_json)
            found = recount_progress(app.hub, app.segments, campaign_no, watched)
        else:
            found = describe_progress(app.hub, app.segments, campaign_no)
    values = {**found.values, "counted_from": _KEPT if found.is_kept else _RECORDS}
    rows = [{"measure": name, "value": value} for name, value in _measures(values)]
    if xlsx is not None:
        write_workbook(xlsx, "progress", rows, ("measure", "value"))
    if as_json:
        emit(values, as_json=True)
        return
    cells = [[row["measure"], cell_text(row["value"])] for row in rows]
    print_table(f"progress of {campaign_no}", cells, ("measure", "value"))


@recalls_app.command("exceptions")
def exceptions(ctx: typer.Context, campaign_no: CampaignNo, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """What somebody has to look at: reports that count nothing, and cars that had left and came back."""
    with hub_of(ctx) as app:
        found = list_exceptions(app.hub, app.segments, campaign_no)
    rows = [
        {
            "vin": one.vin,
            "why": one.why,
            "site": one.site,
            "method": one.method,
            "done_at": moment_text(one.done_ms),
            "admitted_at": moment_text(one.admitted_ms),
            "op_id": one.op.hex() if one.op is not None else "",
        }
        for one in found
    ]
    columns = ("vin", "why", "site", "method", "done_at", "admitted_at", "op_id")
    emit_list("exceptions", rows, columns, as_json=as_json, xlsx=xlsx)


@recalls_app.command("signals")
def signals(
    ctx: typer.Context,
    campaign_no: Annotated[str | None, typer.Argument(help="of one campaign; of all when left out")] = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Figures that an auditor may look into: days, hours, two dealers, odometers, photos. They judge nobody."""
    with hub_of(ctx) as app:
        watched = partial(with_progress, "completions", total=None, is_quiet=as_json)
        found = read_signals(app.hub, campaign_no, watched)
    columns = ("name", "figure", "unit", "threshold", "site", "vin", "day", "detail")
    emit_list("signals", [asdict(one) for one in found], columns, as_json=as_json, xlsx=xlsx)


def _emit_with_lists(app: "HubApp", campaign_no: str, result: Row, text: str, *, as_json: bool) -> None:
    """Make the lists of a campaign that has changed, and print what became of both; exit code 4 for lists not made.

    What was published or withdrawn stands in the log, whatever becomes of its lists.
    """
    late: list[str] = []
    try:
        with working("making lists", is_quiet=as_json):
            made = make_lists(app.hub, app.segments, app.lists, campaign_no=campaign_no)
        late += map(_late_text, made.late)
    except (HubFailure, OSError) as failure:
        told = tell_failure(failure)
        late.append(f"Lists not made: {told.what} {told.next} Then run `recalls lists`.")
    emit({**result, "lists_not_made": late}, as_json=as_json, text="\n".join([text, *late]))
    if late:
        raise typer.Exit(Exit.INCOMPLETE)


def _late_text(late: LateLists) -> str:
    held = f"Those of {moment_text(late.made_ms)} stay in use" if late.made_ms is not None else "There were none before"
    return f"Lists of {late.campaign_no} not made: {late.what} {held}. {late.next} Then run `recalls lists`."


def read_texts(app: "HubApp", path: Path) -> tuple[CampaignTexts, CampaignWork]:
    """The texts in a TOML or JSON file, and what it says of the work on a car.

    Raises:
        Unusable: not readable, or incomplete.
    """
    content = app.files.read(path, bytes_max=CAMPAIGN_TEXT_BYTES_MAX)
    text = decode_text(content or b"")
    values = _read_json(text, path.name) if path.suffix.lower() == ".json" else read_toml(text, path.name)
    work = parse_work({name: values.pop(name) for name in WORK_ENTRIES if name in values})
    return parse_texts(values), work


def _read_json(text: str, name: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{name} cannot be read: {error}.", "Correct the file; nothing was changed.") from error
    if not isinstance(values, dict):
        raise Unusable(f"{name} holds no entries.", "Correct the file; nothing was changed.")
    return values


def _withdrawn_beside(texts_path: Path) -> dict[str, str]:
    """The reasons in a file beside the texts; none where there is no such file."""
    found = [texts_path.parent / name for name in WITHDRAWN_NAMES if (texts_path.parent / name).is_file()]
    return {vin: reason for path in found for vin, reason in read_withdrawal_file(path).items()}


def _find(source: Path, names: tuple[str, ...]) -> Path:
    """The one of these files in a folder, or the file itself."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise Unusable(f"There is no folder {source}.", f"Name the one that holds {' or '.join(names)}.")
    found = [source / name for name in names if (source / name).is_file()]
    if len(found) != 1:
        raise Unusable(f"{source} holds {len(found) or 'none'} of {', '.join(names)}.", "Put exactly one there.")
    return found[0]


def _measures(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if name == "campaign":
            yield "plan version", value.get("plan_version")
        elif isinstance(value, dict):
            yield from ((f"{name}: {one}", count) for one, count in value.items())
        else:
            yield name.replace("_", " "), value
