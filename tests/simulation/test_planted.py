"""Every planted bug still has a place to be planted, and every invariant that is looked at has one to find."""

from pathlib import Path

import pytest

from simulation.bugs import Bug
from simulation.invariants import INVARIANTS
from simulation.planted import BUGS

ROOT = Path(__file__).parents[2]
WAITING = {"I11"}
"""Invariants without a planted bug of their own; README.md says why."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_breaks_a_line_that_is_there(bug: Bug):
    """The text it breaks stands in the sources exactly once; else the bug has to be planted anew."""
    source = (ROOT / bug.path).read_text(encoding="utf-8")

    assert source.count(bug.right) == 1


def test_every_invariant_has_a_bug_that_it_must_find():
    """An invariant that nothing planted can break has not shown that it looks at anything."""
    expected = {bug.invariant for bug in BUGS}

    assert expected | WAITING == set(INVARIANTS)


def test_there_are_thirty_bugs_and_each_has_a_name():
    """The table is long enough to mean something, and its rows can be told apart."""
    names = [bug.name for bug in BUGS]

    assert len(names) >= 30
    assert len(set(names)) == len(names)
