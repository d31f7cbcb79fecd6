"""The node's SQLite database: connections, transactions and what they promise.

Decides how a transaction begins and ends, and which errors of the database mean what. WAL, so that readers never wait
for a writer; `synchronous=FULL`, asserted on every connection, because a commit that a power cut may undo would let the
chain reuse a number. `secure_delete`, because what was erased or replaced must not be left in the free space of a page.
Writers say BEGIN IMMEDIATE and wait up to `BUSY_TIMEOUT_MS` for another process of the same node; then `StoreBusy`.
Nothing is retried here.

Readers see one snapshot from their first statement to the end of the block. A connection serves one block at a time and
is kept for the next; blocks may run in different threads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Final

from carnet_node.adapters.at_rest import AtRest
from carnet_node.adapters.read_transaction import SqlReadTransaction
from carnet_node.adapters.write_transaction import SqlWriteTransaction
from carnet_node.core.limits import BUSY_TIMEOUT_MS, CHECKPOINT_PAGES, IDLE_CONNECTIONS_MAX, REWRITTEN_AT_ONCE_BYTES
from carnet_node.core.ports import SecretBox
from carnet_node.core.store_failures import DiskFull, StoreBroken, StoreBusy
from carnet_storage.adapters.library import BUSY, FULL, primary_code
from carnet_storage.adapters.library import driver as _library
from carnet_storage.adapters.sqlite_files import is_scrub_wanted, rewrite, want_scrub
from carnet_storage.adapters.write_ahead import want_wal
from carnet_storage.core.failures import StorageFailure

driver: Final[Any] = _library
"""The SQLite driver in use, everywhere in the node."""

_SYNCHRONOUS_FULL: Final = 2


class SqliteNodeStore:
    """The node's database file; see `core.ports.NodeStore`.

    Args:
        path: of the database, whose schema is up to date (see `schema.upgrade`).
        box: encrypts secret values.
        busy_timeout_ms: how long a writer waits for another process; 0 in the simulator.
        is_replicated: a replicating child process checkpoints, so this one must not.
    """

    def __init__(
        self, path: Path, box: SecretBox, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, is_replicated: bool = False
    ) -> None:
        self._path = path
        self._at_rest = AtRest(box)
        self._busy_timeout_ms = busy_timeout_ms
        self._is_replicated = is_replicated
        self._idle: LifoQueue[Any] = LifoQueue(IDLE_CONNECTIONS_MAX)

    @contextmanager
    def read(self) -> Iterator[SqlReadTransaction]:
        """One snapshot; ended without a trace when the block ends."""
        with self._transaction("BEGIN", "ROLLBACK") as connection:
            yield SqlReadTransaction(connection, self._at_rest)

    @contextmanager
    def write(self) -> Iterator[SqlWriteTransaction]:
        """One BEGIN IMMEDIATE transaction; committed durably when the block ends, rolled back when it raises."""
        with self._transaction("BEGIN IMMEDIATE", "COMMIT") as connection:
            yield SqlWriteTransaction(connection, self._at_rest)

    def scrub(self, *, is_asked: bool, is_quiet: bool) -> bool:
        """See `core.ports.NodeStore`: write the file anew and empty the write-ahead log.

        Beside a replicating child its supervisor is asked, and does it at its next look while the child stands still.

        Raises:
            StoreBusy: see the port, or nobody can be asked; nothing was lost, call again.
        """
        may_rewrite = is_quiet or not self._is_large()
        if not self._is_replicated:
            self._scrub_here(is_rewritten=may_rewrite)
        elif may_rewrite and not is_asked:
            self._ask_for_scrub()
        if not may_rewrite:
            raise StoreBusy("a database of this size is written anew when nobody is at work")
        return not (self._is_replicated and is_scrub_wanted(self._path))

    def _is_large(self) -> bool:
        return self._path.exists() and self._path.stat().st_size > REWRITTEN_AT_ONCE_BYTES

    def _scrub_here(self, *, is_rewritten: bool) -> None:
        with translated_errors():
            connection = self._connection()
            try:
                _empty_log(connection)
                if is_rewritten:
                    rewrite(connection, self._path)
                    _empty_log(connection)
            except (MemoryError, StorageFailure) as error:
                raise StoreBusy("there is no room to write the database anew") from error
            finally:
                self._give_back(connection, is_over=True)

    def _ask_for_scrub(self) -> None:
        try:
            want_scrub(self._path)
        except OSError as error:
            raise StoreBusy("the supervisor of the replication cannot be asked to empty the log") from error

    def copy_back(self) -> None:
        """Copy the write-ahead log back as far as nobody reads it; waits for nobody, and nobody waits for it.

        Beside a replicating child this is left to it.

        Raises:
            StoreBusy, StoreBroken: nothing was lost; the next commit that passes the bound does it.
        """
        if self._is_replicated:
            return
        with translated_errors():
            connection = self._connection()
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            finally:
                self._give_back(connection, is_over=True)

    def close(self) -> None:
        """Close idle connections."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def _transaction(self, begin: str, end: str) -> Iterator[Any]:
        with translated_errors():
            connection = self._connection()
        is_over = False
        try:
            with translated_errors():
                connection.execute(begin)
                yield connection
                connection.execute(end)
                is_over = True
        finally:
            self._give_back(connection, is_over=is_over)

    def _connection(self) -> Any:
        try:
            return self._idle.get_nowait()
        except Empty:
            return open_connection(self._path, busy_timeout_ms=self._busy_timeout_ms, is_replicated=self._is_replicated)

    def _give_back(self, connection: Any, *, is_over: bool) -> None:
        """Keep a clean connection; after a failure roll back first, and close what cannot."""
        try:
            if not is_over and connection.in_transaction:
                connection.execute("ROLLBACK")
            if self._idle.full():
                connection.close()
            else:
                self._idle.put_nowait(connection)
        except driver.Error:
            connection.close()


def _empty_log(connection: Any) -> None:
    (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise StoreBusy("the write-ahead log is still being read")


def open_connection(path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, is_replicated: bool = False) -> Any:
    """A connection with the promises of this module.

    Raises:
        StoreBroken: the file cannot be opened, or does not keep `synchronous=FULL` or WAL.
        StoreBusy: another process holds the file exclusively.
    """
    with translated_errors():
        connection = driver.connect(
            path, isolation_level=None, timeout=busy_timeout_ms / 1000, check_same_thread=False, cached_statements=512
        )
        journal = want_wal(connection, busy_timeout_ms)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={0 if is_replicated else CHECKPOINT_PAGES}")
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if journal != "wal" or synchronous != _SYNCHRONOUS_FULL:
        connection.close()
        raise StoreBroken(f"journal_mode={journal}, synchronous={synchronous}; wal and FULL are needed")
    return connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """The database's errors as the node's own; the text names tables and settings, never stored values."""
    try:
        yield
    except driver.OperationalError as error:
        code = primary_code(error)
        if code in BUSY:
            raise StoreBusy("another process of this node is writing") from error
        if code == FULL:
            raise DiskFull(str(error)) from error
        raise StoreBroken(str(error)) from error
    except driver.ProgrammingError:
        raise  # our own mistake, not the database's
    except driver.DatabaseError as error:
        raise StoreBroken(str(error)) from error
