"""A node changes its signing key: on a line, on a stick, with lost answers and power cuts in between; nothing is lost.

Node and hub are the product's own; only the sockets are left out.
"""

from pathlib import Path

import pytest

from carnet_hub.core.exchange.bundling import pack_for, parts_for, take_bundle
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.rows import KeyRow
from carnet_node.adapters.rotating import NEXT_FILE, PREVIOUS_FILE, SigningKeys, rotate
from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.line.bundling import pack_for_hub, take_from_hub
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.signing import change_own_key
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.upkeep.doctor import verify_chain
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, VEHICLE
from support.hub_apps import TestHub, make_hub
from support.network import a_round, join
from support.vins import make_vins

VINS = make_vins(4)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    return hub


@pytest.fixture
def node(hub: TestHub, tmp_path: Path) -> Installation:
    """An enrolled node."""
    return join(hub, tmp_path / "node")


def write(node: Installation, number: int) -> None:
    """Record one of a few cars."""
    commit(node.node(), [Draft(VEHICLE, vehicle_id(VINS[number]), {"vin": VINS[number]})])


def change(node: Installation) -> bytes:
    """Change the key; returns the new one's id."""
    new, _ = rotate(node.node(), node.keyring, node.signing_keys, node.entropy)
    return new.key_id


def started_again(node: Installation) -> Installation:
    """The same folder, as the next process finds it."""
    node.store.close()
    return open_installation(node.settings)


def key_files(node: Installation) -> set[str]:
    """Names of the private signing keys in the folder."""
    found = {path.name for path in node.settings.keys_dir.iterdir() if path.name.startswith("signing")}
    return found - {"signing.former"}


def hub_keys(hub: TestHub) -> dict[bytes, str]:
    """Status of every key the hub knows, by id."""
    with hub.app.hub.store.read() as snapshot:
        return {row.key_id: row.status for row in snapshot.scan(KeyRow)}


def is_whole(hub: TestHub, node: Installation) -> bool:
    """Whether both logs verify from end to end, whichever key has signed what."""
    count, problem = verify_chain(node.node(), node.keyring.signing_public)
    return count > 0 and problem is None and verify_log(hub.app.hub).faults == ()


def test_a_round_takes_sets_of_both_keys(hub: TestHub, node: Installation):
    """Work before and after the change goes out in one round, and everything verifies at both ends."""
    old = node.keyring.key_id
    write(node, 0)
    new = change(node)
    write(node, 1)

    report = a_round(node, hub)

    assert (report.push.accepted, report.is_complete) == (3, True)
    assert hub_keys(hub) == {old: "retired", new: "active"}
    assert is_whole(hub, started_again(node))


def test_the_next_start_uses_the_new_key_alone(hub: TestHub, node: Installation):
    """Once the hub has taken the change, only the new key is left in the folder, and it works."""
    new = change(node)
    a_round(node, hub)

    again = started_again(node)
    write(again, 0)

    assert a_round(again, hub).push.accepted == 1
    assert (again.keyring.key_id, key_files(again)) == (new, {"signing.key"})


@pytest.mark.parametrize("lost", ["/v1/push", "/v1/feed"])
def test_a_lost_answer_costs_nothing(hub: TestHub, node: Installation, lost: str):
    """With an answer lost in the round that carries the change, the next round is complete."""
    write(node, 0)
    change(node)
    write(node, 1)
    a_round(node, hub, lost)

    report = a_round(started_again(node), hub)

    assert report.is_complete
    assert is_whole(hub, started_again(node))


def test_a_process_that_was_running_signs_with_the_new_key(hub: TestHub, node: Installation):
    """A service that was started before the change writes and sends on without a restart."""
    serving = open_installation(node.settings)
    running = serving.node()
    new = change(node)

    commit(running, [Draft(CUSTOMER, RecordId(b"c" * 16), {"party_kind": "person", "full_name": "Test person"})])

    assert a_round(serving, hub).push.accepted == 2
    assert hub_keys(hub)[new] == "active"


def test_a_power_cut_before_the_change_changes_nothing(hub: TestHub, node: Installation):
    """With the new key written and not certified, the old one goes on, and the next try uses the new one."""
    old = node.keyring.key_id
    prepared = node.signing_keys.prepare(node.entropy)

    again = started_again(node)
    write(again, 0)

    assert (a_round(again, hub).push.accepted, again.keyring.key_id) == (1, old)
    assert change(again) == prepared.key_id


@pytest.mark.parametrize("step", ["nothing moved", "previous written", "present replaced"])
def test_a_power_cut_after_the_change_is_finished_at_the_start(hub: TestHub, node: Installation, step: str):
    """Wherever the files stood when the power went, the next start signs with the new key and the hub takes it."""
    write(node, 0)
    folder, old = node.settings.keys_dir, node.settings.keys_dir / "signing.key"
    old_bytes = old.read_bytes()
    new = node.signing_keys.prepare(node.entropy)
    public, exchange = node.keyring.signing_public, node.keyring.exchange_public
    change_own_key(node.node(), new, new_public=new.public, old_public=public, exchange_public=exchange)
    if step != "nothing moved":
        node.files.replace(folder / PREVIOUS_FILE, old_bytes)
    if step == "present replaced":
        node.files.replace(folder / "signing.key", (folder / NEXT_FILE).read_bytes())

    again = started_again(node)
    write(again, 1)

    assert (a_round(again, hub).push.accepted, again.keyring.key_id) == (3, new.key_id)
    assert is_whole(hub, started_again(again))
    assert key_files(again) == {"signing.key"}


def test_a_stick_may_hold_both_keys(hub: TestHub, node: Installation):
    """A bundle that carries the change is taken, and so is one that was packed before it and comes after."""
    write(node, 0)
    before = pack_for_hub(node.node(), software="test").plain
    change(node)
    write(node, 1)
    across = pack_for_hub(node.node(), software="test").plain

    taken = take_bundle(hub.app.hub, across)
    late = take_bundle(hub.app.hub, before)

    assert (taken.set_codes, late.set_codes) == ((0, 0, 0), (4,))
    parts = [*taken.parts, *parts_for(hub.app.hub, hub.app.segments, taken.node, taken.since)]
    report = take_from_hub(node.node(), pack_for(hub.app.hub, taken.node, parts))
    assert report.accepted == 3
    assert is_whole(hub, started_again(node))


def test_a_second_change_waits_for_the_first(hub: TestHub, node: Installation):
    """Until the first change has reached the hub a second one is refused, and afterwards it works."""
    change(node)
    again = started_again(node)

    with pytest.raises(CommandRefused):
        change(again)

    a_round(again, hub)
    second = change(started_again(again))
    assert a_round(started_again(again), hub).is_complete
    assert hub_keys(hub)[second] == "active"


def test_a_folder_without_the_old_key_says_what_to_do(hub: TestHub, node: Installation):
    """The keys of a folder are found by their ids, and one that is not there is not made up."""
    change(node)

    keys = SigningKeys(node.settings.keys_dir, node.files)

    assert keys.find(bytes(16)) is None
    assert keys.find(node.keyring.key_id) is not None
