"""Files that a command writes once: with room before the work begins, and whole or absent."""

import resource
from pathlib import Path

import pytest

from carnet_storage.adapters.outputs import private_file


def test_a_private_file_holds_what_was_taken(tmp_path: Path):
    """The file appears when all of it is there, no longer than its content, for its owner alone."""
    path = tmp_path / "owners.json"

    with private_file(path, room_bytes=4096) as take:
        was_there = path.exists()
        take(b"content")

    assert (was_there, path.read_bytes(), path.stat().st_mode & 0o777) == (False, b"content", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_when_the_work_fails(tmp_path: Path):
    """Work that raises leaves neither the file nor the room that was made for it."""
    with pytest.raises(ValueError, match="refused"), private_file(tmp_path / "owners.json", room_bytes=4096):
        raise ValueError("refused")

    assert list(tmp_path.iterdir()) == []


def test_work_does_not_begin_without_room(tmp_path: Path):
    """A disk without room refuses before anything is done that cannot be done twice."""
    done: list[str] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))

    try:
        with pytest.raises(OSError), private_file(tmp_path / "owners.json", room_bytes=4096):  # noqa: PT011
            done.append("read")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (done, list(tmp_path.iterdir())) == ([], [])
