"""What was erased leaves the replicas: by Litestream's own retention, and with the replicas of ended epochs."""

import json
import os
import subprocess
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from carnet_storage.adapters.expiring import expire_replicas
from carnet_storage.adapters.litestream_process import LitestreamChild, find_program
from carnet_storage.adapters.sqlite_files import connect, want_scrub
from carnet_storage.core.limits import HISTORY_H
from carnet_storage.core.litestream import Files, configuration
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget, Place
from support.backups import SOURCE_ID, LogSource, make_source
from support.canaries import hiding_in
from support.supervising import replica_of, supervise

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Litestream is not built for Windows")

CANARY = "Kanarienvogel-7Q4XZ"
HISTORY_MS = HISTORY_H * 3600 * 1000
HOUR_MS = 3600 * 1000


@pytest.fixture
def source(tmp_path: Path) -> LogSource:
    """A database with three entries and a person."""
    source = make_source(tmp_path / "data")
    with closing(connect(source.database)) as connection:
        connection.execute("CREATE TABLE person (name TEXT)")
        connection.execute("INSERT INTO person VALUES (?)", (CANARY,))
    return source


def erase(source: LogSource) -> None:
    """Overwrite the person as the product does, and ask for the log to be emptied."""
    with closing(connect(source.database)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("DELETE FROM person")
    want_scrub(source.database)


def files_in(folder: Path) -> set[Path]:
    """Every file below a folder."""
    return {path for path in folder.rglob("*") if path.is_file()}


def now_ms() -> int:
    """The time by this machine, which Litestream stamps its files with."""
    return time.time_ns() // 1_000_000


def test_what_is_replicated_after_an_erasure_is_free_of_it(
    source: LogSource, target: FolderTarget, child: LitestreamChild, tmp_path: Path
):
    """New files of the replica, the state restored from it, and a replica begun anew do not hold the value."""
    supervise(source, target, child, child.control, turns=1)
    before = files_in(target.path)
    erase(source)

    supervise(source, target, child, child.control, turns=1)
    source.append(5)
    supervise(source, target, child, child.control, turns=1)
    replica_of(source, target).restore(Place(SOURCE_ID, 1), tmp_path / "back.db")
    source.epoch = 2
    child.forget()
    supervise(source, target, child, child.control, turns=1)
    later = files_in(target.path) - before

    assert hiding_in([*before], [CANARY]) != []
    assert {one.parents[2].name for one in later} == {"epoch-1", "epoch-2"}
    assert hiding_in([*later, tmp_path / "back.db"], [CANARY]) == []


def test_litestream_forgets_what_is_older_than_the_history(source: LogSource, target: FolderTarget, tmp_path: Path):
    """Under the product's own settings, with days as seconds, no level of a replica keeps an erased value."""
    folder = tmp_path / "backup"
    folder.mkdir()
    files = Files(source.database, folder / "c.json", folder / "s.sock", folder / "state")
    settings = json.loads(configuration(files, target, Place(SOURCE_ID, 1), sync_interval_ms=100))
    assert settings["snapshot"]["retention"] == f"{HISTORY_H}h"
    settings |= {"snapshot": {"interval": "1s", "retention": "2s"}, "levels": [{"interval": "1s"}, {"interval": "2s"}]}
    settings |= {"l0-retention": "1s", "l0-retention-check-interval": "1s", "socket": {"enabled": False}}
    files.config.write_text(json.dumps(settings))
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([find_program(), "replicate", "-config", files.config], stdout=log, stderr=log) as litestream,
    ):
        try:
            was_there = seen_within(target.path, is_there=True)
            erase(source)
            is_gone = seen_within(target.path, source, is_there=False)
        finally:
            litestream.terminate()

    assert (was_there, is_gone) == (True, True)


def seen_within(folder: Path, working: LogSource | None = None, *, is_there: bool, seconds: float = 20) -> bool:
    """Whether the value appears in a folder, or disappears from it, in time; somebody may go on working."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if working is not None:
            working.append(1)
        with suppress(FileNotFoundError):  # a file that went while it was looked for
            if (hiding_in([folder], [CANARY]) != []) is is_there:
                return True
        time.sleep(0.2)
    return False


@pytest.mark.parametrize(
    ("age_ms", "left"),
    [
        pytest.param(HISTORY_MS - HOUR_MS, ["epoch-1", "epoch-2"], id="within the history"),
        pytest.param(HISTORY_MS + HOUR_MS, ["epoch-2"], id="beyond the history"),
    ],
)
def test_the_replica_of_an_ended_epoch_goes_with_its_history(
    source: LogSource, target: FolderTarget, child: LitestreamChild, age_ms: int, left: list[str]
):
    """An earlier epoch's replica is removed when its last change is older than the history; the present one stays."""
    supervise(source, target, child, child.control, turns=1)
    source.epoch = 2
    supervise(source, target, child, child.control, turns=1)

    expire_replicas(target, Secrets(), replica_of(source, target), source.place(), now_ms=now_ms() + age_ms)

    assert sorted(one.name for one in (target.path / SOURCE_ID).iterdir()) == left


def test_replicas_that_are_not_ours_to_judge_stay(source: LogSource, target: FolderTarget, child: LitestreamChild):
    """Replicas of others, of later epochs, and files in no replica's form are left alone, however old."""
    supervise(source, target, child, child.control, turns=1)
    (target.path / SOURCE_ID / "epoch-1").rename(target.path / SOURCE_ID / "epoch-5")
    for other in (f"{SOURCE_ID}/epoch-2", f"{SOURCE_ID}/notes", f"{'6b' * 16}/epoch-1"):
        (target.path / other).mkdir(parents=True)
        (target.path / other / "something").write_bytes(b"kept")
    before = files_in(target.path)
    age_ms = int(timedelta(days=3650) / timedelta(milliseconds=1))

    gone = expire_replicas(target, Secrets(), replica_of(source, target), Place(SOURCE_ID, 4), now_ms=now_ms() + age_ms)

    assert (gone, files_in(target.path)) == ([], before)
