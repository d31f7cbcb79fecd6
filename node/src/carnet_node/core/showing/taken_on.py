"""Cars of others that this site has taken on, and which of them it follows no more.

Decides what the list says. The end is the hub's to set: the car and its history leave with a page, marked, while what
this site recorded itself stays. So a car that was taken on and is hidden here is one whose time is over; one that is
not here at all has not come yet. An adoption that was taken back, by this site or by the hub, is listed as ended, so
that nobody wonders where the car went. Until the sync that takes it away, and for as long as a visit or a holder of
this site keeps it, such a car is followed all the same, and no day is named; the order that keeps it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Identity, StoredRecord
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.vehicle_file import orders_of_car
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADOPTION, VEHICLE
from carnet_protocol.limits import ADOPTION_MS
from carnet_protocol.resolvers import show

_RETRACTED: Final = ADOPTION.labels["retracted"]


class Following(StrEnum):
    """How this site stands to a car that it took on."""

    AWAITED = "awaited"
    """Its history has not come yet."""
    FOLLOWED = "followed"
    ENDED = "ended"
    """Its time is over; what this site recorded stays."""


@dataclass(frozen=True, slots=True)
class TakenOn:
    """A car that this site took on.

    Attributes:
        vin: as it was known here; empty where it never came.
        adopted_ms: when, the last time; ms UTC since 1970.
        until_ms: about until then it is followed at least, if nobody ends it; a visit of this site makes it longer.
            By this node's clock, while the hub counts by its own; None when it was taken back.
        taken_back: why the adoption does not hold, of `RETRACTION_REASONS`; empty while it does.
        is_given_back: this site took it back itself; otherwise the hub ended it.
        kept_by: number of the newest order of this site that is not void: it keeps the car here as long as the visit
            counts. Empty for none, and while the adoption holds.
    """

    vehicle: RecordId
    vin: str
    reason: str
    adopted_ms: int
    until_ms: int | None
    taken_back: str
    is_given_back: bool
    following: Following
    kept_by: str


def cars_taken_on(node: Node, limit: int) -> list[TakenOn]:
    """Every car that this site took on, the newest first.

    Args:
        limit: adoptions that are read, the first of them by id.
    """
    with node.store.read() as tx:
        adoptions = view_all(tx, node.identity, tx.list_records(ADOPTION, None, limit))
        newest = {view.values["vehicle_id"]: view for view in sorted(_own(adoptions), key=_adopted_ms)}
        found = [
            _taken_on(tx, node.identity, RecordId(car), view) for car, view in newest.items() if isinstance(car, bytes)
        ]
    return sorted(found, key=lambda one: (-one.adopted_ms, one.vehicle))


def taken_on(node: Node, vehicle: RecordId) -> TakenOn | None:
    """One car that this site took on, as the list has it; None for a car that it never took on."""
    with node.store.read() as tx:
        adoptions = view_all(tx, node.identity, tx.find_equal(ADOPTION, "vehicle_id", vehicle, CHILDREN_MAX))
        newest = max(_own(adoptions), key=_adopted_ms, default=None)
        return None if newest is None else _taken_on(tx, node.identity, vehicle, newest)


def _own(adoptions: tuple[RecordView, ...]) -> list[RecordView]:
    return [one for one in adoptions if one.is_own and "vehicle_id" in one.values]


def _adopted_ms(view: RecordView) -> int:
    at_ms = view.values.get("adopted_at")
    return at_ms if isinstance(at_ms, int) else 0


def _taken_on(tx: ReadTransaction, identity: Identity, vehicle: RecordId, adoption: RecordView) -> TakenOn:
    stored = tx.record(VEHICLE, vehicle)
    vin = "" if stored is None else str(show(VEHICLE, stored.entries).values.get(VEHICLE.labels["vin"]) or "")
    taken_back = str(adoption.values.get("retracted") or "")
    return TakenOn(
        vehicle,
        vin,
        str(adoption.values.get("reason") or ""),
        _adopted_ms(adoption),
        None if taken_back else adoption.written_ms + ADOPTION_MS,
        taken_back,
        bool(taken_back) and _is_given_back(tx, identity, adoption.id),
        _following(stored, is_taken_back=bool(taken_back)),
        _newest_order(tx, identity, vehicle) if taken_back else "",
    )


def _newest_order(tx: ReadTransaction, identity: Identity, vehicle: RecordId) -> str:
    """The number of this site's newest order on a car that is not void; empty for none."""
    orders = orders_of_car(tx, identity, vehicle)
    newest = next((one for one in orders if one.is_own and one.values.get("status") != "void"), None)
    return "" if newest is None else str(newest.values.get("ro_no") or "")


def _is_given_back(tx: ReadTransaction, identity: Identity, adoption: RecordId) -> bool:
    """Whether this site has taken an adoption back itself."""
    stored = tx.record(ADOPTION, adoption)
    entries = () if stored is None else stored.entries
    return any(one.author == identity.dealer_id and (one.fields or {}).get(_RETRACTED) for one in entries)


def _following(stored: StoredRecord | None, *, is_taken_back: bool) -> Following:
    if stored is None:
        return Following.ENDED if is_taken_back else Following.AWAITED
    return Following.ENDED if stored.is_hidden else Following.FOLLOWED
