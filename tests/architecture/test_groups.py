"""Tests of one group stay on one worker: `make test` relies on it where they share a browser."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import os

import pytest

pytestmark = pytest.mark.xdist_group("one")


@pytest.mark.parametrize("n", range(6))
def test_where(n):
    with open("workers.txt", "a") as seen:
        seen.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_a_group_of_tests_runs_on_one_worker(tmp_path: Path):
    """As the test command spreads them: a version of the runner under which groups mean nothing is noticed here."""
    (tmp_path / "test_grouped.py").write_text(TESTS)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    seen = (tmp_path / "workers.txt").read_text().split()
    assert (done.returncode, len(seen), len(set(seen))) == (0, 6, 1), done.stdout
