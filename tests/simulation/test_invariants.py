"""Every invariant has a name and a line that says where it is checked, and a checker can be left out by its name."""

from pathlib import Path

import pytest

from simulation.invariants import INVARIANTS, Broken, Watch

README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")


def _fail() -> None:
    raise Broken("I2", "a receipt without its entry")


@pytest.mark.parametrize("name", INVARIANTS)
def test_the_page_says_where_each_invariant_is_checked(name: str):
    """A name without a line in the table would be a promise that nobody looks at."""
    assert f"\n| {name} " in README


def test_a_breach_is_told_by_its_name():
    """Whoever reads a finding learns first which promise was broken."""
    with pytest.raises(Broken, match=r"^I2: a receipt"):
        Watch().check(_fail)


def test_an_invariant_that_is_not_looked_at_lets_its_breaches_pass():
    """`--without I2` shows what escapes when nobody looks at I2, and nothing else."""
    Watch(frozenset({"I2"})).check(_fail)

    with pytest.raises(Broken):
        Watch(frozenset({"I3"})).check(_fail)
