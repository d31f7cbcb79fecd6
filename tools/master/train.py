"""Train the models that ship with the package, on made-up customers that no measurement uses.

Decides on what the shipped models are trained: a country in which half of the records are careless, and for companies
one with more of them than life has. Writes `person.json` and `company.json` beside the product's code; a diff there is
a new model with a new id. Ends with 1 when a level is untrained, and writes nothing then.

    python -m tools.master.train [--records 60000] [--pairs 2e7] [--only person] [--into FOLDER]
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.population.knobs import HARD, NORMAL, Knobs  # noqa: E402  (needs the path set above)
from bench.population.world import make_population  # noqa: E402
from carnet_master.errors import UnusableModel  # noqa: E402
from carnet_master.model import read_model, write_model  # noqa: E402
from carnet_master.scorer import compile_model  # noqa: E402
from tools.master.plans import COMPANY, PERSON, Plan  # noqa: E402
from tools.master.sources import Sample, features_of, sample_of  # noqa: E402
from tools.master.training import train  # noqa: E402

MODELS: Final = ROOT / "master" / "src" / "carnet_master" / "models"
RECORDS: Final = 60_000
PAIRS: Final = 2e7
SEEDS: Final = (1_001, 1_002)
"""Measurements use seeds below 1,000."""

PRIOR: Final = 1.5e-5
"""Two records of a hub with 100,000 are one party this often. Frozen, so that a pair weighs the same on the day the hub
has grown; ten times as many records deserve three bits less, and a hub of such a size trains its own."""


def main() -> int:
    """Train, check, write; returns the exit code."""
    parser = argparse.ArgumentParser(description="train the shipped models")
    parser.add_argument("--records", type=int, default=RECORDS, help="made-up records to train on")
    parser.add_argument("--pairs", type=float, default=PAIRS, help="pairs of strangers to look at")
    parser.add_argument("--only", choices=("person", "company"), help="one of the two")
    parser.add_argument("--into", type=Path, default=MODELS, help="where the files go")
    options = parser.parse_args()
    for plan, country in ((PERSON, _people), (COMPANY, _companies)):
        if options.only in {None, plan.party_kind}:
            print(f"training {plan.party_kind} on {options.records:,} records ...", flush=True)
            try:
                _write(options.into, plan, _trained(plan, country, options.records, options.pairs))
            except UnusableModel as error:
                print(f"  refused: {error}; nothing was written")
                return 1
    return 0


def training_sample(plan: Plan, country: Callable[[int], list[tuple[Knobs, int, int]]], records: int) -> Sample:
    """The rows a plan is trained on: two countries side by side."""
    rows: dict[str, Any] = {}
    party_of: dict[str, int | str] = {}
    for knobs, seed, count in country(records):
        population = make_population(count, seed, knobs)
        sample = sample_of(population, features_of(population), plan.party_kind)
        rows |= {f"{seed}-{key}": row for key, row in sample.rows.items()}
        party_of |= {f"{seed}-{key}": f"{seed}-{party}" for key, party in sample.party_of.items()}
    return Sample(rows, party_of)


def _trained(
    plan: Plan, country: Callable[[int], list[tuple[Knobs, int, int]]], records: int, pairs: float
) -> dict[str, Any]:
    sample = training_sample(plan, country, records)
    card = {
        "data": "made-up customers of tests/bench/population, half of them carelessly recorded",
        "seeds": list(SEEDS),
        "records": len(sample.rows),
        "parties": len(set(sample.party_of.values())),
        "pairs_of_strangers": int(pairs),
        "m_from": "known truth",
        "limits": "no real customer was seen; frequencies of names are those of the made-up country",
    }
    return train(plan, sample, prior=PRIOR, card=card, pairs_max=pairs)


def _people(records: int) -> list[tuple[Knobs, int, int]]:
    return [(NORMAL, SEEDS[0], records // 2), (HARD, SEEDS[1], records // 2)]


def _companies(records: int) -> list[tuple[Knobs, int, int]]:
    """Six of ten parties are firms: there would be too few to learn from otherwise."""
    crowded = {"companies": 0.6, "sole_traders": 0.1}
    return [
        (replace(NORMAL, **crowded), SEEDS[0], records // 2),
        (replace(HARD, **crowded), SEEDS[1], records // 2),
    ]


def _write(folder: Path, plan: Plan, model: dict[str, Any]) -> None:
    data = write_model(model)
    read = read_model(data)
    compile_model(read)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plan.party_kind}.json").write_bytes(data)
    print(f"  {plan.party_kind}.json: {len(data):,} bytes, id {read.id.hex()}")
    for comparison in read.comparisons:
        for level in comparison.levels:
            print(f"    {comparison.name:<18} {level.label:<46} {level.weight:+7.2f} bits")


if __name__ == "__main__":
    raise SystemExit(main())
