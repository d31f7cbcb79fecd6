"""A real node and a real hub over HTTP: what one says the other understands, on a line and by stick.

Everything is the product's own: keys in files, databases, the hub's application, the node's client. Only the sockets
are left out.
"""

from pathlib import Path

import anyio
import pytest

from carnet_hub.adapters.bundle_files import decrypt_bundle, encrypt_bundle
from carnet_hub.core.campaigns.offline_lists import make_lists
from carnet_hub.core.counting.campaign_work import CampaignWork
from carnet_hub.core.exchange.bundling import pack_for, parts_for, take_bundle
from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.exchange.list_telling import list_parts
from carnet_hub.core.log.conflicts import every_settled
from carnet_hub.core.log.rebuild import site_digest
from carnet_hub.core.rows import DealerRow
from carnet_hub.core.upkeep.dealers import suspend_site
from carnet_node.adapters.bundle_files import read_bundle, write_bundle
from carnet_node.adapters.joining import finish_enrolment, pending_enrolment
from carnet_node.bootstrap import Installation, create_installation
from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.line.bundling import BundleReport, pack_for_hub, take_from_hub
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.recalls.recall_check import RecallState, check_recalls
from carnet_node.core.showing.conflicts import list_conflicts, list_former, restore_value
from carnet_node.core.showing.views import one_record
from carnet_node.settings import NodeSettings
from carnet_protocol.bundle import PartKind
from carnet_protocol.changeset import Draft
from carnet_protocol.enrolment import parse_code
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, VEHICLE, VISIT
from carnet_protocol.reasons import Reason
from support.campaigns import publish
from support.hub_apps import TestHub, make_hub
from support.network import LossyTransport, a_round, join
from support.recall_world import RecallWorld
from support.vins import make_vins

VINS = make_vins(3)
CUSTOMER_ID = RecordId(b"c" * 16)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    return hub


def record_customer(installation: Installation, **values: object) -> None:
    """Record the test customer."""
    stated = {"party_kind": "person", "full_name": "Test person", **values}
    commit(installation.node(), [Draft(CUSTOMER, CUSTOMER_ID, stated)])  # type: ignore[arg-type]


def record_vehicle(installation: Installation, colour: str) -> None:
    """Record the test car, as somebody who has never seen it."""
    commit(installation.node(), [Draft(VEHICLE, vehicle_id(VINS[0]), {"vin": VINS[0], "color": colour})])


def record_visit(installation: Installation, name: bytes) -> None:
    """Record a visit of the test car: what entitles a site to its history."""
    values = {"ro_no": name.hex(), "vehicle_id": vehicle_id(VINS[0]), "status": "open"}
    commit(installation.node(), [Draft(VISIT, RecordId(name * 16), values)])  # type: ignore[arg-type]


def two_that_met_one_car(hub: TestHub, folder: Path) -> tuple[Installation, Installation]:
    """Nodes of two sites that have written another colour of one car each, and heard of the other's."""
    hub.add_dealer("B001")
    one, other = join(hub, folder / "one"), join(hub, folder / "other", "B001")
    for installation, colour, name in ((one, "WHITE", b"1"), (other, "RED", b"2")):
        record_vehicle(installation, colour)
        record_visit(installation, name)
    for installation in (one, other, one, other):
        a_round(installation, hub)
    return one, other


def shown(installation: Installation, field: str) -> object:
    """A field of the test car or customer as shown here."""
    kind, record = (CUSTOMER, CUSTOMER_ID) if field in CUSTOMER.labels else (VEHICLE, vehicle_id(VINS[0]))
    view = one_record(installation.node(), kind, record)
    return None if view is None else view.values.get(field)


def test_a_node_joins_and_its_work_is_accepted(hub: TestHub, tmp_path: Path):
    """From a typed code to an accepted change set in one round."""
    node = join(hub, tmp_path / "one")
    record_customer(node)

    report = a_round(node, hub)

    assert (report.push.accepted, report.is_complete, report.push_failure, report.pull_failure) == (1, True, None, None)


def test_two_nodes_of_one_site_see_each_other(hub: TestHub, tmp_path: Path):
    """What one desk records the other shows after its next round, personal values included."""
    one, two = join(hub, tmp_path / "one"), join(hub, tmp_path / "two")
    record_customer(one)
    a_round(one, hub)

    a_round(two, hub)

    assert shown(two, "full_name") == "Test person"


def test_another_site_sees_no_customer(hub: TestHub, tmp_path: Path):
    """A customer stays with its site."""
    hub.add_dealer("B001")
    one, other = join(hub, tmp_path / "one"), join(hub, tmp_path / "other", "B001")
    record_customer(one)
    a_round(one, hub)

    a_round(other, hub)

    assert shown(other, "full_name") is None


def test_two_sites_that_met_one_car_keep_both_values(hub: TestHub, tmp_path: Path):
    """The same VIN is one record; the overruled colour is listed and restored by the site that lost."""
    one, other = two_that_met_one_car(hub, tmp_path)
    both = {shown(one, "color"), shown(other, "color")}
    (lost,) = list_conflicts(one.node())

    restore_value(one.node(), VEHICLE, lost.record.id, lost.register, lost.overruled.op)
    for installation in (one, other):
        a_round(installation, hub)

    assert len(both) == 1
    assert shown(one, "color") == shown(other, "color") == lost.overruled.values["color"]
    assert list_conflicts(one.node()) == ()


def test_what_two_sites_restore_in_turn_is_listed_at_both_and_at_the_hub(hub: TestHub, tmp_path: Path):
    """Each brings its own colour back; the one that gave way stands in every list, though it stood alone."""
    one, other = two_that_met_one_car(hub, tmp_path)
    (lost,) = list_conflicts(one.node())
    restore_value(one.node(), VEHICLE, lost.record.id, lost.register, lost.overruled.op)
    for installation in (one, other):
        a_round(installation, hub)
    (former,) = list_former(other.node())

    restore_value(other.node(), VEHICLE, former.record.id, former.register, former.overruled.op)
    for installation in (other, one):
        a_round(installation, hub)

    colors = [lost.overruled.values["color"], former.overruled.values["color"]]
    assert shown(one, "color") == shown(other, "color") == colors[1]
    assert [[value.overruled.values["color"] for value in list_former(site.node())] for site in (one, other)] == [
        colors[:1],
        colors[:1],
    ]
    assert {value.overruled.values["color"] for value in every_settled(hub.app.hub)} == set(colors)
    assert check_rebuild(one.node()).differences == check_rebuild(other.node()).differences == ()


def test_a_site_without_a_visit_keeps_what_it_wrote(hub: TestHub, tmp_path: Path):
    """Its own colour stands beside a head without a value; the other's colour, visit and name never reach it."""
    hub.add_dealer("B001")
    one, other = join(hub, tmp_path / "one"), join(hub, tmp_path / "other", "B001")
    record_vehicle(one, "WHITE")
    record_visit(one, b"1")
    a_round(one, hub)
    record_vehicle(other, "RED")
    a_round(other, hub)

    with other.node().store.read() as tx:
        stored = tx.record(VEHICLE, RecordId(vehicle_id(VINS[0])))

    assert stored is not None
    color = VEHICLE.labels["color"]
    assert {(entry.author, (entry.fields or {}).get(color)) for entry in stored.entries} == {
        (other.node().identity.dealer_id, "RED"),
        (bytes(16), None),
    }
    assert one_record(other.node(), VISIT, RecordId(b"1" * 16)) is None
    assert check_rebuild(other.node()).digest == site_digest(hub.app.hub, other.node().identity.dealer_id)


@pytest.mark.parametrize("lost", ["/v1/push", "/v1/feed", "/v1/hello"])
def test_an_answer_lost_on_the_way_changes_nothing(hub: TestHub, tmp_path: Path, lost: str):
    """Whatever request loses its answer, the next round ends as if nothing had happened, and nothing is there twice."""
    node, control = join(hub, tmp_path / "one"), join(hub, tmp_path / "two")
    record_customer(node)
    try:
        a_round(node, hub, lost)
    except HubUnreachable:
        assert lost == "/v1/hello"

    report = a_round(node, hub)
    a_round(control, hub)

    assert (report.is_complete, shown(control, "full_name")) == (True, "Test person")
    assert check_rebuild(node.node()).differences == ()
    assert list_conflicts(node.node()) == ()


def test_a_lost_answer_to_the_enrolment_is_asked_for_again(hub: TestHub, tmp_path: Path):
    """The same request gets the same welcome, so a code is not used up by a bad line."""
    installation = create_installation(NodeSettings(data_dir=tmp_path / "one"))
    with hub.app.hub.store.read() as snapshot:
        (dealer,) = (row.dealer_id for row in snapshot.scan(DealerRow))
    code = parse_code(invite_dealer(hub.app.hub, dealer).code)

    async def ask(*lost: str) -> None:
        async with installation.hub_client("http://hub", LossyTransport(hub, *lost)) as link:
            pending = pending_enrolment(installation.joining(), code, await link.card(), "desk")
            finish_enrolment(
                installation.joining(), code, pending, await link.enrol(pending.request_message), "http://hub"
            )

    with pytest.raises(HubUnreachable):
        anyio.run(ask, "/v1/enrol")
    anyio.run(ask)

    assert installation.node().identity.site_code == "A001"


def test_a_suspended_site_keeps_its_work(hub: TestHub, tmp_path: Path):
    """The hub says no by name; what was recorded stays, and waits."""
    node = join(hub, tmp_path / "one")
    record_customer(node)
    suspend_site(hub.app.hub, "A001")

    with pytest.raises(HubRefused) as caught:
        a_round(node, hub)

    with node.store.read() as tx:
        waiting, _ = tx.unconfirmed()
    assert (caught.value.reason, waiting) == (Reason.SUSPENDED_NODE, 1)


def test_a_recall_reaches_the_desk_with_its_list(hub: TestHub, tmp_path: Path):
    """A published campaign hits exactly its members, offline, after one round."""
    node = join(hub, tmp_path / "one")
    before = check_recalls(node.node(), VINS[0]).state
    publish(hub, VINS[:2])

    report = a_round(node, hub)

    states = [check_recalls(node.node(), vin).state for vin in VINS]
    assert (before, report.segments, states) == (
        RecallState.UNKNOWN,
        1,
        [RecallState.HIT, RecallState.HIT, RecallState.CLEAR],
    )


def test_who_is_done_elsewhere_and_a_grown_plan_reach_the_desk(hub: TestHub, tmp_path: Path):
    """Another dealer's work, and a plan with one more car, are known after a round."""
    node = join(hub, tmp_path / "one")
    app, world = hub.app, RecallWorld(hub, CampaignWork())
    world.publish(VINS[:2])
    world.done("B002", VINS[0])
    make_lists(app.hub, app.segments, app.lists)
    first = a_round(node, hub)
    before = [check_recalls(node.node(), vin).state for vin in VINS]
    world.publish(VINS)
    make_lists(app.hub, app.segments, app.lists)

    second = a_round(node, hub)

    after = [check_recalls(node.node(), vin).state for vin in VINS]
    assert (first.segments, before) == (2, [RecallState.CLEAR, RecallState.HIT, RecallState.CLEAR])
    assert (second.segments, after) == (1, [RecallState.CLEAR, RecallState.HIT, RecallState.HIT])


def by_stick(installation: Installation, hub: TestHub, folder: Path, *, is_full: bool = False) -> BundleReport:
    """There and back by files.

    Args:
        is_full: there is no room on the way back for any list.
    """
    there, back = folder / "there.carnet", folder / "back.carnet"
    node = installation.node()
    write_bundle(there, pack_for_hub(node, software="test").plain, node.identity.hub_exchange_key, installation.files)
    app = hub.app
    taken = take_bundle(app.hub, decrypt_bundle(there.read_bytes(), app.keyring.exchange))
    parts = [*taken.parts, *parts_for(app.hub, app.segments, taken.node, taken.since)]
    parts += list_parts(app.hub, app.lists, taken.since, parts)
    parts = [one for one in parts if not is_full or one[0] != PartKind.SEGMENT]
    back.write_bytes(encrypt_bundle(pack_for(app.hub, taken.node, parts), taken.node.exchange_key))
    return take_from_hub(node, read_bundle(back, installation.keyring.exchange, installation.files))


def test_a_stick_brings_what_a_line_would_have_brought(hub: TestHub, tmp_path: Path):
    """Receipts, pages and recall lists come by file, and a second trip brings nothing new."""
    node, other = join(hub, tmp_path / "one"), join(hub, tmp_path / "two")
    publish(hub, VINS[:2])
    record_vehicle(other, "RED")
    a_round(other, hub)
    record_customer(node)

    first = by_stick(node, hub, tmp_path)
    second = by_stick(node, hub, tmp_path)

    assert (first.accepted, first.unanswered, first.segments) == (1, 0, 1)
    assert (check_recalls(node.node(), VINS[0]).state, shown(node, "color")) == (RecallState.HIT, "RED")
    assert (second.accepted, second.rows, second.segments) == (0, 0, 0)
    assert check_rebuild(node.node()).differences == ()


def test_lists_that_a_stick_had_no_room_for_come_with_the_next(hub: TestHub, tmp_path: Path):
    """The pages were read long ago; the node says which lists it holds, and the hub brings the others."""
    node = join(hub, tmp_path / "one")
    app, world = hub.app, RecallWorld(hub, CampaignWork())
    world.publish(VINS[:2])
    world.done("B002", VINS[0])
    make_lists(app.hub, app.segments, app.lists)
    first = by_stick(node, hub, tmp_path, is_full=True)
    before = [check_recalls(node.node(), vin).state for vin in VINS[:2]]

    trips = [by_stick(node, hub, tmp_path).segments for _ in range(2)]

    after = [check_recalls(node.node(), vin).state for vin in VINS[:2]]
    assert (first.segments, before) == (0, [RecallState.UNKNOWN, RecallState.UNKNOWN])
    assert (trips, after) == ([2, 0], [RecallState.CLEAR, RecallState.HIT])


def test_an_old_stick_after_a_round_does_no_harm(hub: TestHub, tmp_path: Path):
    """A bundle that was packed, then overtaken by the line, is a duplicate and changes nothing."""
    node = join(hub, tmp_path / "one")
    record_customer(node)
    old = pack_for_hub(node.node(), software="test").plain
    a_round(node, hub)

    taken = take_bundle(hub.app.hub, old)

    assert [int(code) for code in taken.set_codes] == [4]
