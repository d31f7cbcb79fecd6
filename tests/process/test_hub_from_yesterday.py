"""The hub's disk is gone and yesterday's copy comes back: what was decided since holds again, with real programs.

Yesterday two machines of a site had sent their work. Since then one of them was reported stolen, and a customer was
erased; the copy knows neither. The honest machine syncs once with the restored hub; everything else is looked at from
outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from process.world import looking_into
from support.canaries import hiding_in
from support.programs import Done, Service, free_port, must_run, run_here, run_program, running

ERASED = "Kanarienvogel-4TZ9Q"
PHONE = "13900001234"


@dataclass(frozen=True)
class Yesterday:
    """What is there after the restore and one round of the honest machine.

    Attributes:
        names: of the customers the honest machine shows.
        stolen: how a round of the stolen machine ended.
        written: what programs have written to since, their output too; the old copy lies elsewhere.
    """

    hub: Service
    desk: Path
    restored: dict[str, Any]
    names: set[str]
    stolen: Done
    written: tuple[Path, ...]


def nodes(hub: Service) -> set[str]:
    """Ids of all enrolled machines."""
    return {one["node_id"] for one in run_here("carnet-hub", hub.data, "nodes", "list")}


def position(hub: Service) -> int:
    """End of the hub's log, as it lies on the disk."""
    with looking_into(hub.data / "hub.db") as database:
        return int(database.execute("SELECT max(position) FROM log").fetchone()[0])


def join(hub: Service, data: Path) -> Path:
    """A new machine of the site."""
    code = run_here("carnet-hub", hub.data, "dealers", "invite", "A001")["code"]
    run_here("carnet-node", data, "init")
    run_here("carnet-node", data, "enrol", "--hub", hub.url, code)
    return data


def add(data: Path, name: str, *more: str) -> str:
    """Record a customer; returns the id."""
    return str(run_here("carnet-node", data, "customers", "add", "--name", name, *more)["id"])


def sync(*machines: Path) -> None:
    """One round of each."""
    for data in machines:
        run_here("carnet-node", data, "sync")


def shown_names(data: Path) -> set[str]:
    """The names of all customers, as they lie in the machine's database."""
    with looking_into(data / "node.db") as database:
        rows = database.execute("SELECT full_name FROM customer WHERE full_name IS NOT NULL").fetchall()
    return {name for (name,) in rows}


def decide(hub: Service, stolen: str, honest_until: int, customer: str) -> None:
    """What happens after the copy: a theft is reported, and a person asks to be erased."""
    why = ("--reason", "stolen on the way home", "--compromised-from", str(honest_until))
    run_here("carnet-hub", hub.data, "nodes", "revoke", stolen, *why, "--yes")
    run_here("carnet-hub", hub.data, "erase", customer, "--ground", "request", "--yes")


def lose_disk(hub: Service) -> None:
    """The hub dies, and its database with it; the keys were in the safe."""
    hub.kill()
    for path in hub.data.glob("hub.db*"):
        path.unlink()


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yesterday]:
    """The whole story, told once."""
    folder = tmp_path_factory.mktemp("yesterday")
    copies = folder / "copies"
    copies.mkdir()
    settings = {"CARNET_HUB_BACKUP_COPY_TO": str(copies)}
    hub = Service("carnet-hub", folder / "hub", free_port(), settings=settings)
    run_here("carnet-hub", hub.data, "init")
    run_here("carnet-hub", hub.data, "dealers", "add", "A001", "Probe")
    with running(hub):
        desk = join(hub, folder / "desk")
        honest = nodes(hub)
        stolen = join(hub, folder / "stolen")
        (stolen_id,) = nodes(hub) - honest
        erased = add(desk, ERASED, "--phone", PHONE)
        add(desk, "Kept")
        add(stolen, "Honest")
        sync(desk, stolen)
        honest_until = position(hub)
        add(stolen, "Invented")
        sync(stolen, desk)
        must_run("carnet-hub", hub.data, "backup", "now", settings=settings)
        add(desk, "Since")
        decide(hub, stolen_id, honest_until, erased)
        sync(desk, desk)
        lose_disk(hub)
        restored = must_run("carnet-hub", hub.data, "restore", settings=settings)
        hub.start()
        sync(desk, desk)
        yield Yesterday(
            hub,
            desk,
            restored,
            shown_names(desk),
            run_program("carnet-node", stolen, "sync"),
            (hub.data, hub.log, desk),
        )


def test_no_newer_backup_helped(yesterday: Yesterday):
    """The copy is the only backup there is: what holds again, nodes have brought back."""
    assert (yesterday.restored["orders"], yesterday.restored["unread"]) == (0, [])


def test_the_stolen_machine_is_turned_away(yesterday: Yesterday):
    """The revocation holds: nothing of the stolen machine is taken."""
    assert yesterday.stolen.code != 0
    assert "suspended-node" in yesterday.stolen.text


def test_what_the_thief_wrote_has_no_effect(yesterday: Yesterday):
    """Work behind the position is out again, work before it stays, and what was recorded since is back."""
    assert yesterday.names == {"Kept", "Honest", "Since"}


def test_what_was_excluded_can_be_confirmed(yesterday: Yesterday):
    """The site sees the excluded work, so that honest work among it is not lost."""
    listed = run_here("carnet-node", yesterday.desk, "excluded", "list")

    assert [len(one["changes"]) for one in listed] == [1]


def test_the_erased_values_are_in_no_file(yesterday: Yesterday):
    """The erasure holds: no table, index, log, write-ahead log or output has the values."""
    assert hiding_in(yesterday.written, (ERASED, PHONE)) == []


def test_the_erasure_is_confirmed_anew(yesterday: Yesterday):
    """The order stands in the restored log, and the machine has confirmed it in the new history."""
    (order,) = run_here("carnet-hub", yesterday.hub.data, "erasures", "list")

    assert (order["ground"], order["confirmed"], order["missing"]) == ("request", 1, 0)


def test_everything_verifies(yesterday: Yesterday):
    """The hub's log is signed and whole, its tables are what it folds to, and the machine agrees."""
    log = run_here("carnet-hub", yesterday.hub.data, "log", "verify")
    tables = run_here("carnet-hub", yesterday.hub.data, "rebuild", "--check")
    machine = run_here("carnet-node", yesterday.desk, "rebuild", "--check")

    assert (log["is_valid"], tables["difference_count"], machine["differences"]) == (True, 0, [])
