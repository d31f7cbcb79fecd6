"""A dealer's machine is lost: the real commands against a real hub bring its work to another machine, whole.

One hub serves all tests; each has a dealer site of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from support.programs import Service, free_port, run_here, running
from support.typed_node import TypedNode

_sites = count(1)


@dataclass(frozen=True)
class Site:
    """A dealer site of the hub, and a folder for its machines and backups."""

    hub: Service
    code: str
    folder: Path

    def invite(self) -> str:
        """A code for one more machine."""
        return str(run_here("carnet-hub", self.hub.data, "dealers", "invite", self.code)["code"])

    def recovery_code(self) -> str:
        """A code for the data key of a lost machine."""
        return str(run_here("carnet-hub", self.hub.data, "dealers", "recovery-code", self.code)["code"])

    def machine(self, name: str = "old") -> tuple[TypedNode, Path]:
        """An enrolled machine, and its printed passphrase in a private file."""
        desk = TypedNode(self.folder / name)
        desk("init")
        passphrase = desk("enrol", self.invite(), "--hub", self.hub.url)["recovery_passphrase"]
        return desk, private_file(self.folder / f"{name}.passphrase", passphrase)

    def empty(self, name: str = "new") -> TypedNode:
        """A machine on which nothing was set up."""
        return TypedNode(self.folder / name)


def private_file(path: Path, text: str) -> Path:
    """A file of mode 600."""
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def add(desk: TypedNode, *names: str) -> None:
    """Record customers."""
    for name in names:
        desk("customers", "add", "--name", name)


def files_below(folder: Path) -> Mapping[str, bytes]:
    """Every file with its content; none for a folder that is not there."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A hub that serves."""
    service = Service("carnet-hub", tmp_path_factory.mktemp("lost") / "hub", free_port())
    run_here("carnet-hub", service.data, "init")
    with running(service):
        yield service


@pytest.fixture
def site(hub: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose encrypted copies go to a folder of its own."""
    code = f"L{next(_sites):03}"
    run_here("carnet-hub", hub.data, "dealers", "add", code, f"Site {code}")
    (tmp_path / "copies").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_COPY_TO", str(tmp_path / "copies"))
    return Site(hub, code, tmp_path)


def test_a_copy_and_the_passphrase_bring_everything_to_a_new_machine(site: Site):
    """What was sent, and what had only been saved before the backup, is all there after one command."""
    old, passphrase = site.machine()
    add(old, "Sent")
    old("sync")
    add(old, "Only saved")
    old("backup", "now")
    new = site.empty()

    told = new("enrol", site.invite(), "--hub", site.hub.url, "--recover", "--recovery-file", passphrase)

    assert (new.code, told["emitted_again"], told["sent"], told["is_synced"]) == (0, 1, 1, True)
    assert new.names() == {"Sent", "Only saved"}
    assert new("rebuild", "--check")["differences"] == []


def test_the_hub_gives_the_key_where_the_sheet_is_lost(site: Site):
    """Two codes of the operator stand in for the passphrase: one to be let in, one for the data key."""
    old, _ = site.machine()
    add(old, "Sent")
    old("sync")
    add(old, "Only saved")
    old("backup", "now")
    key = (old.data / "keys" / "data.key").read_bytes()
    new = site.empty()

    told = new("enrol", site.invite(), "--hub", site.hub.url, "--recover", "--recovery-code", site.recovery_code())

    assert (new.code, told["emitted_again"], told["is_synced"]) == (0, 1, True)
    assert new.names() == {"Sent", "Only saved"}
    assert (new.data / "keys" / "data.key").read_bytes() == key


def test_without_any_backup_the_hub_gives_back_what_it_has(site: Site):
    """A node is rebuilt from the hub alone, in one command; what had never left the lost machine is gone."""
    old, _ = site.machine()
    add(old, "First", "Second")
    old("sync")
    add(old, "Never left")
    new = site.empty()

    told = new("enrol", site.invite(), "--hub", site.hub.url, "--recover", "--from", "hub")

    assert (new.code, told["origin"], told["is_synced"]) == (0, None, True)
    assert new.names() == {"First", "Second"}
    add(new, "Third")
    assert new("sync")["sent"] == 1


def test_the_disk_of_another_machine_is_taken_over(site: Site):
    """The data folder of a machine that is given up is a source like any backup, with its key beside it."""
    old, _ = site.machine()
    add(old, "Sent")
    old("sync")
    add(old, "Only saved")
    new = site.empty()

    told = new("enrol", site.invite(), "--hub", site.hub.url, "--recover", "--from", old.data)

    assert (new.code, told["origin"], told["emitted_again"]) == (0, str(old.data), 1)
    assert new.names() == {"Sent", "Only saved"}


def test_a_disk_that_has_lost_its_signing_key_is_a_source_too(site: Site):
    """What was recorded under a key that is gone for good is proved, and sealed again under the new machine's."""
    old, _ = site.machine()
    add(old, "Only saved")
    (old.data / "keys" / "signing.key").unlink()
    refused = old("status")
    new = site.empty()

    told = new("enrol", site.invite(), "--hub", site.hub.url, "--recover", "--from", old.data)

    assert "--from" in refused["error"]["next"]
    assert (new.code, told["emitted_again"], told["is_synced"]) == (0, 1, True)
    assert new.names() == {"Only saved"}


def test_the_old_machine_is_told_and_its_stick_is_welcome(site: Site):
    """The old PC wakes up: it stops, says why, hands its work over; and a stick from its drawer is taken."""
    old, passphrase = site.machine()
    add(old, "Sent")
    old("sync")
    old("backup", "now")
    add(old, "On the stick")
    stick = site.folder / "old.carnet"
    old("bundle", "export", stick)
    new = site.empty()
    new("enrol", site.invite(), "--hub", site.hub.url, "--recover", "--recovery-file", passphrase)
    add(old, "After the move")

    run_here("carnet-hub", site.hub.data, "bundle", "import", stick)
    from_stick = new("sync") and new.names()
    woken = old("sync")
    refused = old("customers", "add", "--name", "Too late")
    new("sync")

    assert from_stick == {"Sent", "On the stick"}
    assert woken["situation"] == "superseded"
    assert refused["error"]["code"] == "superseded-epoch"
    assert all(refused["error"][name] for name in ("what", "safe", "next"))
    assert new.names() == {"Sent", "On the stick", "After the move"}


def test_a_wrong_passphrase_costs_neither_code_nor_file(site: Site):
    """The refusal says so, nothing is left in the folder, and the same code works with the right sheet."""
    old, passphrase = site.machine()
    add(old, "Somebody")
    old("backup", "now")
    wrong = private_file(site.folder / "wrong", "0000-0000-0000-0000-0000-0000")
    new, code = site.empty(), site.invite()

    refused = new("enrol", code, "--hub", site.hub.url, "--recover", "--recovery-file", wrong)
    left = files_below(new.data)
    told = new("enrol", code, "--hub", site.hub.url, "--recover", "--recovery-file", passphrase)

    assert refused["error"]["code"] == "keys-unreadable"
    assert left == {}
    assert told["is_synced"]
    assert new.names() == {"Somebody"}


def test_a_code_that_is_no_recovery_code_costs_nothing(site: Site):
    """With the machine let in and the data key refused, the same first code goes on with the right second one."""
    old, _ = site.machine()
    add(old, "Somebody")
    old("backup", "now")
    new, code = site.empty(), site.invite()
    recover = ("enrol", code, "--hub", site.hub.url, "--recover", "--recovery-code")

    refused = new(*recover, site.invite())
    told = new(*recover, site.recovery_code())

    assert refused["error"]["code"] == "bad-code"
    assert (told["emitted_again"], told["is_synced"]) == (1, True)
    assert new.names() == {"Somebody"}


def test_a_broken_line_half_way_costs_nothing(site: Site):
    """With the database in place and nobody let in, the same command goes on from there."""
    old, passphrase = site.machine()
    add(old, "Somebody")
    old("backup", "now")
    new, code = site.empty(), site.invite()
    nobody = f"http://127.0.0.1:{free_port()}"

    refused = new("enrol", code, "--hub", nobody, "--recover", "--recovery-file", passphrase)
    told = new("enrol", code, "--hub", site.hub.url, "--recover", "--recovery-file", passphrase)

    assert (refused["error"]["code"], told["emitted_again"], told["is_synced"]) == ("no-hub-there", 1, True)
    assert new.names() == {"Somebody"}


def written_in(folder: Path, text: str) -> set[str]:
    """The files below a folder that hold a text in clear."""
    return {one.name for one in folder.rglob("*") if one.is_file() and text.encode() in one.read_bytes()}


def erase(site: Site, customer: str) -> None:
    """Erase a customer at the hub."""
    run_here("carnet-hub", site.hub.data, "erase", customer, "--ground", "request", "--yes")


def lose_database(machine: TypedNode) -> None:
    """What a dead disk takes."""
    for path in machine.data.glob("node.db*"):
        path.unlink()


def test_an_erasure_that_a_newer_backup_knows_holds_before_any_contact(site: Site):
    """A restore to a time before an erasure takes the value out before the database gets its name."""
    machine, _ = site.machine()
    customer = machine("customers", "add", "--name", "Canary Erased")["id"]
    machine("sync")
    early = machine("backup", "now")["name"]
    erase(site, customer)
    machine("sync")
    machine("backup", "now")
    lose_database(machine)

    restored = machine("restore", "--name", early)

    assert restored["erasures"] == 1
    assert written_in(machine.data, "Canary Erased") == set()


def test_an_erasure_that_no_backup_knows_holds_from_the_first_contact(site: Site):
    """Before the first contact nothing can be written; with it the order comes, and the value is in no file."""
    machine, _ = site.machine()
    customer = machine("customers", "add", "--name", "Canary Later")["id"]
    machine("sync")
    machine("backup", "now")
    erase(site, customer)
    machine("sync")
    lose_database(machine)
    machine("restore")

    refused = machine("customers", "add", "--name", "Too early")
    machine("sync")
    machine("sync")

    assert refused["error"]["code"] == "rejoining"
    assert written_in(machine.data, "Canary Later") == set()
    assert machine("rebuild", "--check")["differences"] == []
