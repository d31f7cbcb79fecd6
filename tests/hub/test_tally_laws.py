"""The sums that are kept as facts arrive always equal a recount, whatever happened and in whichever order it was heard.

A history is what two dealers report about a few cars of a campaign with two items, what becomes of the cars, what is
said again, taken back or excluded. Every history holds a race: both dealers complete one car. `make recall-laws` runs
10,000 of them.
"""

import os
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from carnet_hub.core.campaign_work import WorkItem
from carnet_hub.core.pair_states import CarFacts, Terms
from carnet_hub.core.progress import CompletionReport, PairState, Progress, Proof, ReportFate
from carnet_hub.core.tallies import Tally, count_progress
from carnet_protocol.ids import RecordId
from carnet_protocol.remedy import evidence_bits
from support.recall_reports import DEALER_A, DEALER_B, NOW_MS, completion
from support.vins import make_vins

VINS = make_vins(5)
MEMBERS, WITHDRAWN, OUTSIDER = VINS[:3], {VINS[3]: "not_affected"}, VINS[4]
RACED = MEMBERS[0]
ITEMS = (WorkItem(1, "left", "A-1"), WorkItem(2, "right", "B-2"), WorkItem(3, "plate", is_required=False))

terms = st.builds(
    Terms,
    items=st.sampled_from([(), ITEMS[:1], ITEMS[:2], ITEMS]),
    evidence_bits=st.sampled_from([0, evidence_bits(["odometer"])]),
    evidence_asked_ms=st.sampled_from([0, NOW_MS + 3]),
    begins_ms=st.sampled_from([0, NOW_MS + 1]),
    resting=st.sampled_from([PairState.OPEN, PairState.OPEN_NO_REMEDY, PairState.SUPERSEDED]),
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


def new_tally(asked: Terms) -> Tally:
    """The count of a campaign nobody has reported on."""
    return Tally(asked, len(MEMBERS) + len(WITHDRAWN), MEMBERS.__contains__, WITHDRAWN)


def hear(tally: Tally, heard: Heard, fact: Fact) -> None:
    """One fact reaches the tally and the truth."""
    match fact:
        case CompletionReport():
            tally.take_report(fact)
            heard.reports[fact.record] = fact
        case (vin, car):
            tally.take_car(vin, car)
            heard.cars[vin] = car
        case int():
            record = RecordId(fact.to_bytes(16, "big"))
            tally.drop_report(record)
            heard.reports.pop(record, None)


@settings(max_examples=HISTORIES, deadline=None)
@given(terms, st.lists(facts, max_size=24), st.integers(0, 1), st.data())
def test_kept_sums_equal_a_recount_after_any_history(asked: Terms, told: list[Fact], first: int, data: st.DataObject):
    """After every fact of any history, the race of two dealers among them, the kept count is the recount."""
    race = [completion(RACED, 20 + place, dealer=dealer) for place, dealer in enumerate((DEALER_A, DEALER_B))]
    story = data.draw(st.permutations([*told, *(race[first:] + race[:first])]))
    tally, heard = new_tally(asked), Heard()

    for fact in story:
        hear(tally, heard, fact)

        assert tally.sums == heard.recount(asked).sums
    assert tally.progress() == heard.recount(asked)


@settings(max_examples=HISTORIES, deadline=None)
@given(terms, st.lists(facts, max_size=24), st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(asked: Terms, told: list[Fact], rng: object):
    """What is true at the end gives the same count in whichever order it arrives."""
    heard, tally, again = Heard(), new_tally(asked), new_tally(asked)
    for fact in told:
        hear(tally, heard, fact)
    arriving: list[Fact] = [*heard.reports.values(), *heard.cars.items()]
    rng.shuffle(arriving)  # type: ignore[attr-defined]  # a random.Random of Hypothesis

    for fact in arriving:
        hear(again, Heard(), fact)

    assert again.progress() == tally.progress()


@settings(max_examples=HISTORIES, deadline=None)
@given(terms, st.lists(facts, max_size=24))
def test_states_add_up_and_a_car_counts_once(asked: Terms, told: list[Fact]):
    """Every member is in one state, and there are as many counted reports as completed cars, one for each."""
    tally = new_tally(asked)
    for fact in told:
        hear(tally, Heard(), fact)

    progress = tally.progress()

    counted = [one.report.vin.upper() for one in progress.judged if one.fate is ReportFate.COUNTED]
    assert sum(progress.totals.values()) == progress.member_count == 4
    assert all(count >= 0 for count in progress.totals.values())
    assert len(counted) == len(set(counted)) == progress.completed_count
