"""A node's backups at the command line: made, listed, tried, and brought back without ever overwriting anything."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from carnet_node.adapters.fetching import erasures_in
from carnet_node.adapters.store import driver
from carnet_node.bootstrap import open_installation
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.settings import NodeSettings
from support.cli_node import CliNode
from support.fake_hub import FakeHub
from support.node_backups import add_customer, files_below, lose_database, supervise_until_confirmed


def changed_bytes(path: Path, at: int) -> bytes:
    """The content of a file with one byte changed."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    return bytes(content)


def test_a_copy_is_made_and_listed(node: CliNode, copies: Path):
    """`backup now` stores a copy, `backup list` names it, `backup status` tells when."""
    add_customer(node)

    made = node("backup", "now")

    assert [one["name"] for one in node("backup", "list")] == [made["name"]]
    status = node("backup", "status")
    assert (status["copies"]["last"], status["copies"]["head"], status["is_fine"]) == (made["name"], 1, True)


def test_nothing_set_up_is_told(node: CliNode):
    """Without a target `backup now` is refused, and `doctor` says that a backup is worth having."""
    refused = node("backup", "now")

    assert (node.code, refused["error"]["code"]) == (1, "backup-settings")
    told = {one["name"]: one["grade"] for one in node("doctor")["findings"]}
    assert told["backups"] == "watch"


def test_a_target_that_is_set_and_never_ran_is_not_told_as_none(node: CliNode, copies: Path):
    """Before the first `serve` the status asks for it, instead of saying that no target is set."""
    status = node("backup", "status")
    told = {one["name"]: one["next"] for one in node("doctor")["findings"]}
    node.run("backup", "status")

    assert [one["next"] for one in status["concerns"]] == ["Start `serve`."]
    assert told["backups"] == "Start `serve`."
    assert node.said == "!           A target is set, and nothing was stored there yet. Start `serve`.\n"


def test_a_replica_is_listed_although_the_copies_have_no_answer(
    node: CliNode, copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What can be restored is shown, the other target is named on stderr, and the exit code says it is not all."""
    (tmp_path / "replica").mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_REPLICATE_TO", str(tmp_path / "replica"))
    supervise_until_confirmed(node.data, head=0)
    shutil.rmtree(copies)

    listed = node("backup", "list")

    assert ([one["kind"] for one in listed], node.code) == (["litestream"], 1)
    assert str(copies) in node.complained


def test_a_drill_restores_and_compares(node: CliNode, copies: Path):
    """A drill opens the newest copy, agrees with the living database, and leaves only its result behind."""
    add_customer(node)
    node("backup", "now")
    add_customer(node, "Later person")
    before = files_below(node.data / "keys")

    (drill,) = node("backup", "drill")["drills"]

    assert (drill["is_ok"], drill["entries"], drill["problem"]) == (True, 1, None)
    assert files_below(node.data / "keys") == before
    assert [one.name for one in (node.data / "backup").iterdir()] == ["status.json"]


def test_a_drill_finds_a_copy_of_another_history(node: CliNode, copies: Path):
    """A copy whose log is not the living one fails the drill, and the exit code says so."""
    add_customer(node)
    node("backup", "now")
    with closing(driver.connect(node.data / "node.db")) as connection:
        connection.execute("UPDATE own_set SET set_hash = zeroblob(32)")
        connection.commit()

    (drill,) = node("backup", "drill")["drills"]

    assert (node.code, drill["is_ok"]) == (1, False)
    assert "another one" in drill["problem"]
    assert node.run("backup", "status") == 1


def test_a_lost_database_comes_back(node: CliNode, copies: Path):
    """After a restore the work of the copy is there, every check passes, and the database is marked as restored."""
    customer = add_customer(node)
    node("backup", "now")
    lose_database(node)

    restored = node("restore")

    assert (node.code, restored["kind"], restored["sets"], restored["is_same_machine"]) == (0, "copy", 1, True)
    assert node("customers", "show", customer)["customer"]["id"] == customer
    assert node("rebuild", "--check")["differences"] == []
    with open_installation(NodeSettings(data_dir=node.data)).store.read() as tx:
        assert load_rejoin(tx).restored_ms is not None


def test_an_existing_database_is_never_overwritten(node: CliNode, copies: Path):
    """A restore beside a database is refused, and no file changes."""
    node("backup", "now")
    add_customer(node)
    before = files_below(node.data)

    refused = node("restore")

    assert (node.code, refused["error"]["code"]) == (1, "database-exists")
    assert "Move it" in refused["error"]["next"]
    assert files_below(node.data) == before


@pytest.mark.parametrize("at", [3, 200, -1])
def test_a_damaged_copy_is_refused_and_nothing_is_placed(node: CliNode, copies: Path, at: int):
    """A copy with a changed byte is refused in words, and the empty place stays empty."""
    add_customer(node)
    path = copies / node("backup", "now")["name"]
    path.write_bytes(changed_bytes(path, at))
    lose_database(node)

    refused = node("restore")

    assert (node.code, refused["error"]["code"]) == (1, "copy-damaged")
    assert not (node.data / "node.db").exists()
    assert all(refused["error"][name] for name in ("what", "safe", "next"))


def test_a_truncated_copy_is_refused_and_an_older_one_works(node: CliNode, copies: Path):
    """When the newest copy is cut off, the restore says so, and the one before can be named."""
    customer = add_customer(node)
    older = node("backup", "now")["name"]
    newest = copies / node("backup", "now")["name"]
    newest.write_bytes(newest.read_bytes()[:-40])
    lose_database(node)

    refused = node("restore")
    restored = node("restore", "--name", older)

    assert refused["error"]["code"] == "copy-damaged"
    assert restored["origin"] == older
    assert node("customers", "show", customer)["customer"]["id"] == customer


def test_a_folder_without_its_key_is_told_what_is_needed(node: CliNode, copies: Path):
    """A new machine needs the printed passphrase, and the refusal says so before anything is made."""
    node("backup", "now")
    other = CliNode(node.folder / "new", node.capsys)

    refused = other("restore")

    assert (other.code, refused["error"]["code"]) == (1, "keys-unreadable")
    assert "recovery passphrase" in refused["error"]["what"]
    assert not (other.data / "node.db").exists()
    assert not (other.data / "keys").exists()


def test_a_new_machine_restores_with_the_printed_passphrase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """With the passphrase of the printed sheet a new machine gets the work back, with keys of its own."""
    old, passphrase = enrolled_with_passphrase(tmp_path, capsys)
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_COPY_TO", str(copies))
    customer = add_customer(old)
    old("backup", "now")
    new = CliNode(tmp_path / "new", capsys)
    wrong, right = private_file(tmp_path / "wrong", "0000-0000"), private_file(tmp_path / "right", passphrase)

    refused = new("restore", "--recovery-file", wrong)
    restored = new("restore", "--recovery-file", right)

    assert refused["error"]["code"] == "keys-unreadable"
    assert (restored["is_same_machine"], restored["sets"]) == (False, 1)
    keys = {name: (new.data / "keys" / name).read_bytes() for name in ("data.key", "signing.key")}
    assert keys["data.key"] == (old.data / "keys" / "data.key").read_bytes()
    assert keys["signing.key"] != (old.data / "keys" / "signing.key").read_bytes()
    with closing(driver.connect(new.data / "node.db")) as connection:
        assert connection.execute("SELECT count(*) FROM customer WHERE id = ?", (bytes.fromhex(hexed(customer)),))


def enrolled_with_passphrase(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[CliNode, str]:
    """An enrolled node and its printed passphrase."""
    hub, node = FakeHub(), CliNode(folder / "old", capsys)
    node.folder.mkdir()
    (folder / "hub.card").write_bytes(hub.card())
    node.run("init")
    node.run("enrol", hub.code, "--card-file", folder / "hub.card", "--request-file", folder / "request")
    signing_key = open_installation(NodeSettings(data_dir=node.data)).keyring.signing_public
    (folder / "answer").write_bytes(hub.answer_enrol((folder / "request").read_bytes(), signing_key))
    return node, node("enrol", hub.code, "--answer-file", folder / "answer")["recovery_passphrase"]


def private_file(path: Path, text: str) -> Path:
    """A file of mode 600."""
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def hexed(record: str) -> str:
    """A record id as hexadecimal text."""
    return record.replace("-", "")


def test_a_passphrase_file_open_to_others_is_refused(node: CliNode, copies: Path, monkeypatch: pytest.MonkeyPatch):
    """A backup passphrase that others can read is refused before a copy is made."""
    path = private_file(node.folder / "passphrase", "correct horse")
    path.chmod(0o644)
    monkeypatch.setenv("CARNET_NODE_BACKUP_PASSPHRASE_FILE", str(path))

    refused = node("backup", "now")

    assert (node.code, refused["error"]["code"]) == (1, "backup-settings")
    assert list(copies.iterdir()) == []


def test_a_wrong_backup_passphrase_is_told(node: CliNode, copies: Path, monkeypatch: pytest.MonkeyPatch):
    """A copy under another backup passphrase is refused as such, and nothing is placed."""
    name = "CARNET_NODE_BACKUP_PASSPHRASE_FILE"
    monkeypatch.setenv(name, str(private_file(node.folder / "one", "correct horse")))
    node("backup", "now")
    lose_database(node)
    monkeypatch.setenv(name, str(private_file(node.folder / "two", "wrong horse")))

    refused = node("restore")

    assert (node.code, refused["error"]["code"]) == (1, "wrong-key")
    assert not (node.data / "node.db").exists()


def test_a_database_that_does_not_verify_is_not_placed(node: CliNode, copies: Path):
    """A copy of a database whose log was changed is whole as a file, and is refused all the same."""
    add_customer(node)
    with closing(driver.connect(node.data / "node.db")) as connection:
        connection.execute("UPDATE own_set SET message = zeroblob(100)")
        connection.commit()
    node("backup", "now")
    lose_database(node)

    refused = node("restore")

    assert (node.code, refused["error"]["code"]) == (1, "database-damaged")
    assert "set 1" in refused["error"]["what"]
    assert not (node.data / "node.db").exists()


def test_a_later_erasure_holds_after_a_restore_to_an_earlier_time(node: CliNode, copies: Path):
    """Restoring to a moment before an erasure applies the erasure that a newer backup knows."""
    customer = add_customer(node, "Erased person")
    early = node("backup", "now")["name"]
    with closing(driver.connect(node.data / "node.db")) as connection:
        record = bytes.fromhex(hexed(customer))
        connection.execute("INSERT INTO erased_groups (record, groups) VALUES (?, 1)", (record,))
        connection.commit()
    node("backup", "now")
    lose_database(node)

    restored = node("restore", "--name", early)

    assert restored["erasures"] == 1
    assert erasures_in(node.data / "node.db") == [(record, 1)]
    assert b"Erased person" not in b"".join(one.read_bytes() for one in node.data.glob("node.db*"))


def test_the_status_of_a_copied_folder_is_plain_json(node: CliNode, copies: Path):
    """The status file beside the database is JSON that any monitoring program reads."""
    node("backup", "now")

    content = json.loads((node.data / "backup" / "status.json").read_text())

    assert content["copies"]["target"] == str(copies)
    shutil.rmtree(node.data / "backup")
    assert node("backup", "status")["copies"] is None


def test_a_database_of_several_keys_comes_back(node: CliNode, copies: Path):
    """Work signed before and after a change of the signing key verifies in a drill and in a restore."""
    add_customer(node)
    node("keys", "rotate")
    add_customer(node, "Under the new key")
    node("backup", "now")

    (drill,) = node("backup", "drill")["drills"]
    lose_database(node)
    restored = node("restore")

    assert drill["problem"] is None
    assert restored["is_same_machine"]
    assert restored["sets"] >= 3
