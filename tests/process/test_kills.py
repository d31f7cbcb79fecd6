"""Real programs, really killed: what they acknowledged is there after the restart. `make crash` does it for longer."""

import asyncio
from pathlib import Path

from process.campaign import run_campaign

KILLS = 3


def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path):
    """After each kill of a node or the hub under load nothing acknowledged is lost, doubled or older than it was."""
    tally = asyncio.run(run_campaign(tmp_path, kills=KILLS, seed=3, victims=("a", "b", "hub")))

    assert tally.faults == []
    assert tally.kills == {"a": 1, "b": 1, "hub": 1}
    assert min(sum(tally.acknowledged.values()), tally.receipts) > 0
