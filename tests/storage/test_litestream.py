"""The real Litestream on a folder: started, asked, found again, healed, restored from, and ended with its parent."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_storage.adapters.litestream_process import PID_FILE, ChildSettings, LitestreamChild, find_program
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.sqlite_files import connect
from carnet_storage.core.failures import AlreadyReplicated, CopyDamaged, NothingToRestore, NotNow, ReplicatorFailed
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget, Place
from support.backups import SOURCE_ID, FailingControl, LogSource, ScriptedChild, make_source
from support.supervising import replica_of, settings_of, supervise

PLACE = Place(SOURCE_ID, 1)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has waited for does not."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(told.strip()) and not told.startswith("Z")


def wait_until_dead(pid: int) -> bool:
    """Wait a few seconds for a process to end."""
    for _ in range(200):
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_what_is_confirmed_can_be_restored(
    source: LogSource, target: FolderTarget, child: LitestreamChild, tmp_path: Path
):
    """A database restored after a confirmation has every entry that was there when it was asked for."""
    source.append(20)

    told = supervise(source, target, child, child.control, turns=1)
    replica_of(source, target).restore(PLACE, tmp_path / "back.db")

    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)
    assert (told[0].confirmed_head, told[0].lag_ms, told[0].last_error, told[0].epoch) == (23, 0, None, 1)
    assert source.covered == [(23, True)]


def test_another_epoch_goes_to_another_replica(source: LogSource, target: FolderTarget, child: LitestreamChild):
    """After a rejoin the child is started anew with the path of the new epoch, and the old replica stays."""
    supervise(source, target, child, child.control, turns=1)
    source.epoch = 2
    supervise(source, target, child, child.control, turns=1)

    replica = replica_of(source, target)

    assert sorted(one.name for one in (target.path / SOURCE_ID).iterdir()) == ["epoch-1", "epoch-2"]
    assert replica.newest_epoch(replica.only_source()) == Place(SOURCE_ID, 2)
    assert replica.history(PLACE).files > 0


def test_a_hang_is_healed_in_order(source: LogSource, target: FolderTarget):
    """Two errors in a row lead to stop and start; a third one forgets the local state; then it is well again."""
    child = ScriptedChild()

    told = supervise(source, target, child, FailingControl(failures=3), turns=4)

    assert child.told[2:] == ["stop", "stop", "start 1", "stop", "forget", "stop", "start 1"]
    assert [(one.heals, one.resets, one.is_alarm) for one in told] == [
        (0, 0, False),
        (1, 0, False),
        (1, 1, True),
        (1, 1, False),
    ]


def test_healing_empties_the_write_ahead_log(source: LogSource, target: FolderTarget, child: LitestreamChild):
    """The heal copies the log back into the database while Litestream is away, and replication goes on."""
    with closing(connect(source.database)) as somebody_at_work:
        somebody_at_work.execute("SELECT 1 FROM log").fetchall()
        source.append(50)
        told = supervise(source, target, child, FailingControl(failures=2), turns=2)

    supervise(source, target, child, child.control, turns=1)

    assert told[0].wal_bytes > told[1].wal_bytes
    assert source.covered[-1] == (53, True)


def test_an_unreachable_target_leads_to_no_restart(source: LogSource, target: FolderTarget):
    """While the target is away Litestream is left alone, and the error is told."""
    child = ScriptedChild()

    told = supervise(source, target, child, FailingControl(failures=9), turns=5, is_reachable=False)

    assert child.told == ["stop", "start 1"]
    assert (told[-1].last_error, told[-1].is_alarm) == ("Litestream does not work: read database page 12: EOF.", False)


def test_a_killed_child_is_started_again(source: LogSource, target: FolderTarget, child: LitestreamChild):
    """A Litestream that was killed runs again after the next look."""
    supervise(source, target, child, child.control, turns=1)
    first = child.pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert wait_until_dead(first)

    replicator_turns = supervise(source, target, child, child.control, turns=2)

    assert child.pid() not in (None, first)
    assert replicator_turns[-1].last_error is None


def test_one_process_supervises(source: LogSource, target: FolderTarget, child: LitestreamChild):
    """While somebody supervises a database, a second supervisor is refused and starts nothing."""
    child.start(PLACE)
    second = LitestreamChild(settings_of(source, target))

    with pytest.raises(AlreadyReplicated) as refused:
        second.start(PLACE)

    assert second.pid() is None
    assert "Stop the other" in refused.value.next


SUPERVISOR = """
import sys, time
from pathlib import Path
from carnet_storage.adapters.litestream_process import ChildSettings, LitestreamChild
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget, Place

database, replica, source = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
child = LitestreamChild(ChildSettings(database, database.parent / "backup", FolderTarget(replica), Secrets(), 1000))
child.start(Place(source, 1))
print(child.pid(), child._guard.pid, flush=True)
time.sleep(60)
"""


def other_supervisor(source: LogSource, target: FolderTarget) -> tuple["subprocess.Popen[str]", int, int]:
    """Another process that supervises: (it, its Litestream, its guard)."""
    other = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(source.database), str(target.path), SOURCE_ID],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    pid, guard = map(int, other.stdout.readline().split())
    return other, pid, guard


def test_the_child_ends_with_its_parent(source: LogSource, target: FolderTarget):
    """When the supervising process is killed without a word, Litestream ends too."""
    other, pid, _ = other_supervisor(source, target)

    other.kill()
    other.wait()

    assert wait_until_dead(pid)


def test_an_orphan_is_found_and_ended(source: LogSource, target: FolderTarget, child: LitestreamChild):
    """A Litestream whose guard died as well is found by the next supervisor and ended before another one starts."""
    other, pid, guard = other_supervisor(source, target)
    os.kill(guard, signal.SIGKILL)
    other.kill()
    other.wait()
    assert is_alive(pid)

    child.start(PLACE)

    assert wait_until_dead(pid)
    assert child.pid() not in (None, pid)


def test_a_process_number_that_is_somebody_elses_is_left_alone(
    source: LogSource, target: FolderTarget, child: LitestreamChild
):
    """A process file that names a process which is not Litestream ends nobody."""
    folder = source.database.parent / "backup"
    folder.mkdir()
    (folder / PID_FILE).write_text(f'{{"pid": {os.getpid()}, "socket": "/nowhere.sock"}}')

    assert child.take_over() is False


def test_a_child_that_cannot_start_says_why(source: LogSource, tmp_path: Path):
    """A Litestream that ends at once is a failure with its last words."""
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    program.chmod(0o700)
    settings = ChildSettings(
        source.database, tmp_path / "backup", FolderTarget(tmp_path / "replica"), Secrets(), 1_000, program
    )
    child = LitestreamChild(settings)

    with pytest.raises(ReplicatorFailed) as refused:
        child.start(PLACE)
    child.release()

    assert "no such luck" in refused.value.what


def test_nothing_to_restore_is_told_in_words(source: LogSource, target: FolderTarget, tmp_path: Path):
    """A target without a replica is refused, and no file appears."""
    with pytest.raises(NothingToRestore):
        replica_of(source, target).restore(PLACE, tmp_path / "back.db")

    assert not (tmp_path / "back.db").exists()


def test_a_corrupt_replica_is_refused(source: LogSource, target: FolderTarget, child: LitestreamChild, tmp_path: Path):
    """A replica with damaged files is refused, and no file appears."""
    supervise(source, target, child, child.control, turns=1)
    child.stop()
    for piece in target.path.rglob("*.ltx"):
        content = bytearray(piece.read_bytes())
        content[len(content) // 2] ^= 0xFF
        piece.write_bytes(content)

    with pytest.raises(CopyDamaged) as refused:
        replica_of(source, target).restore(PLACE, tmp_path / "back.db")

    assert not list(tmp_path.glob("back.db*"))
    assert "untouched" in refused.value.safe


def test_a_long_folder_gets_a_short_socket(tmp_path: Path, target: FolderTarget):
    """A data folder whose path is too long for a socket works all the same."""
    source = make_source(tmp_path / ("very-long-name-" * 6) / "data")
    child = LitestreamChild(settings_of(source, target))

    told = supervise(source, target, child, child.control, turns=1)
    child.release()

    assert told[0].confirmed_head == 3


def test_a_restore_leaves_nothing_behind(
    source: LogSource, target: FolderTarget, child: LitestreamChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A restore from a folder with a long name takes nothing from the folder for temporary files."""
    supervise(source, target, child, child.control, turns=1)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    Replica(target, Secrets(), tmp_path / ("very-long-name-" * 6)).restore(PLACE, tmp_path / "back.db")

    assert list(temporary.iterdir()) == []


class SilentSource(LogSource):
    """A database that has no answer for a while."""

    is_silent = True

    def place(self) -> Place:
        """See `Source`."""
        if self.is_silent:
            raise NotNow("it does not answer")
        return super().place()


def test_a_database_without_an_answer_stops_nothing(source: LogSource, target: FolderTarget):
    """While the database has no answer nothing is replicated, the reason is told, and the supervisor goes on."""
    silent, child = SilentSource(source.database), ScriptedChild()

    told = supervise(silent, target, child, FailingControl(failures=0), turns=2)
    silent.is_silent = False
    later = supervise(silent, target, child, FailingControl(failures=0), turns=1)

    assert child.told == ["stop", "stop", "stop", "start 1"]
    assert "does not answer" in str(told[-1].last_error)
    assert (later[0].last_error, later[0].confirmed_head) == (None, 3)


def test_a_relative_folder_works(
    source: LogSource, target: FolderTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A data folder named from the working directory is replicated and restored like any other."""
    monkeypatch.chdir(tmp_path)
    relative = LogSource(Path("data") / source.database.name)
    child = LitestreamChild(settings_of(relative, target))

    (told,) = supervise(relative, target, child, child.control, turns=1)
    child.release()
    replica_of(relative, target).restore(PLACE, Path("back.db"))

    assert (told.confirmed_head, told.last_error) == (3, None)
    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)


def test_a_start_that_fails_is_tried_again(source: LogSource, target: FolderTarget, tmp_path: Path):
    """A Litestream that could not be started says why, and is started at the next look when it can be."""
    program = tmp_path / "later"
    program.write_text("#!/bin/sh\necho not yet >&2\nexit 3\n")
    program.chmod(0o700)
    child = LitestreamChild(replace(settings_of(source, target), program=program))

    (failed,) = supervise(source, target, child, child.control, turns=1)
    program.write_text(f'#!/bin/sh\nexec {find_program()} "$@"\n')
    (started,) = supervise(source, target, child, child.control, turns=1)
    child.release()

    assert "not yet" in str(failed.last_error)
    assert (failed.heals, started.last_error, started.confirmed_head) == (0, None, 3)
