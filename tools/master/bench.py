"""How well customers are matched: `make bench-master` prints the figures, each beside its target.

Decides which figures are shown and what counts as met. The made-up country is measured with five seeds per setting,
none of which a model was trained on; the febrl sets with models of their own, trained on people that are not measured.
Ends with 1 when a figure misses its target. The targets of small sets are the same; what cannot be seen on few records
(errors in a million) is printed with the number it was seen on.

    python -m tools.master.bench [--records 36000] [--seeds 1 2 3 4 5] [--settings normal hard adversarial 'one name']
                                 [--million SEED] [--no-febrl] [--json FILE]
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.population.knobs import SETTINGS  # noqa: E402  (needs the path set above)
from bench.population.world import make_population  # noqa: E402
from carnet_master.tiers import Mode  # noqa: E402
from tools.master.measuring import Matched, best_quality, match, outcome_of, quality_at, tiers_of  # noqa: E402

RECORDS: Final = 36_000
SEEDS: Final = (1, 2, 3, 4, 5)
MILLION: Final = 1_000_000
SPREAD_MAX: Final = 0.005
"""How far one seed may lie below the target that the mean has to meet."""

F1_MIN: Final = {"normal": 0.975, "hard": 0.965}
MET_MIN: Final = {"normal": 0.985, "hard": 0.965}
AUTO_RECALL_MIN: Final = 0.80
STEWARD_RECALL_MIN: Final = 0.975
ENTITIES_MAX: Final = 70
TRUE_QUESTIONS_MIN: Final = 0.80
RELATIVES_MAX: Final = 10
CANDIDATES_MAX: Final = 50
PER_RECORDS: Final = 100_000

ONE_NAME: Final = "one name"
"""The setting that only shows what an error at home is made of; it has no target."""

Row = dict[str, Any]


def main() -> int:
    """Measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(description="how well customers are matched")
    parser.add_argument("--records", type=int, default=RECORDS, help="of each made-up country")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--million", type=int, metavar="SEED", help="also 1,000,000 records of this seed")
    parser.add_argument("--million-records", type=int, default=MILLION, help="fewer, for a machine with less memory")
    parser.add_argument("--no-febrl", action="store_true", help="leave the public sets out")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    rows: list[Row] = [] if options.no_febrl else febrl_rows()
    for setting in options.settings:
        rows += _shown(setting_rows(setting, options.records, options.seeds))
    if options.million is not None:
        rows += _shown(million_rows(options.million, options.million_records))
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    missed = [row for row in rows if not row["ok"]]
    print(f"{len(rows)} figures, {len(missed)} missed", flush=True)
    return 1 if missed else 0


def febrl_rows() -> list[Row]:
    """The public sets: nobody linked wrongly, hardly anybody missed."""
    from tools.master.febrl import febrl3_quality, febrl4_quality  # noqa: PLC0415  (loads Splink)

    print("== febrl, trained on other people", flush=True)
    four, three = febrl4_quality(), febrl3_quality()
    return _shown(
        [
            _row("febrl4 pairs at 0.99: precision", four.precision, least=1.0),
            _row("febrl4 pairs at 0.99: recall", four.recall, least=0.998),
            _row("febrl3 clusters at 0.99: precision", three.precision, least=1.0),
            _row("febrl3 clusters at 0.99: F1", three.f1, least=0.999),
        ]
    )


def setting_rows(setting: str, records: int, seeds: Sequence[int]) -> list[Row]:
    """One setting over all seeds: means, and the worst seed where a target names it."""
    seen = []
    for seed in seeds:
        began = time.perf_counter()
        matched = match(make_population(records, seed, SETTINGS[setting]))
        seen.append(_figures(matched))
        told = ", ".join(f"{name} {seen[-1][name]:.4f}" for name in ("best_f1", "met", "auto_recall", "steward_recall"))
        print(f"== {setting}, seed {seed}, {len(matched.features):,} records: {told}", flush=True)
        print(f"   {time.perf_counter() - began:.0f} s; tiers (pairs, true): {tiers_of(matched)}", flush=True)
    return _judged(setting, len(seeds) * records, seen)


def million_rows(seed: int, records: int) -> list[Row]:
    """Errors between strangers in a million records of the normal setting."""
    print(f"== normal, seed {seed}, {records:,} records", flush=True)
    began = time.perf_counter()

    def tell(step: str) -> None:
        """One step on the screen, with the seconds since the beginning."""
        print(f"   {time.perf_counter() - began:5.0f} s  {step}", flush=True)

    tell("making records")
    seen = [_figures(match(make_population(records, seed, SETTINGS["normal"]), tell))]
    return [
        _row("million: links between strangers", seen[0]["strangers"], most=0, of=f"{seen[0]['links']:,} links"),
        _row("million: links in a household", seen[0]["relatives"]),
        _row("million: wrong pairs inside clusters", seen[0]["wrong_in_clusters"]),
        _row("million: auto recall", seen[0]["auto_recall"], least=AUTO_RECALL_MIN),
        _row("million: pairs that met", seen[0]["met"], least=MET_MIN["normal"]),
        _row("million: candidates, 99th percentile", seen[0]["candidates_p99"], most=CANDIDATES_MAX),
    ]


def _figures(matched: Matched) -> dict[str, float]:
    best, fixed = best_quality(matched), quality_at(matched)
    everything, sure = outcome_of(matched, Mode.ALL), outcome_of(matched, Mode.SURE)
    thousands = len(matched.features) / 1_000
    compared = sorted(matched.candidates.values())
    return {
        "records": float(len(matched.features)),
        "best_f1": best.f1,
        "best_precision": best.precision,
        "best_recall": best.recall,
        "fixed_precision": fixed.precision,
        "fixed_recall": fixed.recall,
        "met": matched.met / matched.true_pairs,
        "candidates_mean": mean(compared),
        "candidates_p99": float(compared[int(len(compared) * 0.99)]),
        "links": float(everything.links),
        "strangers": float(everything.strangers),
        "relatives": float(everything.relatives),
        "wrong_in_clusters": float(everything.wrong_in_clusters),
        "auto_recall": everything.recall,
        "steward_recall": everything.steward_recall,
        "entities": everything.entities / thousands,
        "true_questions": everything.true_questions / everything.questions,
        "sure_links": float(sure.links),
        "sure_wrong": float(sure.strangers + sure.relatives),
        "sure_recall": sure.recall,
        "sure_steward_recall": sure.steward_recall,
        "sure_held": sure.held / thousands,
        "sure_true_held": sure.true_held / sure.held,
        "sure_entities": sure.entities / thousands,
        "sure_true_questions": sure.true_questions / sure.questions,
    }


def _judged(setting: str, records: int, seen: Sequence[dict[str, float]]) -> list[Row]:
    over = {name: mean(one[name] for one in seen) for name in seen[0]}
    sums = {name: sum(one[name] for one in seen) for name in seen[0]}
    of = f"{sums['links']:,.0f} links, {records:,} records"

    def row(name: str, value: float, **target: Any) -> Row:
        """One figure of this setting."""
        return _row(f"{setting}: {name}", value, **target)

    rows = [
        row("best F1, mean", over["best_f1"], least=F1_MIN.get(setting)),
        row("best F1, worst seed", min(one["best_f1"] for one in seen), least=_below(F1_MIN.get(setting))),
        row("precision at 0.99", over["fixed_precision"]),
        row("recall at 0.99", over["fixed_recall"]),
        row("true pairs that met", over["met"], least=MET_MIN.get(setting)),
        row("candidates, mean", over["candidates_mean"]),
        row("candidates, 99th percentile", max(one["candidates_p99"] for one in seen), most=CANDIDATES_MAX),
        row("links between strangers", sums["strangers"], most=0, of=of),
        row(
            "links in a household per 100,000 records",
            sums["relatives"] / records * PER_RECORDS,
            most=None if setting == ONE_NAME else RELATIVES_MAX,
        ),
        row("wrong pairs inside clusters", sums["wrong_in_clusters"], of=of),
    ]
    is_normal = setting == "normal"
    rows += [
        row("all: recall without steward", over["auto_recall"], least=AUTO_RECALL_MIN if is_normal else None),
        row("all: recall with steward", over["steward_recall"], least=STEWARD_RECALL_MIN if is_normal else None),
        row("all: entities for steward per 1,000", over["entities"], most=ENTITIES_MAX if is_normal else None),
        row("all: questions answered yes", over["true_questions"], least=TRUE_QUESTIONS_MIN if is_normal else None),
        row("A1 only: wrong links", sums["sure_wrong"], of=f"{sums['sure_links']:,.0f} links"),
        row("A1 only: recall without steward", over["sure_recall"]),
        row("A1 only: recall with steward", over["sure_steward_recall"]),
        row("A1 only: links held per 1,000", over["sure_held"]),
        row("A1 only: links held that are right", over["sure_true_held"]),
        row("A1 only: entities for steward per 1,000", over["sure_entities"], most=ENTITIES_MAX if is_normal else None),
        row("A1 only: questions answered yes", over["sure_true_questions"]),
    ]
    return rows


def _below(target: float | None) -> float | None:
    return None if target is None else target - SPREAD_MAX


def _row(name: str, value: float, *, least: float | None = None, most: float | None = None, of: str = "") -> Row:
    ok = (least is None or value >= least) and (most is None or value <= most)
    return {"name": name, "value": value, "least": least, "most": most, "of": of, "ok": ok}


def _shown(rows: list[Row]) -> list[Row]:
    for row in rows:
        target = f">= {row['least']:g}" if row["least"] is not None else ""
        target += f"<= {row['most']:g}" if row["most"] is not None else ""
        verdict = "" if not target else "ok" if row["ok"] else "MISSED"
        print(f"  {row['name']:<52} {row['value']:>12,.4f}  {target:<10} {verdict:<7} {row['of']}", flush=True)
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
