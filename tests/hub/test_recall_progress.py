"""Recall progress: one state for each vehicle, one count for each completion."""

import random

import pytest

from carnet_hub.core.counting.pair_states import CarFacts
from carnet_hub.core.counting.progress import COMPLETED, CompletionReport, PairState, Progress, ReportFate
from carnet_hub.core.counting.tallies import count_progress
from support.recall_reports import DEALER_A, DEALER_B, NOW_MS, completion
from support.vins import make_vins

MEMBERS = make_vins(6)
OUTSIDER = make_vins(7)[6]
CAR, OTHER = MEMBERS[0], MEMBERS[1]


def fates(progress: Progress) -> list[ReportFate]:
    """What became of each report, in the order of the report."""
    return [one.fate for one in progress.judged]


def states(progress: Progress) -> dict[PairState, int]:
    """The states that have members."""
    return {state: count for state, count in progress.totals.items() if count}


def test_without_reports_every_member_is_open():
    """A campaign nobody has reported on is open for every member."""
    assert states(count_progress(MEMBERS, [], {})) == {PairState.OPEN: 6}


@pytest.mark.parametrize("state", sorted(COMPLETED))
def test_each_method_is_a_state_of_its_own(state: PairState):
    """A completed member is in the state of its method."""
    progress = count_progress(MEMBERS, [completion(CAR, method=state.value)], {})

    assert states(progress) == {state: 1, PairState.OPEN: 5}
    assert progress.state_of(CAR) is state


def test_a_completion_reported_by_two_dealers_counts_once():
    """The earliest of two completions of one vehicle counts, and the other is listed as a duplicate."""
    later = completion(CAR, 1, dealer=DEALER_A, done_ms=NOW_MS + 5)
    earlier = completion(CAR, 2, dealer=DEALER_B, done_ms=NOW_MS)

    progress = count_progress(MEMBERS, [later, earlier], {})

    assert progress.completed_count == 1
    assert progress.counted[CAR] == earlier
    assert [(one.report, one.fate) for one in progress.judged] == [
        (earlier, ReportFate.COUNTED),
        (later, ReportFate.DUPLICATE),
    ]


def test_a_tie_goes_to_the_lower_op():
    """Of two completions at one instant the one with the lower op id counts, whoever arrives first."""
    one, other = completion(CAR, 1), completion(CAR, 2)

    assert count_progress(MEMBERS, [other, one], {}).counted[CAR] == one


def test_a_wrong_clock_cannot_move_a_completion_behind_its_admission():
    """A completion dated in the future counts as done when the hub learnt of it."""
    future = completion(CAR, 1, done_ms=NOW_MS + 10**11, admitted_ms=NOW_MS)
    honest = completion(CAR, 2, done_ms=NOW_MS + 1, admitted_ms=NOW_MS + 2)

    assert count_progress(MEMBERS, [honest, future], {}).counted[CAR] == future


def test_a_completion_without_a_date_counts_from_its_admission():
    """A completion that does not say when it was done is dated by the hub."""
    assert completion(CAR, done_ms=None, admitted_ms=NOW_MS).done_ms == NOW_MS


def test_a_retracted_completion_is_not_counted():
    """A completion that was taken back leaves the member open, or to the next report."""
    taken_back = completion(CAR, 1, done_ms=NOW_MS - 9, is_retracted=True)

    assert states(count_progress(MEMBERS, [taken_back], {})) == {PairState.OPEN: 6}
    assert fates(count_progress(MEMBERS, [taken_back, completion(CAR, 2)], {})) == [
        ReportFate.RETRACTED,
        ReportFate.COUNTED,
    ]


def test_a_completion_for_a_stranger_is_an_exception():
    """A completion of a vehicle that is no member counts nothing and is listed apart."""
    progress = count_progress(MEMBERS, [completion(OUTSIDER)], {})

    assert (states(progress), fates(progress)) == ({PairState.OPEN: 6}, [ReportFate.NOT_A_MEMBER])


@pytest.mark.parametrize("method", [None, "painted"])
def test_a_completion_without_a_known_method_is_an_exception(method: str | None):
    """A completion that does not say how is listed and not counted."""
    progress = count_progress(MEMBERS, [completion(CAR, method=method)], {})

    assert (states(progress), fates(progress)) == ({PairState.OPEN: 6}, [ReportFate.NO_METHOD])


def test_a_vin_in_lower_case_is_the_same_vehicle():
    """A completion typed in lower case completes the listed vehicle."""
    progress = count_progress(MEMBERS, [completion(CAR.lower(), 1), completion(CAR, 2)], {})

    assert fates(progress) == [ReportFate.COUNTED, ReportFate.DUPLICATE]


@pytest.mark.parametrize("lifecycle", ["exported", "scrapped", "stolen"])
def test_a_vehicle_that_has_left_is_removed(lifecycle: str):
    """A member that was exported, scrapped or stolen before completion is in that state and not open."""
    progress = count_progress(MEMBERS, [], {CAR: CarFacts(lifecycle), OTHER: CarFacts("sold")})

    assert states(progress) == {PairState(lifecycle): 1, PairState.OPEN: 5}


def test_a_completed_vehicle_stays_completed_when_it_leaves():
    """A member that was completed and then scrapped is counted as completed."""
    progress = count_progress(MEMBERS, [completion(CAR)], {CAR: CarFacts("scrapped")})

    assert states(progress) == {PairState.REPAIRED: 1, PairState.OPEN: 5}


def test_rates_are_of_all_members_and_of_those_left():
    """The strict rate divides by all members, the adjusted one by those that were not removed."""
    progress = count_progress(
        MEMBERS, [completion(CAR)], {MEMBERS[3]: CarFacts("scrapped"), MEMBERS[4]: CarFacts("exported")}
    )

    assert (progress.strict_rate_ppm, progress.adjusted_rate_ppm) == (166_666, 250_000)


def test_a_campaign_without_members_has_rate_zero():
    """No members give no rate instead of a division by zero."""
    assert count_progress([], [], {}).strict_rate_ppm == 0


def random_reports(rng: random.Random) -> list[CompletionReport]:
    """Forty reports by two dealers about members and strangers, some retracted, some without a method."""
    return [
        completion(
            rng.choice([*MEMBERS, OUTSIDER]),
            number,
            dealer=rng.choice([DEALER_A, DEALER_B]),
            done_ms=rng.choice([None, NOW_MS + rng.randrange(5)]),
            admitted_ms=NOW_MS + rng.randrange(5),
            method=rng.choice([None, "repaired", "software"]),
            is_retracted=rng.random() < 0.2,
        )
        for number in range(40)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_every_member_is_in_one_state_whatever_the_order(seed: int):
    """Whatever is reported in whatever order, the states add up to the members and the answer is the same."""
    rng = random.Random(seed)
    reports = random_reports(rng)
    cars = {vin: CarFacts(rng.choice(["active", "scrapped"])) for vin in MEMBERS}
    progress = count_progress(MEMBERS, reports, cars)
    rng.shuffle(reports)

    assert sum(progress.totals.values()) == len(MEMBERS)
    assert len(progress.judged) == len(reports)
    assert count_progress(MEMBERS[::-1], reports, cars) == progress
