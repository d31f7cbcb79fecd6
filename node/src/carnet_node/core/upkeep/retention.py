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
from collections.abc import Iterator, Mapping, Sequence
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
    after: RecordId | None = None
    while True:
        with node.store.read() as tx:
            stored = tx.list_records(kind, after, LIST_ROWS_MAX)
        yield from (one for one in stored if one.owner == node.identity.dealer_id)
        if len(stored) < LIST_ROWS_MAX:
            return
        after = stored[-1].record


def _deleted_ties(node: Node) -> dict[object, list[StoredRecord]]:
    """Ties that were deleted, under the customer and under the car that they named."""
    found: dict[object, list[StoredRecord]] = {}
    with node.store.read() as tx:
        for tie in tx.projections(OWNERSHIP):
            if tie.is_deleted and tie.owner == node.identity.dealer_id:
                for one in {*_said(tie, "customer_id"), *_said(tie, "vehicle_id")} - {None}:
                    found.setdefault(one, []).append(tie)
    return found


def _facts(
    tx: ReadTransaction, customer: StoredRecord, deleted: Mapping[object, Sequence[StoredRecord]]
) -> PersonFacts:
    present, visits, phones, addresses = (
        tx.find_equal(kind, "customer_id", customer.record, CHILDREN_MAX) for kind in (OWNERSHIP, VISIT, PHONE, ADDRESS)
    )
    ties = [*present, *deleted.get(customer.record, ())]
    worked = [*ties, *visits]
    sold = [sale_ms(_began(tie), _changed_ms(tie)) for tie in ties if _is_first(tx, tie, deleted)]
    return PersonFacts(
        max(map(_changed_ms, (customer, *phones, *addresses, *worked))),
        max(sold, default=None),
        max(map(_changed_ms, worked), default=None),
        any(not all(_said(tie, "to_on")) for tie in present),
    )


def _is_first(tx: ReadTransaction, tie: StoredRecord, deleted: Mapping[object, Sequence[StoredRecord]]) -> bool:
    if OWNER not in _said(tie, "role"):
        return False
    car = next((one for one in _said(tie, "vehicle_id") if isinstance(one, bytes)), None)
    at_car = tx.find_equal(OWNERSHIP, "vehicle_id", car, CHILDREN_MAX) if car is not None else []
    others = [
        one for one in (*at_car, *deleted.get(car, ())) if one.record != tie.record and OWNER in _said(one, "role")
    ]
    return is_first_owner(_began(tie), map(_began, others))


def _began(tie: StoredRecord) -> Span | None:
    return span_of(_said(tie, "from_on"))


def _said(stored: StoredRecord, field: str) -> list[object]:
    """What every head says of a field; None from one that says nothing, or for a register nobody has written."""
    number, label = stored.kind.register_of(field).number, stored.kind.labels[field]
    return [(one.fields or {}).get(label) for one in stored.entries if number in one.registers()] or [None]


def _changed_ms(stored: StoredRecord) -> int:
    return max((one.time_ms for one in stored.entries), default=0)
