"""Unsold cars of this site that a recall lists: not sold before it is done, and shown until a manager has taken note.

Decides which cars these are, how far the list can be relied on, and what was acknowledged. A car counts as unsold while
its state says *in stock*. A plan version that came later asks again. Does not decide which recalls are open
(`recall_check`) nor who may acknowledge (`roles`).

Rules
1. Every unsold car is looked up, however many there are, in one snapshot.
2. A list that rests on no recall data, or on data that is too old, says so: there may be more cars than it names.
3. A car without a number, or with one that cannot be a VIN and is listed nowhere, is known to be neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from carnet_node.core.commands.outreach import StopSale, acknowledge_stops
from carnet_node.core.desk_limits import OPS_BESIDE_MAX
from carnet_node.core.limits import CHILDREN_MAX, LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.recall_check import AsOf, RecallBook, RecallHit, danger_of
from carnet_node.core.recalls.recall_terms import shown_fields
from carnet_node.core.saving.desk import Saved, save
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN, STOP_SALE, VEHICLE
from carnet_protocol.vin import assess_vin

UNREAD: Final = "it has no number that could be looked up"
"""Why nothing certain can be said of an unsold car, however good the data is."""

_IN_STOCK: Final = "in_stock"


@dataclass(frozen=True, slots=True)
class StoppedCar:
    """One unsold car and one recall that is open on it.

    Attributes:
        plan_version: of the campaign now.
        acknowledged: what somebody of this site said of it under this version; None while nobody has.
    """

    vehicle: RecordView
    hit: RecallHit
    plan_version: int
    acknowledged: RecordView | None


@dataclass(frozen=True, slots=True)
class StopList:
    """Every unsold car with an open recall, and what is not known of the others.

    Attributes:
        cars: those nobody has taken note of first, the most dangerous on top.
        as_of: of the recall data; where it has a doubt, there may be more cars than these.
        unread: unsold cars by id that could not be looked up at all, see `UNREAD`.
    """

    cars: tuple[StoppedCar, ...]
    as_of: AsOf
    unread: tuple[RecordView, ...]

    @property
    def waiting(self) -> tuple[StoppedCar, ...]:
        """Those nobody has taken note of."""
        return tuple(one for one in self.cars if one.acknowledged is None)


def stop_list(node: Node) -> StopList:
    """Look every unsold car of this site up; the cost follows the cars in stock."""
    found: list[StoppedCar] = []
    unread: list[RecordView] = []
    with node.store.read() as tx:
        book = RecallBook(tx, node)
        for car in _unsold(node, tx):
            number = str(car.values.get("vin") or "")
            hits = book.answer(number).hits
            if not hits and not assess_vin(number, node.settings.vin_policy).is_acceptable:
                unread.append(car)
            found += [_stopped(node, tx, car, hit) for hit in hits if not hit.is_done]
    return StopList(tuple(sorted(found, key=_place)), book.as_of, tuple(unread))


def acknowledge(node: Node, named: frozenset[tuple[RecordId, RecordId]]) -> Saved:
    """Take note of some stopped cars; those that were acknowledged, done or sold meanwhile are left out.

    Args:
        named: vehicle and campaign, as a page showed them.

    Raises:
        CommandRefused: the role does not acknowledge; nothing was recorded.
    """
    chosen = (one for one in stop_list(node).waiting if (one.vehicle.id, one.hit.campaign) in named)
    stops = tuple(
        StopSale(one.hit.campaign, str(one.vehicle.values["vin"]), one.vehicle.id, one.plan_version)
        for one in islice(chosen, OPS_BESIDE_MAX)
    )
    return save(node, partial(acknowledge_stops, stops, node.clock.now_ms()))


def _unsold(node: Node, tx: ReadTransaction) -> Iterator[RecordView]:
    """Every car in stock, read page by page."""
    after: RecordId | None = None
    while page := tx.find_equal(VEHICLE, "lifecycle", _IN_STOCK, LIST_ROWS_MAX, after):
        yield from view_all(tx, node.identity, page)
        after = page[-1].record


def _stopped(node: Node, tx: ReadTransaction, car: RecordView, hit: RecallHit) -> StoppedCar:
    campaign = tx.record(CAMPAIGN, hit.campaign)
    said = {} if campaign is None else shown_fields(campaign)
    version = said.get("plan_version")
    present = version if isinstance(version, int) else 1
    held = view_all(tx, node.identity, tx.find_equal(STOP_SALE, "vehicle_id", car.id, CHILDREN_MAX))
    acknowledged = [
        one
        for one in held
        if one.values.get("campaign_id") == hit.campaign
        and one.values.get("plan_version") == present
        and not one.values.get("retracted")
    ]
    return StoppedCar(car, hit, present, min(acknowledged, key=lambda one: one.id, default=None))


def _place(one: StoppedCar) -> tuple[bool, int, str]:
    return one.acknowledged is not None, danger_of(one.hit), str(one.vehicle.values.get("vin"))
