"""A small world is enumerated: one car, three desks, every pair of writes, every order of delivery."""

from simulation.small_scope import RESTORES, all_cases, run_cases

EVERY = 29
EVERY_RESTORE = 173
"""One case of so many runs here; `python -m tools.simulate --small` runs all of them."""


def test_every_pair_of_writes_converges_in_every_order():
    """Whatever two desks do to one car, and whoever is heard first, all end with the same."""
    cases = list(all_cases())

    done = run_cases(cases[::EVERY])

    assert len(cases) == 864
    assert done == len(cases[::EVERY])


def test_every_pair_of_writes_converges_when_something_comes_back_from_a_backup():
    """A stale database, a stale disk or a stale hub in the middle of it changes nothing of that."""
    cases = list(all_cases(RESTORES[1:]))

    done = run_cases(cases[::EVERY_RESTORE])

    assert len(cases) == 4_320
    assert done == len(cases[::EVERY_RESTORE])
