"""Counts that follow the log: a campaign is counted once, and then only what changed is judged again.

Decides which entries of the log can change a count, and when counting anew is the simpler truth. What a changed record
says is read by the functions that a count reads it with (`completions`), so both agree.

Rules
1. A completion that an entry touches is read again; so are completions on an order that it touches.
2. A car is read again when its record is touched; one that was said to be gone also when an order of it is, and one
   that is back when any order is, because an order may have left it.
3. A change of the plan or of an item, an exclusion, a word about a car whose record does not show which VIN it derives
   from, more than `CATCH_UP_ENTRIES_MAX` entries, or a log that is shorter than it was: the campaign is counted anew.
4. A campaign with more than `KEPT_CARS_MAX` cars about which something was said is counted anew each time, and at most
   `COUNTS_KEPT_MAX` are kept: memory has a bound.

One thread asks at a time; the caller sees to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.completions import GONE_OR_UNSOLD, car_facts, completion_reports, reports_of, terms_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import CATCH_UP_ENTRIES_MAX, COUNTS_KEPT_MAX, KEPT_CARS_MAX, LOG_BATCH_ENTRIES
from carnet_hub.core.pair_states import UNKNOWN_CAR, CarFacts
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.progress import Sums
from carnet_hub.core.recalls import Campaign, held_segments, members_of, require_campaign, withdrawn_of
from carnet_hub.core.rows import LogKind, LogRow
from carnet_hub.core.shelves import SegmentShelf
from carnet_hub.core.shown import shown_values
from carnet_hub.core.tallies import Tally
from carnet_hub.core.withdrawals import Listed
from carnet_protocol.changeset import reread_set
from carnet_protocol.ids import VIN_CHARS, RecordId, vehicle_id
from carnet_protocol.kinds import CAMPAIGN, CAMPAIGN_ITEM, RECALL_COMPLETION, VEHICLE, VISIT
from carnet_protocol.vin import normalise_vin

_SILENT: Final = frozenset({LogKind.PARK, LogKind.REFUSE, LogKind.REPEAT})
"""Entries that change no record."""


@dataclass(frozen=True, slots=True)
class KeptSums:
    """A campaign, what its count adds up to, and the log position that it is of."""

    campaign: Campaign
    sums: Sums
    position: int


@dataclass(slots=True)
class _Kept:
    """The count of one campaign, and the log position up to which it heard everything.

    Attributes:
        gone: VIN by vehicle id, of cars that were said to be gone or unsold.
        back: those of them that a dealer has seen since.
    """

    tally: Tally
    position: int
    gone: dict[bytes, str] = field(default_factory=dict)
    back: set[str] = field(default_factory=set)

    def take_cars(self, facts: Mapping[str, CarFacts]) -> None:
        """What is known of some cars now."""
        for vin, car in facts.items():
            self.tally.take_car(vin, car)
            self.gone[bytes(vehicle_id(vin))] = vin
            (self.back.add if car.is_back else self.back.discard)(vin)


class KeptCounts:
    """The counts of a hub's campaigns, as far as they were asked for."""

    def __init__(self, hub: Hub, segments: SegmentShelf) -> None:
        self._hub = hub
        self._segments = segments
        self._kept: dict[bytes, _Kept] = {}

    def sums(self, campaign_no: str) -> KeptSums:
        """What a campaign's count adds up to now.

        Raises:
            Unusable: no such campaign, or a segment is missing; what was kept of others stays.
        """
        with self._hub.store.read() as snapshot:
            campaign = require_campaign(self._hub, snapshot, campaign_no)
            record = RecordId(campaign.row.id)
            kept = self._kept.pop(record, None)
            if kept is None or not self._catch_up(snapshot, record, kept):
                kept = self._count(snapshot, campaign)
        if kept.tally.car_count <= KEPT_CARS_MAX:
            self._kept[record] = kept
            while len(self._kept) > COUNTS_KEPT_MAX:
                self._kept.pop(next(iter(self._kept)))
        return KeptSums(campaign, kept.tally.sums, kept.position)

    def _count(self, snapshot: Snapshot, campaign: Campaign) -> _Kept:
        record = RecordId(campaign.row.id)
        listed = Listed([*held_segments(self._segments, campaign.segment_hashes)])
        withdrawn = withdrawn_of(self._segments, campaign)
        terms = terms_of(self._hub, snapshot, record, campaign.values)
        tally = Tally(terms, listed.count + len(withdrawn), listed.__contains__, withdrawn)
        kept = _Kept(tally, snapshot.head().position)
        kept.take_cars(car_facts(self._hub, snapshot, members_of(self._segments, campaign)))
        for report in completion_reports(self._hub, snapshot, record):
            tally.take_report(report)
        return kept

    def _catch_up(self, snapshot: Snapshot, campaign: RecordId, kept: _Kept) -> bool:
        """Hear everything behind the kept position; False when the campaign has to be counted anew."""
        head = snapshot.head().position
        if not 0 <= head - kept.position <= CATCH_UP_ENTRIES_MAX:
            return False
        touched: dict[int, set[bytes]] = {}
        while kept.position < head:
            rows = snapshot.log_after(kept.position, LOG_BATCH_ENTRIES)
            for kind, record in _touched(self._hub, snapshot, rows):
                touched.setdefault(kind, set()).add(record)
            kept.position = rows[-1].position
        vins = self._vins_of(snapshot, kept, touched.get(VEHICLE.number, set()))
        if vins is None or touched.keys() & {CAMPAIGN.number, CAMPAIGN_ITEM.number, _EVERYTHING}:
            return False
        self._hear_reports(snapshot, campaign, kept.tally, touched)
        self._hear_cars(snapshot, kept, vins, touched.get(VISIT.number, set()))
        return True

    def _vins_of(self, snapshot: Snapshot, kept: _Kept, vehicles: set[bytes]) -> set[str] | None:
        """The VINs of some vehicle records; None when one was said to be gone and its VIN cannot be told.

        A record derives from a VIN, and the count finds it by that; what it shows may be nothing, or another number.
        """
        vins = {kept.gone[record] for record in vehicles if record in kept.gone}
        for record, row in snapshot.records(VEHICLE.number, vehicles - kept.gone.keys()).items():
            shown = shown_values(self._hub.registry, row)
            vin = normalise_vin(str(shown.get("vin") or ""))
            if len(vin) == VIN_CHARS and vehicle_id(vin) == record:
                vins.add(vin)
            elif shown.get("lifecycle") in GONE_OR_UNSOLD:
                return None
        return vins

    def _hear_reports(
        self, snapshot: Snapshot, campaign: RecordId, tally: Tally, touched: dict[int, set[bytes]]
    ) -> None:
        records = {*touched.get(RECALL_COMPLETION.number, ()), *tally.on_visits(touched.get(VISIT.number, set()))}
        rows = snapshot.records(RECALL_COMPLETION.number, records)
        found = {one.record: one for one in reports_of(self._hub, snapshot, rows.values(), campaign)}
        for record in records:
            report = found.get(RecordId(record))
            if report is None:
                tally.drop_report(RecordId(record))
            else:
                tally.take_report(report)

    def _hear_cars(self, snapshot: Snapshot, kept: _Kept, vins: set[str], orders: set[bytes]) -> None:
        """Read these cars again, and those about which some orders say something.

        Args:
            vins: of the vehicle records that were touched.
        """
        visits = snapshot.records(VISIT.number, orders)
        visited = {row.anchor for row in visits.values() if row.anchor is not None}
        vins = vins | {kept.gone[car] for car in visited if car in kept.gone} | (kept.back if visits else set())
        facts = car_facts(self._hub, snapshot, vins)
        kept.take_cars(facts)
        for vin in vins - facts.keys():
            kept.tally.take_car(vin, UNKNOWN_CAR)
            kept.back.discard(vin)


_EVERYTHING: Final = -1
"""Stands for a kind when an entry may have changed any record."""


def _touched(hub: Hub, snapshot: Snapshot, rows: Iterable[LogRow]) -> Iterable[tuple[int, bytes]]:
    """Kind and id of every record that some log entries may have changed."""
    for row in rows:
        if row.kind in _SILENT:
            continue
        message = row.message
        if row.kind == LogKind.RELEASE:
            held = snapshot.admissions([row.nonce]).get(row.nonce)
            stored = snapshot.log_rows([held.stored_at]) if held is not None else {}
            message = next((one.message for one in stored.values()), None)
        if row.kind == LogKind.EXCLUDE or message is None:
            yield _EVERYTHING, b""
            continue
        yield from ((op.kind, op.record) for op in reread_set(message, hub.hub_id).ops)
