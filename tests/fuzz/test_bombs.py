"""Inputs that are small, or look small, and want much: every reader refuses or reads them in a second and in 64 MB."""

import cbor2
import pytest
import zstandard

from carnet_protocol import limits
from fuzz.oracle import examine
from fuzz.targets import TARGETS

MEBIBYTE = 1024 * 1024


def zstd_bomb(size: int) -> bytes:
    """A frame of zeros; a gigabyte of them is 32 KB."""
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    pieces = [compressor.compress(bytes(MEBIBYTE)) for _ in range(size // MEBIBYTE)]
    return b"".join([*pieces, compressor.flush()])


NESTED = b"\x81" * (100 * 1024)
CASES = [
    pytest.param("push", zstd_bomb(1024 * MEBIBYTE), id="a gigabyte in a zstd frame"),
    pytest.param("cbor", NESTED, id="100,000 lists inside each other"),
    pytest.param("payload", NESTED, id="the same behind a signature"),
    pytest.param("cbor", b"\x9b" + b"\xff" * 8, id="a list that announces 2**64 items"),
    pytest.param("cbor", b"\x5b" + b"\x7f" * 8, id="a string that announces 2**63 bytes"),
    pytest.param("cbor", b"\xbb" + b"\x00\x00\x00\x7f" + b"\xff" * 4, id="a map that announces 2**39 pairs"),
    pytest.param("cbor", cbor2.dumps([b""] * (limits.MESSAGE_BYTES_MAX - 16)), id="two million empty strings"),
    pytest.param("push", cbor2.dumps([[b"", b""]] * 300_000), id="300,000 empty sets"),
    pytest.param("page", cbor2.dumps([1, b"", b"", b"", 0, 0, 0, True, [[]] * 500_000, [], []]), id="empty rows"),
    pytest.param("segment", b"\xff" * 64 * 1024, id="a varint without an end"),
    pytest.param("import", b"," * MEBIBYTE, id="a million columns"),
    pytest.param("import", b'"' + b"x" * MEBIBYTE, id="a quoted cell without an end"),
    pytest.param("import", b"vin,plate_no\n" + b"x,y\n" * 200_000, id="200,000 rows of nothing"),
    pytest.param("import", b"vin\n" + b"1" * 130_000, id="a cell of 130,000 digits"),
    pytest.param("vin", "１".encode() * 100_000, id="100,000 wide digits as a VIN"),
    pytest.param("typed", b"0" * MEBIBYTE, id="a code of a million characters"),
]


@pytest.mark.parametrize(("target", "data"), CASES)
def test_a_bomb_costs_little(target: str, data: bytes):
    """What wants more than a second or 64 MB does not get it, and nothing but a refusal comes out."""
    assert examine(TARGETS[target].read, data) in (True, False)
