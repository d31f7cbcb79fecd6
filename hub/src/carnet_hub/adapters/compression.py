"""zstd with a bound: what a push may become in memory.

Decides nothing but the bound. A frame that announces more is refused before anything is inflated; one that announces
nothing is inflated piece by piece and dropped as soon as it produces more. Only one frame is read, and nothing may
follow.
"""

import zstandard

from carnet_hub.core.limits import ZSTD_PIECE_BYTES, ZSTD_WINDOW_BYTES_MAX
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason


def inflate(data: bytes, *, bytes_max: int) -> bytes:
    """The content of exactly one zstd frame.

    Args:
        data: the frame.
        bytes_max: inflated bytes accepted.

    Raises:
        Malformed: no frame, cut short, followed by something, or larger than `bytes_max`.
    """
    try:
        announced = zstandard.frame_content_size(data)
        if announced > bytes_max:
            raise Malformed(Reason.TOO_LARGE, f"{announced} bytes announced, at most {bytes_max}")
        return _inflate_pieces(data, bytes_max)
    except zstandard.ZstdError as error:
        raise Malformed(Reason.MALFORMED, "no zstd frame") from error


def deflate(data: bytes) -> bytes:
    """One zstd frame that announces its size."""
    return zstandard.ZstdCompressor().compress(data)


def _inflate_pieces(data: bytes, bytes_max: int) -> bytes:
    inflater = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES_MAX).decompressobj()
    pieces: list[bytes] = []
    size = at = 0
    while at < len(data) and not inflater.eof:
        piece = inflater.decompress(data[at : at + ZSTD_PIECE_BYTES])
        at += ZSTD_PIECE_BYTES
        size += len(piece)
        if size > bytes_max:
            raise Malformed(Reason.TOO_LARGE, f"more than {bytes_max} bytes inflated")
        pieces.append(piece)
    if not inflater.eof:
        raise Malformed(Reason.MALFORMED, "a zstd frame that is cut short")
    if inflater.unused_data or at < len(data):
        raise Malformed(Reason.TRAILING_BYTES, "bytes after the zstd frame")
    return b"".join(pieces)
