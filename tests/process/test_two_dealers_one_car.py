"""Two dealers meet over one car, on real processes: looked up, taken on, worked on without a line, given up again.

One hub that serves and is killed where the line is cut, two sites with a machine each, told once and looked at.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.programs import Done, Service, free_port, must_run, run_here, run_program
from support.vins import make_vins

VIN = make_vins(1)[0]
PLATE, PHONE, NAME = "湘A12345", "13900139001", "测试甲"
JOB = "complaint=noise;op_name=brake check;pay_type=customer"
PART = "job=1;part_no=P1;part_name=filter;quantity_hundredths=100;price_fen=28000"


@dataclass
class Told:
    """The story, and what was seen on the way.

    Attributes:
        refused: a look-up with a wrong reason.
        found: the car by its plate, as a desk that never saw it is shown it.
        awaited, followed, ended: the second site's list, when it has taken the car on, has its history, has lost it.
        cut_off: the car at the second site while the hub is dead, and a look-up then.
        both: the car at both sites when the line is back.
        conflicts: overruled values at the site whose colour is not shown.
        gone: the car at the second site when its time is over.
        waiting: what waits at the hub then.
        released: the car at the first site once an operator has let the proposal count.
        ledger: every line of the hub's ledger.
        checks: exit codes of `rebuild --check`, the hub and both machines.
    """

    refused: Done
    found: dict[str, Any]
    awaited: list[dict[str, Any]]
    followed: list[dict[str, Any]]
    cut_off: tuple[dict[str, Any], Done]
    both: tuple[dict[str, Any], dict[str, Any]]
    conflicts: list[dict[str, Any]]
    ended: list[dict[str, Any]]
    gone: Done
    waiting: list[dict[str, Any]]
    released: dict[str, Any]
    ledger: list[dict[str, Any]]
    checks: list[int]


def at_desk(data: Path, *arguments: str | Path) -> Any:
    """What a command of a machine says, run as a process of its own."""
    return must_run("carnet-node", data, *arguments)


def begin(folder: Path) -> tuple[Service, Path, Path, str]:
    """A hub that serves, and two sites; the first has served the car, and the hub knows it."""
    hub = Service("carnet-hub", folder / "hub", free_port())
    run_here("carnet-hub", hub.data, "init")
    hub.start()
    home, away = folder / "home", folder / "away"
    for desk, code in ((home, "A001"), (away, "B001")):
        run_here("carnet-hub", hub.data, "dealers", "add", code, "Site")
        invited = run_here("carnet-hub", hub.data, "dealers", "invite", code)["code"]
        run_here("carnet-node", desk, "init")
        run_here("carnet-node", desk, "enrol", invited, "--hub", hub.url)
    owner = run_here("carnet-node", home, "customers", "add", "--name", NAME, "--phone", PHONE)["id"]
    colored = ("--owner", owner, "--plate", PLATE, "--set", "color=blue")
    car = run_here("carnet-node", home, "vehicles", "add", VIN, *colored)["id"]
    work = ("--km", "5000", "--job", JOB, "--part", PART)
    run_here("carnet-node", home, "visits", "add", "--vin", VIN, "--customer", owner, *work)
    for desk in (home, away):
        run_here("carnet-node", desk, "sync")
    return hub, home, away, str(car)


def told(folder: Path) -> Told:
    """From the look-up to the proposal that is let count."""
    hub, home, away, car = begin(folder)
    try:
        asked = ("lookup", "find", PLATE, "--way", "plate", "--reason")
        refused = run_program("carnet-node", away, *asked, "curiosity")
        (found,) = at_desk(away, *asked, "at_desk")["cars"]
        at_desk(away, "lookup", "take-on", car, "--reason", "at_desk")
        awaited = at_desk(away, "lookup", "taken")
        at_desk(away, "sync")
        followed = at_desk(away, "lookup", "taken")
        hub.kill()
        cut_off = at_desk(away, "vehicles", "show", car), run_program("carnet-node", away, *asked, "at_desk")
        at_desk(away, "vehicles", "edit", car, "--set", "color=red")
        at_desk(home, "vehicles", "edit", car, "--set", "color=silver")
        at_desk(home, "visits", "add", "--vin", VIN, "--km", "6000", "--job", JOB)
        hub.start()
        for desk in (home, away, home):
            at_desk(desk, "sync")
        both = at_desk(home, "vehicles", "show", car), at_desk(away, "vehicles", "show", car)
        loser = home if both[0]["vehicle"]["values"]["color"] == "red" else away
        conflicts = at_desk(loser, "conflicts", "list")
        by = ("--reason", "entered_in_error", "--by", "op-7")
        must_run("carnet-hub", hub.data, "dealers", "end-adoption", "B001", VIN, *by)
        at_desk(away, "vehicles", "edit", car, "--set", "fuel=petrol")
        at_desk(away, "sync")
        ended = at_desk(away, "lookup", "taken")
        gone = run_program("carnet-node", away, "vehicles", "show", car)
        waiting = must_run("carnet-hub", hub.data, "quarantine", "list")
        must_run("carnet-hub", hub.data, "quarantine", "release", waiting[0]["nonce"], "--reason", "asked the dealer")
        for desk in (away, home):
            at_desk(desk, "sync")
        released = at_desk(home, "vehicles", "show", car)
        ledger = must_run("carnet-hub", hub.data, "lookups", "list")
        folders = (("carnet-hub", hub.data), ("carnet-node", home), ("carnet-node", away))
        checks = [run_program(name, data, "rebuild", "--check").code for name, data in folders]
    finally:
        hub.kill()
    return Told(
        refused,
        found,
        awaited,
        followed,
        cut_off,
        both,
        conflicts,
        ended,
        gone,
        waiting,
        released,
        ledger,
        checks,
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Told once; every test looks at it."""
    return told(tmp_path_factory.mktemp("one-car"))


def numbers(shown: dict[str, Any]) -> list[int]:
    """The odometer of each visit, ascending: which visits of a car somebody sees."""
    return sorted(one["values"]["odometer_in_km"] for one in shown["visits"])


def test_a_look_up_with_a_wrong_reason_is_refused_by_name(story: Told):
    """It says that the reason is none of the list."""
    assert story.refused.code == 1
    assert story.refused.value["error"]["code"] == "look-up-reason"


def test_a_desk_sees_the_work_and_no_price_or_holder(story: Told):
    """Job and part of the other dealer stand in the answer; name, number and price do not."""
    (visit,) = story.found["visits"]
    assert (story.found["values"]["vin"], visit["site_code"]) == (VIN, "A001")
    assert {one["kind"] for one in visit["work"]} == {"job", "part_line"}
    said = repr(story.found)
    assert [text in said for text in (NAME, PHONE, PLATE, "price_fen")] == [False] * 4


def test_a_car_that_was_taken_on_is_awaited_and_then_followed(story: Told):
    """One round brings it; the list says at least until when."""
    assert [one["following"] for one in story.awaited] == ["awaited"]
    assert [(one["vin"], one["following"]) for one in story.followed] == [(VIN, "followed")]
    assert story.followed[0]["until"] > story.followed[0]["adopted_at"]


def test_its_history_is_read_while_the_hub_is_dead(story: Told):
    """The visit of the other dealer is there without a line; a new look-up says that there is none."""
    shown, asked = story.cut_off
    assert numbers(shown) == [5000]
    assert asked.code == 3


def test_both_sites_have_both_histories_when_the_line_is_back(story: Told):
    """What either wrote meanwhile is at both, and they show one colour; the other one is listed at who wrote it."""
    home, away = story.both
    assert numbers(home) == numbers(away) == [5000, 6000]
    shown = {one["vehicle"]["values"]["color"] for one in story.both}
    assert len(shown) == 1
    overruled = [one["overruled"]["values"].get("color") for one in story.conflicts]
    assert {"red", "silver"} - shown <= set(overruled)


def test_what_an_operator_ended_leaves_visibly(story: Told):
    """The list says that it is over and why; the file is gone from that machine."""
    assert [(one["vin"], one["following"], one["taken_back"]) for one in story.ended] == [
        (VIN, "ended", "entered_in_error")
    ]
    assert story.gone.code == 1


def test_what_was_changed_too_late_waits_and_may_still_count(story: Told):
    """It is parked by its name, and everybody has it once an operator lets it go on."""
    assert [one["reason"] for one in story.waiting] == ["no-longer-followed"]
    assert story.released["vehicle"]["values"]["fuel"] == "petrol"


def test_the_ledger_says_who_asked_and_who_ended_it(story: Told):
    """One look-up that was answered, and the end with the operator's code; the wrong reason never reached the hub."""
    seen = [(one["site_code"], one["way"], one["outcome"], one["operator"]) for one in story.ledger]
    assert seen == [("B001", "plate", "answered", ""), ("B001", "", "ended", "op-7")]


def test_everything_shown_follows_from_the_logs(story: Told):
    """Hub and machines find no difference when they fold their logs again."""
    assert story.checks == [0, 0, 0]
