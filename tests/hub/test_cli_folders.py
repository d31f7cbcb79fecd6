"""`carnet-hub` and `carnet-node` pointed at each other's folder, or at none: it is told, and nothing is touched."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from carnet_hub.entrypoints.cli.main import execute as execute_hub
from carnet_node.entrypoints.cli.main import execute as execute_node
from support.hub_cli import Printed, call, refused


@pytest.fixture
def site(tmp_path: Path, capsys: Printed) -> Path:
    """The folder of a new node."""
    folder = tmp_path / "site"
    execute_node(["--data", str(folder), "init"])
    capsys.readouterr()
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file with what it holds."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize(
    "command", [("init",), ("dealers", "list"), ("restore",), ("backup", "status"), ("restored", "--yes")]
)
def test_a_hub_leaves_a_nodes_folder_alone(site: Path, capsys: Printed, command: tuple[str, ...]):
    """Whatever is asked for, a node's folder is named as such and stays as it was, with no database of a hub in it."""
    before = content_of(site)

    failure = refused(capsys, site, *command)

    assert (failure["code"], content_of(site)) == ("folder-foreign", before)


@pytest.mark.parametrize(
    "command", [("init",), ("status",), ("restore",), ("doctor",), ("backup", "status"), ("keys", "list"), ("serve",)]
)
def test_a_node_leaves_a_hubs_folder_alone(data: Path, capsys: Printed, command: tuple[str, ...]):
    """Whatever is asked for, a hub's folder is named as such, and nobody is told to restore a node into it."""
    before = content_of(data)

    code = execute_node(["--data", str(data), *command])

    told = capsys.readouterr().err.splitlines()[-3:]
    assert (code, content_of(data)) == (1, before)
    assert [told[0].endswith("this is carnet-node."), "carnet-hub --data" in told[2]] == [True, True]


@pytest.mark.parametrize("execute", [pytest.param(execute_hub, id="hub"), pytest.param(execute_node, id="node")])
@pytest.mark.parametrize("command", [("backup", "status"), ("restore",), ("rebuild", "--check")])
def test_a_mistyped_folder_is_not_made(
    tmp_path: Path, capsys: Printed, execute: Callable[[Sequence[str]], int], command: tuple[str, ...]
):
    """A folder that is not there is told, and is not there afterwards either."""
    code = execute(["--data", str(tmp_path / "typo"), *command])

    assert (code, len(capsys.readouterr().err.splitlines())) == (1, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_told(data: Path, capsys: Printed):
    """The database is no data folder; its folder is."""
    assert call(data / "hub.db", "dealers", "list") == 1
    assert "is a file" in capsys.readouterr().err
