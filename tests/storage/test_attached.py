"""Files that travel inside an encrypted copy: all of them come back, unchanged, and only where they are missing."""

from contextlib import closing
from pathlib import Path

import pytest

from carnet_storage.adapters.attached import attach_folders, detach_folders
from carnet_storage.adapters.copying import Sealer, make_copy, open_copy
from carnet_storage.adapters.folder_copies import FolderCopies
from carnet_storage.adapters.sqlite_files import connect
from carnet_storage.core.failures import DatabaseDamaged
from support.backups import DATA_KEY, LogSource, make_source
from support.node_builder import TestEntropy

NOW_MS = 1_790_000_000_000
LIST = bytes(range(256)) * 100


@pytest.fixture
def source(tmp_path: Path) -> LogSource:
    """A living database."""
    return make_source(tmp_path)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder with two files, and one that is being written."""
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "one.segment").write_bytes(LIST)
    (folder / "two.segment").write_bytes(b"")
    (folder / ".three.segment.7.new").write_bytes(b"half")
    return folder


def copied(tmp_path: Path, source: LogSource, folders: dict[str, Path]) -> Path:
    """A copy that was sealed with the folders, stored and opened again."""
    (tmp_path / "copies").mkdir()
    copies = FolderCopies(tmp_path / "copies")
    sealer = Sealer("hub", DATA_KEY, {}, tmp_path / "scratch", TestEntropy(7), folders)
    made = make_copy(source.database, source.place(), sealer, copies, now_ms=NOW_MS, kept_days=30)
    assert LIST not in (tmp_path / "copies" / made.name.text).read_bytes()
    open_copy(copies, made.name, lambda _: DATA_KEY, tmp_path / "opened.db")
    return tmp_path / "opened.db"


def tables(database: Path) -> set[str]:
    """Names of the tables."""
    with closing(connect(database)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_files_come_back_as_they_were(tmp_path: Path, source: LogSource, lists: Path):
    """Every whole file of the folder is put back into an empty place, and the table that carried them is gone."""
    opened = copied(tmp_path, source, {"lists": lists, "nothing": tmp_path / "missing"})

    count = detach_folders(opened, {"lists": tmp_path / "back"})

    assert count == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").iterdir()} == {
        "one.segment": LIST,
        "two.segment": b"",
    }
    assert tables(opened) == tables(source.database)


def test_the_living_database_is_not_touched(tmp_path: Path, source: LogSource, lists: Path):
    """Files are attached to the copy alone."""
    before = tables(source.database)

    copied(tmp_path, source, {"lists": lists})

    assert tables(source.database) == before


def test_what_is_there_is_not_overwritten(tmp_path: Path, source: LogSource, lists: Path):
    """A file of the same name stays as it is; only what is missing is put back."""
    opened = copied(tmp_path, source, {"lists": lists})
    back = tmp_path / "back"
    back.mkdir()
    (back / "one.segment").write_bytes(b"mine")

    count = detach_folders(opened, {"lists": back})

    assert (count, (back / "one.segment").read_bytes()) == (1, b"mine")


@pytest.mark.parametrize(
    "change", ["SET content = x'00'", "SET name = '../outside'", "SET name = '.hidden'"], ids=lambda one: one[4:]
)
def test_a_file_that_was_changed_is_not_put_back(tmp_path: Path, source: LogSource, lists: Path, change: str):
    """Another content or a name that leads elsewhere is refused, and nothing is written."""
    attach_folders(source.database, {"lists": lists})
    with closing(connect(source.database)) as connection:
        connection.execute(f"UPDATE carnet_attached {change} WHERE name = 'one.segment'")
        connection.commit()

    with pytest.raises(DatabaseDamaged):
        detach_folders(source.database, {"lists": tmp_path / "back"})

    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "back" / "one.segment").exists()


def test_a_copy_without_files_is_left_as_it_is(tmp_path: Path, source: LogSource):
    """A copy of an older program opens as before."""
    opened = copied(tmp_path, source, {})

    assert detach_folders(opened, {"lists": tmp_path / "back"}) == 0
    assert not (tmp_path / "back").exists()
