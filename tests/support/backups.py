"""A small database with a log, to be backed up: the storage knows no more of a node or a hub than this.

source = make_source(tmp_path)
source.append(3)
"""

import hashlib
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from carnet_storage.adapters.copying import Sealer
from carnet_storage.adapters.sqlite_files import connect
from carnet_storage.core.drill import LogFacts
from carnet_storage.core.failures import ReplicatorFailed
from carnet_storage.core.targets import Place
from support.node_builder import TestEntropy

SOURCE_ID = "5a" * 16
DATA_KEY = bytes(range(32))


@dataclass
class LogSource:
    """`carnet_storage.core.ports.Source` on a table with one row per entry.

    Attributes:
        epoch: may be changed, as a rejoin does.
        covered: what was confirmed, in order.
        fault: what `examine` finds.
    """

    database: Path
    epoch: int = 1
    covered: list[tuple[int, bool]] = field(default_factory=list)
    fault: str | None = None

    def append(self, count: int = 1) -> None:
        """Write entries."""
        with closing(connect(self.database)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(count):
                connection.execute("INSERT INTO log (body) VALUES (randomblob(500))")
            connection.execute("COMMIT")

    def place(self) -> Place:
        """See `Source`."""
        return Place(SOURCE_ID, self.epoch)

    def head(self) -> int:
        """See `Source`."""
        return self.facts(self.database, None).head

    def facts(self, database: Path, up_to: int | None) -> LogFacts:
        """See `Source`."""
        digest, entries, head = hashlib.sha256(), 0, 0
        with closing(connect(database)) as connection:
            rows = connection.execute("SELECT id, body FROM log WHERE id <= ? ORDER BY id", (up_to or 2**62,))
            for head, body in rows:
                digest.update(head.to_bytes(8, "big") + body)
                entries += 1
        return LogFacts(head, entries, digest.digest())

    def examine(self, database: Path) -> str | None:
        """See `Source`."""
        assert database.exists()
        return self.fault

    def confirmed(self, head: int, *, is_elsewhere: bool) -> None:
        """See `Source`."""
        self.covered.append((head, is_elsewhere))


def make_source(folder: Path, entries: int = 3) -> LogSource:
    """A database in WAL mode with some entries."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "some.db"
    database.touch()
    with closing(connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    source = LogSource(database)
    source.append(entries)
    return source


def make_sealer(folder: Path, key: bytes | str = DATA_KEY) -> Sealer:
    """A sealer with seeded randomness."""
    return Sealer("node", key, {"data.recovery": b"wrapped"}, folder / "backup", TestEntropy(7))


@dataclass
class ScriptedChild:
    """A Litestream that does nothing but note what it is told; `ports.Child`."""

    told: list[str] = field(default_factory=list)
    code: int | None = None

    def start(self, place: Place) -> None:
        """See `Child`."""
        self.code = None
        self.told.append(f"start {place.ordinal}")

    def stop(self) -> None:
        """See `Child`."""
        self.told.append("stop")

    def exit_code(self) -> int | None:
        """See `Child`."""
        return self.code

    def forget(self) -> None:
        """See `Child`."""
        self.told.append("forget")

    def state_bytes(self) -> int:
        """See `Child`."""
        return 0


@dataclass
class FailingControl:
    """A control socket that hangs for some questions and then gives up hanging; `ports.Control`.

    Attributes:
        failures: how many questions get an error first.
    """

    failures: int
    asked: int = 0

    def sync(self) -> tuple[int, int]:
        """See `Control`."""
        self.asked += 1
        if self.asked <= self.failures:
            raise ReplicatorFailed("read database page 12: EOF")
        return self.asked, self.asked
