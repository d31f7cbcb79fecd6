"""What a dealer reads when keys, passphrases, backups, databases or disks fail: three sentences, and nothing changed.

One row a failure: what is broken, which command is typed, which code comes back. The commands are the real ones, on a
real database with a real copy and a real replica. Whatever the failure, every file is afterwards as it was.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.breaking import bend, cut, each, kept, largest_first, private, replace_key, sentences_of
from support.cli_node import enrol_folder
from support.fake_hub import FakeHub
from support.node_backups import supervise_until_confirmed
from support.small_disk import fill, small_disk
from support.typed_node import TypedNode

COPY_TO = "CARNET_NODE_BACKUP_COPY_TO"
REPLICATE_TO = "CARNET_NODE_BACKUP_REPLICATE_TO"
DISK_BYTES = 96 * 1024 * 1024
"""More than a restore wants to stay free."""

DOCUMENT_NO = "K7Q4XZ20260007"


@dataclass(frozen=True)
class Broken:
    """A folder in which something is about to be broken."""

    folder: Path

    @property
    def node(self) -> TypedNode:
        """Its commands."""
        return TypedNode(self.folder / "data")

    def key(self, name: str) -> Path:
        """A file beside the keys."""
        return self.folder / "data" / "keys" / name

    @property
    def database(self) -> Path:
        """The living database."""
        return self.folder / "data" / "node.db"

    @property
    def copy(self) -> Path:
        """The encrypted copy."""
        (found,) = (self.folder / "copies").iterdir()
        return found

    @property
    def replica(self) -> list[Path]:
        """The files of the replica, the largest first."""
        return largest_first(self.folder / "replica")

    def lose_database(self) -> None:
        """What a dead disk takes."""
        for path in self.database.parent.glob("node.db*"):
            path.unlink()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with a secret value, an encrypted copy, a replica and a printed sheet; made once."""
    folder = tmp_path_factory.mktemp("broken")
    enrol_folder(folder)
    (folder / "copies").mkdir()
    node = TypedNode(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(COPY_TO, str(folder / "copies"))
        node("customers", "add", "--name", "Somebody", "--set", "id_type=other", "--set", f"id_no={DOCUMENT_NO}")
        private(folder / "sheet", node("keys", "recovery")["recovery_passphrase"])
        node("backup", "now")
        (folder / "replica").mkdir()
        patch.setenv(REPLICATE_TO, str(folder / "replica"))
        supervise_until_confirmed(folder / "data", head=1)
    shutil.rmtree(folder / "data" / "backup")
    return folder


@pytest.fixture
def broken(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Broken:
    """A copy of it, with both targets set."""
    shutil.copytree(template, tmp_path / "node")
    monkeypatch.setenv(COPY_TO, str(tmp_path / "node" / "copies"))
    monkeypatch.setenv(REPLICATE_TO, str(tmp_path / "node" / "replica"))
    return Broken(tmp_path / "node")


def without_database(then: Callable[[Broken], object]) -> Callable[[Broken], None]:
    """The database is lost, and something besides."""

    def both(broken: Broken) -> None:
        broken.lose_database()
        then(broken)

    return both


def without_keys(then: Callable[[Broken], object]) -> Callable[[Broken], None]:
    """The machine is a new one: neither database nor keys."""

    def both(broken: Broken) -> None:
        shutil.rmtree(broken.folder / "data")
        then(broken)

    return both


ADD_CUSTOMER = ("customers", "add", "--name", "Other", "--set", "id_type=other", "--set", f"id_no={DOCUMENT_NO}")

Case = tuple[str, Callable[[Broken], object], tuple[str, ...], str]

CASES: tuple[Case, ...] = (
    ("no signing key", lambda one: one.key("signing.key").unlink(), ("status",), "keys-unreadable"),
    ("no exchange key", lambda one: one.key("exchange.key").unlink(), ("status",), "keys-unreadable"),
    ("no data key", lambda one: one.key("data.key").unlink(), ("status",), "keys-unreadable"),
    ("a cut key", lambda one: cut(one.key("signing.key"), 31), ("sync",), "keys-unreadable"),
    ("a key others may read", lambda one: one.key("data.key").chmod(0o644), ("status",), "keys-unreadable"),
    ("another machine's signing key", lambda one: replace_key(one.key("signing.key")), ("status",), "foreign-keys"),
    ("another data key", lambda one: replace_key(one.key("data.key")), ADD_CUSTOMER, "keys-unreadable"),
    ("another data key, copied", lambda one: replace_key(one.key("data.key")), ("backup", "now"), "keys-unreadable"),
    ("another data key, drilled", lambda one: replace_key(one.key("data.key")), ("backup", "drill"), "keys-unreadable"),
    ("another exchange key", lambda one: replace_key(one.key("exchange.key")), ("status",), "keys-unreadable"),
    (
        "damaged former keys",
        lambda one: one.key("signing.former").write_bytes(b"x"),
        ("backup", "now"),
        "keys-unreadable",
    ),
    (
        "a damaged mark",
        lambda one: one.key("high-water.json").write_bytes(b"{"),
        ("bundle", "export", "stick"),
        "high-water-unreadable",
    ),
    (
        "damaged numbers of epochs",
        lambda one: one.key("epochs.json").write_bytes(b"{"),
        ("rejoin", "--take-over", "--yes"),
        "high-water-unreadable",
    ),
    (
        "a wrong passphrase for a lost key",
        lambda one: one.key("data.key").unlink(),
        ("keys", "recover", "--passphrase-file", "wrong"),
        "keys-unreadable",
    ),
    ("a data key is there", lambda one: None, ("keys", "recover", "--passphrase-file", "sheet"), "keys-unreadable"),
    ("no passphrase file", lambda one: None, ("keys", "check", "--passphrase-file", "nowhere"), "keys-unreadable"),
    (
        "a wrong passphrase on a new machine",
        without_keys(lambda one: None),
        ("restore", "--from", "copy", "--recovery-file", "wrong"),
        "keys-unreadable",
    ),
    (
        "a wrong passphrase for a replica",
        without_keys(lambda one: None),
        ("restore", "--from", "litestream", "--recovery-file", "wrong"),
        "keys-unreadable",
    ),
    (
        "no passphrase on a new machine",
        without_keys(lambda one: None),
        ("restore", "--from", "litestream"),
        "keys-unreadable",
    ),
    (
        "a passphrase file others may read",
        without_keys(lambda one: (one.folder / "sheet").chmod(0o644)),
        ("restore", "--from", "copy", "--recovery-file", "sheet"),
        "backup-settings",
    ),
    ("a database that is there", lambda one: None, ("restore", "--from", "copy"), "database-exists"),
    ("a lost database", lambda one: one.lose_database(), ("customers", "list"), "database-gone"),
    ("a database without keys", lambda one: shutil.rmtree(one.key("")), ("init",), "already-enrolled"),
    ("keys without a database", lambda one: one.lose_database(), ("init",), "already-enrolled"),
    (
        "keys where a new machine is wanted",
        lambda one: one.lose_database(),
        ("enrol", "code", "--hub", "http://127.0.0.1:9", "--recover", "--from", "hub"),
        "already-enrolled",
    ),
    (
        "a folder that `init` made, where a lost machine is to come back",
        without_keys(lambda one: one.node("init")),
        ("enrol", "code", "--hub", "http://127.0.0.1:9", "--recover", "--from", "copy", "--recovery-file", "sheet"),
        "already-enrolled",
    ),
    ("a database that is none", lambda one: one.database.write_bytes(b"x" * 8192), ("status",), "store-broken"),
    ("a cut database", lambda one: cut(one.database, 20_000), ("status",), "store-broken"),
    (
        "a cut copy",
        without_database(lambda one: cut(one.copy, one.copy.stat().st_size - 40)),
        ("restore", "--from", "copy"),
        "copy-damaged",
    ),
    ("an empty copy", without_database(lambda one: cut(one.copy, 0)), ("restore", "--from", "copy"), "copy-damaged"),
    ("a changed copy", without_database(lambda one: bend(one.copy, -1)), ("restore", "--from", "copy"), "copy-damaged"),
    (
        "another key than the copy's",
        without_database(lambda one: replace_key(one.key("data.key"))),
        ("restore", "--from", "copy"),
        "wrong-key",
    ),
    (
        "another key than the replica's",
        without_database(lambda one: replace_key(one.key("data.key"))),
        ("restore", "--from", "litestream"),
        "keys-unreadable",
    ),
    (
        "a cut replica",
        without_database(lambda one: each(one.replica, lambda path: cut(path, path.stat().st_size // 2))),
        ("restore", "--from", "litestream"),
        "copy-damaged",
    ),
    (
        "a changed replica",
        without_database(lambda one: each(one.replica, lambda path: bend(path, path.stat().st_size // 2))),
        ("restore", "--from", "litestream"),
        "copy-damaged",
    ),
    (
        "a replica without its files",
        without_database(lambda one: each(one.replica, Path.unlink)),
        ("restore", "--from", "litestream"),
        "nothing-to-restore",
    ),
    (
        "no backup as old as that",
        without_database(lambda one: None),
        ("restore", "--from", "copy", "--at", "2001-01-01T00:00:00Z"),
        "nothing-to-restore",
    ),
    (
        "no replica as old as that",
        without_database(lambda one: None),
        ("restore", "--from", "litestream", "--at", "2001-01-01T00:00:00Z"),
        "nothing-to-restore",
    ),
    (
        "no copy of that name",
        without_database(lambda one: None),
        ("restore", "--name", "carnet-node-nothing.backup"),
        "nothing-to-restore",
    ),
    (
        "a target that is gone",
        lambda one: shutil.rmtree(one.folder / "copies"),
        ("backup", "now"),
        "backup-target",
    ),
)


@pytest.mark.parametrize(("what", "break_it", "command", "code"), CASES, ids=[one[0] for one in CASES])
def test_a_failure_is_told_and_changes_nothing(
    broken: Broken, what: str, break_it: Callable[[Broken], object], command: tuple[str, ...], code: str
):
    """What happened, what is safe, what to do next; the exit code is 1, and every file is as it was."""
    private(broken.folder / "wrong", "0000-0000-0000-0000-0000-0000")
    break_it(broken)
    before = kept(broken.folder)
    files = ("sheet", "wrong", "stick", "nowhere")
    typed = [str(broken.folder / one) if one in files else FakeHub().code if one == "code" else one for one in command]

    node = broken.node
    told = node(*typed)["error"]

    assert (node.code, told["code"]) == (1, code), what
    assert sentences_of(told)
    assert kept(broken.folder) == before


def test_who_mistypes_the_passphrase_is_sent_to_the_sheet(broken: Broken):
    """The advice is about the sheet: no file is in the wrong place, and no mode is wrong."""
    shutil.rmtree(broken.folder / "data")
    wrong = private(broken.folder / "wrong", "0000-0000-0000-0000-0000-0000")

    told = broken.node("restore", "--from", "copy", "--recovery-file", str(wrong))["error"]

    assert told["what"] == "This recovery passphrase does not open data.recovery, or that file is damaged."
    assert "sheet" in told["next"]
    assert "mode" not in told["next"]


@pytest.mark.parametrize(("name", "advice"), [("data.key", "keys recover"), ("signing.key", "enrol --recover")])
def test_the_advice_fits_the_key_that_is_missing(broken: Broken, name: str, advice: str):
    """A passphrase brings a data key back and no other; a machine without a line key goes on as a new one."""
    broken.key(name).unlink()

    told = broken.node("status")["error"]

    assert [one for one in ("keys recover", "enrol --recover") if one in told["next"]] == [advice]


def test_people_read_the_same_three_sentences(broken: Broken):
    """Without `--json` they are the last lines on the terminal."""
    broken.lose_database()
    cut(broken.copy, 100)

    told = broken.node("restore", "--from", "copy")["error"]
    lines = broken.node.complained("restore", "--from", "copy")

    assert lines[-3:] == [told["what"], told["safe"], told["next"]]


@pytest.fixture
def disk(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """The same on a small disk that is nearly full, its backups elsewhere."""
    for name, variable in (("copies", COPY_TO), ("replica", REPLICATE_TO)):
        shutil.copytree(template / name, tmp_path / name)
        monkeypatch.setenv(variable, str(tmp_path / name))
    with small_disk(tmp_path / "disk", DISK_BYTES) as place:
        shutil.copytree(template / "data", place / "data")
        yield Broken(place)


@pytest.mark.parametrize("origin", ["copy", "litestream"])
def test_a_restore_on_a_full_disk_places_nothing_and_works_with_room(disk: Broken, origin: str):
    """The refusal says that the disk is full, nothing half-written stays, and the same command works with room."""
    disk.lose_database()
    before = kept(disk.folder)
    filler = fill(disk.folder, leave=100_000)

    refused = disk.node("restore", "--from", origin)["error"]
    filler.unlink()
    after = kept(disk.folder)
    restored = disk.node("restore", "--from", origin)

    assert refused["code"] == "disk-full"
    assert sentences_of(refused)
    assert after == before
    assert restored["sets"] == 1


def test_a_copy_that_finds_no_room_is_told_and_leaves_none(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With the target full, no cut copy appears under a name that a restore would trust."""
    shutil.copytree(template / "data", tmp_path / "data")
    with small_disk(tmp_path / "disk") as place:
        monkeypatch.setenv(COPY_TO, str(place))
        fill(place, leave=1_000)

        refused = TypedNode(tmp_path / "data")("backup", "now")["error"]

        assert refused["code"] in ("disk-full", "backup-target")
        assert sentences_of(refused)
        assert [one.name for one in place.iterdir() if one.name.startswith("carnet-")] == []
