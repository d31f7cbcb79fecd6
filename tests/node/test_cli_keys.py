"""`carnet-node keys`: a passphrase printed anew and checked, and a lost data key put back over nothing."""

from contextlib import closing
from pathlib import Path

import pytest

from carnet_node.adapters.keyring import DATA_FILE, KEY_FILES
from carnet_storage.adapters.library import driver
from support.cli_node import CliNode, enrol_folder


@pytest.fixture
def node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """An enrolled node."""
    enrol_folder(tmp_path)
    return CliNode(tmp_path, capsys)


def key(node: CliNode, name: str = DATA_FILE) -> Path:
    """A file beside the keys."""
    return node.data / "keys" / name


def sheet(node: CliNode, text: str) -> Path:
    """A passphrase as somebody has typed it into a file."""
    path = node.folder / "sheet.txt"
    path.write_text(text, encoding="utf-8")
    return path


def printed(node: CliNode) -> str:
    """A new recovery passphrase."""
    return str(node("keys", "recovery")["recovery_passphrase"])


def test_a_new_sheet_opens_the_data_key(node: CliNode):
    """After `keys recovery` the printed passphrase is checked and opens, however it is typed."""
    passphrase = printed(node)

    told = node("keys", "check", "--passphrase-file", sheet(node, f" {passphrase.lower().replace('-', ' ')}\n"))

    assert told == {"opens": True}


def test_the_old_sheet_opens_nothing_any_more(node: CliNode):
    """A second sheet makes the first one worthless at this machine."""
    old = printed(node)
    printed(node)

    told = node("keys", "check", "--passphrase-file", sheet(node, old))

    assert (node.code, told["error"]["code"]) == (1, "keys-unreadable")


def test_the_list_shows_nothing_secret(node: CliNode):
    """Key ids, public keys and the copies are listed, and no byte of a key file is."""
    told = node("keys", "list")

    assert told["copies"] == ["data.hub", "data.recovery"]
    assert [name for name in KEY_FILES if key(node, name).read_bytes().hex() in node.said] == []


def test_a_lost_data_key_is_put_back(node: CliNode):
    """With the passphrase the very same data key is back, private, and the node works."""
    passphrase, before = printed(node), key(node).read_bytes()
    key(node).unlink()

    told = node("keys", "recover", "--passphrase-file", sheet(node, passphrase))

    assert (told["recovered"], key(node).read_bytes()) == (True, before)
    assert key(node).stat().st_mode & 0o777 == 0o600
    assert node.run("status") == 0


def test_an_empty_folder_gets_keys_around_the_data_key(node: CliNode, tmp_path: Path):
    """Into a new folder come the old data key, its copies, and new keys to sign and exchange with."""
    passphrase = printed(node)

    node("keys", "recover", "--into", tmp_path / "new", "--passphrase-file", sheet(node, passphrase))

    made = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert set(made) == {*KEY_FILES, "data.hub", "data.recovery"}
    assert made[DATA_FILE] == key(node).read_bytes()
    assert made["signing.key"] != key(node, "signing.key").read_bytes()


@pytest.mark.parametrize("typed", ["AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "", "王"])
def test_a_wrong_passphrase_writes_nothing(node: CliNode, typed: str):
    """Another passphrase says what happened, what is safe and what to do, and no file appears."""
    key(node).unlink()

    told = node("keys", "recover", "--passphrase-file", sheet(node, typed))["error"]

    assert (node.code, told["code"], key(node).exists()) == (1, "keys-unreadable", False)
    assert all(told[part] for part in ("what", "safe", "next"))


def other_machine(node: CliNode, tmp_path: Path) -> CliNode:
    """Another machine, whose printed passphrase is on the sheet here."""
    other = CliNode(tmp_path / "other", node.capsys)
    other.folder.mkdir()
    enrol_folder(other.folder)
    sheet(node, printed(other))
    return other


def test_a_key_of_another_database_is_not_put_back(node: CliNode, tmp_path: Path):
    """A copy that opens, but to a key that the database was not written with, is refused, and no file appears."""
    foreign = other_machine(node, tmp_path).data / "keys"
    key(node).unlink()
    before = sorted(one.name for one in (node.data / "keys").iterdir())

    told = node("keys", "recover", "--from", foreign, "--passphrase-file", node.folder / "sheet.txt")["error"]

    assert (node.code, told["code"]) == (1, "keys-unreadable")
    assert "another data key than the database here" in told["what"]
    assert "Name the right file or copy" in told["next"]
    assert sorted(one.name for one in (node.data / "keys").iterdir()) == before


def test_a_key_of_another_database_is_not_put_into_a_named_folder(node: CliNode, tmp_path: Path):
    """The database beside the folder of `--into` is the one that counts."""
    foreign = other_machine(node, tmp_path).data / "keys"
    key(node).unlink()

    node.run(
        "keys",
        "recover",
        "--from",
        foreign,
        "--into",
        node.data / "keys",
        "--passphrase-file",
        node.folder / "sheet.txt",
    )

    assert (node.code, key(node).exists()) == (1, False)


@pytest.mark.parametrize("fits", [True, False])
def test_an_older_database_is_asked_by_its_secrets(node: CliNode, tmp_path: Path, *, fits: bool):
    """A database from before it named its key takes the one that opens a stored secret value, and no other."""
    node("customers", "add", "--name", "Somebody", "--set", "id_type=other", "--set", "id_no=K7Q4XZ20260007")
    sheet(node, printed(node))
    source = node if fits else other_machine(node, tmp_path)
    with closing(driver.connect(node.data / "node.db")) as connection:
        connection.execute("DELETE FROM node_state WHERE name = 'setting.data-key-check'")
        connection.commit()
    key(node).unlink()

    node.run("keys", "recover", "--from", source.data / "keys", "--passphrase-file", node.folder / "sheet.txt")

    assert key(node).exists() is fits


def test_a_data_key_that_is_there_is_never_replaced(node: CliNode):
    """Recovering over a data key is refused before anything is asked, and the key is unchanged."""
    passphrase, before = printed(node), key(node).read_bytes()

    told = node("keys", "recover", "--passphrase-file", sheet(node, passphrase))

    assert (node.code, told["error"]["code"], key(node).read_bytes()) == (1, "keys-unreadable", before)


def test_a_missing_copy_is_named(node: CliNode):
    """Without `data.recovery` the message names the file, and nothing is written."""
    key(node).unlink()
    key(node, "data.recovery").unlink()

    told = node("keys", "recover", "--passphrase-file", sheet(node, "anything"))["error"]

    assert "data.recovery" in told["what"]
    assert not key(node).exists()


def test_a_damaged_copy_is_refused(node: CliNode):
    """One changed byte in the copy is told like a wrong passphrase, and nothing is written."""
    passphrase = printed(node)
    key(node).unlink()
    content = bytearray(key(node, "data.recovery").read_bytes())
    content[-1] ^= 1
    key(node, "data.recovery").write_bytes(content)

    node.run("keys", "recover", "--passphrase-file", sheet(node, passphrase))

    assert (node.code, key(node).exists()) == (1, False)
