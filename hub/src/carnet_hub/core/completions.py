"""What the hub's records say about a campaign's vehicles: completions reported, and cars that have left.

Decides which write of a completion record counts as the report, and when it is taken back. Does not decide which report
counts (`progress`). A completion is a fact: its first statement stands, and the only thing that may follow is a
retraction.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import COUNTED_VEHICLES_BATCH
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.progress import CompletionReport
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol.ids import VIN_CHARS, OpId, RecordId, vehicle_id
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import Entry, buried_in, heads_of, unpack_entries

_REMOVED: Final = frozenset({"exported", "scrapped", "stolen"})
_COMPLETION_REGISTER: Final = 0


def completion_reports(hub: Hub, snapshot: RecordReads, campaign_id: RecordId) -> Iterator[CompletionReport]:
    """Every completion record of a campaign, retracted and deleted ones included."""
    kind = hub.registry["recall_completion"]
    for row in snapshot.records_of_kind(kind.number):
        report = _report_of(kind, row, campaign_id)
        if report is not None:
            yield report


def lifecycles_of_the_gone(hub: Hub, snapshot: RecordReads, members: Iterable[str]) -> dict[str, str]:
    """Shown lifecycle of those members that were exported, scrapped or stolen.

    Args:
        members: VINs in normal form; looked up in batches, so the cost follows the campaign and not the fleet.
    """
    kind = hub.registry["vehicle"]
    found: dict[str, str] = {}
    waiting = iter(members)
    while batch := list(islice(waiting, COUNTED_VEHICLES_BATCH)):
        by_id = {bytes(vehicle_id(vin)): vin for vin in batch if len(vin) == VIN_CHARS}
        for record, row in snapshot.records(kind.number, by_id.keys()).items():
            lifecycle = shown_values(hub.registry, row).get("lifecycle")
            if lifecycle in _REMOVED:
                found[by_id[record]] = str(lifecycle)
    return found


def _report_of(kind: Kind, row: RecordRow, campaign_id: RecordId) -> CompletionReport | None:
    entries = unpack_entries(row.entries)
    heads = [entry for entry in heads_of(entries, _COMPLETION_REGISTER) if not entry.is_delete]
    heads = heads or buried_in(entries, _COMPLETION_REGISTER)
    if not heads:
        return None
    register = kind.by_number[_COMPLETION_REGISTER]
    entry = resolve(register, _COMPLETION_REGISTER, heads).shown
    stated = _stated(kind, entry)
    if stated.get("campaign_id") != campaign_id:
        return None
    shown = show(kind, entries)
    is_retracted = shown.is_deleted or bool(shown.values.get(kind.labels["retracted"]))
    visit, completed_at, method = stated.get("visit_id"), stated.get("completed_at"), stated.get("method")
    return CompletionReport(
        RecordId(row.id),
        OpId(entry.op),
        entry.author,
        str(stated.get("vin") or ""),
        visit if isinstance(visit, bytes) else None,
        completed_at if isinstance(completed_at, int) else None,
        entry.time_ms,
        method if isinstance(method, str) else None,
        is_retracted,
    )


def _stated(kind: Kind, entry: Entry) -> dict[str, object]:
    """What one write says in the completion register, by field name."""
    labels = kind.by_number[_COMPLETION_REGISTER].labels
    return {kind.by_label[label][1].name: value for label, value in (entry.fields or {}).items() if label in labels}
