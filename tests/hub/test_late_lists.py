"""What stops the lists of one campaign stops nobody else's; who makes lists is alone, and never goes back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from carnet_hub.adapters.recall_files import ListFolder
from carnet_hub.core.campaigns.offline_lists import MadeLists, make_due_lists, make_lists
from carnet_hub.core.campaigns.recalls import Campaign
from carnet_hub.core.exchange.list_telling import stored_manifest
from carnet_hub.core.failures import Unusable
from carnet_hub.core.sets.histories import open_new_hub_epoch
from carnet_hub.core.sets.present import HistoryEnded
from carnet_protocol import cbor
from carnet_protocol.limits import RECALL_STALE_AFTER_MS
from carnet_protocol.recall_lists import ListKind
from support.made_lists import content, made, told, who
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

CAR, OTHER = MEMBERS[:2]
MORE = make_vins(9)


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A hub with one published campaign for four cars."""
    return RecallWorld.begun(tmp_path)


def put_aside(world: RecallWorld, number: str = NUMBER) -> Callable[[], None]:
    """The member lists of a campaign are lost; returns what brings them back."""
    app = world.hub.app
    names = world.campaigns[number].segment_hashes
    held = [content(world, name) for name in names]
    for name in names:
        (app.settings.segments_dir / f"{name.hex()}.seg").unlink()

    def bring_back() -> None:
        """They lie where they lay."""
        for one in held:
            app.segments.put(one)

    return bring_back


def test_a_missing_member_list_stops_nobody_elses_lists(world: RecallWorld):
    """The other campaign's lists are of today; the one without its segment keeps what it had, and is named."""
    world.publish(MORE[4:], campaign_no="S2026M0002")
    world.done("A001", CAR)
    made(world)
    before = told(world)
    put_aside(world)
    world.done("A001", OTHER)
    world.done("A002", MORE[4], number="S2026M0002")

    found = made(world)

    lost, other = world.campaigns[NUMBER].row.id, world.campaigns["S2026M0002"].row.id
    after = {(one.campaign, one.kind): one for one in told(world).entries}
    assert [(one.campaign_no, one.made_ms) for one in found.late] == [(NUMBER, before.made_ms)]
    assert [one for key, one in after.items() if key[0] == lost] == [e for e in before.entries if e.campaign == lost]
    assert after[other, ListKind.REMEDIED].segments[0].members == 1


def test_a_damaged_member_list_is_as_good_as_missing(world: RecallWorld):
    """It is named with what to do about it."""
    made(world)
    for path in world.hub.app.settings.segments_dir.iterdir():
        path.write_bytes(b"damaged")

    (late,) = made(world).late

    assert ("damaged" in late.what, "backup" in late.next) == (True, True)


def test_late_lists_are_made_when_the_member_list_is_back(world: RecallWorld):
    """The service tries again without waiting for the next day, and leaves everything else of the day alone."""
    app = world.hub.app
    made(world)
    bring_back = put_aside(world)
    world.done("A001", CAR)
    made(world)
    still = make_due_lists(app.hub, app.segments, app.lists)
    bring_back()

    healed = make_due_lists(app.hub, app.segments, app.lists)

    assert still is not None
    assert healed is not None
    assert ([one.campaign_no for one in still.late], healed.late) == ([NUMBER], ())
    assert who(world, ListKind.REMEDIED) == {CAR}
    assert make_due_lists(app.hub, app.segments, app.lists) is None


@pytest.mark.parametrize(("age_ms", "done"), [(RECALL_STALE_AFTER_MS, {CAR}), (RECALL_STALE_AFTER_MS + 1, set())])
def test_nobody_counts_as_done_by_lists_that_are_late_for_long(world: RecallWorld, age_ms: int, done: set[str]):
    """Other lists are of today, so nodes could not tell: what is too old is taken off the list itself."""
    world.done("A001", CAR)
    made(world)
    put_aside(world)
    made(world)
    world.hub.clock.ms += age_ms

    made(world)

    assert who(world, ListKind.REMEDIED) == done


def test_one_process_makes_lists_at_a_time(world: RecallWorld):
    """Whoever comes in between leaves it to the first; the lists of both are in the end of the log of the first."""
    app = world.hub.app
    second: list[MadeLists | None] = []

    def watched(found: list[Campaign]) -> list[Campaign]:
        """Another worker looks after its lists meanwhile."""
        second.append(make_due_lists(app.hub, app.segments, app.lists))
        return found

    first = make_lists(app.hub, app.segments, app.lists, watched)

    assert (second, told(world).position) == ([None], first.position)


def test_lists_are_not_made_while_another_process_does_not_end(world: RecallWorld):
    """A command that waited in vain says so; nothing was changed."""
    made(world)
    before = told(world)
    app = world.hub.app

    with pytest.raises(Unusable, match="Another process"):
        make_lists(app.hub, app.segments, Occupied(app.lists))

    assert told(world) == before


class Occupied:
    """A shelf of lists that somebody else works at, however long one waits."""

    def __init__(self, lists: ListFolder) -> None:
        self._lists = lists

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lists, name)

    @contextmanager
    def making(self, wait_s: float) -> Iterator[bool]:
        """See `shelves.ListShelf`."""
        yield wait_s < 0


def test_lists_of_an_earlier_position_never_replace_later_ones(world: RecallWorld):
    """A hub whose database was put back without a word writes no manifest that nodes would refuse."""
    app = world.hub.app
    position = made(world).position
    stored = stored_manifest(app.lists)
    assert stored is not None
    later = cbor.encode_frame(structs.replace(stored, position=position + 1))
    app.lists.put_manifest(later)

    with pytest.raises(Unusable, match=f"log position {position + 1}"):
        made(world)

    assert app.lists.manifest() == later


def test_a_process_of_the_history_before_makes_no_lists(world: RecallWorld):
    """The service that was not stopped before `restored` leaves the new history's lists alone."""
    app = world.hub.app
    open_new_hub_epoch(app.hub)

    with pytest.raises(HistoryEnded):
        made(world)

    assert app.lists.manifest() is None
