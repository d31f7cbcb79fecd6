"""An engine of the re-link finds the pairs that the online matcher finds: `make test-relink`, `make test-spark`.

Splink's packages lie in an environment of their own. Without `CARNET_RELINK`, which names the engine, nothing runs.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from tools.master.sources import features_of

from bench.population.knobs import ADVERSARIAL
from bench.population.world import make_population
from carnet_hub.adapters.relink_engine import SplinkEngine
from carnet_hub.adapters.relink_opening import Engine, open_engine
from carnet_hub.adapters.relink_rows import KEYS_FILE
from carnet_hub.adapters.system import SystemEntropy
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.relink_ports import SURE_BLOCKS
from carnet_hub.core.stewardship.relink_failures import EngineFailed
from carnet_master.clusters import Pair, pair_of
from carnet_master.features import Features, RawCustomer, customer_features
from carnet_master.keys import blocking_keys
from carnet_master.limits import STEWARD_PROBABILITY_MIN

ENGINE = os.environ.get("CARNET_RELINK", "")
pytestmark = pytest.mark.skipif(not ENGINE, reason="needs Splink: run `make test-relink` or `make test-spark`")

SECRET = b"a secret of no hub, for testing."
RECORDS = 1_500
PHONE = "13912340001"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SplinkEngine]:
    """The engine under test with the shipped models, in blocks of 700 customers."""
    opened = open_engine(Engine(ENGINE), tmp_path, ShippedWeigher().files(), SystemEntropy())
    opened._block = 700
    with closing(opened):
        yield opened


def made_up() -> dict[bytes, Features]:
    """Customers of a made-up country by id, ascending."""
    features = features_of(make_population(RECORDS, 31, ADVERSARIAL))
    named = {hashlib.blake2b(key.encode(), digest_size=16).digest(): one for key, one in features.items()}
    return dict(sorted(named.items()))


def keys_of(features: Features) -> set[bytes]:
    """What a customer is found by."""
    return set(blocking_keys(features, SECRET))


def fill(engine: SplinkEngine, customers: Mapping[bytes, Features]) -> None:
    """Hand customers over."""
    for customer, features in customers.items():
        engine.add(customer, b"".join(sorted(keys_of(features))), features)


def weighed_one_by_one(customers: Mapping[bytes, Features]) -> set[Pair]:
    """What the compiled scorer lets through of all pairs that share a key."""
    under: dict[bytes, list[bytes]] = {}
    for customer, features in customers.items():
        for key in keys_of(features):
            under.setdefault(key, []).append(customer)
    met = {pair_of(*pair) for some in under.values() for pair in combinations(some, 2)}
    return {pair for pair in met if _is_let_through(customers[pair[0]], customers[pair[1]])}


def _is_let_through(one: Features, other: Features) -> bool:
    if one.party != other.party:
        return False
    weighed = ShippedWeigher().weigh(one, other)
    letters = {key[:1] for key in keys_of(one) & keys_of(other)}
    is_sure = not letters.isdisjoint(block.value.encode() for block in SURE_BLOCKS)
    return is_sure or (weighed is not None and weighed.probability >= STEWARD_PROBABILITY_MIN)


def person(name: str, *phones: str) -> Features:
    """A person with telephone numbers."""
    return customer_features(RawCustomer(full_name=name, phones=phones))


def numbered(features: Iterable[Features]) -> dict[bytes, Features]:
    """Customers with ids that count up."""
    return {number.to_bytes(16, "big"): one for number, one in enumerate(features)}


def test_an_engine_finds_the_pairs_of_the_online_matcher(engine: SplinkEngine):
    """Of 1,500 records of a made-up country the engine lets through the very pairs the compiled scorer does."""
    customers = made_up()
    fill(engine, customers)

    blocks = list(engine.pairs())

    found = [pair for block in blocks for pair in block.pairs]
    assert set(found) == weighed_one_by_one(customers)
    assert found == sorted(set(found))
    assert (blocks[-1].upto, blocks[-1].done, blocks[-1].total) == (max(customers), *[len(customers)] * 2)
    assert all(last.upto < pair[0] for last, block in pairwise(blocks) for pair in block.pairs)


def test_an_engine_without_customers_has_no_block(engine: SplinkEngine):
    """A hub without customers is re-linked at once."""
    assert list(engine.pairs()) == []


def test_a_customer_alone_is_done_and_meets_nobody(engine: SplinkEngine):
    """Customers that share no key make blocks without a pair, so that a note can go on behind them."""
    customers = numbered([person("赵小明", PHONE), person("王建国", "13912340002")])
    fill(engine, customers)

    blocks = list(engine.pairs())

    assert [(block.upto, block.pairs) for block in blocks] == [(max(customers), [])]


@pytest.mark.skipif(ENGINE != Engine.DUCKDB, reason="what is written is the same for every engine")
def test_what_is_only_compared_for_equality_is_written_as_a_hash(engine: SplinkEngine, tmp_path: Path):
    """Neither a name nor a telephone number stands in a file of the scratch folder, nor in its name."""
    from pyarrow.parquet import read_table  # noqa: PLC0415  (an optional package)

    fill(engine, numbered([person("赵小明", PHONE), person("赵小明", PHONE)]))

    found = [pair for block in engine.pairs() for pair in block.pairs]

    tables = [read_table(path).to_pylist() for path in sorted(tmp_path.glob("*.parquet"))]
    assert (len(found), len(tables)) == (1, 2)
    assert not any(secret in str(tables) for secret in ("赵", "小明", PHONE))
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} <= {"keys", "person", "pairs", "spill"}


def test_an_engine_that_gives_up_says_so_by_name(engine: SplinkEngine, tmp_path: Path):
    """A damaged file ends the run with what is safe, and without a row in the sentence."""
    fill(engine, numbered([person("赵小明", PHONE)]))
    engine._files.close()
    (tmp_path / KEYS_FILE).write_bytes(b"no Parquet at all")

    with pytest.raises(EngineFailed) as caught:
        list(engine.pairs())

    assert "gave up" in caught.value.what
    assert PHONE not in "".join((caught.value.what, caught.value.safe, caught.value.next))
