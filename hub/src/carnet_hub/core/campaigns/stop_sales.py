"""Unsold cars of a campaign, and which dealers have taken note that they are not sold before it is done.

Decides whose stock a car is in and whether its dealer has acknowledged the newest plan. Does not decide which cars are
unsold (`pair_states`).

Rules
1. A car is in the stock of the site that last said so.
2. An acknowledgement counts for the plan version it names, and for the site that gave it. One that was taken back, or
   is of an earlier version, is none: the dealer is asked again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from carnet_hub.core.campaigns.recalls import count_campaign
from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.counting.progress import PairState
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shelves import SegmentShelf
from carnet_hub.core.shown import shown_values
from carnet_protocol.ids import OpId, RecordId, nonce_of, staff_action_id
from carnet_protocol.kinds import STAFF, STAFF_ACTION, STOP_SALE, VEHICLE
from carnet_protocol.state import heads_of, unpack_entries

_ACKNOWLEDGEMENT: Final = 0


@dataclass(frozen=True, slots=True)
class StoppedCar:
    """One unsold car of a campaign.

    Attributes:
        site: code of the dealer in whose stock it is; empty for nobody's.
        acknowledged_ms: when that dealer took note, never after the hub learnt of it; None while it has not.
        staff_no: who did; empty for the operator of a machine.
    """

    vin: str
    site: str
    plan_version: int
    acknowledged_ms: int | None = None
    staff_no: str = ""


@dataclass(frozen=True, slots=True)
class _Note:
    at_ms: int
    op: OpId


def stopped_cars(hub: Hub, segments: SegmentShelf, campaign_no: str) -> list[StoppedCar]:
    """Every unsold car of a campaign, those nobody has taken note of first, then by site and VIN.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    with hub.store.read() as snapshot:
        counted = count_campaign(hub, segments, snapshot, campaign_no)
        version = counted.campaign.values.get("plan_version")
        present = version if isinstance(version, int) else 1
        unsold = [vin for vin, state in counted.progress.states.items() if state is PairState.IN_STOCK]
        sites = _stock_of(hub, snapshot, unsold)
        notes = _notes(hub, snapshot, RecordId(counted.campaign.row.id), present)
        found: list[StoppedCar] = []
        for vin in unsold:
            site = sites.get(vin, b"")
            car, note = StoppedCar(vin, counted.site_codes.get(site, ""), present), notes.get((vin, site))
            if note is not None:
                car = replace(car, acknowledged_ms=note.at_ms, staff_no=_staff_no(hub, snapshot, note.op))
            found.append(car)
    return sorted(found, key=lambda one: (one.acknowledged_ms is not None, one.site, one.vin))


def _stock_of(hub: Hub, snapshot: RecordReads, vins: Iterable[str]) -> dict[str, bytes]:
    """The site that last said of each car that it is in stock, by VIN."""
    cars = {bytes(held): vin for vin in vins if (held := car_of(vin)) is not None}
    register = hub.registry[VEHICLE.name].register_of("lifecycle").number
    found: dict[str, bytes] = {}
    for car, row in snapshot.records(VEHICLE.number, cars.keys()).items():
        heads = [one for one in heads_of(unpack_entries(row.entries), register) if not one.is_delete]
        last = max(heads, key=lambda one: (one.time_ms, one.op), default=None)
        if last is not None:
            found[cars[car]] = last.author
    return found


def _notes(hub: Hub, snapshot: RecordReads, campaign: RecordId, version: int) -> dict[tuple[str, bytes], _Note]:
    """The first acknowledgement of each car by each site, of this plan."""
    found: dict[tuple[str, bytes], _Note] = {}
    for row in snapshot.records_of_kind(STOP_SALE.number):
        said = shown_values(hub.registry, row)
        if said.get("campaign_id") != campaign or said.get("plan_version") != version or said.get("retracted"):
            continue
        note, place = _note_of(row, said), (str(said.get("vin") or ""), row.owner)
        if place not in found or (note.at_ms, note.op) < (found[place].at_ms, found[place].op):
            found[place] = note
    return found


def _note_of(row: RecordRow, said: Mapping[str, object]) -> _Note:
    entry = min(heads_of(unpack_entries(row.entries), _ACKNOWLEDGEMENT), key=lambda one: (one.time_ms, one.op))
    stated = said.get("acknowledged_at")
    return _Note(min(stated, entry.time_ms) if isinstance(stated, int) else entry.time_ms, OpId(entry.op))


def _staff_no(hub: Hub, snapshot: RecordReads, op: OpId) -> str:
    """The number of whoever sealed the set of an op; empty for the operator of a machine."""
    action = staff_action_id(nonce_of(op))
    rows = snapshot.records(STAFF_ACTION.number, [action])
    staff = shown_values(hub.registry, rows[action]).get("staff_id") if action in rows else None
    people = snapshot.records(STAFF.number, [staff]) if isinstance(staff, bytes) else {}
    return str(next((shown_values(hub.registry, row).get("staff_no") or "" for row in people.values()), ""))
