"""The hub's database server is killed under load, and comes back on the data that the kill left."""

import asyncio
import os
from pathlib import Path

from process.campaign import run_campaign
from support.postgres import killable_postgres

KILLS = 1


def test_what_the_hub_gave_a_receipt_for_outlives_its_database_server(tmp_path: Path):
    """After PostgreSQL is killed and restarted every receipt has its entry, and the hub goes on by itself."""
    with killable_postgres(f"killed-{os.getpid()}") as server:
        tally = asyncio.run(run_campaign(tmp_path, kills=KILLS, seed=11, victims=("postgres",), postgres=server))

    assert tally.faults == []
    assert tally.kills == {"postgres": KILLS}
