"""A car of another dealer: looked up, taken on, read without a line, taken away again, and nothing lost.

Decides nothing about the product; a step of `story`, on its own for its length. A month does not pass in a demo, so an
operator ends what was taken on: the same end, with a name behind it.
"""

from typing import Any, Final

from tools.demo import world
from tools.demo.stage import Stage

HOME, AWAY = (dealer.code for dealer in world.DEALERS[:2])
JOB: Final = "complaint=异响;op_name=更换刹车片;pay_type=customer"
PART: Final = "job=1;part_no=45022-TVA;part_name=刹车片;quantity_hundredths=100;price_fen=36000"
OPERATOR: Final = ("--reason", "entered_in_error", "--by", "demo-operator")
NOT_FOLLOWED: Final = "no-longer-followed"
REFUSED: Final = 1


def meet_over_a_car(stage: Stage) -> None:
    """A customer of Hangzhou breaks down in Wuhan. The desk looks the car up, takes it on, and loses it again."""
    owner = world.people(world.DEALERS[0])[1]
    home, away = stage.nodes[HOME], stage.nodes[AWAY]
    home.run("visits", "add", "--vin", owner.car.vin, "--km", "30500", "--job", JOB, "--part", PART)
    stage.sync(HOME)
    car = _look_up(stage, owner)
    away.run("lookup", "take-on", car, "--reason", "towed_in")
    stage.sync(AWAY)
    stage.hub.stop()
    shown = away.run("vehicles", "show", car)
    seen = [one["values"]["odometer_in_km"] for one in shown["visits"]]
    stage.facts.check("taken on, its history is read without a line", seen, [30_500])
    home.run("vehicles", "edit", car, "--set", "color=RED")
    away.run("vehicles", "edit", car, "--set", "color=BLACK")
    stage.start_hub()
    stage.sync(HOME, AWAY, HOME)
    colors = {node.run("vehicles", "show", car)["vehicle"]["values"]["color"] for node in (home, away)}
    stage.facts.check("what both wrote meanwhile comes to one colour at both", len(colors), 1)
    _take_away(stage, car, owner.car.vin)


def _look_up(stage: Stage, owner: world.Person) -> str:
    """The car by its plate, as a desk sees it that never met it; returns its record."""
    away = stage.nodes[AWAY]
    asked = ("lookup", "find", owner.car.plate, "--way", "plate", "--reason")
    refused = away.try_run(*asked, "curiosity")
    code = refused.value["error"]["code"]
    stage.facts.check("a look-up with a wrong reason is refused by name", code, "look-up-reason")
    (found,) = away.run(*asked, "towed_in", "--show-personal")["cars"]
    work = [one["values"].get("op_name") or one["values"].get("part_name") for one in found["visits"][0]["work"]]
    stage.facts.check("the desk sees what was done on the car", sorted(work), sorted(["更换刹车片", "刹车片"]))
    said = repr(found)
    hidden = [text in said for text in (owner.name, owner.mobile, "price_fen")]
    stage.facts.check("and neither its owner nor a price", hidden, [False] * len(hidden))
    return str(found["vehicle_id"])


def _take_away(stage: Stage, car: str, vin: str) -> None:
    """Its time ends; the desk, without a line, still writes something; an operator lets that count."""
    home, away = stage.nodes[HOME], stage.nodes[AWAY]
    stage.hub.run("dealers", "end-adoption", AWAY, vin, *OPERATOR)
    away.run("vehicles", "edit", car, "--set", "fuel=petrol")
    stage.sync(AWAY)
    ended = _of(away.run("lookup", "taken"), car)
    gone = away.try_run("vehicles", "show", car).code
    seen = (ended["following"], ended["vin"], gone)
    stage.facts.check("when its time is over the car leaves, and the list says so", seen, ("ended", vin, REFUSED))
    waiting = [one for one in stage.hub.run("quarantine", "list") if one["reason"] == NOT_FOLLOWED]
    stage.facts.check("what was written too late waits as a proposal", len(waiting), 1)
    stage.hub.run("quarantine", "release", waiting[0]["nonce"], "--reason", "asked the dealer")
    stage.sync(AWAY, HOME)
    values = home.run("vehicles", "show", car)["vehicle"]["values"]
    stage.facts.check("and counts at the first dealer once an operator lets it", values.get("fuel"), "petrol")
    ledger = [(one["site_code"], one["outcome"]) for one in stage.hub.run("lookups", "list")]
    stage.facts.check("the hub's ledger names who looked", ledger, [(AWAY, "answered"), (AWAY, "ended")])


def _of(rows: list[dict[str, Any]], car: str) -> dict[str, Any]:
    """The line of one car."""
    (row,) = (one for one in rows if one["vehicle_id"] == car)
    return row
