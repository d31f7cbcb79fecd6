"""One arriving customer at a hub of many: how much matching costs against one read by primary key.

A store with the parties and keys of a made-up country is built once, through the hub's own store port, and kept under
`var/bench-master`. Each customer of a sample is matched as one that has just arrived is: its transaction is open and
has folded it, so its party and features are at hand. It is looked up by all its keys, features of everybody found are
opened, weighed, judged, decisions drafted; nothing of one match is known to the next. What it takes to open the
transaction and read the customer as well stands beside it. Merging and taking apart works on a copy.

The floor is what the hub itself pays to read one party by its key, through the store port that matching reads through:
the same connection, row and statement, nothing of SQLite's cache warmed for it, a thousand times on end. What the
driver alone takes for that row stands beside it, and what the hub takes between two matches, when the processor has
done something else meanwhile. Times are processor time of single operations, the least of a few passes over the whole
sample: what else runs on the machine takes the processor's caches away, and changes the ratio least so.

    SCALE=1 python -m tools.bench --only master_online       (a million records; a fiftieth unless told)
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from tools.master.measuring import in_order_of_arrival
from tools.master.sources import raw_of

from bench.population.world import Population, make_population
from carnet_hub.adapters.keyring import DataKeyBox
from carnet_hub.adapters.store import open_store
from carnet_hub.adapters.system import SystemEntropy
from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.parties import features_of, sealed_features
from carnet_hub.core.master_rows import MatchKeyRow, PartyRow
from carnet_hub.core.ports import SecretBox, Transaction
from carnet_hub.core.sets.workspace import Workspace, open_workspace
from carnet_hub.core.stewardship.matching import candidates_of, decisions_about
from carnet_hub.core.stewardship.stewarding import Word, merge, tell_apart
from carnet_master.features import Features, customer_features
from carnet_master.keys import KEY_BYTES, blocking_keys, identifier_tokens
from support.hub_apps import CountedEntropy
from support.hub_world import make_world
from support.protocol import fixed, record

MILLION: Final = 1_000_000
SCALE: Final = 0.02
SEED: Final = 8
FOLDER: Final = Path(__file__).resolve().parents[2] / "var" / "bench-master"
SITES: Final = 60
SAMPLE: Final = 300
TOGETHER: Final = 50
PASSES: Final = 5
MERGES: Final = 40
ROWS_PER_COMMIT: Final = 200_000
RATIO_MAX: Final = 20.0
CANDIDATES_MAX: Final = 50
ID_BYTES: Final = 16


def run(repetitions: int) -> list[dict[str, Any]]:
    """The cost of a match, alone and among others, how many are compared, and what an unmerge costs.

    Args:
        repetitions: samples of `SAMPLE` customers each.
    """
    records = int(MILLION * float(os.environ.get("SCALE", SCALE)))
    hub = _hub(built_store(records, SEED))
    times, compared = defaultdict[str, list[float]](list), list[int]()
    for number in range(repetitions):
        customers = _sample(hub, SAMPLE, seed=number)
        others = _sample(hub, SAMPLE, seed=-2 - number)
        times["bare"] += _least(lambda: _read_by_driver(hub, others))  # noqa: B023  (called here)
        with hub.store.write() as transaction:
            times["read"] += _least(lambda: _reads(transaction, customers))  # noqa: B023
            times["alone"] += _least(lambda: _matches(hub, transaction, customers, 1))  # noqa: B023
            times["together"] += _least(lambda: _matches(hub, transaction, customers, TOGETHER))  # noqa: B023
            both = _least(lambda: _wholes(hub, transaction, customers))  # noqa: B023
            times["between"] += both[::2]
            times["whole"] += both[1::2]
            compared += [_candidates(hub, transaction, one) for one in customers]
    each = {name: median(some) for name, some in times.items()}
    floor, where = each["read"], f"{records:,} records"
    return [
        _row(f"hub: read of one party by key, {where}", floor, floor),
        _row(f"hub: the same read by the driver alone, {where}", each["bare"], floor),
        _row("hub: the same read between two matches", each["between"], floor),
        _row("hub: one customer matched by itself", each["alone"], floor, most=RATIO_MAX),
        _row("hub: the same, its transaction opened and the customer read", each["whole"], floor),
        _row(f"hub: one customer of {TOGETHER} that arrive together", each["together"], floor, most=RATIO_MAX),
        _count("hub: candidates, mean", sum(compared) / len(compared)),
        _count("hub: candidates, 99th percentile", sorted(compared)[int(len(compared) * 0.99)], most=CANDIDATES_MAX),
        *_unmerging(hub, floor),
    ]


def built_store(records: int, seed: int, population: Population | None = None) -> Path:
    """The file of a store with so many customers; made when it is not there.

    Args:
        population: made already; of these records and this seed.
    """
    path = FOLDER / f"{records}-{seed}.db"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    building = path.with_suffix(".building")
    for leftover in FOLDER.glob(f"{building.name}*"):
        leftover.unlink()
    began = time.perf_counter()

    def tell(step: str) -> None:
        print(f"   {time.perf_counter() - began:5.0f} s  {step}", flush=True)

    tell(f"making {records:,} records, once")
    people = population or make_population(records, seed)
    tell("reading them")
    features = in_order_of_arrival(people, {one.id: customer_features(raw_of(one)) for one in people.records})
    sites = {one.id: fixed(f"dealer {one.dealer % SITES}") for one in people.records}
    _fill(_hub(building), features, sites, tell)
    building.rename(path)
    return path


def _fill(hub: Hub, features: dict[str, Features], sites: dict[str, bytes], tell: Callable[[str], None]) -> None:
    """Write parties and keys, in the order of their keys as a bulk load does, and empty the log into the file."""
    tell("sealing features, hashing keys")
    parties = sorted(
        _party(hub.box, record(f"customer {key}"), sites[key], since, one)
        for since, (key, one) in enumerate(features.items(), 1)
    )
    keys = sorted(
        party.keys[at : at + KEY_BYTES] + party.customer
        for party in parties
        for at in range(0, len(party.keys), KEY_BYTES)
    )
    tell(f"writing {len(parties):,} parties and {len(keys):,} keys")
    _put(hub, parties)
    _put(hub, [MatchKeyRow(one[:KEY_BYTES], one[KEY_BYTES:]) for one in keys])
    hub.store.close()  # type: ignore[attr-defined]
    tell("done")


def _put(hub: Hub, rows: Sequence[Any]) -> None:
    for start in range(0, len(rows), ROWS_PER_COMMIT):
        with hub.store.write() as transaction:
            transaction.put(rows[start : start + ROWS_PER_COMMIT])


def _party(box: SecretBox, customer: bytes, site: bytes, since: int, features: Features) -> PartyRow:
    tokens = b"".join(sorted(identifier_tokens(features, box.blind_key)))
    keys = b"".join(sorted(blocking_keys(features, box.blind_key)))
    sealed = sealed_features(box, customer, features)
    return PartyRow(customer, site, since, features.party, True, tokens, keys, sealed)


def _hub(path: Path) -> Hub:
    """A hub on a file, with the same keys in every run; new ids come from the system, as in production."""
    store = open_store(f"sqlite:///{path}")
    world = make_world(store, box=DataKeyBox(fixed("data key", 32), CountedEntropy("box")))
    return replace(world.hub, weigher=ShippedWeigher(), entropy=SystemEntropy())


def _sample(hub: Hub, count: int, *, seed: int) -> list[bytes]:
    """Customers at random places of the key."""
    chance, found = random.Random(f"sample {seed}"), dict[bytes, None]()
    with hub.store.read() as snapshot:
        while len(found) < count:
            found.update((row.customer, None) for row in snapshot.parties_after(chance.randbytes(ID_BYTES), 1))
    return list(found)


def _read_by_driver(hub: Hub, customers: Sequence[bytes]) -> list[float]:
    """The same rows as plain tuples, without the ports, statements and rows of the hub."""
    engine = hub.store.engine  # type: ignore[attr-defined]
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        read = "SELECT * FROM party WHERE customer = ?"
        return [_cpu(lambda one=one: cursor.execute(read, (one,)).fetchall()) for one in customers]  # type: ignore[misc]


def _least(measure: Callable[[], Iterable[float]]) -> list[float]:
    """What each of some operations takes when it is disturbed least, of a few passes over all of them."""
    passes = [list(measure()) for _ in range(PASSES)]  # one after the other, so that none finds what it reads at hand
    return [min(some) for some in zip(*passes, strict=True)]


def _reads(transaction: Transaction, customers: Sequence[bytes]) -> Iterator[float]:
    for one in customers:
        yield _cpu(lambda one=one: transaction.parties([one]))  # type: ignore[misc]


def _wholes(hub: Hub, transaction: Transaction, customers: Sequence[bytes]) -> Iterator[float]:
    """By turns a read of somebody, and a match that opens the transaction and reads its customer first."""
    for one, other in zip(customers, reversed(customers), strict=True):
        yield from _reads(transaction, [other])
        yield _cpu(lambda one=one: _match(hub, _arrived(hub, transaction, [one]), [one]))  # type: ignore[misc]


def _matches(hub: Hub, transaction: Transaction, customers: Sequence[bytes], size: int) -> Iterator[float]:
    """What each customer costs, so many at a time."""
    for start in range(0, len(customers), size):
        group = customers[start : start + size]
        workspace = _arrived(hub, transaction, group)
        yield _cpu(lambda group=group, workspace=workspace: _match(hub, workspace, group)) / size  # type: ignore[misc]


def _arrived(hub: Hub, transaction: Transaction, customers: Sequence[bytes]) -> Workspace:
    """A transaction that has folded some customers: their parties and features are at hand, as the fold leaves them."""
    workspace = open_workspace(hub, transaction)
    workspace.master.load(customers)
    for party in map(workspace.master.party, customers):
        if party is not None:
            features_of(workspace, party)
    return workspace


def _match(hub: Hub, workspace: Workspace, customers: Sequence[bytes]) -> int:
    return len(list(decisions_about(hub, workspace, customers)))


def _candidates(hub: Hub, transaction: Transaction, customer: bytes) -> int:
    book = open_workspace(hub, transaction).master
    party = book.party(customer)
    return 0 if party is None else len(candidates_of(book, party)[0])


def _unmerging(hub: Hub, floor: float) -> Iterator[dict[str, Any]]:
    """Two customers merged and taken apart, each word a transaction of its own, on a copy of the store."""
    customers = _sample(hub, 4 * MERGES, seed=-1)
    with hub.store.read() as snapshot:
        kinds = {one: row.kind for one, row in snapshot.parties(customers).items()}
    people = [one for one in customers if kinds[one] == "person"]
    source = Path(str(hub.store.engine.url.database))  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        copy = Path(scratch) / "hub.db"
        shutil.copyfile(source, copy)
        other, word, merges, splits = _hub(copy), Word("bench"), [], []
        for one, two in zip(people[:MERGES], people[MERGES : 2 * MERGES], strict=True):
            merges.append(_cpu(lambda one=one, two=two: merge(other, one, two, word)))  # type: ignore[misc]
            splits.append(_cpu(lambda one=one, two=two: tell_apart(other, one, two, word, must_be_one=True)))  # type: ignore[misc]
        other.store.close()  # type: ignore[attr-defined]
    yield _row("hub: two customers merged", median(merges), floor)
    yield _row("hub: two customers taken apart", median(splits), floor)


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1_000


def _row(name: str, value_us: float, floor_us: float, *, most: float | None = None) -> dict[str, Any]:
    ratio = value_us / floor_us
    return {
        "name": name,
        "value": round(value_us, 1),
        "unit": "us of processor",
        "floor": round(floor_us, 1),
        "ratio": round(ratio, 2),
        "target": None if most is None else f"<= {most:g}x",
        "ok": most is None or ratio <= most,
    }


def _count(name: str, value: float, *, most: float | None = None) -> dict[str, Any]:
    target = None if most is None else f"<= {most:g}"
    ok = most is None or value <= most
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "",
        "floor": None,
        "ratio": None,
        "target": target,
        "ok": ok,
    }


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(json.dumps(figure, ensure_ascii=False))
