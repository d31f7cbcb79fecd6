"""What changed behind a position of the log, for an authority that keeps a copy: what to ask for again.

Decides which campaigns, events, completions and vehicles an entry of the log has touched. Names them and shows nothing
of them (`regulator_views`, `vehicle_recalls`); a token is named its own campaigns alone.

Rules
1. The log is read in its order. Whoever asks again behind the position that a page names misses nothing; a page says
   when another one follows at once.
2. A vehicle is named in each campaign that lists it when something was written that its state rests on besides its own
   completions: it left, is unsold, or neither any more; somebody tried to reach its owner; an order or an owner was
   written at a car that left or was tried, or an order under a completion. More may be named than has changed.
3. A set that lost its effect after a compromise may have changed anything, so it reads as `everything`.
4. A campaign that takes the place of another one changes that one, too.
5. While a member list is not at hand, nothing is named rather than too little.
6. After a restore of the hub positions count anew: who names another history is told so, and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from carnet_hub.core.anchor_rows import FormerAnchorRow
from carnet_hub.core.campaigns.report import instant_text
from carnet_hub.core.counting.completions import car_of, named_reports
from carnet_hub.core.counting.kept_sums import pair_of, split_pair
from carnet_hub.core.counting.member_places import Rolls, member_place
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOG_BATCH_ENTRIES
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.vehicle_recalls import published_campaigns, require_lists
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.regulator_limits import CHANGES_ENTRIES_MAX, CHANGES_MAX
from carnet_hub.core.rows import LogKind, LogRow
from carnet_hub.core.sets.following_counts import are_askew
from carnet_hub.core.shown import shown_records, shown_values
from carnet_protocol.changeset import reread_set
from carnet_protocol.kinds import (
    CAMPAIGN,
    CAMPAIGN_EVENT,
    CAMPAIGN_ITEM,
    OWNERSHIP,
    RECALL_COMPLETION,
    RECALL_CONTACT,
    VEHICLE,
    VISIT,
)
from carnet_protocol.ops import Action, Op
from carnet_protocol.registry import Kind, Value
from carnet_protocol.vin import normalise_vin

_SILENT: Final = frozenset({LogKind.PARK, LogKind.REFUSE, LogKind.REPEAT})
_CAMPAIGN, _EVENT, _COMPLETION, _VEHICLE, _EVERYTHING = "campaign", "event", "completion", "vehicle", "everything"
_LIFECYCLE: Final = VEHICLE.labels["lifecycle"]

_Key = tuple[int, bytes]
"""Kind and id of a record."""
_Name = tuple[str, str, str]
"""What changed, in which campaign, on which vehicle."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that an entry of the log has changed.

    Attributes:
        what: `campaign`, `event`, `completion`, `vehicle`, or `everything`.
        campaign_no: empty with `everything`.
        vin: of a completion or vehicle.
    """

    position: int
    at: str
    what: str
    campaign_no: str = ""
    vin: str = ""


def changes_for(hub: Hub, covers: Callable[[str], bool], *, after: int, hub_epoch: str) -> dict[str, object]:
    """What changed behind a position of the log.

    Args:
        covers: whether a campaign number is one that the asker may see.
        after: 0 for everything.
        hub_epoch: of the last answer, hexadecimal; empty for the first.

    Raises:
        AccessRefused: OTHER_HISTORY, also for a position that this log has not reached; BUSY, a member list is not at
            hand.
    """
    if hub_epoch not in {"", hub.hub_epoch.hex()}:
        raise AccessRefused(Refusal.OTHER_HISTORY)
    found: list[Change] = []
    with hub.store.read() as snapshot:
        head, position = snapshot.head().position, after
        if after > head:
            raise AccessRefused(Refusal.OTHER_HISTORY)
        if are_askew(snapshot):
            raise AccessRefused(Refusal.BUSY)
        page = _Page(hub, snapshot, covers)
        while position < min(head, after + CHANGES_ENTRIES_MAX) and len(found) < CHANGES_MAX:
            rows = snapshot.log_after(position, LOG_BATCH_ENTRIES)
            found += [one for one in page.changes_in(rows) if _is_shown(one, covers)]
            position = rows[-1].position
    return {
        "hub_epoch": hub.hub_epoch.hex(),
        "after": after,
        "log_position": position,
        "is_complete": position >= head,
        "changes": [asdict(one) for one in found],
    }


def _is_shown(change: Change, covers: Callable[[str], bool]) -> bool:
    return change.what == _EVERYTHING or covers(change.campaign_no)


class _Page:
    """What one page of changes is named from, looked up for many entries at once."""

    def __init__(self, hub: Hub, snapshot: Snapshot, covers: Callable[[str], bool]) -> None:
        self._hub = hub
        self._snapshot = snapshot
        self._covers = covers
        campaigns = {row.id: values for row, values in shown_records(hub.registry, snapshot, CAMPAIGN.name)}
        self._numbers = {record: str(values.get("campaign_no") or "") for record, values in campaigns.items()}
        self._superseded = {record: values.get("supersedes_id") for record, values in campaigns.items()}
        self._former: dict[bytes, set[bytes]] | None = None

    def changes_in(self, rows: Sequence[LogRow]) -> Iterator[Change]:
        """What some entries have changed, each thing once an entry."""
        written = {row.position: self._ops_of(row) for row in rows if row.kind not in _SILENT}
        names = self._names_of([op for ops in written.values() for op in ops or ()])
        for row in rows:
            if row.position in written:
                at, ops = instant_text(row.received_ms), written[row.position]
                found = [(_EVERYTHING, "", "")] if ops is None else _distinct(names, ops)
                yield from (Change(row.position, at, *one) for one in found)

    def _ops_of(self, row: LogRow) -> Sequence[Op] | None:
        """What an entry let take effect; None where that may be anything. A release decides a set that came earlier."""
        message = row.message
        if row.kind == LogKind.RELEASE:
            held = self._snapshot.admissions([row.nonce]).get(row.nonce)
            stored = self._snapshot.log_rows([held.stored_at]).values() if held is not None else ()
            message = next((one.message for one in stored), None)
        if row.kind == LogKind.EXCLUDE or message is None:
            return None
        return reread_set(message, self._hub.hub_id).ops

    def _names_of(self, ops: Iterable[Op]) -> dict[_Key, list[_Name]]:
        """What to say of each record that some ops wrote, as it shows now."""
        by_kind: dict[int, set[bytes]] = {}
        for op in ops:
            is_still = op.kind == VEHICLE.number and op.action != Action.DELETE and _LIFECYCLE not in op.fields
            if not is_still:
                by_kind.setdefault(op.kind, set()).add(bytes(op.record))
        named: dict[_Key, list[_Name]] = {}
        for record in by_kind.get(CAMPAIGN.number, ()):
            numbers = (self._number_of(one) for one in (record, self._superseded.get(record)))
            named[CAMPAIGN.number, record] = [(_CAMPAIGN, number, "") for number in numbers if number]
        for record, values in self._shown(CAMPAIGN_ITEM, by_kind):
            named[CAMPAIGN_ITEM.number, record] = [(_CAMPAIGN, self._number_of(values.get("campaign_id")), "")]
        for record, values in self._shown(CAMPAIGN_EVENT, by_kind):
            named[CAMPAIGN_EVENT.number, record] = [(_EVENT, str(values.get("campaign_no") or ""), "")]
        done = self._snapshot.records(RECALL_COMPLETION.number, by_kind.get(RECALL_COMPLETION.number, ()))
        for report in named_reports(self._hub, done.values()):
            named[RECALL_COMPLETION.number, report.record] = [
                (_COMPLETION, self._number_of(report.campaign), report.vin)
            ]
        return named | self._vehicles_of(by_kind)

    def _shown(self, kind: Kind, by_kind: Mapping[int, set[bytes]]) -> Iterator[tuple[bytes, Mapping[str, Value]]]:
        rows = self._snapshot.records(kind.number, by_kind.get(kind.number, ()))
        yield from ((record, shown_values(self._hub.registry, row)) for record, row in rows.items())

    def _number_of(self, campaign: object) -> str:
        return self._numbers.get(campaign, "") if isinstance(campaign, bytes) else ""

    def _vehicles_of(self, by_kind: Mapping[int, set[bytes]]) -> dict[_Key, list[_Name]]:
        """The pairs whose state can rest on some attempts, orders, owners and vehicles (rule 2)."""
        tried = self._snapshot.pair_sources(RECALL_CONTACT.number, by_kind.get(RECALL_CONTACT.number, ()))
        pairs: dict[_Key, set[bytes]] = {(row.kind, record): {row.pair} for record, row in tried.items()}
        cars = self._cars_of(by_kind)
        hanging: dict[bytes, set[bytes]] = {}
        wanted = {one for (_, record), some in cars.items() for one in (record, *some)}
        for row in self._snapshot.pair_sources_on(wanted):
            hanging.setdefault(row.hangs_on or b"", set()).add(row.pair)
        listed = self._listed({car for some in cars.values() for car in some}, by_kind.get(VEHICLE.number, set()))
        for key, some in cars.items():
            about = [hanging.get(one, ()) for one in (key[1], *some)] + [listed.get(car, ()) for car in some]
            pairs[key] = {pair for one in about for pair in one}
        return {key: [self._name_of(pair) for pair in sorted(some)] for key, some in pairs.items()}

    def _name_of(self, pair: bytes) -> _Name:
        campaign, vin = split_pair(pair)
        return _VEHICLE, self._number_of(campaign), vin

    def _cars_of(self, by_kind: Mapping[int, set[bytes]]) -> dict[_Key, set[bytes]]:
        """The vehicles that some orders and owners name or named, and the vehicles themselves."""
        cars = {(VEHICLE.number, car): {car} for car in by_kind.get(VEHICLE.number, ())}
        for kind in (VISIT.number, OWNERSHIP.number):
            for record, row in self._snapshot.records(kind, by_kind.get(kind, ())).items():
                former = self._former_cars(record) if kind == VISIT.number else set()
                cars[kind, record] = former | ({row.anchor} if row.anchor is not None else set())
        return cars

    def _former_cars(self, visit: bytes) -> set[bytes]:
        """The vehicles that an order named once; all of them are read when the first order of a page asks."""
        if self._former is None:
            self._former = {}
            for row in self._snapshot.scan(FormerAnchorRow):
                if row.kind == VISIT.number:
                    self._former.setdefault(row.id, set()).add(row.vehicle)
        return self._former.get(visit, set())

    def _listed(self, cars: set[bytes], written: set[bytes]) -> dict[bytes, list[bytes]]:
        """The pairs of those of some cars that left or are unsold, and of cars whose whereabouts were written."""
        vins = {car: row.vin for car, row in self._snapshot.left_cars(cars).items()}
        for car, values in self._shown(VEHICLE, {VEHICLE.number: written}):
            vin = normalise_vin(str(values.get("vin") or ""))
            if car_of(vin) == car:
                vins[car] = vin
        if not vins:
            return {}
        require_lists(self._snapshot, published_campaigns(self._hub, self._snapshot, self._covers))
        rolls = Rolls(self._snapshot.listed_at({member_place(vin)[0] for vin in vins.values()}))
        return {car: [pair_of(campaign, vin) for campaign in rolls.campaigns_of(vin)] for car, vin in vins.items()}


def _distinct(names: Mapping[_Key, Sequence[_Name]], ops: Iterable[Op]) -> list[_Name]:
    """What to say of an entry, each thing once; a vehicle whose completion is named needs no second word."""
    found = dict.fromkeys(name for op in ops for name in names.get((op.kind, bytes(op.record)), ()))
    done = {name[1:] for name in found if name[0] == _COMPLETION}
    return [name for name in found if name[0] != _VEHICLE or name[1:] not in done]
