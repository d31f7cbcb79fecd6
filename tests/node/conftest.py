"""What several tests of the node begin with."""

import shutil
from pathlib import Path

import pytest

from support.browsing import Visitor
from support.cli_node import CliNode, enrol_folder
from support.model_hub import ModelHub
from support.staffed import Site, build_site


@pytest.fixture(scope="session")
def enrolled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an enrolled node, to be copied: enrolling takes half a second by design."""
    folder = tmp_path_factory.mktemp("enrolled")
    enrol_folder(folder)
    return folder


@pytest.fixture
def node(enrolled_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """The command line of an enrolled node; a module that tests something else has a `node` of its own."""
    shutil.copytree(enrolled_folder, tmp_path / "node")
    return CliNode(tmp_path / "node", capsys)


@pytest.fixture
def hub() -> ModelHub:
    """A hub that knows nothing yet."""
    return ModelHub()


@pytest.fixture
def copies(node: CliNode, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for encrypted copies, set in the environment."""
    folder = node.folder / "copies"
    folder.mkdir()
    monkeypatch.setenv("CARNET_NODE_BACKUP_COPY_TO", str(folder))
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with its administrator logged in."""
    return build_site(tmp_path)


@pytest.fixture
def desk(site: Site) -> Visitor:
    """The administrator's browser, in English; a module whose pages need more has a `desk` of its own."""
    return Visitor(site.node).with_session(site.session.token).in_english()
