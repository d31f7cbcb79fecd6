"""Breaking files, and looking whether anything else has changed."""

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from carnet_storage.adapters.library import driver

SENTENCE_CHARS_MIN = 10
NOT_LOOKED_AT = ("-wal", "-shm", "status.json", "sender.lock")
"""What SQLite keeps beside a database, and what is rewritten at every start."""


def cut(path: Path, keep: int) -> None:
    """Leave the beginning of a file; from the end when `keep` is below zero."""
    path.write_bytes(path.read_bytes()[:keep])


def bend(path: Path, at: int) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def replace_key(path: Path) -> None:
    """Put a key of the right size in the place of another."""
    path.write_bytes(bytes(range(32)))


def each(paths: Iterable[Path], change: Callable[[Path], object]) -> None:
    """Change several files."""
    for path in paths:
        change(path)


def private(path: Path, text: str) -> Path:
    """A file of mode 600."""
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def largest_first(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return sorted((one for one in folder.rglob("*") if one.is_file()), key=lambda one: -one.stat().st_size)


def kept(folder: Path) -> dict[str, bytes]:
    """Every file that must not change: keys, databases, copies, replicas."""
    files = (one for one in folder.rglob("*") if one.is_file() and not one.name.endswith(NOT_LOOKED_AT))
    return {str(one.relative_to(folder)): _content_of(one) for one in files}


def sentences_of(error: dict[str, Any]) -> list[str]:
    """What happened, what is safe, what to do next.

    Raises:
        AssertionError: one of them is missing, or is no sentence.
    """
    found = [str(error[name]) for name in ("what", "safe", "next")]
    assert all(one.endswith((".", "?")) and len(one) > SENTENCE_CHARS_MIN for one in found), found
    return found


def _content_of(path: Path) -> bytes:
    """A file's bytes; of a database that opens, what it says, wherever SQLite keeps it just now."""
    if path.suffix != ".db":
        return path.read_bytes()
    try:
        with closing(driver.connect(path)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            rows = [sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for (name,) in tables]  # noqa: S608
            return repr((tables, rows)).encode()
    except driver.DatabaseError:
        return path.read_bytes()
