"""The hub's contract on SQLite."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore, open_store
from contract.hub_contract import HubContract
from contract.hub_counts import HubCountsContract
from contract.hub_lists import HubListContract
from contract.hub_master import HubMasterContract
from contract.hub_matching import HubMatchingContract
from contract.hub_models import HubModelsContract
from contract.hub_relink import HubRelinkContract
from contract.hub_standing_links import HubStandingLinksContract
from contract.hub_sweeping import HubSweepingContract


class TestSqliteHub(
    HubContract,
    HubCountsContract,
    HubListContract,
    HubMasterContract,
    HubMatchingContract,
    HubModelsContract,
    HubRelinkContract,
    HubStandingLinksContract,
    HubSweepingContract,
):
    """Everything the contract says, on a file."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_worker(self, *, busy_ms: int = 15_000) -> SqlStore:
        """One more connection pool on the test's file."""
        return open_store(f"sqlite:///{self.folder / 'hub.db'}", busy_ms=busy_ms)
