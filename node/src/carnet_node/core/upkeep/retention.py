"""What this site holds, by class and age, as far as this machine knows.

Decides the rows of that report. Counts only: no id and no value of anybody stands in it. Does not decide how long
anything stays (`carnet_protocol.retention`), and takes nothing away: that is an order of the hub, which knows every
site, who is the same person at two of them, and whether work is still to arrive.

    what                     by class of                   verdict
    -----------------------  ----------------------------  ---------------------------------------------------
    customers                what governs the person       in_use, statutory, running, may_go
    cars, orders, ties of    workshop, recall              stays: no personal value, or one that goes with its
    both to customers,                                     customer
    recalls done, attempts,
    stopped sales

A tie that was deleted holds nobody as a present owner; whom the car was sold to when it was new it still says.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_node.core.limits import CHILDREN_MAX, LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import StoredRecord
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import (
    ADDRESS,
    CUSTOMER,
    OWNERSHIP,
    PHONE,
    RECALL_COMPLETION,
    RECALL_CONTACT,
    STOP_SALE,
    VEHICLE,
    VISIT,
)
from carnet_protocol.owners import OWNER
from carnet_protocol.registry import Kind
from carnet_protocol.retention import (
    Holds,
    PersonFacts,
    RetentionClass,
    RetentionFile,
    Span,
    age_years,
    is_first_owner,
    judge_person,
    sale_ms,
    span_of,
)

STAYS: Final = "stays"
_KEPT: Final = (
    (VEHICLE, Holds.WORKSHOP),
    (VISIT, Holds.WORKSHOP),
    (OWNERSHIP, Holds.WORKSHOP),
    (RECALL_COMPLETION, Holds.RECALL),
    (RECALL_CONTACT, Holds.RECALL),
    (STOP_SALE, Holds.RECALL),
)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One line of the report.

    Attributes:
        held: a kind of record.
        age_years: whole years since the term began; of what stays, since its last change.
        verdict: a `Verdict`, or `STAYS`.
    """

    governed_by: RetentionClass
    held: str
    age_years: int
    verdict: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tie:
    """What is asked of a tie of a customer to a car.

    Attributes:
        cars: every one that a head names.
        changed_ms: when it was last written.
    """

    record: RecordId
    cars: tuple[bytes, ...]
    is_owner: bool
    began: Span | None
    changed_ms: int


_DeletedTies = Mapping[object, Sequence[_Tie]]
_Page = Callable[[ReadTransaction, RecordId | None], list[StoredRecord]]


def retention_rows(node: Node, classes: RetentionFile) -> list[HeldRow]:
    """What is held of this site, counted by class, age and verdict; each page of it a snapshot of its own."""
    now_ms = node.clock.now_ms()
    counts: Counter[tuple[str, str, int, str]] = Counter()
    deleted = _deleted_ties(node)
    for stored in _own(node, CUSTOMER):
        with node.store.read() as tx:
            judged = judge_person(classes, _facts(tx, stored, deleted), now_ms)
        age = age_years(judged.since_ms, now_ms)
        counts[judged.governed_by.id, CUSTOMER.name, age, str(judged.verdict)] += 1
    for kind, holds in _KEPT:
        for stored in _own(node, kind):
            counts[classes.of(holds).id, kind.name, age_years(_changed_ms(stored), now_ms), STAYS] += 1
    by_id = {one.id: one for one in classes.classes}
    return [HeldRow(by_id[name], held, age, why, count) for (name, held, age, why), count in sorted(counts.items())]


def _own(node: Node, kind: Kind) -> Iterator[StoredRecord]:
    """The records of a kind that this site began, page by page."""
    return _paged(node, lambda tx, after: tx.list_records(kind, after, LIST_ROWS_MAX))


def _paged(node: Node, page: _Page) -> Iterator[StoredRecord]:
    """What this site began of a listing by ascending id; each page of it a snapshot of its own."""
    after: RecordId | None = None
    while True:
        with node.store.read() as tx:
            stored = page(tx, after)
        yield from (one for one in stored if one.owner == node.identity.dealer_id)
        if len(stored) < LIST_ROWS_MAX:
            return
        after = stored[-1].record


def _deleted_ties(node: Node) -> _DeletedTies:
    """Ties that were deleted, under the customer and under the car that they named; `CHILDREN_MAX` of each at most."""
    found: dict[object, list[_Tie]] = {}
    for stored in _paged(node, lambda tx, after: tx.list_deleted(OWNERSHIP, after, LIST_ROWS_MAX)):
        tie = _tie(stored)
        for one in {*_said(stored, "customer_id"), *tie.cars} - {None}:
            if len(under := found.setdefault(one, [])) < CHILDREN_MAX:
                under.append(tie)
    return found


def _tie(stored: StoredRecord) -> _Tie:
    cars = tuple(one for one in _said(stored, "vehicle_id") if isinstance(one, bytes))
    began = span_of(_said(stored, "from_on"))
    return _Tie(stored.record, cars, OWNER in _said(stored, "role"), began, _changed_ms(stored))


def _facts(tx: ReadTransaction, customer: StoredRecord, deleted: _DeletedTies) -> PersonFacts:
    present, visits, phones, addresses = (
        tx.find_equal(kind, "customer_id", customer.record, CHILDREN_MAX) for kind in (OWNERSHIP, VISIT, PHONE, ADDRESS)
    )
    ties = [*map(_tie, present), *deleted.get(customer.record, ())]
    worked = [*(tie.changed_ms for tie in ties), *map(_changed_ms, visits)]
    sold = [sale_ms(tie.began, tie.changed_ms) for tie in ties if _is_first(tx, tie, deleted)]
    return PersonFacts(
        max((*map(_changed_ms, (customer, *phones, *addresses)), *worked)),
        max(sold, default=None),
        max(worked, default=None),
        any(not all(_said(tie, "to_on")) for tie in present),
    )


def _is_first(tx: ReadTransaction, tie: _Tie, deleted: _DeletedTies) -> bool:
    if not tie.is_owner:
        return False
    car = tie.cars[0] if tie.cars else None
    at_car = tx.find_equal(OWNERSHIP, "vehicle_id", car, CHILDREN_MAX) if car is not None else []
    others = (one for one in (*map(_tie, at_car), *deleted.get(car, ())) if one.record != tie.record and one.is_owner)
    return is_first_owner(tie.began, (one.began for one in others))


def _said(stored: StoredRecord, field: str) -> list[object]:
    """What every head says of a field; None from one that says nothing, or for a register nobody has written."""
    number, label = stored.kind.register_of(field).number, stored.kind.labels[field]
    return [(one.fields or {}).get(label) for one in stored.entries if number in one.registers()] or [None]


def _changed_ms(stored: StoredRecord) -> int:
    return max((one.time_ms for one in stored.entries), default=0)
