"""Which SQLite libraries are safe beside a second process that checkpoints."""

import pytest

from carnet_storage.adapters.library import SQLITE_VERSION
from carnet_storage.core.failures import LibraryUnsafe
from carnet_storage.core.library import is_safe_beside_another_process, require_safe_library

CASES = [
    ("before the fault", "3.6.23", True),
    ("the first faulty one", "3.7.0", False),
    ("of Debian 12", "3.40.1", False),
    ("before the fix of an old line", "3.44.5", False),
    ("the fix of an old line", "3.44.6", True),
    ("before the fix of a newer line", "3.50.6", False),
    ("the fix of a newer line", "3.50.7", True),
    ("a line without a fix of its own", "3.45.9", False),
    ("the last faulty one", "3.51.2", False),
    ("the fix", "3.51.3", True),
    ("later", "3.53.4", True),
]


@pytest.mark.parametrize(("label", "version", "is_safe"), CASES, ids=[case[0] for case in CASES])
def test_a_library_is_judged_by_its_version(label: str, version: str, is_safe: bool):
    """A library is safe outside the faulty range and from the patch that carries the fix."""
    assert is_safe_beside_another_process(version) is is_safe


def test_an_unsafe_library_is_refused_with_what_to_do():
    """The refusal names the version, says that nothing was started, and names the other way."""
    with pytest.raises(LibraryUnsafe) as refused:
        require_safe_library("3.40.1")

    assert "3.40.1" in refused.value.what
    assert "Nothing was started" in refused.value.safe
    assert "encrypted copies" in refused.value.next


def test_the_library_in_use_here_is_a_fixed_one():
    """The locked packages bring a library beside which Litestream may run."""
    assert is_safe_beside_another_process(SQLITE_VERSION)
