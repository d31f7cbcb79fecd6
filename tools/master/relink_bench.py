"""What a re-link costs: a hub of made-up customers, weighed again by the command itself in a process of its own.

Decides how the hub is filled: rows of parties and keys as arrival leaves them, and no decision, so that every pair is
news and everything is looked at. That is more than any later run has to do. Prints processor seconds, the greatest
memory of the process and what was found; both grow with the customers, and the table says by how much.

    python -m tools.master.relink_bench [--customers 100000 1000000] [--folder var/relink] [--engine duckdb] [--write]
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.population.knobs import NORMAL  # noqa: E402  (needs the path set above)
from bench.population.world import make_population  # noqa: E402
from carnet_hub.bootstrap import HubApp, init_hub, open_hub  # noqa: E402
from carnet_hub.core.identities.parties import sealed_features  # noqa: E402
from carnet_hub.core.master_rows import MatchKeyRow, PartyRow  # noqa: E402
from carnet_hub.settings import HubSettings  # noqa: E402
from carnet_master.features import Features, customer_features  # noqa: E402
from carnet_master.keys import KEY_BYTES, blocking_keys, identifier_tokens  # noqa: E402
from tools.master.sources import raw_of  # noqa: E402

SIZES: Final = (100_000, 1_000_000)
AT_ONCE: Final = 50_000
"""Records made at a time; another seed each, so namesakes meet across."""

FIRST_SEED: Final = 7_000
COMMAND: Final = "from carnet_hub.entrypoints.cli.main import run; run()"


def main() -> int:
    """Fill what is missing, measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(description="what a re-link costs")
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "relink")
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--write", action="store_true", help="propose too, not only count; the hub is spent then")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    rows = []
    for size in options.customers:
        data = options.folder / f"{size}"
        if not is_filled(data, size):
            fill(data, size)
        rows.append(measured(data, size, options.engine, is_dry=not options.write))
        print(json.dumps(rows[-1]), flush=True)
    for smaller, larger in pairwise(rows):
        grown = larger["customers"] / smaller["customers"]
        print(f"x{grown:g} customers: x{larger['cpu_s'] / smaller['cpu_s']:.1f} processor time", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def is_filled(data: Path, size: int) -> bool:
    """Whether a hub of an earlier run has so many customers; a program that folds otherwise has emptied its tables."""
    if not (data / "keys").exists():
        return False
    with closing(open_hub(HubSettings(data_dir=data))) as app, app.store.read() as snapshot:
        return snapshot.party_count() >= size


def fill(data: Path, size: int) -> None:
    """A hub with so many customers, of whom nobody has spoken."""
    print(f"filling {data.name} customers ...", flush=True)
    settings = HubSettings(data_dir=data)
    app = open_hub(settings) if (data / "keys").exists() else init_hub(settings)
    try:
        for number, start in enumerate(range(0, size, AT_ONCE)):
            _put(app, min(AT_ONCE, size - start), FIRST_SEED + number)
            print(f"  {start + AT_ONCE:,}", flush=True)
    finally:
        app.close()


def measured(data: Path, size: int, engine: str, *, is_dry: bool) -> dict[str, Any]:
    """One run of the command."""
    arguments = ["--data", str(data), "master", "relink", "--engine", engine, "--json"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments, *(["--dry-run"] if is_dry else [])],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(done.stdout)
    return {
        "customers": size,
        "engine": engine,
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "wall_s": round(time.perf_counter() - began, 1),
        "rss_mb": after.ru_maxrss // 1024,
        "looked_at": told["looked_at"],
        "proposed": sum(told["proposed"].values()),
        "is_dry": is_dry,
    }


def _put(app: HubApp, count: int, seed: int) -> None:
    parties = sorted(_parties(app, count, seed))
    with app.store.write() as transaction:
        transaction.put(parties)
        transaction.put(
            sorted(
                MatchKeyRow(row.keys[at : at + KEY_BYTES], row.customer)
                for row in parties
                for at in range(0, len(row.keys), KEY_BYTES)
            )
        )


def _parties(app: HubApp, count: int, seed: int) -> Iterator[PartyRow]:
    for record in make_population(count, seed, NORMAL).records:
        customer = hashlib.blake2b(f"{seed} {record.id}".encode(), digest_size=16).digest()
        yield _party(app, customer, customer_features(raw_of(record)))


def _party(app: HubApp, customer: bytes, features: Features) -> PartyRow:
    box = app.hub.box
    tokens = b"".join(sorted(identifier_tokens(features, box.blind_key)))
    keys = b"".join(sorted(blocking_keys(features, box.blind_key)))
    sealed = sealed_features(box, customer, features)
    return PartyRow(customer, bytes(16), 1, features.party, True, tokens, keys, sealed)


if __name__ == "__main__":
    raise SystemExit(main())
