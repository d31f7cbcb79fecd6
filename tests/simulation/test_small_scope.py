"""A small world is enumerated: one car, three desks, every pair of writes, every order of delivery."""

from simulation.small_scope import all_cases, run_cases

EVERY = 29
"""One case of so many runs here; `python -m tools.simulate --small` runs all of them."""


def test_every_pair_of_writes_converges_in_every_order():
    """Whatever two desks do to one car, and whoever is heard first, all end with the same."""
    cases = list(all_cases())

    done = run_cases(cases[::EVERY])

    assert len(cases) == 864
    assert done == len(cases[::EVERY])
