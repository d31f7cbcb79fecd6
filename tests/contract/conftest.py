"""What several modules of contract tests start from; a module that needs another hub or node makes its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from carnet_node.bootstrap import Installation
from support.hub_apps import TestHub
from support.joined import joined_pair
from support.postgres import running_postgres


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


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL server shared by all processes of this test run.

    Each process lets go of it once, at its end: the library counts processes, and one that comes back after it has let
    go is not counted again, so that another's end would stop the server under it.
    """
    with running_postgres(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))) as url:
        yield url
