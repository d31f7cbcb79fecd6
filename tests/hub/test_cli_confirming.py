"""What the hub's operator cannot take back is done only when somebody has said that it is meant."""

import io
from pathlib import Path

import pytest

from carnet_protocol.ids import record_text
from support.authors import draft_of
from support.hub_cli import Printed, call, campaign_folder, enrol, opened, push, refused, told
from support.protocol import fixed
from support.recall_plans import NUMBER
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


def test_nobody_is_erased_unasked(data: Path, tmp_path: Path, capsys: Printed):
    """Without a yes a program gets no order to erase, and the customer stays."""
    push(data, enrol(capsys, data, tmp_path).author(), draft_of("customer", fixed("person"), {"party_kind": "person"}))

    failure = refused(capsys, data, "erase", record_text(fixed("person")), "--ground", "request")

    assert (failure["code"], told(capsys, data, "erasures", "list")) == ("not-confirmed", [])


def test_no_machine_is_revoked_unasked(data: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch):
    """Who answers no at the terminal has seen which machine it would have been, and it goes on."""
    enrol(capsys, data, tmp_path, "one")
    (line,) = told(capsys, data, "nodes", "list")
    monkeypatch.setattr("sys.stdin", Typing("n\n"))

    code = call(data, "nodes", "revoke", str(line["node_id"]), "--reason", "scrapped", "--retired")

    assert (code, str(line["name"]) in capsys.readouterr().err) == (1, True)
    assert told(capsys, data, "nodes", "list") == [line]


def test_no_recall_is_withdrawn_unasked(data: Path, tmp_path: Path, capsys: Printed):
    """Without a yes a campaign stays published; with one it is withdrawn, and nobody is reminded of its duties."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    before = told(capsys, data, "report", "due", "--all")

    failure = refused(capsys, data, "recalls", "withdraw", NUMBER, "--reason", "no_defect")
    (still,) = told(capsys, data, "recalls", "list")
    told(capsys, data, "recalls", "withdraw", NUMBER, "--reason", "no_defect", "--yes")

    (gone,) = told(capsys, data, "recalls", "list")
    assert (failure["code"], still["state"], gone["state"]) == ("not-confirmed", "published", "withdrawn")
    assert {one["standing"] for one in before} == {"waiting"}
    assert {one["standing"] for one in told(capsys, data, "report", "due", "--all")} == {"ended"}
    assert told(capsys, data, "report", "due") == told(capsys, data, "dossiers", "due", NUMBER) == []
