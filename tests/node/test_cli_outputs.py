"""Where the node's commands write: a place that is not there is told before any work, and nothing is made up for it."""

from pathlib import Path

import pytest

from support.cli_node import CliNode, enrol_folder


@pytest.fixture
def node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """A node of a site."""
    enrol_folder(tmp_path)
    return CliNode(tmp_path, capsys)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("bundle", "export"), id="a bundle"),
        pytest.param(("export", "customers"), id="a list"),
        pytest.param(("customers", "list", "--xlsx"), id="a workbook beside a list"),
    ],
)
def test_a_folder_that_is_not_there_is_not_made(node: CliNode, tmp_path: Path, command: tuple[str, ...]):
    """A stick that is not plugged in is an empty path: the command says so and puts nothing there."""
    told = node(*command, tmp_path / "stick" / "file")

    assert (node.code, told["error"]["code"]) == (1, "output-unusable")
    assert str(tmp_path / "stick") in told["error"]["what"]
    assert not (tmp_path / "stick").exists()


def test_what_could_not_be_written_is_not_noted(node: CliNode, tmp_path: Path):
    """An export that is refused for its place stands in no access log, since nobody has taken anything out."""
    node("export", "customers", tmp_path / "stick" / "file.xlsx")

    assert [row for row in node("staff", "accesses") if "customers" in str(row)] == []


def test_a_folder_in_place_of_a_file_is_told(node: CliNode, tmp_path: Path):
    """A bundle that is to be written over a folder is refused, and the folder stays as it was."""
    (tmp_path / "stick").mkdir()

    told = node("bundle", "export", tmp_path / "stick")

    assert (node.code, told["error"]["code"]) == (1, "output-unusable")
    assert list((tmp_path / "stick").iterdir()) == []
