"""Taking away what has outlived its term: an erasure order on the ground of retention, like any other to a node.

Decides which customers a purge takes, under the lock and from what is there then, and which records and groups its
orders name. Does not decide how long anything stays (`carnet_protocol.retention`), nor what an order does (`effects`).

    purpose of the purge    takes                                                           while
    ----------------------  --------------------------------------------------------------  ------------------------
    that of a class         persons whom this class governs: all that is left of them       they may go
    marketing, besides      notes and messenger names of everybody else, by themselves      their marketing term ended

Rules
1. What a law has kept is never taken early, nor of whom a site may still have work that has not arrived: whoever asks
   for one such customer is refused by name of the class; in a purge of all they are left out.
2. An order names what it takes and nothing follows it (`erased_persons`): what comes later is judged by itself.
3. A class about recalls names no person; there is nothing to purge.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from carnet_hub.core.failures import RetentionRuns, Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import PURGED_PERSONS_BATCH
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.sets.erased_persons import RETENTION
from carnet_hub.core.upkeep.erasing import erasure_draft
from carnet_hub.core.upkeep.retained_persons import Retained, heard_of, retained_persons
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.orders import ERASURE_RECORDS_MAX
from carnet_protocol.registry import ErasureGroup
from carnet_protocol.retention import Holds, Judged, RetentionFile, Verdict, judge_marketing, judge_person

WAITING: Final = "site_not_heard"
"""Why something stays although its term has ended: rule 4 of `retained_persons`."""


Watched = Callable[[Sequence[bytes]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Purged:
    """What one step of a purge took.

    Attributes:
        persons: of whom everything went.
        besides: of whom notes or messenger names went by themselves.
        orders: how many erasure orders were written.
    """

    persons: int
    besides: int
    records: int
    orders: int


@dataclass(frozen=True, slots=True)
class _Going:
    """What goes of one customer: groups (bits) by record."""

    customer: bytes
    records: Mapping[bytes, int]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of one customer.

    Attributes:
        person: of the whole.
        besides: of notes and messenger names by themselves; None for who has none, or goes as a whole.
        why: a `Verdict`, or `WAITING`.
    """

    person: Judged
    besides: Judged | None
    why: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """One purge.

    Attributes:
        heard: by site, see `heard_of`; of when the purge began.
    """

    hub: Hub
    classes: RetentionFile
    purpose: str
    heard: Mapping[bytes, int]

    def judge(self, one: Retained) -> Judgement:
        """What becomes of a customer now."""
        return judge(self.classes, one, self.heard, self.hub.clock.now_ms())


def judge(classes: RetentionFile, one: Retained, heard: Mapping[bytes, int], now_ms: int) -> Judgement:
    """What becomes of a customer.

    Args:
        heard: by site, see `heard_of`; a site without a node has nothing that could arrive.
    """
    heard_ms = min(heard.get(dealer, now_ms) for dealer in one.dealers)
    person = judge_person(classes, one.facts, now_ms)
    if person.verdict is Verdict.MAY_GO:
        return Judgement(person, None, WAITING if heard_ms < person.until_ms else str(person.verdict))
    is_apart = bool(one.besides) and person.governed_by.holds is not Holds.MARKETING
    besides = judge_marketing(classes, one.besides_ms, now_ms) if is_apart else None
    return Judgement(person, besides, str(person.verdict))


def purge_all(hub: Hub, classes: RetentionFile, purpose: str, watched: Watched = iter) -> Iterator[Purged]:
    """Take what one purpose has no use for any more, some persons a transaction; called again, it goes on.

    Args:
        watched: the customers pass through it, for whoever shows progress.

    Raises:
        Unusable: no class has this purpose, or it holds nothing of persons; nothing was purged.
        StoreBusy, StoreError: see `ports`; what was yielded stands.
    """
    _require_purpose(classes, purpose)
    with hub.store.read() as snapshot:
        asked = _Asked(hub, classes, purpose, heard_of(hub, snapshot))
        customers = [row.id for row in snapshot.records_of_kind(CUSTOMER.number)]
    waiting = iter(watched(customers))
    while some := list(islice(waiting, PURGED_PERSONS_BATCH)):
        with hub.store.read() as snapshot:
            may_go = [going.customer for going in _goings(asked, snapshot, some)]
        if may_go:
            yield _purge(asked, may_go)


def purge_customer(hub: Hub, classes: RetentionFile, purpose: str, customer: RecordId) -> Purged:
    """The same of one customer.

    Raises:
        Unusable: as for `purge_all`, or nothing is held of such a customer.
        RetentionRuns: it has to stay; nothing was purged.
    """
    _require_purpose(classes, purpose)
    with hub.store.read() as snapshot:
        asked = _Asked(hub, classes, purpose, heard_of(hub, snapshot))
        one = retained_persons(hub, snapshot, [customer]).get(customer)
        if one is None:
            raise Unusable(f"Nothing is held of a customer {record_text(customer)}.", "Look the id up at the dealer.")
        if not any(_goings(asked, snapshot, [customer])):
            raise _refusal(customer, purpose, asked.judge(one))
    return _purge(asked, [customer])


def look_up(hub: Hub, classes: RetentionFile, customer: RecordId) -> Judgement | None:
    """What becomes of a customer; None where nothing is held of one."""
    with hub.store.read() as snapshot:
        one = retained_persons(hub, snapshot, [customer]).get(customer)
        asked = _Asked(hub, classes, "", heard_of(hub, snapshot))
        return None if one is None else asked.judge(one)


def _require_purpose(classes: RetentionFile, purpose: str) -> None:
    found = [one for one in classes.classes if one.purpose == purpose]
    known = ", ".join(one.purpose for one in classes.classes if one.holds is not Holds.RECALL)
    if not found:
        raise Unusable(f"Nothing is held for the purpose {purpose[:40]}.", f"Use one of {known}.")
    if all(one.holds is Holds.RECALL for one in found):
        raise Unusable(f"What is held for {purpose} names vehicles and no person; it stays.", f"Use one of {known}.")


def _refusal(customer: RecordId, purpose: str, judgement: Judgement) -> RetentionRuns:
    judged = judgement.person
    if judgement.besides is not None and judgement.besides.governed_by.purpose == purpose:
        judged = judgement.besides
    why = judgement.why if judged is judgement.person else str(judged.verdict)
    is_over = judged.verdict in {Verdict.MAY_GO, Verdict.IN_USE}
    return RetentionRuns(
        record_text(customer),
        verdict=why,
        class_id=judged.governed_by.id,
        source=judged.governed_by.source,
        until="" if is_over else datetime.fromtimestamp(judged.until_ms / 1000, UTC).date().isoformat(),
    )


def _goings(asked: _Asked, snapshot: Snapshot, customers: Sequence[bytes]) -> Iterator[_Going]:
    """Of whom something goes, and what."""
    for one in retained_persons(asked.hub, snapshot, customers).values():
        found = asked.judge(one)
        if found.why == Verdict.MAY_GO and found.person.governed_by.purpose == asked.purpose:
            yield _Going(one.customer, one.records, is_whole=True)
        elif _has_outlived(found.besides, asked.purpose):
            yield _Going(one.customer, {one.customer: one.besides}, is_whole=False)


def _has_outlived(judged: Judged | None, purpose: str) -> bool:
    return judged is not None and judged.verdict is Verdict.MAY_GO and judged.governed_by.purpose == purpose


def _purge(asked: _Asked, customers: Sequence[bytes]) -> Purged:
    """One transaction: judged again under the lock, ordered, erased here."""
    with asked.hub.store.write() as transaction:
        goings = list(_goings(asked, transaction, customers))
        taken: dict[int, list[bytes]] = {}
        for record, groups in (one for going in goings for one in going.records.items()):
            taken.setdefault(groups, []).append(record)
        drafts = list(_drafts(asked.hub, taken))
        _write(asked.hub, transaction, drafts)
    persons = sum(going.is_whole for going in goings)
    return Purged(persons, len(goings) - persons, sum(map(len, taken.values())), len(drafts))


def _drafts(hub: Hub, taken: Mapping[int, list[bytes]]) -> Iterator[Draft]:
    for groups, records in sorted(taken.items()):
        named = frozenset(one for one in ErasureGroup if groups >> (one - 1) & 1)
        for at in range(0, len(records), ERASURE_RECORDS_MAX):
            some = [RecordId(record) for record in records[at : at + ERASURE_RECORDS_MAX]]
            yield erasure_draft(hub, some, named, RETENTION)


def _write(hub: Hub, transaction: Transaction, drafts: Sequence[Draft]) -> None:
    for at in range(0, len(drafts), OPS_PER_SET_MAX):
        write_in(hub, transaction, drafts[at : at + OPS_PER_SET_MAX])
