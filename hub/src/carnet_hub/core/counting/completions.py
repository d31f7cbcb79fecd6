"""What the hub's records say about a campaign's vehicles: completions reported, cars that have left or came back.

Decides which write of a completion record counts as the report, when it is taken back, whether its dealer had the car,
and what is known of a car. Does not decide which report counts (`pair_states`) nor which order has had a car in
(`carnet_protocol.visits`). A completion is a fact: its first statement stands, and the only thing that may follow
is a retraction.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from carnet_hub.core.count_rows import LeftCarRow
from carnet_hub.core.counting.campaign_work import demands_on
from carnet_hub.core.counting.pair_states import CarFacts, Terms
from carnet_hub.core.counting.progress import CompletionReport, PairState, Proof
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import COUNTED_VEHICLES_BATCH, UNREACHABLE_TRIES
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_records, shown_values
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import VIN_CHARS, OpId, RecordId, vehicle_id
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import Entries, Entry, buried_in, first_written_ms, heads_of, unpack_entries
from carnet_protocol.vin import normalise_vin
from carnet_protocol.visits import car_in, car_worked_on

_GONE: Final = frozenset({"exported", "scrapped", "stolen"})
GONE_OR_UNSOLD: Final = _GONE | {"in_stock"}
"""Lifecycles that decide a state."""

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
    cars = {row.id: (row.owner, car_worked_on(unpack_entries(row.entries))) for row in visits.values()}
    return [report if _is_seen(row, report, cars) else replace(report, is_seen=False) for row, report in found]


def named_reports(hub: Hub, rows: Iterable[RecordRow]) -> Iterator[CompletionReport]:
    """What some completion records state, whether or not their orders bear it out."""
    kind = hub.registry["recall_completion"]
    return (report for row in rows if (report := _report_of(kind, row, None)) is not None)


def terms_of(hub: Hub, snapshot: RecordReads, campaign_id: RecordId, values: Mapping[str, Value]) -> Terms:
    """What a campaign asks of a completion.

    Args:
        values: of the campaign.
    """
    resting = resting_of(hub, snapshot, campaign_id, values)
    return Terms(demands_on(hub, snapshot, campaign_id, values), resting, tries_of(values))


def tries_of(values: Mapping[str, Value]) -> int:
    """After how many failed attempts a campaign calls an owner unreachable.

    Args:
        values: of the campaign.
    """
    said = values.get("unreachable_tries")
    return said if isinstance(said, int) else UNREACHABLE_TRIES


def resting_of(hub: Hub, snapshot: RecordReads, campaign_id: RecordId, values: Mapping[str, Value]) -> PairState:
    """The state of a member of whom nothing is known.

    Args:
        values: of the campaign.
    """
    if values.get("state") == "withdrawn":
        return PairState.WITHDRAWN
    if hub.counts_superseded:
        others = (held for _, held in shown_records(hub.registry, snapshot, "campaign"))
        if any(one.get("supersedes_id") == campaign_id and one.get("state") == "published" for one in others):
            return PairState.SUPERSEDED
    return PairState.OPEN_NO_REMEDY if values.get("remedy_state") == "not_yet" else PairState.OPEN


def car_facts(hub: Hub, snapshot: RecordReads, vins: Iterable[str]) -> dict[str, CarFacts]:
    """What is known of those cars that were exported, scrapped or stolen, or are unsold.

    Args:
        vins: in normal form; looked up in batches, so the cost follows the campaign and not the fleet.
    """
    found: dict[str, CarFacts] = {}
    waiting = iter(vins)
    while batch := list(islice(waiting, COUNTED_VEHICLES_BATCH)):
        left = left_cars(hub, snapshot, [car for vin in batch if (car := car_of(vin)) is not None])
        found |= {car.vin: facts_of(car) for car in left.values()}
    return found


def car_of(vin: str) -> RecordId | None:
    """The record of the car with a VIN; None for an identifier that no record derives from."""
    try:
        return vehicle_id(vin) if len(vin) == VIN_CHARS else None
    except BadValue:
        return None


def left_cars(hub: Hub, snapshot: RecordReads, vehicles: Collection[bytes]) -> dict[bytes, LeftCarRow]:
    """Those of some cars that were exported, scrapped or stolen, or are unsold, by vehicle id.

    A car that does not show the VIN its record derives from is none of them: nobody could say which one has left.
    """
    kind = hub.registry["vehicle"]
    told: dict[bytes, tuple[str, str, int]] = {}
    for record, row in snapshot.records(kind.number, vehicles).items():
        lifecycle, since_ms = _lifecycle_of(kind, row)
        if lifecycle in GONE_OR_UNSOLD:
            vin = normalise_vin(str(shown_values(hub.registry, row).get("vin") or ""))
            if car_of(vin) == record:
                told[record] = (vin, lifecycle, since_ms)
    back = _came_back(hub, snapshot, {car: since for car, (_, what, since) in told.items() if what in _GONE})
    return {car: LeftCarRow(car, vin, what, car in back) for car, (vin, what, _) in told.items()}


def facts_of(car: LeftCarRow) -> CarFacts:
    """What a count asks of such a car."""
    return CarFacts(car.lifecycle, car.is_back)


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
        entries = unpack_entries(row.entries)
        if first_written_ms(entries) > gone[car] and car_in(entries) == car:
            back.add(car)
    return back


def _is_seen(row: RecordRow, report: CompletionReport, cars: Mapping[bytes, tuple[bytes, bytes | None]]) -> bool:
    """Whether the dealer had the car with this VIN in, and not another one whose record the report names.

    No record derives from a frame number: that the car of the order bears it is the dealer's word, signed.

    Args:
        cars: owner and car of the orders, by id.
    """
    car = car_of(normalise_vin(report.vin))
    is_this_car = row.anchor is not None and car in (row.anchor, None)
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
    about = stated.get("campaign_id")
    if campaign_id is not None and about != campaign_id:
        return None
    shown = show(kind, entries)
    values = {kind.by_label[label][1].name: one for label, one in shown.values.items() if label in kind.by_label}
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
        taken_back=_taken_back_by(kind, entries, is_deleted=shown.is_deleted),
        proof=_proof_of({**values, **stated}),
        campaign=about if isinstance(about, bytes) else b"",
    )


def _taken_back_by(kind: Kind, entries: Entries, *, is_deleted: bool) -> OpId | None:
    """The write that took a completion back, the latest of several; None for one that stands."""
    if is_deleted:
        said = [entry for entry in entries if entry.is_delete]
    elif not any(kind.labels["retracted"] in (entry.fields or {}) for entry in entries):
        return None
    else:
        register = kind.register_of("retracted")
        heads = [entry for entry in heads_of(entries, register.number) if not entry.is_delete]
        said = [resolve(register, register.number, heads).shown] if heads else []
        said = [entry for entry in said if (entry.fields or {}).get(register.label(0))]
    last = max(said, key=lambda one: (one.time_ms, one.op), default=None)
    return OpId(last.op) if last is not None else None


def _proof_of(values: Mapping[str, object]) -> Proof:
    photo, signature = values.get("photo_hash"), values.get("signature_hash")
    odometer, items = values.get("odometer_km"), values.get("items_done")
    return Proof(
        technician_code=str(values.get("technician_code") or ""),
        part_no=str(values.get("part_no") or ""),
        software_version=str(values.get("software_version") or ""),
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
