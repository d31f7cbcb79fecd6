"""Whose replica it is: the real Litestream, and two machines that were restored from one backup."""

import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from carnet_storage.adapters.claiming import claim_place
from carnet_storage.adapters.litestream_process import ChildSettings, LitestreamChild
from carnet_storage.adapters.marking import require_same_target
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.replicator import Replicator
from carnet_storage.core.failures import PlaceTaken
from carnet_storage.core.plan import Secrets
from carnet_storage.core.status import ReplicationStatus
from carnet_storage.core.targets import FolderTarget, Place
from support.backups import SOURCE_ID, LogSource, make_source
from support.node_builder import TestClock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Litestream is not built for Windows")

PLACE = Place(SOURCE_ID, 1)


async def inline(work: Callable[[], object]) -> object:
    """Blocking work without a thread."""
    return work()


def a_turn(folder: Path, target: FolderTarget) -> ReplicationStatus:
    """What a machine's supervisor tells after its first turn; its Litestream is gone then."""
    database = folder / "some.db"
    source = LogSource(database) if database.exists() else make_source(folder)
    child = LitestreamChild(ChildSettings(database, folder / "backup", target, Secrets(), 1_000))
    replica = Replica(target, Secrets(), folder / "backup")
    told: list[ReplicationStatus] = []

    async def note(status: ReplicationStatus) -> None:
        told.append(status)

    async def run() -> None:
        await Replicator(
            source,
            target,
            child,
            child.control,
            clock=TestClock(),
            run_blocking=inline,  # type: ignore[arg-type]
            told=note,
            is_elsewhere=True,
            claim=lambda place: claim_place(folder / "backup", target, replica, place),
            require_there=lambda: require_same_target(folder / "backup", target),
        ).turn()

    try:
        anyio.run(run)
    finally:
        child.stop()
        child.release()
    return told[-1]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file with its content."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture
def target(tmp_path: Path) -> FolderTarget:
    """A folder with the replica of a first machine."""
    found = FolderTarget(tmp_path / "target")
    found.path.mkdir()
    assert a_turn(tmp_path / "first", found).confirmed_head == 3
    return found


def test_a_place_where_another_machine_replicates_is_left_alone(target: FolderTarget, tmp_path: Path):
    """A second machine with the same id and epoch sends nothing, and raises an alarm at once."""
    before = files_below(target.path)

    told = a_turn(tmp_path / "second", target)

    assert (told.is_alarm, told.confirmed_at_ms) == (True, None)
    assert "Another copy of this machine" in (told.last_error or "")
    assert files_below(target.path) == before


def test_the_machine_that_has_begun_a_replica_goes_on(target: FolderTarget, tmp_path: Path):
    """After a restart the claim on this disk is enough; nobody has to be asked."""
    told = a_turn(tmp_path / "first", target)

    assert (told.is_alarm, told.confirmed_head) == (False, 3)


def test_the_refusal_says_what_to_do(target: FolderTarget, tmp_path: Path):
    """What happened, what is safe, and the command that begins an epoch of its own."""
    with pytest.raises(PlaceTaken) as taken:
        claim_place(tmp_path, target, Replica(target, Secrets(), tmp_path / "scratch"), PLACE)

    assert PLACE.replica_path in taken.value.what
    assert "Nothing was sent" in taken.value.safe
    assert "--take-over" in taken.value.next
