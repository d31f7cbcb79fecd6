"""The demo empties its own folders and no other, and what it keeps running is ended without a terminal too."""

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tools.demo.__main__ import FOLDER, MARK, may_be_emptied, wait_to_end

ROOT = Path(__file__).resolve().parents[2]
KEEPING = "import sys; from tools.demo.__main__ import wait_to_end; wait_to_end(sys.stdin, 60); print('ended')"


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


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_without_a_terminal_a_signal_ends_what_was_kept(told: signal.Signals):
    """Nobody can press return there; the demo goes on to its table and ends its programs."""
    kept = subprocess.Popen(
        [sys.executable, "-c", KEEPING], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert kept.stdout is not None
    with kept:
        said = kept.stdout.readline()

        kept.send_signal(told)

        assert (kept.stdout.read(), kept.wait(30)) == ("ended\n", 0)
    assert f"kill {kept.pid} ends them" in said


def test_without_a_terminal_nothing_is_kept_for_ever():
    """When the time is over it comes back, and whoever handled the signals before does so again."""
    before = signal.getsignal(signal.SIGTERM)

    wait_to_end(io.StringIO(), 0.01)

    assert signal.getsignal(signal.SIGTERM) is before
