"""Making and opening encrypted copies: SQLite's backup, its integrity check, sealing, the target, rotation.

Decides the order, so that what reaches the target is whole: a copy that fails its own check is never sent, and old
ones go only after a new one is there. Scratch files lie in a private folder beside the database and are gone
afterwards.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from carnet_storage.adapters.attached import attach_folders
from carnet_storage.adapters.folder_copies import FolderCopies
from carnet_storage.adapters.sqlite_files import (
    Progress,
    check_integrity,
    copy_database,
    no_progress,
    require_room,
    settle_database,
    translated_disk,
)
from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE, PRIVATE_MODE
from carnet_storage.core.copies import CopyName, latest_until, outdated
from carnet_storage.core.failures import NothingToRestore
from carnet_storage.core.limits import FRAME_BYTES
from carnet_storage.core.plan import Secrets
from carnet_storage.core.ports import Copies, Entropy
from carnet_storage.core.sealing import PREFIX_BYTES, SALT_BYTES, Header, new_header, open_sealed, read_header, seal
from carnet_storage.core.targets import FolderTarget, Place, S3Target

_SCRATCH: Final = "scratch-"


@dataclass(frozen=True)
class Sealer:
    """What copies of one installation are made with.

    Attributes:
        product: `node` or `hub`.
        key: the data key, or the passphrase for copies.
        wrappings: of the data key, by file name.
        folders: whose files travel along, by name; they come back with `attached.detach_folders`.
        scratch: a private folder on the disk of the database.
    """

    product: str
    key: bytes | str = field(repr=False)
    wrappings: dict[str, bytes] = field(repr=False)
    scratch: Path
    entropy: Entropy
    folders: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MadeCopy:
    """A copy that is at its target.

    Attributes:
        removed: older ones that went.
    """

    name: CopyName
    bytes: int
    removed: int


def copies_at(target: FolderTarget | S3Target, secrets: Secrets) -> Copies:
    """The adapter of a target."""
    if isinstance(target, FolderTarget):
        return FolderCopies(target.path)
    from carnet_storage.adapters.store_copies import S3Copies  # noqa: PLC0415  (a folder needs no client of a store)

    return S3Copies(target, secrets)


def make_copy(
    database: Path,
    place: Place,
    sealer: Sealer,
    copies: Copies,
    *,
    now_ms: int,
    kept_days: int,
    progress: Progress = no_progress,
) -> MadeCopy:
    """Copy a living database, check it, seal it, store it, and remove what has become old.

    Raises:
        DatabaseDamaged: the database does not pass its own check; nothing was stored.
        DiskFull, TargetFailed: nothing was stored, or an old copy could not be removed.
    """
    name = CopyName(sealer.product, place, now_ms)
    with scratch_folder(sealer.scratch) as folder:
        plain, sealed = folder / "plain.db", folder / "sealed"
        copy_database(database, plain, progress)
        check_integrity(plain, "The database")
        if sealer.folders:
            attach_folders(plain, sealer.folders)
        settle_database(plain)
        size = plain.stat().st_size
        require_room(folder, size)
        salt, prefix = sealer.entropy.random_bytes(SALT_BYTES), sealer.entropy.random_bytes(PREFIX_BYTES)
        header = new_header(name, sealer.key, salt=salt, prefix=prefix, plain_bytes=size, wrappings=sealer.wrappings)
        write_pieces(sealed, seal(header, sealer.key, _pieces(plain)))
        copies.put(name, sealed)
        stored = sealed.stat().st_size
    going = outdated(copies.list(place.source), now_ms, kept_days=kept_days)
    for old in going:
        copies.remove(old)
    return MadeCopy(name, stored, len(going))


def find_copy(copies: Copies, target: str, source: str | None, *, at_ms: int | None, name: str | None) -> CopyName:
    """The copy somebody means.

    Args:
        source: of one installation; None for any, when the target holds copies of one only.
        at_ms: the newest one that is not younger; None for the newest.
        name: exactly this one; the others do not matter then.

    Raises:
        NothingToRestore: there is none, or copies of several installations.
    """
    found = copies.list(source)
    if name is not None:
        for one in found:
            if one.text == name:
                return one
        raise NothingToRestore(target, f"there is no {name}")
    sources = {one.place.source for one in found}
    if len(sources) > 1:
        raise NothingToRestore(target, "it holds copies of several installations; name one of them")
    latest = latest_until(found, at_ms)
    if latest is None:
        raise NothingToRestore(target) if at_ms is None else NothingToRestore(target, "no copy is as old as that")
    return latest


def header_of(copies: Copies, name: CopyName) -> Header:
    """What a copy says in clear.

    Raises:
        CopyDamaged, NothingToRestore, TargetFailed: see there.
    """
    header, _ = read_header(name.text, _Reader(copies.fetch(name)).read)
    return header


def open_copy(
    copies: Copies,
    name: CopyName,
    key_for: Callable[[Header], bytes | str],
    to: Path,
    progress: Progress = no_progress,
) -> Header:
    """Open a copy into a new private file and let SQLite check it.

    Args:
        key_for: the key of a copy with this header; raises what it likes when it has none.
        to: must not exist; gone again when anything fails.

    Raises:
        CopyDamaged, WrongKey, DatabaseDamaged, DiskFull, NothingToRestore, TargetFailed: `to` does not exist.
    """
    reader = _Reader(copies.fetch(name))
    header, opening = read_header(name.text, reader.read)
    key = key_for(header)
    require_room(to.parent, header.plain_bytes)
    try:
        pieces = open_sealed(name.text, header, opening, key, reader.read)
        write_pieces(to, _counted(pieces, header.plain_bytes, progress))
        check_integrity(to, f"The database in {name.text}")
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return header


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A private folder that is gone afterwards, and with it every folder above it that was made for it and is empty."""
    made = [one for one in (parent, *parent.parents) if not one.exists()]
    parent.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # somebody has put something there
            for one in made:
                one.rmdir()


def remove_leftovers(parent: Path) -> int:
    """Remove the scratch folders of processes that are no more.

    Returns: how many there were.
    """
    found = [one for one in parent.glob(f"{_SCRATCH}*-*") if one.is_dir()]
    left = [one for one in found if not _is_running(one.name.split("-")[1])]
    for folder in left:
        rmtree(folder, ignore_errors=True)
    return len(left)


def write_pieces(path: Path, pieces: Iterator[bytes]) -> None:
    """Write a new private file and wait for the disk.

    Raises:
        DiskFull: see there.
    """
    with translated_disk(path.parent):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as target:
            for piece in pieces:
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())


def _is_running(pid: str) -> bool:
    """Whether a process of this number exists; Windows has no harmless way to ask, so there a folder stays."""
    try:
        if os.name != "nt":
            os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


class _Reader:
    """Reads exactly as many bytes as asked for out of pieces of any size."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = bytearray()

    def read(self, count: int) -> bytes:
        """That many bytes; fewer at the end."""
        while len(self._held) < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(FRAME_BYTES):
            yield piece


def _counted(pieces: Iterator[bytes], total: int, progress: Progress) -> Iterator[bytes]:
    done = 0
    for piece in pieces:
        yield piece
        done += len(piece)
        progress(done, total)
