"""Hold the compiled scorer against Splink: every weight within 1e-9, every level the same.

Decides which pairs are compared: all pairs among rows that were chosen so that many are related, so that every level
is met. With `--store` a smaller sample goes where the tests find it, so that they need no Splink. Ends with 1 when a
weight or a level differs.

    python -m tools.master.compare [--rows 500] [--store]
"""

import argparse
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.population.knobs import ADVERSARIAL  # noqa: E402  (needs the path set above)
from bench.population.world import make_population  # noqa: E402
from carnet_master.conditions import Row  # noqa: E402
from carnet_master.model import read_model  # noqa: E402
from carnet_master.rows import row_of  # noqa: E402
from carnet_master.scorer import compile_model  # noqa: E402
from tools.master.sources import features_of  # noqa: E402
from tools.master.train import MODELS  # noqa: E402
from tools.master.training import splink_weights  # noqa: E402

STORED: Final = ROOT / "tests" / "master" / "splink_pairs.json.gz"
STORED_ROWS: Final = 160
ROWS: Final = 500
WEIGHT_DIFFERENCE_MAX: Final = 1e-9
SEED: Final = 900
DIGITS: Final = 12
"""Of a stored weight behind the point."""


def main() -> int:
    """Compare both models; returns the exit code."""
    parser = argparse.ArgumentParser(description="hold the compiled scorer against Splink")
    parser.add_argument("--rows", type=int, default=ROWS, help="all pairs among so many rows")
    parser.add_argument("--store", action="store_true", help="write the sample of the tests")
    options = parser.parse_args()
    count = STORED_ROWS if options.store else options.rows
    samples = {party: _compared(party, count) for party in ("person", "company")}
    if options.store:
        text = json.dumps(samples, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        STORED.write_bytes(gzip.compress(text.encode(), mtime=0))
        print(f"{STORED.name}: {STORED.stat().st_size:,} bytes")
    return 0 if all(sample["is_equal"] for sample in samples.values()) else 1


def related_rows(party: str, count: int, rows_of: Any) -> dict[str, Row]:
    """Rows of households and firms that hang together, the first so many.

    Args:
        party: `person` or `company`.
        rows_of: makes a row of features.
    """
    knobs = replace(ADVERSARIAL, companies=0.5) if party == "company" else ADVERSARIAL
    population = make_population(count * 4, SEED, knobs)
    features = features_of(population)
    related = sorted(
        (key for key, one in features.items() if one.party == party),
        key=lambda key: (population.parties[population.party_of[key]].household, key),
    )
    return {key: rows_of(features[key]) for key in sorted(related[:count])}


def _compared(party: str, count: int) -> dict[str, Any]:
    data = (MODELS / f"{party}.json").read_bytes()
    content: dict[str, Any] = json.loads(data)
    model = read_model(data)
    scorer = compile_model(model)
    rows = related_rows(party, count, lambda features: row_of(features, model))
    pairs = list(combinations(rows, 2))
    ours = [scorer.score(rows[one], rows[other]) for one, other in pairs]
    theirs = splink_weights(content, rows, pairs)
    difference = max(abs(one.weight - weight) for one, (weight, _) in zip(ours, theirs, strict=True))
    same = sum(one.levels == levels for one, (_, levels) in zip(ours, theirs, strict=True))
    kinds = len({one.levels for one in ours})
    print(
        f"{party}: {len(pairs):,} pairs, {kinds:,} patterns, greatest difference {difference:.1e} bits, "
        f"levels equal in {same / len(pairs):.4%}",
        flush=True,
    )
    is_equal = difference <= WEIGHT_DIFFERENCE_MAX and same == len(pairs)
    return {"model": content, "is_equal": is_equal, **_stored(list(rows.values()), theirs)}


def _stored(rows: Sequence[Row], theirs: Sequence[tuple[float, tuple[int, ...]]]) -> Mapping[str, Any]:
    """The sample as the tests read it: outcomes once, and which outcome each pair has."""
    told = [(round(weight, DIGITS), levels) for weight, levels in theirs]
    outcomes = sorted(set(told))
    place = {outcome: at for at, outcome in enumerate(outcomes)}
    return {"rows": rows, "outcomes": outcomes, "pairs": [place[one] for one in told]}


if __name__ == "__main__":
    raise SystemExit(main())
