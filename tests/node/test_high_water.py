"""What left the machine is known outside the database, and one process at a time sends."""

import subprocess
import sys
from pathlib import Path

import pytest

from carnet_node.adapters.high_water import EPOCHS_FILE, LOCK_FILE, MARK_FILE, HighWaterFile
from carnet_node.adapters.system import DiskFiles
from carnet_node.core.failures import AnotherSender, HighWaterUnreadable
from carnet_node.core.log.outbox import raise_mark
from carnet_node.core.records import HighWaterMark

EPOCH = b"epoch--1"


def mark(seq: int, epoch: bytes = EPOCH) -> HighWaterMark:
    """A mark whose hash names its seq."""
    return HighWaterMark(epoch, seq, bytes([seq]) * 32)


def test_a_number_of_an_epoch_is_given_once(tmp_path: Path):
    """What was reserved is never reserved again, whoever asks and however low the wish."""
    first, again = HighWaterFile(tmp_path, DiskFiles()), HighWaterFile(tmp_path, DiskFiles())

    given = [first.reserve_ordinal(2), again.reserve_ordinal(2), first.reserve_ordinal(7), again.reserve_ordinal(1)]

    assert given == [2, 3, 7, 8]


def test_a_damaged_file_of_epochs_opens_none(tmp_path: Path):
    """When nobody can say which numbers were given, none is."""
    (tmp_path / EPOCHS_FILE).write_bytes(b"{}")

    with pytest.raises(HighWaterUnreadable):
        HighWaterFile(tmp_path, DiskFiles()).reserve_ordinal(2)


def test_there_is_no_mark_before_anything_left(tmp_path: Path):
    """A new node has sent nothing."""
    assert HighWaterFile(tmp_path, DiskFiles()).read() is None


def test_a_written_mark_is_read_by_the_next_process(tmp_path: Path):
    """The mark lies in a private file that outlives its writer."""
    HighWaterFile(tmp_path, DiskFiles()).write(mark(7))

    assert HighWaterFile(tmp_path, DiskFiles()).read() == mark(7)
    assert (tmp_path / MARK_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("label", "later", "kept"),
    [
        ("a higher one of the same epoch", mark(8), mark(8)),
        ("the same again", mark(7), mark(7)),
        ("a lower one of the same epoch", mark(6), mark(7)),
        ("any of a new epoch", mark(1, b"epoch--2"), mark(1, b"epoch--2")),
    ],
)
def test_the_mark_never_goes_back_within_an_epoch(
    tmp_path: Path, label: str, later: HighWaterMark, kept: HighWaterMark
):
    """A smaller batch sent after a time-out leaves the mark where it was."""
    file = HighWaterFile(tmp_path, DiskFiles())
    raise_mark(file, mark(7))

    raise_mark(file, later)

    assert file.read() == kept, label


@pytest.mark.parametrize("content", [b"", b"{", b'{"epoch": "00", "seq": 1, "set_hash": "00"}', b"x" * 5000])
def test_a_damaged_mark_stops_whoever_wants_to_send(tmp_path: Path, content: bytes):
    """A file that cannot be understood is neither ignored nor replaced."""
    (tmp_path / MARK_FILE).write_bytes(content)
    file = HighWaterFile(tmp_path, DiskFiles())

    with pytest.raises(HighWaterUnreadable):
        raise_mark(file, mark(1))

    assert (tmp_path / MARK_FILE).read_bytes() == content


def test_a_second_sender_is_turned_away(tmp_path: Path):
    """While one holds the lock another gets a named failure at once."""
    first, second = HighWaterFile(tmp_path, DiskFiles()), HighWaterFile(tmp_path, DiskFiles())

    with first.hold(), pytest.raises(AnotherSender), second.hold():
        pass


def test_the_lock_is_free_after_its_block(tmp_path: Path):
    """The next sender gets the lock as soon as the one before is done."""
    first, second = HighWaterFile(tmp_path, DiskFiles()), HighWaterFile(tmp_path, DiskFiles())
    with first.hold():
        pass

    with second.hold():
        held = (tmp_path / LOCK_FILE).exists()

    assert held


def test_the_lock_holds_against_another_process(tmp_path: Path):
    """A separate process is turned away as well."""
    program = (
        "import sys, pathlib\n"
        "from carnet_node.adapters.high_water import HighWaterFile\n"
        "from carnet_node.adapters.system import DiskFiles\n"
        "from carnet_node.core.failures import AnotherSender\n"
        "try:\n"
        "    with HighWaterFile(pathlib.Path(sys.argv[1]), DiskFiles()).hold():\n"
        "        print('got it')\n"
        "except AnotherSender:\n"
        "    print('turned away')\n"
    )

    with HighWaterFile(tmp_path, DiskFiles()).hold():
        done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "turned away"
