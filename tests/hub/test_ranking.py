"""Set time: how much of an author's clock counts."""

import pytest

from carnet_hub.core.exchange.hello import answer_hello
from carnet_hub.core.lineage import NO_PARENT, Branch
from carnet_hub.core.rows import LogHead
from carnet_hub.core.sets.ranking import seen_position, set_time
from carnet_protocol.changeset import Header
from carnet_protocol.messages import PushCode
from support.hub_apps import NOW_MS
from support.hub_world import CAR, HubWorld, car, hello_of
from support.protocol import HUB_EPOCH, link, sealed_set, visit_draft

DAY_MS = 24 * 3600 * 1000
YEAR_MS = 365 * DAY_MS


def header(wall_ms: int, hub_position: int = 0, hub_epoch: bytes = HUB_EPOCH) -> Header:
    """A header with this clock."""
    place = link(wall_ms=wall_ms, hub_position=hub_position, hub_epoch=hub_epoch)
    return sealed_set(visit_draft(), place=place).change_set.header


@pytest.mark.parametrize(
    ("wall_ms", "offset_ms", "expected"),
    [
        pytest.param(500, 0, 500, id="a right clock counts"),
        pytest.param(99, 0, 100, id="not before what its author had read"),
        pytest.param(100, 0, 100, id="at the earliest"),
        pytest.param(1000, 0, 1000, id="at the latest"),
        pytest.param(1001, 0, 1000, id="not after its receipt"),
        pytest.param(10 * YEAR_MS, 0, 1000, id="ten years ahead"),
        pytest.param(-10 * YEAR_MS, 0, 100, id="ten years behind"),
        pytest.param(10 * YEAR_MS + 400, -10 * YEAR_MS, 400, id="ten years ahead and known for it"),
        pytest.param(450, 50, 500, id="a little behind and known for it"),
    ],
)
def test_a_clock_counts_between_what_was_read_and_the_receipt(wall_ms: int, offset_ms: int, expected: int):
    """The set time is the corrected clock, clamped to moments that the hub knows itself."""
    assert set_time(header(wall_ms), offset_ms=offset_ms, seen_ms=100, received_ms=1000) == expected


@pytest.mark.parametrize(
    ("position", "epoch", "expected"),
    [
        pytest.param(7, HUB_EPOCH, 7, id="read"),
        pytest.param(10, HUB_EPOCH, 10, id="the newest"),
        pytest.param(11, HUB_EPOCH, 0, id="not there yet"),
        pytest.param(7, b"another!", 0, id="another history"),
    ],
)
def test_only_a_position_that_exists_bounds_the_clock(position: int, epoch: bytes, expected: int):
    """A position of another history, or behind the end of the log, says nothing."""
    assert seen_position(header(0, position, epoch), [Branch(HUB_EPOCH, NO_PARENT, 0)], LogHead(10, 0)) == expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        pytest.param(4, 4, id="shared"),
        pytest.param(5, 5, id="where they part"),
        pytest.param(9, 5, id="read further than they share"),
    ],
)
def test_what_was_read_in_an_ended_history_counts_as_far_as_it_is_shared(position: int, expected: int):
    """Whoever had read further than the restored log reaches has read everything up to there."""
    ended, between = Branch(b"ended..!", NO_PARENT, 0), Branch(b"between!", b"ended..!", 3)
    branches = [ended, between, Branch(HUB_EPOCH, b"ended..!", 5)]

    assert seen_position(header(0, position, b"ended..!"), branches, LogHead(10, 0)) == expected


def test_a_clock_that_was_corrected_by_its_hello_decides_ties(world: HubWorld):
    """A desk whose clock is ten years ahead does not win for ever: the offset of its hello is taken off."""
    one, other = world.site("a"), world.site("b")
    one.wall_ms = world.clock.ms + 10 * YEAR_MS
    answer_hello(world.hub, hello_of(one), b"signed")
    earlier = one.write(car(color="red"))
    world.clock.ms += 60_000
    other.wall_ms = world.clock.ms
    later = other.write(car(color="blue"))
    world.clock.ms += 60_000

    world.push(later, earlier)

    assert world.shown("vehicle", CAR)["color"] == "blue"
    assert world.receipt(world.push_one(earlier)).time_ms == NOW_MS


def test_days_in_a_drawer_make_nothing_newer(world: HubWorld):
    """A stick that comes after five days leaves its edits as old as they are: a later one is shown."""
    one, other = world.site("one", "a"), world.site("other", "a")
    earlier = one.write(car(color="red"))
    packed = hello_of(one, challenge=b"", wall_ms=world.clock.ms + 300_000)
    other.wall_ms = world.clock.ms = NOW_MS + 2 * DAY_MS
    answer_hello(world.hub, hello_of(other), b"signed")
    world.push_one(other.write(car(color="blue")))
    world.clock.ms = NOW_MS + 5 * DAY_MS

    answer_hello(world.hub, packed, b"signed")
    world.push_one(earlier)

    assert world.shown("vehicle", CAR)["color"] == "blue"


def test_a_clock_ten_years_off_works(world: HubWorld):
    """A set with an absurd clock is accepted, at a time the hub can answer for."""
    site = world.site("a")
    site.wall_ms = -10 * YEAR_MS
    site.hub_position = world.position()

    answer = world.push_one(site.write(car()))

    assert answer.code == PushCode.ACCEPTED
    assert world.receipt(answer).time_ms == world.log()[-2].received_ms


def test_the_hub_s_own_clock_never_goes_back_in_the_log(world: HubWorld):
    """When the hub's clock is set back, entries keep the time of the last one."""
    site = world.site("a")
    world.push_one(site.write(car()))
    world.clock.ms -= YEAR_MS

    world.push_one(site.write(car(color="red")))

    times = [row.received_ms for row in world.log()]
    assert times == sorted(times)
