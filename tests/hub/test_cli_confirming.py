"""`carnet-hub restored` begins a new history only when somebody has said that it is meant."""

import io
from pathlib import Path

import pytest

from support.hub_cli import Printed, call, opened, refused, told
from support.terminals import Typing


def histories(data: Path) -> int:
    """How many histories the hub tells apart: none before the first restore, then that one and the one before."""
    app = opened(data)
    try:
        return len(app.hub.histories)
    finally:
        app.close()


def test_a_program_has_to_say_that_it_is_meant(data: Path, capsys: Printed):
    """With `--json` nobody is asked: without `--yes` nothing begins, and the answer says what would have."""
    failure = refused(capsys, data, "restored")

    assert (failure["code"], histories(data)) == ("not-confirmed", 0)
    assert "new history" in str(failure["what"])
    assert "--yes" in str(failure["next"])


def test_a_job_without_a_terminal_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch):
    """A line in a script that nobody watches begins no new history, whatever its input says."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

    assert (call(data, "restored"), histories(data)) == (1, 0)


@pytest.mark.parametrize(
    ("typed", "code", "count"),
    [
        pytest.param("y\n", 0, 2, id="yes"),
        pytest.param("n\n", 1, 0, id="no"),
        pytest.param("\n", 1, 0, id="only enter"),
        pytest.param("", 130, 0, id="the line is cut"),
    ],
)
def test_a_person_is_asked(data: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, count: int):
    """At a terminal the question is asked, and only a yes goes on."""
    monkeypatch.setattr("sys.stdin", Typing(typed))

    assert (call(data, "restored"), histories(data)) == (code, count)


def test_yes_asks_nothing(data: Path, capsys: Printed):
    """A program that means it gets the new history."""
    result = told(capsys, data, "restored", "--yes")

    assert (result["histories"], histories(data)) == (2, 2)
