"""What can go wrong inside one process: it dies at a step, a write fails, another process comes in between.

Decides where the steps are (each statement and commit of a database, each small file, each message) and what a failure
does there. A crash is a `BaseException`. After it every port of the process is dead: whatever `finally` and `__exit__`
try then has no effect, and the process is built anew from its files. Does not decide when something goes wrong
(`schedules`, `crashes`).

    point               crash before    crash after    full or broken disk
    statement           yes             with the next  yes, if it writes
    COMMIT              yes             yes            yes, nothing is committed
    small file          yes             yes, and torn  yes, the old file stays
    message             yes             yes            no
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import make_url

from carnet_hub.adapters.store import SqlStore
from carnet_node.adapters.store import SqliteNodeStore, driver
from carnet_node.adapters.system import DiskFiles

PRIVATE: Final = 0o600
DISK_BYTES_BEFORE_TORN: Final = 7
"""How much of a small file stands on disk when its writer dies half way."""


FILE_STEPS: Final = 100_000
"""A stroke at this step and the n-th after it counts small files alone: they are few among many statements."""

_FILE_POINTS: Final = frozenset({"replace file", "half a file", "file replaced"})


class Trouble(StrEnum):
    """What goes wrong at a step."""

    CRASH = "crash"
    DISK_FULL = "disk full"
    IO_ERROR = "io error"
    BETWEEN = "another process in between"


class SimCrash(BaseException):
    """A process has died here."""

    def __init__(self, process: str) -> None:
        super().__init__(process)
        self.process = process


@dataclass
class Power:
    """Whether a process lives, and what is going to happen to it.

    Attributes:
        trouble: what goes wrong at step `at`, 1 or more; None while nothing is planned.
        between: what another process does, for `Trouble.BETWEEN`.
        steps: counted since the last plan: all of them for a crash, writes alone for a disk.
        has_struck: whether the planned trouble has come.
    """

    process: str
    is_on: bool = True
    trouble: Trouble | None = None
    at: int = 0
    between: Callable[[], None] | None = None
    steps: int = 0
    has_struck: bool = False
    names: list[str] = field(default_factory=list)

    def plan(self, trouble: Trouble, at: int, between: Callable[[], None] | None = None) -> None:
        """Let something go wrong at the `at`-th step from now."""
        self.trouble, self.at, self.between = trouble, at, between
        self.steps, self.has_struck, self.names = 0, False, []

    def clear(self) -> bool:
        """Nothing is planned any more; whether it had come."""
        self.trouble = None
        has_struck, self.has_struck = self.has_struck, False
        return has_struck

    def point(self, name: str, *, is_write: bool = False) -> Trouble | None:
        """A step of the process.

        Raises:
            SimCrash: it dies here, or is dead.

        Returns: a disk's failure, for the port to put into its own words.
        """
        if not self.is_on:
            raise SimCrash(self.process)
        is_disk = self.trouble in (Trouble.DISK_FULL, Trouble.IO_ERROR)
        is_file_wanted = self.at > FILE_STEPS
        if self.trouble is None or (is_disk and not is_write) or (is_file_wanted and name not in _FILE_POINTS):
            return None
        self.steps += 1
        self.names.append(name)
        if self.steps != self.at % FILE_STEPS:
            return None
        return self._strike()

    def _strike(self) -> Trouble | None:
        self.has_struck = True
        if self.trouble is Trouble.CRASH:
            self.is_on = False
            raise SimCrash(self.process)
        if self.trouble is Trouble.BETWEEN:
            between, self.between = self.between, None
            if between is not None:
                between()
            return None
        return self.trouble


_MESSAGES: Final = {Trouble.DISK_FULL: "database or disk is full", Trouble.IO_ERROR: "disk I/O error"}
_WRITING: Final = ("INSERT", "UPDATE", "DELETE", "REPLACE", "COMMIT")


class FaultyStatements:
    """`execute` and `executemany` of a connection or cursor, as steps of a process."""

    def __init__(self, real: Any, power: Power) -> None:
        self._real = real
        self._power = power

    def execute(self, sql: str, *arguments: Any) -> Any:
        """One statement."""
        return self._step(sql, self._real.execute, *arguments)

    def executemany(self, sql: str, rows: Any) -> Any:
        """One statement for many rows."""
        return self._step(sql, self._real.executemany, rows)

    def _step(self, sql: str, run: Callable[..., Any], *arguments: Any) -> Any:
        word = sql.lstrip()[:8].split(None, 1)[0].upper()
        trouble = self._power.point(word, is_write=word in _WRITING)
        if trouble is not None:
            raise driver_error(self._real, _MESSAGES[trouble])
        result = run(sql, *arguments)
        if word == "COMMIT":
            self._power.point("after COMMIT")
        return result

    def __getattr__(self, name: str) -> Any:
        if not self._power.is_on:
            raise SimCrash(self._power.process)
        return getattr(self._real, name)


def driver_error(real: Any, message: str) -> Exception:
    """The operational error of the driver that a connection or cursor belongs to."""
    module = type(real).__module__
    return driver.OperationalError(message) if "pysqlite3" in module else sqlite3.OperationalError(message)


class FaultyNodeStore(SqliteNodeStore):
    """A node's store whose statements are steps of its process."""

    def __init__(self, path: Path, box: Any, power: Power) -> None:
        super().__init__(path, box, busy_timeout_ms=0)
        self._power = power
        self._opened: list[Any] = []

    def _connection(self) -> Any:
        self._power.point("connection")
        if not self._idle.empty():
            return self._idle.get_nowait()
        real = super()._connection()
        self._opened.append(real)
        return FaultyStatements(real, self._power)

    def drop(self) -> None:
        """The process is gone: its connections close, and what was not committed never happened."""
        for real in self._opened:
            real.close()
        self._opened.clear()

    def close(self) -> None:
        """Close everything."""
        self.drop()


class FaultyHubStore(SqlStore):
    """A hub worker's store whose statements are steps of its process; made by `faulty_hub_store`."""

    power: Power

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        self.power.point("connection")
        with super()._cursor() as cursor:
            yield FaultyStatements(cursor, self.power)


def faulty_hub_store(compiled: SqlStore, path: Path, power: Power) -> FaultyHubStore:
    """A store on a database file with the statements of another one, which take long to compile."""
    store = FaultyHubStore.__new__(FaultyHubStore)
    store.__dict__.update(copy(compiled).__dict__)
    store.engine = compiled.dialect.connect(make_url(f"sqlite:///{path}"))
    store.power = power
    return store


class FaultyFiles:
    """Small files whose replacing is a step of a process."""

    def __init__(self, power: Power) -> None:
        self._power = power
        self._disk = DiskFiles()

    def read(self, path: Path, *, bytes_max: int) -> bytes | None:
        """See `DiskFiles`."""
        self._power.point("read file")
        return self._disk.read(path, bytes_max=bytes_max)

    def replace(self, path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
        """See `DiskFiles`; a crash may leave half of the new file beside the old one."""
        assert mode == PRIVATE, "nothing else is written here"
        trouble = self._power.point("replace file", is_write=True)
        if trouble is not None:
            raise OSError(errno.ENOSPC if trouble is Trouble.DISK_FULL else errno.EIO, trouble.value)
        torn = path.with_name(f".{path.name}.torn.new")
        torn.write_bytes(content[:DISK_BYTES_BEFORE_TORN])
        self._power.point("half a file")
        torn.unlink()
        self._disk.replace(path, content)
        self._power.point("file replaced")

    def names(self, folder: Path) -> list[str]:
        """Names of the plain files in a folder, sorted."""
        self._power.point("read folder")
        return sorted(path.name for path in folder.iterdir() if path.is_file())

    def is_private(self, path: Path) -> bool:
        """Whether nobody but its owner reads a file."""
        return not self._disk.mode(path) & 0o077

    def mode(self, path: Path) -> int:
        """See `DiskFiles`."""
        return self._disk.mode(path)
