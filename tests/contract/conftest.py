"""What several modules of contract tests start from; a module that needs another hub or node makes its own."""

from pathlib import Path

import pytest

from carnet_node.bootstrap import Installation
from support.hub_apps import TestHub
from support.joined import joined_pair


@pytest.fixture
def pair(tmp_path: Path) -> tuple[TestHub, Installation]:
    """A hub and a node of its one dealer site."""
    return joined_pair(tmp_path)


@pytest.fixture
def hub(pair: tuple[TestHub, Installation]) -> TestHub:
    """The hub."""
    return pair[0]


@pytest.fixture
def node(pair: tuple[TestHub, Installation]) -> Installation:
    """The node, freshly enrolled."""
    return pair[1]
