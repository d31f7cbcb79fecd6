"""A recall from the list to the report, on real processes: what an authority may rely on, told once and looked at.

One hub that serves, two dealer sites with a machine each, one campaign. The hub is gone whenever the machines work.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carnet_protocol.retention import bundled_text
from support.programs import Service, free_port, run_here, run_program, running
from support.vins import make_vins

NUMBER = "S2026M0001"
CARS = make_vins(10_000)
MEMBERS = CARS[::2]
ADDED = CARS[1:2_000:2]
STEP_BYTES_MAX = 10 * 1024
RACED, SCRAPPED, SOLD = MEMBERS[:3]
NOTE, PHONE = "likes tea", "13800000000"
SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "verify_report.py"
TEXTS = {
    "campaign_no": NUMBER,
    "title": "Brake hose",
    "producer": "Example Motor Co.",
    "scope": "Built in May 2024",
    "defect": "The hose may crack.",
    "hazard": "Longer braking distance.",
    "emergency_advice": "Drive slowly.",
    "remedy": "Replaced free of charge.",
}


@dataclass
class Told:
    """The story, and what was seen on the way.

    Attributes:
        cut_at: when the line went.
        checked: 10,000 cars at the hub, at the first machine without a line, and there after the plan had grown.
        totals: the hub's states after each stick, the first ones before any.
        bent: how the hub took a stick with one changed byte.
        progress: while the car that was scrapped was gone, and after it had checked in.
        reports: of one moment, made then and made again after everything else.
        lists: the lists of the grown plan, as the hub tells an operator of them.
        purged, card, refused: what a purge took, the buyer at the site after it, and a purge of the first owner.
    """

    hub: Path
    folder: Path
    cut_at: datetime
    checked: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
    totals: list[dict[str, int]]
    bent: int
    progress: tuple[dict[str, int], dict[str, int]]
    reports: tuple[Path, Path]
    purged: dict[str, Any]
    card: dict[str, Any]
    refused: dict[str, Any]
    lists: list[dict[str, Any]]


def at_hub(data: Path, *arguments: str | Path) -> Any:
    """What a command of the hub says."""
    return run_here("carnet-hub", data, *arguments)


def at_desk(data: Path, *arguments: str | Path) -> Any:
    """What a command of a machine says."""
    return run_here("carnet-node", data, *arguments)


def states(hub: Path) -> dict[str, int]:
    """How many cars of the campaign are in each state."""
    found: dict[str, int] = at_hub(hub, "recalls", "progress", NUMBER)["states"]
    return {name: count for name, count in found.items() if count}


def close(desk: Path, vin: str) -> None:
    """The recall is done on a car."""
    order = at_desk(desk, "visits", "add", "--vin", vin, "--km", "5000")["id"]
    at_desk(desk, "visits", "complete", order, "--recall-done", NUMBER)


def answers(found: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """State and open campaigns by car, of what hub or machine say of a file."""
    return {row["identifier"]: (row["state"], row["open"]) for row in found["rows"]}


def publish(hub: Path, folder: Path, vins: list[str]) -> None:
    """A plan for these cars, on its way to every machine."""
    (folder / "campaign.json").write_text(json.dumps({**TEXTS, "member_count": len(vins)}), encoding="utf-8")
    (folder / "vins.txt").write_text("\n".join(vins), encoding="utf-8")
    at_hub(hub, "recalls", "import", folder)
    at_hub(hub, "recalls", "publish", NUMBER)


def begin(folder: Path) -> tuple[Service, list[Path]]:
    """A hub with a published campaign, and two machines that have its list; then the line is gone."""
    hub = Service("carnet-hub", folder / "hub", free_port())
    at_hub(hub.data, "init")
    (folder / "cars.txt").write_text("\n".join(CARS), encoding="utf-8")
    (folder / "campaign").mkdir()
    publish(hub.data, folder / "campaign", MEMBERS)
    desks = [folder / "a", folder / "b"]
    with running(hub):
        for desk in desks:
            at_hub(hub.data, "dealers", "add", f"{desk.name.upper()}001", "Site")
            invited = at_hub(hub.data, "dealers", "invite", f"{desk.name.upper()}001")["code"]
            at_desk(desk, "init")
            at_desk(desk, "enrol", invited, "--hub", hub.url)
            at_desk(desk, "sync")
    return hub, desks


def work_offline(folder: Path, first: Path, second: Path) -> str:
    """Both sites close one car; the first scraps another and sells a third; three sticks. Returns the buyer."""
    close(first, RACED)
    at_desk(first, "bundle", "export", folder / "first.carnet")
    buyer = at_desk(first, "customers", "add", "--name", "测试甲", "--phone", PHONE, "--set", f"note={NOTE}")["id"]
    at_desk(first, "vehicles", "add", SOLD, "--owner", buyer)
    scrapped = at_desk(first, "vehicles", "add", SCRAPPED)["id"]
    at_desk(first, "vehicles", "edit", scrapped, "--set", "lifecycle=scrapped")
    at_desk(first, "bundle", "export", folder / "later.carnet")
    close(second, RACED)
    at_desk(second, "bundle", "export", folder / "second.carnet")
    bent = bytearray((folder / "second.carnet").read_bytes())
    bent[len(bent) // 2] ^= 1
    (folder / "bent.carnet").write_bytes(bent)
    return str(buyer)


def carry(folder: Path, hub: Path) -> tuple[list[dict[str, int]], int]:
    """The sticks reach the hub: one bent, then out of order, one of them twice. Returns the totals after each."""
    found = [states(hub)]
    bent = run_program("carnet-hub", hub, "bundle", "import", folder / "bent.carnet").code
    found.append(states(hub))
    for stick in ("second", "later", "first", "second"):
        at_hub(hub, "bundle", "import", folder / f"{stick}.carnet")
        found.append(states(hub))
    return found, bent


def purge(hub: Path, desk: Path, folder: Path, buyer: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What is held for marketing has no term any more: it goes, and the first owner does not."""
    classes = (bundled_text("cn") or b"").decode().replace("years = 3", "years = 0")
    (folder / "classes.toml").write_text(classes, encoding="utf-8")
    at_hub(hub, "retention", "classes", "--import", folder / "classes.toml")
    purged = at_hub(hub, "retention", "purge", "--purpose", "marketing", "--yes")
    asked = ("retention", "purge", "--purpose", "recall_contact", "--customer", buyer, "--yes")
    refused = run_program("carnet-hub", hub, *asked).value["error"]
    at_desk(desk, "sync")
    return purged, at_desk(desk, "customers", "show", buyer, "--show-personal"), refused


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The whole story, told once."""
    folder = tmp_path_factory.mktemp("recall")
    hub, (first, second) = begin(folder)
    cut_at = datetime.now(UTC)
    online, offline = (
        at_hub(hub.data, "recalls", "check", folder / "cars.txt"),
        at_desk(first, "recalls", "check-file", folder / "cars.txt"),
    )
    buyer = work_offline(folder, first, second)
    totals, bent = carry(folder, hub.data)
    reports = (folder / "then", folder / "again")
    made = at_hub(hub.data, "report", "make", "cn-stage", NUMBER, "--out", reports[0])
    before = states(hub.data)
    with running(hub):
        at_desk(first, "sync")
        at_desk(first, "visits", "add", "--vin", SCRAPPED, "--km", "9000")
        at_desk(first, "sync")
        at_desk(second, "sync")
        after = states(hub.data)
        purged, card, refused = purge(hub.data, first, folder, buyer)
        publish(hub.data, folder / "campaign", [*MEMBERS, *ADDED])
        at_desk(first, "sync")
    lists = at_hub(hub.data, "recalls", "lists")["facts"]
    extended = at_desk(first, "recalls", "check-file", folder / "cars.txt")
    moment = ("--position", str(made["log_position"]), "--as-of", made["as_of"])
    at_hub(hub.data, "report", "make", "cn-stage", NUMBER, "--out", reports[1], *moment)
    return Told(
        hub=hub.data,
        folder=folder,
        cut_at=cut_at,
        checked=(online, offline, extended),
        totals=totals,
        bent=bent,
        progress=(before, after),
        reports=reports,
        purged=purged,
        card=card,
        refused=refused,
        lists=lists,
    )


def verify(told: Told, report: Path) -> subprocess.CompletedProcess[str]:
    """The fifty lines, as a stranger runs them: alone, with the key that the hub published."""
    key = told.folder / "published.pem"
    at_hub(told.hub, "export", "key", "--out", key)
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(report), str(key)]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_machine_without_a_line_answers_as_the_hub_does(told: Told):
    """Of 10,000 cars a machine whose line is out says what the hub says, one by one, and of which moment that is."""
    online, offline, _ = told.checked

    assert answers(offline) == answers(online)
    assert {vin for vin, (state, _) in answers(offline).items() if state == "hit"} == {*MEMBERS}
    assert told.cut_at - timedelta(hours=1) < datetime.fromisoformat(offline["as_of"]) <= told.cut_at


def test_a_plan_that_grows_reaches_a_machine_in_few_bytes(told: Told):
    """A thousand more cars are on a machine after one round, by a step of at most 10 KB."""
    (members,) = (one for one in told.lists if one["kind"] == "members")

    hits = {vin for vin, (state, _) in answers(told.checked[2]).items() if state == "hit"}

    assert {*ADDED} <= hits
    assert members["newest_bytes"] <= STEP_BYTES_MAX


def test_two_sites_that_close_one_car_count_once(told: Told):
    """The hub counts one car and keeps both records, each with its change set."""
    lines = (told.reports[0] / "completions.ndjson").read_text(encoding="utf-8").splitlines()

    found = [json.loads(line) for line in lines]

    assert told.totals[-1]["repaired"] == 1
    assert sorted(one["fate"] for one in found) == ["counted", "duplicate"]
    assert {one["vin"] for one in found} == {RACED}
    assert len({one["set_hash"] for one in found}) == 2


def test_no_order_of_sticks_changes_a_total(told: Told):
    """A stick that never came, came late or came twice changes nothing, and one changed byte is found."""
    none, bent, second, later, first, again = told.totals

    assert (none, told.bent) == ({"open": len(MEMBERS)}, 1)
    assert bent == none
    assert second == {"repaired": 1, "open": len(MEMBERS) - 1}
    assert later == first == again == {"repaired": 1, "scrapped": 1, "open": len(MEMBERS) - 2}


def test_an_old_report_is_made_again_byte_for_byte(told: Told):
    """A report of a moment that has passed is the same, whatever was reported since, and its figures add up."""
    then, again = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in told.reports)

    assert then == again
    assert at_hub(told.hub, "report", "verify", told.reports[0])["is_same"] is True
    assert sum(told.progress[0].values()) == len(MEMBERS)


def test_a_stranger_checks_a_report(told: Told):
    """A published key and fifty lines without the product find a report as it was signed."""
    verdict = verify(told, told.reports[0])

    assert (verdict.returncode, verdict.stderr) == (0, "")


@pytest.mark.parametrize("spoil", ["byte", "row"])
def test_a_stranger_finds_what_was_changed(told: Told, tmp_path: Path, spoil: str):
    """One changed byte, or a row that is missing, fails the check."""
    spoilt = Path(shutil.copytree(told.reports[0], tmp_path / "spoilt"))
    rows = (spoilt / "members.ndjson").read_bytes().splitlines(keepends=True)
    changed = rows[:-1] if spoil == "row" else [rows[0].replace(b"open", b"Open"), *rows[1:]]
    (spoilt / "members.ndjson").write_bytes(b"".join(changed))

    verdict = verify(told, spoilt)

    assert (verdict.returncode, "members.ndjson" in verdict.stderr) == (1, True)


def test_marketing_goes_and_the_first_owner_stays(told: Told):
    """A purge takes the note of who bought a car, at the site's machine too, and leaves the name and the telephone."""
    person = told.card["customer"]["values"]

    assert (told.purged["persons"], told.purged["besides"]) == (0, 1)
    assert (person["full_name"], person.get("note")) == ("测试甲", None)
    assert [one["values"]["number"] for one in told.card["phones"]] == [f"+86{PHONE}"]
    assert (told.refused["code"], told.refused["class_id"]) == ("retention-runs", "producer-10y")


def test_a_scrapped_car_that_checks_in_is_open_again_and_told(told: Told):
    """The car is no longer counted as gone, and stands among what somebody has to look at."""
    before, after = told.progress

    exceptions = at_hub(told.hub, "recalls", "exceptions", NUMBER)

    assert (before["scrapped"], after.get("scrapped")) == (1, None)
    assert after["open"] == before["open"] + 1
    assert [one["why"] for one in exceptions if one["vin"] == SCRAPPED] == ["came-back"]
