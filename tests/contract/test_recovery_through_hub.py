"""A machine is lost; through the hub and a one-time code another machine of the site gets its data key."""

from functools import partial
from pathlib import Path

import anyio
import pytest

from carnet_hub.core.exchange.recovering import issue_recovery_code
from carnet_node.adapters.fetching import RestoreFrom
from carnet_node.adapters.keyring import DataKeyBox
from carnet_node.adapters.recovery import KeyFolder, wrappings_at
from carnet_node.adapters.restoring import restore_database
from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.bootstrap import Installation, lost_machine_asks, open_installation
from carnet_node.core.failures import HubRefused, KeysUnreadable
from carnet_node.core.log.authoring import commit
from carnet_node.settings import NodeSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.enrolment import parse_code
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.reasons import Reason
from carnet_storage.adapters.fetching import Choice
from carnet_storage.adapters.planning import plan_of
from carnet_storage.adapters.service import copy_now
from support.hub_apps import TestHub, make_hub
from support.network import LossyTransport, join

PERSON = RecordId(b"c" * 16)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    return hub


def copies_of(node: Installation) -> dict[str, bytes]:
    """The wrapped copies of a machine's data key, as a backup holds them."""
    return KeyFolder(node.settings.keys_dir, node.files).wrappings()


def asked(hub: TestHub, by: Installation, code: str, copies: dict[str, bytes]) -> bytes:
    """What a machine gets from the hub."""
    transport = LossyTransport(hub)
    ask = partial(lost_machine_asks, by.settings, parse_code(code), copies, None, transport=transport)
    return anyio.run(ask)


def backed_up(node: Installation, target: Path) -> Path:
    """An encrypted copy of a machine's database, elsewhere."""
    target.mkdir()
    settings = node.settings.model_copy(update={"backup_copy_to": str(target)})
    copy_now(open_installation(settings).backup_parts())
    (copy,) = (path for path in target.rglob("*") if path.is_file())
    return copy


def recovery_code(hub: TestHub, node: Installation) -> str:
    """A one-time code for the site of a machine."""
    return issue_recovery_code(hub.app.hub, node.node().identity.dealer_id).code


def test_another_machine_of_the_site_gets_the_lost_key(hub: TestHub, tmp_path: Path):
    """The data key that comes back is the lost machine's, byte for byte."""
    lost, other = join(hub, tmp_path / "lost"), join(hub, tmp_path / "other")

    found = asked(hub, other, recovery_code(hub, other), copies_of(lost))

    assert found == lost.keyring.data_key


def test_a_machine_gets_its_own_lost_key_back(hub: TestHub, tmp_path: Path):
    """A machine whose data key file is gone asks for itself: it needs its other keys only."""
    node = join(hub, tmp_path / "node")
    code, data_key = recovery_code(hub, node), node.keyring.data_key
    (node.settings.keys_dir / "data.key").unlink()

    assert asked(hub, node, code, copies_of(node)) == data_key


def test_a_code_is_good_once(hub: TestHub, tmp_path: Path):
    """A second machine cannot use the code, and is told so."""
    lost, one, other = (join(hub, tmp_path / name) for name in ("lost", "one", "other"))
    code = recovery_code(hub, one)
    asked(hub, one, code, copies_of(lost))

    with pytest.raises(HubRefused) as refusal:
        asked(hub, other, code, copies_of(lost))

    assert refusal.value.reason is Reason.CODE_USED


def test_without_the_copy_there_is_nothing_to_ask(hub: TestHub, tmp_path: Path):
    """A backup without the hub's copy is named before anything is sent, and the code stays good."""
    lost, other = join(hub, tmp_path / "lost"), join(hub, tmp_path / "other")
    code = recovery_code(hub, other)

    with pytest.raises(KeysUnreadable):
        asked(hub, other, code, {})

    assert asked(hub, other, code, copies_of(lost)) == lost.keyring.data_key


def test_a_backup_opens_on_a_new_machine(hub: TestHub, tmp_path: Path):
    """With the backup alone, a code and another machine of the site, the lost database is whole in a new folder."""
    lost, other = join(hub, tmp_path / "lost"), join(hub, tmp_path / "other")
    document = {"party_kind": "person", "id_type": "other", "id_no": "K7Q4XZ20260007"}
    commit(lost.node(), [Draft(CUSTOMER, PERSON, document)])
    copy = backed_up(lost, tmp_path / "elsewhere")
    copies = wrappings_at(copy, other.files)
    new = NodeSettings(data_dir=tmp_path / "new", backup_copy_to=str(tmp_path / "elsewhere"))

    data_key = asked(hub, other, recovery_code(hub, other), copies)
    KeyFolder(new.keys_dir, other.files).put_back(data_key, copies, other.entropy)
    restored = restore_database(new, plan_of(new), RestoreFrom(Choice(is_copy=True)), stage=lambda _: None)

    store = SqliteNodeStore(new.database, DataKeyBox(data_key, other.entropy))
    with store.read() as tx:
        columns = tx.columns(CUSTOMER, PERSON)
    assert (restored.is_same_machine, restored.facts.sets) == (False, 1)
    assert columns is not None
    assert columns["id_no"] == "K7Q4XZ20260007"
