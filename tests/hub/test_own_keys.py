"""A hub's database commits to its data key, and one from before that commits to the key that opens what it holds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.keyring import DataKeyBox
from carnet_hub.adapters.store import open_store
from carnet_hub.core.failures import KeysUnreadable
from carnet_hub.core.upkeep.own_keys import DATA_KEY_CHECK, commit_to_data_key, has_foreign_data_key
from carnet_storage.adapters.library import driver
from support.hub_apps import CountedEntropy
from support.hub_world import HubWorld, make_world
from support.master_world import know

CHECK = b"c" * 16


@pytest.fixture
def world(tmp_path: Path) -> HubWorld:
    """A hub whose database commits to no data key yet."""
    return make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}"))


def features(world: HubWorld, _: Path) -> None:
    """What is compared of a customer: always sealed."""
    know(world, world.site("a"), "first", full_name="王晓明")


def record(world: HubWorld, folder: Path) -> None:
    """A customer's document number, in a database from before customers were compared."""
    know(world, world.site("a"), "first", full_name="王晓明", id_type="other", id_no="K7Q4XZ20260007")
    connection = driver.connect(folder / "hub.db")
    with connection:
        connection.execute("DELETE FROM party")
    connection.close()


def stated(world: HubWorld) -> bytes | None:
    """What the database says of its data key."""
    with world.hub.store.read() as snapshot:
        return snapshot.setting(DATA_KEY_CHECK)


@pytest.mark.parametrize("seal", [features, record], ids=lambda one: one.__name__)
def test_an_older_database_commits_to_the_key_that_opens_its_secrets(
    world: HubWorld, tmp_path: Path, seal: Callable[[HubWorld, Path], None]
):
    """What was opened once with the right key is known from then on."""
    seal(world, tmp_path)

    commit_to_data_key(world.hub, CHECK)

    assert stated(world) == CHECK


@pytest.mark.parametrize("seal", [features, record], ids=lambda one: one.__name__)
def test_an_older_database_does_not_commit_to_a_key_that_opens_nothing(
    world: HubWorld, tmp_path: Path, seal: Callable[[HubWorld, Path], None]
):
    """Wherever the only sealed value lies, it is tried, and the wrong key is not believed."""
    seal(world, tmp_path)
    other = replace(world.hub, box=DataKeyBox(bytes(32), CountedEntropy("other")))

    with pytest.raises(KeysUnreadable):
        commit_to_data_key(other, CHECK)

    assert stated(world) is None


def test_a_database_stays_with_the_key_it_has_committed_to(world: HubWorld):
    """A second key changes nothing of what is stated, and is called foreign."""
    commit_to_data_key(world.hub, CHECK)

    commit_to_data_key(world.hub, b"d" * 16)

    with world.hub.store.read() as snapshot:
        assert (has_foreign_data_key(snapshot, CHECK), has_foreign_data_key(snapshot, b"d" * 16)) == (False, True)
