"""What the hub's records say about a campaign's vehicles: completions reported, cars that have left or came back.

Decides which write of a completion record counts as the report, when it is taken back, whether its dealer had the car,
and what is known of a car. An order that is void, or not more than a draft, has had no car in. Does not decide which
report counts (`pair_states`). A completion is a fact: its first statement stands, and the only thing that may follow
is a retraction.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from carnet_hub.core.campaign_work import work_of
from carnet_hub.core.dossiers import superseded_by
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import COUNTED_VEHICLES_BATCH
from carnet_hub.core.pair_states import CarFacts, Terms
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.progress import CompletionReport, PairState, Proof
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_records, shown_values
from carnet_hub.core.working_days import legal_day_start
from carnet_protocol.ids import VIN_CHARS, OpId, RecordId, vehicle_id
from carnet_protocol.registry import Kind, Value
from carnet_protocol.remedy import evidence_bits
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import Entry, buried_in, heads_of, unpack_entries
from carnet_protocol.vin import normalise_vin

_GONE: Final = frozenset({"exported", "scrapped", "stolen"})
GONE_OR_UNSOLD: Final = _GONE | {"in_stock"}
"""Lifecycles that decide a state."""

_PROVES_NOTHING: Final = frozenset({"draft", "void"})
"""States of an order that has had no car in."""

_COMPLETION_REGISTER: Final = 0


def completion_reports(hub: Hub, snapshot: RecordReads, campaign_id: RecordId | None) -> Iterator[CompletionReport]:
    """Every completion record of a campaign, or of all (None); retracted and deleted ones included."""
    rows = snapshot.records_of_kind(hub.registry["recall_completion"].number)
    while batch := list(islice(rows, COUNTED_VEHICLES_BATCH)):
        yield from reports_of(hub, snapshot, batch, campaign_id)


def reports_of(
    hub: Hub, snapshot: RecordReads, rows: Collection[RecordRow], campaign_id: RecordId | None
) -> list[CompletionReport]:
    """Those of some completion records that are about a campaign, in their order."""
    kind = hub.registry["recall_completion"]
    found = [(row, report) for row in rows if (report := _report_of(kind, row, campaign_id)) is not None]
    visits = snapshot.records(hub.registry["visit"].number, {report.visit for _, report in found if report.visit})
    cars = {row.id: (row.owner, _car_in(hub, row)) for row in visits.values()}
    return [report if _is_seen(row, report, cars) else replace(report, is_seen=False) for row, report in found]


def terms_of(hub: Hub, snapshot: RecordReads, campaign_id: RecordId, values: Mapping[str, Value]) -> Terms:
    """What a campaign asks of a completion.

    Args:
        values: of the campaign.
    """
    work, asked_ms = work_of(hub, snapshot, campaign_id, values)
    published = values.get("published_at")
    begins_ms = legal_day_start(published) if isinstance(published, int) else 0
    resting = PairState.OPEN_NO_REMEDY if values.get("remedy_state") == "not_yet" else PairState.OPEN
    if hub.counts_superseded and campaign_id in superseded_by(shown_records(hub.registry, snapshot, "campaign")):
        resting = PairState.SUPERSEDED
    return Terms(work.items, evidence_bits(work.evidence), asked_ms, begins_ms, resting)


def car_facts(hub: Hub, snapshot: RecordReads, vins: Iterable[str]) -> dict[str, CarFacts]:
    """What is known of those cars that were exported, scrapped or stolen, or are unsold.

    Args:
        vins: in normal form; looked up in batches, so the cost follows the campaign and not the fleet.
    """
    kind = hub.registry["vehicle"]
    found: dict[str, CarFacts] = {}
    waiting = iter(vins)
    while batch := list(islice(waiting, COUNTED_VEHICLES_BATCH)):
        by_id = {bytes(vehicle_id(vin)): vin for vin in batch if len(vin) == VIN_CHARS}
        told: dict[bytes, tuple[str, int]] = {}
        for record, row in snapshot.records(kind.number, by_id.keys()).items():
            lifecycle, since_ms = _lifecycle_of(kind, row)
            if lifecycle in GONE_OR_UNSOLD:
                told[record] = (lifecycle, since_ms)
        back = _came_back(hub, snapshot, {car: since for car, (what, since) in told.items() if what in _GONE})
        found |= {by_id[car]: CarFacts(what, car in back) for car, (what, _) in told.items()}
    return found


def _came_back(hub: Hub, snapshot: RecordReads, gone: Mapping[bytes, int]) -> set[bytes]:
    """Those of some cars for which an order was opened after they were said to be gone.

    Args:
        gone: by vehicle id, the set time (ms) of that statement.
    """
    visit = hub.registry["visit"].number
    orders = {record: car for car, kind, record in snapshot.anchored(gone.keys()) if kind == visit}
    back: set[bytes] = set()
    for record, row in snapshot.records(visit, orders.keys()).items():
        car = orders[record]
        opened_ms = min(entry.time_ms for entry in unpack_entries(row.entries))
        if opened_ms > gone[car] and _car_in(hub, row) == car:
            back.add(car)
    return back


def _car_in(hub: Hub, visit: RecordRow) -> Value:
    """The car that was in for an order; None for one that is void, or not more than a draft."""
    shown = shown_values(hub.registry, visit)
    return None if shown.get("status") in _PROVES_NOTHING else shown.get("vehicle_id")


def _is_seen(row: RecordRow, report: CompletionReport, cars: Mapping[bytes, tuple[bytes, Value]]) -> bool:
    """Whether the dealer had the car with this VIN in, and not another one whose record the report names.

    Args:
        cars: owner and car of the orders, by id.
    """
    vin = normalise_vin(report.vin)
    is_this_car = len(vin) == VIN_CHARS and row.anchor == vehicle_id(vin)
    return is_this_car and cars.get(report.visit or b"") == (report.dealer, row.anchor)


def _lifecycle_of(kind: Kind, row: RecordRow) -> tuple[str, int]:
    """The lifecycle a vehicle shows, and the set time of that statement; nothing for one that shows none."""
    register = kind.register_of("lifecycle")
    heads = [entry for entry in heads_of(unpack_entries(row.entries), register.number) if not entry.is_delete]
    if not heads:
        return "", 0
    shown = resolve(register, register.number, heads).shown
    return str((shown.fields or {}).get(register.label(0)) or ""), shown.time_ms


def _report_of(kind: Kind, row: RecordRow, campaign_id: RecordId | None) -> CompletionReport | None:
    entries = unpack_entries(row.entries)
    heads = [entry for entry in heads_of(entries, _COMPLETION_REGISTER) if not entry.is_delete]
    heads = heads or buried_in(entries, _COMPLETION_REGISTER)
    if not heads:
        return None
    register = kind.by_number[_COMPLETION_REGISTER]
    entry = resolve(register, _COMPLETION_REGISTER, heads).shown
    stated = _stated(kind, entry)
    if campaign_id is not None and stated.get("campaign_id") != campaign_id:
        return None
    shown = show(kind, entries)
    values = {one.name: shown.values.get(label) for label, (_, one) in kind.by_label.items()}
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
        is_retracted=shown.is_deleted or bool(values["retracted"]),
        proof=_proof_of({**values, **stated}),
    )


def _proof_of(values: Mapping[str, object]) -> Proof:
    texts = {name: str(values.get(name) or "") for name in ("technician_code", "part_no", "software_version")}
    photo, signature = (values.get(name) for name in ("photo_hash", "signature_hash"))
    odometer, items = (values.get(name) for name in ("odometer_km", "items_done"))
    return Proof(
        **texts,
        photo_hash=photo if isinstance(photo, bytes) else b"",
        signature_hash=signature if isinstance(signature, bytes) else b"",
        odometer_km=odometer if isinstance(odometer, int) else None,
        items_done=items if isinstance(items, int) else None,
        proof_level=str(values.get("proof_level") or ""),
    )


def _stated(kind: Kind, entry: Entry) -> dict[str, Value]:
    """What one write says in the completion register, by field name."""
    labels = kind.by_number[_COMPLETION_REGISTER].labels
    return {kind.by_label[label][1].name: value for label, value in (entry.fields or {}).items() if label in labels}
