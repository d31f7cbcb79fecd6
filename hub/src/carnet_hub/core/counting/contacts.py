"""What was tried to tell owners of a recall, and what it comes to.

Decides which attempts count, how many failed since the last contact, and what a campaign's outreach adds up to. An
attempt is a fact of whoever made it: a dealer who called, the hub that posted letters. Everything is worked out from
the set of facts, so the order in which they arrive plays no part. Does not decide whose car it is
(`carnet_protocol.owners`) nor what state a pair is in (`pair_states`).

Rules
1. An attempt that was taken back is none, nor is one that names another car than the one that it hangs on.
2. What attempts come to, when each happened and what else is a contact is `carnet_protocol.reach`, as at the desk.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from carnet_hub.core.count_ports import OutreachCounts
from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.counting.owners import ties_of
from carnet_hub.core.counting.pair_states import UNKNOWN_CAR, CarFacts
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import COUNTED_VEHICLES_BATCH
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import RECALL_CONTACT, VISIT
from carnet_protocol.reach import Reach, weigh_attempts
from carnet_protocol.state import happened_ms, heads_of, unpack_entries
from carnet_protocol.vin import normalise_vin
from carnet_protocol.visits import came_in_ms, car_in

_CONTACT_REGISTER: Final = 0
_AT: Final = "contacted_at"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tried to tell an owner of a recall.

    Attributes:
        op: the write that says so; cites the change set.
        author: dealer site, or the hub.
        campaign: its record id.
        vin: in normal form.
        customer: whom it was meant for; None when it does not say.
        channel, result: of the registry.
        stated_ms: when, by the author's clock; None when it was not said.
        admitted_ms: set time fixed at admission.
    """

    record: RecordId
    op: OpId
    author: bytes
    campaign: bytes
    vin: str
    customer: bytes | None
    channel: str
    result: str
    stated_ms: int | None
    admitted_ms: int
    is_retracted: bool = False

    @property
    def at_ms(self) -> int:
        """When it counts as made."""
        return happened_ms(self.stated_ms, self.admitted_ms)


def reach_of(attempts: Iterable[Attempt], seen_ms: Iterable[int] = ()) -> Reach:
    """What the attempts of one car in one campaign come to; those that were taken back are none.

    Args:
        attempts: in any order.
        seen_ms: as of `weigh_attempts`.
    """
    return weigh_attempts((one for one in attempts if not one.is_retracted), seen_ms)


def count_outreach(attempts: Mapping[str, Iterable[Attempt]]) -> OutreachCounts | None:
    """What a campaign's attempts add up to; None when nobody has written one down.

    Args:
        attempts: by VIN.
    """
    reaches = [reach_of(several) for several in attempts.values()]
    if not reaches:
        return None
    return OutreachCounts(
        sum(one.told_count > 0 for one in reaches),
        sum(one.told_count > 1 for one in reaches),
        sum(one.returned_count for one in reaches),
    )


def campaign_attempts(hub: Hub, reads: RecordReads, campaign: RecordId) -> dict[str, list[Attempt]]:
    """Every attempt of a campaign, by VIN; those that were taken back among them."""
    found: dict[str, list[Attempt]] = {}
    for one in attempts_in(hub, reads.records_of_kind(RECALL_CONTACT.number)):
        if one.campaign == campaign:
            found.setdefault(one.vin, []).append(one)
    return found


def attempts_in(hub: Hub, rows: Iterable[RecordRow]) -> Iterator[Attempt]:
    """What some records say, each for the car that it hangs on; one that names another car is left out."""
    return (one for row in rows if (one := _attempt_of(hub, row)) is not None)


def reaches_of(
    hub: Hub, reads: RecordReads, attempts: Mapping[str, Collection[Attempt]], tries_asked: int
) -> dict[str, Reach]:
    """What the attempts of some cars come to, by VIN.

    Args:
        attempts: by VIN.
        tries_asked: from how many failed tries on the orders and owners of a car are looked at, at least 1. A count of
            states needs no look before an owner is unreachable; what people read counts every failure.
    """
    found = {vin: reach_of(several) for vin, several in attempts.items()}
    tried = [vin for vin, one in found.items() if one.failed_tries >= tries_asked]
    return found | {vin: reach_of(attempts[vin], seen) for vin, seen in _seen(hub, reads, tried).items()}


def with_tries(cars: Mapping[str, CarFacts], reaches: Mapping[str, Reach]) -> dict[str, CarFacts]:
    """What is known of some cars, with how often their owners were tried since the last contact; both by VIN."""
    tried = {vin: one.failed_tries for vin, one in reaches.items() if one.failed_tries}
    return {**cars, **{vin: replace(cars.get(vin, UNKNOWN_CAR), failed_tries=tries) for vin, tries in tried.items()}}


def _seen(hub: Hub, reads: RecordReads, vins: Iterable[str]) -> dict[str, list[int]]:
    """When dealers had some cars in, and when owners were written down, by VIN; see `carnet_protocol.reach`, rule 4."""
    found: dict[str, list[int]] = {}
    waiting = iter(vins)
    while batch := list(islice(waiting, COUNTED_VEHICLES_BATCH)):
        cars = {bytes(held): vin for vin in batch if (held := car_of(vin)) is not None}
        found |= {vin: [] for vin in batch}
        for car, ties in ties_of(hub, reads, cars.keys()).items():
            found[cars[car]] += [one.written_ms for one in ties]
        orders = {record: car for car, kind, record in reads.anchored(cars.keys()) if kind == VISIT.number}
        for record, row in reads.records(VISIT.number, orders.keys()).items():
            entries = unpack_entries(row.entries)
            if car_in(entries) == orders[record]:
                found[cars[orders[record]]].append(came_in_ms(entries))
    return found


def _attempt_of(hub: Hub, row: RecordRow) -> Attempt | None:
    values = shown_values(hub.registry, row)
    vin, customer, stated = normalise_vin(str(values.get("vin") or "")), values.get("customer_id"), values.get(_AT)
    heads = heads_of(unpack_entries(row.entries), _CONTACT_REGISTER)
    campaign = values.get("campaign_id")
    if not isinstance(campaign, bytes) or not heads or row.anchor is None or car_of(vin) != row.anchor:
        return None
    entry = min(heads, key=lambda one: (one.time_ms, one.op))
    return Attempt(
        RecordId(row.id),
        OpId(entry.op),
        entry.author,
        campaign,
        vin,
        customer if isinstance(customer, bytes) else None,
        str(values.get("channel") or ""),
        str(values.get("result") or ""),
        stated if isinstance(stated, int) else None,
        entry.time_ms,
        is_retracted=bool(values.get("retracted")),
    )
