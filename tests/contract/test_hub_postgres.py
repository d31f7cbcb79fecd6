"""The hub's contract on PostgreSQL."""

import itertools
import os
from collections.abc import Iterator

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
from support.postgres import make_schema

NUMBERS = itertools.count(1)


class TestPostgresHub(
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
    """Everything the contract says, in a schema of its own."""

    @pytest.fixture(autouse=True)
    def _schema(self, server_url: str) -> Iterator[None]:
        self.url = make_schema(server_url, f"t{os.getpid()}_{next(NUMBERS)}")
        self.stores: list[SqlStore] = []
        yield
        for store in self.stores:
            store.close()

    def open_worker(self, *, busy_ms: int = 15_000) -> SqlStore:
        """One more connection pool on the test's schema."""
        self.stores.append(open_store(self.url, busy_ms=busy_ms))
        return self.stores[-1]
