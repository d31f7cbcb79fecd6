"""What an operator reads when the hub's keys, backups, database or disk fail: three sentences, and nothing changed.

The hub's half of tests/node/test_cli_broken.py, row by row.
"""

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from carnet_hub.bootstrap import open_hub
from carnet_hub.entrypoints.cli.main import execute
from carnet_hub.entrypoints.http.app import backups_of
from carnet_hub.settings import HubSettings
from carnet_storage.adapters.small_files import read_status
from support.breaking import bend, cut, each, kept, largest_first, replace_key, sentences_of

COPY_TO = "CARNET_HUB_BACKUP_COPY_TO"
REPLICATE_TO = "CARNET_HUB_BACKUP_REPLICATE_TO"


@dataclass(frozen=True)
class Broken:
    """A folder in which something is about to be broken."""

    folder: Path

    @property
    def data(self) -> Path:
        """The hub's folder."""
        return self.folder / "hub"

    @property
    def database(self) -> Path:
        """The living database."""
        return self.data / "hub.db"

    @property
    def copy(self) -> Path:
        """The encrypted copy."""
        return largest_first(self.folder / "copies")[0]

    @property
    def replica(self) -> list[Path]:
        """The files of the replica."""
        return largest_first(self.folder / "replica")

    def key(self, name: str) -> Path:
        """A file beside the keys."""
        return self.data / "keys" / name

    def lose_database(self) -> None:
        """What a dead disk takes."""
        for path in self.data.glob("hub.db*"):
            path.unlink()

    def __call__(self, *arguments: object) -> tuple[int, Any]:
        """Exit code and JSON of a command, whatever it comes to."""
        return typed(self.data, *arguments)


def typed(data: Path, *arguments: object) -> tuple[int, Any]:
    """A command of the hub as somebody types it."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(io.StringIO()):
        code = execute(["--data", str(data), *map(str, arguments), "--json"])
    return code, json.loads(said.getvalue())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub with a dealer, an encrypted copy and a replica; made once."""
    folder = tmp_path_factory.mktemp("broken-hub")
    (folder / "copies").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(COPY_TO, str(folder / "copies"))
        typed(folder / "hub", "init")
        typed(folder / "hub", "dealers", "add", "A001", "First site")
        typed(folder / "hub", "backup", "now")
        (folder / "replica").mkdir()
        patch.setenv(REPLICATE_TO, str(folder / "replica"))
        replicate_once(HubSettings(data_dir=folder / "hub"))
    shutil.rmtree(folder / "hub" / "backup")
    return folder


def replicate_once(settings: HubSettings) -> None:
    """Supervise a replica until it covers the log, as `serve` does."""
    app = open_hub(settings)
    service = backups_of(app)
    assert service is not None

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.run)
            with anyio.fail_after(20):
                while not _is_confirmed(settings):  # noqa: ASYNC110  (what is waited for is a file)
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()

    anyio.run(run)
    app.close()


def _is_confirmed(settings: HubSettings) -> bool:
    status = read_status(settings.backup_dir)
    return status is not None and status.replication is not None and status.replication.confirmed_head > 0


@pytest.fixture
def broken(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Broken:
    """A copy of it, with both targets set."""
    shutil.copytree(template, tmp_path / "place")
    monkeypatch.setenv(COPY_TO, str(tmp_path / "place" / "copies"))
    monkeypatch.setenv(REPLICATE_TO, str(tmp_path / "place" / "replica"))
    return Broken(tmp_path / "place")


def without_database(then: Callable[[Broken], object]) -> Callable[[Broken], None]:
    """The database is lost, and something besides."""

    def both(broken: Broken) -> None:
        broken.lose_database()
        then(broken)

    return both


Case = tuple[str, Callable[[Broken], object], tuple[str, ...], str]

DAMAGED = "store-error"
"""The one failure that ends with exit code 3: file, disk or a bad moment, nobody can say from here."""

FROM_COPY = ("restore", "--from", "copy")
FROM_REPLICA = ("restore", "--from", "litestream")

CASES: tuple[Case, ...] = (
    ("no signing key", lambda one: one.key("sign.key").unlink(), ("dealers", "list"), "keys-unreadable"),
    ("no data key", lambda one: one.key("data.key").unlink(), ("dealers", "list"), "keys-unreadable"),
    ("a cut key", lambda one: cut(one.key("exchange.key"), 31), ("dealers", "list"), "keys-unreadable"),
    ("a key others may read", lambda one: one.key("sign.key").chmod(0o644), ("dealers", "list"), "keys-unreadable"),
    ("another signing key", lambda one: replace_key(one.key("sign.key")), ("dealers", "list"), "keys-unreadable"),
    ("another export key", lambda one: replace_key(one.key("export.key")), ("dealers", "list"), "keys-unreadable"),
    ("another data key", lambda one: replace_key(one.key("data.key")), ("dealers", "list"), "keys-unreadable"),
    ("another data key, copied", lambda one: replace_key(one.key("data.key")), ("backup", "now"), "keys-unreadable"),
    ("another exchange key", lambda one: replace_key(one.key("exchange.key")), ("dealers", "list"), "keys-unreadable"),
    ("keys are gone", lambda one: shutil.rmtree(one.data / "keys"), ("dealers", "list"), "keys-unreadable"),
    ("a lost database", lambda one: one.lose_database(), ("dealers", "list"), "database-empty"),
    ("a database that is none", lambda one: one.database.write_bytes(b"x" * 8192), ("dealers", "list"), DAMAGED),
    ("a cut database", lambda one: cut(one.database, 20_000), ("log", "verify"), DAMAGED),
    ("a database that is there", lambda one: None, FROM_COPY, "database-exists"),
    ("a cut copy", without_database(lambda one: cut(one.copy, -40)), FROM_COPY, "copy-damaged"),
    ("an empty copy", without_database(lambda one: cut(one.copy, 0)), FROM_COPY, "copy-damaged"),
    ("a changed copy", without_database(lambda one: bend(one.copy, -1)), FROM_COPY, "copy-damaged"),
    (
        "another key than the copy's",
        without_database(lambda one: replace_key(one.key("data.key"))),
        FROM_COPY,
        "wrong-key",
    ),
    (
        "another key than the replica's",
        without_database(lambda one: replace_key(one.key("data.key"))),
        FROM_REPLICA,
        "keys-unreadable",
    ),
    (
        "a cut replica",
        without_database(lambda one: each(one.replica, lambda path: cut(path, path.stat().st_size // 2))),
        FROM_REPLICA,
        "copy-damaged",
    ),
    (
        "a changed replica",
        without_database(lambda one: each(one.replica, lambda path: bend(path, path.stat().st_size // 2))),
        FROM_REPLICA,
        "copy-damaged",
    ),
    (
        "a replica without its files",
        without_database(lambda one: each(one.replica, Path.unlink)),
        FROM_REPLICA,
        "nothing-to-restore",
    ),
    (
        "no backup as old as that",
        without_database(lambda one: None),
        (*FROM_COPY, "--at", "2001-01-01T00:00:00Z"),
        "nothing-to-restore",
    ),
    ("no keys at all", without_database(lambda one: shutil.rmtree(one.data / "keys")), FROM_COPY, "keys-unreadable"),
    ("a target that is gone", lambda one: shutil.rmtree(one.folder / "copies"), ("backup", "now"), "backup-target"),
)


@pytest.mark.parametrize(("what", "break_it", "command", "code"), CASES, ids=[one[0] for one in CASES])
def test_a_failure_is_told_and_changes_nothing(
    broken: Broken, what: str, break_it: Callable[[Broken], object], command: tuple[str, ...], code: str
):
    """What happened, what is safe, what to do next; the exit code says so, and every file is as it was."""
    break_it(broken)
    before = kept(broken.folder)

    exit_code, told = broken(*command)

    assert (exit_code, told["error"]["code"]) == (3 if code == DAMAGED else 1, code), what
    assert sentences_of(told["error"])
    assert kept(broken.folder) == before
