"""What backups need from the world; production adapters stand in `adapters`, tests pass their own.

Decides the contracts only. Everything is synchronous and blocks, except `Clock.sleep`; who lives in an event loop
reaches it through `run_blocking`.
"""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from carnet_storage.core.copies import CopyName
from carnet_storage.core.drill import LogFacts
from carnet_storage.core.targets import Place

T = TypeVar("T")


class Clock(Protocol):
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking anybody else."""
        ...


class Entropy(Protocol):
    """Random bytes that nobody can predict."""

    def random_bytes(self, count: int) -> bytes:
        """`count` fresh bytes."""
        ...


class RunBlocking(Protocol):
    """Blocking work from inside an event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """The result of `work`."""
        ...


class Source(Protocol):
    """The database that is backed up, as its owner knows it.

    Any question may raise `NotNow` or `DatabaseDamaged`.
    """

    @property
    def database(self) -> Path:
        """The SQLite file."""
        ...

    def place(self) -> Place:
        """Whose backup it is now; another epoch after a restore or rejoin."""
        ...

    def head(self) -> int:
        """End of the log: what a confirmed backup covers."""
        ...

    def facts(self, database: Path, up_to: int | None) -> LogFacts:
        """Count, head and digest of the log in a database file, up to an entry; None for all of it."""
        ...

    def examine(self, database: Path) -> str | None:
        """What is wrong with a restored database: its log and its folded state; None when nothing is."""
        ...

    def confirmed(self, head: int, *, is_elsewhere: bool) -> None:
        """A backup covers everything up to `head`."""
        ...


class Copies(Protocol):
    """A target that holds encrypted copies."""

    def put(self, name: CopyName, content: Path) -> None:
        """Store a complete file; it appears under its name at once or not at all.

        Raises:
            TargetFailed, DiskFull: nothing appeared.
        """
        ...

    def list(self, source: str | None) -> list[CopyName]:
        """The copies of a source, or of all; newest first.

        Raises:
            TargetFailed: see there.
        """
        ...

    def fetch(self, name: CopyName) -> Iterator[bytes]:
        """The content of a copy, in pieces.

        Raises:
            NothingToRestore, TargetFailed: see there.
        """
        ...

    def remove(self, name: CopyName) -> None:
        """Delete a copy; one that is gone already changes nothing."""
        ...


class Child(Protocol):
    """Litestream as a child process."""

    def start(self, place: Place) -> None:
        """Start it for a replica path; wait until it answers.

        Raises:
            AlreadyReplicated, ReplicatorFailed, ReplicatorMissing: it does not run.
        """
        ...

    def stop(self) -> None:
        """End it; does nothing when it does not run."""
        ...

    def exit_code(self) -> int | None:
        """How it ended; None while it runs or was never started."""
        ...

    def forget(self) -> None:
        """Remove its local state, so that it begins with a new snapshot. It must not run."""
        ...

    def state_bytes(self) -> int:
        """Bytes of its local state."""
        ...


class Control(Protocol):
    """The control socket of a running Litestream."""

    def sync(self) -> tuple[int, int]:
        """Wait until everything is at the target: (txid, txid there).

        Raises:
            ReplicatorFailed: it does not answer, or says why it cannot.
        """
        ...
