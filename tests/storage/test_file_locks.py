"""A lock on a file: one holder at a time, free again however the holder ends."""

import signal
import subprocess
import sys
from pathlib import Path

from carnet_storage.adapters.file_locks import locked

HOLDER = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from carnet_storage.adapters.file_locks import locked\n"
    "with locked(Path(sys.argv[1])) as is_ours:\n"
    "    print(is_ours, flush=True)\n"
    "    time.sleep(float(sys.argv[2]))\n"
)


def holder(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that holds the lock, once this returns."""
    arguments = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_second_holder_is_told_at_once(tmp_path: Path):
    """Within one process too, and afterwards the file is free again."""
    path = tmp_path / "folder" / "one.lock"

    with locked(path) as first, locked(path) as second:
        held = (first, second)
    with locked(path) as third:
        assert (held, third) == ((True, False), True)


def test_who_waits_gets_the_lock_of_a_holder_that_ends(tmp_path: Path):
    """Waiting ends with the other holder, long before the patience does."""
    process = holder(tmp_path / "one.lock", 0.3)

    with locked(tmp_path / "one.lock", wait_s=60) as is_ours:
        assert is_ours
    process.communicate()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path):
    """The system lets go of it, whatever the process was doing."""
    process = holder(tmp_path / "one.lock", 60)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    with locked(tmp_path / "one.lock") as is_ours:
        assert is_ours
