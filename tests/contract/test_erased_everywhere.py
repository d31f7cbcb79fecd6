"""A canary is erased: no file of the hub or of any synced node holds it in any spelling, and everything still verifies.

Hub, nodes, keys and databases are the product's own; only sockets are left out. The scan reads every byte of every file
and of every bundle that is made afterwards.
"""

import shutil
from pathlib import Path

import pytest

from carnet_hub.adapters.store import scratch_store
from carnet_hub.core.exchange.bundling import BundleCursor, pack_for, parts_for, take_bundle
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections, rebuild_projections
from carnet_hub.core.upkeep.erasing import ReceiptState, erase_customer, show_receipts
from carnet_node.bootstrap import Installation
from carnet_node.core.line.bundling import pack_for_hub, take_from_hub
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild, rebuild
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, PHONE, VEHICLE, VISIT
from carnet_protocol.registry import ErasureGroup
from support.canaries import found_in, hiding_in
from support.hub_apps import TestHub, make_hub
from support.network import a_round, join
from support.vins import make_vins

CANARY = "Kanarienvogel-7Q4XZ"
NUMBER = "13900007777"
PAPER = "K7Q4XZ20260007"
CANARIES = (CANARY, NUMBER, PAPER)
PERSON, CALLED, CAME = (RecordId(letter * 16) for letter in (b"c", b"p", b"v"))
VIN = make_vins(1)[0]


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    return hub


def hiding(*folders: Path) -> list[str]:
    """The files that hold a canary."""
    return hiding_in(folders, CANARIES)


def record_person(node: Installation) -> None:
    """The front desk records a person, a phone and a visit."""
    drafts = [
        Draft(CUSTOMER, PERSON, {"party_kind": "person", "full_name": CANARY, "id_type": "other", "id_no": PAPER}),
        Draft(PHONE, CALLED, {"customer_id": PERSON, "number": NUMBER}),
        Draft(VEHICLE, vehicle_id(VIN), {"vin": VIN}),
        Draft(VISIT, CAME, {"vehicle_id": vehicle_id(VIN), "customer_id": PERSON, "sender_name": CANARY}),
    ]
    commit(node.node(), drafts)


def erase(hub: TestHub) -> RecordId:
    """The operator erases everything about the person."""
    (order,) = erase_customer(hub.app.hub, PERSON, frozenset(ErasureGroup), ground="request").orders
    return order


def brought(hub: TestHub, stick: bytes) -> bytes:
    """The hub takes a node's bundle; returns the answer for the way back."""
    taken = take_bundle(hub.app.hub, stick)
    parts = [*taken.parts, *parts_for(hub.app.hub, hub.app.segments, taken.node, taken.since)]
    return pack_for(hub.app.hub, taken.node, parts)


def everything_verifies(hub: TestHub, *nodes: Installation) -> bool:
    """Every signature, hash and commitment holds, and tables are what the logs fold to."""
    with scratch_store() as scratch:
        is_folded = check_projections(hub.app.hub, scratch).difference_count == 0
    are_nodes = all(check_rebuild(node.node()).differences == () for node in nodes)
    return verify_log(hub.app.hub).faults == () and is_folded and are_nodes


def test_the_scan_finds_what_is_there(hub: TestHub, tmp_path: Path):
    """Before the order the value lies in the files of the hub and of both nodes, so the scan is no idle one."""
    one, other = join(hub, tmp_path / "one"), join(hub, tmp_path / "other")
    record_person(one)
    for node in (one, other):
        a_round(node, hub)

    found = [hiding(tmp_path / name) != [] for name in ("hub", "one", "other")]

    assert found == [True, True, True]


def test_nothing_is_left_anywhere(hub: TestHub, tmp_path: Path):
    """After the order and one round no file of the hub or a node holds the value, and all still verifies."""
    one, other = join(hub, tmp_path / "one"), join(hub, tmp_path / "other")
    record_person(one)
    for node in (one, other):
        a_round(node, hub)

    order = erase(hub)
    for node in (one, other):
        a_round(node, hub)

    assert hiding(tmp_path) == []
    assert everything_verifies(hub, one, other)
    for node in (one, other):
        a_round(node, hub)
    assert {one.state for one in show_receipts(hub.app.hub, order)} == {ReceiptState.CONFIRMED}


def test_a_late_bundle_brings_nothing_back(hub: TestHub, tmp_path: Path):
    """A stick packed before the order is taken after it, twice, and leaves no value at the hub or in its answer."""
    one, offline = join(hub, tmp_path / "one"), join(hub, tmp_path / "offline")
    record_person(one)
    a_round(one, hub)
    commit(offline.node(), [Draft(CUSTOMER, PERSON, {"party_kind": "person", "full_name": CANARY})])
    stick = pack_for_hub(offline.node(), software="test").plain
    erase(hub)
    a_round(one, hub)

    answers = [brought(hub, stick), brought(hub, stick)]
    for answer in answers:
        take_from_hub(offline.node(), answer)
    rebuild_projections(hub.app.hub)

    assert found_in(b"".join(answers), CANARIES) == []
    assert hiding(tmp_path) == []
    assert everything_verifies(hub, one, offline)


def test_a_bundle_made_afterwards_holds_nothing(hub: TestHub, tmp_path: Path):
    """What a node or the hub packs after the order is free of the value, also from the very beginning of the feed."""
    one = join(hub, tmp_path / "one")
    record_person(one)
    a_round(one, hub)
    erase(hub)
    a_round(one, hub)
    with hub.app.hub.store.read() as snapshot:
        (node,) = snapshot.nodes()

    up = pack_for_hub(one.node(), software="test").plain
    down = pack_for(hub.app.hub, node, parts_for(hub.app.hub, hub.app.segments, node, BundleCursor()))

    assert found_in(up + down, CANARIES) == []


def test_a_node_set_back_erases_again(hub: TestHub, tmp_path: Path):
    """A node whose database was put back from before the order has erased again after one round, also when rebuilt."""
    one = join(hub, tmp_path / "one")
    record_person(one)
    a_round(one, hub)
    database = one.settings.database
    one.store.close()
    shutil.copy(database, tmp_path / "backup")
    erase(hub)
    a_round(one, hub)
    one.store.close()
    (tmp_path / "backup").rename(database)
    assert hiding(tmp_path / "one") != []

    a_round(one, hub)
    rebuild(one.node())

    assert hiding(tmp_path) == []
    assert everything_verifies(hub, one)
