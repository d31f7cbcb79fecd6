"""Staff over a real hub: a departure reaches every machine of the site, and no other site hears of anybody.

The second machine of a site begins with start codes: passwords never leave the first one.
"""

from pathlib import Path

import pytest

from carnet_node.bootstrap import Installation
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.log.acting import acting_for, author_of
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_vehicle, save_visit
from carnet_node.core.showing.views import one_record, visit_view
from carnet_node.core.staff.browser_sessions import present_session
from carnet_node.core.staff.login import LoginRefused, begin_with_code, log_in
from carnet_node.core.staff.staff import add_member, issue_start_code, let_leave, list_staff, set_up
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, PROMISE_CHANGE, STAFF, STAFF_ACTION, VISIT
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.hub_apps import TestHub, make_hub
from support.joined import join_site, sync
from support.staffed import PASSWORD, TestHasher
from support.vins import make_vin

VIN = make_vin("LSV", 123456)
CAR = vehicle_id(VIN)
AGREED: dict[str, Value] = {
    "is_odometer_unknown": True,
    "advisor_code": "A07",
    "damage_marks": "dent 800 90",
    "belongings": "a child seat",
    "old_part_wish": "take_along",
    "estimate_fen": 48_000,
}
NOT_FOR_OTHERS = {"damage_marks", "damage_outline", "is_walked_round", "belongings", "old_part_wish", "estimate_fen"}


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with two dealer sites."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    hub.add_dealer("B002")
    return hub


@pytest.fixture
def first(hub: TestHub, tmp_path: Path) -> Installation:
    """The first machine of the first site, with an administrator and an advisor, known to the hub."""
    installation = join_site(hub, tmp_path / "first", "A001")
    opened = set_up(installation.node(), TestHasher(), {"staff_no": "B01", "full_name": "Admin Example"}, PASSWORD)
    admin = acting_for(installation.node(), opened.staff)
    _, code = add_member(admin, {"staff_no": "A07", "full_name": "Advisor Example", "role": "advisor"})
    begin_with_code(installation.node(), TestHasher(), "A07", code, PASSWORD)
    sync(installation, hub)
    return installation


def staff_of(node: Node, staff_no: str) -> RecordId:
    """Who has a number."""
    return next(one.view.id for one in list_staff(node) if one.view.values["staff_no"] == staff_no)


def check_in(node: Node) -> RecordId:
    """The advisor takes the car in."""
    me = acting_for(node, staff_of(node, "A07"))
    save_vehicle(me, AddVehicle(VIN, VinPolicy.STRICT))
    jobs = [NewJob({"complaint": "squeals", "estimate_fen": 48_000})]
    return save_visit(me, OpenVisit("", CAR, node.clock.now_ms(), values=AGREED, jobs=jobs)).visit


def test_the_second_machine_knows_the_people_and_not_their_passwords(hub: TestHub, first: Installation, tmp_path: Path):
    """Staff arrive with the feed; at the second machine everybody begins with a start code."""
    second = join_site(hub, tmp_path / "second", "A001")
    sync(second, hub)

    known = [(one.view.values["full_name"], one.has_password) for one in list_staff(second.node())]
    with pytest.raises(LoginRefused):
        log_in(second.node(), TestHasher(), "A07", PASSWORD)
    code = issue_start_code(second.node(), staff_of(second.node(), "A07"))

    assert known == [("Advisor Example", False), ("Admin Example", False)]
    assert begin_with_code(second.node(), TestHasher(), "A07", code, PASSWORD).token
    assert [one.has_password for one in list_staff(first.node())] == [True, True]


def test_a_departure_ends_the_session_at_the_other_machine(hub: TestHub, first: Installation, tmp_path: Path):
    """With the next sync the person who left is out everywhere."""
    second = join_site(hub, tmp_path / "second", "A001")
    sync(second, hub)
    code = issue_start_code(second.node(), staff_of(second.node(), "A07"))
    session = begin_with_code(second.node(), TestHasher(), "A07", code, PASSWORD)

    let_leave(acting_for(first.node(), staff_of(first.node(), "B01")), session.staff)
    sync(first, hub)
    sync(second, hub)

    assert present_session(second.node(), session.token) is None


def test_who_did_it_is_known_at_the_other_machine(hub: TestHub, first: Installation, tmp_path: Path):
    """The author of a write arrives with it."""
    visit = check_in(first.node())
    sync(first, hub)
    second = join_site(hub, tmp_path / "second", "A001")
    sync(second, hub)

    with second.node().store.read() as tx:
        stored = tx.record(VISIT, visit)
        assert stored is not None
        author = author_of(tx, OpId(stored.entries[0].op))

    assert author is not None
    assert (author.staff_no, author.full_name) == ("A07", "Advisor Example")


def test_another_site_sees_the_visit_and_nobody_behind_it(hub: TestHub, first: Installation, tmp_path: Path):
    """A site with the same car gets what was done to it: no staff, no estimate, no marks, no belongings."""
    visit = check_in(first.node())
    sync(first, hub)
    other = join_site(hub, tmp_path / "other", "B002")
    save_vehicle(other.node(), AddVehicle(VIN, VinPolicy.STRICT))
    save_visit(other.node(), OpenVisit("", CAR, 0, values={"is_odometer_unknown": True}))
    sync(other, hub)
    sync(other, hub)

    view = visit_view(other.node(), visit)

    assert view is not None
    assert NOT_FOR_OTHERS & view.visit.values.keys() == set()
    assert [job.job.values.get("complaint") for job in view.jobs] == ["squeals"]
    assert "estimate_fen" not in view.jobs[0].job.values
    with other.node().store.read() as tx:
        kinds = (STAFF, STAFF_ACTION, PROMISE_CHANGE, CUSTOMER)
        assert [list(tx.projections(kind)) for kind in kinds] == [[], [], [], []]


def test_a_site_cannot_act_in_the_name_of_anothers_staff(hub: TestHub, first: Installation, tmp_path: Path):
    """A staff action that names a person of another site is refused with everything in its set."""
    other = join_site(hub, tmp_path / "other", "B002")
    forged = Draft(STAFF_ACTION, RecordId(b"f" * 16), {"staff_id": staff_of(first.node(), "A07"), "action": "x"})
    commit(other.node(), [Draft(CUSTOMER, RecordId(b"c" * 16), {"full_name": "Test Person"}), forged])

    report = sync(other, hub)

    assert report is not None
    assert one_record(other.node(), CUSTOMER, RecordId(b"c" * 16)) is None
