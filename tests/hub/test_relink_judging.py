"""What a re-link says of two is what arrival would say, though it asks for fewer third records and opens fewer."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from tools.master.sources import raw_of

from bench.population.knobs import ADVERSARIAL
from bench.population.world import make_population
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.parties import plain_features, sealed_features
from carnet_hub.core.master_rows import MatchKeyRow, PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.master_book import MasterBook, split_keys
from carnet_hub.core.stewardship.matching import Verdict, candidates_of, evidence_of, judge, speaking_features
from carnet_hub.core.stewardship.relink_judging import MISSING, Rules, judged_pairs, read_rules
from carnet_master.clusters import Effect, Pair, pair_of
from carnet_master.features import Features, RawAddress, RawCustomer, customer_features
from carnet_master.keys import blocking_keys, identifier_tokens
from carnet_master.model import read_model
from carnet_master.tiers import Mode, Policy
from carnet_protocol.registry import Value
from support.hub_world import HubWorld

RECORDS = 1_200
POLICY = Policy(Mode.ALL)
SURNAMES = "赵钱孙李周吴郑冯陈"
DESK = "13912340009"
SHARED: tuple[dict[str, Any], ...] = (
    {"phones": ("13912340001",)},
    {"wechats": ("wx_ouyang_01",)},
    {"vins": ("LSVAU2180E2123456",)},
    {"plates": ("沪A7K3X1",)},
    {"addresses": (RawAddress("中山北路1200弄15号301室", "310107"),)},
)
"""By what people are reached, one way after the other."""


@pytest.fixture(scope="module")
def people() -> list[Features]:
    """Customers of a made-up country, two namesakes and a third behind each contact, and a desk that types its own."""
    made_up = [raw_of(one) for one in make_population(RECORDS, 31, ADVERSARIAL).records]
    namesakes = [
        RawCustomer(full_name="欧阳" + given, birth_on=born, **shared)
        for given, shared in zip(("泓熠", "翊鸣", "谨言", "墨白", "梓铭"), SHARED, strict=True)
        for born in ("1961-02-03", "1988-05-06", "")
    ]
    desk = [RawCustomer(full_name=surname + "泓熠", phones=(DESK,)) for surname in (*SURNAMES, *SURNAMES)]
    return [customer_features(one) for one in (*made_up, *namesakes, *desk)]


@pytest.fixture
def hub(world: HubWorld, people: list[Features]) -> Hub:
    """A hub that has these customers and has said nothing of them."""
    hub = replace(world.hub, weigher=ShippedWeigher())
    parties = [party_of(hub, number, features) for number, features in enumerate(people)]
    keys = [MatchKeyRow(key, party.customer) for party in parties for key in split_keys(party.keys)]
    with hub.store.write() as transaction:
        transaction.put(sorted(parties))
        transaction.put(sorted(keys))
    return hub


def party_of(hub: Hub, number: int, features: Features) -> PartyRow:
    """A customer as arrival leaves it."""
    customer = hashlib.blake2b(b"%d" % number, digest_size=16).digest()
    tokens = b"".join(sorted(identifier_tokens(features, hub.box.blind_key)))
    keys = b"".join(sorted(blocking_keys(features, hub.box.blind_key)))
    sealed = sealed_features(hub.box, customer, features)
    return PartyRow(customer, bytes(16), 1, features.party, True, tokens, keys, sealed)


def rules_of(hub: Hub, snapshot: Snapshot) -> Rules:
    """Rules of the models in use."""
    return read_rules(snapshot, POLICY, {kind: read_model(data).id for kind, data in hub.weigher.files().items()})


def pairs_of(parties: Iterable[PartyRow]) -> list[Pair]:
    """Everybody of one kind who shares a key."""
    under: dict[tuple[bytes, str], list[bytes]] = {}
    for party in parties:
        for key in split_keys(party.keys):
            under.setdefault((key, party.kind), []).append(party.customer)
    return sorted({pair_of(*pair) for some in under.values() for pair in combinations(some, 2)})


def said_on_arrival(hub: Hub, book: MasterBook, pair: Pair) -> Verdict:
    """What the matcher says of two beside everybody who shares any key with one of them."""
    spoken: list[Features] = []
    thirds: list[Features] = []
    for customer in pair:
        party = book.party(customer)
        assert party is not None
        candidates, generic = candidates_of(book, party)
        others = [plain_features(hub.box, row) for one in candidates if (row := book.party(one)) is not None]
        spoken.append(speaking_features(hub, plain_features(hub.box, party), generic, others))
        thirds += others
    one, other = spoken
    return judge(hub, one, other, POLICY, thirds=thirds)


def proposed_on_arrival(hub: Hub, snapshot: Snapshot, pairs: Iterable[Pair]) -> dict[Pair, dict[str, Value]]:
    """What would be proposed of some pairs by that."""
    book, found = MasterBook(snapshot), {}
    for pair in pairs:
        verdict = said_on_arrival(hub, book, pair)
        cause = MISSING.cause(verdict, POLICY)
        if cause is not None:
            said: dict[str, Value] = {"effect": Effect.PROPOSE.value, "authority": "auto", "cause": cause}
            found[pair] = said | evidence_of(verdict.weighed)
    return found


def test_every_pair_gets_the_word_of_an_arrival(hub: Hub):
    """Pair by pair the proposal, its cause and its weight are the online matcher's, third records weighed in."""
    with hub.store.read() as snapshot:
        pairs = pairs_of(snapshot.parties_after(b"", 2 * RECORDS))
        judged = judged_pairs(hub, rules_of(hub, snapshot), MISSING, snapshot, MasterBook(snapshot), pairs=pairs)

        found, expected = dict(judged), proposed_on_arrival(hub, snapshot, pairs)

    assert found == expected
    assert {"namesake", "weak_contact", "a1:identity"} <= {str(one["cause"]) for one in expected.values()}
