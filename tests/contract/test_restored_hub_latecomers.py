"""A restored hub erases nothing that it had kept: who had read an order before the restore is no latecomer."""

from pathlib import Path

import anyio
import pytest

from carnet_hub.core.upkeep.erasing import erase_customer, list_erasures
from carnet_node.bootstrap import Installation
from carnet_node.core.line.session import Session, say_hello
from carnet_node.core.log.authoring import commit
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, ownership_id, vehicle_id
from carnet_protocol.kinds import OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.registry import ErasureGroup
from support.hub_apps import TestHub
from support.joined import back_up_hub, customer_id, join_site, restore_hub, sync, transport_to, write_customer
from support.key_changes import carry_stick
from support.vins import make_vins

VIN = make_vins(1)[0]
CAR = vehicle_id(VIN)
PLATE_ID = RecordId(b"p" * 16)
SIGN = "湘A7Q4XZ"
LEAVER, BUYER = 1, 2


def tie(number: int) -> Draft:
    """The car is a customer's."""
    who = customer_id(number)
    return Draft(OWNERSHIP, ownership_id(CAR, who, "owner"), {"vehicle_id": CAR, "customer_id": who, "role": "owner"})


def write_plate(node: Installation) -> None:
    """The plate that a new owner was given."""
    commit(node.node(), [Draft(PLATE, PLATE_ID, {"vehicle_id": CAR, "plate_no": SIGN})])


def erase(hub: TestHub) -> None:
    """Erase the customer who leaves."""
    erase_customer(hub.app.hub, RecordId(customer_id(LEAVER)), frozenset(ErasureGroup), ground="request")


def shown_plate(node: Installation) -> object:
    """The number that a node shows."""
    with node.store.read() as tx:
        return (tx.columns(PLATE, PLATE_ID) or {}).get("plate_no")


def read_on(node: Installation, hub: TestHub) -> None:
    """Read past an order: something else is written meanwhile."""
    write_customer(node, BUYER, "buyer")
    sync(node, hub)
    sync(node, hub)


def only_say_hello(node: Installation, hub: TestHub) -> None:
    """A round that ends with the hello."""

    async def once() -> Session:
        async with node.hub_client("http://hub", transport_to(hub)) as link:
            return await say_hello(node.node(), node.sync_ports(link), software="test")

    anyio.run(once)


@pytest.fixture
def desk(hub: TestHub, node: Installation) -> Installation:
    """A desk whose customer has a car, alone."""
    write_customer(node, LEAVER, "leaver")
    commit(node.node(), [Draft(VEHICLE, CAR, {"vin": VIN}), tie(LEAVER)])
    sync(node, hub)
    return node


def test_a_plate_from_behind_an_order_in_the_backup_stays(hub: TestHub, desk: Installation, tmp_path: Path):
    """The hub kept the order and forgot the plate: it comes back, as it was, and no second order is written."""
    erase(hub)
    backup = back_up_hub(hub, tmp_path)
    read_on(desk, hub)
    write_plate(desk)
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)
    sync(desk, restored)

    assert shown_plate(desk) == SIGN
    assert len(list_erasures(restored.app.hub)) == 1


def test_a_plate_from_behind_an_order_that_comes_back_stays(hub: TestHub, desk: Installation, tmp_path: Path):
    """The hub forgot both; the order comes back at another position than its readers had read it at."""
    backup = back_up_hub(hub, tmp_path)
    erase(hub)
    read_on(desk, hub)
    write_plate(desk)
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)
    sync(desk, restored)

    assert shown_plate(desk) == SIGN
    assert len(list_erasures(restored.app.hub)) == 1


def test_a_plate_that_was_never_sent_stays(hub: TestHub, desk: Installation, tmp_path: Path):
    """Without any receipt, what its author had read in the ended history decides."""
    backup = back_up_hub(hub, tmp_path)
    erase(hub)
    read_on(desk, hub)
    write_plate(desk)

    restored = restore_hub(hub, backup)
    sync(desk, restored)
    sync(desk, restored)

    assert shown_plate(desk) == SIGN


def test_a_plate_written_before_the_first_page_of_the_new_history_stays(
    hub: TestHub, desk: Installation, tmp_path: Path
):
    """The node had read the order; in the new history it has read up to where both part, and the order comes later."""
    backup = back_up_hub(hub, tmp_path)
    erase(hub)
    read_on(desk, hub)

    restored = restore_hub(hub, backup)
    only_say_hello(desk, restored)
    write_plate(desk)
    sync(desk, restored)
    sync(desk, restored)

    assert shown_plate(desk) == SIGN


def test_a_plate_written_before_a_stick_has_brought_the_order_back_stays(
    hub: TestHub, desk: Installation, tmp_path: Path
):
    """The first stick's pages were made before the hub was offered the order: the node still says what it had read."""
    backup = back_up_hub(hub, tmp_path)
    erase(hub)
    read_on(desk, hub)

    restored = restore_hub(hub, backup)
    carry_stick(restored, desk)
    write_plate(desk)
    for _ in range(2):
        carry_stick(restored, desk)

    assert shown_plate(desk) == SIGN


def test_a_node_says_again_what_it_reads_in_the_new_history(hub: TestHub, desk: Installation, tmp_path: Path):
    """Once what was erased has come back, a new order is known by the position at which it was read."""
    backup = back_up_hub(hub, tmp_path)
    read_on(desk, hub)
    restored = restore_hub(hub, backup)
    sync(desk, restored)
    erase(restored)
    sync(desk, restored)

    write_plate(desk)
    sync(desk, restored)
    sync(desk, restored)

    assert shown_plate(desk) == SIGN


def test_a_plate_whose_author_had_not_read_the_order_is_erased(hub: TestHub, desk: Installation, tmp_path: Path):
    """It was written before the order and comes for the first time: a latecomer, behind a restore as well."""
    other = join_site(hub, tmp_path / "other")
    sync(other, hub)
    backup = back_up_hub(hub, tmp_path)
    write_plate(other)
    erase(hub)
    read_on(desk, hub)

    restored = restore_hub(hub, backup)
    for node in (desk, other, other):
        sync(node, restored)

    assert shown_plate(other) is None


def test_a_plate_that_was_kept_for_another_owner_stays_whoever_comes_first(
    hub: TestHub, desk: Installation, tmp_path: Path
):
    """The other owner's tie comes back after the plate: that the hub had confirmed it beside the order decides."""
    other = join_site(hub, tmp_path / "other")
    backup = back_up_hub(hub, tmp_path)
    sync(other, hub)
    write_customer(other, BUYER, "buyer")
    commit(other.node(), [tie(BUYER)])
    sync(other, hub)
    write_plate(desk)
    sync(desk, hub)
    erase(hub)
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    for node in (desk, other, desk):
        sync(node, restored)

    assert shown_plate(desk) == SIGN
