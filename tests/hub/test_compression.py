"""Inflating what a node pushes: never more memory than the bound, exactly one frame."""

import pytest
import zstandard

from carnet_hub.adapters.compression import deflate, inflate
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason

BOUND = 1024 * 1024


def bomb(size: int, *, announces: bool) -> bytes:
    """A frame of a few KiB that inflates to `size` zero bytes."""
    return zstandard.ZstdCompressor(write_content_size=announces).compress(bytes(size))


@pytest.mark.parametrize("size", [0, 1, 300_000, BOUND])
def test_a_frame_within_the_bound_is_inflated(size: int):
    """Content up to the bound comes back as it was, announced or not."""
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)

    assert inflate(deflate(content), bytes_max=BOUND) == content
    assert inflate(zstandard.ZstdCompressor(write_content_size=False).compress(content), bytes_max=BOUND) == content


@pytest.mark.parametrize("announces", [True, False])
@pytest.mark.parametrize("size", [BOUND + 1, 200 * BOUND])
def test_a_bomb_is_refused(size: int, announces: bool):
    """A frame that inflates to one byte more than allowed, or to 200 times as much, is refused by size."""
    with pytest.raises(Malformed) as refusal:
        inflate(bomb(size, announces=announces), bytes_max=BOUND)

    assert refusal.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", Reason.MALFORMED, id="empty"),
        pytest.param(b"no zstd at all", Reason.MALFORMED, id="something else"),
        pytest.param(deflate(b"x" * 1000)[:-1], Reason.MALFORMED, id="cut short"),
        pytest.param(deflate(b"x" * 1000) + b"y", Reason.TRAILING_BYTES, id="one byte more"),
        pytest.param(deflate(b"x") + deflate(b"y"), Reason.TRAILING_BYTES, id="two frames"),
        pytest.param(deflate(b"x") + bytes(1000), Reason.TRAILING_BYTES, id="many bytes more"),
    ],
)
def test_anything_but_one_whole_frame_is_refused(data: bytes, reason: Reason):
    """Bytes that are no frame, a broken one, or more than one are refused."""
    with pytest.raises(Malformed) as refusal:
        inflate(data, bytes_max=BOUND)

    assert refusal.value.reason is reason


def test_a_frame_that_asks_for_a_huge_window_is_refused():
    """A frame whose window alone would exhaust memory is refused."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = compressor.compress(b"x" * 100) + compressor.flush()

    with pytest.raises(Malformed):
        inflate(frame, bytes_max=BOUND)
