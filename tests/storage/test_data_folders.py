"""Whose folder is it: a program leaves the other one's alone, and makes no folder that it does not fill."""

from pathlib import Path

import pytest

from carnet_storage.adapters.copying import scratch_folder
from carnet_storage.adapters.data_folders import MARKS, Program, require_own_folder
from carnet_storage.core.failures import FolderForeign, FolderIsFile


def fill(folder: Path, *names: str) -> Path:
    """A folder with these files, empty ones."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("program", Program)
@pytest.mark.parametrize("at", [pytest.param(0, id="database"), pytest.param(1, id="keys alone")])
def test_the_other_programs_folder_is_refused(tmp_path: Path, program: Program, at: int):
    """Database or keys of one program make the folder foreign to the other, with both names in the message."""
    (other,) = set(Program) - {program}
    folder = fill(tmp_path, MARKS[other][at])

    with pytest.raises(FolderForeign) as refused:
        require_own_folder(folder, program)

    assert f"data folder of {other}" in refused.value.what
    assert f"{other} --data {folder}" in refused.value.next


@pytest.mark.parametrize("program", Program)
def test_an_own_folder_is_taken_whatever_else_lies_there(tmp_path: Path, program: Program):
    """A stray file of the other program does not lock a program out of its own folder."""
    (other,) = set(Program) - {program}
    folder = fill(tmp_path, MARKS[program][0], MARKS[other][0])

    require_own_folder(folder, program)

    assert sorted(one.name for one in folder.iterdir()) == ["hub.db", "node.db"]


@pytest.mark.parametrize("names", [(), ("notes.txt",)])
def test_a_folder_of_neither_is_for_the_program_to_judge(tmp_path: Path, names: tuple[str, ...]):
    """Nothing speaks against a folder without any mark, and none is made in it."""
    folder = fill(tmp_path, *names)

    require_own_folder(folder, Program.NODE)
    require_own_folder(folder / "not there", Program.HUB)

    assert tuple(one.name for one in folder.iterdir()) == names


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path):
    """Somebody has named the database instead of its folder."""
    fill(tmp_path, "node.db")

    with pytest.raises(FolderIsFile):
        require_own_folder(tmp_path / "node.db", Program.NODE)


def test_a_scratch_folder_takes_with_it_what_was_made_for_it(tmp_path: Path):
    """A restore that is refused leaves no empty folder of the name that was mistyped."""
    with scratch_folder(tmp_path / "typo" / "backup") as scratch:
        (scratch / "part").touch()

    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_leaves_what_was_there(tmp_path: Path):
    """A folder that was there before, and one in which somebody has put something meanwhile, stay."""
    (tmp_path / "there").mkdir()

    with scratch_folder(tmp_path / "there"), scratch_folder(tmp_path / "new" / "backup"):
        (tmp_path / "new" / "node.db").touch()

    assert sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")) == ["new", "new/node.db", "there"]
