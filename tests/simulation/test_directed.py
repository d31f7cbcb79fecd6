"""A schedule by hand says who does what in which order; dice decide the rest."""

import pytest

from simulation.directed import directed_tape
from simulation.planted import BUGS
from simulation.themes import STEPS


def test_a_line_names_a_node_a_step_and_how_often():
    """Each repetition is a choice of its own, with dice of its own."""
    tape = directed_tape(3, ("A1 new x2", "B1 late answer"))

    assert [(one.who, one.step) for one in tape.choices] == [("A1", "new"), ("A1", "new"), ("B1", "late answer")]
    assert len({one.dice for one in tape.choices}) == 3


def test_a_line_can_say_what_goes_wrong_and_how_late_at_most():
    """The stroke falls on one of the first steps of the named process."""
    (choice,) = directed_tape(3, ("A2 pull ! another process in between hub 12",)).choices

    assert (choice.trouble, choice.process) == ("another process in between", "hub")
    assert 1 <= choice.at <= 12


def test_a_step_of_the_hub_is_nobodys_in_particular():
    """A choice names a machine all the same."""
    (choice,) = directed_tape(3, ("hub erase",)).choices

    assert (choice.who, choice.step, choice.trouble) == ("A1", "erase", "")


def test_the_same_seed_gives_the_same_tape_and_another_one_another():
    """A schedule by hand can be shown again like a drawn one."""
    script = ("A1 new", "A1 push ! crash node 9")

    assert directed_tape(7, script) == directed_tape(7, script)
    assert directed_tape(7, script) != directed_tape(8, script)


@pytest.mark.parametrize("bug", [one for one in BUGS if one.script], ids=lambda bug: bug.name)
def test_every_step_of_a_script_exists(bug):
    """A script that names a step that is gone would show nothing and say nothing."""
    named = {one.step for one in directed_tape(0, bug.script).choices}

    assert named <= set(STEPS)
