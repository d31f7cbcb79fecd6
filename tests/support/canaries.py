"""Looking for values that must not be anywhere: every byte of every file, in every spelling a value can hide in."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

from carnet_protocol import cbor


def spellings(texts: Iterable[str]) -> Iterator[bytes]:
    """Every spelling in which a value could hide; base64 depends on where in a longer text it stands."""
    for text in texts:
        plain = text.encode()
        yield from (plain, text.encode("utf-16-le"), text.encode("utf-16-be"), cbor.encode(text))
        for shift in range(3):
            yield base64.b64encode(b"\0" * shift + plain)[4:-4]


def found_in(content: bytes, texts: Iterable[str]) -> list[bytes]:
    """The spellings of some values that some bytes hold."""
    return [one for one in spellings(texts) if one in content]


def hiding_in(folders: Iterable[Path], texts: Iterable[str]) -> list[str]:
    """Names of the files that hold one of some values."""
    wanted = list(spellings(texts))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if any(one in path.read_bytes() for one in wanted))
