"""Hub ingest: 20,000 changes in sets of 200, against the bare insertion of every row the hub ends up with.

The hub verifies, decodes, opens, checks, folds, routes, numbers and stores, in group commits with `synchronous=FULL`.
The floor is given the finished rows of every table the hub wrote (log, openings, chain places, dedupe, records with
their heads, feed, assignments ...) and only inserts them with executemany into the same schema with the same indexes,
in as many commits as the hub made. Both write files on the same disk; repetitions alternate.

Four of five changes are new visits of 15 fields (every second one with three personal fields), one of five edits a
field of an earlier visit.

    python tests/bench/bench_hub.py
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.bench_wire import VISIT_PERSONAL, VISIT_PUBLIC, visit_draft
from carnet_hub.bootstrap import HubApp, init_hub
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.ports import HubStore, Transaction
from carnet_hub.settings import HubSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode
from carnet_protocol.registry import Value
from support.authors import SiteAuthor

try:
    from pysqlite3 import dbapi2 as driver
except ImportError:  # where there is no wheel the hub uses the system's library too
    import sqlite3 as driver

SETS = 100
CHANGES_PER_SET = 200
SETS_PER_PUSH = 10
RATIO_MAX = 3.0
SEED = 20_024
START_MS = 1_760_000_000_000
MIX = [
    "4 of 5: new visit, 15 fields, every second with 3 personal ones",
    "1 of 5: edit of one field, based on its visit",
]


@dataclass
class CountedStore:
    """The hub's store, counting its commits."""

    store: HubStore
    commits: int = 0

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is counted when it commits."""
        with self.store.write() as transaction:
            yield transaction
        self.commits += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass(frozen=True, slots=True)
class Measured:
    """One repetition."""

    hub_s: float
    floor_s: float
    commits: int
    bytes_per_change: float
    rows: int


def run(repetitions: int) -> list[dict[str, Any]]:
    """The ratio of ingest to its floor, and what a change weighs in the database.

    Args:
        repetitions: pairs of fresh databases; 1 at least.
    """
    pairs = [_measure(SEED + number) for number in range(repetitions)]
    ratios = sorted(pair.hub_s / pair.floor_s for pair in pairs)
    ratio = statistics.median(ratios)
    changes = SETS * CHANGES_PER_SET
    hub_us = statistics.median(pair.hub_s for pair in pairs) / changes * 1e6
    floor_us = statistics.median(pair.floor_s for pair in pairs) / changes * 1e6
    last = pairs[-1]
    return [
        {
            "name": f"hub: ingest of {changes:,} changes",
            "value": round(hub_us, 1),
            "unit": f"us/change ({1e6 / hub_us:,.0f}/s)",
            "floor": round(floor_us, 1),
            "ratio": round(ratio, 2),
            "spread": [round(ratios[0], 2), round(ratios[-1], 2)],
            "target": f"<= {RATIO_MAX}x",
            "ok": ratio <= RATIO_MAX,
            "mix": [*MIX, f"{last.commits} commits", f"{last.rows:,} rows"],
        },
        {
            "name": "hub: database",
            "value": round(last.bytes_per_change, 1),
            "unit": "bytes per change",
            "floor": None,
            "ratio": None,
            "target": None,
            "ok": True,
        },
    ]


def _measure(seed: int) -> Measured:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        app = init_hub(HubSettings(data_dir=folder / "hub"))
        counted = CountedStore(app.store)
        hub = replace(app.hub, store=counted)
        sets = _sets(hub, seed)
        counted.commits = 0
        started = time.perf_counter()
        for at in range(0, SETS, SETS_PER_PUSH):
            answers = receive_sets(hub, sets[at : at + SETS_PER_PUSH])
            if any(answer.code != PushCode.ACCEPTED for answer in answers):
                raise AssertionError(f"a set was not accepted: {answers}")
        hub_s = time.perf_counter() - started
        path = _database(app)
        app.close()
        floor_s, rows = _floor(path, folder / "floor.db", counted.commits)
        return Measured(hub_s, floor_s, counted.commits, path.stat().st_size / (SETS * CHANGES_PER_SET), rows)


def _sets(hub: Hub, seed: int) -> list[tuple[bytes, bytes]]:
    """Everything one enrolled site pushes, signed beforehand: authors are not what is measured."""
    chance = random.Random(seed)
    author = SiteAuthor("bench", dealer="bench", hub_id=hub.hub_id, hub_epoch=hub.hub_epoch)
    site: dict[str, Value] = {"site_code": "BENCH", "site_name": "bench", "status": "active"}
    keys: dict[str, Value] = {"signing_key": author.signer.public_key, "exchange_key": bytes(32)}
    node: dict[str, Value] = {
        "dealer_id": author.dealer_id,
        "status": "active",
        "enrolled_at": START_MS,
        "node_name": "bench",
        **keys,
    }
    write_hub_set(hub, [Draft(REGISTRY["dealer_site"], author.dealer_id, site)])
    write_hub_set(hub, [Draft(REGISTRY["node"], author.node_id, node)])
    known: list[tuple[bytes, Any]] = []
    made = []
    for number in range(SETS):
        drafts = [_draft(chance, number * CHANGES_PER_SET + at, known) for at in range(CHANGES_PER_SET)]
        done = author.write(*drafts)
        known.extend((draft.record, done.op(at)) for at, draft in enumerate(drafts) if not draft.based_on)
        made.append(done.pushed)
    return made


def _draft(chance: random.Random, number: int, known: list[tuple[bytes, Any]]) -> Draft:
    if number % 5 == 4 and known:
        record, read = known.pop(chance.randrange(len(known)))
        return Draft(REGISTRY["visit"], record, {"promised_at": START_MS + number}, (read,))
    return visit_draft(chance, number, VISIT_PERSONAL if number % 2 else VISIT_PUBLIC)


def _database(app: HubApp) -> Path:
    """The hub's database file, everything checkpointed into it."""
    path = Path(app.settings.url.removeprefix("sqlite:///"))
    with closing(driver.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _floor(source: Path, target: Path, commits: int) -> tuple[float, int]:
    """Seconds to insert every row of `source` into an empty copy of its schema; and how many rows that is."""
    with closing(driver.connect(source)) as connection:
        schema = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        tables = [name for kind, name, _ in schema if kind == "table" and not name.startswith("sqlite_")]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}  # noqa: S608
    with closing(driver.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for _, _, sql in sorted(schema, key=lambda one: one[0] != "table"):
            connection.execute(sql)
        inserts = {
            name: f'INSERT INTO "{name}" VALUES ({",".join("?" * len(listed[0]))})'  # noqa: S608
            for name, listed in rows.items()
            if listed
        }
        started = time.perf_counter()
        for number in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            for name, insert in inserts.items():
                connection.executemany(insert, rows[name][number::commits])
            connection.execute("COMMIT")
        return time.perf_counter() - started, sum(map(len, rows.values()))


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(json.dumps(figure, ensure_ascii=False))
