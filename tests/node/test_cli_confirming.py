"""`rejoin --take-over` decides between two copies of a machine only when somebody has said that it is meant."""

from pathlib import Path

import pytest

from support.cli_node import CliNode, enrol_folder
from support.terminals import Typing


@pytest.fixture
def node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """A node of a site."""
    enrol_folder(tmp_path)
    return CliNode(tmp_path, capsys)


def is_unreconciled(node: CliNode) -> bool:
    """Whether the copy has opened an epoch of its own."""
    return bool(node("status")["is_unreconciled"])


def test_a_program_has_to_say_that_it_is_meant(node: CliNode):
    """With `--json` and without `--yes` no copy takes over."""
    told = node("rejoin", "--take-over")

    assert (node.code, told["error"]["code"], is_unreconciled(node)) == (1, "not-confirmed", False)


@pytest.mark.parametrize(
    ("typed", "code"),
    [pytest.param("y\n", 0, id="yes"), pytest.param("n\n", 1, id="no"), pytest.param("", 130, id="cut")],
)
def test_a_person_is_asked(node: CliNode, monkeypatch: pytest.MonkeyPatch, typed: str, code: int):
    """At a terminal the consequence and the question are shown, and only a yes goes on."""
    monkeypatch.setattr("sys.stdin", Typing(typed))

    node.run("rejoin", "--take-over")

    assert "the other one stops" in node.complained
    assert (node.code, is_unreconciled(node)) == (code, code == 0)


def test_yes_asks_nothing(node: CliNode):
    """A program that means it takes over."""
    node("rejoin", "--take-over", "--yes")

    assert (node.code, is_unreconciled(node)) == (0, True)
