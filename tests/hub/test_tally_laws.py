"""The sums that are kept as facts arrive always equal a recount, whatever happened and in whichever order it was heard.

Each fact has the pairs that it touches judged again, alone, and their rows replaced, as `following_counts` does in the
tables of the hub (`test_kept_counts`, and the contract of the stores).

A history is what two dealers report about a few cars of a campaign with two items, what becomes of the cars, what is
said again, taken back or excluded. Every history holds a race: both dealers complete one car. `make recall-laws` runs
10,000 of them.
"""

import os
from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from carnet_hub.core.count_rows import PairRow, SumRow
from carnet_hub.core.counting.kept_sums import moves, pair_of, pair_row, read_sums, sums_of
from carnet_hub.core.counting.pair_states import UNKNOWN_CAR, CarFacts, Standing, Terms, judge_pair
from carnet_hub.core.counting.progress import CompletionReport, PairState, Progress, Proof, ReportFate, Sums
from carnet_hub.core.counting.tallies import count_progress
from carnet_protocol.demands import Demands, EvidenceAsked, NumbersAsked, WorkItem
from carnet_protocol.ids import RecordId
from carnet_protocol.remedy import evidence_bits
from carnet_protocol.vin import normalise_vin
from support.recall_reports import DEALER_A, DEALER_B, NOW_MS, completion
from support.vins import make_vins

VINS = make_vins(5)
MEMBERS, WITHDRAWN, OUTSIDER = VINS[:3], {VINS[3]: "not_affected"}, VINS[4]
RACED = MEMBERS[0]
ITEMS = (WorkItem(1, "left", "A-1"), WorkItem(2, "right", "B-2"), WorkItem(3, "plate", is_required=False))

RENAMED = replace(
    ITEMS[0], part_no="C-3", asked=(ITEMS[0].timeline[0], NumbersAsked(NOW_MS + 3, "C-3", "", is_listed=True))
)
LEFT_OUT = replace(ITEMS[1], asked=(ITEMS[1].timeline[0], NumbersAsked(NOW_MS + 4, "", "", is_listed=False)))
ODOMETER = evidence_bits(["odometer"])

demands = st.builds(
    Demands,
    items=st.sampled_from([(), ITEMS[:1], ITEMS[:2], ITEMS, (RENAMED,), (ITEMS[0], LEFT_OUT), (RENAMED, *ITEMS[1:])]),
    evidence=st.sampled_from(
        [
            (),
            (EvidenceAsked(0, ODOMETER),),
            (EvidenceAsked(NOW_MS + 3, ODOMETER),),
            (EvidenceAsked(0, ODOMETER), EvidenceAsked(NOW_MS + 3, 0)),
        ]
    ),
    begins_ms=st.sampled_from([0, NOW_MS + 1]),
)
terms = st.builds(
    Terms,
    demands=demands,
    resting=st.sampled_from([PairState.OPEN, PairState.OPEN_NO_REMEDY, PairState.SUPERSEDED, PairState.WITHDRAWN]),
)
proofs = st.builds(
    Proof,
    part_no=st.sampled_from(["", "A-1", "a1", "B-2", "C-3"]),
    odometer_km=st.sampled_from([None, 12_000]),
    items_done=st.sampled_from([None, 0b01, 0b10, 0b11, 0b100]),
)
reports = st.builds(
    completion,
    st.sampled_from([*VINS, RACED.lower()]),
    st.integers(1, 8),
    dealer=st.sampled_from([DEALER_A, DEALER_B]),
    done_ms=st.sampled_from([None, *range(NOW_MS, NOW_MS + 6)]),
    admitted_ms=st.integers(NOW_MS, NOW_MS + 6),
    method=st.sampled_from([None, "replaced", "software", "inspected_no_defect", "refunded", "interim", "refused"]),
    is_retracted=st.booleans(),
    proof=proofs,
    is_seen=st.sampled_from([True, True, True, False]),
)
cars = st.builds(
    CarFacts,
    st.sampled_from(["", "active", "exported", "scrapped", "stolen", "in_stock"]),
    st.booleans(),
    st.integers(0, 4),
)
facts = st.one_of(reports, st.tuples(st.sampled_from(VINS), cars), st.integers(1, 8))
"""A completion as it is now, what is known of a car, or the number of a completion that was excluded."""

Fact = CompletionReport | tuple[str, CarFacts] | int

HISTORIES = int(os.environ.get("HISTORIES", "150"))


@dataclass
class Heard:
    """What is true at the end of a history, worked out without the code under test."""

    reports: dict[RecordId, CompletionReport] = field(default_factory=dict)
    cars: dict[str, CarFacts] = field(default_factory=dict)

    def recount(self, asked: Terms) -> Progress:
        """The count of what is true."""
        return count_progress(MEMBERS, self.reports.values(), self.cars, WITHDRAWN, asked)


@dataclass
class Kept:
    """The rows of a campaign, with its sums."""

    asked: Terms
    heard: Heard = field(default_factory=Heard)
    rows: dict[str, PairRow] = field(default_factory=dict)
    numbers: Counter[bytes] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for vin in WITHDRAWN:
            self.judge(vin)

    @property
    def sums(self) -> Sums:
        """What the sums say."""
        rows = [SumRow(key, number) for key, number in sorted(self.numbers.items()) if number]
        return sums_of(read_sums(rows), len(MEMBERS) + len(WITHDRAWN), self.asked.resting)

    def hear(self, fact: Fact) -> None:
        """One fact more: it is true from now on, and the pairs that it touches are judged again."""
        touched = set[str]()
        match fact:
            case CompletionReport():
                touched |= self._replaced(fact.record, fact)
            case (vin, car):
                self.heard.cars[vin] = car
                touched.add(vin)
            case int():
                touched |= self._replaced(RecordId(fact.to_bytes(16, "big")), None)
        for vin in sorted(touched):
            self.judge(vin)

    def judge(self, vin: str) -> None:
        """Judge one pair again, as if the campaign rested open, and move it to its present sums."""
        standing = Standing.WITHDRAWN if vin in WITHDRAWN else Standing.STRANGER
        standing = Standing.MEMBER if vin in MEMBERS else standing
        reports = [one for one in self.heard.reports.values() if normalise_vin(one.vin) == vin]
        neutral = replace(self.asked, resting=PairState.OPEN)
        verdict = judge_pair(neutral, standing, self.heard.cars.get(vin, UNKNOWN_CAR), reports)
        former, present = self.rows.pop(vin, None), pair_row(pair_of(bytes(16), vin), standing, verdict)
        self.numbers.update(moves(former, present))
        if present is not None:
            self.rows[vin] = present

    def _replaced(self, record: RecordId, report: CompletionReport | None) -> set[str]:
        """Let a record say this, or nothing any more; the VINs that it speaks of, or spoke of."""
        former = self.heard.reports.pop(record, None)
        if report is not None:
            self.heard.reports[record] = report
        return {normalise_vin(one.vin) for one in (former, report) if one is not None}


@settings(max_examples=HISTORIES, deadline=None)
@given(terms, st.lists(facts, max_size=24), st.integers(0, 1), st.data())
def test_kept_sums_equal_a_recount_after_any_history(asked: Terms, told: list[Fact], first: int, data: st.DataObject):
    """After every fact of any history, the race of two dealers among them, the kept sums are the recount's."""
    race = [completion(RACED, 20 + place, dealer=dealer) for place, dealer in enumerate((DEALER_A, DEALER_B))]
    story = data.draw(st.permutations([*told, *(race[first:] + race[:first])]))
    kept = Kept(asked)

    for fact in story:
        kept.hear(fact)

        assert kept.sums == kept.heard.recount(asked).sums
        assert min(kept.numbers.values(), default=0) >= 0


@settings(max_examples=HISTORIES, deadline=None)
@given(terms, st.lists(facts, max_size=24), st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(asked: Terms, told: list[Fact], rng: object):
    """What is true at the end leaves the same rows in whichever order it arrived, without a trace of former facts."""
    kept, again = Kept(asked), Kept(asked)
    for fact in told:
        kept.hear(fact)
    arriving: list[Fact] = [*kept.heard.reports.values(), *kept.heard.cars.items()]
    rng.shuffle(arriving)  # type: ignore[attr-defined]  # a random.Random of Hypothesis

    for fact in arriving:
        again.hear(fact)

    assert again.rows == kept.rows
    assert +again.numbers == +kept.numbers


@settings(max_examples=HISTORIES, deadline=None)
@given(terms, st.lists(facts, max_size=24))
def test_states_add_up_and_a_car_counts_once(asked: Terms, told: list[Fact]):
    """Every member is in one state, and there are as many counted reports as completed cars, one for each."""
    kept = Kept(asked)
    for fact in told:
        kept.hear(fact)

    progress = kept.heard.recount(asked)

    counted = [one.report.vin.upper() for one in progress.judged if one.fate is ReportFate.COUNTED]
    assert sum(progress.totals.values()) == progress.member_count == 4
    assert all(count >= 0 for count in progress.totals.values())
    assert all(progress.state_of(vin) is PairState.WITHDRAWN for vin in WITHDRAWN)
    assert len(counted) == len(set(counted)) == progress.completed_count
