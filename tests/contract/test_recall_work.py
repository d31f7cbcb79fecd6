"""What a producer asks for reaches the desk, and what the desk records of it counts at the hub."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.campaign_plans import ListedLine, read_members
from carnet_hub.core.campaigns.kept_counts import kept_sums
from carnet_hub.core.campaigns.recalls import count_campaign, import_plan, publish_campaign
from carnet_hub.core.counting.campaign_work import CampaignWork
from carnet_hub.core.counting.progress import PairState, Progress, ReportFate
from carnet_hub.core.outside.vehicle_recalls import published_campaigns, recalls_of
from carnet_node.bootstrap import Installation
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.recalls.recall_check import check_recalls
from carnet_node.core.saving.desk import save, save_visit_by_vin
from carnet_node.core.saving.editing import campaign_of, recall_drafts, require_visit
from carnet_node.entrypoints.cli.main import execute
from carnet_protocol.demands import WorkItem
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.legal_days import DAY_MS
from carnet_protocol.registry import Value
from carnet_protocol.remedy import item_bits
from carnet_protocol.vin import VinPolicy
from support.hub_apps import TestClock, TestHub, make_hub
from support.network import a_round, join
from support.recall_plans import NUMBER, plan
from support.vins import make_vins

VIN = make_vins(1)[0]
OLD_CAR = "S2026M0009"
LEFT, RIGHT = WorkItem(1, "left", "A-1"), WorkItem(2, "right", "B-2")


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub whose campaign does two things on a car and wants to know who did them."""
    made = make_hub(tmp_path / "hub")
    made.add_dealer("A001")
    app = made.app
    import_plan(
        app.hub, app.segments, app.plans, replace(plan([VIN]), work=CampaignWork(("technician",), (LEFT, RIGHT)))
    )
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)
    return made


@pytest.fixture
def desk(hub: TestHub, tmp_path: Path) -> Installation:
    """A node that knows the campaign and its items."""
    installation = join(hub, tmp_path / "desk")
    a_round(installation, hub)
    return installation


def car_in(desk: Installation) -> RecordId:
    """The car is in the shop; its order."""
    node = desk.node()
    car, km = AddVehicle(VIN, VinPolicy.STRICT), {"odometer_in_km": 52_300}
    return save_visit_by_vin(node, car, lambda car: OpenVisit("", car, node.clock.now_ms(), values=km)).visit


def record(desk: Installation, visit: RecordId, **values: Value) -> None:
    """The desk records a part of the recall."""
    node = desk.node()
    campaign = campaign_of(node, NUMBER)
    save(
        node,
        lambda new_id: recall_drafts(
            node, require_visit(node, visit), campaign, new_id, method="replaced", values=values
        ),
    )


def progress(hub: TestHub) -> Progress:
    """What the hub makes of it."""
    with hub.app.hub.store.read() as snapshot:
        return count_campaign(hub.app.hub, hub.app.segments, snapshot, NUMBER).progress


def test_a_recall_is_done_at_desk_and_hub_when_its_last_item_is(hub: TestHub, desk: Installation):
    """After one item both call the car open, after the other both call it done."""
    visit = car_in(desk)

    record(desk, visit, technician_code="T3", items_done=item_bits([1]), part_no="A-1")
    a_round(desk, hub)
    half = (check_recalls(desk.node(), VIN).hits[0].is_done, progress(hub).state_of(VIN))
    record(desk, visit, technician_code="T3", items_done=item_bits([2]), part_no="b2")
    a_round(desk, hub)

    assert half == (False, PairState.OPEN)
    assert check_recalls(desk.node(), VIN).hits[0].is_done
    assert (progress(hub).state_of(VIN), progress(hub).completed_count) == (PairState.REPLACED, 1)


def test_the_command_line_says_who_did_what(hub: TestHub, desk: Installation, tmp_path: Path):
    """`visits complete` takes the evidence that the campaign wants, and is refused without it."""
    visit = record_text(car_in(desk))
    done = ["--data", str(tmp_path / "desk"), "visits", "complete", visit, "--recall-done", NUMBER]
    evidence = ["--evidence", "technician_code=T3; items_done=3"]

    refused = execute([*done, "--method", "replaced"])
    taken = execute([*done, "--method", "replaced", *evidence])
    a_round(desk, hub)

    assert (refused, taken) == (1, 0)
    assert progress(hub).state_of(VIN) is PairState.REPLACED


def test_evidence_belongs_to_the_recall_that_it_names(hub: TestHub, desk: Installation, tmp_path: Path):
    """With two recalls on one order each has its own technician; evidence that names none of them is refused."""
    app = hub.app
    other = plan([VIN], campaign_no="S2026M0002")
    import_plan(app.hub, app.segments, app.plans, other)
    publish_campaign(app.hub, app.segments, app.plans, "S2026M0002")
    a_round(desk, hub)
    order = car_in(desk)
    recalls = ["--recall-done", NUMBER, "--recall-done", "S2026M0002"]
    done = ["--data", str(tmp_path / "desk"), "visits", "complete", record_text(order), *recalls]
    first = ["--evidence", "recall=1;technician_code=T3;items_done=3"]

    refused = [execute([*done, *first, "--evidence", text]) for text in ("part_no=A-1", "recall=3;part_no=A-1")]
    taken = execute([*done, *first, "--evidence", "recall=2;technician_code=T4"])

    view = require_visit(desk.node(), order)
    assert (refused, taken) == ([1, 1], 0)
    assert sorted(str(one.values["technician_code"]) for one in view.completions) == ["T3", "T4"]


def test_a_slow_clock_at_the_desk_loses_no_repair(hub: TestHub, desk: Installation):
    """A machine that lives a month before the campaign records the work, and hub and desk call the car done."""
    visit = car_in(desk)
    slow = replace(desk.node(), clock=TestClock(hub.clock.ms - 30 * DAY_MS))
    campaign, order = campaign_of(slow, NUMBER), require_visit(slow, visit)
    done: dict[str, Value] = {"technician_code": "T3", "items_done": item_bits([1, 2])}

    save(slow, lambda new_id: recall_drafts(slow, order, campaign, new_id, method="replaced", values=done))
    a_round(desk, hub)

    assert progress(hub).state_of(VIN) is PairState.REPLACED
    assert check_recalls(desk.node(), VIN).hits[0].is_done


def test_a_desk_calls_open_what_the_hub_does_not_count(hub: TestHub, desk: Installation):
    """After a plan that asks for more, work without it is open at both, with the same reason."""
    app = hub.app
    visit = car_in(desk)
    hub.clock.ms = desk.node().clock.now_ms() - 1_000
    more = CampaignWork(("technician", "photo"), (LEFT, RIGHT))
    import_plan(app.hub, app.segments, app.plans, replace(plan([VIN]), work=more))
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)
    hub.clock.ms += 60_000

    record(desk, visit, technician_code="T3", items_done=item_bits([1, 2]))
    a_round(desk, hub)

    (hit,) = check_recalls(desk.node(), VIN).hits
    (judged,) = progress(hub).judged
    assert not hit.is_done
    assert [why.value for why in hit.so_far.uncounted] == [judged.fate.value] == ["lacks-evidence"]


FRAME = "JZX1001234567"


def list_frame_number(hub: TestHub) -> None:
    """A campaign that lists one car under its frame number."""
    app = hub.app
    members = read_members([ListedLine("vins.txt", 1, FRAME)], 1, keeps_faulty=True)
    import_plan(app.hub, app.segments, app.plans, replace(plan([VIN], campaign_no=OLD_CAR), members=members))
    publish_campaign(app.hub, app.segments, app.plans, OLD_CAR)


def frame_in(desk: Installation) -> RecordId:
    """The old car is in the shop; its order."""
    node = desk.node()
    car, km = AddVehicle("jzx100-1234567", VinPolicy.LENIENT), {"odometer_in_km": 190_400}
    return save_visit_by_vin(node, car, lambda car: OpenVisit("", car, node.clock.now_ms(), values=km)).visit


def do_frame(desk: Installation, visit: RecordId, method: str = "replaced") -> None:
    """The desk records that the recall was done on it."""
    node = desk.node()
    campaign = campaign_of(node, OLD_CAR)
    save(node, lambda new_id: recall_drafts(node, require_visit(node, visit), campaign, new_id, method=method))


def states_of_frame(hub: TestHub) -> tuple[PairState | None, PairState | None, int]:
    """The state counted anew, the one that an authority is told, and how many are done by the kept sums."""
    app = hub.app
    with app.hub.store.read() as snapshot:
        anew = count_campaign(app.hub, app.segments, snapshot, OLD_CAR).progress.state_of(FRAME)
        found = recalls_of(app.hub, snapshot, published_campaigns(app.hub, snapshot, lambda _: True), FRAME)
        kept = kept_sums(app.hub, app.segments, snapshot, OLD_CAR).sums
    return anew, found[0].state, kept.completed_count


def test_a_car_without_a_vin_is_done_under_its_frame_number(hub: TestHub, desk: Installation):
    """Its recall shows at the desk, is recorded there, and closes at desk and hub, counted and kept alike."""
    list_frame_number(hub)
    a_round(desk, hub)
    visit = frame_in(desk)
    before = check_recalls(desk.node(), FRAME).hits[0].is_done

    do_frame(desk, visit)
    at_desk = check_recalls(desk.node(), FRAME).hits[0]
    a_round(desk, hub)

    assert (before, at_desk.is_done, at_desk.is_unconfirmed) == (False, True, True)
    assert states_of_frame(hub) == (PairState.REPLACED, PairState.REPLACED, 1)


def test_two_dealers_with_one_frame_number_count_once(hub: TestHub, desk: Installation, tmp_path: Path):
    """Each has a record of its own for the car, and the number is one pair: both reports stay, one counts."""
    list_frame_number(hub)
    hub.add_dealer("B001")
    other = join(hub, tmp_path / "other", "B001")
    for one in (desk, other):
        a_round(one, hub)
        do_frame(one, frame_in(one), "replaced" if one is desk else "repaired")

    for one in (desk, other):
        a_round(one, hub)

    with hub.app.hub.store.read() as snapshot:
        progress = count_campaign(hub.app.hub, hub.app.segments, snapshot, OLD_CAR).progress
    assert sorted(one.fate for one in progress.judged) == [ReportFate.COUNTED, ReportFate.DUPLICATE]
    assert (states_of_frame(hub)[2], progress.completed_count) == (1, 1)
