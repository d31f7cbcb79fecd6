"""Every planted bug still has a place to be planted, and every invariant that is looked at has one to find."""

import subprocess
import sys
from pathlib import Path

import pytest

from simulation.bugs import Bug
from simulation.hunting import TAPES, hunt, tape_of
from simulation.invariants import INVARIANTS
from simulation.planted import BUGS
from simulation.planting import changed_functions

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_changes_the_program(bug: Bug):
    """The text it breaks stands in the sources exactly once, inside a function; else the bug has to be planted anew."""
    changed = changed_functions(bug, ROOT)

    assert changed


def test_a_bug_is_planted_and_found_by_the_tape_of_an_earlier_hunt():
    """In a process of its own the bug is in the program, and a few steps show it."""
    command = [sys.executable, "-m", "tools.plant_bugs", "--only", "node: P not stored", "--seeds", "0", "--jobs", "1"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "| I13 | I13 | 1 | tape |" in ended.stdout


def test_a_word_that_no_bug_holds_is_no_success():
    """A mistyped filter plants nothing, and says so with an exit code."""
    command = [sys.executable, "-m", "tools.plant_bugs", "--only", "no such bug"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "nothing was planted" in ended.stderr


def test_every_invariant_has_a_bug_that_it_must_find():
    """An invariant that nothing planted can break has not shown that it looks at anything."""
    expected = {bug.invariant for bug in BUGS}

    assert expected == set(INVARIANTS)


def test_there_are_thirty_bugs_and_each_has_a_name():
    """The table is long enough to mean something, and its rows can be told apart."""
    names = [bug.name for bug in BUGS]

    assert len(names) >= 30
    assert len(set(names)) == len(names)


def test_every_tape_of_a_hunt_belongs_to_a_bug():
    """A tape whose bug was renamed or dropped would never be tried again."""
    kept = {path.name for path in TAPES.glob("*.json")}

    assert kept <= {tape_of(bug).name for bug in BUGS}
    assert len({tape_of(bug) for bug in BUGS}) == len(BUGS)


def test_a_hunt_without_a_bug_finds_nothing_and_keeps_nothing(tmp_path: Path):
    """In sources that are sound, neither a tape nor a schedule shows anything."""
    caught = hunt(BUGS[0], 1, frozenset(), record_in=tmp_path)

    assert caught.schedules is None
    assert list(tmp_path.iterdir()) == []
