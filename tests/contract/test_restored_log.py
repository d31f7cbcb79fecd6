"""A restore looks at every epoch of the log, not only at the last: what was changed in an earlier one is not placed."""

from contextlib import closing
from pathlib import Path

import pytest

from carnet_node.adapters.rotating import rotate
from carnet_node.adapters.store import driver
from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.log.rejoin import mark_restored
from carnet_node.core.upkeep.restoring import examine_restored
from support.hub_apps import TestHub
from support.joined import back_up, copy_disk, joined_pair, restore_database, sync, write_customer

ANOTHER_SET = """
UPDATE own_set SET message = (SELECT message FROM own_set WHERE log_id = 1),
                   set_hash = (SELECT set_hash FROM own_set WHERE log_id = 1) WHERE log_id = 2
"""


@pytest.fixture
def restored(tmp_path: Path) -> tuple[TestHub, Installation]:
    """A node in its second epoch, with three sets in the first, under two keys."""
    hub, node = joined_pair(tmp_path)
    write_customer(node, 1, "first")
    write_customer(node, 2, "second")
    rotate(node.node(), node.keyring, node.signing_keys, node.entropy)
    sync(open_installation(node.settings), hub)
    again = open_installation(node.settings)
    mark_restored(again.node())
    sync(again, hub)
    write_customer(again, 3, "third")
    return hub, again


def examined(node: Installation) -> tuple[int, str | None]:
    """How many sets verify, and what is wrong."""
    facts, problem = examine_restored(node.node(), *node.signing_keys.public())
    return facts.sets, problem


def test_the_sets_of_all_epochs_are_counted(restored: tuple[TestHub, Installation]):
    """Three sets of the first epoch, whichever key has signed them, and one of the second."""
    assert examined(restored[1]) == (4, None)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE own_set SET message = zeroblob(100) WHERE seq = 2", "set 2 of an earlier epoch is refused"),
        ("UPDATE own_set SET set_hash = zeroblob(32) WHERE log_id = 2", "set 2 of an earlier epoch is not the one"),
        (ANOTHER_SET, "set 2 of an earlier epoch states another place"),
    ],
    ids=["other bytes", "another hash", "another set"],
)
def test_a_change_in_an_earlier_epoch_is_found(restored: tuple[TestHub, Installation], statement: str, said: str):
    """Whatever was done to it, the set is named."""
    _, node = restored
    with closing(driver.connect(node.settings.database)) as connection:
        connection.execute(statement)
        connection.commit()

    _, problem = examined(node)

    assert problem is not None
    assert problem.startswith(said)


def test_a_forked_and_restored_log_verifies(tmp_path: Path):
    """Sets that were emitted again, handed over or taken back leave holes, and nothing that is wrong."""
    hub, node = joined_pair(tmp_path)
    write_customer(node, 1, "first")
    sync(node, hub)
    image = copy_disk(node, tmp_path / "image")
    node = open_installation(node.settings)
    backup = back_up(node, tmp_path / "backup.db")
    for number, copy in enumerate((node, image, node, image), start=2):
        write_customer(copy, number, "somebody")
    sync(node, hub)
    sync(image, hub)
    sync(node, hub)
    sync(image, hub)
    back = restore_database(node, backup)
    sync(back, hub)

    found = [examined(copy)[1] for copy in (image, back)]

    assert found == [None, None]
