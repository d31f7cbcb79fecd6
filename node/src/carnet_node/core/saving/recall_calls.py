"""Whom this site calls about a recall: its own customers whose cars are open, without a line, the most dangerous first.

Decides who stands on the list and in which order, and what an attempt is recorded for. What attempts come to and what
else is a contact is `carnet_protocol.reach`, whose car it is `carnet_protocol.owners`, and who wants no word of recalls
`carnet_protocol.consents`, all as at the hub. Does not decide which recalls are open (`recall_check`) nor what an
attempt has to say (`commands.outreach`).

Rules
1. A car that has left or is unsold has no owner to call; nor has one whose campaign has closed its outreach.
2. The present owner is called, if this site has the record (`holders`), so that nobody is called about a car that was
   sold on to a customer of another site. Who asked not to be told of recalls is counted and left alone; who asks for
   quiet in general is told all the same and marked, because a letter suits better.
3. What must not be driven stands first; then whoever was never tried, then whoever was tried longest ago; owners who
   could not be reached as often as the campaign says stand last among their like.
4. A car that a recall lists by its frame number is counted and not listed: no attempt about it can be counted at the
   hub, since no record derives from such a number (ADR 29). Its recall stands on its own page.
5. A list that is older than recall data may be says so, and is a list all the same: a hit stays a hit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from carnet_node.core.commands.outreach import NoteContact, note_contact, retract_contact
from carnet_node.core.limits import CHILDREN_MAX, LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.recall_check import RecallHit, check_recalls_within, danger_of
from carnet_node.core.recalls.recall_terms import shown_fields
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.saving.desk import Saved, save
from carnet_node.core.showing.holders import own_owner
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.vehicle_file import is_silent
from carnet_node.core.showing.views import VehicleView, vehicle_view_within
from carnet_protocol.consents import declines_recalls
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN, CONSENT, PHONE, RECALL_CONTACT, VEHICLE, VISIT
from carnet_protocol.owners import OWNER
from carnet_protocol.reach import TRIES_DEFAULT, Reach, weigh_attempts
from carnet_protocol.registry import Value
from carnet_protocol.state import happened_ms
from carnet_protocol.visits import came_in_ms, car_in

_NOBODY_TO_CALL: Final = frozenset({"exported", "scrapped", "stolen", "in_stock"})


@dataclass(frozen=True, slots=True)
class Call:
    """One owner to call about one recall of one car.

    Attributes:
        hit: the campaign, with its texts.
        phone: the number to call first; None where none is on file.
        is_quiet: asks not to be contacted in general.
        attempts: newest first; retracted ones are left out.
        tries_max: after how many failed attempts the owner is unreachable.
    """

    car: VehicleView
    hit: RecallHit
    owner: RecordView
    phone: RecordView | None
    is_quiet: bool
    attempts: tuple[RecordView, ...]
    reach: Reach
    tries_max: int

    @property
    def is_unreachable(self) -> bool:
        """Tried as often as the campaign says."""
        return self.reach.failed_tries >= self.tries_max


@dataclass(frozen=True, slots=True)
class CallList:
    """Everybody to call, as of the recall data.

    Attributes:
        calls: in the order of rule 3, all of them.
        declined: owners who asked not to be told of recalls.
        by_frame_number: cars with a frame number and no VIN whose owners would be called.
        as_of_ms: when the recall data was made; None when there is none.
    """

    calls: tuple[Call, ...]
    declined: int
    by_frame_number: int
    as_of_ms: int | None


@dataclass(frozen=True, slots=True)
class _Made:
    """An attempt as the rule reads it."""

    channel: str
    result: str
    at_ms: int


def call_list(node: Node) -> CallList:
    """Whom to call; read page by page, so that a large site keeps nobody waiting.

    Its cost follows the cars that are on file here.
    """
    calls: list[Call] = []
    declined = by_frame_number = 0
    for vehicle, hits in _open_cars(node):
        if not vehicle.values.get("vin"):
            by_frame_number += 1
            continue
        with node.store.read() as tx:
            car = vehicle_view_within(node, tx, vehicle.id)
            owner = None if car is None else own_owner(car, site_day(node))
            if car is None or owner is None:
                continue
            said = view_all(tx, node.identity, tx.find_equal(CONSENT, "customer_id", owner.id, CHILDREN_MAX))
            if declines_recalls(one.values for one in said):
                declined += len(hits)
                continue
            calls += [_call(node, tx, car, hit, owner) for hit in hits]
    with node.store.read() as tx:
        feed = tx.feed()
    as_of_ms = None if feed is None else feed.as_of_ms
    return CallList(tuple(sorted(calls, key=_place)), declined, by_frame_number, as_of_ms)


def note_call(node: Node, vehicle: RecordId, campaign: RecordId, channel: str, result: str) -> Saved:
    """Record that the present owner of a car was tried, now.

    Raises:
        CommandRefused: the recall is not open on the car, this site knows no owner, or see `commands.outreach`.
    """
    with node.store.read() as tx:
        car = vehicle_view_within(node, tx, vehicle)
        hits = () if car is None or car.recalls is None else car.recalls.hits
        owner = None if car is None else own_owner(car, site_day(node))
    if car is None or not any(one.campaign == campaign and not one.is_done for one in hits):
        what = "This recall is not open on this car."
        raise refuse("campaign_id", ProblemCode.LOCKED, what, "Look at the car's page; nobody has to be called.")
    if owner is None:
        what = "This site knows no present owner of this car."
        raise refuse("customer_id", ProblemCode.MISSING, what, "Add the owner to the car first.")
    vin, now_ms = str(car.vehicle.values.get("vin") or ""), node.clock.now_ms()
    command = NoteContact(campaign, vin, vehicle, owner.id, channel, result, now_ms)
    return save(node, partial(note_contact, command))


def take_back_call(node: Node, attempt: RecordView, reason: str) -> Saved:
    """Say that an attempt was not made.

    Raises:
        CommandRefused: see `commands.outreach`.
    """
    return save(node, lambda _: retract_contact(attempt.read(), reason))


def _open_cars(node: Node) -> Iterator[tuple[RecordView, Sequence[RecallHit]]]:
    """Every car here with the recalls of which its owner is to be told, page by page; none without such a recall."""
    after: RecordId | None = None
    while True:
        with node.store.read() as tx:
            page = tx.list_records(VEHICLE, after, LIST_ROWS_MAX)
            found = [(one, _open_hits(tx, node, one)) for one in view_all(tx, node.identity, page)]
            named = {hit.campaign for _, hits in found for hit in hits}
            closed = {one for one in named if _campaign(tx, one).get("outreach_closed_on")}
        told = ((one, [hit for hit in hits if hit.campaign not in closed]) for one, hits in found)
        yield from ((one, hits) for one, hits in told if hits)
        if len(page) < LIST_ROWS_MAX:
            return
        after = page[-1].record


def _open_hits(tx: ReadTransaction, node: Node, vehicle: RecordView) -> list[RecallHit]:
    """The recalls that are open on a car; none on one that nobody drives."""
    number = vehicle.values.get("vin") or vehicle.values.get("chassis_no")
    if not isinstance(number, str) or vehicle.values.get("lifecycle") in _NOBODY_TO_CALL:
        return []
    return [hit for hit in check_recalls_within(tx, node, number).hits if not hit.is_done]


def _call(node: Node, tx: ReadTransaction, car: VehicleView, hit: RecallHit, owner: RecordView) -> Call:
    standing = sorted(_attempts(node, tx, car, hit.campaign), key=_made_ms, reverse=True)
    phones = view_all(tx, node.identity, tx.find_equal(PHONE, "customer_id", owner.id, CHILDREN_MAX))
    usable = [one for one in phones if one.values.get("number") and not one.values.get("is_bad")]
    phone = min(usable, key=lambda one: (not one.values.get("is_preferred"), one.id), default=None)
    said = _campaign(tx, hit.campaign).get("unreachable_tries")
    return Call(
        car,
        hit,
        owner,
        phone,
        is_silent(node, tx, owner.id),
        tuple(standing),
        _reach(tx, car, standing),
        said if isinstance(said, int) else TRIES_DEFAULT,
    )


def _attempts(node: Node, tx: ReadTransaction, car: VehicleView, campaign: RecordId) -> Iterator[RecordView]:
    """The attempts about one car and one campaign that stand; one that names another car is none, as at the hub."""
    found = tx.find_equal(RECALL_CONTACT, "vehicle_id", car.vehicle.id, CHILDREN_MAX)
    for one in view_all(tx, node.identity, found):
        is_about = one.values.get("campaign_id") == campaign and one.values.get("vin") == car.vehicle.values.get("vin")
        if is_about and not one.values.get("retracted"):
            yield one


def _reach(tx: ReadTransaction, car: VehicleView, attempts: Sequence[RecordView]) -> Reach:
    """What the attempts about a car come to; who was never tried in vain needs no look at orders."""
    made = [_Made(str(one.values.get("channel")), str(one.values.get("result")), _made_ms(one)) for one in attempts]
    reach = weigh_attempts(made)
    return weigh_attempts(made, _seen_ms(tx, car)) if reach.failed_tries else reach


def _seen_ms(tx: ReadTransaction, car: VehicleView) -> list[int]:
    """When dealers had the car in, and when owners were written down; see `carnet_protocol.reach`, rule 4."""
    orders = tx.find_equal(VISIT, "vehicle_id", car.vehicle.id, CHILDREN_MAX)
    seen = [came_in_ms(one.entries) for one in orders if car_in(one.entries) is not None]
    return [*seen, *(one.written_ms for one in car.owners if one.role == OWNER)]


def _campaign(tx: ReadTransaction, campaign: RecordId) -> Mapping[str, Value]:
    stored = tx.record(CAMPAIGN, campaign)
    return {} if stored is None else shown_fields(stored)


def _made_ms(attempt: RecordView) -> int:
    return happened_ms(attempt.values.get("contacted_at"), attempt.written_ms)


def _place(call: Call) -> tuple[int, bool, int, str]:
    last_ms = _made_ms(call.attempts[0]) if call.attempts else 0
    return danger_of(call.hit), call.is_unreachable, last_ms, str(call.car.vehicle.values.get("vin"))
