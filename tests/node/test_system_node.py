"""Files are replaced as a whole and stay private; what travels compressed is inflated within its bound."""

import os
from pathlib import Path

import pytest
import zstandard

from carnet_node.adapters.compression import deflate, inflate
from carnet_node.adapters.system import DiskFiles, SystemEntropy
from carnet_node.core.limits import RETRY_MAX_MS
from carnet_node.core.line.schedule import dice_of, idle_delay_ms, retry_delay_ms
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason

FILES = DiskFiles()


def test_a_replaced_file_is_private_and_alone(tmp_path: Path):
    """The new content is there, readable by its owner only, and nothing is left beside it."""
    (tmp_path / "mark").write_bytes(b"old")
    (tmp_path / "mark").chmod(0o644)

    FILES.replace(tmp_path / "mark", b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["mark"]
    assert ((tmp_path / "mark").read_bytes(), FILES.mode(tmp_path / "mark")) == (b"new", 0o600)


def test_what_a_crash_left_beside_a_file_does_not_stop_the_next_write(tmp_path: Path):
    """A half-written file of an earlier process with the same number is overwritten."""
    (tmp_path / f".mark.{os.getpid()}.new").write_bytes(b"half")

    FILES.replace(tmp_path / "mark", b"whole")

    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path):
    """When the new file cannot take the place of the old one, the old one is as it was and nothing lies about."""
    (tmp_path / "mark").mkdir()

    with pytest.raises(OSError, match="mark"):
        FILES.replace(tmp_path / "mark", b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


@pytest.mark.parametrize(("size", "is_read"), [(9, True), (10, True), (11, False)])
def test_a_file_is_read_up_to_its_bound(tmp_path: Path, size: int, is_read: bool):
    """A file longer than allowed is refused and not cut."""
    (tmp_path / "file").write_bytes(b"x" * size)

    if is_read:
        assert FILES.read(tmp_path / "file", bytes_max=10) == b"x" * size
    else:
        with pytest.raises(OSError, match="longer than 10 bytes"):
            FILES.read(tmp_path / "file", bytes_max=10)


def test_a_missing_file_is_none(tmp_path: Path):
    """No file is an ordinary answer."""
    assert FILES.read(tmp_path / "none", bytes_max=10) is None


def test_entropy_gives_what_was_asked_for():
    """The number of bytes is right, and two draws differ."""
    entropy = SystemEntropy()

    assert (len(entropy.random_bytes(32)), entropy.random_bytes(32) == entropy.random_bytes(32)) == (32, False)


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_what_was_deflated_is_inflated(size: int):
    """There and back, up to the very bound."""
    assert inflate(deflate(b"x" * size), bytes_max=1000) == b"x" * size


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (zstandard.ZstdCompressor().compress(bytes(1001)), Reason.TOO_LARGE),
        (zstandard.ZstdCompressor().compress(bytes(50_000_000)), Reason.TOO_LARGE),
        (b"no frame at all", Reason.MALFORMED),
    ],
    ids=["one byte too many", "a bomb", "no frame"],
)
def test_a_frame_beyond_its_bound_is_refused(packed: bytes, reason: Reason):
    """A small body that would fill the memory is not inflated."""
    with pytest.raises(Malformed) as caught:
        inflate(packed, bytes_max=1000)

    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("failures", "dice", "delay_ms"),
    [(0, 0, 250), (0, 65535, 499), (1, 0, 500), (5, 0, 8000), (30, 0, RETRY_MAX_MS // 2), (30, 65535, 299_997)],
)
def test_pauses_double_within_their_range(failures: int, dice: int, delay_ms: int):
    """The range doubles with each failure, is capped at five minutes, and chance chooses its upper half."""
    assert retry_delay_ms(failures=failures, dice=dice) == delay_ms


@pytest.mark.parametrize(("asked_ms", "delay_ms"), [(None, 250), (100, 250), (9000, 9000), (10**9, RETRY_MAX_MS)])
def test_what_the_hub_asks_for_is_a_lower_bound(asked_ms: int | None, delay_ms: int):
    """Retry-After lengthens a pause and never shortens it; nobody can silence a node for more than five minutes."""
    assert retry_delay_ms(failures=0, dice=0, asked_ms=asked_ms) == delay_ms


@pytest.mark.parametrize(("random2", "delay_ms"), [(b"\x00\x00", 45_000), (b"\xff\xff", 74_999)])
def test_idle_looks_are_spread(random2: bytes, delay_ms: int):
    """Thousands of nodes do not look at the same second."""
    assert idle_delay_ms(dice=dice_of(random2)) == delay_ms
