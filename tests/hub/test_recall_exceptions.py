"""What is listed for somebody to look at, by command and with its reason."""

import json
from pathlib import Path

from openpyxl import load_workbook

from carnet_hub.core.campaigns.recall_exceptions import CAME_BACK, DATE_BOUNDED, list_exceptions
from support.hub_cli import Printed, call
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

GONE, AHEAD, DONE, OPEN = MEMBERS
OUTSIDER = make_vins(5)[4]


def begun(folder: Path) -> RecallWorld:
    """A campaign with one report that counts, one of a stranger, one from ahead, and a car that came back."""
    world = RecallWorld.begun(folder)
    world.done("A001", DONE)
    world.done("A001", OUTSIDER)
    world.done("A001", AHEAD, completed_at=world.hub.clock.ms + 10**12)
    world.say_of_car("A001", GONE, "scrapped")
    world.check_in("B001", GONE)
    return world


def test_everything_to_look_at_is_listed_once(tmp_path: Path):
    """Reports that count nothing, a bounded day and a car that came back are listed; what is in order is not."""
    world = begun(tmp_path)

    rows = list_exceptions(world.hub.app.hub, world.hub.app.segments, NUMBER)

    found = {(row.vin, row.why, row.site) for row in rows}
    assert found == {(OUTSIDER, "not-a-member", "A001"), (AHEAD, DATE_BOUNDED, "A001"), (GONE, CAME_BACK, "")}
    assert len(rows) == 3


def test_the_command_lists_them_for_people_and_programs(tmp_path: Path, capsys: Printed):
    """The list is printed as JSON and written to a workbook, a row for each."""
    begun(tmp_path).hub.app.close()
    book = tmp_path / "exceptions.xlsx"

    code = call(tmp_path / "hub", "recalls", "exceptions", NUMBER, "--json", "--xlsx", book)

    rows = json.loads(capsys.readouterr().out)
    sheet = load_workbook(book).active
    assert (code, sorted(row["why"] for row in rows)) == (0, [CAME_BACK, DATE_BOUNDED, "not-a-member"])
    assert sheet is not None
    assert sheet.max_row == 4
