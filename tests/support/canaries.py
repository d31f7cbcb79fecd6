"""Looking for values that must not be anywhere: every byte of every file, in every spelling a value can hide in."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZipFile, is_zipfile

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


def hiding_in(places: Iterable[Path], texts: Iterable[str]) -> list[str]:
    """Names of the files that hold one of some values.

    Args:
        places: files, and folders with everything below them; a packed file (a workbook) is unpacked as well.
    """
    wanted = list(spellings(texts))
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
    return sorted(path.name for path in files if any(one in content for content in _contents(path) for one in wanted))


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if is_zipfile(path):
        with ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())
