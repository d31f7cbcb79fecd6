"""What was erased leaves the write-ahead log although Litestream alone checkpoints."""

from contextlib import closing
from pathlib import Path

from carnet_storage.adapters.litestream_process import LitestreamChild
from carnet_storage.adapters.sqlite_files import connect, is_scrub_wanted, want_scrub
from carnet_storage.core.targets import FolderTarget, Place
from support.backups import SOURCE_ID, FailingControl, LogSource, ScriptedChild
from support.supervising import replica_of, supervise

PLACE = Place(SOURCE_ID, 1)


def test_what_was_erased_leaves_the_write_ahead_log(
    source: LogSource, target: FolderTarget, child: LitestreamChild, tmp_path: Path
):
    """Somebody who erased asks; at the next look the log is emptied, and the replica still has everything."""
    log = source.database.with_name(f"{source.database.name}-wal")
    with closing(connect(source.database)) as somebody_at_work:
        source.append(5)
        somebody_at_work.execute("PRAGMA secure_delete=ON")
        somebody_at_work.execute("CREATE TABLE person (name TEXT)")
        somebody_at_work.execute("INSERT INTO person VALUES ('Erased Person')")
        somebody_at_work.execute("DELETE FROM person")
        want_scrub(source.database)
        before = log.read_bytes()

        supervise(source, target, child, child.control, turns=1)
        after = log.read_bytes() + source.database.read_bytes()
        wanted = is_scrub_wanted(source.database)
        source.append(5)
        supervise(source, target, child, child.control, turns=1)
        replica_of(source, target).restore(PLACE, tmp_path / "back.db")

    assert (b"Erased Person" in before, b"Erased Person" in after, wanted) == (True, False, False)
    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)


def test_a_log_that_is_being_read_is_emptied_later(source: LogSource, target: FolderTarget):
    """Who reads is not disturbed, the wish stays, and a later look fulfils it."""
    with closing(connect(source.database)) as writer, closing(connect(source.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM log").fetchall()
        writer.execute("CREATE TABLE person (name TEXT)")
        want_scrub(source.database)
        supervise(source, target, ScriptedChild(), FailingControl(failures=0), turns=1)
        while_read = is_scrub_wanted(source.database)
        reader.execute("ROLLBACK")
        supervise(source, target, ScriptedChild(), FailingControl(failures=0), turns=1)

    assert (while_read, is_scrub_wanted(source.database)) == (True, False)
