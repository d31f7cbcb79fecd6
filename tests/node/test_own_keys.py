"""A database is opened with the data key and the exchange key it was written with, and with no others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from carnet_node.adapters.keyring import data_key_check_of
from carnet_node.bootstrap import open_installation
from carnet_node.core.failures import KeysUnreadable
from carnet_node.core.local_facts import FormDraft
from carnet_node.core.log.own_keys import DATA_KEY_CHECK, OWN_EXCHANGE_KEY
from carnet_node.core.records import BaseRow, HubSetRow, KeptAnswer
from carnet_node.settings import NodeSettings
from carnet_protocol.ids import RecordId, parse_record_text
from carnet_protocol.kinds import CUSTOMER
from carnet_storage.adapters.library import driver
from support.breaking import replace_key
from support.cli_node import CliNode

FORGET = "DELETE FROM node_state WHERE name = ?"
"""Makes the database one from before a fact was kept."""

SAY_OF_NODE = (
    "INSERT INTO node (id, owner, entries, mark, is_deleted, is_contested, is_hidden, exchange_key)"
    " VALUES (?, ?, x'90', 0, 0, 0, 0, ?)"
)
"""What the hub's record of a node comes to."""

DOCUMENT = ("--set", "id_type=other", "--set", "id_no=K7Q4XZ20260007")


def settings_of(node: CliNode) -> NodeSettings:
    """Its settings."""
    return NodeSettings(data_dir=node.data)


def stated(node: CliNode, name: str) -> bytes | None:
    """What the database says of a key, whatever key lies beside it."""
    connection = driver.connect(node.data / "node.db")
    try:
        row = connection.execute("SELECT value FROM node_state WHERE name = ?", (f"setting.{name}",)).fetchone()
    finally:
        connection.close()
    return None if row is None else bytes(row[0])


def execute(node: CliNode, statement: str, *values: object) -> None:
    """Change the database behind the program's back."""
    connection = driver.connect(node.data / "node.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def key(node: CliNode, name: str) -> Path:
    """A key file."""
    return node.data / "keys" / name


def test_a_database_commits_to_its_data_key_at_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Before there is a site or a secret value, another data key is refused."""
    node = CliNode(tmp_path, capsys)
    node("init")
    replace_key(key(node, "data.key"))

    with pytest.raises(KeysUnreadable, match=r"data\.key: it is not the key"):
        open_installation(settings_of(node))


def test_an_older_database_commits_to_the_key_that_opens_its_secrets(node: CliNode):
    """What was opened once with the right key is known from then on."""
    node("customers", "add", "--name", "Somebody", *DOCUMENT)
    execute(node, FORGET, f"setting.{DATA_KEY_CHECK}")

    node("status")

    assert stated(node, DATA_KEY_CHECK) == data_key_check_of(key(node, "data.key").read_bytes())


def own_set(node: CliNode) -> None:
    """A set of this site's own."""
    node("customers", "add", "--name", "Somebody", *DOCUMENT)


def base_record(node: CliNode) -> None:
    """A record that the hub sent, and no own work on it."""
    customer = parse_record_text(node("customers", "add", "--name", "Somebody", *DOCUMENT)["id"])
    with open_installation(settings_of(node)).store.write() as tx:
        stored = tx.record(CUSTOMER, customer)
        assert stored is not None
        tx.put_base(BaseRow(CUSTOMER.number, customer, stored.owner, 1, 1, stored.entries))
    execute(node, "DELETE FROM own_set")


def hub_set(node: CliNode) -> None:
    """A set of the hub's own, kept for it."""
    with open_installation(settings_of(node)).store.write() as tx:
        tx.add_hub_set(HubSetRow(1, 1, b"message", b"opening"))


def kept_answer(node: CliNode) -> None:
    """A request that was carried out under a key."""
    with open_installation(settings_of(node)).store.write() as tx:
        tx.keep_answer(KeptAnswer(bytes(32), bytes(32), 1, None))


def form_draft(node: CliNode) -> None:
    """Something typed and not saved."""
    with open_installation(settings_of(node)).store.write() as tx:
        tx.local.put_draft(FormDraft(RecordId(bytes(16)), "form", None, {"name": ("typed",)}, "", 1))


@pytest.mark.parametrize("seal", [own_set, base_record, hub_set, kept_answer, form_draft], ids=lambda one: one.__name__)
def test_an_older_database_does_not_commit_to_a_key_that_opens_nothing(node: CliNode, seal: Callable[[CliNode], None]):
    """Wherever the only secret value lies, it is tried, and the wrong key is not believed."""
    seal(node)
    execute(node, FORGET, f"setting.{DATA_KEY_CHECK}")
    replace_key(key(node, "data.key"))

    with pytest.raises(KeysUnreadable, match="does not open with this key"):
        open_installation(settings_of(node))

    assert stated(node, DATA_KEY_CHECK) is None


def test_an_older_database_without_secrets_commits_to_the_key_that_lies_there(node: CliNode):
    """Nothing can be lost by it: nothing was ever sealed."""
    node("customers", "add", "--name", "Somebody")
    execute(node, FORGET, f"setting.{DATA_KEY_CHECK}")
    replace_key(key(node, "data.key"))

    node("status")

    assert (node.code, stated(node, DATA_KEY_CHECK)) == (0, data_key_check_of(bytes(range(32))))


def test_an_older_database_commits_to_the_exchange_key_that_lies_there(node: CliNode):
    """Before the hub has said anything of this node, the key beside the database is believed."""
    execute(node, FORGET, f"setting.{OWN_EXCHANGE_KEY}")

    node("status")

    assert stated(node, OWN_EXCHANGE_KEY) == open_installation(settings_of(node)).keyring.exchange_public


def test_an_older_database_believes_the_hub_about_its_exchange_key(node: CliNode):
    """Another key than the one in the hub's record of this node is refused, and not kept."""
    execute(node, SAY_OF_NODE, open_installation(settings_of(node)).node().identity.node_id, bytes(16), bytes(32))
    execute(node, FORGET, f"setting.{OWN_EXCHANGE_KEY}")

    with pytest.raises(KeysUnreadable, match=r"exchange\.key: it is not the key"):
        open_installation(settings_of(node)).node()

    assert stated(node, OWN_EXCHANGE_KEY) is None
