"""A purge right after a restore of the hub erases nobody of whom a node has newer work that the hub had confirmed."""

from dataclasses import astuple
from pathlib import Path

import anyio
import pytest

from carnet_hub.core.upkeep.purging import Purged, purge_all
from carnet_node.bootstrap import Installation
from carnet_node.core.line.session import Session, say_hello
from carnet_node.core.log.authoring import commit
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import ownership_id, vehicle_id
from carnet_protocol.kinds import OWNERSHIP, VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.retention import bundled_text, parse_retention
from support.hub_apps import TestHub
from support.joined import back_up_hub, customer_id, names, restore_hub, sync, transport_to, write_customer
from support.vins import make_vins

CLASSES = parse_retention(bundled_text("cn") or b"")
YEAR_MS = 31_556_952_000
VIN = make_vins(1)[0]
CAR = vehicle_id(VIN)


@pytest.fixture
def desk(hub: TestHub, node: Installation) -> Installation:
    """A desk with a prospect whose term has ended, heard of since."""
    write_customer(node, 1, "prospect")
    sync(node, hub)
    hub.clock.ms += int(3.1 * YEAR_MS)
    sync(node, hub)
    return node


def purge(hub: TestHub) -> int:
    """How many persons a purge takes."""
    steps = [Purged(0, 0, 0, 0), *purge_all(hub.app.hub, CLASSES, "marketing")]
    return sum(astuple(step)[0] for step in steps)


def sell_car(desk: Installation, hub: TestHub) -> None:
    """The prospect buys a car, and the hub confirms it."""
    who = customer_id(1)
    link: dict[str, Value] = {"vehicle_id": CAR, "customer_id": who, "role": "owner", "from_on": "2026-05-01"}
    commit(desk.node(), [Draft(VEHICLE, CAR, {"vin": VIN}), Draft(OWNERSHIP, ownership_id(CAR, who, "owner"), link)])
    sync(desk, hub)


def only_say_hello(desk: Installation, hub: TestHub) -> None:
    """A round that ends with the hello, before anything is offered."""

    async def once() -> Session:
        async with desk.hub_client("http://hub", transport_to(hub)) as link:
            return await say_hello(desk.node(), desk.sync_ports(link), software="test")

    anyio.run(once)


@pytest.mark.parametrize("is_heard", [pytest.param(False, id="not heard yet"), pytest.param(True, id="heard once")])
def test_nobody_goes_before_the_restored_hub_has_what_it_had_confirmed(
    hub: TestHub, desk: Installation, tmp_path: Path, *, is_heard: bool
):
    """The node's first hello is still of the ended history: it knows nothing of what the hub has forgotten."""
    backup = back_up_hub(hub, tmp_path)
    sell_car(desk, hub)
    restored = restore_hub(hub, backup)
    if is_heard:
        only_say_hello(desk, restored)

    taken = purge(restored)
    for _ in range(3):
        sync(desk, restored)

    assert (taken, purge(restored)) == (0, 0)
    assert names(desk) == {1: "prospect"}


def test_who_may_go_goes_once_the_node_was_heard_again(hub: TestHub, desk: Installation, tmp_path: Path):
    """A restore holds a purge up until the node has said, in the new history, that nothing of it is missing."""
    restored = restore_hub(hub, back_up_hub(hub, tmp_path))
    for _ in range(2):
        sync(desk, restored)

    assert purge(restored) == 1
