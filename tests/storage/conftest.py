"""What several modules of storage tests start from; a module that needs another database makes its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from carnet_storage.adapters.litestream_process import LitestreamChild
from carnet_storage.core.targets import FolderTarget
from support.backups import LogSource, make_source
from support.supervising import settings_of


@pytest.fixture
def source(tmp_path: Path) -> LogSource:
    """A database with three entries."""
    return make_source(tmp_path / "data")


@pytest.fixture
def target(tmp_path: Path) -> FolderTarget:
    """Where it is replicated to."""
    folder = tmp_path / "replica"
    folder.mkdir()
    return FolderTarget(folder)


@pytest.fixture
def child(source: LogSource, target: FolderTarget) -> Iterator[LitestreamChild]:
    """A child that is not started; ended afterwards."""
    child = LitestreamChild(settings_of(source, target))
    yield child
    child.release()
