"""The node's SQLite store: what it promises about transactions, processes and failures."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore, driver, open_connection, translated_errors
from carnet_node.core.limits import REWRITTEN_AT_ONCE_BYTES
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.store_failures import DiskFull, StoreBroken, StoreBusy
from carnet_protocol.changeset import Draft, reread_set
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER
from carnet_storage.adapters.sqlite_files import is_scrub_wanted, scrub
from support.desk import record
from support.node_builder import HUB, TestBox, TestEntropy, build_node, close_node
from support.residue import empty_log, leave_residue, stands_in

WANG = Draft(CUSTOMER, record(1), {"party_kind": "person", "full_name": "王小明"})


@contextmanager
def locked_elsewhere(path: Path) -> Iterator[None]:
    """Another process is in the middle of a write transaction."""
    with closing(driver.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def start_writer(folder: Path, worker: int, count: int) -> subprocess.Popen[str]:
    """A real process that will commit customers to the node in a folder as soon as it is let go."""
    command = [sys.executable, "-m", "support.writer_process", str(folder), str(worker), str(count)]
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def let_go(*workers: subprocess.Popen[str]) -> None:
    """Start all workers at the same moment."""
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def chain_of(node: Node) -> list[tuple[int, bytes, bytes]]:
    """(seq, prev, hash) of every set, in log order."""
    with node.store.read() as tx:
        chain = tx.chain()
        assert chain is not None
        sets = tx.sets_from(chain.epoch, 1, 10_000)
    return [(one.seq, reread_set(one.message, HUB).header.prev, one.set_hash) for one in sets]


def assert_unbroken(chain: list[tuple[int, bytes, bytes]]) -> None:
    """Numbers without holes, each set linked to the one before."""
    assert [seq for seq, _, _ in chain] == list(range(1, len(chain) + 1))
    assert [prev for _, prev, _ in chain[1:]] == [set_hash for _, _, set_hash in chain[:-1]]


def test_every_connection_is_durable(tmp_path: Path):
    """A connection runs in WAL with synchronous=FULL, or is not handed out."""
    with closing(open_connection(tmp_path / "x.db")) as connection:
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]

    assert (journal, synchronous) == ("wal", 2)


def test_a_database_that_cannot_use_wal_is_refused():
    """Where WAL is not to be had (here: in memory) the store does not pretend."""
    with pytest.raises(StoreBroken, match="journal_mode=memory"):
        open_connection(Path(":memory:"))


def test_a_replicated_database_leaves_checkpoints_to_the_child(tmp_path: Path):
    """With a replicating child process this one never checkpoints by itself."""
    with closing(open_connection(tmp_path / "x.db", is_replicated=True)) as connection:
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)


def test_a_scrubbed_database_holds_no_copy_of_what_was_deleted(tmp_path: Path):
    """Also the copies that SQLite has left in the pages are gone when a scrub says that it is done."""
    path = _database_with_residue(tmp_path)

    is_done = SqliteNodeStore(path, TestBox()).scrub(is_asked=False, is_quiet=False)

    assert (is_done, stands_in(path)) == (True, False)


def test_a_large_database_at_work_is_scrubbed_later(tmp_path: Path):
    """No save stands still while a large database is written anew; it stays due, and is done when nobody works."""
    path = _database_with_residue(tmp_path, padding_bytes=REWRITTEN_AT_ONCE_BYTES)
    store = SqliteNodeStore(path, TestBox())

    with pytest.raises(StoreBusy):
        store.scrub(is_asked=False, is_quiet=False)
    at_work = stands_in(path)
    is_done = store.scrub(is_asked=False, is_quiet=True)

    assert (at_work, is_done, stands_in(path)) == (True, True, False)


def test_a_replicated_large_database_at_work_asks_for_nothing_yet(tmp_path: Path):
    """Its supervisor would stop the replication and let nobody save; it is asked when nobody works."""
    path = _database_with_residue(tmp_path, padding_bytes=REWRITTEN_AT_ONCE_BYTES)

    with pytest.raises(StoreBusy):
        SqliteNodeStore(path, TestBox(), is_replicated=True).scrub(is_asked=False, is_quiet=False)

    assert not is_scrub_wanted(path)


def _database_with_residue(folder: Path, *, padding_bytes: int = 0) -> Path:
    """A database in whose pages a deleted value has stayed."""
    path = folder / "x.db"
    with closing(open_connection(path)) as connection:
        leave_residue(connection)
        connection.execute("CREATE TABLE padding AS SELECT zeroblob(?) AS z", (padding_bytes,))
        empty_log(connection)
    assert stands_in(path)
    return path


def test_a_replicated_database_asks_the_supervisor_to_scrub(tmp_path: Path):
    """Beside Litestream the log is not emptied from here; whoever supervises it is asked, and it is not done yet."""
    with closing(open_connection(tmp_path / "x.db", is_replicated=True)):
        is_done = SqliteNodeStore(tmp_path / "x.db", TestBox(), is_replicated=True).scrub(is_asked=False, is_quiet=True)

    assert (is_done, is_scrub_wanted(tmp_path / "x.db")) == (False, True)


def test_a_scrub_is_done_when_the_supervisor_has_done_it(tmp_path: Path):
    """Who asked before is told that it is done once the wish is fulfilled, and asks for nothing again."""
    store = SqliteNodeStore(tmp_path / "x.db", TestBox(), is_replicated=True)
    with closing(open_connection(tmp_path / "x.db", is_replicated=True)):
        store.scrub(is_asked=False, is_quiet=True)
        before = store.scrub(is_asked=True, is_quiet=True)
        scrub(tmp_path / "x.db")
        after = store.scrub(is_asked=True, is_quiet=True)

    assert (before, after, is_scrub_wanted(tmp_path / "x.db")) == (False, True, False)


def test_a_supervisor_that_cannot_be_asked_leaves_the_scrub_due(tmp_path: Path):
    """Without a place for the wish nothing counts as scrubbed, so that no hello says so."""
    with pytest.raises(StoreBusy):
        SqliteNodeStore(tmp_path / "nowhere" / "x.db", TestBox(), is_replicated=True).scrub(
            is_asked=False, is_quiet=True
        )


def test_words_alone_make_no_busy_database(tmp_path: Path):
    """A failure is judged by its code: a broken statement that names a locked database is no reason to wait."""
    with closing(open_connection(tmp_path / "x.db")) as connection, pytest.raises(StoreBroken), translated_errors():
        connection.execute('SELECT 1 FROM "database is locked"')


def test_a_locked_database_is_busy_and_nothing_is_written(tmp_path: Path):
    """While another process writes, a commit ends in a typed failure and can simply be repeated."""
    node = build_node(tmp_path)

    with locked_elsewhere(tmp_path / "node-1.db"), pytest.raises(StoreBusy):
        commit(node, [WANG])

    with node.store.read() as tx:
        assert tx.record(CUSTOMER, record(1)) is None
    assert commit(node, [WANG]).seq == 1


def test_readers_do_not_wait_for_a_writer(tmp_path: Path):
    """While another process writes, views show what was committed before."""
    node = build_node(tmp_path)
    commit(node, [WANG])

    with locked_elsewhere(tmp_path / "node-1.db"), node.store.read() as tx:
        assert tx.record(CUSTOMER, record(1)) is not None


def test_a_reader_sees_one_snapshot(tmp_path: Path):
    """What is committed after a reader's first statement does not appear in its block."""
    node = build_node(tmp_path)

    with node.store.read() as tx:
        before = tx.record(CUSTOMER, record(1))
        commit(node, [WANG])
        after = tx.record(CUSTOMER, record(1))

    assert (before, after) == (None, None)


def test_a_failed_block_gives_its_connection_back_clean(tmp_path: Path):
    """After an exception the next transaction neither waits nor sees anything of the failed one."""
    node = build_node(tmp_path)

    for _ in range(20):
        with pytest.raises(ZeroDivisionError), node.store.write() as tx:
            tx.put_setting("x", bytes([tx.next_number("y") // 0]))

    with node.store.write() as tx:
        assert tx.setting("x") is None


def test_a_damaged_file_is_broken_not_leaked(tmp_path: Path):
    """A file that is no database surfaces as StoreBroken."""
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)

    with pytest.raises(StoreBroken):
        upgrade(tmp_path / "x.db")


def test_a_full_disk_is_told_as_such_and_nothing_is_written(tmp_path: Path):
    """When the file may not grow, the commit fails as a whole and the old state stands."""
    node = build_node(tmp_path)
    commit(node, [WANG])
    close_node(node)
    full = _FullDisk(tmp_path / "node-1.db", TestBox())

    with pytest.raises(DiskFull):
        commit(replace(node, store=full), [Draft(CUSTOMER, record(9), {"note": "x" * 4000})])
    full.close()

    with node.store.read() as tx:
        assert tx.record(CUSTOMER, record(9)) is None
    assert len(chain_of(node)) == 1


class _FullDisk(SqliteNodeStore):
    """A store on a disk without room for one more page."""

    def _connection(self):
        connection = super()._connection()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection


def test_two_processes_share_one_chain(tmp_path: Path):
    """A service and a command line that write at once produce one chain without hole or fork."""
    node = build_node(tmp_path)

    workers = [start_writer(tmp_path, worker, 100) for worker in (1, 2)]
    let_go(*workers)
    printed = [worker.communicate(timeout=120)[0].splitlines() for worker in workers]

    chain = chain_of(node)
    assert_unbroken(chain)
    assert sorted(int(line.split()[0]) for lines in printed for line in lines) == list(range(1, 201))
    assert [worker.returncode for worker in workers] == [0, 0]
    assert check_rebuild(node).differences == ()


def test_threads_of_one_process_share_one_chain(tmp_path: Path):
    """Requests that are served at once produce one chain, and each finds what it wrote."""
    node = build_node(tmp_path, busy_timeout_ms=20_000)

    def write(worker: int) -> list[bool]:
        found = []
        for number in range(20):
            one = Draft(CUSTOMER, record(worker * 100 + number), {"party_kind": "person", "full_name": "x"})
            commit(replace(node, entropy=TestEntropy(worker * 1_000 + number)), [one])
            with node.store.read() as tx:
                found.append(tx.record(CUSTOMER, RecordId(one.record)) is not None)
        return found

    with ThreadPoolExecutor(4) as pool:
        found = [one for worker in pool.map(write, range(1, 5)) for one in worker]

    assert found == [True] * 80
    assert len(chain_of(node)) == 80
    assert_unbroken(chain_of(node))


def test_a_killed_process_loses_nothing_it_had_committed(tmp_path: Path):
    """After kill -9 in mid-work everything that was reported is there, and the chain goes on."""
    node = build_node(tmp_path)
    worker = start_writer(tmp_path, 1, 10_000)
    let_go(worker)
    assert worker.stdout is not None
    reported = [worker.stdout.readline() for _ in range(20)]

    worker.kill()
    reported += worker.communicate(timeout=60)[0].splitlines(keepends=True)

    whole = [line.split() for line in reported if line.endswith("\n")]
    with node.store.read() as tx:
        missing = [name for _, name in whole if tx.record(CUSTOMER, RecordId(bytes.fromhex(name))) is None]
    assert missing == []
    assert_unbroken(chain_of(node))
    assert commit(node, [WANG]).seq == len(chain_of(node))
    assert check_rebuild(node).differences == ()


def test_the_driver_is_one_and_the_same_everywhere():
    """The store uses the bundled SQLite where there is one."""
    try:
        import pysqlite3.dbapi2 as bundled  # noqa: PLC0415  (not on every platform)
    except ImportError:
        assert driver is sqlite3
    else:
        assert driver is bundled
