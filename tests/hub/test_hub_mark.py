"""The mark beside the hub's keys: how far the log had come, and every history the hub has had."""

import json
import shutil
from pathlib import Path

import pytest

from carnet_hub.adapters.high_water import MARK_FILE, HubMarkFile
from carnet_hub.adapters.system import DiskFiles
from carnet_hub.bootstrap import open_hub, open_restored_hub
from carnet_hub.core.failures import KeysUnreadable
from carnet_hub.core.lineage import Branch
from carnet_hub.core.rows import LogRow
from carnet_hub.core.sets.histories import DatabaseBehind, known_branches
from carnet_hub.settings import HubSettings
from support.hub_apps import TestHub, make_hub
from support.joined import back_up_hub, put_back_hub, restore_hub


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with a site."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    return hub


def mark_file(hub: TestHub) -> Path:
    """Where the mark lies."""
    return hub.app.settings.keys_dir / MARK_FILE


def branches_in_file(hub: TestHub) -> tuple[Branch, ...]:
    """The histories that stand in the file."""
    mark = HubMarkFile(hub.app.settings.keys_dir, DiskFiles()).read()
    assert mark is not None
    return mark.branches


def entries(hub: TestHub) -> int:
    """Entries of the log."""
    with hub.app.hub.store.read() as snapshot:
        return sum(1 for _ in snapshot.scan(LogRow))


def test_the_mark_names_every_history(hub: TestHub, tmp_path: Path):
    """After a restore the file has the history that ended and, behind it, the one that began at its position."""
    backup, base = back_up_hub(hub, tmp_path), entries(hub)

    second = restore_hub(hub, backup)

    first = hub.app.hub.hub_epoch
    assert branches_in_file(second) == (Branch(first, b"", 0), Branch(second.app.hub.hub_epoch, first, base))


def test_a_second_restore_from_before_the_first_forgets_no_history(hub: TestHub, tmp_path: Path):
    """The history that the first restore began is known to a database that had never heard of it."""
    backup, base = back_up_hub(hub, tmp_path), entries(hub)
    second = restore_hub(hub, backup)
    second.add_dealer("B001")

    third = restore_hub(second, backup)

    first, epochs = hub.app.hub.hub_epoch, (second.app.hub.hub_epoch, third.app.hub.hub_epoch)
    assert known_branches(third.app.hub) == (Branch(first, b"", 0), *(Branch(one, first, base) for one in epochs))
    assert [(one.hub_epoch, one.position) for one in third.app.hub.known_histories] == [
        (first, 0),
        (epochs[0], base),
        (epochs[1], base),
    ]


def test_a_database_that_never_heard_of_the_marks_history_is_not_served(hub: TestHub, tmp_path: Path):
    """However long it is: its next positions have been told to others, in a history it knows nothing of."""
    backup = back_up_hub(hub, tmp_path)
    second = restore_hub(hub, backup)
    folder = put_back_hub(second, backup)

    with pytest.raises(DatabaseBehind) as caught:
        open_hub(HubSettings(data_dir=folder))

    assert (caught.value.told, "carnet-hub restored" in caught.value.next) == (None, True)


def test_a_mark_that_restored_could_not_write_holds_nobody_up(hub: TestHub, tmp_path: Path):
    """A database that went on from the mark's history is served, and the next start writes the mark again."""
    backup = back_up_hub(hub, tmp_path)
    hub.app.close()
    before = mark_file(hub).read_bytes()
    second = restore_hub(hub, backup)
    second.app.close()
    mark_file(hub).write_bytes(before)

    again = open_hub(HubSettings(data_dir=second.app.settings.data_dir))

    standing = again.mark.read()
    assert standing is not None
    assert standing.hub_epoch == second.app.hub.hub_epoch


def test_a_mark_from_before_histories_were_kept_is_read(hub: TestHub):
    """A file without histories is no damage, and is completed when the hub is used."""
    hub.app.close()
    stored = json.loads(mark_file(hub).read_bytes())
    del stored["histories"]
    mark_file(hub).write_text(json.dumps(stored), encoding="utf-8")

    open_hub(HubSettings(data_dir=hub.app.settings.data_dir)).close()

    assert branches_in_file(hub) == (Branch(hub.app.hub.hub_epoch, b"", 0),)


def test_a_process_of_an_ended_history_leaves_the_mark_alone(hub: TestHub, tmp_path: Path):
    """What a later history has put there is not taken back by whoever still speaks for the one before."""
    hub.app.close()
    shutil.copytree(hub.app.settings.data_dir, tmp_path / "copy")
    ended = open_hub(HubSettings(data_dir=hub.app.settings.data_dir))
    present = open_restored_hub(HubSettings(data_dir=tmp_path / "copy"))
    mark = HubMarkFile(tmp_path, DiskFiles())
    mark.raise_now(present.hub)
    standing = mark.read()

    mark.raise_now(ended.hub)

    assert standing is not None
    assert (mark.read(), standing.hub_epoch) == (standing, present.hub.hub_epoch)


def test_a_damaged_mark_stops_a_restore_before_anything_changes(hub: TestHub):
    """Which histories ended cannot be read, so none begins: the file is put right or taken away first."""
    hub.app.close()
    mark_file(hub).write_bytes(b"{")

    with pytest.raises(KeysUnreadable):
        open_restored_hub(HubSettings(data_dir=hub.app.settings.data_dir))

    mark_file(hub).unlink()
    assert open_hub(HubSettings(data_dir=hub.app.settings.data_dir)).hub.hub_epoch == hub.app.hub.hub_epoch
