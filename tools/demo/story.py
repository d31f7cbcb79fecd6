"""The story: what happens, in which order, and what is checked after each step.

Decides nothing about the product; it uses both programs as their users do, from outside. Only two things look inside:
the attacks (which need an insider's keys) and the count of phones at the hub (which no list of the hub shows).
"""

import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tools.demo import world
from tools.demo.attacks import attack_hub
from tools.demo.one_customer import join_customers
from tools.demo.other_dealers_car import meet_over_a_car
from tools.demo.programs import DemoFailure, Program
from tools.demo.stage import Stage

from carnet_hub.bootstrap import open_hub
from carnet_hub.settings import HubSettings
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.resolvers import show
from carnet_protocol.state import unpack_entries

HZ, WH, CD = (dealer.code for dealer in world.DEALERS)
AT_ONCE: Final = 2
"""Commands at a time where the order does not matter; the machine this must run on has two cores."""

UNREACHABLE: Final = 3
REFUSED: Final = 1
HIGH_KM, LOW_KM = 42_000, 41_500
HZ_PHONE, WH_PHONE = "13800000001", "13900000002"
BRAKE_JOB: Final = "complaint=刹车踏板变硬;op_name=制动检查;pay_type=customer"
PART_LINE: Final = "job=1;part_no=46402-TVA;part_name=真空管;quantity_hundredths=100;price_fen=28000"


def enrol(stage: Stage) -> None:
    """A hub and three dealers come to trust each other by a typed code."""
    stage.hub.run("init")
    stage.start_hub()
    codes = {dealer.code: _invite(stage, dealer) for dealer in world.DEALERS}

    def join(dealer: world.Dealer) -> None:
        """Make a node and let it join with its code."""
        stage.nodes[dealer.code].run("init")
        stage.nodes[dealer.code].run("enrol", "--hub", stage.address, codes[dealer.code])

    with ThreadPoolExecutor(AT_ONCE) as desks:
        list(desks.map(join, world.DEALERS))
    listed = {row["site_code"] for row in stage.hub.run("nodes", "list")}
    stage.facts.check("three nodes are enrolled by one-time codes", sorted(listed), sorted([HZ, WH, CD]))
    again = Program("carnet-node", stage.folder / "second-use")
    again.run("init")
    answer = again.try_run("enrol", "--hub", stage.address, codes[HZ])
    stage.facts.check("a code works once", (answer.code, _code(answer.value)), (REFUSED, "code-used"))


def _invite(stage: Stage, dealer: world.Dealer) -> str:
    """Add a site and make a code for one node of it."""
    place = ("--city", dealer.city_code, "--city-name", dealer.city)
    stage.hub.run("dealers", "add", dealer.code, dealer.name, *place)
    return str(stage.hub.run("dealers", "invite", dealer.code)["code"])


def take_over(stage: Stage) -> None:
    """Each dealer imports 300 customers and their cars from a former system; two of them sync."""

    def import_twice(dealer: world.Dealer) -> tuple[list[int], list[int]]:
        """Import the same files two times: (rows taken at first, rows taken then)."""
        files = world.write_import_files(stage.folder / "former-systems", dealer)
        node = stage.nodes[dealer.code]
        rounds = [[node.run("import", files[kind]) for kind in ("customers", "vehicles")] for _ in range(2)]
        first, second = ([one["imported"] for one in reports] for reports in rounds)
        return first, second

    with ThreadPoolExecutor(AT_ONCE) as desks:
        imported = list(desks.map(import_twice, world.DEALERS))
    for dealer, seen in zip(world.DEALERS, imported, strict=True):
        stage.facts.check(
            f"{dealer.code}: 300 customers and 300 cars taken over, a second import changes nothing",
            seen,
            ([world.CUSTOMERS_PER_DEALER] * 2, [0, 0]),
        )
    stage.sync(HZ, WH)


def publish_recall(stage: Stage) -> None:
    """The operator publishes a recall; the dealers with a line get the list."""
    folder = world.write_campaign(stage.folder / "campaign")
    stage.hub.run("recalls", "import", folder)
    stage.hub.run("recalls", "publish", world.CAMPAIGN_NO)
    stage.sync(HZ, WH)
    listed = stage.hub.run("recalls", "list")[0]
    stage.facts.check("the campaign is published with every member", listed["member_count"], len(world.recall_vins()))


def cut_lines(stage: Stage) -> None:
    """The hub is gone. Two dealers see the same car on the same day, and write down different things."""
    stage.hub.stop()
    car = world.shared_car()
    for code, phone, km, color in ((HZ, HZ_PHONE, HIGH_KM, "WHITE"), (WH, WH_PHONE, LOW_KM, "SILVER")):
        node = stage.nodes[code]
        customer = node.run("customers", "add", "--name", "王小明", "--phone", phone)["id"]
        color_of = f"color={color}"
        car_id = node.run("vehicles", "add", car.vin, "--owner", customer, "--plate", car.plate, "--set", color_of)[
            "id"
        ]
        lines = ("--job", BRAKE_JOB, "--part", PART_LINE)
        visit = node.run("visits", "add", "--vin", car.vin, "--customer", customer, "--km", str(km), *lines)
        stage.seen[code] = {"customer": customer, "vehicle": car_id, "visit": visit["id"]}
    ids = {stage.seen[code]["vehicle"] for code in (HZ, WH)}
    stage.facts.check("both dealers made the same record for the same car, offline", len(ids), 1)
    answer = stage.nodes[HZ].try_run("sync")
    stage.facts.check("sync says that the hub is unreachable", answer.code, UNREACHABLE)
    checked = stage.nodes[WH].run("recalls", "check", car.vin)
    hits = [hit["campaign_no"] for hit in checked["hits"]]
    seen = (checked["state"], hits, checked["as_of"] is not None)
    stage.facts.check(
        "offline, the recall check hits and tells the age of its data", seen, ("hit", [world.CAMPAIGN_NO], True)
    )
    other = world.people(world.DEALERS[0])[0].car.vin
    if other in world.recall_vins():
        raise DemoFailure("the demo's first car is recalled; choose another")
    stage.facts.check(
        "a car that is not recalled is clear", stage.nodes[WH].run("recalls", "check", other)["state"], "clear"
    )


def reconnect(stage: Stage) -> None:
    """The line is back. Both say what they have; nothing is lost, and what lost stays visible."""
    stage.start_hub()
    first, second = (stage.nodes[code].run("sync") for code in (HZ, WH))
    verdicts = [(one["accepted"] > 0, one["with_conflicts"] > 0, one["refused"]) for one in (first, second)]
    expected = [(True, False, 0), (True, True, 0)]
    stage.facts.check("verdicts: all accepted, the second dealer's with conflicts, none refused", verdicts, expected)
    stage.sync(HZ, WH)
    numbers = _phones_at_hub(stage)
    kept = {f"+86{HZ_PHONE}", f"+86{WH_PHONE}"} <= numbers
    stage.facts.check("both phones are kept at the hub", kept, True)
    for code in (HZ, WH):
        odometer = stage.nodes[code].run("vehicles", "show", stage.seen[code]["vehicle"])["odometer"]
        flagged = [one["odometer_km"] for one in odometer["readings"] if one["flags"]]
        seen = (odometer["served_km"], flagged)
        stage.facts.check(
            f"{code}: the higher odometer is served, the lower one kept and flagged", seen, (HIGH_KM, [LOW_KM])
        )
    _restore_at_loser(stage)


def _restore_at_loser(stage: Stage) -> None:
    vehicle = stage.seen[HZ]["vehicle"]
    colors = {code: _color(stage, code) for code in (HZ, WH)}
    stage.facts.check("both dealers show the same colour", len(set(colors.values())), 1)
    loser, lost = (HZ, "WHITE") if colors[HZ] != "WHITE" else (WH, "SILVER")
    overruled = [one for one in stage.nodes[loser].run("conflicts", "list") if one["id"] == vehicle]
    (one,) = [one for one in overruled if one["register"] == "color"]
    seen = (_overruled_value(one), one["overruled"]["author"], one["rule"])
    claim = "the dealer who lost sees the overruled colour, who wrote it and the rule"
    stage.facts.check(claim, seen, (lost, loser, "latest"))
    at_hub = [row["overruled"] for row in stage.hub.run("conflicts", "list") if row["id"] == vehicle]
    ops = [row["op"] for row in at_hub if "color" in row["values"]]
    stage.facts.check("the operator sees it too, under the same op id", ops, [one["overruled"]["op"]])
    stage.nodes[loser].run("conflicts", "restore", "vehicle", vehicle, "color", one["overruled"]["op"])
    stage.sync(loser, HZ, WH)
    stage.facts.check("one command restores it for everybody", {_color(stage, code) for code in (HZ, WH)}, {lost})


def attack(stage: Stage) -> None:
    """Seven ways to cheat the hub, with an insider's keys."""
    before = _head(stage)
    for one in attack_hub(stage.nodes[HZ].data):
        stage.facts.check(one.name, one.seen, one.expected)
    stage.facts.check("none of it moved the hub's log", _head(stage), before)


def carry_by_hand(stage: Stage) -> None:
    """Chengdu has no line: a USB stick carries its work up, and receipts, base rows and recall lists down."""
    node = stage.nodes[CD]
    stick = stage.folder / "usb-stick"
    stick.mkdir()
    node.run("visits", "add", "--vin", world.people(world.DEALERS[2])[0].car.vin, "--km", "12000", "--job", BRAKE_JOB)
    node.run("bundle", "export", stick / "up.carnet")
    stage.hub.run("bundle", "import", stick / "up.carnet", "--out", stick / "down.carnet")
    node.run("bundle", "import", stick / "down.carnet")
    status = node.run("status")
    seen = (status["waiting"]["sets"], status["refused_sets"], status["parked_sets"])
    stage.facts.check("USB: everything from the dealer without a line is accepted", seen, (0, 0, 0))
    stage.facts.check("USB: its recall check answers", node.run("recalls", "check", stage.vin)["state"], "hit")
    damaged = stick / "damaged.carnet"
    body = bytearray((stick / "up.carnet").read_bytes())
    body[len(body) // 2] ^= 1
    damaged.write_bytes(body)
    answer = stage.hub.try_run("bundle", "import", damaged)
    stage.facts.check("USB: a damaged bundle is refused", (answer.code, _code(answer.value)), (REFUSED, "bad-bundle"))


def complete_twice(stage: Stage) -> None:
    """Both dealers report the same recall done on the same car; it counts once, both reports are kept."""
    for code in (HZ, WH):
        stage.nodes[code].run("visits", "complete", stage.seen[code]["visit"], "--recall-done", world.CAMPAIGN_NO)
    stage.sync(HZ, WH, HZ, WH)
    progress = stage.hub.run("recalls", "progress", world.CAMPAIGN_NO)
    seen = (progress["completed"], progress["reports"]["duplicate"])
    stage.facts.check("a completion reported by two dealers counts once, the second is listed", seen, (1, 1))


def report(stage: Stage) -> None:
    """The regulator gets a folder that openssl verifies, and refuses after one changed byte."""
    out = stage.folder / "report"
    stage.hub.run("export", "recall", world.CAMPAIGN_NO, "--out", out)
    stage.facts.check("openssl verifies the signed report", _openssl(out), 0)
    stage.facts.check("carnet-hub verify agrees", stage.hub.try_run("verify", out).code, 0)
    forged = stage.folder / "report-forged"
    shutil.copytree(out, forged)
    manifest = bytearray((forged / "manifest.txt").read_bytes())
    manifest[-2] ^= 1
    (forged / "manifest.txt").write_bytes(manifest)
    stage.facts.holds("openssl refuses after one changed byte", _openssl(forged), is_true=_openssl(forged) != 0)
    bent = stage.folder / "report-bent"
    shutil.copytree(out, bent)
    rows = bent / "completions.ndjson"
    rows.write_bytes(rows.read_bytes().replace(b"repaired", b"software", 1))
    stage.facts.check("carnet-hub verify names a changed row's file", stage.hub.try_run("verify", bent).code, REFUSED)


def rebuild(stage: Stage) -> None:
    """Everything shown follows from the logs: fold them again and compare."""
    stage.sync(HZ, WH)
    programs = {"hub": stage.hub, **stage.nodes}
    with ThreadPoolExecutor(AT_ONCE) as checks:
        codes = list(checks.map(lambda program: program.try_run("rebuild", "--check").code, programs.values()))
    for name, code in zip(programs, codes, strict=True):
        stage.facts.check(f"{name}: rebuild --check finds no difference", code, 0)
    stage.facts.check("hub: every signature and link of the log verifies", stage.hub.try_run("log", "verify").code, 0)


STEPS: Final[tuple[tuple[str, Callable[[Stage], None]], ...]] = (
    ("Enrol a hub and three dealers in three cities", enrol),
    ("Take over 300 customers each from a former system", take_over),
    ("Publish a recall", publish_recall),
    ("Cut all lines; two dealers see the same car", cut_lines),
    ("Reconnect: verdicts, conflicts, and a value restored by the dealer who lost", reconnect),
    ("Attack the hub", attack),
    ("Carry a dealer's work on a USB stick", carry_by_hand),
    ("Two dealers report the same recall done", complete_twice),
    ("One person at three dealers becomes one customer; a wrong merge is undone", join_customers),
    ("Another dealer's car is looked up, taken on, and leaves again", meet_over_a_car),
    ("A report that a stranger can verify", report),
    ("Fold everything again", rebuild),
)


def _code(value: Any) -> str | None:
    """The reason code of a refused command."""
    return value["error"].get("code") if isinstance(value, dict) and "error" in value else None


def _color(stage: Stage, code: str) -> str:
    shown = stage.nodes[code].run("vehicles", "show", stage.seen[code]["vehicle"])
    return str(shown["vehicle"]["values"]["color"])


def _overruled_value(one: dict[str, Any]) -> Any:
    return one["overruled"]["values"]["color"]


def _head(stage: Stage) -> Any:
    return stage.hub.run("log", "verify")["entries"]


def _phones_at_hub(stage: Stage) -> set[str]:
    """Every phone number in the hub's records."""
    kind = REGISTRY["phone"]
    app = open_hub(HubSettings(data_dir=stage.hub.data))
    try:
        with app.store.read() as snapshot:
            rows = list(snapshot.records_of_kind(kind.number))
    finally:
        app.close()
    label = kind.labels["number"]
    return {str(show(kind, unpack_entries(row.entries)).values.get(label)) for row in rows}


def _openssl(folder: Path) -> int:
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "export-key.pem", "-rawin"]
    command += ["-in", "manifest.txt", "-sigfile", "manifest.sig"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode
