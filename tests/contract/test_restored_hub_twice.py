"""A hub that is restored again before its nodes were done with the first time, and what they show and offer then."""

from pathlib import Path

import anyio

from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.upkeep.dealers import list_sites, suspend_site
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_node.bootstrap import Installation
from carnet_node.core.line.bundling import take_from_hub
from carnet_node.core.line.session import say_hello
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, PLATE, VEHICLE, VISIT
from carnet_protocol.ops import Action
from carnet_protocol.registry import ErasureGroup, Value
from support.canaries import hiding_in
from support.hub_apps import NOW_MS, TestHub
from support.joined import (
    back_up,
    back_up_hub,
    customer_id,
    heads,
    join_site,
    moved_in,
    names,
    restore_hub,
    sync,
    transport_to,
    waiting,
    write_customer,
)
from support.key_changes import answer_to, stick_of
from support.vins import make_vins

CANARY = "canary of the erased"
PLATE_ID = RecordId(b"p" * 16)


def hello_alone(node: Installation, hub: TestHub) -> None:
    """A hello and the offer behind it; the line breaks before a page comes."""

    async def once() -> None:
        async with node.hub_client("http://hub", transport_to(hub)) as link:
            await say_hello(node.node(), node.sync_ports(link), software="test")

    anyio.run(once)


def position(hub: TestHub) -> int:
    """The end of the hub's log."""
    with hub.app.hub.store.read() as snapshot:
        return snapshot.head().position


def status_of(hub: TestHub, site_code: str) -> list[str]:
    """What the hub says of a dealer site."""
    return [one.status for one in list_sites(hub.app.hub) if one.site_code == site_code]


def see_the_plate_of_another_site(hub: TestHub, node: Installation, other: Installation) -> None:
    """A car of both sites, of which the other one has recorded the plate."""
    vin = make_vins(1)[0]
    car = Draft(VEHICLE, vehicle_id(vin), {"vin": vin})
    order: dict[str, Value] = {"ro_no": "RO-1", "vehicle_id": vehicle_id(vin), "status": "open", "opened_at": NOW_MS}
    commit(node.node(), [car, Draft(VISIT, RecordId(b"v" * 16), order)])
    commit(other.node(), [car, Draft(PLATE, PLATE_ID, {"vehicle_id": vehicle_id(vin), "plate_no": "湘A7Q4XZ"})])
    for one in (node, other, node):
        sync(one, hub)


def shows_the_plate(node: Installation) -> bool:
    """Whether the other site's plate is on the screen here."""
    with node.store.read() as tx:
        return tx.columns(PLATE, PLATE_ID) is not None


def test_a_suspension_is_offered_to_the_next_history_too(hub: TestHub, node: Installation, tmp_path: Path):
    """What a restored hub has answered to is kept until a page brings it back: it may be restored again before."""
    hub.add_dealer("B001")
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    suspend_site(hub.app.hub, "B001")
    sync(node, hub)

    second = restore_hub(hub, backup)
    hello_alone(node, second)
    between = status_of(second, "B001")
    third = restore_hub(second, backup)
    sync(node, third)

    assert (between, status_of(third, "B001")) == (["suspended"], ["suspended"])


def test_an_erasure_is_offered_to_the_next_history_too(hub: TestHub, node: Installation, tmp_path: Path):
    """A value that was erased leaves the files of a hub that was restored twice in a row."""
    write_customer(node, 1, CANARY)
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    erase_customer(hub.app.hub, customer_id(1), frozenset(ErasureGroup), ground="request")
    sync(node, hub)

    second = restore_hub(hub, backup)
    hello_alone(node, second)
    third = restore_hub(second, backup)
    sync(node, third)

    assert hiding_in(sorted(third.app.settings.data_dir.glob("hub.db*")), [CANARY]) == []


def test_what_was_offered_on_the_line_is_offered_once(hub: TestHub, node: Installation, tmp_path: Path):
    """A history that has answered is asked no second time, though no page has come yet."""
    backup = back_up_hub(hub, tmp_path)
    hub.add_dealer("B001")
    sync(node, hub)

    second = restore_hub(hub, backup)
    hello_alone(node, second)

    with node.store.read() as tx:
        feed = tx.feed()
        assert feed is not None
        assert (len(tx.former_hub_sets()) > 0, tx.hub_sets_to_offer(feed.hub_epoch, 10)) == (True, [])


def test_a_ruling_of_the_first_history_holds_up_no_third_one(hub: TestHub, node: Installation, tmp_path: Path):
    """A hub set that is still kept from one history stands in nobody's way when the next one ends at its position."""
    other = join_site(hub, tmp_path / "other")
    backup = back_up_hub(hub, tmp_path)
    write_customer(other, 1, "first")
    sync(other, hub)
    sync(node, hub)
    write_hub_set(hub.app.hub, [Draft(CUSTOMER, RecordId(customer_id(1)), {"segment": "taxi"}, (), Action.RULING)])
    ruled_at = position(hub)
    sync(node, hub)

    second = restore_hub(hub, backup)
    sync(node, second)
    for number in range(ruled_at + 1 - position(second)):
        second.add_dealer(f"C{number:03d}")
    sync(node, second)
    third = restore_hub(second, backup)
    write_customer(node, 9, "new work")
    sync(node, third)

    assert waiting(node) == 0


def test_an_own_edit_stays_shown_over_two_restores(hub: TestHub, node: Installation, tmp_path: Path):
    """Positions of the first history say nothing about a row of the second: the edit stays on top of it."""
    other = join_site(hub, tmp_path / "other")
    for one in (node, other):
        sync(one, hub)
    backup = back_up_hub(hub, tmp_path)
    write_customer(other, 1, "first")
    sync(other, hub)
    sync(node, hub)
    write_customer(node, 1, "renamed", *heads(node, 1))
    for _ in range(2):
        sync(node, hub)
    stick, folded_at = stick_of(node), position(hub)

    second = restore_hub(hub, backup)
    for number in range(20, 26):
        write_customer(other, number, "meanwhile")
    sync(other, second)
    assert position(second) >= folded_at
    take_from_hub(node.node(), answer_to(second, stick))
    in_second = names(node).get(1)
    sync(node, restore_hub(second, backup))

    assert (in_second, names(node).get(1)) == ("renamed", "renamed")


def test_what_a_sister_machine_recorded_stays_over_two_restores(hub: TestHub, node: Installation, tmp_path: Path):
    """Records of the own site are shown until their author is back, however often the hub is restored."""
    other = join_site(hub, tmp_path / "other")
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    write_customer(other, 1, "first")
    sync(other, hub)
    sync(node, hub)

    second = restore_hub(hub, backup)
    sync(node, second)
    in_second = names(node)
    sync(node, restore_hub(second, backup))

    assert (in_second, names(node)) == ({1: "first"}, {1: "first"})


def test_an_edit_inside_a_sisters_record_is_folded_once_over_two_restores(
    hub: TestHub, node: Installation, tmp_path: Path
):
    """A row that holds an own edit goes on holding it, also when a history in between has parked the edit."""
    other = join_site(hub, tmp_path / "other")
    sync(node, hub)
    backup = back_up_hub(hub, tmp_path)
    write_customer(other, 1, "first")
    for one in (other, node):
        sync(one, hub)
    write_customer(node, 1, "second", *heads(node, 1))
    for one in (node, other):
        sync(one, hub)
    write_customer(other, 1, "third", *heads(other, 1))
    for one in (other, node):
        sync(one, hub)

    shown = []
    for _ in range(2):
        hub = restore_hub(hub, backup)
        sync(node, hub)
        shown.append(names(node))

    assert (shown, check_rebuild(node.node()).differences) == ([{1: "third"}, {1: "third"}], ())


def test_a_row_that_nobody_confirms_goes_after_a_second_restore_too(hub: TestHub, node: Installation, tmp_path: Path):
    """What another site had recorded is shown until all of the third history was read without it, and no longer."""
    hub.add_dealer("B001")
    other = join_site(hub, tmp_path / "other", "B001")
    backup = back_up_hub(hub, tmp_path)
    see_the_plate_of_another_site(hub, node, other)

    second = restore_hub(hub, backup)
    hello_alone(node, second)
    third = restore_hub(second, backup)
    hello_alone(node, third)
    before = shows_the_plate(node)
    sync(node, third)

    assert (before, shows_the_plate(node)) == (True, False)


def test_a_row_that_nobody_confirms_goes_at_a_new_machine_too(hub: TestHub, node: Installation, tmp_path: Path):
    """A machine that takes a database over reads to the end what the lost one had begun to read again."""
    hub.add_dealer("B001")
    other = join_site(hub, tmp_path / "other", "B001")
    backup = back_up_hub(hub, tmp_path)
    see_the_plate_of_another_site(hub, node, other)

    second = restore_hub(hub, backup)
    hello_alone(node, second)
    new = moved_in(second, node, back_up(node, tmp_path / "node.db"), tmp_path / "new")
    sync(new, second)

    assert not shows_the_plate(new)
