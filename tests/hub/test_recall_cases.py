"""The seventeen cases of a recall, at a real hub with real change sets: what each does to the state of a car.

One test for each case, named for it; after them, the reports that count nothing and change no total.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carnet_hub.core.counting.pair_states import CarFacts
from carnet_hub.core.counting.progress import PairState, ReportFate
from carnet_hub.core.counting.tallies import count_progress
from carnet_hub.core.limits import UNREACHABLE_TRIES
from carnet_protocol.demands import WorkItem
from carnet_protocol.ids import RecordId, completion_id, vehicle_id
from carnet_protocol.registry import Value
from carnet_protocol.remedy import item_bits
from support.protocol import fixed
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import HOUR_MS, RecallWorld
from support.vins import make_vins

CAR, OTHER, THIRD = MEMBERS[:3]
OUTSIDER = make_vins(5)[4]
DRIVER = WorkItem(1, "Inflator, driver side", "77810-TB0")
PASSENGER = WorkItem(2, "Inflator, passenger side", "77820-TB0")
BOTH = item_bits([1, 2])


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign that does one thing and asks for nothing."""
    return RecallWorld.begun(tmp_path)


@pytest.fixture
def two_parts(tmp_path: Path) -> RecallWorld:
    """A campaign with two required items."""
    return RecallWorld.begun(tmp_path, DRIVER, PASSENGER)


def test_several_recalls_on_one_car_are_independent_pairs(world: RecallWorld):
    """One visit closes two campaigns, each by a completion of its own."""
    world.publish(campaign_no="S2026M0002")
    visit = world.check_in("A001", CAR)

    world.done("A001", CAR, visit=visit)
    before = world.progress("S2026M0002").state_of(CAR)
    world.done("A001", CAR, visit=visit, number="S2026M0002", method="software")

    assert (before, world.progress("S2026M0002").state_of(CAR)) == (PairState.OPEN, PairState.SOFTWARE)
    assert world.progress(NUMBER).state_of(CAR) is PairState.REPLACED


def test_two_parts_close_a_car_once_even_by_two_dealers(two_parts: RecallWorld):
    """A car stays open until both required items are done, whoever did which, and then counts once."""
    two_parts.done("A001", CAR, part_no="77810-TB0", items_done=item_bits([1]))
    half = two_parts.progress()
    two_parts.done("B001", CAR, part_no="77820-TB0", items_done=item_bits([2]))

    whole = two_parts.progress()

    assert (half.state_of(CAR), half.completed_count) == (PairState.OPEN, 0)
    assert (whole.state_of(CAR), whole.completed_count) == (PairState.REPLACED, 1)
    assert [one.fate for one in whole.judged] == [ReportFate.PARTIAL, ReportFate.COUNTED]


def test_a_repair_of_a_superseded_campaign_does_not_close_the_new_one(world: RecallWorld):
    """The old pair keeps its history, and the car is open again in the campaign that supersedes."""
    world.done("A001", CAR)

    world.publish(campaign_no="S2026M0002", supersedes=NUMBER)

    assert world.progress(NUMBER).state_of(CAR) is PairState.REPLACED
    assert world.progress(NUMBER).state_of(OTHER) is PairState.OPEN
    assert world.progress("S2026M0002").state_of(CAR) is PairState.OPEN


def test_open_cars_of_a_superseded_campaign_are_counted_apart_where_the_rule_says_so(tmp_path: Path):
    """Where the authority's rule says so, whoever was not done counts as superseded and not as open."""
    world = RecallWorld.begun(tmp_path, settings={"counts_superseded": True})
    world.done("A001", CAR)

    world.publish(campaign_no="S2026M0002", supersedes=NUMBER)

    former = world.progress(NUMBER)
    assert (former.state_of(CAR), former.totals[PairState.SUPERSEDED]) == (PairState.REPLACED, 3)
    assert world.progress("S2026M0002").totals[PairState.OPEN] == 4


@pytest.mark.parametrize("rule", [False, True])
def test_a_superseded_car_leaves_no_sum(tmp_path: Path, rule: bool):
    """Whatever the rule, a car that waits for the later recall is involved and open: no rate rises by superseding."""
    world = RecallWorld.begun(tmp_path, settings={"counts_superseded": rule})
    world.done("A001", CAR)
    before = world.progress(NUMBER)

    world.publish(campaign_no="S2026M0002", supersedes=NUMBER)

    after = world.progress(NUMBER)
    named = ("member_count", "open_count", "removed_count", "strict_rate_ppm", "adjusted_rate_ppm")
    sums = [[getattr(one.sums, name) for name in named] for one in (before, after)]
    assert sums[0] == sums[1] == [4, 3, 0, 250_000, 250_000]


def test_an_expansion_adds_open_members(world: RecallWorld):
    """A plan version with one more car raises the members and changes nothing for those who are done."""
    world.done("A001", CAR)

    world.publish([*MEMBERS, OUTSIDER])

    progress = world.progress()
    assert (progress.member_count, progress.completed_count) == (5, 1)
    assert progress.state_of(OUTSIDER) is PairState.OPEN


def test_work_hides_no_withdrawal_of_a_member(world: RecallWorld):
    """Whoever a later plan withdraws is withdrawn, done before, after or never, and the work is on record."""
    world.done("A001", CAR)
    world.publish(MEMBERS[3:], withdrawn={CAR: "listed_in_error", OTHER: "listed_in_error", THIRD: "not_affected"})
    world.done("B001", OTHER)

    after = world.progress()

    assert [after.state_of(vin) for vin in (CAR, OTHER, THIRD)] == [PairState.WITHDRAWN] * 3
    assert (after.member_count, after.completed_count, after.removed_count, after.open_count) == (4, 0, 3, 1)
    assert [(one.report.vin, one.fate) for one in after.exceptions] == [
        (vin, ReportFate.WITHDRAWN) for vin in sorted((CAR, OTHER))
    ]


def test_an_interim_remedy_leaves_the_car_open(tmp_path: Path):
    """A car with the interim remedy is listed as such and is no completion; the remedy closes it later."""
    world = RecallWorld.begun(tmp_path, texts={"remedy_state": "interim", "interim_remedy": "Airbag switched off."})
    world.done("A001", CAR, method="interim")
    interim = world.progress()

    world.done("A001", CAR)

    assert (interim.state_of(CAR), interim.completed_count, interim.open_count) == (PairState.INTERIM_DONE, 0, 4)
    assert (world.progress().state_of(CAR), world.fates()) == (
        PairState.REPLACED,
        [ReportFate.INTERIM, ReportFate.COUNTED],
    )


def test_without_a_remedy_cars_are_open_without_remedy(tmp_path: Path):
    """While the remedy is not available every car is open for want of it, and a later version makes it plainly open."""
    world = RecallWorld.begun(tmp_path, texts={"remedy_state": "not_yet"})
    before = world.progress()

    world.publish(remedy_state="available")

    assert (before.totals[PairState.OPEN_NO_REMEDY], before.open_count) == (4, 4)
    assert world.progress().totals[PairState.OPEN] == 4


def test_inspected_and_not_needed_is_a_count_of_its_own(two_parts: RecallWorld):
    """A car is inspected only when every item was; one item that was replaced makes it replaced."""
    two_parts.done("A001", CAR, method="inspected_no_defect", items_done=BOTH)
    two_parts.done("A001", OTHER, part_no="77810-TB0", items_done=item_bits([1]))
    two_parts.done("A001", OTHER, method="inspected_no_defect", items_done=item_bits([2]))

    progress = two_parts.progress()

    assert (progress.state_of(CAR), progress.state_of(OTHER)) == (PairState.INSPECTED_NO_DEFECT, PairState.REPLACED)
    assert progress.completed_count == 2


@pytest.mark.parametrize("lifecycle", ["exported", "scrapped", "stolen"])
def test_a_removed_car_that_checks_in_is_open_again_with_an_alarm(world: RecallWorld, lifecycle: str):
    """A car that has left is removed; an order that any dealer opens for it later opens it and is told apart."""
    world.say_of_car("A001", CAR, lifecycle)
    gone = world.progress()

    world.check_in("B001", CAR)

    back = world.progress()
    assert (gone.state_of(CAR), gone.came_back) == (PairState(lifecycle), frozenset())
    assert (back.state_of(CAR), back.came_back) == (PairState.OPEN, frozenset({CAR}))


def test_a_car_that_was_corrected_to_in_use_is_open_without_alarm(world: RecallWorld):
    """Whoever corrects the car's state has looked at it, so nothing is left to tell."""
    made = world.say_of_car("A001", CAR, "scrapped")

    world.say_of_car("A001", CAR, "active", based_on=(made.op(0),))

    assert (world.progress().state_of(CAR), world.progress().came_back) == (PairState.OPEN, frozenset())


@pytest.mark.parametrize(
    ("tries", "state"),
    [
        pytest.param(UNREACHABLE_TRIES - 1, PairState.OPEN, id="one try is left"),
        pytest.param(UNREACHABLE_TRIES, PairState.UNREACHABLE, id="all tries failed"),
        pytest.param(0, PairState.OPEN, id="any contact begins anew"),
    ],
)
def test_an_owner_is_unreachable_after_so_many_failed_tries(tries: int, state: PairState):
    """A car counts as unreachable from the last allowed try on, and as open again after any contact."""
    assert count_progress(MEMBERS, [], {CAR: CarFacts(failed_tries=tries)}).state_of(CAR) is state


def test_a_refusal_is_dated_and_signed_and_leaves_the_car_open(world: RecallWorld):
    """An owner's refusal with a signature is on record and the car is open; one without is no refusal."""
    world.done("A001", CAR, method="refused", signature_hash=fixed("signature", 32))
    world.done("A001", OTHER, method="refused")

    progress = world.progress()

    by_car = {one.report.vin: one for one in progress.judged}
    assert (by_car[CAR].fate, by_car[OTHER].fate) == (ReportFate.OWNER_REFUSED, ReportFate.LACKS_EVIDENCE)
    assert by_car[CAR].report.completed_at_ms is not None
    assert progress.totals[PairState.OPEN] == 4


def test_a_car_done_twice_counts_once_and_both_records_are_kept(world: RecallWorld):
    """Of two dealers' completions the one done first counts, also when it arrives last."""
    done_ms = world.hub.clock.ms + HOUR_MS
    world.done("A001", CAR, completed_at=done_ms + 2)
    world.done("B001", CAR, completed_at=done_ms + 1)

    progress = world.progress()

    assert (progress.completed_count, progress.counted[CAR].completed_at_ms) == (1, done_ms + 1)
    assert world.fates() == [ReportFate.COUNTED, ReportFate.DUPLICATE]


@pytest.mark.parametrize("level", ["other_workshop", "abroad"])
def test_work_of_somebody_else_is_accepted_with_its_proof_level(world: RecallWorld, level: str):
    """A completion for work done elsewhere closes the car and says by whom."""
    world.done("A001", CAR, proof_level=level)

    assert world.progress().counted[CAR].proof.proof_level == level


def test_a_day_ahead_is_bounded_by_receipt_and_flagged(world: RecallWorld):
    """A dealer's clock that is ahead dates the completion to the hub's receipt, and the report says so."""
    world.done("A001", CAR, completed_at=world.hub.clock.ms + 10**12)

    counted = world.progress().counted[CAR]

    assert (counted.done_ms, counted.is_date_bounded) == (world.hub.clock.ms, True)


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"part_no": "77810-XX9"}, id="another part"),
        pytest.param({"part_no": "", "software_version": "1.9"}, id="older software"),
    ],
)
def test_a_wrong_part_or_software_leaves_the_car_open(tmp_path: Path, stated: dict[str, Any]):
    """A completion with another number than the item has fails the check, stays open and is listed."""
    world = RecallWorld.begun(tmp_path, replace(DRIVER, software_version="2.1"))
    world.done("A001", CAR, **stated)

    progress = world.progress()

    assert (progress.state_of(CAR), [one.fate for one in progress.exceptions]) == (
        PairState.OPEN,
        [ReportFate.WRONG_PART],
    )


def test_an_inspected_car_may_have_any_part_on_it(two_parts: RecallWorld):
    """The number that was found at an inspection is no wrong part."""
    two_parts.done("A001", CAR, method="inspected_no_defect", part_no="77810-OLD", items_done=BOTH)

    assert two_parts.progress().state_of(CAR) is PairState.INSPECTED_NO_DEFECT


def test_a_corrected_vin_moves_the_completion(world: RecallWorld):
    """A completion for the wrong car is retracted and stated for the right one in one signed set; the state follows."""
    draft, made = world.done("A001", CAR)
    visit = bytes(fixed("visit 1"))
    campaign = RecordId(world.campaigns[NUMBER].row.id)
    right: dict[str, Value] = {**draft.values, "vin": OTHER, "vehicle_id": vehicle_id(OTHER)}
    moved = replace(draft, record=completion_id(campaign, OTHER, RecordId(visit)), values=right)
    order = replace(draft, kind=world.hub.app.hub.registry["visit"], record=visit)
    opened = world.authors["A001"].made[0]

    world.retract(
        "A001", draft, made, moved, replace(order, values={"vehicle_id": vehicle_id(OTHER)}, based_on=(opened.op(0),))
    )

    progress = world.progress()
    assert (progress.state_of(CAR), progress.state_of(OTHER)) == (PairState.OPEN, PairState.REPLACED)
    assert sorted(one.fate for one in progress.judged) == [ReportFate.COUNTED, ReportFate.RETRACTED]


def test_unsold_stock_is_no_owners_car(world: RecallWorld):
    """A car in stock is for the stop-sale list: not open to owners, and not in the adjusted rate."""
    world.say_of_car("A001", CAR, "in_stock")
    world.done("A001", OTHER)

    progress = world.progress()

    assert (progress.state_of(CAR), progress.open_count) == (PairState.IN_STOCK, 2)
    assert (progress.strict_rate_ppm, progress.adjusted_rate_ppm) == (250_000, 333_333)


def test_a_completion_of_a_stale_node_counts_by_the_day_of_its_work(world: RecallWorld):
    """A dealer that was offline for a month reports late; its work counts from its day, before a later one."""
    early_ms = world.hub.clock.ms + HOUR_MS
    world.hub.clock.ms += 30 * 24 * HOUR_MS
    world.done("B001", CAR)

    world.done("A001", CAR, completed_at=early_ms)

    assert world.progress().counted[CAR].completed_at_ms == early_ms


NAMED_OUTCOMES = [
    pytest.param(OUTSIDER, {}, ReportFate.NOT_A_MEMBER, id="of no member"),
    pytest.param(CAR, {"completed_at": 1_000}, ReportFate.BEFORE_CAMPAIGN, id="before the campaign"),
    pytest.param(CAR, {"method": None}, ReportFate.NO_METHOD, id="without a method"),
    pytest.param(CAR, {"visit": fixed("of nobody")}, ReportFate.CAR_NOT_SEEN, id="by a dealer that never saw the car"),
]


@pytest.mark.parametrize(("vin", "stated", "fate"), NAMED_OUTCOMES)
def test_a_report_that_proves_nothing_has_a_name_and_changes_no_total(
    world: RecallWorld, vin: str, stated: dict[str, Any], fate: ReportFate
):
    """A completion that cannot count is listed under its reason, and every total is as before."""
    before = world.progress().totals

    world.done("A001", vin, **stated)

    assert (world.fates(), world.progress().totals) == ([fate], before)


def test_a_dealer_that_names_another_dealers_car_has_not_seen_it(world: RecallWorld):
    """An order for another car proves nothing about the car that is claimed."""
    visit = world.check_in("A001", OTHER)

    world.done("A001", CAR, visit=visit)

    assert world.fates() == [ReportFate.CAR_NOT_SEEN]


def test_work_on_the_morning_of_the_publication_counts(world: RecallWorld):
    """A campaign binds from its day on: a car done hours before the notice is done."""
    world.done("A001", CAR, completed_at=world.hub.clock.ms - HOUR_MS)

    assert world.fates() == [ReportFate.COUNTED]


def test_a_completion_that_names_no_item_of_several_closes_nothing(two_parts: RecallWorld):
    """A campaign that does two things is not closed by a completion that says neither."""
    two_parts.done("A001", CAR)

    assert two_parts.fates() == [ReportFate.NO_ITEM]


def test_money_back_closes_a_car_whatever_its_items(two_parts: RecallWorld):
    """A refunded car has nothing left to do."""
    two_parts.done("A001", CAR, method="refunded")

    assert two_parts.progress().state_of(CAR) is PairState.REFUNDED


def test_evidence_that_was_asked_for_is_owed(tmp_path: Path):
    """A completion without the photo that the campaign wants counts nothing; with it, the car is done."""
    world = RecallWorld.begun(tmp_path, evidence=("photo",))
    world.done("A001", CAR)
    world.done("A001", OTHER, photo_hash=fixed("photo", 32))

    progress = world.progress()

    assert {one.report.vin: one.fate for one in progress.judged} == {
        CAR: ReportFate.LACKS_EVIDENCE,
        OTHER: ReportFate.COUNTED,
    }
