"""A machine is stolen and revoked; its site sees what lost its effect and confirms what was honest.

Node and hub are the product's own; only the sockets are left out.
"""

from pathlib import Path

import anyio
import pytest

from carnet_hub.adapters.store import scratch_store
from carnet_hub.core.exchange.revoking import revoke_compromised
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_node.bootstrap import Installation
from carnet_node.core.line.session import say_hello
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.excluded import ExcludedSave, confirm_excluded, fetch_excluded, list_excluded
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.showing.views import one_record
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, VEHICLE
from carnet_protocol.messages import ExcludedSet
from carnet_protocol.registry import ErasureGroup, Kind, Value
from support.hub_apps import TestHub, make_hub
from support.network import LossyTransport, a_round, join
from support.vins import make_vins

VIN = make_vins(1)[0]
CAR = vehicle_id(VIN)
PERSON = RecordId(b"c" * 16)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with two dealer sites."""
    hub = make_hub(tmp_path / "hub")
    for code in ("A001", "B001"):
        hub.add_dealer(code)
    return hub


@pytest.fixture
def stolen(hub: TestHub, tmp_path: Path) -> Installation:
    """The machine that will be stolen."""
    return join(hub, tmp_path / "stolen")


@pytest.fixture
def desk(hub: TestHub, tmp_path: Path) -> Installation:
    """Another machine of the same site."""
    return join(hub, tmp_path / "desk")


def write(node: Installation, kind: Kind, record: RecordId, **values: Value) -> None:
    """Record or change something, based on what is shown, and send it."""
    view = one_record(node.node(), kind, record)
    registers = {kind.register_of(name).number for name in values}
    heads = () if view is None else view.heads.of(sorted(registers))
    commit(node.node(), [Draft(kind, record, values, heads)])


def revoke(hub: TestHub, node: Installation) -> None:
    """Revoke a stolen machine; all it has sent is suspect."""
    revoke_compromised(hub.app.hub, node.node().identity.node_id, suspect_from=0, reason="stolen")


def fetched(hub: TestHub, by: Installation) -> list[ExcludedSet]:
    """What the hub shows a machine as excluded."""

    async def ask() -> list[ExcludedSet]:
        node = by.node()
        async with by.hub_client("http://hub", LossyTransport(hub)) as link:
            session = await say_hello(node, by.sync_ports(link), software="test")
            return await fetch_excluded(link, node.identity, session.token)

    return anyio.run(ask)


def listed(hub: TestHub, by: Installation) -> list[ExcludedSave]:
    """The same as people read it."""
    return list_excluded(by.node(), fetched(hub, by))


def shown(node: Installation, kind: Kind, record: RecordId, field: str) -> object:
    """A field as a node shows it."""
    view = one_record(node.node(), kind, record)
    return None if view is None else view.values.get(field)


def test_the_site_sees_what_was_excluded(hub: TestHub, stolen: Installation, desk: Installation):
    """Another machine of the site reads what was entered, by whom, and that nobody has confirmed it."""
    write(stolen, CUSTOMER, PERSON, party_kind="person", full_name="Test person")
    a_round(stolen, hub)

    revoke(hub, stolen)

    (save,) = listed(hub, desk)
    (op,) = save.ops
    assert (save.node_id, op.kind, op.record) == (stolen.node().identity.node_id, CUSTOMER, PERSON)
    assert (op.values["full_name"], op.confirmed_by) == ("Test person", None)


def test_another_site_sees_nothing_of_it(hub: TestHub, stolen: Installation, tmp_path: Path):
    """What was excluded of one site is not shown to another."""
    stranger = join(hub, tmp_path / "stranger", "B001")
    write(stolen, CUSTOMER, PERSON, party_kind="person", full_name="Test person")
    a_round(stolen, hub)

    revoke(hub, stolen)

    assert listed(hub, stranger) == []


def test_confirmed_work_counts_again(hub: TestHub, stolen: Installation, desk: Installation):
    """After a confirmation every machine shows the value again, and tables are still what the logs fold to."""
    write(stolen, CUSTOMER, PERSON, party_kind="person", full_name="Test person")
    a_round(stolen, hub)
    revoke(hub, stolen)
    a_round(desk, hub)
    before = shown(desk, CUSTOMER, PERSON, "full_name")
    sets = fetched(hub, desk)

    confirm_excluded(desk.node(), sets, listed(hub, desk)[0].nonce)
    report = a_round(desk, hub)

    assert (before, shown(desk, CUSTOMER, PERSON, "full_name"), report.push.accepted) == (None, "Test person", 1)
    with scratch_store() as scratch:
        assert check_projections(hub.app.hub, scratch).difference_count == 0
    assert check_rebuild(desk.node()).differences == ()


def test_a_confirmation_stands_at_the_old_place_in_history(hub: TestHub, stolen: Installation, desk: Installation):
    """Two saves on one car, confirmed one after the other, follow each other again and contradict nothing."""
    write(stolen, VEHICLE, CAR, vin=VIN, color="red")
    write(stolen, VEHICLE, CAR, color="white")
    a_round(stolen, hub)
    revoke(hub, stolen)
    a_round(desk, hub)
    sets = fetched(hub, desk)

    for save in listed(hub, desk):
        confirm_excluded(desk.node(), sets, save.nonce)
    a_round(desk, hub)

    view = one_record(desk.node(), VEHICLE, CAR)
    assert view is not None
    assert (view.values["color"], view.contests) == ("white", ())


def test_a_save_is_confirmed_once(hub: TestHub, stolen: Installation, desk: Installation):
    """A second confirmation is refused, and the list names the op that confirmed it."""
    write(stolen, VEHICLE, CAR, vin=VIN, color="red")
    a_round(stolen, hub)
    revoke(hub, stolen)
    sets = fetched(hub, desk)
    (save,) = listed(hub, desk)
    sealed = confirm_excluded(desk.node(), sets, save.nonce)

    with pytest.raises(CommandRefused):
        confirm_excluded(desk.node(), sets, save.nonce)

    assert listed(hub, desk)[0].ops[0].confirmed_by == sealed.ops[0]


def test_the_same_value_entered_by_itself_confirms_nothing(hub: TestHub, stolen: Installation, desk: Installation):
    """Whoever happened to enter the same value without having seen the excluded one has not confirmed it."""
    write(desk, VEHICLE, CAR, vin=VIN, color="red")
    write(stolen, VEHICLE, CAR, vin=VIN, color="red")
    a_round(stolen, hub)

    revoke(hub, stolen)

    assert listed(hub, desk)[0].ops[0].confirmed_by is None


def test_single_changes_can_be_left_out(hub: TestHub, stolen: Installation, desk: Installation):
    """Of a save with two changes one is confirmed, and the other one stays without effect."""
    drafts = [
        Draft(VEHICLE, CAR, {"vin": VIN, "color": "red"}),
        Draft(CUSTOMER, PERSON, {"party_kind": "person", "full_name": "Invented"}),
    ]
    commit(stolen.node(), drafts)
    a_round(stolen, hub)
    revoke(hub, stolen)

    confirm_excluded(desk.node(), fetched(hub, desk), listed(hub, desk)[0].nonce, [0])
    a_round(desk, hub)

    assert (shown(desk, VEHICLE, CAR, "color"), shown(desk, CUSTOMER, PERSON, "full_name")) == ("red", None)


def test_what_was_erased_meanwhile_is_not_shown(hub: TestHub, stolen: Installation, desk: Installation):
    """An excluded save whose person was erased comes without the values, and confirming brings none back."""
    write(desk, CUSTOMER, PERSON, party_kind="person")
    a_round(desk, hub)
    a_round(stolen, hub)
    write(stolen, CUSTOMER, PERSON, full_name="Test person", segment="taxi")
    a_round(stolen, hub)
    revoke(hub, stolen)
    erase_customer(hub.app.hub, PERSON, frozenset(ErasureGroup), ground="request")
    a_round(desk, hub)

    (save,) = listed(hub, desk)

    assert dict(save.ops[0].values) == {"segment": "taxi"}
    confirm_excluded(desk.node(), fetched(hub, desk), save.nonce)


def test_a_save_of_which_nothing_is_left_cannot_be_confirmed(hub: TestHub, stolen: Installation, desk: Installation):
    """All that the excluded save had said was erased: there is nothing to write, and nothing is written."""
    write(desk, CUSTOMER, PERSON, party_kind="person")
    a_round(desk, hub)
    a_round(stolen, hub)
    write(stolen, CUSTOMER, PERSON, full_name="Test person")
    a_round(stolen, hub)
    revoke(hub, stolen)
    erase_customer(hub.app.hub, PERSON, frozenset(ErasureGroup), ground="request")
    a_round(desk, hub)
    (save,) = listed(hub, desk)

    with pytest.raises(CommandRefused, match="set not-found"):
        confirm_excluded(desk.node(), fetched(hub, desk), save.nonce)


def test_what_was_erased_is_not_shown_before_its_order_has_come(hub: TestHub, stolen: Installation, desk: Installation):
    """The list is asked for before the page with the erasure is read: it can be read, without the values."""
    write(desk, CUSTOMER, PERSON, party_kind="person")
    a_round(desk, hub)
    a_round(stolen, hub)
    write(stolen, CUSTOMER, PERSON, full_name="Test person", segment="taxi")
    a_round(stolen, hub)
    revoke(hub, stolen)
    erase_customer(hub.app.hub, PERSON, frozenset(ErasureGroup), ground="request")

    (save,) = listed(hub, desk)

    assert dict(save.ops[0].values) == {"segment": "taxi"}
