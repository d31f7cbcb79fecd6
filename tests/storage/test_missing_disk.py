"""A backup folder whose disk is gone: the real Litestream, which would make the folder anew and call itself well."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from carnet_storage.adapters.claiming import claim_place
from carnet_storage.adapters.litestream_process import LitestreamChild
from carnet_storage.adapters.marking import CLAIM_FILE, MARK_FILE, require_same_target
from carnet_storage.adapters.preparing import Prepared, forget_replica, prepare_folders
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.replicator import Replicator, is_target_reachable
from carnet_storage.adapters.sqlite_files import connect, wal_bytes
from carnet_storage.core.failures import AlreadyReplicated, OutputUnusable, PlanWrong, TargetGone, TargetSwapped
from carnet_storage.core.limits import WAL_ALONE_BYTES_MAX
from carnet_storage.core.plan import Plan, Secrets
from carnet_storage.core.status import ReplicationStatus
from carnet_storage.core.targets import FolderTarget, Place
from support.backups import SOURCE_ID, FailingControl, LogSource, ScriptedChild, make_source
from support.node_builder import TestClock
from support.supervising import inline, replica_of, settings_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Litestream is not built for Windows")

PLACE = Place(SOURCE_ID, 1)


class Machine:
    """A database, its Litestream and a second disk that can be unplugged."""

    def __init__(self, folder: Path) -> None:
        self.disk, self.drawer = folder / "disk", folder / "drawer"
        self.target = FolderTarget(self.disk / "carnet")
        self.target.path.mkdir(parents=True)
        self.source = make_source(folder / "data")
        self.folder = self.source.database.parent / "backup"
        self.told: list[ReplicationStatus] = []
        self.start()

    def start(self) -> None:
        """Another process begins to supervise."""
        self.child = LitestreamChild(settings_of(self.source, self.target))
        self._replicator = Replicator(
            self.source,
            self.target,
            self.child,
            self.child.control,
            clock=TestClock(),
            run_blocking=inline,
            told=self.note,
            is_elsewhere=True,
            claim=lambda place: claim_place(self.folder, self.target, replica_of(self.source, self.target), place),
            require_there=lambda: require_same_target(self.folder, self.target),
        )

    def restart(self) -> None:
        """The supervising process ends, and another one begins."""
        self.child.release()
        self.start()

    async def note(self, status: ReplicationStatus) -> None:
        """What the supervisor tells."""
        self.told.append(status)

    def look(self) -> ReplicationStatus:
        """One turn of the supervisor; what it tells."""
        anyio.run(self._replicator.turn)
        return self.told[-1]

    def unplug(self) -> None:
        """Take the disk away: where it was mounted an empty folder is left, as of any mount point."""
        self.disk.rename(self.drawer)
        self.disk.mkdir()

    def plug_in(self) -> None:
        """Put it back; what was written meanwhile where it belongs lies below it and is not seen."""
        shutil.rmtree(self.disk)
        self.drawer.rename(self.disk)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose replica has been begun and confirmed."""
    machine = Machine(tmp_path)
    assert machine.look().confirmed_head == 3
    yield machine
    machine.child.release()


def files_below(folder: Path) -> list[str]:
    """Every file, by name."""
    return sorted(one.name for one in folder.rglob("*") if one.is_file())


def test_a_folder_that_never_was_is_not_made(tmp_path: Path):
    """Nothing is started and nothing made where the target should be; the three sentences say what to do."""
    machine = Machine(tmp_path)
    shutil.rmtree(machine.disk)

    told = machine.look()

    assert not machine.disk.exists()
    assert (told.is_alarm, told.confirmed_at_ms, machine.child.pid()) == (True, None, None)
    assert told.refusal is not None
    assert told.refusal.what == f"The backup folder {machine.target.path} is not there."
    assert "untouched" in told.refusal.safe
    assert "`backup prepare`" in told.refusal.next


def test_asking_whether_a_folder_is_there_makes_none(tmp_path: Path):
    """A probe of a missing folder says no, and leaves it missing."""
    target = FolderTarget(tmp_path / "second" / "disk")

    assert is_target_reachable(target) is False
    assert not target.path.parent.exists()


def test_a_disk_that_vanishes_ends_replication(machine: Machine):
    """At the next look Litestream is ended, nothing more counts as confirmed, and the database is worked with."""
    machine.unplug()
    machine.source.append(4)

    told = machine.look()

    assert (machine.child.pid(), told.is_alarm, told.confirmed_head) == (None, True, 3)
    assert machine.source.covered == [(3, True)]


def test_a_folder_that_litestream_made_anew_confirms_nothing(machine: Machine):
    """Litestream makes the folder again and says that all is there; without the mark it is not believed."""
    machine.unplug()
    machine.source.append(4)
    machine.child.control.sync()
    assert machine.target.path.is_dir()

    told = machine.look()

    assert told.refusal is not None
    assert (told.refusal.code, told.confirmed_head) == ("backup-target-swapped", 3)
    assert machine.source.covered == [(3, True)]


class _Vanishing:
    """A control socket whose answer comes while the disk is being unplugged; `ports.Control`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def sync(self) -> tuple[int, int]:
        """See `Control`."""
        self._machine.unplug()
        return 9, 9


def test_an_answer_about_a_disk_that_went_meanwhile_confirms_nothing(tmp_path: Path):
    """The disk is looked for again after the answer, before anything is told as confirmed."""
    machine = Machine(tmp_path)
    replicator = Replicator(
        machine.source,
        machine.target,
        ScriptedChild(),
        _Vanishing(machine),
        clock=TestClock(),
        run_blocking=inline,
        told=machine.note,
        is_elsewhere=True,
    )

    anyio.run(replicator.turn)

    assert machine.source.covered == []
    assert (machine.told[-1].confirmed_head, machine.told[-1].is_alarm) == (0, True)


def test_a_missing_disk_is_told_as_that_and_not_as_litestreams_error(tmp_path: Path):
    """Where Litestream may not make the folder anew it only fails; what is told is the disk, without asking it."""
    machine, control = Machine(tmp_path), FailingControl(failures=9)
    machine.unplug()
    replicator = Replicator(
        machine.source,
        machine.target,
        ScriptedChild(),
        control,
        clock=TestClock(),
        run_blocking=inline,
        told=machine.note,
        is_elsewhere=True,
        claim=lambda _place: None,
    )

    anyio.run(replicator.turn)

    assert machine.told[-1].last_error == f"The backup folder {machine.target.path} is not there."
    assert control.asked == 0


def test_replication_goes_on_when_the_disk_is_back(machine: Machine, tmp_path: Path):
    """What was written while the disk was away is confirmed at the next look, and comes back in a restore."""
    machine.unplug()
    machine.source.append(4)
    machine.look()
    machine.source.append(5)
    machine.plug_in()

    told = machine.look()
    replica_of(machine.source, machine.target).restore(PLACE, tmp_path / "back.db")

    assert (told.confirmed_head, told.refusal, told.is_alarm, told.last_error) == (12, None, False, None)
    assert machine.source.facts(tmp_path / "back.db", None) == machine.source.facts(machine.source.database, None)


def test_replication_goes_on_after_litestream_has_written_elsewhere(machine: Machine, tmp_path: Path):
    """What Litestream sent to the wrong disk before it was ended is at the right one afterwards."""
    machine.unplug()
    machine.source.append(4)
    machine.child.control.sync()
    machine.look()
    machine.plug_in()

    told = machine.look()
    replica_of(machine.source, machine.target).restore(PLACE, tmp_path / "back.db")

    assert (told.confirmed_head, told.refusal) == (7, None)
    assert machine.source.facts(tmp_path / "back.db", None).entries == 7


def test_a_disk_that_is_away_for_long_lets_no_log_grow_without_end(machine: Machine, tmp_path: Path):
    """The write-ahead log is copied back when it is long, and replication goes on all the same."""
    machine.unplug()
    machine.look()
    with closing(connect(machine.source.database)) as somebody_at_work:
        somebody_at_work.execute("INSERT INTO log (body) VALUES (randomblob(?))", (WAL_ALONE_BYTES_MAX,))
        grown = wal_bytes(machine.source.database)
        machine.look()
        shortened = wal_bytes(machine.source.database)

    machine.source.append(1)
    head = machine.source.head()
    machine.plug_in()
    told = machine.look()
    replica_of(machine.source, machine.target).restore(PLACE, tmp_path / "back.db")

    assert grown > WAL_ALONE_BYTES_MAX
    assert (shortened, told.confirmed_head) == (0, head)
    assert machine.source.facts(tmp_path / "back.db", None).head == head


def test_a_restart_knows_the_disk_again(machine: Machine):
    """A new process on the same claim goes on where the mark is, and refuses an empty mount point."""
    machine.restart()
    replica = replica_of(machine.source, machine.target)

    claim_place(machine.folder, machine.target, replica, PLACE)
    machine.unplug()
    machine.target.path.mkdir()
    with pytest.raises(TargetSwapped):
        claim_place(machine.folder, machine.target, replica, PLACE)

    assert files_below(machine.disk) == []


def test_a_new_epoch_does_not_begin_on_another_disk(machine: Machine):
    """A rejoin while the disk is away marks and makes nothing in the empty mount point."""
    machine.unplug()
    machine.target.path.mkdir()
    machine.source.epoch = 2

    told = machine.look()

    assert told.refusal is not None
    assert (told.refusal.code, files_below(machine.disk)) == ("backup-target-swapped", [])


def claim_as_before_marks(machine: Machine) -> None:
    """What an installation of before the marks has left; the next process finds it."""
    machine.restart()
    (machine.folder / CLAIM_FILE).write_text(f"{machine.target.path}/{PLACE.replica_path}")
    (machine.target.path / SOURCE_ID / MARK_FILE).unlink()


def test_a_replica_of_before_the_marks_gets_one(machine: Machine):
    """A claim that names no mark is believed once the replica lies there, and is a marked one from then on."""
    claim_as_before_marks(machine)

    told = machine.look()
    machine.unplug()
    away = machine.look()

    assert (told.refusal, told.confirmed_head) == (None, 3)
    assert away.refusal is not None


def test_a_claim_of_before_the_marks_is_not_begun_anew(machine: Machine):
    """Where the claim says that a replica was begun and none lies there, nothing is sent."""
    claim_as_before_marks(machine)
    machine.unplug()
    machine.target.path.mkdir()

    told = machine.look()

    assert told.refusal is not None
    assert (told.refusal.code, files_below(machine.disk)) == ("backup-target-swapped", [])


def test_a_missing_folder_is_no_empty_target(source: LogSource, tmp_path: Path):
    """Who asks a missing disk for replicas is told that it is missing, and not that nothing was ever saved."""
    replica = Replica(FolderTarget(tmp_path / "away"), Secrets(), tmp_path / "scratch")

    for ask in (replica.only_source, lambda: replica.newest_epoch(SOURCE_ID), lambda: replica.history(PLACE)):
        with pytest.raises(TargetGone):
            ask()

    assert not (tmp_path / "away").exists()


def test_preparing_makes_the_last_folder_only(tmp_path: Path):
    """The folder is made below a disk that is there; without the disk nothing is."""
    (tmp_path / "disk").mkdir()
    there, away = tmp_path / "disk" / "carnet", tmp_path / "missing" / "carnet"

    made = prepare_folders(Plan(replicate_to=FolderTarget(there), copy_to=FolderTarget(there)))
    again = prepare_folders(Plan(copy_to=FolderTarget(there)))
    with pytest.raises(OutputUnusable):
        prepare_folders(Plan(copy_to=FolderTarget(away)))

    assert (made, again) == ([Prepared(there, is_new=True)], [Prepared(there, is_new=False)])
    assert not away.parent.exists()


def test_a_replica_is_begun_anew_for_a_person_who_asks(machine: Machine, tmp_path: Path):
    """A whole replica begins on the new disk; what Litestream had written there before it was ended is set aside."""
    machine.unplug()
    machine.source.append(4)
    machine.child.control.sync()
    machine.look()
    machine.restart()

    aside = forget_replica(Plan(replicate_to=machine.target), machine.folder)
    told = machine.look()
    replica_of(machine.source, machine.target).restore(PLACE, tmp_path / "back.db")

    assert (told.confirmed_head, told.refusal) == (7, None)
    assert machine.source.facts(tmp_path / "back.db", None).entries == 7
    assert aside is not None
    assert aside.name == f"{SOURCE_ID}.aside-1"


def test_a_replica_that_is_there_is_not_given_up(machine: Machine):
    """On the right disk nothing is forgotten, and the refusal says so."""
    machine.child.release()

    with pytest.raises(PlanWrong) as refused:
        forget_replica(Plan(replicate_to=machine.target), machine.folder)

    assert "goes on there" in refused.value.what
    assert (machine.folder / CLAIM_FILE).exists()


def test_a_replica_is_not_given_up_under_a_running_service(machine: Machine):
    """While somebody supervises, the claim stays."""
    with pytest.raises(AlreadyReplicated):
        forget_replica(Plan(replicate_to=machine.target), machine.folder)

    assert (machine.folder / CLAIM_FILE).exists()
