"""The sums of campaigns, brought up to date in the transaction that changes what they rest on.

Decides which pairs a change of records can touch, has each judged again alone (`pair_states`) and moves it from its
former sums to its present ones (`kept_sums`). The rows are a function of the records as they stand and of the member
lists on the shelf: whatever came in which order, a fold from the log ends with the same bytes. Nothing is held between
transactions, so several workers and a restart change nothing; all of them write under the hub's one lock, and a sum is
a row that one writer at a time adds to.

Rules
1. A completion touches the pair that it names and the one that it named; an order touches what names it. So does an
   attempt to reach the owner; an order or an owner at its car may be a contact that undoes what failed.
2. A car touches its pairs when it leaves, is unsold, or is neither any more. An order that is or was anchored to it may
   be the one by which it came back.
3. A campaign touches its pairs as `counted_campaigns` says; one that is not whole has none, until its lists are back.
4. A set on which the count fails is folded without it, and no sum is believed until the log was folded again: nobody's
   work waits for a count.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from carnet_hub.core.count_rows import LeftCarRow, PairRow, PairSourceRow, SumRow
from carnet_hub.core.counting.completions import GONE_OR_UNSOLD, car_of, facts_of, left_cars, named_reports, reports_of
from carnet_hub.core.counting.contacts import Attempt, attempts_in, reaches_of
from carnet_hub.core.counting.counted_campaigns import Uncounted, hear_campaign, uncounted_campaigns, unpack_terms
from carnet_hub.core.counting.kept_sums import CAMPAIGN_BYTES, moves, pair_of, pair_row, split_pair
from carnet_hub.core.counting.member_places import Rolls, member_place
from carnet_hub.core.counting.pair_states import UNKNOWN_CAR, Terms, judge_pair
from carnet_hub.core.counting.progress import CompletionReport
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import COUNTED_VEHICLES_BATCH
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.sets.record_book import RecordState
from carnet_protocol.kinds import CAMPAIGN, CAMPAIGN_ITEM, OWNERSHIP, RECALL_COMPLETION, RECALL_CONTACT, VEHICLE, VISIT
from carnet_protocol.vin import normalise_vin

_LIFECYCLE: Final = VEHICLE.register_of("lifecycle").label(0)
_CAMPAIGN_OF_ITEM: Final = CAMPAIGN_ITEM.labels["campaign_id"]

_ASKEW: Final = "counts_askew"
"""Setting: 1 while some set was folded that the sums did not hear; empty after a fold from the log."""


@dataclass(slots=True)
class _Touched:
    """Records that a transaction has changed, as far as a count asks about them.

    Attributes:
        cars: vehicles that were written about.
        left: those of them that left or are unsold now.
        seen: vehicles that orders and owners are anchored to, or were.
        contacts: attempts to reach an owner.
    """

    completions: set[bytes] = field(default_factory=set)
    visits: set[bytes] = field(default_factory=set)
    cars: set[bytes] = field(default_factory=set)
    left: set[bytes] = field(default_factory=set)
    seen: set[bytes] = field(default_factory=set)
    campaigns: set[bytes] = field(default_factory=set)
    contacts: set[bytes] = field(default_factory=set)

    def add(self, state: RecordState) -> None:
        """One record more."""
        kind = state.key[0]
        if kind == VISIT.number:
            self.visits.add(state.id)
            if state.anchor is not None:
                self.seen.add(state.anchor)
        elif kind == OWNERSHIP.number and state.anchor is not None:
            self.seen.add(state.anchor)
        elif kind == RECALL_CONTACT.number:
            self.contacts.add(state.id)
        elif kind == RECALL_COMPLETION.number:
            self.completions.add(state.id)
        elif kind == VEHICLE.number:
            self.cars.add(state.id)
            if state.shown(_LIFECYCLE) in GONE_OR_UNSOLD:
                self.left.add(state.id)
        elif kind == CAMPAIGN.number:
            self.campaigns.add(state.id)
        elif kind == CAMPAIGN_ITEM.number and isinstance(named := state.shown(_CAMPAIGN_OF_ITEM), bytes):
            self.campaigns.add(named)


def follow_counts(
    hub: Hub, transaction: Transaction, states: Iterable[RecordState], left_anchors: Collection[bytes]
) -> None:
    """Bring every sum up to date in which some changed records have a part.

    Args:
        transaction: the records are written.
        states: every record that the transaction has changed.
        left_anchors: vehicles that one of them was anchored to before.
    """
    touched = _Touched(seen={*left_anchors})
    for state in states:
        touched.add(state)
    pairs = _hear_completions(hub, transaction, touched) | _hear_contacts(hub, transaction, touched)
    pairs |= _pairs_of(transaction, _hear_cars(hub, transaction, touched))
    for campaign in sorted(touched.campaigns):
        pairs |= hear_campaign(hub, transaction, campaign)
    _judge(hub, transaction, pairs)


def count_again(hub: Hub) -> list[Uncounted]:
    """Count campaigns whose member lists were missing and are back, each in a transaction of its own.

    Raises:
        StoreBusy, StoreError: see `ports`; what was counted before stays counted.

    Returns: every campaign that was not counted; it is now, unless it lacks a list still.
    """
    with hub.store.read() as snapshot:
        found = uncounted_campaigns(hub, snapshot)
    for one in found:
        if one.is_back:
            with hub.store.write() as transaction:
                _judge(hub, transaction, hear_campaign(hub, transaction, one.campaign))
    return found


def are_askew(snapshot: Snapshot) -> bool:
    """Whether some set was folded that the sums did not hear."""
    return bool(snapshot.setting(_ASKEW))


def note_askew(transaction: Transaction, *, is_askew: bool) -> None:
    """Say that the sums did not hear what this transaction folds, or that they were just folded from nothing."""
    if is_askew != are_askew(transaction):
        transaction.set_setting(_ASKEW, b"\x01" if is_askew else b"")


def _hear_completions(hub: Hub, transaction: Transaction, touched: _Touched) -> set[bytes]:
    """Keep where completions belong.

    Returns: the pairs that have to be judged again.
    """
    hanging = transaction.pair_sources_on(touched.visits)
    former = transaction.pair_sources(RECALL_COMPLETION.number, touched.completions)
    rows = transaction.records(RECALL_COMPLETION.number, touched.completions)
    present = [_source_of(one) for one in named_reports(hub, rows.values()) if one.campaign]
    return {row.pair for row in hanging} | _keep_sources(transaction, former, present)


def _hear_contacts(hub: Hub, transaction: Transaction, touched: _Touched) -> set[bytes]:
    """Keep where attempts to reach owners belong; they hang on their car.

    Returns: the pairs that have to be judged again.
    """
    hanging = transaction.pair_sources_on(touched.seen)
    former = transaction.pair_sources(RECALL_CONTACT.number, touched.contacts)
    rows = transaction.records(RECALL_CONTACT.number, touched.contacts)
    present = [
        PairSourceRow(RECALL_CONTACT.number, one.record, pair_of(one.campaign, one.vin), car_of(one.vin))
        for one in attempts_in(hub, rows.values())
    ]
    return {row.pair for row in hanging} | _keep_sources(transaction, former, present)


def _keep_sources(
    transaction: Transaction, former: Mapping[bytes, PairSourceRow], present: Collection[PairSourceRow]
) -> set[bytes]:
    """Replace what some records said of pairs; the pairs that they speak of now, or spoke of before."""
    gone = former.keys() - {row.record for row in present}
    transaction.remove(PairSourceRow, [(former[record].kind, record) for record in sorted(gone)])
    transaction.put([row for row in present if former.get(row.record) != row])
    return {row.pair for row in (*former.values(), *present)}


def _source_of(report: CompletionReport) -> PairSourceRow:
    pair = pair_of(report.campaign, normalise_vin(report.vin))
    return PairSourceRow(RECALL_COMPLETION.number, report.record, pair, report.visit)


def _hear_cars(hub: Hub, transaction: Transaction, touched: _Touched) -> set[str]:
    """Keep which cars have left.

    Returns: the VINs of those of which something else is known than before.
    """
    former = transaction.left_cars(touched.cars | touched.seen)
    asked = former.keys() | touched.left
    present = left_cars(hub, transaction, asked)
    changed = [car for car in sorted(asked) if former.get(car) != present.get(car)]
    transaction.remove(LeftCarRow, [(car,) for car in changed if car not in present])
    transaction.put([present[car] for car in changed if car in present])
    return {row.vin for car in changed for row in (former.get(car), present.get(car)) if row is not None}


def _pairs_of(transaction: Transaction, vins: Collection[str]) -> set[bytes]:
    """The pairs that some cars are members of."""
    rolls = _rolls_at(transaction, vins)
    return {pair_of(campaign, vin) for vin in vins for campaign in rolls.campaigns_of(vin)}


def _rolls_at(transaction: Transaction, vins: Iterable[str]) -> Rolls:
    return Rolls(transaction.listed_at({member_place(vin)[0] for vin in vins}))


def _judge(hub: Hub, transaction: Transaction, pairs: Collection[bytes]) -> None:
    """Judge pairs of whole campaigns again, in batches."""
    counts = transaction.counts({pair[:CAMPAIGN_BYTES] for pair in pairs})
    asked = {campaign: unpack_terms(row) for campaign, row in counts.items() if row.is_whole}
    waiting = iter(sorted(pair for pair in pairs if pair[:CAMPAIGN_BYTES] in asked))
    while batch := list(islice(waiting, COUNTED_VEHICLES_BATCH)):
        _judge_batch(hub, transaction, asked, batch)


def _judge_batch(hub: Hub, transaction: Transaction, asked: Mapping[bytes, Terms], batch: list[bytes]) -> None:
    places = {pair: split_pair(pair) for pair in batch}
    rolls = _rolls_at(transaction, (vin for _, vin in places.values()))
    cars = {car for _, vin in places.values() if (car := car_of(vin)) is not None}
    facts = {row.vin: facts_of(row) for row in transaction.left_cars(cars).values()}
    reports, tries = _reports_of(hub, transaction, batch), _tries_of(hub, transaction, asked, batch)
    present: dict[bytes, PairRow | None] = {}
    for pair, (campaign, vin) in places.items():
        standing = rolls.standing(campaign, vin)
        known = replace(facts.get(vin, UNKNOWN_CAR), failed_tries=tries.get(pair, 0))
        verdict = judge_pair(asked[campaign], standing, known, reports.get(pair, ()))
        present[pair] = pair_row(pair, standing, verdict)
    _write(transaction, transaction.pairs(batch), present)


def _reports_of(hub: Hub, transaction: Transaction, pairs: Collection[bytes]) -> dict[bytes, list[CompletionReport]]:
    sources = {row.record: row.pair for row in transaction.pair_sources_of(pairs)}
    found: dict[bytes, list[CompletionReport]] = {}
    rows = transaction.records(RECALL_COMPLETION.number, sources.keys())
    for report in reports_of(hub, transaction, rows.values(), None):
        found.setdefault(sources[report.record], []).append(report)
    return found


def _tries_of(
    hub: Hub, transaction: Transaction, asked: Mapping[bytes, Terms], pairs: Collection[bytes]
) -> dict[bytes, int]:
    """How often the owners of some pairs were tried since the last contact."""
    kind = RECALL_CONTACT.number
    records = [row.record for row in transaction.pair_sources_of(pairs) if row.kind == kind]
    attempts: dict[bytes, dict[str, list[Attempt]]] = {}
    for one in attempts_in(hub, transaction.records(kind, records).values()):
        attempts.setdefault(one.campaign, {}).setdefault(one.vin, []).append(one)
    return {
        pair_of(campaign, vin): reach.failed_tries
        for campaign, by_vin in attempts.items()
        for vin, reach in reaches_of(hub, transaction, by_vin, asked[campaign].tries_max).items()
    }


def _write(transaction: Transaction, former: Mapping[bytes, PairRow], present: Mapping[bytes, PairRow | None]) -> None:
    """Replace pairs, and add to the sums what that changes."""
    changes: Counter[bytes] = Counter()
    for pair, row in present.items():
        changes.update(moves(former.get(pair), row))
    transaction.remove(PairRow, [(pair,) for pair, row in present.items() if row is None and pair in former])
    transaction.put([row for pair, row in present.items() if row is not None and former.get(pair) != row])
    moving = sorted(key for key, change in changes.items() if change)
    held = transaction.sums(moving)
    sums = [SumRow(key, held.get(key, 0) + changes[key]) for key in moving]
    transaction.remove(SumRow, [(row.key,) for row in sums if not row.number])
    transaction.put([row for row in sums if row.number])
