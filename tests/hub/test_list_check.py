"""A file of cars asked at the hub: the answer of the lists that dealers hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.campaign_plans import ListedLine, read_members
from carnet_hub.core.campaigns.list_check import CheckedCar, ListBook
from carnet_hub.core.campaigns.offline_lists import make_lists
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.failures import Unusable
from carnet_protocol.limits import CLOCK_OFFSET_ALARM_MS, RECALL_STALE_AFTER_MS
from carnet_protocol.recall_doubt import UnknownBecause
from support.recall_plans import MEMBERS, NUMBER, plan
from support.recall_world import RecallWorld
from support.vins import make_vins

OPEN, DONE, GONE, _ = MEMBERS
STRANGER = make_vins(9)[8]
FRAME = "JZX1001234567"


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A campaign that was done on one of its cars, with its lists made."""
    world = RecallWorld.begun(tmp_path)
    world.done("A001", DONE)
    remade(world)
    return world


def remade(world: RecallWorld) -> None:
    """The lists are made now."""
    app = world.hub.app
    make_lists(app.hub, app.segments, app.lists)


def book(world: RecallWorld) -> ListBook:
    """The lists as they were made last."""
    app = world.hub.app
    return ListBook(app.hub, app.segments, app.lists)


def said(world: RecallWorld, *texts: str) -> list[tuple[str, str | None]]:
    """What the lists say of some numbers, and why no more."""
    return [(one.state, one.because) for one in book(world).check(texts)]


def publish_frame_number(world: RecallWorld) -> None:
    """A plan that lists one frame number exactly as its producer wrote it."""
    app = world.hub.app
    members = read_members([ListedLine("vins.txt", 1, FRAME)], 1, keeps_faulty=True)
    texts = plan([STRANGER], campaign_no="S2026M0002")
    import_plan(app.hub, app.segments, app.plans, replace(texts, members=members))
    publish_campaign(app.hub, app.segments, app.plans, "S2026M0002")


def test_each_car_is_answered_from_the_three_lists(world: RecallWorld):
    """Open, done, gone and listed nowhere; typed as people type."""
    world.say_of_car("A002", GONE, "scrapped")
    remade(world)

    found = list(book(world).check([OPEN.lower(), DONE, GONE, STRANGER]))

    assert found == [
        CheckedCar(OPEN, "hit", (NUMBER,), (), (), None),
        CheckedCar(DONE, "clear", (), (NUMBER,), (), None),
        CheckedCar(GONE, "hit", (NUMBER,), (), (NUMBER,), None),
        CheckedCar(STRANGER, "clear", (), (), (), None),
    ]


def test_an_odd_number_is_found_as_it_was_listed(world: RecallWorld):
    """A frame number stands among the exceptions, and on a list it is no mistake."""
    publish_frame_number(world)
    remade(world)

    assert said(world, "jzx100-1234567") == [("hit", None)]


def test_what_is_wrong_with_a_number_is_named_listed_or_not(world: RecallWorld):
    """A hit under an odd number says what is odd about it; so does an answer about a stranger's."""
    publish_frame_number(world)
    remade(world)

    found = book(world).check([FRAME, OPEN, "1M8GDM9AXKP04278"])

    assert [(one.state, one.problems) for one in found] == [
        ("hit", ("frame-number",)),
        ("hit", ()),
        ("unknown", ("wrong-length",)),
    ]


def test_a_number_whose_check_digit_alone_does_not_fit_is_not_called_impossible(world: RecallWorld):
    """Makers have such numbers; the reader is told what to look at."""
    assert said(world, "WBAVM1108AVS12345") == [("unknown", UnknownBecause.CHECK_DIGIT)]


@pytest.mark.parametrize("text", ["1M8GDM9AXKP04278", "hello", "JZX100-1234567"])
def test_a_number_that_can_be_no_vin_and_is_listed_nowhere_is_unknown(world: RecallWorld, text: str):
    """It may be a listed car's, with a letter missing."""
    assert said(world, text) == [("unknown", UnknownBecause.NO_VIN)]


@pytest.mark.parametrize(
    ("later_ms", "because"),
    [
        pytest.param(RECALL_STALE_AFTER_MS, None, id="as old as may be"),
        pytest.param(RECALL_STALE_AFTER_MS + 1, UnknownBecause.STALE, id="a millisecond too old"),
        pytest.param(-CLOCK_OFFSET_ALARM_MS, None, id="the clock went back a little"),
        pytest.param(-CLOCK_OFFSET_ALARM_MS - 1, UnknownBecause.CLOCK, id="it went back far"),
    ],
)
def test_lists_of_no_certain_age_make_no_car_clear(world: RecallWorld, later_ms: int, because: UnknownBecause | None):
    """A hit stays a hit, nobody is done, and a stranger is unknown: as at every node."""
    world.hub.clock.ms += later_ms

    found = said(world, OPEN, DONE, STRANGER)

    doubtful = [("hit", because), ("hit", because), ("unknown", because)]
    assert found == (doubtful if because else [("hit", None), ("clear", None), ("clear", None)])


def test_a_missing_member_list_leaves_everybody_else_unknown(world: RecallWorld):
    """What the other lists say is said all the same."""
    for path in world.hub.app.settings.segments_dir.iterdir():
        path.unlink()
    world.publish([STRANGER], campaign_no="S2026M0002")
    remade(world)

    assert said(world, OPEN, STRANGER) == [
        ("unknown", UnknownBecause.LISTS_MISSING),
        ("hit", UnknownBecause.LISTS_MISSING),
    ]


def test_a_plan_that_is_newer_than_its_lists_leaves_nobody_clear(world: RecallWorld):
    """A car that the new plan adds may not be called clear by the lists of the plan before."""
    world.publish([*MEMBERS, STRANGER])

    assert said(world, STRANGER) == [("unknown", UnknownBecause.LISTS_MISSING)]


def test_without_lists_nobody_is_clear(tmp_path: Path):
    """The operator is told to make them."""
    app = RecallWorld.begun(tmp_path).hub.app

    with pytest.raises(Unusable, match="no recall lists"):
        ListBook(app.hub, app.segments, app.lists)
