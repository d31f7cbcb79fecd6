"""Making a hub: cut short at any step, it is neither half a hub nor in the way of the next attempt."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from carnet_hub.adapters.keyring import KEY_FILES, UNFINISHED_FILE
from carnet_hub.adapters.system import DiskFiles
from carnet_hub.bootstrap import Ports, init_hub, open_hub
from carnet_hub.core.failures import AlreadyInitialised, DatabaseEmpty, NotInitialised
from carnet_hub.settings import HubSettings
from support.hub_apps import CountedEntropy


class PowerCut(BaseException):
    """The process is gone."""


class CutEntropy:
    """Randomness that lasts for some calls."""

    def __init__(self, calls: int) -> None:
        self._steps: Iterator[int] = iter(range(calls))
        self._entropy = CountedEntropy()

    def random_bytes(self, count: int) -> bytes:
        """See `ports.Entropy`."""
        if next(self._steps, None) is None:
            raise PowerCut
        return self._entropy.random_bytes(count)


class CutFiles(DiskFiles):
    """A disk that lasts for some files."""

    def __init__(self, writes: int) -> None:
        self._steps: Iterator[int] = iter(range(writes))

    def replace(self, path: Path, content: bytes, *, mode: int = 0o600) -> None:
        """See `ports.Files`."""
        if next(self._steps, None) is None:
            raise PowerCut
        super().replace(path, content, mode=mode)


@pytest.fixture
def settings(tmp_path: Path) -> HubSettings:
    """A folder for a hub."""
    return HubSettings(data_dir=tmp_path / "hub")


def cut_short(settings: HubSettings, ports: Ports) -> bool:
    """Whether an `init` with these ports ends early."""
    try:
        init_hub(settings, ports).close()
    except PowerCut:
        return True
    return False


@pytest.mark.parametrize("writes", range(len(KEY_FILES) + 1))
def test_an_init_cut_short_between_keys_goes_on(settings: HubSettings, writes: int):
    """Keys that are there stay, missing ones are made, and the hub opens afterwards."""
    assert cut_short(settings, Ports(files=CutFiles(writes)))
    before = {
        name: (settings.keys_dir / name).read_bytes() for name in KEY_FILES if (settings.keys_dir / name).exists()
    }

    init_hub(settings).close()

    with closing(open_hub(settings)):
        assert {name: (settings.keys_dir / name).read_bytes() for name in before} == before


def test_an_init_cut_short_anywhere_before_the_commit_goes_on(settings: HubSettings):
    """Wherever randomness is asked for, an early end leaves no hub, says so, and the next attempt makes one."""
    calls = 0
    while cut_short(settings, Ports(entropy=CutEntropy(calls))):
        with pytest.raises(NotInitialised):
            open_hub(settings)
        calls += 1

    with closing(open_hub(settings)) as app, app.store.read() as snapshot:
        assert snapshot.head().position == 1
    assert calls > len(KEY_FILES)


def test_an_init_cut_short_after_the_commit_is_a_hub(settings: HubSettings):
    """The mark alone is left: opening takes it away, and nothing is made twice."""
    init_hub(settings).close()
    (settings.keys_dir / UNFINISHED_FILE).touch()

    with closing(open_hub(settings)) as app, app.store.read() as snapshot:
        position = snapshot.head().position

    assert (position, (settings.keys_dir / UNFINISHED_FILE).exists()) == (1, False)


def test_a_finished_hub_whose_database_is_lost_is_no_new_one(settings: HubSettings):
    """Without the mark, keys beside an empty database are a lost database: nothing is made."""
    init_hub(settings).close()
    (settings.data_dir / "hub.db").unlink()

    with pytest.raises(AlreadyInitialised):
        init_hub(settings)
    with pytest.raises(DatabaseEmpty):
        open_hub(settings)
