"""A look-up of another dealer's car says which order a correction puts right, on every way out of the node."""

from pathlib import Path

import anyio
import pytest

from carnet_node.adapters.system import run_blocking
from carnet_node.bootstrap import Installation
from carnet_node.core.line.looking_up import OtherCars, Question, look_up
from carnet_node.core.log.authoring import commit
from carnet_node.entrypoints.cli.lookup import lines_found
from carnet_node.entrypoints.looked_up import other_cars_json
from carnet_node.entrypoints.presenting import Presenter
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import VISIT
from carnet_protocol.registry import Value
from support.hub_apps import TestHub
from support.joined import sync
from support.look_up_desk import Door, asked, browser_of
from support.two_dealers import CAR, VIN, some, two_dealers


@pytest.fixture
def pair(tmp_path: Path) -> tuple[TestHub, Installation]:
    """A hub that knows an order, its correction and one of an order that is not there; and the other dealer."""
    hub, home, away = two_dealers(tmp_path)
    for number, before in ((20, some(5)), (21, some(99))):
        opened: dict[str, Value] = {"opened_at": hub.clock.now_ms() + number, "corrects_id": before}
        commit(home.node(), [Draft(VISIT, some(number), {"ro_no": f"A-{number}", "vehicle_id": CAR, **opened})])
    sync(home, hub)
    return hub, away


def found_by(hub: TestHub, away: Installation) -> OtherCars:
    """What the hub answers."""

    async def ask() -> OtherCars:
        return await look_up(away.node(), Door(hub, away), run_blocking, Question("vin", VIN, "at_desk"))

    return anyio.run(ask)


def test_a_correction_names_the_order_that_it_puts_right(pair: tuple[TestHub, Installation]):
    """By its number, where the answer holds that order."""
    found = found_by(*pair)

    assert [(one.values["ro_no"], one.corrects) for one in found.cars[0].visits] == [
        ("A-21", ""),
        ("A-20", "A-1"),
        ("A-1", None),
    ]


def test_the_command_line_says_it_beside_the_number(pair: tuple[TestHub, Installation]):
    """For people; programs read it in the JSON of the visit."""
    found = other_cars_json(found_by(*pair), Presenter(show_personal=False))

    (_, *lines) = lines_found(found)

    told = [line.partition("(")[2].partition(")")[0] for line in lines]
    assert (told, [one["corrects"] for one in found["cars"][0]["visits"]]) == (
        ["corrects another", "corrects A-1", ""],
        ["", "A-1", None],
    )


def test_the_command_line_names_the_state_of_an_order_under_way(pair: tuple[TestHub, Installation]):
    """And a job whose customer has not answered; of an order that is over nothing is said."""
    found = other_cars_json(found_by(*pair), Presenter(show_personal=False))
    (visit, *_) = found["cars"][0]["visits"]
    visit["work"] = [{"values": {"op_name": "Pads", "approval": "proposed"}}, {"values": {"op_name": "Oil"}}]

    told = []
    for status in ("open", "closed"):
        visit["values"]["status"] = status
        told.append(lines_found(found)[1].partition("A-21 ")[2])

    what = "(corrects another) Pads (not answered yet), Oil"
    assert told == [f"[open] {what}", what]


def test_the_page_says_it_beside_the_number(pair: tuple[TestHub, Installation]):
    """Without a word the car would seem to have come twice for the same work."""
    hub, away = pair

    rows = asked(browser_of(away, Door(hub, away))).split("<tr>")

    told = [one.partition("corrects ")[2].partition("<")[0] for one in rows if "A-" in one]
    assert told == ["—", "A-1", ""]
