"""Encrypted copies: they hold the database of one moment, they rotate, and a copy is whole or useless."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from carnet_storage.adapters.copying import (
    copies_at,
    find_copy,
    header_of,
    make_copy,
    open_copy,
    remove_leftovers,
    scratch_folder,
    write_pieces,
)
from carnet_storage.adapters.folder_copies import FolderCopies
from carnet_storage.adapters.sqlite_files import require_room
from carnet_storage.core.copies import CopyName, outdated, parse_copy_name
from carnet_storage.core.failures import (
    CopyDamaged,
    DatabaseDamaged,
    DiskFull,
    NothingToRestore,
    StorageFailure,
    TargetGone,
    WrongKey,
)
from carnet_storage.core.plan import Secrets
from carnet_storage.core.sealing import Header, new_header, open_sealed, read_header, seal
from carnet_storage.core.targets import FolderTarget, Place
from support.backups import DATA_KEY, SOURCE_ID, LogSource, make_sealer, make_source

NOW_MS = 1_790_000_000_123
DAY_MS = 24 * 3600 * 1000
PASSPHRASE = "correct horse battery"


@pytest.fixture
def source(tmp_path: Path) -> LogSource:
    """A database with three entries."""
    return make_source(tmp_path / "data")


@pytest.fixture
def copies(tmp_path: Path) -> FolderCopies:
    """A folder for copies."""
    (tmp_path / "copies").mkdir()
    return FolderCopies(tmp_path / "copies")


def copied(source: LogSource, copies: FolderCopies, key: bytes | str = DATA_KEY, now_ms: int = NOW_MS) -> CopyName:
    """Make one copy."""
    sealer = make_sealer(source.database.parent, key)
    return make_copy(source.database, source.place(), sealer, copies, now_ms=now_ms, kept_days=30).name


def opened(copies: FolderCopies, name: CopyName, to: Path, key: bytes | str = DATA_KEY) -> Header:
    """Open one copy."""
    return open_copy(copies, name, lambda _: key, to)


def test_a_copy_gives_the_database_back(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """What was in the database when the copy was made is in the opened copy, and later work is not."""
    before = source.facts(source.database, None)
    name = copied(source, copies)
    source.append()

    header = opened(copies, name, tmp_path / "back.db")

    assert source.facts(tmp_path / "back.db", None) == before
    assert (header.product, header.source, header.ordinal, header.made_at_ms) == ("node", SOURCE_ID, 1, NOW_MS)
    assert header.wrappings == {"data.recovery": b"wrapped"}


def test_a_copy_holds_no_value_in_clear(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """Neither the copy nor anything left beside it holds bytes of the database."""
    copied(source, copies)

    files = [one for one in tmp_path.rglob("*") if one.is_file() and "some.db" not in one.name]

    assert len(files) == 1
    assert b"SQLite format 3" not in files[0].read_bytes()
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_a_copy_is_made_while_somebody_writes(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """A writer between two steps of the copy neither stops it nor gets into it."""
    before = source.facts(source.database, None)
    sealer = make_sealer(source.database.parent)

    made = make_copy(
        source.database,
        source.place(),
        sealer,
        copies,
        now_ms=NOW_MS,
        kept_days=30,
        progress=lambda _done, _total: source.append(),
    )
    opened(copies, made.name, tmp_path / "back.db")

    assert source.facts(tmp_path / "back.db", None) == before


def test_a_copy_under_a_passphrase_opens_with_it(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """A copy sealed with a passphrase needs no key file."""
    name = copied(source, copies, key=PASSPHRASE)

    header = opened(copies, name, tmp_path / "back.db", key=PASSPHRASE)

    assert header.key == "passphrase"
    assert (tmp_path / "back.db").exists()


@pytest.mark.parametrize(("made_with", "tried"), [(DATA_KEY, bytes(32)), (PASSPHRASE, "wrong horse")])
def test_a_wrong_key_is_told_from_damage(
    source: LogSource, copies: FolderCopies, tmp_path: Path, made_with: bytes | str, tried: bytes | str
):
    """A wrong key or passphrase is refused as such before anything is written."""
    name = copied(source, copies, key=made_with)

    with pytest.raises(WrongKey) as refused:
        opened(copies, name, tmp_path / "back.db", key=tried)

    assert not (tmp_path / "back.db").exists()
    assert "passphrase" in refused.value.next


def test_a_copy_cut_anywhere_is_refused(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """A copy that ends early is refused wherever it ends, and nothing is left behind."""
    name = copied(source, copies)
    path = tmp_path / "copies" / name.text
    whole = path.read_bytes()

    for length in [0, 5, 20, 60, len(whole) // 2, len(whole) - 17, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(CopyDamaged):
            opened(copies, name, tmp_path / "back.db")
        assert not (tmp_path / "back.db").exists()


def test_a_changed_byte_anywhere_is_refused(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """A copy with one changed byte is refused wherever it is, in the clear header too."""
    name = copied(source, copies)
    path = tmp_path / "copies" / name.text
    whole = path.read_bytes()

    for at in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((CopyDamaged, WrongKey)):
            opened(copies, name, tmp_path / "back.db")
        assert not (tmp_path / "back.db").exists()


def test_parts_of_a_copy_cannot_be_left_out_or_swapped():
    """A large copy with a part taken out, or two parts swapped, is refused."""
    plain = os.urandom(5 * 1024 * 1024)
    name = CopyName("node", Place(SOURCE_ID, 1), NOW_MS)
    header = new_header(name, DATA_KEY, salt=bytes(32), prefix=bytes(7), plain_bytes=len(plain))
    opening, *frames = seal(header, DATA_KEY, [plain])

    for changed in (frames[1:], frames[:-1], [frames[1], frames[0], *frames[2:]], [*frames, frames[-1]]):
        stream = io.BytesIO(opening + b"".join(changed))
        with pytest.raises(CopyDamaged):
            read_all(stream)

    assert read_all(io.BytesIO(opening + b"".join(frames))) == plain


def read_all(stream: io.BytesIO) -> bytes:
    """The database inside the bytes of a copy."""
    header, opening = read_header("it", stream.read)
    return b"".join(open_sealed("it", header, opening, DATA_KEY, stream.read))


def test_a_damaged_database_is_not_copied(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """A database that fails SQLite's own check never becomes a copy."""
    source.append(20)
    broken = tmp_path / "broken.db"
    opened(copies, copied(source, copies), broken)
    pages = bytearray(broken.read_bytes())
    pages[4096 * 3 : 4096 * 3 + 200] = bytes(200)
    broken.write_bytes(pages)

    with pytest.raises(DatabaseDamaged):
        make_copy(broken, source.place(), make_sealer(tmp_path), copies, now_ms=NOW_MS + 1, kept_days=30)

    assert [one.made_at_ms for one in copies.list(None)] == [NOW_MS]


def test_a_folder_that_is_not_mounted_is_refused(source: LogSource, tmp_path: Path):
    """A share that is not mounted is an error and never a new folder on the own disk."""
    target = FolderTarget(tmp_path / "share")

    with pytest.raises(TargetGone) as refused:
        copied(source, copies_at(target, Secrets()))  # type: ignore[arg-type]

    assert not target.path.exists()
    assert "mount the share" in refused.value.next


def test_scratch_files_of_a_killed_process_are_removed(tmp_path: Path):
    """What a killed process left is removed, and what a running one uses is not."""
    gone, used = tmp_path / "scratch-999999999-x", tmp_path / f"scratch-{os.getpid()}-y"
    gone.mkdir()
    used.mkdir()

    assert remove_leftovers(tmp_path) == 1
    assert (gone.exists(), used.exists()) == (False, True)


def test_a_name_says_whose_copy_it_is():
    """A name is read back as what it was made of, and another file is no copy."""
    name = CopyName("hub", Place(SOURCE_ID, 12), NOW_MS)

    assert parse_copy_name(name.text) == name
    assert parse_copy_name("holiday.backup") is None
    assert parse_copy_name(name.text.replace("20260921", "20261399")) is None


def test_old_copies_go_and_the_newest_never_does():
    """Everything of two days stays, then one a day, then nothing; the newest stays whatever its age."""
    ages_h = [0, 5, 47, 63, 64, 24 * 20, 24 * 40]
    names = [CopyName("node", Place(SOURCE_ID, 1), NOW_MS - age * 3600 * 1000) for age in ages_h]

    going = outdated(names, NOW_MS, kept_days=30)

    assert [(NOW_MS - one.made_at_ms) // 3_600_000 for one in going] == [64, 960]
    assert outdated(names[-1:], NOW_MS, kept_days=30) == []


def test_making_a_copy_removes_old_ones(source: LogSource, copies: FolderCopies):
    """After a copy is stored, copies beyond the time to keep are gone."""
    copied(source, copies, now_ms=NOW_MS - 40 * DAY_MS)
    copied(source, copies, now_ms=NOW_MS)

    assert [one.made_at_ms for one in copies.list(SOURCE_ID)] == [NOW_MS]


def test_the_copy_of_a_moment_is_the_newest_before_it(source: LogSource, copies: FolderCopies):
    """A restore to a moment takes the newest copy that is not younger."""
    for age in (0, 1, 2):
        copied(source, copies, now_ms=NOW_MS - age * DAY_MS)

    found = find_copy(copies, "there", SOURCE_ID, at_ms=NOW_MS - DAY_MS // 2, name=None)

    assert found.made_at_ms == NOW_MS - DAY_MS


@pytest.mark.parametrize("at_ms", [None, NOW_MS - DAY_MS])
def test_no_copy_is_told_in_words(source: LogSource, copies: FolderCopies, at_ms: int | None):
    """A target without a fitting copy is refused with what to do."""
    if at_ms is not None:
        copied(source, copies)

    with pytest.raises(NothingToRestore) as refused:
        find_copy(copies, "there", SOURCE_ID, at_ms=at_ms, name=None)

    assert "backup list" in refused.value.next


def test_the_header_can_be_read_without_a_key(source: LogSource, copies: FolderCopies):
    """Whose copy it is stands in clear, so that the right key can be looked for."""
    assert header_of(copies, copied(source, copies)).source == SOURCE_ID


def test_every_failure_has_three_sentences(source: LogSource, tmp_path: Path):
    """A failure says what happened, what is safe and what to do next."""
    failure: StorageFailure | None = None
    try:
        copied(source, FolderCopies(tmp_path / "nowhere"))
    except StorageFailure as caught:
        failure = caught

    assert failure is not None
    assert all((failure.what, failure.safe, failure.next))


def test_what_does_not_fit_is_not_begun(tmp_path: Path):
    """A copy that needs more room than there is is refused beforehand, with both figures."""
    with pytest.raises(DiskFull) as refused:
        require_room(tmp_path, 2**60)

    assert "MB are free" in refused.value.what
    assert "Make room" in refused.value.next


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path):
    """When the disk fills up while a copy is opened, the failure says so and the unfinished file is gone."""

    def pieces() -> Iterator[bytes]:
        yield b"some"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull), scratch_folder(tmp_path) as folder:
        write_pieces(folder / "plain.db", pieces())

    assert list(tmp_path.iterdir()) == []


class FullStore(FolderCopies):
    """A target that has no room left."""

    def put(self, name: CopyName, content: Path) -> None:
        """See `Copies`."""
        raise DiskFull("there", "the disk is full")


def test_a_full_target_costs_no_earlier_copy(source: LogSource, copies: FolderCopies, tmp_path: Path):
    """When the target is full the earlier copies stay, even those that are old, and no scratch file is left."""
    kept = copied(source, copies, now_ms=NOW_MS - 40 * DAY_MS)
    sealer = make_sealer(source.database.parent)

    with pytest.raises(DiskFull):
        make_copy(source.database, source.place(), sealer, FullStore(tmp_path / "copies"), now_ms=NOW_MS, kept_days=30)

    assert copies.list(None) == [kept]
    assert list(sealer.scratch.glob("*")) == []
