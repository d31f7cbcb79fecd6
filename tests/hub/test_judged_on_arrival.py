"""What is said of a customer that comes is what would be said of it with every weight worked out."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from tools.master.sources import features_of

from bench.population.world import make_population
from carnet_hub.adapters.store import open_store
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.hub import Hub
from carnet_hub.core.stewardship.matching import judge, judge_arrival
from carnet_master.features import Features
from carnet_master.keys import BlockingValue, blocking_values
from carnet_master.tiers import Mode, Policy, Tier
from support.hub_world import make_world

RECORDS = 250
POLICIES = [Policy(Mode.ALL), Policy(Mode.ALL, links_by_car=False)]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub that weighs with the shipped models."""
    return replace(make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}")).hub, weigher=ShippedWeigher())


def meetings(seed: int) -> dict[tuple[Features, Features], list[Features]]:
    """Everybody of a made-up country who shares a key with somebody, and who else does."""
    under: dict[BlockingValue, list[Features]] = {}
    for one in features_of(make_population(RECORDS, seed)).values():
        for value in blocking_values(one):
            under.setdefault(value, []).append(one)
    found: dict[tuple[Features, Features], list[Features]] = {}
    for some in under.values():
        for pair in combinations(some, 2):
            found.setdefault(pair, []).extend(some)
    return found


@pytest.mark.parametrize("seed", [41, 42])
def test_nothing_is_said_without_a_weight_that_a_weight_would_change(hub: Hub, seed: int):
    """Of every two that meet, arrival and a full weighing say the same, links, questions and relations among it."""
    found = meetings(seed)

    arrived = {pair: [judge_arrival(hub, *pair, one, thirds) for one in POLICIES] for pair, thirds in found.items()}

    weighed = {pair: [judge(hub, *pair, one, thirds=thirds) for one in POLICIES] for pair, thirds in found.items()}
    said = {pair: [one.judgement for one in verdicts] for pair, verdicts in arrived.items()}
    assert said == {pair: [one.judgement for one in verdicts] for pair, verdicts in weighed.items()}
    assert {one.tier for judgements in said.values() for one in judgements} >= {Tier.A2, Tier.STEWARD, Tier.HOUSEHOLD}
    assert any(one.weighed is None for verdicts in arrived.values() for one in verdicts)
