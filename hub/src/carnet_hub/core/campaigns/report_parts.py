"""What the files of a report hold: every table, every row with what it cites.

Decides the bytes of each file but pages and workbook, which adapters draw from the same values. Everything that
`export recall` writes is among them, so that one check fits both.

    report.json         items, the whole record, what was stated, what is missing, what it cites
    items.csv           the items for people;  profile.toml  the very list they come from
    series.csv, sites.csv, provinces.csv        completions by day, site and province (its code, no name)
    removals.ndjson     one line per vehicle that left without completion, with the set that says so
    vehicles.ndjson, dealers.ndjson             of a filing: what is on file, and what is missing
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from carnet_hub.core.campaigns.dossiers import CampaignEvent
from carnet_hub.core.campaigns.filing import OnFile, site_items, sites_on_file, vehicle_items, vehicles_on_file
from carnet_hub.core.campaigns.profile_report import PreparedReport, Restated
from carnet_hub.core.campaigns.profiles import Form
from carnet_hub.core.campaigns.recall_export import cite
from carnet_hub.core.campaigns.recalls import members_of
from carnet_hub.core.campaigns.report import (
    Citation,
    Cite,
    ReportFile,
    citation_values,
    csv_file,
    export_files,
    json_line,
    json_text,
)
from carnet_hub.core.campaigns.report_items import Line, flat_line, missing_in
from carnet_hub.core.counting.progress import REMOVED, PairState
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import CITED_BATCH
from carnet_hub.core.log.past import reads_at
from carnet_hub.core.ports import RecordReads, Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shelves import SegmentShelf
from carnet_protocol.ids import VIN_CHARS, OpId, vehicle_id
from carnet_protocol.kinds import CAMPAIGN, CAMPAIGN_EVENT, VEHICLE
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import resolve
from carnet_protocol.state import heads_of, unpack_entries

REPORT_NAME: Final = "report.json"
PROFILE_NAME: Final = "profile.toml"
ITEMS_NAME: Final = "items.csv"
SERIES_NAME: Final = "series.csv"
SITES_NAME: Final = "sites.csv"
PROVINCES_NAME: Final = "provinces.csv"
REMOVALS_NAME: Final = "removals.ndjson"
VEHICLES_NAME: Final = "vehicles.ndjson"
DEALERS_NAME: Final = "dealers.ndjson"

_EVENTS: Final = frozenset({"published", "owner_notice", "recall_finished", "withdrawn"})
"""What a report may state the day of, or count from."""


def report_parts(
    hub: Hub, segments: SegmentShelf, snapshot: Snapshot, report: PreparedReport, members: Iterable[str]
) -> list[ReportFile]:
    """The files of a report but for pages and workbook, in the order of the manifest.

    Args:
        members: VINs in the order of the segments; read once, while `members.ndjson` is written.

    Raises:
        Unusable: a value does not fit the flat file.
    """
    reads = reads_at(hub, snapshot, report.moment.position)

    def found(ops: Sequence[OpId]) -> Mapping[OpId, Citation]:
        """The log entries of some ops, as of the report's position."""
        return cite(reads, ops)

    values = report_values(report, _cited(reads, report, found))
    files = [
        ReportFile(REPORT_NAME, [json_text(values)], has_rows=False),
        ReportFile(PROFILE_NAME, [report.ask.profile.text.encode()], has_rows=False),
        csv_file(ITEMS_NAME, item_rows(report)),
        csv_file(SERIES_NAME, series_rows(report)),
        csv_file(SITES_NAME, site_rows(report)),
        csv_file(PROVINCES_NAME, province_rows(report)),
        ReportFile(REMOVALS_NAME, _removals(reads, report, _removed(segments, report), found)),
    ]
    match report.ask.profile.form:
        case Form.FLAT:
            files.append(ReportFile(report.ask.profile.file_name, [flat_line(report.lines)]))
        case Form.FILING:
            files += _filing_files(hub, segments, snapshot, report)
        case Form.PROGRESS:
            pass
    return [*files, *export_files(report.head, report.progress, members, found)]


def report_values(report: PreparedReport, cited: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """A report for programs."""
    profile, restated = report.ask.profile, report.ask.restated
    return {
        "profile": profile.name,
        "profile_version": profile.version,
        "profile_source": profile.source,
        "profile_is_verified": profile.is_verified,
        "form": profile.form.value,
        "counts_superseded": report.counts_superseded,
        **_withdrawn_values(report),
        "label": profile.label,
        "label_zh": profile.label_zh,
        "campaign_no": report.ask.campaign_no,
        "as_of": report.moment.as_of.isoformat(),
        "log_position": report.moment.position,
        "report_no": report.period.number,
        "period_start": report.period.start.isoformat(),
        "period_end": report.period.end.isoformat(),
        "items": [_item_values(one) for one in report.lines],
        "missing": missing_in(report.lines),
        "absent": list(report.record.absent),
        "record": dict(report.record.values),
        "stated": dict(report.ask.stated or {}),
        "restates": None if restated is None else _restated_values(restated, report.lines),
        "cites": list(cited),
    }


def item_rows(report: PreparedReport) -> Iterator[tuple[str, ...]]:
    """The items as a table, with a header."""
    yield ("id", "category", "label_zh", "label", "value", "origin", "required", "source")
    for one in report.lines:
        item = one.item
        value = "" if one.value is None else str(one.value)
        is_required = "yes" if item.is_required else "no"
        yield (item.id, item.category, item.label_zh, item.label, value, one.origin.value, is_required, item.source)


def series_rows(report: PreparedReport) -> Iterator[tuple[str, ...]]:
    """Completions by day as a table, with a header."""
    yield ("day", "completed", "cumulative")
    for one in report.series:
        yield (one.day.isoformat(), str(one.completed), str(one.cumulative))


def site_rows(report: PreparedReport) -> Iterator[tuple[str, ...]]:
    """Completions by site as a table, with a header; provinces by code, since their names may change."""
    yield ("site", "name", "province_code", "completed")
    for one in report.sites:
        yield (one.site.code, one.site.name, one.site.province, str(one.completed))


def province_rows(report: PreparedReport) -> Iterator[tuple[str, ...]]:
    """Completions by province as a table, with a header."""
    yield ("province_code", "completed")
    for code, count in report.provinces:
        yield (code, str(count))


def _withdrawn_values(report: PreparedReport) -> dict[str, object]:
    """When and why the campaign was taken back; nothing of one that stands."""
    event = report.dossier.withdrawal
    if event is None:
        return {}
    said = {
        "on": event.happened_on.isoformat(),
        "reason": event.grounds.reason,
        "explanation": event.grounds.explanation,
        "file_reference": event.file_reference,
    }
    return {"campaign_withdrawn": said}


def _item_values(line: Line) -> dict[str, object]:
    item = line.item
    return {
        "id": item.id,
        "category": item.category,
        "label": item.label,
        "label_zh": item.label_zh,
        "type": item.kind.value,
        "value": line.value,
        "origin": line.origin.value,
        "is_required": item.is_required,
        "is_personal": item.is_personal,
        "source": item.source,
    }


def _restated_values(restated: Restated, lines: Sequence[Line]) -> dict[str, object]:
    """The report that is restated, and every item that differs from it."""
    differing = [
        {"id": one.item.id, "then": restated.items.get(one.item.id), "now": one.value}
        for one in lines
        if restated.items.get(one.item.id) != one.value
    ]
    return {
        "manifest": restated.manifest,
        "log_position": restated.position,
        "as_of": restated.as_of,
        "items": dict(restated.items),
        "differing": differing,
    }


def _cited(reads: RecordReads, report: PreparedReport, found: Cite) -> list[dict[str, object]]:
    """The change sets behind what is no row: the campaign's texts and the events that are stated."""
    told = [one for one in report.dossier.standing if one.event in _EVENTS]
    rows = reads.records(CAMPAIGN_EVENT.number, [one.record for one in told])
    ops: list[tuple[str, OpId]] = [("campaign", op) for op in _ops_of(report.campaign.row)]
    ops += [(_event_text(one), op) for one in told for op in _ops_of(rows[one.record])]
    citations = found([op for _, op in ops])
    return [{"what": what, "op_id": op.hex(), **citation_values(citations.get(op))} for what, op in ops]


def _ops_of(row: RecordRow) -> list[OpId]:
    return [OpId(entry.op) for entry in unpack_entries(row.entries)]


def _event_text(event: CampaignEvent) -> str:
    return f"{event.event} {event.happened_on.isoformat()}"


def _removed(segments: SegmentShelf, report: PreparedReport) -> Iterator[tuple[str, PairState]]:
    """Who left, by VIN: of a campaign that was taken back, everybody."""
    progress = report.progress
    if progress.resting in REMOVED:
        return ((vin, progress.resting) for vin in chain(members_of(segments, report.campaign), progress.withdrawn))
    return ((vin, state) for vin, state in progress.states.items() if state in REMOVED)


def _removals(
    reads: RecordReads, report: PreparedReport, waiting: Iterator[tuple[str, PairState]], found: Cite
) -> Iterator[bytes]:
    """One line for each vehicle that left without completion, and the write that says so."""
    row, withdrawn = report.campaign.row, report.progress.withdrawn
    listed, taken_back = (_shown_op(CAMPAIGN, row, name) for name in ("withdrawn_members", "state"))
    while batch := list(islice(waiting, CITED_BATCH)):
        ids = {bytes(vehicle_id(vin)): vin for vin, _ in batch if len(vin) == VIN_CHARS}
        rows = {ids[one]: row for one, row in reads.records(VEHICLE.number, ids).items()}
        ops = {
            vin: (listed if vin in withdrawn else taken_back)
            if state is PairState.WITHDRAWN
            else _shown_op(VEHICLE, rows[vin], "lifecycle")
            for vin, state in batch
        }
        citations = found([op for op in ops.values() if op is not None])
        for vin, state in batch:
            op = ops[vin]
            yield json_line(
                {
                    "vin": vin,
                    "state": state.value,
                    "reason": withdrawn.get(vin),
                    "op_id": None if op is None else op.hex(),
                    **citation_values(None if op is None else citations.get(op)),
                }
            )


def _shown_op(kind: Kind, row: RecordRow, name: str) -> OpId | None:
    """The write whose value a record shows in the register of a field."""
    register = kind.register_of(name)
    heads = [one for one in heads_of(unpack_entries(row.entries), register.number) if not one.is_delete]
    return OpId(resolve(register, register.number, heads).shown.op) if heads else None


def _filing_files(hub: Hub, segments: SegmentShelf, snapshot: Snapshot, report: PreparedReport) -> list[ReportFile]:
    profile = report.ask.profile
    rows = vehicles_on_file(hub, snapshot, vehicle_items(profile), members_of(segments, report.campaign))
    sites = sites_on_file(hub, snapshot, site_items(profile))
    return [
        ReportFile(VEHICLES_NAME, (json_line({"vin": one.name, **_on_file(one)}) for one in rows)),
        ReportFile(DEALERS_NAME, (json_line({"site": one.name, **_on_file(one)}) for one in sites)),
    ]


def _on_file(one: OnFile) -> dict[str, object]:
    return {"held": list(one.held), "missing": list(one.missing)}
