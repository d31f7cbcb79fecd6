"""What a stick brings of the recall lists: what its reader has said that it does not hold, as far as there is room."""

from pathlib import Path

import pytest

from carnet_hub.core.campaigns.recalls import withdraw_campaign
from carnet_hub.core.cursors import end_of
from carnet_hub.core.exchange.bundling import BundleCursor, Parts, member_lists
from carnet_hub.core.exchange.list_telling import count_left_out, list_parts
from carnet_protocol.bundle import PartKind
from carnet_protocol.limits import BUNDLE_BYTES_MAX, BUNDLE_PARTS_MAX
from carnet_protocol.recall_lists import ListKind
from carnet_protocol.segments import segment_hash
from support.made_lists import content, entry, made, told
from support.recall_plans import MEMBERS, NO_DEFECT, NUMBER
from support.recall_world import RecallWorld

CAR = MEMBERS[0]


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A hub with one published campaign for four cars."""
    return RecallWorld.begun(tmp_path)


def stick(world: RecallWorld, position: int, parts: Parts) -> list[PartKind]:
    """What of the lists goes on a stick for a node that has read everything up to a position."""
    app = world.hub.app
    since = BundleCursor(end_of(position), app.hub.hub_epoch)
    return [kind for kind, _ in list_parts(app.hub, app.lists, since, parts)]


@pytest.mark.parametrize(
    ("ahead", "parts"),
    [
        pytest.param(-1, [PartKind.LISTS, PartKind.SEGMENT], id="changed behind it"),
        pytest.param(0, [PartKind.LISTS, PartKind.SEGMENT], id="changed at it"),
        pytest.param(1, [PartKind.LISTS], id="changed before it"),
    ],
)
def test_a_stick_carries_lists_that_changed_from_its_readers_position_on(
    world: RecallWorld, ahead: int, parts: list[PartKind]
):
    """Lists that were made of the log as the reader has it go along, because the stick before may be older."""
    world.done("A001", CAR)
    position = made(world).position

    assert stick(world, position + ahead, []) == parts


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(PartKind.PAGE, b"")] * BUNDLE_PARTS_MAX, id="parts"),
        pytest.param([(PartKind.PAGE, bytes(BUNDLE_BYTES_MAX))], id="bytes"),
    ],
)
def test_a_full_stick_carries_no_lists(world: RecallWorld, parts: Parts):
    """A stick without room for the manifest is written without it, and not refused."""
    world.done("A001", CAR)
    position = made(world).position

    assert stick(world, position, parts) == []


def names_on(world: RecallWorld, *kinds: ListKind) -> set[bytes]:
    """The segments of some lists, by hash."""
    return {one.sha256 for kind in kinds for one in entry(told(world), kind).segments}


@pytest.mark.parametrize(
    ("here", "brought"),
    [
        pytest.param((), (ListKind.MEMBERS, ListKind.REMEDIED), id="nothing here"),
        pytest.param((ListKind.MEMBERS,), (ListKind.REMEDIED,), id="members here"),
        pytest.param((ListKind.REMEDIED,), (ListKind.MEMBERS,), id="the remedied here"),
        pytest.param((ListKind.MEMBERS, ListKind.REMEDIED), (), id="all here"),
    ],
)
def test_a_stick_carries_what_its_reader_does_not_hold(
    world: RecallWorld, here: tuple[ListKind, ...], brought: tuple[ListKind, ...]
):
    """However far it has read: whoever holds a list is not brought it again, whoever does not, is."""
    world.done("A001", CAR)
    position = made(world).position
    app = world.hub.app
    since = BundleCursor(end_of(position + 1), app.hub.hub_epoch, held=frozenset(names_on(world, *here)))

    members = [(PartKind.SEGMENT, content(world, one)) for one in member_lists(app.hub, since)]
    others = [one for one in list_parts(app.hub, app.lists, since, members) if one[0] == PartKind.SEGMENT]

    assert {segment_hash(body) for _, body in (*members, *others)} == names_on(world, *brought)


def test_a_withdrawn_campaign_is_on_no_stick_of_one_who_says_what_it_holds(world: RecallWorld):
    """No node wants its members any more, so none of them is lacking."""
    withdraw_campaign(world.hub.app.hub, NUMBER, NO_DEFECT)

    assert member_lists(world.hub.app.hub, BundleCursor(held=frozenset())) == []


def test_what_a_stick_has_no_room_for_is_counted(world: RecallWorld):
    """Whoever carries it learns that the answer to the next bundle brings more."""
    world.done("A001", CAR)
    made(world)
    app = world.hub.app
    since = BundleCursor(held=frozenset(names_on(world, ListKind.MEMBERS)))
    (manifest, remedied) = list_parts(app.hub, app.lists, since, [])
    full: Parts = [(PartKind.PAGE, bytes(BUNDLE_BYTES_MAX - len(manifest[1]) - len(remedied[1]) + 1))]

    parts = list_parts(app.hub, app.lists, since, full)

    assert [kind for kind, _ in parts] == [PartKind.LISTS]
    assert [count_left_out(app.hub, app.lists, since, one) for one in ([*full, *parts], [manifest, remedied])] == [1, 0]
