"""How a program with many commands loads what it needs."""

import gc

import pytest

from carnet_storage.entrypoints.cli.starting import loading


def test_nobody_looks_for_garbage_while_modules_are_loaded():
    """The collector stands still inside the block and works again after it."""
    with loading():
        inside = gc.isenabled()

    assert (inside, gc.isenabled()) == (False, True)


def test_what_was_loaded_is_old_afterwards():
    """The next small collection, which looks at what is new, does not go through what was loaded."""
    with loading():
        made: list[object] = [[]]

    assert any(one is made for one in gc.get_objects(generation=2))


def test_a_module_that_cannot_be_loaded_leaves_the_collector_on():
    """A failure inside the block ends the pause as well."""
    with pytest.raises(ImportError), loading():
        raise ImportError("no such module")

    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    """Whoever switched it off before has not asked for it."""
    gc.disable()
    try:
        with loading():
            pass
        after = gc.isenabled()
    finally:
        gc.enable()

    assert not after
