"""What a re-link leaves on the disk and what it says when its packages are missing; without any of them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from carnet_hub.adapters.relink_rows import columns_for
from carnet_hub.adapters.relink_scratch import (
    LOCK_FILE,
    NOTE_FILE,
    SCRATCH_FOLDER,
    NoteFile,
    scratch_folder,
    sweep_scratch,
)
from carnet_hub.adapters.system import DiskFiles
from carnet_hub.core.relink_limits import NOTE_BYTES_MAX
from carnet_hub.core.relink_ports import RelinkNote
from carnet_hub.core.stewardship.relink_failures import AlreadyRelinking
from carnet_master.model import shipped_model
from support.hub_cli import Printed, refused, told
from support.plain_engine import Killed

NOTE = RelinkNote("person=00 a1", 7, b"\x01" * 16, b"\x02" * 16, 3, 1)


def left_behind(data: Path) -> Path:
    """What a run that died leaves."""
    folder = data / SCRATCH_FOLDER
    folder.mkdir()
    (folder / "person.parquet").write_bytes(b"rows")
    return folder


def work_and_die(folder: Path, modes: list[int]) -> None:
    """Note who may read a folder, write into it, and fail."""
    modes.append(folder.stat().st_mode & 0o777)
    (folder / "rows").touch()
    raise Killed


@pytest.mark.skipif(find_spec("splink") is not None, reason="the packages are here")
@pytest.mark.parametrize(("engine", "extra"), [("duckdb", "relink"), ("spark", "spark")])
def test_a_hub_without_the_packages_says_what_to_install(data: Path, capsys: Printed, engine: str, extra: str):
    """The command is refused by name before anything is read, with the line that installs what is missing."""
    failure = refused(capsys, data, "master", "relink", "--engine", engine)

    assert failure["code"] == "packages-missing"
    assert f"pip install 'carnet-hub[{extra}]'" in str(failure["next"])
    assert not (data / SCRATCH_FOLDER).exists()


def test_the_folder_is_private_and_gone_afterwards(tmp_path: Path):
    """Nobody else may read it, and an exception inside takes it away too."""
    modes: list[int] = []

    with pytest.raises(Killed), scratch_folder(tmp_path) as folder:
        work_and_die(folder, modes)

    assert (modes, (tmp_path / SCRATCH_FOLDER).exists()) == ([0o700], False)


def test_a_new_run_begins_in_an_empty_folder(tmp_path: Path):
    """What a run that died left behind is removed before the next one works."""
    left_behind(tmp_path)

    with scratch_folder(tmp_path) as folder:
        assert list(folder.iterdir()) == []


def test_two_runs_never_share_the_folder(tmp_path: Path):
    """A second run is refused while one works, and the first keeps its files."""
    with scratch_folder(tmp_path) as folder:
        (folder / "rows").touch()

        with pytest.raises(AlreadyRelinking), scratch_folder(tmp_path):
            pass

        assert [path.name for path in folder.iterdir()] == ["rows"]


def test_a_start_of_the_hub_removes_what_was_left_behind(data: Path, capsys: Printed):
    """Any command that opens the hub takes away the folder of a run that died."""
    folder = left_behind(data)

    told(capsys, data, "nodes", "list")

    assert not folder.exists()


def test_a_start_of_the_hub_leaves_a_run_alone(data: Path, capsys: Printed):
    """A command beside a run that works takes nothing away from it."""
    with scratch_folder(data) as folder:
        told(capsys, data, "nodes", "list")

        assert folder.exists()
        assert not sweep_scratch(data)


def test_a_hub_that_never_re_linked_gets_no_lock_file(data: Path, capsys: Printed):
    """Looking for leftovers writes nothing."""
    told(capsys, data, "nodes", "list")

    assert not (data / LOCK_FILE).exists()


def test_a_note_is_read_as_it_was_written(tmp_path: Path):
    """Position, places and counts come back; after the end there is none."""
    notes = NoteFile(tmp_path, DiskFiles())
    notes.write(NOTE)

    kept = notes.read()
    notes.clear()

    assert (kept, notes.read()) == (NOTE, None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="no mapping"),
        pytest.param(b'{"rules": "x"}', id="fields missing"),
        pytest.param(
            b'{"rules":"x","position":1,"pairs_upto":"zz","links_upto":"","proposed":0,"doubted":0}', id="no hex"
        ),
        pytest.param(b" " * (NOTE_BYTES_MAX + 1), id="too long"),
    ],
)
def test_a_note_that_nobody_can_read_is_none(tmp_path: Path, content: bytes):
    """A damaged note costs a run from the beginning and nothing else."""
    (tmp_path / NOTE_FILE).write_bytes(content)

    assert NoteFile(tmp_path, DiskFiles()).read() is None


@pytest.mark.parametrize(("party", "plain"), [("person", ("birth", "name_pinyin")), ("company", ("company_pinyin",))])
def test_only_what_a_distance_is_taken_of_is_written_in_clear(party: str, plain: tuple[str, ...]):
    """Of the shipped models' columns pinyin and birthday stay text; everything else becomes a hash."""
    columns = columns_for(shipped_model(party))

    assert columns.plain == plain
    assert not set(columns.plain) & {*columns.hashed, *columns.lists}
    assert {"phones", "cars"} <= set(columns.lists)
