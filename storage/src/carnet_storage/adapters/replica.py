"""Reading a Litestream replica: which moments can be restored, and restoring one into a scratch file.

Decides nothing. Runs the Litestream program with a configuration of its own in a scratch folder; nothing it is told
names the living database. Each restored database passes SQLite's full check before it is handed over.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from carnet_storage.adapters.copying import scratch_folder
from carnet_storage.adapters.litestream_process import (
    CONFIG_FILE,
    SOCKET_FILE,
    STATE_FOLDER,
    find_program,
    host_key_of,
)
from carnet_storage.adapters.marking import require_folder, require_target
from carnet_storage.adapters.sqlite_files import check_integrity, remove_database, translated_disk
from carnet_storage.adapters.system import replace_file
from carnet_storage.core.failures import CopyDamaged, DiskFull, NothingToRestore, ReplicatorFailed, SourceUnclear
from carnet_storage.core.limits import (
    EPOCH_GAP_MAX,
    EPOCHS_TRIED_MAX,
    ERROR_CHARS_MAX,
    LIST_S_MAX,
    LISTING_BYTES_MAX,
    RESTORE_S_MAX,
)
from carnet_storage.core.litestream import Files, Piece, child_environment, configuration, parse_pieces
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget, Place, S3Target, SftpTarget, Target

_NOTHING: Final = ("no matching backup", "no snapshot", "no backups found", "not found")
_SOURCE: Final = re.compile("[0-9a-f]{32}")
_LISTED_TO_MS: Final = 1_000
"""Moments are listed to the second, rounded down."""
_FULL: Final = "no space left"


@dataclass(frozen=True, slots=True)
class ReplicaHistory:
    """What a replica can give back; instants in ms since 1970, to the second."""

    place: Place
    from_ms: int
    to_ms: int
    files: int
    bytes: int


class Replica:
    """One source's replicas at a target.

    Args:
        scratch: a private folder; configuration and unfinished databases lie there for a moment.
    """

    def __init__(self, target: Target, secrets: Secrets, scratch: Path, program: Path | None = None) -> None:
        self._target = target
        self._secrets = secrets
        self._scratch = scratch
        self._program = program

    def history(self, place: Place) -> ReplicaHistory:
        """What can be restored of one epoch.

        Raises:
            NothingToRestore: nothing.
            ReplicatorFailed, ReplicatorMissing, TargetGone: the target cannot be asked.
        """
        with scratch_folder(self._scratch) as folder:
            output = self._run(folder, place, ["ltx", "-json", "-level", "all"], LIST_S_MAX)
        pieces = parse_pieces(output[:LISTING_BYTES_MAX])
        if not pieces:
            raise NothingToRestore(self._target.shown, f"there is no replica of epoch {place.ordinal}")
        moments = [_instant_ms(one) for one in pieces]
        return ReplicaHistory(place, min(moments), max(moments), len(pieces), sum(one.size for one in pieces))

    def only_source(self) -> str:
        """Whose replicas lie at the target, when they are of one source.

        Raises:
            NothingToRestore: of none.
            SourceUnclear: of several, or a server that cannot list them (SFTP).
            TargetFailed: the target cannot be asked.
        """
        found = [name for name in folders_at(self._target, self._secrets, "") if _SOURCE.fullmatch(name)]
        if len(found) > 1 or isinstance(self._target, SftpTarget):
            raise SourceUnclear(self._target.shown)
        if not found:
            raise NothingToRestore(self._target.shown)
        return found[0]

    @property
    def shown(self) -> str:
        """The target, for people."""
        return self._target.shown

    def newest_epoch(self, source: str, *, at_ms: int | None = None) -> Place:
        """The highest epoch that has a replica.

        Args:
            at_ms: only one that had begun by then; None for any.

        Raises:
            NothingToRestore: none has.
            ReplicatorFailed, ReplicatorMissing, TargetFailed: the target cannot be asked.
        """
        if isinstance(self._target, SftpTarget):
            return self._newest_epoch_by_asking(source, at_ms)
        return self._first_with_replica(source, self._listed(source), at_ms)

    def histories(self, source: str) -> Iterator[ReplicaHistory]:
        """What can be restored of every epoch, newest first; of the last `EPOCHS_TRIED_MAX`.

        Raises:
            NothingToRestore, ReplicatorFailed, ReplicatorMissing, TargetFailed: as `newest_epoch`.
        """
        newest = self.newest_epoch(source).ordinal
        is_listing = not isinstance(self._target, SftpTarget)
        ordinals = self._listed(source) if is_listing else list(range(newest, 0, -1))
        for ordinal in ordinals[:EPOCHS_TRIED_MAX]:
            with suppress(NothingToRestore):
                yield self.history(Place(source, ordinal))

    def _listed(self, source: str) -> list[int]:
        """The epochs of a source that a target names, highest first."""
        names = folders_at(self._target, self._secrets, source)
        found = (name.removeprefix("epoch-") for name in names if name.startswith("epoch-"))
        return sorted((int(one) for one in found if one.isdigit()), reverse=True)

    def _newest_epoch_by_asking(self, source: str, at_ms: int | None) -> Place:
        """The same at a server that cannot list: block after block, as long as a block is in use near its end."""
        newest: Place | None = None
        top = EPOCHS_TRIED_MAX
        while newest is None or newest.ordinal > top - EPOCHS_TRIED_MAX - EPOCH_GAP_MAX:
            try:
                newest = self._first_with_replica(source, range(top, top - EPOCHS_TRIED_MAX, -1))
            except NothingToRestore:
                break
            top += EPOCHS_TRIED_MAX
        if newest is None:
            raise NothingToRestore(self._target.shown)
        return newest if at_ms is None else self._first_with_replica(source, range(newest.ordinal, 0, -1), at_ms)

    def _first_with_replica(self, source: str, ordinals: Iterable[int], at_ms: int | None = None) -> Place:
        for ordinal in ordinals:
            try:
                found = self.history(Place(source, ordinal))
            except NothingToRestore:
                continue
            if at_ms is None or found.from_ms + _LISTED_TO_MS <= at_ms:
                return found.place
        if at_ms is None:
            raise NothingToRestore(self._target.shown)
        raise NothingToRestore(self._target.shown, "no replica is as old as that")

    def restore(self, place: Place, to: Path, *, at_ms: int | None = None) -> None:
        """Restore into a new file and let SQLite check it.

        Args:
            to: must not exist; gone again when anything fails.
            at_ms: a moment; None for the newest state.

        Raises:
            NothingToRestore, CopyDamaged, DatabaseDamaged, DiskFull, ReplicatorFailed, TargetGone: `to` does not exist.
        """
        arguments = ["restore", "-o", str(to.absolute()), "-integrity-check", "full"]
        if at_ms is not None:
            arguments += ["-timestamp", datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")]
        try:
            with translated_disk(to.parent), scratch_folder(self._scratch) as folder:
                self._run(folder, place, arguments, RESTORE_S_MAX)
            if not to.exists():
                raise NothingToRestore(self._target.shown)
            check_integrity(to, "The restored database")
        except BaseException:
            remove_database(to)
            to.with_name(f"{to.name}.tmp").unlink(missing_ok=True)
            raise

    def _run(self, folder: Path, place: Place, arguments: list[str], seconds: int) -> bytes:
        program = self._program or find_program()
        require_target(self._target)
        named = (folder / "named.db").absolute()
        # Nothing listens here, so no socket needs a short path outside.
        files = Files(named, named.with_name(CONFIG_FILE), named.with_name(SOCKET_FILE), named.with_name(STATE_FOLDER))
        content = configuration(files, self._target, place, sync_interval_ms=1_000, host_key=host_key_of(self._target))
        replace_file(files.config, content)
        command, *rest = arguments
        try:
            done = subprocess.run(
                [str(program), command, "-config", str(files.config), "-no-expand-env", *rest, str(files.database)],
                env=child_environment(os.environ, self._secrets),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise ReplicatorFailed(f"no end after {seconds} s") from error
        if done.returncode != 0:
            raise self._failure(done.stderr.decode(errors="replace"), place)
        return done.stdout

    def _failure(self, said: str, place: Place) -> Exception:
        lines = [line for line in said.splitlines() if line.strip()]
        last = lines[-1][:ERROR_CHARS_MAX] if lines else "it said nothing"
        lowered = last.lower()
        if any(one in lowered for one in _NOTHING):
            return NothingToRestore(self._target.shown, f"there is no replica of epoch {place.ordinal} from then")
        if _FULL in lowered:
            return DiskFull(str(self._scratch), "the disk is full")
        if any(one in lowered for one in ("connect", "dial", "timeout", "denied", "credential", "permission")):
            return ReplicatorFailed(last)
        return CopyDamaged(f"in {self._target.shown}/{place.replica_path}", last)


def folders_at(target: Target, secrets: Secrets, below: str) -> list[str]:
    """Names of the folders below a place at a target; none for an SFTP server, which only Litestream speaks to.

    Raises:
        TargetFailed: the target cannot be asked.
    """
    match target:
        case FolderTarget():
            require_folder(target.path)
            folder = target.path / below
            return sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
        case S3Target():
            from carnet_storage.adapters.store_copies import store_folders  # noqa: PLC0415  (for stores only)

            return store_folders(target, secrets, below)
        case SftpTarget():
            return []


def _instant_ms(piece: Piece) -> int:
    try:
        return int(datetime.fromisoformat(piece.timestamp).timestamp() * 1000)
    except ValueError as error:
        raise CopyDamaged("of Litestream", "its list of files cannot be read") from error
