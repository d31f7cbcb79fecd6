"""Members that a later plan lists no longer: nobody without a reason, nobody lost from a count."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.adapters.member_files import read_withdrawal_file
from carnet_hub.core.campaigns.recalls import count_campaign, import_plan, publish_campaign, withdraw_campaign
from carnet_hub.core.counting.progress import PairState, Progress, ReportFate
from carnet_hub.core.counting.withdrawals import (
    WITHDRAWAL_REASONS,
    Withdrawn,
    pack_withdrawals,
    unpack_withdrawals,
    withdraw_members,
)
from carnet_hub.core.failures import ListRefused, Unusable
from carnet_protocol.segments import decode_segment, encode_segment
from support.hub_apps import TestHub, make_hub
from support.recall_plans import MEMBERS, NO_DEFECT, NUMBER, plan
from support.recall_world import RecallWorld

A, B, C, D = MEMBERS
FRAME = "FRAME77"
POOL = [*MEMBERS, FRAME, "JX810012345"]


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub that has published a plan for four vehicles."""
    hub = make_hub(tmp_path / "hub")
    publish(hub, MEMBERS)
    return hub


def publish(hub: TestHub, vins: list[str], **withdrawn: str) -> None:
    """Publish a plan for these vehicles."""
    app = hub.app
    reasons = {POOL[int(place[1:])]: reason for place, reason in withdrawn.items()}
    import_plan(app.hub, app.segments, app.plans, plan(vins, title=f"{len(vins)} {sorted(reasons)}"), reasons)
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)


def progress(hub: TestHub) -> Progress:
    """The count now."""
    with hub.app.hub.store.read() as snapshot:
        return count_campaign(hub.app.hub, hub.app.segments, snapshot, NUMBER).progress


def reasons_of(withdrawn: tuple[Withdrawn, ...]) -> dict[str, str]:
    """The reason of each."""
    return {vin: one.reason for one in withdrawn for vin in decode_segment(one.segment)}


def test_a_withdrawn_member_stays_in_the_count(hub: TestHub):
    """A plan without a vehicle counts it as withdrawn: the denominator is what it was."""
    publish(hub, [A, B, C], v3="not_affected")

    found = progress(hub)

    assert (found.member_count, found.totals[PairState.WITHDRAWN], found.state_of(D)) == (4, 1, PairState.WITHDRAWN)


def test_a_list_that_was_cut_off_frees_nobody(hub: TestHub):
    """A vehicle that is left out without a reason refuses the plan, and names the vehicle."""
    with pytest.raises(ListRefused) as refused:
        publish(hub, [A, B, C])

    assert [(one.problem, one.text) for one in refused.value.faulty] == [("left-out", D)]
    assert "--withdrawn" in refused.value.next
    assert progress(hub).totals[PairState.OPEN] == 4


@pytest.mark.parametrize(
    ("place", "problem"), [("v0", "still-listed"), ("v4", "not-a-member")], ids=["still listed", "never a member"]
)
def test_who_cannot_be_withdrawn_refuses_the_plan(hub: TestHub, place: str, problem: str):
    """A reason for a vehicle that is listed, or never was, is a mistake that is named once, with what to do."""
    with pytest.raises(ListRefused) as refused:
        publish(hub, [A, B, C], v3="not_affected", **{place: "not_affected"})

    assert [(one.problem, one.text) for one in refused.value.faulty] == [(problem, POOL[int(place[1:])])]
    assert "out of the file with the reasons" in refused.value.next


def test_an_earlier_withdrawal_stands(hub: TestHub):
    """The next plan need not say it again."""
    publish(hub, [A, B, C], v3="not_affected")

    publish(hub, [A, B], v2="never_sold")

    assert dict(progress(hub).withdrawn) == {C: "never_sold", D: "not_affected"}


def test_a_vehicle_that_is_listed_again_is_a_member(hub: TestHub):
    """A withdrawal that was wrong ends with the plan that names the vehicle again."""
    publish(hub, [A, B, C], v3="listed_in_error")

    publish(hub, [A, B, C, D])

    assert (progress(hub).withdrawn, progress(hub).totals[PairState.OPEN]) == ({}, 4)


def test_a_member_that_is_listed_again_is_done_by_the_work_on_record(tmp_path: Path):
    """A plan that names the car again takes the withdrawal back, and what was done on it counts."""
    world = RecallWorld.begun(tmp_path)
    world.done("A001", A)
    world.publish(MEMBERS[1:], withdrawn={A: "listed_in_error"})

    world.publish(MEMBERS)

    assert world.progress().state_of(A) is PairState.REPLACED


def test_work_hides_no_withdrawal_of_a_campaign(tmp_path: Path):
    """In a campaign that was taken back everybody is withdrawn, and no report counts, of before or after."""
    world = RecallWorld.begun(tmp_path)
    world.done("A001", A)
    withdraw_campaign(world.hub.app.hub, NUMBER, NO_DEFECT)
    world.done("B001", B)

    after = world.progress()

    assert (after.totals[PairState.WITHDRAWN], sum(after.totals.values()), after.completed_count) == (4, 4, 0)
    assert world.fates() == [ReportFate.WITHDRAWN] * 2


@given(st.sets(st.sampled_from(POOL)), st.sets(st.sampled_from(POOL)), st.sampled_from(WITHDRAWAL_REASONS))
def test_nobody_is_lost_between_two_plans(former: set[str], new: set[str], reason: str):
    """Whoever is left out with a reason is withdrawn, and together with the new members nobody is missing."""
    gone = withdraw_members([encode_segment(former)], {}, [encode_segment(new)], dict.fromkeys(former - new, reason))

    assert reasons_of(gone) == dict.fromkeys(former - new, reason)


@given(st.sets(st.tuples(st.sampled_from(WITHDRAWAL_REASONS), st.binary(min_size=32, max_size=32))))
def test_reasons_travel_beside_their_segments(named: set[tuple[str, bytes]]):
    """What a campaign's field holds gives reasons and hashes back."""
    assert {*unpack_withdrawals(pack_withdrawals(named))} == named


def test_reasons_are_read_from_a_table(tmp_path: Path):
    """A file names VIN and reason in any order of columns."""
    path = tmp_path / "withdrawn.csv"
    path.write_text(f"原因,备注,车架号\nnot_affected,x,{A.lower()}\n,,\nnever_sold,,{B}\n", encoding="gb18030")

    assert read_withdrawal_file(path) == {A: "not_affected", B: "never_sold"}


def test_a_table_without_both_columns_is_refused(tmp_path: Path):
    """Without a column of reasons nothing is read."""
    path = tmp_path / "withdrawn.csv"
    path.write_text(f"VIN\n{A}\n", encoding="utf-8")

    with pytest.raises(Unusable, match="columns VIN and reason"):
        read_withdrawal_file(path)


def test_each_row_without_a_clear_reason_is_named_for_what_it_lacks(tmp_path: Path):
    """Only the row that is wrong is named, by its own fault, and the next step is about this file and its reasons."""
    path = tmp_path / "withdrawn.csv"
    rows = [f"{A},because", f"{B},never_sold", f"{B},never_sold", f"{B},not_affected", f"{A},never_sold", ",never_sold"]
    path.write_text("VIN,reason\n" + "\n".join(rows), encoding="utf-8")

    with pytest.raises(ListRefused) as refused:
        read_withdrawal_file(path)

    assert [(one.line, one.problem) for one in refused.value.faulty] == [
        (2, "unknown-reason"),
        (5, "two-reasons"),
        (7, "no-vehicle"),
    ]
    assert "listed_in_error" in refused.value.next
