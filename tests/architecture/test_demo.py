"""The demo empties its own folders and no other."""

from pathlib import Path

from tools.demo.__main__ import FOLDER, MARK, may_be_emptied


def test_a_folder_of_an_earlier_demo_is_emptied(tmp_path: Path):
    """The mark of a demo says that everything beside it was made up."""
    (tmp_path / MARK).write_text("made by the demo", encoding="utf-8")

    assert may_be_emptied(tmp_path)


def test_a_folder_that_is_not_there_is_made(tmp_path: Path):
    """A new name is taken as it is."""
    assert may_be_emptied(tmp_path / "new")


def test_the_demos_own_folder_is_emptied():
    """The folder that `make demo` uses needs no mark."""
    assert may_be_emptied(FOLDER.resolve())


def test_somebody_elses_folder_is_not_touched(tmp_path: Path):
    """A folder without the mark may hold anything."""
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")

    assert not may_be_emptied(tmp_path)
