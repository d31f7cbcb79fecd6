"""What is known of customers that decides how long their values have to stay.

Decides the facts of `carnet_protocol.retention` for customers of this hub, from what their records show and from what
other heads of a contested one say. Does not judge (`retention`), nor count (`retention_report`), nor take away
(`purging`).

Rules
1. A customer is the first owner of a car unless another owner's time there began earlier, by every version of both. A
   tie that was deleted holds nobody as a present owner; whom the car was sold to when it was new it still says.
2. A day that nobody has said is the day of the last change of the record, by the hub's clock: as late as it can be.
3. What holds for one record of a person holds for all that the master has linked with it: the telephone that reaches
   an owner may be another site's.
4. Work that has not arrived could tie a customer to a car. So nothing goes while a node of the owner site, or of a site
   that keeps another record of the same person, has not said hello since the term ended, or has work it has not sent.
   A hello that a restored hub had heard before says nothing: it may have forgotten since what that node had sent.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.sets.hellos import quiet_since
from carnet_hub.core.upkeep.erasing import contested_of
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, PHONE, REGISTRY, VISIT
from carnet_protocol.owners import OWNER
from carnet_protocol.registry import ErasureGroup
from carnet_protocol.retention import PersonFacts, Span, is_first_owner, sale_ms, span_of
from carnet_protocol.state import is_deleted, unpack_entries

_ALL: Final = sum(1 << (group - 1) for group in ErasureGroup)
_CONTACT: Final = 1 << (ErasureGroup.CONTACT - 1)
_NOTES: Final = 1 << (ErasureGroup.NOTES - 1)
_BESIDES: Final = {CUSTOMER.labels["wechat"]: _CONTACT, CUSTOMER.labels["note"]: _NOTES}
"""What a customer is known by that no law wants: the label of the field, and the group it goes with."""

_ROLE: Final = OWNERSHIP.labels["role"]
_FROM: Final = OWNERSHIP.labels["from_on"]
_TO: Final = OWNERSHIP.labels["to_on"]
_PERIOD: Final = OWNERSHIP.register_of("from_on").number
_GROUPS_OF: Final = {
    kind.number: sum({1 << (one.group - 1) for one in kind.registers if one.group is not None})
    for kind in REGISTRY.kinds
}
_REVOKED: Final = "revoked"
_OF_A_PERSON: Final = frozenset(kind.number for kind in REGISTRY.kinds if kind.parent == "customer_id")
"""Kinds that say something about a person and nothing of a car: phones, addresses, preferences, consents."""


@dataclass(frozen=True, slots=True)
class Retained:
    """One customer.

    Attributes:
        dealers: the site that keeps the record, and those that keep another of the same person.
        records: what holds values of this person: the customer, phones, addresses, orders and their jobs; with the
            groups (bits) that are left of each.
        besides: groups (bits) of the customer record that no law wants and that may go by themselves.
        besides_ms: the last change of that record.
    """

    customer: bytes
    dealers: frozenset[bytes]
    facts: PersonFacts
    records: Mapping[bytes, int]
    besides: int
    besides_ms: int


@dataclass(frozen=True, slots=True)
class _Tie:
    """What one ownership says, by all its heads.

    Attributes:
        began_ms: earliest and latest beginning; both None while nobody has said a day.
    """

    vehicle: bytes | None
    customer: bytes | None
    is_owner: bool
    began_ms: Span | None
    has_ended: bool
    changed_ms: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up of many customers at once.

    Attributes:
        ties: by car.
        times: the hub's clock by log position.
        erased: groups (bits) by record.
    """

    ties: Mapping[bytes, list[_Tie]]
    times: Mapping[int, int]
    erased: Mapping[bytes, int]


def retained_persons(hub: Hub, snapshot: Snapshot, customers: Collection[bytes]) -> dict[bytes, Retained]:
    """Some customers of which values are left here.

    Args:
        customers: ids; those that are none, or of which nothing is left, are missing from the answer.
    """
    mates = _mates(snapshot, customers)
    everybody = {*customers, *(mate for some in mates.values() for mate in some)}
    rows = snapshot.records(CUSTOMER.number, everybody)
    alone = _alone(hub, snapshot, rows)
    found = {}
    for customer in customers:
        own = alone.get(customer)
        if own is not None and own.records:
            others = [alone[mate] for mate in mates.get(customer, ()) if mate in alone]
            facts = _joined(own.facts, (one.facts for one in others))
            found[customer] = replace(own, dealers=own.dealers.union(*(one.dealers for one in others)), facts=facts)
    return found


def heard_of(hub: Hub, snapshot: Snapshot) -> dict[bytes, int]:
    """By site, since when the hub has heard of all its nodes with nothing left unsent; 0 while one is missing."""
    quiet = quiet_since(hub, snapshot)
    heard: dict[bytes, int] = {}
    for node in snapshot.nodes():
        if node.key_status != _REVOKED:
            moment = quiet.get(node.node_id, 0)
            heard[node.dealer_id] = min(moment, heard.get(node.dealer_id, moment))
    return heard


def _mates(snapshot: Snapshot, customers: Collection[bytes]) -> dict[bytes, set[bytes]]:
    """Who else is the same person, by customer."""
    clusters = {customer: row.golden for customer, row in snapshot.members(customers).items()}
    of_cluster: dict[bytes, set[bytes]] = {}
    for row in snapshot.members_of({*clusters.values()}):
        of_cluster.setdefault(row.golden, set()).add(row.customer)
    return {customer: of_cluster.get(golden, set()) - {customer} for customer, golden in clusters.items()}


def _joined(own: PersonFacts, others: Iterable[PersonFacts]) -> PersonFacts:
    """The facts of one record, held by everything that holds another of the same person."""
    for one in others:
        own = PersonFacts(
            own.changed_ms,
            _later(own.sold_ms, one.sold_ms),
            _later(own.worked_ms, one.worked_ms),
            own.is_tied or one.is_tied,
        )
    return own


def _alone(hub: Hub, snapshot: Snapshot, rows: Mapping[bytes, RecordRow]) -> dict[bytes, Retained]:
    children = _children(hub, snapshot, rows)
    orders = {row.id: row for some in children.values() for row in some if row.kind == VISIT.number}
    jobs: dict[bytes, list[RecordRow]] = {}
    for row in snapshot.children(orders):
        jobs.setdefault(row.parent or b"", []).append(row)
    everything = [*rows.values(), *(one for some in (*children.values(), *jobs.values()) for one in some)]
    known = _Known(
        _ties(snapshot, children),
        snapshot.commit_times({row.changed for row in everything}),
        snapshot.erased({row.id for row in everything}),
    )
    return {
        customer: _retained(hub, row, [*children[customer], *_jobs_of(children[customer], jobs)], known)
        for customer, row in rows.items()
    }


def _jobs_of(children: Iterable[RecordRow], jobs: Mapping[bytes, list[RecordRow]]) -> Iterator[RecordRow]:
    for row in children:
        yield from jobs.get(row.id, ())


def _children(hub: Hub, snapshot: Snapshot, rows: Mapping[bytes, RecordRow]) -> dict[bytes, list[RecordRow]]:
    """What belongs to customers or names them, orders too that name them in another version."""
    found: dict[bytes, list[RecordRow]] = {customer: [] for customer in rows}
    for row in snapshot.children(rows):
        found[row.parent or b""].append(row)
    label = VISIT.labels["customer_id"]
    for row in contested_of(snapshot, VISIT.number):
        named = {(entry.fields or {}).get(label) for entry in plain_entries(hub.box, row.kind, row.id, row.entries)}
        for customer in (one for one in named if isinstance(one, bytes) and one in found and one != row.parent):
            found[customer].append(row)
    return found


def _retained(hub: Hub, row: RecordRow, belonging: list[RecordRow], known: _Known) -> Retained:
    ties, times, erased = known.ties, known.times, known.erased
    own_ties = [tie for some in ties.values() for tie in some if tie.customer == row.id]
    worked = [times[one.changed] for one in belonging if one.kind not in _OF_A_PERSON]
    sold = [sale_ms(tie.began_ms, tie.changed_ms) for tie in own_ties if _is_first(tie, ties[tie.vehicle or b""])]
    facts = PersonFacts(
        max(times[one.changed] for one in (row, *belonging)),
        max(sold, default=None),
        max(worked, default=None),
        any(not tie.has_ended for tie in own_ties),
    )
    direct = {row.id, *(one.id for one in belonging if one.parent == row.id)}
    own_rows = [row, *(one for one in belonging if one.parent in direct)]
    left = {one.id: _GROUPS_OF[one.kind] & ~erased.get(one.id, 0) for one in own_rows}
    has_phone = any(one.kind == PHONE.number and left[one.id] for one in own_rows)
    besides = _besides(hub, row, erased.get(row.id, 0)) & (_ALL if has_phone else ~_CONTACT)
    own = {one: groups for one, groups in left.items() if groups}
    return Retained(row.id, frozenset({row.owner}), facts, own, besides, times[row.changed])


def _besides(hub: Hub, row: RecordRow, erased: int) -> int:
    entries = plain_entries(hub.box, row.kind, row.id, row.entries)
    held = {label for entry in entries for label in entry.fields or ()}
    return sum(group for label, group in _BESIDES.items() if label in held and not erased & group)


def _ties(snapshot: Snapshot, children: Mapping[bytes, list[RecordRow]]) -> dict[bytes, list[_Tie]]:
    """Every tie of the cars that somebody here is tied to, by car."""
    cars = {row.anchor for some in children.values() for row in some if row.kind == OWNERSHIP.number and row.anchor}
    ids = [record for _, kind, record in snapshot.anchored(cars) if kind == OWNERSHIP.number]
    rows = snapshot.records(OWNERSHIP.number, ids)
    times = snapshot.commit_times({row.changed for row in rows.values()})
    found: dict[bytes, list[_Tie]] = {}
    for row in rows.values():
        found.setdefault(row.anchor or b"", []).append(_tie(row, times[row.changed]))
    return found


def _tie(row: RecordRow, changed_ms: int) -> _Tie:
    heads = unpack_entries(row.entries)
    roles = {(entry.fields or {}).get(_ROLE) for entry in heads}
    periods = [entry for entry in heads if _PERIOD in entry.registers()]
    has_ended = is_deleted(heads) or (bool(periods) and all((entry.fields or {}).get(_TO) for entry in periods))
    began = span_of((entry.fields or {}).get(_FROM) for entry in heads)
    return _Tie(row.anchor, row.parent, OWNER in roles, began, has_ended, changed_ms)


def _is_first(tie: _Tie, at_car: Iterable[_Tie]) -> bool:
    others = (one.began_ms for one in at_car if one.is_owner and one.customer != tie.customer)
    return tie.is_owner and is_first_owner(tie.began_ms, others)


def _later(one: int | None, other: int | None) -> int | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
